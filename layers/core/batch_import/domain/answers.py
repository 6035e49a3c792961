"""What came back from an HTTP exchange, free of any HTTP library: rules read these, adapters make them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any


class Trouble(StrEnum):
    """Why there is no usable answer. Those before the exchange open an origin's circuit (docs/design.md#21-probe)."""

    ADDRESS_REFUSED = "address_refused"  # our own guard, docs/design.md#27-untrusted-input
    UNREACHABLE = "unreachable"  # DNS, refused, connect time-out
    TLS = "tls"
    READ_TIMEOUT = "read_timeout"
    CUT = "cut"
    TOO_LARGE = "too_large"  # or cut into pieces that are not worth reading
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
        """Seconds asked for by ``Retry-After``; dates are ignored: relays' clocks are not to be trusted."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isdecimal() else None

    @property
    def redirect_target(self) -> str:
        """Where a redirect points, or an empty string."""
        return self.headers.get("location", "").strip() if self.status in _REDIRECTS else ""

    @property
    def error(self) -> Mapping[str, Any]:
        """The object that tells of an error, in the shapes that relays use; empty when there is none."""
        return error_of(self.json)

    @property
    def error_message(self) -> str:
        """The error's own words in the shapes relays use, else an empty string."""
        return " ".join(_words(self.json, _SHOWN))

    @property
    def error_words(self) -> str:
        """What ``domain/refusals.py`` reads: message, code, type and parameter in a line each, or the text."""
        words = _words(self.error, _ALL) or _words(self.json, _ALL) or [self.text[:_LONGEST_TEXT]]
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
_GOOD_CODES = (None, 0, 200, "0", "200", "", "success", "ok", "OK")
_FAILED = ("error", "fail", "failed", "failure")
_RESULTS = ("choices", "output", "content", "data", "models")
_SHOWN = ("message", "code", "type")
_CODES = ("code", "error_code", "status_code", "errcode", "infocode", "resultcode")
_SAID = ("message", "msg", "error_msg", "status_message", "detail", "errors", "errmsg", "info", "reason", "description")
_ALL = ("message", "msg", "detail", "error_msg", "status_msg", "status_message", "errmsg", "info", "description",
        *_CODES, "type", "status", "param", "reason", "error", "errors", "metadata", "details", "title",
        "error_name")  # fmt: skip


def parsed(text: str) -> Any:
    """The JSON value of ``text``, or ``None``: for no JSON, and for one with too many parts to be held."""
    if sum(map(text.count, ",[{")) > _MOST_NODES:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def error_of(body: Any) -> Mapping[str, Any]:
    """The error in a body, whatever the status that it came with; empty when there is none.

    Known shapes: ``error`` as object or text (OpenAI), a list around it (Gemini), ``success: false`` (new-api),
    ``code`` and ``message`` (SiliconFlow, vLLM), ``base_resp`` (MiniMax), ``header`` (Xunfei), ``error_code`` (Baidu),
    ``detail`` (FastAPI).
    """
    if isinstance(body, list):
        return error_of(body[0]) if body and isinstance(body[0], dict) and "error" in body[0] else {}
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    if isinstance(error, dict) and error:
        return {**{key: body[key] for key in ("code", "status") if key in body}, **error}
    if error:
        return {**body, "message": f"{_text_of(error)} {body.get('message') or ''}".strip()}
    for wrapper, code in (("base_resp", "status_code"), ("header", "code")):
        wrapped = body.get(wrapper)
        if isinstance(wrapped, dict) and wrapped.get(code) not in _GOOD_CODES:
            return wrapped
    return body if _tells_failure(body) else {}


def _tells_failure(body: Mapping[str, Any]) -> bool:
    if (
        body.get("success") is False
        or body.get("ok") is False
        or any(str(body.get(key)).lower() in _FAILED for key in ("type", "object", "status"))
    ):
        return True
    if any(body.get(key) for key in _RESULTS):
        return False
    said = any(body.get(key) for key in _SAID)
    return said and ("detail" in body or any(body.get(code) not in _GOOD_CODES for code in _CODES))


def _status_in(error: Mapping[str, Any]) -> int:
    for key in ("status", "code", "status_code", "statusCode"):
        value = error.get(key)
        number = int(value) if isinstance(value, (int, str)) and str(value).isdecimal() and len(str(value)) == 3 else 0
        if 400 <= number < 600:
            return number
    return 0


def _words(body: Any, keys: tuple[str, ...]) -> list[str]:
    if isinstance(body, list):
        body = error_of(body)
    if not isinstance(body, Mapping):
        return []
    error = body.get("error") or body
    if isinstance(error, str) or not isinstance(error, Mapping):
        return [_text_of(error), *(_word(body, key) for key in keys if key != "error" and body.get(key))]
    return [_word(error, key) for key in keys if error.get(key)]


def _word(error: Mapping[str, Any], key: str) -> str:
    text = _text_of(error[key])
    return f"code={text}" if "code" in key and text.isdecimal() else text


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
