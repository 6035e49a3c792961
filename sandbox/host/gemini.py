"""Gemini accounts: the call of a relay's `generateContent`, and the reading of its answer.

See docs/host-api.md#base-url-per-platform, docs/host-api.md#gemini-limits.
"""

import json
import secrets
from typing import Any

from sandbox.host import upstream
from sandbox.host.anthropic import LEAST, USUAL
from sandbox.host.convert import chat_messages
from sandbox.host.gathered import Gathered, ToolCall
from sandbox.host.templates import Row

_AGENT = "Go-http-client/1.1"


def request(account: Row, model: str, body: Row | None, *, stream: bool) -> upstream.Request:
    """A call of the relay; the key goes as `x-goog-api-key` only. BadUrl where the host would ask the vendor."""
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return upstream.Request(f"{_root(account)}/{model}:{action}", key_header(account), body)


def list_request(account: Row) -> upstream.Request:
    """The call of the relay's model list."""
    return upstream.Request(_root(account), key_header(account))


def _root(account: Row) -> str:
    return f"{upstream.base_of(account)}/v1beta/models"


def key_header(account: Row) -> dict[str, str]:
    key = str(account["credentials"].get("api_key", "")).strip()
    return {"x-goog-api-key": key, "Content-Type": "application/json", "User-Agent": _AGENT}


def of_chat(body: Row) -> Row:
    """A chat request in Gemini's words."""
    said = chat_messages(body)
    limit = max(LEAST, body.get("max_completion_tokens") or body.get("max_tokens") or USUAL)
    turns = [
        {"role": "model" if m["role"] == "assistant" else "user", **_parts(m)} for m in said if m["role"] != "system"
    ]
    out: Row = {"contents": turns, "generationConfig": {"maxOutputTokens": limit}}
    system = [_parts(m)["parts"][0] for m in said if m["role"] == "system"]
    out |= {"systemInstruction": {"parts": system}} if system else {}
    if body.get("tools"):
        out["tools"] = [{"functionDeclarations": [tool.get("function") or tool for tool in body["tools"]]}]
        forced = body.get("tool_choice") not in (None, "auto", "none")
        out["toolConfig"] = {"functionCallingConfig": {"mode": "ANY" if forced else "AUTO"}}
    return out


def _parts(message: Row) -> Row:
    return {"parts": [{"text": message.get("content") or ""}]}


def gathered(raw: bytes) -> Gathered | None:
    """The answer in a whole body or in a stream; None when there is none."""
    pieces = [piece for piece in _objects(raw) if piece.get("candidates")]
    if not pieces:
        return None
    found = Gathered("msg_" + secrets.token_hex(12))
    for piece in pieces:
        for part in piece["candidates"][0].get("content", {}).get("parts", ()):
            _take(found, part)
        if piece["candidates"][0].get("finishReason") == "MAX_TOKENS":
            found.finish = "length"
    return found


def _take(found: Gathered, part: Row) -> None:
    if part.get("text"):
        found.texts.append(part["text"])
    if "functionCall" in part:
        call = part["functionCall"]
        found.calls.append(ToolCall("call_1", call["name"], pieces=json.dumps(call.get("args") or {})))
        found.finish = "tool_calls"


def _objects(raw: bytes) -> list[Row]:
    text = raw.decode(errors="replace")
    lines = [line[5:] for line in text.splitlines() if line.startswith("data:")]
    return [value for value in map(_loads, lines or [text]) if isinstance(value, dict)]


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
