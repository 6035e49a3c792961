"""The account test: server-sent events with the host's exact words (docs/host-api.md#account-test)."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any

import orjson

from sandbox.host import platform_testing, upstream
from sandbox.host.accounts import PATH
from sandbox.host.models import mapped, uses_responses
from sandbox.host.probe import TEST_MODEL
from sandbox.host.scheduler import SLOW
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import SSE, Answer, Call, Routes, json_object

ROUTES: Routes[Host] = Routes()
PLAIN = "text/plain; charset=utf-8"
TRYING = {"type": "status", "text": "正在通过 /v1/chat/completions 测试连接"}
PASSED = {"type": "status", "text": "已通过 /v1/chat/completions 验证"}
COMPLETE = {"type": "test_complete", "success": True}
CHAT_NAME = "Chat Completions API (/v1/chat/completions)"
CUT = "Chat Completions stream from /v1/chat/completions ended before [DONE]"
NOT_JSON = "Invalid Chat Completions response from /v1/chat/completions: expected {} data"


class Failed(Exception):
    """Ends an account test; the text becomes the error event."""


@ROUTES.on("POST", PATH + "/:id/test")
def test(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/test: always HTTP 200; an unreadable body is ignored (docs/host-api.md#test-stream)."""
    body = json_object(call.raw)
    account = host.accounts.get(call.ids[0])
    problem = _unfit(account)
    if account is None or problem:
        return Answer(200, _line({"type": "error", "error": problem}), content_type=PLAIN)
    asked = str(body.get("model_id") or "")
    if account["platform"] in SLOW:
        model = platform_testing.model_of(account, asked)
    else:
        asked = asked or TEST_MODEL
        model = mapped(account["credentials"].get("model_mapping") or {}, asked) or asked
    events = _events(host, account, model, str(body.get("prompt") or "hi"))
    return Answer(200, content_type=SSE, headers={"Cache-Control": "no-cache"}, stream=events)


def _unfit(account: Row | None) -> str:
    if account is None:
        return "Account not found"
    if not account["credentials"].get("api_key"):
        return "No API key available"
    try:
        if account["platform"] in SLOW:
            upstream.base_of(account)
            return ""
        upstream.endpoint(account["credentials"].get("base_url") or "https://api.openai.com", upstream.CHAT)
    except upstream.BadUrl as problem:
        return f"Invalid base URL: {problem}"
    return ""


def _line(event: Row) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


async def _events(host: Host, account: Row, model: str, prompt: str) -> AsyncGenerator[bytes, None]:
    """The events of one test, as they happen, and then its effect on the account (docs/host-api.md#test-effects)."""
    yield _line({"type": "test_start", "model": model})
    if account["platform"] in SLOW:
        branch = platform_testing.events(host, account, model)
    else:
        branch = _responses(host, account, model) if uses_responses(account) else _chat(host, account, model, prompt)
    try:
        async for event in branch:
            yield _line(event)
    except (Failed, platform_testing.Refused) as failure:
        yield _line({"type": "error", "error": str(failure)})


async def _chat(host: Host, account: Row, model: str, prompt: str) -> AsyncIterator[Row]:
    yield TRYING
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}
    try:
        async with upstream.opened(host, upstream.request_of(host, account, upstream.CHAT, body)) as reply:
            if reply.status != 200:
                raw = await reply.read()
                raise _refused(host, account, reply.status, raw, f"{CHAT_NAME} returned", "Chat Completions a")
            async for event in chat_events(reply.content):
                yield event
    except upstream.Unreachable as problem:
        raise Failed(f"{CHAT_NAME} request failed: {problem}") from problem
    host.health.clear(account, counters=True)
    yield PASSED
    yield COMPLETE


def _refused(host: Host, account: Row, status: int, raw: bytes, prefix: str, start: str) -> Failed:
    """Applies a refusal of the relay: a 401 disables the account, every other status changes nothing."""
    text = raw.decode(errors="replace")
    if status == 401:
        host.health.disable(account, f"{start}uthentication failed (401): {text}")
    return Failed(f"{prefix} {status}: {text}")


async def chat_events(lines: AsyncIterable[bytes]) -> AsyncIterator[Row]:
    """Reads a chat stream up to its end marker, or to its end after a finish reason."""
    seen = finished = False
    async for raw in lines:
        data = _data(raw)
        if data is None:
            continue
        if data == "[DONE]":
            return
        chunk = _json(data)
        seen = True
        for choice in _choices(chunk):
            finished = finished or bool(choice.get("finish_reason"))
            text = (choice.get("delta") or choice.get("message") or {}).get("content")
            if text:
                yield {"type": "content", "text": text}
    if not finished:
        raise Failed(CUT if seen else NOT_JSON.format("SSE JSON"))


def _data(raw: bytes) -> str | None:
    line = raw.decode(errors="replace").strip()
    return line.removeprefix("data:").strip() if line.startswith("data:") else None


def _json(data: str) -> Any:
    try:
        return orjson.loads(data)
    except ValueError:
        raise Failed(NOT_JSON.format("JSON")) from None


def _choices(chunk: Row) -> list[Row]:
    if isinstance(chunk.get("error"), dict):
        text = chunk["error"].get("message") or "Chat Completions API (/v1/chat/completions) returned an error"
        raise Failed(f"{CHAT_NAME} error: {text}")
    choices: list[Row] = chunk.get("choices") or []
    return choices


async def _responses(host: Host, account: Row, model: str) -> AsyncIterator[Row]:
    content = [{"type": "input_text", "text": "hi"}]
    body = {
        "model": model,
        "input": [{"role": "user", "content": content}],
        "stream": True,
        "instructions": "Be brief.",
    }
    try:
        async with upstream.opened(host, upstream.request_of(host, account, upstream.RESPONSES, body)) as reply:
            if reply.status != 200:
                raise _refused(host, account, reply.status, await reply.read(), "API returned", "A")
            async for event in response_events(reply.content):
                yield event
    except upstream.Unreachable as problem:
        raise Failed(f"Request failed: {problem}") from problem
    host.health.clear(account, counters=True)
    yield COMPLETE


async def response_events(lines: AsyncIterable[bytes]) -> AsyncIterator[Row]:
    """Reads a Responses stream up to `response.completed`."""
    async for raw in lines:
        data = _data(raw)
        event = json_object(data or "")
        kind = event.get("type")
        if kind in ("response.completed", "response.done"):
            return
        if kind == "response.output_text.delta" and event.get("delta"):
            yield {"type": "content", "text": event["delta"]}
        if kind in ("response.failed", "error"):
            error = (event.get("response") or event).get("error") or {}
            raise Failed(error.get("message") or ("OpenAI response failed" if kind != "error" else "Unknown error"))
    raise Failed("Stream ended before response.completed")
