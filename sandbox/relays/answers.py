"""The bodies of good answers and of errors, in OpenAI's two protocols and in Anthropic's."""

import json
from typing import Any

from sandbox.http import HTML, SSE, Answer
from sandbox.relays.call import RelayCall

USAGE = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
TOKENS = {"input_tokens": 11, "output_tokens": 5}


def error(status: int, message: str, kind: str = "invalid_request_error", code: str | None = None) -> Answer:
    return Answer(status, {"error": {"message": message, "type": kind, "code": code}}, content_type="application/json")


def failure(status: int) -> Answer:
    """A plain refusal of any status; 429 comes with a time to wait."""
    answer = error(status, f"relay failure {status}", "rate_limit_error" if status == 429 else "server_error")
    answer.headers |= {"Retry-After": "1"} if status == 429 else {}
    return answer


_ANTHROPIC = {
    400: ("invalid_request_error", "invalid request"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your account does not have access"),
    404: ("not_found_error", "not found"),
    429: ("rate_limit_error", "This request would exceed your account's rate limit"),
    529: ("overloaded_error", "Overloaded"),
}


def messages_failure(status: int, text: str = "") -> Answer:
    """An error as Anthropic words it; `text` in place of the usual sentence."""
    kind, usual = _ANTHROPIC.get(status, ("api_error", "Internal server error"))
    body = {"type": "error", "error": {"type": kind, "message": text or usual}}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return Answer(status, body, headers, content_type="application/json")


def unauthorized() -> Answer:
    return error(401, "Invalid API key", code="invalid_api_key")


def unknown_path(endpoint: str) -> Answer:
    return error(404, f"Not Found (/v1{endpoint})")


def unknown_model(model: str) -> Answer:
    return error(404, f"The model `{model}` does not exist", code="model_not_found")


def page(status: int, title: str) -> Answer:
    return Answer(status, f"<html><head><title>{title}</title></head><body>{title}</body></html>", content_type=HTML)


def good(body: dict[str, Any]) -> Answer:
    return Answer(200, body, content_type="application/json")


def events(pieces: list[dict[str, Any]], *, named: bool = False, done: bool = True) -> Answer:
    """A server-sent stream; `done` adds the end marker of chat streams."""
    lines = [(f"event: {piece['type']}\n" if named else "") + f"data: {json.dumps(piece)}\n\n" for piece in pieces]
    return Answer(200, "".join(lines) + ("data: [DONE]\n\n" if done else ""), content_type=SSE)


def chat(call: RelayCall, message: dict[str, Any], finish: str) -> Answer:
    """POST /v1/chat/completions, whole."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": call.model}
    return good({**head, "choices": [choice], "usage": USAGE})


def chat_stream(call: RelayCall, message: dict[str, Any], finish: str, *, cut: bool = False) -> Answer:
    """POST /v1/chat/completions as a stream; `cut` ends it before finish reason and end marker."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": call.model}

    def chunk(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    pieces = [chunk({"role": "assistant", **message}, None)]
    if not cut:
        pieces += [chunk({}, finish), {**head, "choices": [], "usage": USAGE}]
    return events(pieces, done=not cut)


def chat_tool(name: str) -> dict[str, Any]:
    function = {"name": name, "arguments": "{}"}
    return {"content": None, "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}


def text_output(text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


def function_output(name: str) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": name, "arguments": "{}"}


def responses(call: RelayCall, output: list[dict[str, Any]], status: str = "completed") -> Answer:
    """POST /v1/responses, whole or as a stream."""
    head = {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": call.model}
    incomplete = {"incomplete_details": {"reason": "max_output_tokens"}} if status == "incomplete" else {}
    body = {**head, **incomplete, "output": output, "usage": {**TOKENS, "total_tokens": 16}}
    return events(response_events(body), named=True, done=False) if call.stream else good(body)


def response_events(body: dict[str, Any], *, cut: bool = False) -> list[dict[str, Any]]:
    created = {"type": "response.created", "response": {**body, "status": "in_progress", "output": []}}
    texts = [part["text"] for item in body["output"] for part in item.get("content", ())]
    deltas = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": text} for text in texts]
    end = [] if cut else [{"type": f"response.{body['status']}", "response": body}]
    return [created, *deltas, *end]


def messages(call: RelayCall, content: dict[str, Any], reason: str = "end_turn") -> Answer:
    """POST /v1/messages (Anthropic), whole or as a stream."""
    return (
        events(message_events(call, content, reason), named=True, done=False)
        if call.stream
        else good(message(call, content, reason))
    )


def message(call: RelayCall, content: dict[str, Any], reason: str) -> dict[str, Any]:
    """A whole answer of POST /v1/messages."""
    return {**_message_head(call), "content": [content], "stop_reason": reason, "usage": TOKENS}


def _message_head(call: RelayCall) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": call.model, "stop_sequence": None}


def message_events(call: RelayCall, content: dict[str, Any], reason: str) -> list[dict[str, Any]]:
    """The events of a streamed answer of POST /v1/messages; a text comes in two pieces, a tool's input in one."""
    start = {**_message_head(call), "content": [], "stop_reason": None, "usage": TOKENS}
    block: dict[str, Any]
    if content["type"] == "text":
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in split(content["text"])]
    else:
        block = {**content, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(content["input"])}]
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]


def split(text: str) -> list[str]:
    """A text in two pieces, as relays stream it."""
    head, blank, tail = text.partition(" ")
    return [piece for piece in (head + blank, tail) if piece]
