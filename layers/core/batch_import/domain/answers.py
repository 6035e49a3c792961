"""What came back from an HTTP exchange, free of any HTTP library: rules read these, adapters make them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlsplit


class Trouble(StrEnum):
    """Why there is no usable answer. Those before the exchange open an origin's circuit (docs/design.md#21-probe)."""

    ADDRESS_REFUSED = "address_refused"  # our own guard, docs/design.md#27-untrusted-input
    UNREACHABLE = "unreachable"  # DNS, refused, connect time-out
    TLS = "tls"
    READ_TIMEOUT = "read_timeout"
    CUT = "cut"
    TOO_LARGE = "too_large"  # or cut into pieces that are not worth reading
    UNREADABLE = "unreadable"  # not packed as its header says
    NOT_ASKED = "not_asked"  # the relay's budget of requests was spent


_LONGEST_TEXT = 4_000  # characters; domain/redaction.py cuts it to what is stored once keys are blanked out
BEFORE_EXCHANGE = frozenset({Trouble.UNREACHABLE, Trouble.TLS})


_MOST_NODES = 200_000  # commas, brackets and braces of a JSON text: each may cost a hundred bytes once parsed


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, or the ``trouble`` that stood in its way (then ``status`` is 0).

    ``cut``: a stream that was longer than is read; what is there can be judged all the same. ``arrivals``: for each
    piece of the body as it came, its last byte and the seconds since the request was begun; pieces of the same
    millisecond are one.
    """

    status: int = 0
    text: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trouble: Trouble | None = None
    cut: bool = False
    arrivals: tuple[tuple[int, float], ...] = field(default=(), repr=False)

    @cached_property
    def json(self) -> Any:
        """The parsed body, or ``None`` when it is no JSON or has far more parts than any model list."""
        return parsed(self.text.removeprefix("\ufeff"))

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        """By the body first: some relays label good JSON ``text/html``."""
        if self.text.lstrip("\ufeff \t\r\n")[:1] == "<":
            return True
        return "html" in self.content_type.lower() and self.json is None

    @property
    def retry_after(self) -> float | None:
        """Seconds asked for by ``Retry-After``. A date is counted from the one of the answer itself: clocks differ."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return float(value)
        until, now = _time(value), _time(self.headers.get("date", ""))
        return None if until is None or now is None else max(0.0, until - now)

    @property
    def redirect_target(self) -> str:
        """Where a redirect points; an empty string for none, and for what is no address."""
        target = self.headers.get("location", "").strip() if self.status in _REDIRECTS else ""
        try:
            urlsplit(target)
        except ValueError:
            return ""
        return target

    @cached_property
    def error(self) -> Mapping[str, Any]:
        """The object that tells of an error, in the shapes that relays use; empty when there is none."""
        return error_of(self.json)

    @property
    def error_message(self) -> str:
        """Message, code and type of the error, each unless it repeats what was said before; else an empty string."""
        told: list[str] = []
        for each in _words(self.error, *_SHOWN) or _words(self.json, *_SHOWN):
            if each != f"code={self.status}" and _letters(each) not in _letters(" ".join(told)):
                told.append(each)
        return " ".join(told)

    @property
    def error_words(self) -> str:
        """What ``domain/refusals.py`` reads: message, code, type and parameter in a line each, or the text."""
        words = _words(self.error, *_ALL) or _words(self.json, *_ALL) or [self.text[:_LONGEST_TEXT]]
        return "\n".join(" ".join(each.split()) for each in words)

    @property
    def has_error(self) -> bool:
        return bool(self.error)

    @property
    def error_status(self) -> int:
        """The HTTP status, or the one that the error under a 200 names instead."""
        if not self.ok:
            return self.status
        return _status_in(self.error) or self.status

    def shortened(self) -> "Answer":
        """The same answer with as much of its text as an error message may hold: a judged body is not kept."""
        return replace(self, text=self.text[:_LONGEST_TEXT], content_type=self.content_type[:100], arrivals=())


_REDIRECTS = (301, 302, 303, 307, 308)
_DEEPEST, _MOST_FIELDS = 2, 100  # that are looked at for an error: envelopes are small
# Names of fields without regard to case, hyphens and underscores: ``errMsg`` and ``Err_Msg`` are ``errmsg``.
_OF = r"(?:err(?:or)?|status|ret(?:urn)?|res(?:ult|p|ponse)?|biz|sub|info|http|fail(?:ure)?|user)?"
_MESSAGE = re.compile(rf"{_OF}(?:msgs?|messages?)(?:zh|cn|en)?|(?:{_OF}|error)(?:desc|description|reason|details?)"
                      r"|(?:error)?info|tips?|hint|cause|errors?|faultstring")  # fmt: skip
_CODE = re.compile(rf"{_OF}code|err(?:or)?(?:no|num)|ret|err|errorname")
_STATUS = re.compile(r"(?:http)?(?:status|state)")
_OTHER = re.compile(r"title|type|errortype|param|metadata|exception|fault")
_ALL = (_MESSAGE, _CODE, _STATUS, _OTHER)
_SHOWN = tuple(map(re.compile, ("message", "code", "type")))
_ERROR = re.compile(r"errors?|err|exception|fault|lasterror")
_FLAG = re.compile(r"(?:is)?(?:success(?:ful)?|succeed(?:ed)?|ok)|result|status|state")
_STATE = re.compile(r"type|object|status|state|code|result")
_FAILED = ("error", "fail", "failed", "failure")
_GOOD = re.compile(
    r"|0+|2\d\d|20000|true|none|null|ok|succeed(?:ed)?|(?:[a-z ]{0,24}\b)?success(?:ful(?:ly)?)?[.!]?|.{0,8}成功[。！]?"
)
_RESULTS = ("choices", "output", "content", "data", "models")


def parsed(text: str) -> Any:
    """The JSON value of ``text``, or ``None``: for no JSON, and for one with too many parts to be held."""
    if sum(map(text.count, ",[{")) > _MOST_NODES:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def error_of(body: Any, deepest: int = _DEEPEST) -> Mapping[str, Any]:
    """The error in a body, whatever the status that it came with; empty when there is none.

    It is found by the usual names in any spelling, at the top or up to ``deepest`` objects below: an ``error`` as
    object, text or list (OpenAI, Gemini, Tencent's ``Response.Error``), a flag that says no (``success: false`` of
    new-api), or a code of no success beside a message (SiliconFlow, MiniMax's ``base_resp``, Xunfei's ``header``,
    PhalApi's ``ret``); ``detail`` (FastAPI) needs no code.
    """
    if isinstance(body, list):
        body = body[0] if body and isinstance(body[0], dict) and "error" in body[0] else None
    if not isinstance(body, dict):
        return {}
    error = next((value for value in _fields(body, _ERROR) if value), None)
    if error is True:
        return {key: body[key] for key in islice(body, _MOST_FIELDS) if body[key] is not True} or {"message": "error"}
    if isinstance(error, list) and isinstance(error[0], dict):
        error = error[0]
    if isinstance(error, dict):
        around = [*_keys(body, _CODE), *_keys(body, _STATUS)]
        return {**{key: body[key] for key in around}, **error}
    if error:
        others = {key: body[key] for key in islice(body, _MOST_FIELDS) if not _ERROR.fullmatch(_folded(key))}
        return {**others, "message": f"{_text_of(error)} {body.get('message') or ''}".strip()}
    if _tells_failure(body):
        return body
    inner = body.values() if deepest and not _has_result(body) else ()
    wrapped = (error_of(each, deepest - 1) for each in islice(inner, _MOST_FIELDS) if isinstance(each, dict))
    return next((each for each in wrapped if each), {})


def _time(date: str) -> float | None:
    """The second of the epoch that an HTTP date names; ``None`` for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _folded(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


def _keys(body: Mapping[str, Any], names: re.Pattern[str]) -> Iterator[str]:
    return (key for key in islice(body, _MOST_FIELDS) if names.fullmatch(_folded(key)))


def _fields(body: Mapping[str, Any], names: re.Pattern[str]) -> Iterator[Any]:
    return (body[key] for key in _keys(body, names))


def _has_result(body: Mapping[str, Any]) -> bool:
    return any(_holds_something(body.get(key)) for key in _RESULTS)


def _holds_something(result: Any) -> bool:
    """A page of a list without entries does not, whatever it counts."""
    parts = result.values() if isinstance(result, dict) else ()
    if any(part is None or isinstance(part, list) for part in parts):
        return any(part and not isinstance(part, int) for part in parts)
    return bool(result)


def _tells_failure(body: Mapping[str, Any]) -> bool:
    if any(value is False for value in _fields(body, _FLAG)):
        return True
    if any(isinstance(value, str) and value.lower() in _FAILED for value in _fields(body, _STATE)):
        return True
    if _has_result(body):
        return False
    coded = any(isinstance(code, (int, str)) and not _is_good(code) for code in _fields(body, _CODE))
    wrong = coded or "detail" in body or any(map(_is_bad_number, _fields(body, _STATUS)))
    return _status_in(body) > 0 or (wrong and says_something(body))


def says_something(body: Any) -> bool:
    """Does an object have a message that is no mere "success"?"""
    return isinstance(body, dict) and any(value and not _is_good(value) for value in _fields(body, _MESSAGE))


def _is_good(value: Any) -> bool:
    return _GOOD.fullmatch(str(value).strip().lower()) is not None


def _is_bad_number(value: Any) -> bool:
    return re.fullmatch(r"-?\d+", str(value)) is not None and not _is_good(value)


def _status_in(error: Mapping[str, Any]) -> int:
    values = (str(value) for names in (_STATUS, _CODE) for value in _fields(error, names))
    return next((int(value) for value in values if re.fullmatch(r"[45]\d\d", value)), 0)


def _words(body: Any, *names: re.Pattern[str]) -> list[str]:
    """A line for each field with one of ``names``; those of the first pattern stand first."""
    if isinstance(body, list):
        body = error_of(body)
    if not isinstance(body, Mapping):
        return []
    error = body.get("error") or body
    if isinstance(error, str) or not isinstance(error, Mapping):
        return [_text_of(error), *_lines({key: body[key] for key in body if key != "error"}, names)]
    return _lines(error, names)


def _lines(error: Mapping[str, Any], names: Iterable[re.Pattern[str]]) -> list[str]:
    keys = dict.fromkeys(key for each in names for key in _keys(error, each))
    return [_word(error, key) for key in keys if error[key]]


def _word(error: Mapping[str, Any], key: str) -> str:
    text = _text_of(error[key])
    return f"code={text}" if "code" in key.lower() and text.isdecimal() else text


def _text_of(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:_LONGEST_TEXT]


def error_text(answer: Answer) -> str:
    """A short, printable account of an answer that was no success."""
    if answer.trouble is not None:
        return answer.trouble.value.replace("_", " ")
    if answer.redirect_target:
        return f"HTTP {answer.status}: redirects to {answer.redirect_target}"
    message = "an HTML page" if answer.is_html else (answer.error_message or answer.text)
    return f"HTTP {answer.status}: {' '.join(message[:_LONGEST_TEXT].split())}"
