"""The account test of anthropic and gemini accounts, which passes for nearly every 200.

See docs/host-api.md#platform-tests-prove-little.
"""

from collections.abc import AsyncIterator

from sandbox.host import anthropic, gemini, upstream
from sandbox.host.models import mapped
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import json_object

MODELS = {"anthropic": "claude-sonnet-4-5-20250929", "gemini": "gemini-2.0-flash"}
_SYSTEM = "You are Claude Code, Anthropic's official CLI for Claude."
_BETA = "claude-code-20250219,interleaved-thinking-2025-05-14"


class Refused(Exception):
    """Ends the test; the text becomes its error event."""


def model_of(account: Row, asked: str) -> str:
    """The upstream name: gemini applies only exact keys of the mapping, anthropic wildcards too."""
    mapping = account["credentials"].get("model_mapping") or {}
    asked = asked or MODELS[account["platform"]]
    if account["platform"] == "gemini":
        return str(mapping.get(asked, asked))
    return mapped(mapping, asked) or asked


async def events(host: Host, account: Row, model: str) -> AsyncIterator[Row]:
    """The events between start and end; Refused for what the relay refuses, and for an error in its stream."""
    try:
        async with upstream.opened(host, _request(host, account, model)) as reply:
            if reply.status != 200:
                raise _refused(host, account, reply.status, await reply.text(errors="replace"))
            async for raw in reply.content:
                if text := _text(raw):
                    yield {"type": "content", "text": text}
    except upstream.Unreachable as problem:
        raise Refused(f"Request failed: {problem}") from problem
    host.health.clear(account, counters=True)
    yield {"type": "test_complete", "success": True}


def _request(host: Host, account: Row, model: str) -> upstream.Request:
    if account["platform"] == "gemini":
        body: Row = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
        return gemini.request(account, model, body, stream=True)
    agent = f"claude-cli/{'2.1.92' if host.old else '2.1.220'} (external, cli)"
    client = {"User-Agent": agent, "anthropic-beta": _BETA}
    said = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    system = [{"type": "text", "text": _SYSTEM}]
    body = {"model": model, "messages": said, "system": system, "max_tokens": 1024, "stream": True}
    return anthropic.request(host, account, body, client)


def _refused(host: Host, account: Row, status: int, text: str) -> Refused:
    """A 403 switches an anthropic account off; a 401 changes nothing, and gemini accounts stay as they are."""
    told = f"API returned {status}: {text}"
    if status == 403 and account["platform"] == "anthropic":
        host.health.disable(account, told)
    return Refused(told)


def _text(raw: bytes) -> str:
    """The text in a line of a stream, of either protocol; lines that are no event say nothing."""
    line = raw.decode(errors="replace").strip()
    event = json_object(line.removeprefix("data:")) if line.startswith("data:") else {}
    if event.get("type") == "error" or isinstance(event.get("error"), dict):
        raise Refused(str(event["error"].get("message", "Unknown error")))
    if event.get("type") == "content_block_delta":
        return str(event["delta"].get("text", ""))
    parts = [part for item in event.get("candidates") or () for part in item.get("content", {}).get("parts", ())]
    return "".join(part.get("text", "") for part in parts)
