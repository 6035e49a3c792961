"""A relay's URL and its call: `/{profile}/{name~modifier=value}/v1/...`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple


class Failure(NamedTuple):
    """What every completion answers instead: a status, and whether its body is an HTML page."""

    status: int
    html: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A relay's name with its modifiers."""

    text: str
    latency: float | None = None
    fault: float = 0.0
    models: int = 0
    slowlist: float = 0.0
    status: Failure | None = None
    balance: float = 25.0  # that the relay declares, in dollars
    rate: float = 1.0  # its multiplier
    expired: int = 0


@lru_cache(maxsize=65536)
def parse_name(written: str) -> Name:
    """`a~latency=3~models=20` -> Name; a modifier that nobody knows raises ValueError."""
    text, *modifiers = written.split("~")
    values: dict[str, str] = dict(part.partition("=")[::2] for part in modifiers)
    if unknown := values.keys() - _KINDS.keys():
        raise ValueError(f"unknown modifier {sorted(unknown)[0]}")
    return Name(text, **{key: _KINDS[key](value) for key, value in values.items()})


def _failure(written: str) -> Failure:
    """`529` -> that status, `html` -> 200 with an HTML page, `html403` -> 403 with one."""
    html = written.startswith("html")
    return Failure(int(written.removeprefix("html") or 200), html)


_KINDS: dict[str, Callable[[str], Any]] = {
    "latency": float,
    "fault": float,
    "models": int,
    "slowlist": float,
    "status": _failure,
    "balance": float,
    "rate": float,
    "expired": int,
}


@dataclass(slots=True)
class RelayCall:
    """One call at a relay, with the counters of its (profile, name, key)."""

    method: str
    endpoint: str  # the path after /v1, e.g. /chat/completions
    name: Name
    headers: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    @property
    def any_key(self) -> str:
        """The caller's key, wherever it stands."""
        named = (self.headers.get(name, "") for name in ("x-api-key", "x-goog-api-key", "api-key"))
        return self.bearer or next(filter(None, named), "") or self.query.get("key", "")

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def budget(self) -> int | None:
        """The token limit under any of its three names."""
        names = ("max_tokens", "max_completion_tokens", "max_output_tokens")
        return next((int(self.body[name]) for name in names if self.body.get(name)), None)

    def forced_tool(self) -> str | None:
        """The tool that the caller insists on, in any of the three protocols' spellings."""
        choice, tools = self.body.get("tool_choice"), self.body.get("tools") or []
        if not tools or choice in (None, "auto", "none") or choice == {"type": "auto"}:
            return None
        first = tools[0].get("function", tools[0]).get("name", "tool")
        if not isinstance(choice, dict):
            return str(first)
        return str(choice.get("function", choice).get("name", first))

    def first(self, what: str, times: int = 1) -> bool:
        """True for the first `times` calls of this kind with this key."""
        self.counts[what] += 1
        return self.counts[what] <= times
