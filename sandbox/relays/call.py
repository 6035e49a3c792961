"""A relay's URL and its call: `/{profile}/{name~modifier=value}/v1/...`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """A relay's name with its modifiers."""

    text: str
    latency: float | None = None
    fault: float = 0.0
    models: int = 0
    slowlist: float = 0.0
    status: int = 0


@lru_cache(maxsize=65536)
def parse_name(written: str) -> Name:
    """`a~latency=3~models=20` -> Name; a modifier that nobody knows raises ValueError."""
    text, *modifiers = written.split("~")
    values: dict[str, str] = dict(part.partition("=")[::2] for part in modifiers)
    kinds = {"latency": float, "fault": float, "models": int, "slowlist": float, "status": int}
    if unknown := values.keys() - kinds.keys():
        raise ValueError(f"unknown modifier {sorted(unknown)[0]}")
    return Name(text, **{key: kinds[key](value) for key, value in values.items()})


@dataclass(slots=True)
class RelayCall:
    """One call at a relay, with the counters of its (profile, name, key)."""

    method: str
    endpoint: str  # the path after /v1, e.g. /chat/completions
    name: Name
    headers: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

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
