"""Capability profiles (docs/design.md#33-responses) and the table that turns an answer into a verdict.

A flag is ``True``, ``False`` or ``"unknown"``. Only an answer that says "this endpoint is not here", or a web page,
makes it ``False``: neither a transient failure nor a refused key ever does (docs/design.md#21-probe).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal

from batch_import.domain.answers import Answer, Trouble, says_something
from batch_import.domain.evidence import Observation
from batch_import.domain.outcomes import Code
from batch_import.domain.refusals import Refusal, refusals, refused_instead, speaks_of_key
from batch_import.domain.streams import Framing, whole_body
from batch_import.domain.types import AuthStyle, ModelIdStyle

Flag = bool | Literal["unknown"]


class Protocol(StrEnum):
    CHAT = "chat_completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    GENERATE = "generate_content"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A protocol in which the relay answered ``model``, with the key shown in this way."""

    protocol: Protocol
    auth_style: AuthStyle
    model: str
    framing: Framing = Framing.WHOLE  # of its streams; known of messages only


@dataclass(frozen=True, slots=True)
class TransportProfile:
    """``api_root`` is where the list was found; ``spoken`` is what the choice of a platform rests on."""

    supports_openai_models: Flag = "unknown"
    supports_openai_chat_completions: Flag = "unknown"
    supports_openai_responses: Flag = "unknown"
    supports_anthropic_messages: Flag = "unknown"
    supports_gemini_generate_content: Flag = "unknown"
    auth_style: AuthStyle = AuthStyle.UNKNOWN
    model_id_style: ModelIdStyle = ModelIdStyle.UNKNOWN
    known_advisories: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()  # domain/demands.py
    api_root: str = ""
    spoken: tuple[Spoken, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCapabilityProfile:
    raw_model_id: str
    normalized_model_id: str
    canonical_model_family: str
    supports_stream: Flag = "unknown"
    supports_tools: Flag = "unknown"
    supports_reasoning_fields: Flag = "unknown"
    smoke_chat_ok: Flag = "unknown"
    speed: "dict[str, Any] | None" = None  # domain/speed.py; of the one model that was asked for a stream


@dataclass(frozen=True, slots=True)
class CapabilityProfile:
    transport_profile: TransportProfile
    model_profiles: tuple[ModelCapabilityProfile, ...] = ()


def transport_profile(stored: Mapping[str, Any]) -> TransportProfile:
    """The profile that a row kept as plain values; unknown names are passed over."""
    known = {f.name: stored[f.name] for f in fields(TransportProfile) if f.name in stored}
    spoken = tuple(
        Spoken(Protocol(it["protocol"]), AuthStyle(it["auth_style"]), it["model"], Framing(it["framing"]))
        for it in stored.get("spoken", ())
    )
    return TransportProfile(**{**known, "spoken": spoken})


class Verdict(StrEnum):
    """What one protocol's answer says; each is a code of the outcomes table, but for success and an absent endpoint."""

    OK = "ok"
    ABSENT = "endpoint_absent"
    MODEL_NOT_SERVED = Code.MODEL_NOT_SERVED
    AUTH_FAILED = Code.AUTH_FAILED
    FORBIDDEN = Code.FORBIDDEN
    CLIENT = Code.CLIENT_NOT_ADMITTED
    WALL = Code.BLOCKED_BY_WALL
    REDIRECTED = Code.REDIRECTED
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


class Body(StrEnum):
    """What an answer's body is; ``COMPLETION`` is the one that the protocol promises, streamed or whole."""

    COMPLETION = "completion"
    HTML = "HTML"
    ERROR = "error"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. It holds when everything holds that it names; what is empty does not matter.

    ``statuses`` are HTTP statuses; an error under a 200 counts with the status that it names itself, else as 200.
    ``words`` are kinds of ``domain/refusals.py``, one of which must occur, and none of ``without``.
    """

    verdict: Verdict
    reason: str
    trouble: tuple[Trouble, ...] = ()
    statuses: tuple[int, ...] = ()
    bodies: tuple[Body, ...] = ()
    words: tuple[Refusal, ...] = ()
    without: tuple[Refusal, ...] = ()

    def holds(self, seen: "Seen") -> bool:
        return (
            (seen.trouble in self.trouble if self.trouble else seen.trouble is None)
            and (not self.statuses or seen.status in self.statuses)
            and (not self.bodies or seen.body in self.bodies)
            and (not self.words or any(kind in seen.refusals for kind in self.words))
            and not any(kind in seen.refusals for kind in self.without)
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """What the table looks at."""

    trouble: Trouble | None
    status: int
    body: Body
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class ProtocolResult:
    """``answer`` is shortened; ``completion`` and ``observations`` say what a good one held."""

    protocol: Protocol
    verdict: Verdict
    answer: Answer = field(repr=False)
    completion: "Completion | None" = None
    observations: tuple[Observation, ...] = ()
    spoken: Spoken | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What later questions want to know of a completion, which is not kept itself."""

    served_model: str | None
    calls_tool: bool
    tells_reasoning: bool
    counts_reasoning: bool


def has_completion(body: Any, protocol: Protocol) -> bool:
    """Does a 200 body hold what the protocol promises? An error object, a list without choices or a chat message that
    ended by itself and holds nothing is no success.
    """
    if not isinstance(body, dict) or body.get("error"):
        return False
    held, inside = _HOLDS[protocol]
    value = body.get(held)
    if not isinstance(value, list):
        return False
    if inside:
        return bool(value) and isinstance(value[0], dict) and inside in value[0] and not _ended_empty(value[0])
    if protocol is Protocol.RESPONSES:
        return body.get("status") != "failed"
    return bool(body.get("type", "message") == "message")


def _ended_empty(choice: Mapping[str, Any]) -> bool:
    message = choice.get("message")
    holds = message.items() if isinstance(message, dict) else ()
    return choice.get("finish_reason") == "stop" and not any(value for name, value in holds if name != "role")


_HOLDS = {  # the list that a completion has, and what the first of its parts must have
    Protocol.CHAT: ("choices", "message"),
    Protocol.RESPONSES: ("output", ""),
    Protocol.MESSAGES: ("content", ""),
    Protocol.GENERATE: ("candidates", "content"),
}


def text_in(body: Mapping[str, Any]) -> str:
    """The words of a completion of any protocol; empty where it has none, or in parts of another form."""
    choices, candidates = body.get("choices"), body.get("candidates")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _texts(choices[0].get("message"))
    if isinstance(candidates, list) and candidates:
        return _texts(candidates[0])
    return _texts(body.get("output") or body)


def _texts(part: Any, deepest: int = 4) -> str:
    if isinstance(part, str) or not deepest:
        return part if isinstance(part, str) else ""
    if isinstance(part, list):
        return " ".join(filter(None, (_texts(each, deepest - 1) for each in part[:_MOST_PARTS])))
    if not isinstance(part, dict):
        return ""
    return next((_texts(part[key], deepest - 1) for key in ("content", "parts", "text") if part.get(key)), "")


_MOST_PARTS = 20


def completion_in(body: Any, protocol: Protocol) -> Completion:
    """``body`` is a completion (``has_completion``)."""
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    counted = usage.get("completion_tokens_details")
    tokens = counted.get("reasoning_tokens") if isinstance(counted, dict) else None
    message = body["choices"][0]["message"] if protocol is Protocol.CHAT else None
    return Completion(
        served_model=served_model(body),
        calls_tool=_calls_tool(body, message, protocol),
        tells_reasoning=isinstance(message, dict) and any(message.get(f) for f in _REASONING),
        counts_reasoning=isinstance(tokens, int) and tokens > 0,
    )


def served_model(body: Mapping[str, Any]) -> str | None:
    """The model that a completion names, or ``None`` for what no name of a model could be."""
    served = body.get("model") or body.get("modelVersion")
    return _printable(served) if isinstance(served, str) else None


_REASONING = ("reasoning_content", "reasoning", "thinking")
_LONGEST_MODEL = 200


def _printable(model: str) -> str | None:
    text = model.strip()
    return text if text and text.isprintable() and len(text) <= _LONGEST_MODEL else None


def _calls_tool(body: Any, message: Any, protocol: Protocol) -> bool:
    if protocol is Protocol.RESPONSES:
        return any(isinstance(o, dict) and o.get("type") == "function_call" for o in body["output"])
    return isinstance(message, dict) and bool(message.get("tool_calls"))


_ANY_FAILURE = tuple(range(400, 500))
_FAILURES_OF_SERVER = tuple(range(500, 600))
_SUCCESS = tuple(range(200, 300))
_REDIRECTS = (301, 302, 303, 307, 308)
_REFUSED = (200, *(status for status in _ANY_FAILURE if status not in (402, 404, 405, 408, 410, 424, 425, 429)))
_OF_WALLS = (403, 406, 409, 418, 419, *range(432, 451), *range(452, 500))  # of 4xx those that are odd for a page
_ERROR = (Body.ERROR, Body.OTHER)
_LIMIT, _MODEL = (Refusal.LIMIT,), (Refusal.MODEL, Refusal.MODEL_AWAY, Refusal.PLAN)
_KEY = (Refusal.KEY, Refusal.ACCOUNT, Refusal.KEY_LIKELY)

# fmt: off
VERDICTS: tuple[Row, ...] = (
    Row(Verdict.ADDRESS, "our own guard refused the address", trouble=(Trouble.ADDRESS_REFUSED,)),
    Row(Verdict.UNREACHABLE, "DNS, refused or no connection: may come back", trouble=(Trouble.UNREACHABLE,)),
    Row(Verdict.TLS, "certificate or handshake: the host would fail in the same way", trouble=(Trouble.TLS,)),
    Row(Verdict.TIMEOUT, "an answer that did not come or broke off proves nothing",
        trouble=(Trouble.READ_TIMEOUT, Trouble.CUT)),
    Row(Verdict.INVALID, "an endless or garbled answer is no completion",
        trouble=(Trouble.TOO_LARGE, Trouble.UNREADABLE)),
    Row(Verdict.UNAVAILABLE, "the budget of requests was spent: nothing is known", trouble=(Trouble.NOT_ASKED,)),
    Row(Verdict.OK, "what the protocol promises", statuses=_SUCCESS, bodies=(Body.COMPLETION,)),
    Row(Verdict.ABSENT, "no such path, in the words of a gateway", statuses=(403, 404), bodies=_ERROR,
        words=(Refusal.UNROUTED,)),
    Row(Verdict.UNAVAILABLE, "something before the relay does not reach it", statuses=(*_SUCCESS, *_ANY_FAILURE),
        words=(Refusal.ORIGIN,)),
    Row(Verdict.RATE_LIMITED, "an address that is shut out for a while", statuses=(429,), bodies=_ERROR,
        words=(Refusal.WALL,)),
    Row(Verdict.WALL, "something before the relay, or a rule for addresses and regions",
        statuses=(*_SUCCESS, *_ANY_FAILURE), words=(Refusal.WALL,)),
    Row(Verdict.WALL, "a challenge page", statuses=_FAILURES_OF_SERVER, bodies=(Body.HTML,), words=(Refusal.WALL,)),
    Row(Verdict.NOT_AN_API, "a 200 page is a login or parking page, not an API", statuses=_SUCCESS,
        bodies=(Body.HTML,)),
    Row(Verdict.WALL, "a WAF page, not the provider", statuses=_OF_WALLS, bodies=(Body.HTML,)),
    Row(Verdict.REJECTED, "what was asked, or the answer to it, was not liked",
        statuses=(*_SUCCESS, 400, 403, 422, 451), bodies=_ERROR, words=(Refusal.CONTENT,),
        without=(*_KEY, *_MODEL, *_LIMIT, Refusal.MONEY, Refusal.MONEY_LIKELY, Refusal.CLIENT, Refusal.PLACE)),
    Row(Verdict.WALL, "forbidden by a law, of a country", statuses=(451,)),
    Row(Verdict.INVALID, "a 200 that holds no completion is not a success", statuses=_SUCCESS, bodies=(Body.OTHER,)),
    Row(Verdict.CLIENT, "the relay admits certain programs only", bodies=_ERROR, words=(Refusal.CLIENT,)),
    Row(Verdict.RATE_LIMITED, "too much for what is behind the relay", statuses=(429,), bodies=_ERROR,
        words=(Refusal.UPSTREAM,)),
    Row(Verdict.UNAVAILABLE, "no balance behind the relay: not this key's", statuses=(*_SUCCESS, *_ANY_FAILURE, 500),
        bodies=_ERROR, words=(Refusal.UPSTREAM_MONEY,)),
    Row(Verdict.UNAVAILABLE, "refused by what is behind the relay, not by the relay",
        statuses=(*_SUCCESS, 400, 401, 403, 404, 409, 500), bodies=_ERROR, words=(Refusal.UPSTREAM,),
        without=(Refusal.PARAMETER, *_MODEL)),
    Row(Verdict.RATE_LIMITED, "a limit of hours or days", statuses=(*_SUCCESS, *_ANY_FAILURE, 500), bodies=_ERROR,
        words=(Refusal.WINDOW,)),
    Row(Verdict.PAYMENT, "no balance at the relay, in its words", statuses=(*_SUCCESS, *_ANY_FAILURE, 500),
        bodies=_ERROR, words=(Refusal.MONEY,)),
    Row(Verdict.PAYMENT, "a spent quota that no passing limit explains",
        statuses=(200, 400, 401, 403, 405, 406, 409, 422, 429), bodies=_ERROR, words=(Refusal.MONEY_LIKELY,),
        without=(Refusal.LIMIT, Refusal.MODEL)),
    Row(Verdict.PAYMENT, "no balance at the relay", statuses=(402,)),
    Row(Verdict.MODEL_NOT_SERVED, "a plan without this model", statuses=(429,), bodies=_ERROR, words=(Refusal.PLAN,),
        without=_LIMIT),
    Row(Verdict.AUTH_FAILED, "an account that is locked", statuses=(429,), bodies=_ERROR, words=(Refusal.ACCOUNT,),
        without=(Refusal.LIMIT, Refusal.TEMPORARY)),
    Row(Verdict.RATE_LIMITED, "slow down: says nothing about the key", statuses=(429,)),
    Row(Verdict.UNAVAILABLE, "said to pass", statuses=(*_SUCCESS, *_ANY_FAILURE), bodies=_ERROR,
        words=(Refusal.TEMPORARY,)),
    Row(Verdict.REJECTED, "the request's form: a parameter", statuses=(200, 400, 422, 500), bodies=_ERROR,
        words=(Refusal.PARAMETER,)),
    Row(Verdict.REJECTED, "a parameter that is asked for before the key is looked at", statuses=(401, 403),
        bodies=_ERROR, words=(Refusal.PARAMETER,), without=(Refusal.KEY, Refusal.ACCOUNT, Refusal.PERMISSION, *_MODEL)),
    Row(Verdict.FORBIDDEN, "the key is good, but lacks a right", statuses=(*_REFUSED, 500), bodies=_ERROR,
        words=(Refusal.PERMISSION,)),
    Row(Verdict.MODEL_NOT_SERVED, "the endpoint is there, this model is not", statuses=(*_SUCCESS, *_ANY_FAILURE),
        bodies=_ERROR, words=_MODEL, without=_LIMIT),
    Row(Verdict.WALL, "a rule for addresses or regions", statuses=(*_SUCCESS, 400, 401, 403), bodies=_ERROR,
        words=(Refusal.PLACE,)),
    Row(Verdict.MODEL_NOT_SERVED, "nothing behind the relay has this model", statuses=_FAILURES_OF_SERVER,
        bodies=_ERROR, words=(Refusal.MODEL, Refusal.PLAN), without=_LIMIT),
    Row(Verdict.FORBIDDEN, "the key's group is off", statuses=(400, 401, 403), bodies=_ERROR, words=(Refusal.GROUP,)),
    Row(Verdict.AUTH_FAILED, "the key was refused, in the relay's words", statuses=_REFUSED, bodies=_ERROR,
        words=_KEY),
    Row(Verdict.AUTH_FAILED, "the key was refused, as an error of a gateway", statuses=(500,), bodies=(Body.ERROR,),
        words=(Refusal.KEY, Refusal.ACCOUNT), without=_MODEL),
    Row(Verdict.RATE_LIMITED, "a limit that passes, under another status",
        statuses=(200, 400, 401, 403, 404, 413, 420, 430), bodies=_ERROR, words=_LIMIT),
    Row(Verdict.RATE_LIMITED, "a limit of requests, as an outage", statuses=_FAILURES_OF_SERVER, bodies=_ERROR,
        words=(Refusal.RATE,), without=(Refusal.UPSTREAM,)),
    Row(Verdict.AUTH_FAILED, "the key was refused", statuses=(401,)),
    Row(Verdict.ABSENT, "no such endpoint, in the relay's words", statuses=(*_SUCCESS, 400, 404), bodies=_ERROR,
        words=(Refusal.ROUTE,)),
    Row(Verdict.ABSENT, "no such endpoint, as an error of a gateway", statuses=(500,), bodies=(Body.ERROR,),
        words=(Refusal.ROUTE,)),
    Row(Verdict.UNAVAILABLE, "another try is advised", statuses=(*_SUCCESS, 400, 403, 409), bodies=_ERROR,
        words=(Refusal.LATER,)),
    Row(Verdict.MODEL_NOT_SERVED, "a 404 with an error that does not speak of the path", statuses=(404,),
        bodies=(Body.ERROR,)),
    Row(Verdict.ABSENT, "no such endpoint", statuses=(404, 405, 501)),
    Row(Verdict.FORBIDDEN, "refused for this key, model or protocol: not an absence", statuses=(403,)),
    Row(Verdict.UNAVAILABLE, "passing failure of the relay", statuses=(*_FAILURES_OF_SERVER, 408, 424, 425, 499)),
    Row(Verdict.NOT_AN_API, "a page where people log in, not another address of the API", statuses=_REDIRECTS,
        words=(Refusal.LOGIN,)),
    Row(Verdict.REDIRECTED, "the API is at another address", statuses=_REDIRECTS),
    Row(Verdict.INVALID, "an error under a 200 that says no more", statuses=_SUCCESS),
    Row(Verdict.REJECTED, "our request was not accepted: proves neither presence nor absence"),
)
# fmt: on


def judge(answer: Answer, protocol: Protocol, model: str = "") -> Verdict:
    """The verdict of the first row that holds; the last row always does. ``model`` is the one that was asked for."""
    return deciding_row(answer, protocol, model).verdict


def deciding_row(answer: Answer, protocol: Protocol, model: str = "") -> Row:
    seen = _seen(answer, protocol, model)
    return next(row for row in VERDICTS if row.holds(seen) or row is VERDICTS[-1])


def _seen(answer: Answer, protocol: Protocol, model: str) -> Seen:
    if answer.trouble is not None:
        return Seen(answer.trouble, 0, Body.OTHER, ())
    whole = whole_body(answer)
    if answer.ok and has_completion(whole, protocol):
        instead = refused_instead(text_in(whole), model)
        return Seen(None, answer.status, Body.ERROR if instead else Body.COMPLETION, instead)
    told = answer if whole is answer.json else replace(answer, text=json.dumps(whole))
    found = refusals(told.error_words, model)
    if "challenge" in (answer.headers.get("cf-mitigated", "") + answer.headers.get("x-vercel-mitigated", "")):
        found = (Refusal.WALL, *found)
    if _LOGIN.search(answer.redirect_target):
        found = (Refusal.LOGIN, *found)
    if told.json is not None and _PAGE.search(told.error_words):
        found = (Refusal.ORIGIN, *found)
    body = Body.HTML if answer.is_html else Body.ERROR if told.has_error or _is_sentence(told) else Body.OTHER
    return Seen(None, told.error_status, body, found)


def _is_sentence(answer: Answer) -> bool:
    """A success that consists of a message, which tells why there is none."""
    if answer.json is not None:
        return answer.ok and says_something(answer.json)
    return answer.ok and 0 < len(answer.text.strip()) <= _LONGEST_SENTENCE


_LONGEST_SENTENCE = 300
_LOGIN = re.compile(r"/(?:log|sign)[-_]?in\b|/oauth2?/|/openid-connect/", re.IGNORECASE)  # where a redirect points
_PAGE = re.compile(r"<(?:!doctype )?html\b", re.IGNORECASE)  # within an error: of what is behind the relay


def about_model(result: ProtocolResult) -> bool:
    """May this refusal be about the model alone, so that another model is worth a request?"""
    if result.answer.trouble is not None:
        return False
    if result.verdict is Verdict.AUTH_FAILED:
        return not speaks_of_key(result.answer.error_words)
    if result.verdict is Verdict.ABSENT:  # what is behind a gateway for this model may have no such endpoint
        return result.answer.status == _SERVER_ERROR
    return result.verdict in _ABOUT_MODEL


def is_rarely_about_model(result: ProtocolResult, model: str) -> bool:
    """Is one more model worth a request, but not all of them? A limit that names no model is mostly the key's."""
    if result.verdict in (Verdict.RATE_LIMITED, Verdict.PAYMENT):
        words = result.answer.error_words.lower()
        return not (
            Refusal.UPSTREAM in refusals(words) or any(each in words for each in (model.lower(), "model", "模型"))
        )
    return result.verdict is Verdict.AUTH_FAILED


_SERVER_ERROR = 500
_ABOUT_MODEL = frozenset(
    {
        Verdict.MODEL_NOT_SERVED,
        Verdict.FORBIDDEN,
        Verdict.REJECTED,
        Verdict.INVALID,
        Verdict.CLIENT,
        Verdict.UNAVAILABLE,
        Verdict.PAYMENT,  # some balances do not count for every model
        Verdict.RATE_LIMITED,
    }
)
# What an item ends with when every model was refused: the first of these that any answer said.
_WEIGHTIEST = (
    Verdict.OK, Verdict.PAYMENT, Verdict.AUTH_FAILED, Verdict.CLIENT, Verdict.WALL, Verdict.RATE_LIMITED,
    Verdict.TIMEOUT, Verdict.UNAVAILABLE, Verdict.FORBIDDEN, Verdict.MODEL_NOT_SERVED, Verdict.REJECTED,
    Verdict.INVALID,
)  # fmt: skip


def weight(verdict: Verdict) -> int:
    """The smaller, the more it says about the relay as a whole."""
    return _WEIGHTIEST.index(verdict) if verdict in _WEIGHTIEST else len(_WEIGHTIEST)


def model_id_style(raw_models: list[str]) -> ModelIdStyle:
    """Do ids carry a vendor prefix (``moonshotai/Kimi-K2``), never, or both?"""
    if not raw_models:
        return ModelIdStyle.UNKNOWN
    prefixed = sum("/" in model for model in raw_models)
    if prefixed == 0:
        return ModelIdStyle.CANONICAL
    return ModelIdStyle.VENDOR_PREFIXED if prefixed == len(raw_models) else ModelIdStyle.MIXED
