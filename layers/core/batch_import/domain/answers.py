"""What came back from an HTTP exchange, free of any HTTP library: rules read these, adapters make them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    TOO_LARGE = "too_large"


_LONGEST_TEXT = 4_000  # characters; domain/redaction.py cuts it to what is stored once keys are blanked out
BEFORE_EXCHANGE = frozenset({Trouble.UNREACHABLE, Trouble.TLS})


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, or the ``trouble`` that stood in its way (then ``status`` is 0)."""

    status: int = 0
    text: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trouble: Trouble | None = None

    @cached_property
    def json(self) -> Any:
        """The parsed body, or ``None`` when it is no JSON."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        return "html" in self.content_type.lower() or self.text.lstrip()[:1] == "<"

    @property
    def retry_after(self) -> float | None:
        """Seconds asked for by ``Retry-After``; dates are ignored: relays' clocks are not to be trusted."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isdecimal() else None

    @property
    def error_message(self) -> str:
        """The error's own words in the shapes relays use, else an empty string."""
        return _error_text(self.json)

    @property
    def has_error(self) -> bool:
        return isinstance(self.json, dict) and bool(self.json.get("error"))


def _error_text(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    error = body.get("error") or body
    if isinstance(error, dict):
        parts = [str(error.get(key) or "") for key in ("message", "code", "type")]
        return " ".join(part for part in parts if part)
    return str(error)


def error_text(answer: Answer) -> str:
    """A short, printable account of an answer that was no success."""
    if answer.trouble is not None:
        return answer.trouble.value.replace("_", " ")
    message = "an HTML page" if answer.is_html else (answer.error_message or answer.text)
    return f"HTTP {answer.status}: {' '.join(message[:_LONGEST_TEXT].split())}"
