"""Completions that come as server-sent events, read as if they had come whole."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from batch_import.domain.answers import Answer, parsed

_COMMENT = re.compile(r"^:.*$", re.MULTILINE)
_OF_WHOLE = ("id", "model", "usage", "system_fingerprint", "x_groq", "timings")  # of a chat completion


class Framing(StrEnum):
    """How a stream's events are written; the host's gateway is strict about it (docs/host-api.md#platform-streams)."""

    WHOLE = "whole"  # no stream at all
    DATA_LINES = "data_lines"  # data: lines without an event: line right before them
    COMPACT = "compact"  # event:x, data:{…}
    SPACED = "spaced"  # event: x, data: {…}


def framing(answer: Answer) -> Framing:
    """By the first event that carries JSON."""
    before = ""
    for line in answer.text.splitlines():
        if line.startswith("data:") and parsed(line.removeprefix("data:")) is not None:
            if not before.startswith("event:"):
                return Framing.DATA_LINES
            return Framing.SPACED if before.startswith("event: ") and line.startswith("data: ") else Framing.COMPACT
        before = line
    return Framing.WHOLE


def whole_body(answer: Answer) -> Any:
    """The completion's body as its protocol has it unstreamed, or ``None`` when there is neither JSON nor a stream.

    Reads JSON, JSON with an end marker behind it or a stream's comments before it, and the streams of chat completions,
    responses and messages. An error event makes the whole an error body.
    """
    if answer.json is not None:
        return answer.json
    text = _COMMENT.sub("", answer.text.removeprefix("\ufeff")).strip()
    if text.startswith("{"):
        return parsed(text.partition("data:")[0])
    events = list(read_events(text))
    return _merged(events) if events else None


def is_streamed(answer: Answer) -> bool:
    """Did it come as a stream, or with a stream's end marker?"""
    return answer.json is None and "data:" in answer.text


def read_events(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of the ``data:`` lines; other lines and broken ones are passed over."""
    for line in text.splitlines():
        data = line.strip()
        event = parsed(data.removeprefix("data:")) if data.startswith("data:") else None
        if isinstance(event, dict):
            yield event


def _merged(events: list[dict[str, Any]]) -> Any:
    failed = next((event for event in events if event.get("error") or event.get("type") == "error"), None)
    if failed is not None:
        return failed
    if any("choices" in event for event in events):
        return _chat(events)
    kinds = {str(event.get("type", "")) for event in events}
    if any(kind.startswith("response.") for kind in kinds):
        return _response(events)
    return _message(events) if "message_start" in kinds else events[0]


def _chat(events: list[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    finish = None
    for event in events:
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            part = (choice.get("delta") or choice.get("message")) if isinstance(choice, dict) else None
            if isinstance(part, dict):
                _add(message, part)
            finish = (choice.get("finish_reason") if isinstance(choice, dict) else None) or finish
    body = _first(events, *_OF_WHOLE)
    return {**body, "choices": [{"message": message, "finish_reason": finish}] if message or finish else []}


def _add(message: dict[str, Any], part: dict[str, Any]) -> None:
    for name, value in part.items():
        if isinstance(value, str) and isinstance(message.get(name), str) and name != "role":
            message[name] += value
        elif value or name not in message:
            message[name] = value


def _response(events: list[dict[str, Any]]) -> Any:
    """The last whole response, with the text of the events where it does not repeat it."""
    told = [event["response"] for event in events if isinstance(event.get("response"), dict)]
    last = told[-1] if told else {}
    if last.get("output"):
        return last
    deltas = [event["delta"] for event in events if isinstance(event.get("delta"), str)]
    items = [event["item"] for event in events if isinstance(event.get("item"), dict)]
    text = [{"type": "message", "content": [{"type": "output_text", "text": "".join(deltas)}]}] if deltas else []
    return {**last, "output": items or text}


def _message(events: list[dict[str, Any]]) -> dict[str, Any]:
    start = next(event.get("message") for event in events if event.get("type") == "message_start")
    blocks = [event.get("content_block") for event in events if event.get("type") == "content_block_start"]
    told = [{"type": kind, kind: text} for kind in ("thinking", "text") if (text := _deltas(events, kind))]
    message = start if isinstance(start, dict) else {}
    usage = _usage([message, *events])
    return {**message, **({"usage": usage} if usage else {}), "content": [*blocks, *told]}


def _deltas(events: list[dict[str, Any]], kind: str) -> str:
    deltas = [event["delta"].get(kind) for event in events if isinstance(event.get("delta"), dict)]
    return "".join(delta for delta in deltas if isinstance(delta, str))


def _usage(tellers: list[dict[str, Any]]) -> dict[str, Any]:
    """The highest of each count: converters begin with an estimate, or with 0, and tell what was counted at the end."""
    usage: dict[str, Any] = {}
    for told in (teller.get("usage") for teller in tellers):
        for name, value in told.items() if isinstance(told, dict) else ():
            known = usage.get(name)
            higher = isinstance(value, int) and isinstance(known, int) and value > known
            usage[name] = value if higher or known is None else known
    return usage


def _first(events: list[dict[str, Any]], *names: str) -> dict[str, Any]:
    found = {name: next((event[name] for event in events if event.get(name)), None) for name in names}
    return {name: value for name, value in found.items() if value is not None}
