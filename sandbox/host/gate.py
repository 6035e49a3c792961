"""Authentication of gateway calls: the key, its user, its group (docs/host-api.md#middleware-errors)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.host.auth import window
from sandbox.host.errors import Refusal
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import Call

_NO_KEY = "API key is required in Authorization header (Bearer scheme), x-api-key header, or x-goog-api-key header"
_NO_GROUP = (
    "API Key is not assigned to any group and cannot be used. Please contact the administrator to assign it to a group."
)


def admit(host: Host, call: Call) -> Row:
    """The key of the call, after all checks before the handlers; Refusal otherwise."""
    if call.query.get("key") or call.query.get("api_key"):
        text = "API key in query parameter is deprecated. Please use Authorization header instead."
        raise Refusal.middleware(400, "api_key_in_query_deprecated", text)
    key = _key(host, call)
    _usable(host, key)
    key["last_used_at"] = host.now()
    if host.options.run_mode != "simple":
        _group(host, key)
    return key


def _key(host: Host, call: Call) -> Row:
    text = call.bearer() or call.headers.get("x-api-key") or call.headers.get("x-goog-api-key")
    limit, bad = host.options.bad_keys_per_minute, window(host, f"bad keys {call.peer}")
    if limit and not host.old and bad.count() >= limit:  # good keys of the same address too
        problem = "Too many invalid authentication attempts; retry later"
        raise Refusal.middleware(429, "INVALID_AUTH_RATE_LIMITED", problem, Retry_After="60")
    if not text:
        raise Refusal.middleware(401, "API_KEY_REQUIRED", _NO_KEY)
    row = host.keys.get(host.key_ids.get(text, 0))
    if row is None:
        bad.pass_(limit or 1)
        raise Refusal.middleware(401, "INVALID_API_KEY", "Invalid API key")
    return row


def _usable(host: Host, key: Row) -> None:
    if key["status"] != "active":
        raise Refusal.middleware(401, "API_KEY_DISABLED", "API key is disabled")
    if host.users[key["user_id"]]["status"] != "active":
        raise Refusal.middleware(401, "USER_INACTIVE", "User account is not active")
    if key["expires_at"] and key["expires_at"] <= host.now():
        raise Refusal.middleware(403, "API_KEY_EXPIRED", "API key 已过期")
    if key["quota"] and key["quota_used"] >= key["quota"]:
        raise Refusal.middleware(429, "API_KEY_QUOTA_EXHAUSTED", "API key 额度已用完")


def _group(host: Host, key: Row) -> None:
    user = host.users[key["user_id"]]
    if not key["group_id"]:
        detail = {"type": "permission_error", "message": _NO_GROUP}
        raise Refusal(403, {"type": "error", "error": detail})
    group = host.groups.get(key["group_id"])
    if group is None:
        raise Refusal.middleware(403, "GROUP_DELETED", "API Key 所属分组已删除")
    if group["status"] != "active":
        raise Refusal.middleware(403, "GROUP_DISABLED", "API Key 所属分组已停用")
    if group["subscription_type"] == "subscription":
        if not host.subscribed(user["id"], group["id"]):
            text = "No active subscription found for this group"
            raise Refusal.middleware(403, "SUBSCRIPTION_NOT_FOUND", text)
        return
    if group["is_exclusive"] and not host.old and group["id"] not in (user["allowed_groups"] or ()):
        raise Refusal.middleware(403, "GROUP_NOT_ALLOWED", "API Key 所属专属分组不再允许当前用户使用")
    if user["balance"] <= 0:
        raise Refusal.middleware(403, "INSUFFICIENT_BALANCE", "Insufficient account balance")


class Queue:
    """The concurrent calls of one user: a limit of running ones, a limit of waiting ones; further ones are refused."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.slots = asyncio.Semaphore(width)
        self.waiting = 0


@asynccontextmanager
async def turn(host: Host, user: Row) -> AsyncIterator[None]:
    """Waits for the user's concurrency (0: unlimited)."""
    width = int(user["concurrency"])
    if not width:
        yield
        return
    queue = host.queues.get(user["id"])
    if queue is None or queue.width != width:
        queue = host.queues[user["id"]] = Queue(width)
    await _enter(host, queue)
    try:
        yield
    finally:
        queue.slots.release()


async def _enter(host: Host, queue: Queue) -> None:
    if not queue.slots.locked():
        await queue.slots.acquire()
        return
    if queue.waiting >= host.options.user_queue_length:
        raise Refusal.gateway(429, "Too many pending requests, please retry later", "rate_limit_error")
    queue.waiting += 1
    try:
        await asyncio.wait_for(queue.slots.acquire(), host.options.user_queue_wait)
    except TimeoutError:
        text = "Concurrency limit exceeded for user, please retry later"
        raise Refusal.gateway(429, text, "rate_limit_error") from None
    finally:
        queue.waiting -= 1
