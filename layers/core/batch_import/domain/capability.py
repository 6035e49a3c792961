"""Capability profiles (docs/design.md#33-responses) and the table that turns an answer into a verdict.

A flag is ``True``, ``False`` or ``"unknown"``. Only an answer that says "this endpoint or model is not here" makes it
``False``: neither a transient failure nor a refused key ever does (docs/design.md#21-probe).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from batch_import.domain.answers import Answer
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AuthStyle, ModelIdStyle

Flag = bool | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class TransportProfile:
    supports_openai_models: Flag = "unknown"
    supports_openai_chat_completions: Flag = "unknown"
    supports_openai_responses: Flag = "unknown"
    supports_anthropic_messages: Flag = "unknown"
    auth_style: AuthStyle = AuthStyle.UNKNOWN
    model_id_style: ModelIdStyle = ModelIdStyle.UNKNOWN
    known_advisories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCapabilityProfile:
    raw_model_id: str
    normalized_model_id: str
    canonical_model_family: str
    supports_stream: Flag = "unknown"
    supports_tools: Flag = "unknown"
    supports_reasoning_fields: Flag = "unknown"
    smoke_chat_ok: Flag = "unknown"


@dataclass(frozen=True, slots=True)
class CapabilityProfile:
    transport_profile: TransportProfile
    model_profiles: tuple[ModelCapabilityProfile, ...] = ()


class Protocol(StrEnum):
    CHAT = "chat_completions"
    RESPONSES = "responses"
    MESSAGES = "messages"


class Verdict(StrEnum):
    """What one protocol's answer says; each is a code of the outcomes table or a plain success."""

    OK = "ok"
    ABSENT = "endpoint_absent"
    MODEL_NOT_SERVED = Code.MODEL_NOT_SERVED
    AUTH_FAILED = Code.AUTH_FAILED
    FORBIDDEN = Code.FORBIDDEN
    WALL = Code.BLOCKED_BY_WALL
    RATE_LIMITED = Code.RATE_LIMITED
    PAYMENT = Code.PAYMENT_REQUIRED
    REJECTED = Code.REQUEST_REJECTED
    UNAVAILABLE = Code.UPSTREAM_UNAVAILABLE
    INVALID = Code.INVALID_ANSWER
    NOT_AN_API = Code.NOT_AN_API
    TIMEOUT = Code.UPSTREAM_TIMEOUT
    UNREACHABLE = Code.UNREACHABLE
    TLS = Code.TLS_ERROR
    ADDRESS = Code.ADDRESS_REFUSED

    @property
    def flag(self) -> Flag:
        if self is Verdict.OK:
            return True
        return False if self in (Verdict.ABSENT, Verdict.NOT_AN_API) else "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the first row whose test holds decides."""

    verdict: Verdict
    holds: Callable[[Answer, Protocol], bool]
    reason: str


@dataclass(frozen=True)
class ProtocolResult:
    protocol: Protocol
    verdict: Verdict
    answer: Answer = field(repr=False)


_MODEL_WORDS = ("model_not_found", "model not found", "no such model", "unknown model", "does not exist",
                "not supported by any", "unknown provider", "no available channel for model", "无可用渠道")  # fmt: skip
_ROUTE_WORDS = ("invalid url", "not found", "unknown route", "no route", "unsupported path", "not implemented")


def has_completion(body: Any, protocol: Protocol) -> bool:
    """Does a 200 body hold what the protocol promises? An error object or a list without choices is no success."""
    if not isinstance(body, dict) or body.get("error"):
        return False
    key = {Protocol.CHAT: "choices", Protocol.RESPONSES: "output", Protocol.MESSAGES: "content"}[protocol]
    value = body.get(key)
    if protocol is Protocol.CHAT:
        return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and "message" in value[0]
    if protocol is Protocol.RESPONSES:
        return isinstance(value, list) and body.get("status") != "failed"
    return isinstance(value, list) and body.get("type", "message") == "message"


def _says(answer: Answer, words: tuple[str, ...]) -> bool:
    message = (answer.error_message or answer.text[:500]).lower()
    return any(word in message for word in words)


def _trouble(*kinds: str) -> Callable[[Answer, Protocol], bool]:
    return lambda answer, _: answer.trouble is not None and answer.trouble.value in kinds


def _status(*statuses: int) -> Callable[[Answer, Protocol], bool]:
    return lambda answer, _: answer.status in statuses


# fmt: off
VERDICTS: tuple[Row, ...] = (
    Row(Verdict.ADDRESS, _trouble("address_refused"), "our own guard refused the address"),
    Row(Verdict.UNREACHABLE, _trouble("unreachable"), "DNS, refused or no connection: may come back"),
    Row(Verdict.TLS, _trouble("tls"), "certificate or handshake: the host would fail in the same way"),
    Row(Verdict.TIMEOUT, _trouble("read_timeout", "cut"), "an answer that did not come or broke off proves nothing"),
    Row(Verdict.INVALID, _trouble("too_large"), "an endless answer is no completion"),
    Row(Verdict.OK, lambda a, p: a.ok and not a.is_html and has_completion(a.json, p), "what the protocol promises"),
    Row(Verdict.NOT_AN_API, lambda a, _: a.ok and a.is_html, "a 200 page is a login or parking page, not an API"),
    Row(Verdict.MODEL_NOT_SERVED, lambda a, _: a.ok and a.has_error and _says(a, _MODEL_WORDS), "error inside a 200"),
    Row(Verdict.INVALID, lambda a, _: a.ok, "a 200 that is an error or holds no choices is not a success"),
    Row(Verdict.RATE_LIMITED, _status(429), "slow down: says nothing about the key"),
    Row(Verdict.WALL, lambda a, _: a.status in (401, 403, 406, 409, 503) and a.is_html, "a WAF page, not the provider"),
    Row(Verdict.AUTH_FAILED, _status(401), "the key was refused"),
    Row(Verdict.PAYMENT, _status(402), "no balance at the relay"),
    Row(Verdict.MODEL_NOT_SERVED, lambda a, _: a.status in (400, 403, 404, 422, 503) and _says(a, _MODEL_WORDS),
        "the endpoint is there, this model is not"),
    Row(Verdict.FORBIDDEN, _status(403), "refused for this key, model or protocol: not an absence"),
    Row(Verdict.ABSENT, _status(404, 405, 501), "no such endpoint"),
    Row(Verdict.ABSENT, lambda a, _: a.status == 400 and _says(a, _ROUTE_WORDS), "gateways that say 400 for no route"),
    Row(Verdict.UNAVAILABLE, lambda a, _: a.status >= 500 or a.status in (408, 425), "passing failure of the relay"),
    Row(Verdict.REJECTED, lambda *_: True, "our request was not accepted: proves neither presence nor absence"),
)
# fmt: on


def judge(answer: Answer, protocol: Protocol) -> Verdict:
    """The verdict of the first row that holds; the last row always does."""
    return next(row.verdict for row in VERDICTS if row.holds(answer, protocol))


def model_id_style(raw_models: list[str]) -> ModelIdStyle:
    """Do ids carry a vendor prefix (``moonshotai/Kimi-K2``), never, or both?"""
    if not raw_models:
        return ModelIdStyle.UNKNOWN
    prefixed = sum("/" in model for model in raw_models)
    if prefixed == 0:
        return ModelIdStyle.CANONICAL
    return ModelIdStyle.VENDOR_PREFIXED if prefixed == len(raw_models) else ModelIdStyle.MIXED
