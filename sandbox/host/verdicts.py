"""The effect of an upstream answer on the account, and the answer to the caller.

See docs/host-api.md#what-upstream-answers-do, docs/host-api.md#handler-errors.
"""

from dataclasses import dataclass

import orjson

from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.host.upstream import Reply
from sandbox.http import Answer

FAILOVER = frozenset({401, 402, 403, 405, 413, 429, 529})
FAILOVER_OLD = FAILOVER - {405, 413}
_TEMPORARY = frozenset({500, 502, 503, 504})


@dataclass(slots=True)
class Verdict:
    """How one attempt ended: the answer for the caller, and whether another account may try."""

    answer: Answer
    again: bool = False
    message: str = ""  # the upstream's own words, for the ops rows
    status: int = 0


def error(status: int, message: str, kind: str) -> Answer:
    return Answer(status, {"error": {"message": message, "type": kind}})


def of_transport(host: Host, account: Row, text: str) -> Verdict:
    """After a transport error newer hosts pause the account for ten minutes and try another; older ones do neither.

    See docs/host-api.md#transport-errors.
    """
    if host.old:
        return Verdict(error(502, "Upstream request failed", "upstream_error"), False, text)
    host.health.pause(account, f"upstream transport error (proxy/network): {text}")
    return Verdict(error(502, "Upstream service temporarily unavailable", "upstream_error"), True, text)


def of_reply(host: Host, account: Row, model: str, reply: Reply) -> Verdict:
    """The verdict on an unsuccessful upstream answer."""
    message = reply.message()
    if lacks_model(reply) and not host.old:
        host.health.no_model(account, model)
        answer = error(502, "Upstream request failed", "upstream_error")
        return Verdict(answer, True, message, 404)
    again = reply.status in (FAILOVER_OLD if host.old else FAILOVER) or reply.status >= 500
    if not account["credentials"].get("pool_mode"):
        _hurt(host, account, model, reply, message or reply.body.decode(errors="replace")[:512])
    answer = told(reply) if again else passed_on(reply, message)
    return Verdict(answer, again, message, reply.status)


def lacks_model(reply: Reply) -> bool:
    """True for a 404 whose text says that the model does not exist, not for a 404 of the path.

    See docs/host-api.md#model-not-found-upstream.
    """
    if reply.status != 404:
        return False
    text = reply.body.decode(errors="replace").lower().replace("_", " ").replace("-", " ")
    return "model" in text and any(words in text for words in ("model not found", "unknown model", "not found"))


def _hurt(host: Host, account: Row, model: str, reply: Reply, message: str) -> None:
    health = host.health
    match reply.status:
        case 401:
            health.unauthorized(account, message)
        case 402:
            health.unpaid(account, message)
        case 403:
            health.forbid(account, message, html=reply.html)
        case 429:
            health.limit(account)
        case 529:
            health.overload(account)
        case status if status >= 500:
            health.stumble(account, model)


def told(reply: Reply) -> Answer:
    """The answer to the caller when no other account has answered."""
    if reply.status == 429:
        answer = error(429, "Upstream rate limit exceeded, please retry later", "rate_limit_error")
        answer.headers |= {"Retry-After": reply.headers["Retry-After"]} if "Retry-After" in reply.headers else {}
        return answer
    if reply.status == 529:
        return error(503, "Upstream service overloaded, please retry later", "upstream_error")
    if reply.status == 413:
        return error(413, "Request payload is too large", "invalid_request_error")
    texts = {
        401: "Upstream authentication failed, please contact administrator",
        403: "Upstream access forbidden, please contact administrator",
    }
    temporary = "Upstream service temporarily unavailable" if reply.status in _TEMPORARY else "Upstream request failed"
    return error(502, texts.get(reply.status, temporary), "upstream_error")


def passed_on(reply: Reply, message: str) -> Answer:
    """The upstream's own status and message, for 400, 404, 409, 422 ..."""
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(reply.status, "api_error")
    return error(reply.status, message or f"Upstream error: {reply.status}", kind)


def usable(body: bytes) -> Row | None:
    """The JSON object of a body, if it is one."""
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
