"""Whether a relay passes a request on as it is: a tool's argument that is easy to copy, and a stop sequence.

A model may err, so an argument counts as changed only where an address came back at another host, twice.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from batch_import.domain.evidence import Observation, Seen, Source

STOP = "33"
COUNTING = "Count from 1 to 40 in digits, with single spaces between the numbers. Write nothing else."
TOOL_HOST = "example.com"
TOOL_URL = f"https://{TOOL_HOST}/ping/7391"
TOOL_PROMPT = f"Call the tool probe_ping once, with the url {TOOL_URL}"
TOOL = {"type": "function", "function": {"name": "probe_ping", "description": "Pings an address.",
        "parameters": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}}}  # fmt: skip
_REFUSES_STOP = re.compile(r"(?:^|/)(?:o\d|gpt-[5-9]|codex|grok-[34])")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?")


def takes_stop(model: str) -> bool:
    """Whether it is worth sending a stop sequence: reasoning models of OpenAI and xAI refuse one."""
    return _REFUSES_STOP.search(model.lower()) is None


def seen_of_stop(text: str) -> tuple[Observation, ...]:
    """What a counted row of numbers tells of the stop sequence that was sent; nothing where it was not counted."""
    numbers = [int(each) for each in re.findall(r"\d{1,4}", text)]
    if numbers != list(range(1, len(numbers) + 1)):
        return ()
    if len(numbers) == int(STOP) - 1:
        return (Observation(Seen.STOP_KEPT, Source.STREAM),)
    return (Observation(Seen.STOP_NOT_KEPT, Source.STREAM),) if len(numbers) > int(STOP) else ()


def seen_of_arguments(body: Any, again: Any = None) -> tuple[Observation, ...]:
    """``body`` and ``again`` are answers to the same demand for a call of ``TOOL``, the second asked in doubt."""
    if _url_in(body) == TOOL_URL:
        return (Observation(Seen.TOOL_ARGUMENTS_KEPT, Source.TOOL_CALL),)
    came = changed_host(again) if changed_host(body) else None
    if came is None:
        return ()
    return (Observation(Seen.TOOL_ARGUMENTS_CHANGED, Source.TOOL_CALL, {"asked": TOOL_HOST, "came": came}),)


def changed_host(body: Any) -> str | None:
    """The host of the address that a tool call names, where it is another than the one that was asked for."""
    try:
        host = urlsplit(_url_in(body)).hostname or ""
    except ValueError:
        return None
    host = host.removeprefix("www.")  # a model's own tidying
    return host if host != TOOL_HOST and _HOST.fullmatch(host) and "." in host else None


def _url_in(body: Any) -> str:
    """The argument of the first tool call of a chat completion, or an empty string."""
    value = body
    for key in ("choices", 0, "message", "tool_calls", 0, "function", "arguments"):
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and len(value) > key else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    try:
        given = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return ""
    url = given.get("url") if isinstance(given, Mapping) else None
    return url.strip() if isinstance(url, str) else ""
