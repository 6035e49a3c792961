"""What a relay has answered, whatever its protocol, and the chat or Responses answer that the host makes of it."""

import json
import secrets
from dataclasses import dataclass, field

from sandbox.host import convert
from sandbox.host.templates import Row


@dataclass(slots=True)
class ToolCall:
    """A tool call; `start` is the input that the relay sent before the pieces."""

    id: str
    name: str
    start: str = ""
    pieces: str = ""


@dataclass(slots=True)
class Gathered:
    """Texts, thoughts and tool calls of one answer, and why it ended."""

    id: str
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish: str = "stop"


def chat_answer(found: Gathered, model: str) -> Row:
    """A whole chat completion: no `content` without text, and tool arguments doubled, as the host has them.

    See docs/host-api.md#platform-conversion-losses.
    """
    message: Row = {"role": "assistant"} | ({"content": "".join(found.texts)} if found.texts else {})
    message |= {"reasoning_content": "".join(found.thoughts)} if found.thoughts else {}
    calls = [_tool_call(call, call.start + call.pieces) for call in found.calls]
    message |= {"tool_calls": calls} if calls else {}
    head = {"id": found.id, "object": "chat.completion", "created": 1, "model": model}
    choice = {"index": 0, "message": message, "finish_reason": found.finish}
    return {**head, "choices": [choice], "usage": convert.USAGE}


def _tool_call(call: ToolCall, arguments: str) -> Row:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def chat_stream(found: Gathered | None, model: str, *, usage: bool) -> bytes:
    """A streamed chat completion; without an answer it is empty, and ends well all the same."""
    identity = found.id if found else f"chatcmpl-{secrets.token_hex(12)}"
    head = {"id": identity, "object": "chat.completion.chunk", "created": 1, "model": model}
    deltas = _deltas(found) if found else []
    pieces = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {"index": 0, "delta": {"content": ""}, "finish_reason": found.finish if found else "stop"}
    pieces.append({**head, "choices": [end]})
    if usage and found:
        pieces.append({**head, "choices": [], "usage": convert.USAGE})
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces).encode() + b"data: [DONE]\n\n"


def _deltas(found: Gathered) -> list[Row]:
    calls = [{"index": n, **_tool_call(call, call.pieces or call.start)} for n, call in enumerate(found.calls)]
    return [
        {"role": "assistant"},
        *({"reasoning_content": text} for text in found.thoughts),
        *({"content": text} for text in found.texts),
        *({"tool_calls": [call]} for call in calls),
    ]


def response_answer(found: Gathered, model: str) -> Row:
    """A whole Responses answer."""
    content = [{"type": "output_text", "text": "".join(found.texts)}]
    item = {"type": "message", "id": "item_1", "role": "assistant", "content": content, "status": "completed"}
    head = {"id": found.id, "object": "response", "model": model, "status": "completed"}
    return {**head, "output": [item], "usage": {"input_tokens": 11, "output_tokens": 5, "total_tokens": 16}}


def response_stream(found: Gathered, model: str) -> bytes:
    """A streamed Responses answer."""
    body = response_answer(found, model)
    deltas = [{"type": "response.output_text.delta", "item_id": "item_1", "delta": text} for text in found.texts]
    pieces: list[Row] = [
        {"type": "response.created", "response": {**body, "output": [], "status": "in_progress"}},
        *deltas,
        {"type": "response.completed", "response": body},
    ]
    return "".join(f"event: {piece['type']}\ndata: {json.dumps(piece)}\n\n" for piece in pieces).encode()
