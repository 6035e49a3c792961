"""Upstream answers of anthropic and gemini accounts: their effect on the account, and what the caller is told.

See docs/host-api.md#platform-upstream-effects, docs/host-api.md#platform-gateway-errors.
"""

import asyncio
import re
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from sandbox.host import upstream
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.host.verdicts import Verdict, error

FAILOVER = frozenset({401, 403, 429, 529})
EXHAUSTED = "All available accounts exhausted"
UNENDED = "Upstream stream ended without a response"
RESET = "anthropic-ratelimit-unified-reset"
_GEMINI_RESET = time(8)  # UTC: midnight in Pacific time
_DELAY = re.compile(rb'"quotaResetDelay":\s*"([\d.]+)s"')


class Retries(NamedTuple):
    """How often the host calls the relay in all, and how long that takes at its real pace."""

    calls: int = 1
    seconds: float = 0.0


def retries(host: Host, platform: str, status: int) -> Retries:
    """The host's patience with a status; 0 stands for a refused connection."""
    if platform == "anthropic":
        return {500: Retries(3), 502: Retries(3), 503: Retries(11, 20)}.get(status, Retries())
    slow = Retries(5, 15)
    patient = {0: slow, 429: slow, 500: slow, 502: slow, 503: Retries(20, 63)}
    return (patient | ({529: slow} if host.old else {})).get(status, Retries())


async def fetch(host: Host, platform: str, asked: upstream.Request) -> upstream.Reply:
    """The relay's answer after the host's own retries; Unreachable when there was none."""
    done = 0
    while True:
        done += 1
        reply = await _tried(host, asked)
        plan = retries(host, platform, reply.status if isinstance(reply, upstream.Reply) else 0)
        if done >= plan.calls:
            break
        await asyncio.sleep(host.options.retry_pace * plan.seconds / plan.calls)
    if isinstance(reply, upstream.Unreachable):
        raise reply
    return reply


async def _tried(host: Host, asked: upstream.Request) -> upstream.Reply | upstream.Unreachable:
    try:
        return await upstream.fetch(host, asked)
    except upstream.Unreachable as problem:
        return problem


def of_transport(platform: str, text: str) -> Verdict:
    """A refused connection: no effect, no other account; gemini shows the relay's address to the caller."""
    if platform == "gemini":
        return Verdict(error(502, f"Upstream request failed after retries: {text}", "upstream_error"), False, text)
    return Verdict(error(502, "Upstream request failed", "server_error"), False, text)


def of_reply(host: Host, account: Row, reply: upstream.Reply) -> Verdict:
    """The verdict on an unsuccessful answer, for chat and responses."""
    message = reply.message()
    if not account["credentials"].get("pool_mode"):
        hurt(host, account, reply, message or reply.body.decode(errors="replace")[:512])
    if reply.status in FAILOVER or reply.status >= 500:
        return Verdict(error(reply.status, EXHAUSTED, "server_error"), True, message, reply.status)
    status, text, kind = _passed_on(host, account["platform"], reply.status, message)
    return Verdict(error(status, text, kind), False, message, reply.status)


def _passed_on(host: Host, platform: str, status: int, message: str) -> tuple[int, str, str]:
    if platform == "anthropic":
        return status, message, "server_error"
    if status == 404:
        return 404, "Resource not found", "not_found_error"
    if status == 402:
        return 502, message, "upstream_error"
    return status, "Invalid request" if host.old and status == 400 else message, "invalid_request_error"


def hurt(host: Host, account: Row, reply: upstream.Reply, message: str) -> None:
    """The effect on the account; a single 403 is final, also an HTML one."""
    match reply.status:
        case 401:
            host.health.unauthorized(account, message)
        case 403:
            host.health.disable(account, f"Access forbidden (403): {message}")
        case 429:
            _limit(host, account, reply)
        case 529:
            host.health.overload(account)


def _limit(host: Host, account: Row, reply: upstream.Reply) -> None:
    if account["platform"] == "gemini":
        host.health.limit(account, _quota_reset(host.now(), reply.body))
    elif reply.headers.get(RESET, "").isdigit():
        host.health.limit(account, float(reply.headers[RESET]))
    elif host.options.since(147):
        host.health.limit(account)


def _quota_reset(now: float, body: bytes) -> float:
    """The end of gemini's pause: as the relay says it, or the next 08:00 UTC."""
    if said := _DELAY.search(body):
        return now + float(said.group(1))
    moment = datetime.fromtimestamp(now, UTC)
    reset = datetime.combine(moment.date(), _GEMINI_RESET, UTC)
    return (reset if reset > moment else reset + timedelta(days=1)).timestamp()
