"""Converts between chat completions and Responses: plain text and tool calls (docs/host-api.md#conversion)."""

import json
from typing import Any

from sandbox.host.templates import Row
from sandbox.http import json_object

USAGE = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}


def to_responses(body: Row, model: str) -> Row:
    """A chat request as a Responses request; the host always streams upstream."""
    items = [{"role": message.get("role", "user"), "content": message.get("content")} for message in body["messages"]]
    out: Row = {"model": model, "input": items, "stream": True}
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    out |= {"max_output_tokens": limit} if limit else {}
    if body.get("tools"):
        out["tools"] = [{"type": "function", **(tool.get("function") or {})} for tool in body["tools"]]
    return out | ({"tool_choice": _flat(body["tool_choice"])} if body.get("tool_choice") else {})


def _flat(choice: Any) -> Any:
    return {"type": "function", **choice["function"]} if isinstance(choice, dict) and "function" in choice else choice


def chat_messages(body: Row) -> list[Row]:
    """The messages of a chat or Responses request, with plain texts for contents; instructions first, as system."""
    given = body.get("messages") or body.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    said = [{"role": item.get("role", "user"), "content": _text(item.get("content"))} for item in items]
    for item in said:
        item["role"] = "system" if item["role"] == "developer" else item["role"]
    first = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    return [*first, *said]


def to_chat(body: Row, model: str) -> Row:
    """A Responses request as a chat request."""
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    messages = [{"role": item.get("role", "user"), "content": _text(item.get("content"))} for item in items]
    return {"model": model, "messages": messages, "stream": False}


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())


def completed(stream: bytes) -> Row | None:
    """The final response of a Responses stream (or of a whole answer); None when it never came."""
    for line in stream.decode(errors="replace").splitlines():
        data = line.removeprefix("data:").strip()
        event = json_object(data)
        if event.get("type") in ("response.completed", "response.incomplete", "response.done"):
            response: Row = event["response"]
            return response
    whole = json_object(stream.decode(errors="replace"))
    return whole if whole.get("object") == "response" else None


def chat_answer(response: Row, model: str) -> Row:
    """A Responses answer as a chat completion, which carries the client's own name for the model.

    See docs/host-api.md#conversion.
    """
    texts = [part["text"] for item in response["output"] for part in item.get("content") or () if "text" in part]
    calls = [_tool_call(item) for item in response["output"] if item.get("type") == "function_call"]
    message: Row = {"role": "assistant"} | ({"content": "".join(texts)} if texts else {})
    message |= {"tool_calls": calls} if calls else {}
    finish = "length" if response.get("status") == "incomplete" else "tool_calls" if calls else "stop"
    head = {"id": response["id"], "object": "chat.completion", "created": 1, "model": model}
    return {**head, "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": USAGE}


def _tool_call(item: Row) -> Row:
    function = {"name": item["name"], "arguments": item.get("arguments", "{}")}
    return {"id": item.get("call_id", "call_1"), "type": "function", "function": function}


def chat_stream(answer: Row) -> bytes:
    """A chat completion as a stream."""
    choice = answer["choices"][0]
    head = {**{name: answer[name] for name in ("id", "created", "model")}, "object": "chat.completion.chunk"}
    pieces = [
        {**head, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
        {**head, "choices": [], "usage": answer["usage"]},
    ]
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces).encode() + b"data: [DONE]\n\n"


def response_answer(answer: Row, model: str) -> Row:
    """A chat completion as a Responses answer."""
    text = answer["choices"][0]["message"].get("content") or ""
    content: list[Row] = [{"type": "output_text", "text": text}]
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    head = {"id": "resp_1", "object": "response", "status": "completed", "model": model}
    return {**head, "output": [item], "usage": {"input_tokens": 11, "output_tokens": 5, "total_tokens": 16}}
