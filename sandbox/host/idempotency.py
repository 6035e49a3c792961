"""`Idempotency-Key` as the host keeps it (docs/host-api.md#idempotency-keys)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import wraps

import orjson

from sandbox.host.errors import Refusal
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import Answer, Call

LIFETIME = 24 * 3600.0
BACKOFF = 5.0
LOCK = 30.0
_VISIBLE = re.compile(r"[!-~]{1,128}")

Write = Callable[[Host, Call], Answer]


def once(handler: Write) -> Callable[[Host, Call], Awaitable[Answer]]:
    """Makes a write repeatable: the same key and payload get the first answer again."""

    @wraps(handler)
    async def guarded(host: Host, call: Call) -> Answer:
        key = call.headers.get("Idempotency-Key")
        if key is None:
            return handler(host, call)
        if not _VISIBLE.fullmatch(key):
            raise Refusal.envelope(400, "idempotency key is invalid", "IDEMPOTENCY_KEY_INVALID")
        record = _record(host, call, f"{call.method} {call.path} {key}")
        return _replay(record) if record["state"] == "done" else await _run(host, call, handler, record)

    return guarded


def _record(host: Host, call: Call, identity: str) -> Row:
    """The record of this key, new or finished; Refusal for another payload, while it runs, or soon after a failure."""
    print_ = orjson.dumps([call.actor, call.body], option=orjson.OPT_SORT_KEYS).decode()
    now = host.now()
    record = host.idempotency.get(identity)
    if record is None or now - record["at"] > LIFETIME:
        record = host.idempotency[identity] = {"state": "new", "print": print_, "at": now}
    if record["print"] != print_:
        text = "idempotency key reused with different payload"
        raise Refusal.envelope(409, text, "IDEMPOTENCY_KEY_CONFLICT")
    if record["state"] == "running":
        seconds = max(1, int(record["at"] + LOCK - now))
        raise _wait(seconds, "idempotent request is still processing", "IDEMPOTENCY_IN_PROGRESS")
    if record["state"] == "failed" and now < record["again"]:
        text = "idempotent request is in retry backoff window"
        raise _wait(int(record["again"] - now), text, "IDEMPOTENCY_RETRY_BACKOFF")
    return record


def _wait(seconds: int, text: str, reason: str) -> Refusal:
    refusal = Refusal.envelope(409, text, reason, {"retry_after": str(seconds)})
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


async def _run(host: Host, call: Call, handler: Write, record: Row) -> Answer:
    """Runs the write; after a failure the key may run it again, which makes a second row.

    See docs/host-api.md#idempotency-after-a-failure.
    """
    record.update(state="running", at=host.now())
    try:
        if host.options.write_delay:
            await asyncio.sleep(host.options.write_delay)
        answer = handler(host, call)
    except BaseException:
        record.update(state="failed", again=host.now() + BACKOFF)
        raise
    record.update(state="done", body=orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS).decode())
    return answer


def _replay(record: Row) -> Answer:
    """The stored answer, keys sorted, even if its row was deleted since.

    See docs/host-api.md#replay-after-delete.
    """
    return Answer(200, orjson.loads(record["body"]), {"X-Idempotency-Replayed": "true"})
