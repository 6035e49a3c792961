"""Models over all relays that were proved, and the relays of one model, in their documented orders.

See docs/design.md#38-comparing.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from batch_import.domain.billing import DOLLARS, highest_multiplier
from batch_import.domain.comparison import model_in
from batch_import.domain.finding import ComparedModel, Finding, models_of
from batch_import.domain.types import ModelOrder, RelayOrder
from batch_import.store.cursors import decode_cursor, encode_cursor
from batch_import.store.relay_index import RelayIndex

Filter = Mapping[str, Any]
Row = TypeVar("Row")
Value = float | None  # the least comes first, and what is not known last

_MODELS: dict[ModelOrder, Callable[[ComparedModel], Value]] = {
    ModelOrder.RELAYS: lambda model: -model.active_relays,
    ModelOrder.TOKENS_PER_SECOND: lambda model: _most(model.best_tokens_per_second),
    ModelOrder.FIRST_TOKEN: lambda model: model.best_first_token_ms,
    ModelOrder.NAME: lambda _: 0,
}
_RELAYS: dict[RelayOrder, Callable[[Finding], Value]] = {
    RelayOrder.MULTIPLIER: lambda relay: highest_multiplier(relay.multiplier, relay.peak_multiplier),
    RelayOrder.BALANCE: lambda relay: _most(relay.balance if relay.currency else None),
    RelayOrder.SEEN: lambda relay: -relay.seen_at,
}
_OF_TESTED: dict[RelayOrder, Callable[[Finding], Value]] = {
    RelayOrder.TOKENS_PER_SECOND: lambda relay: _most(relay.tokens_per_second),
    RelayOrder.FIRST_TOKEN: lambda relay: relay.first_token_ms,
    RelayOrder.LATENCY: lambda relay: relay.latency_ms,
}
_FIELDS = ("access_status", "platform")
_KNOWN, _UNKNOWN = "0", "1"
_PLACE = rf"(?:{_KNOWN}[A-Z]{{0,8}}|{_UNKNOWN}) -?[0-9]{{1,15}}\.[0-9]{{6}} .{{1,400}}"


class ComparedPage(NamedTuple):
    """A page of models or of findings. ``matching`` is how many meet the filters, on all pages together."""

    rows: list[Any]
    next_cursor: str | None
    matching: int


class Comparing:
    def __init__(self, index: RelayIndex) -> None:
        self._index = index

    def models(self, filters: Filter, order: ModelOrder, limit: int, cursor: str | None) -> ComparedPage:
        """Filter ``q``: a part of the name."""
        query = (filters.get("q") or "").lower()
        found = [model for model in models_of(self._index.findings()) if query in model.model]
        places = {_place(_MODELS[order](model), model.model): model for model in found}
        return _page(places, {"list": "models", **filters, "order": order}, limit, cursor)

    def relays(
        self, asked: str, filters: Filter, order: RelayOrder, limit: int, cursor: str | None
    ) -> tuple[str, ComparedPage] | None:
        """The model's family and its relays; ``None`` when none serves it.

        Filters ``q`` (a part of the address or the provider), ``access_status``, ``platform``, and ``tested``.
        """
        findings = list(self._index.findings())
        model = model_in(findings, asked)
        if model is None:
            return None
        found = [one for one in findings if model in one.families and _matches(one, model, filters)]
        places = {_place_of(one, model, order): one for one in found}
        return model, _page(places, {"list": "relays", "model": model, **filters, "order": order}, limit, cursor)


Place = tuple[str, float, str]  # known or not, and of a balance in which currency; the value; a name


def _place(value: Value, name: str, *, last: bool = False) -> Place:
    """``last`` among those of whom the value is not known."""
    return (_UNKNOWN, float(last), name) if value is None else (_KNOWN, round(value, 6), name)


def _place_of(finding: Finding, model: str, order: RelayOrder) -> Place:
    """Balances of one currency stand together, dollars first."""
    known, value, name = _place(_value(finding, model, order), finding.relay, last=finding.tested != model)
    if order is RelayOrder.BALANCE and known == _KNOWN and finding.currency != DOLLARS:
        known += finding.currency or ""
    return known, value, name


def _page(rows: Mapping[Place, Row], scope: Filter, limit: int, cursor: str | None) -> ComparedPage:
    text = decode_cursor(cursor, scope, _PLACE)
    after = None if text is None else _read(text)
    places = sorted(place for place in rows if after is None or place > after)
    shown = places[:limit]
    more = encode_cursor(_told(shown[-1]), scope) if len(places) > limit else None
    return ComparedPage([rows[place] for place in shown], more, len(rows))


def _told(place: Place) -> str:
    known, value, name = place
    return f"{known} {value:.6f} {name}"


def _read(text: str) -> Place:
    known, value, name = text.split(" ", 2)
    return known, float(value), name


def _value(finding: Finding, model: str, order: RelayOrder) -> Value:
    if order in _RELAYS:
        return _RELAYS[order](finding)
    return _OF_TESTED[order](finding) if finding.tested == model else None


def _matches(finding: Finding, model: str, filters: Filter) -> bool:
    query = (filters.get("q") or "").lower()
    named = query in finding.base_url.lower() or query in finding.provider_id
    tested = filters.get("tested") in (None, finding.tested == model)
    return named and tested and all(filters.get(name) in (None, getattr(finding, name)) for name in _FIELDS)


def _most(value: Value) -> Value:
    return None if value is None else -value
