# ruff: noqa: E501  (tables of words and patterns)
"""From rows and a person's decisions to the items that are created."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from batch_import.domain.errors import InvalidRequest
from batch_import.domain.types import Platform
from batch_import.intake.roots import root_of
from batch_import.intake.rows import MOST_MODELS, Intake, ParsedRow, RowStatus

_KNOWN = {"row", "skip", "choice", "base_url", "requested_models", "platform"}


class UnfitDecision(InvalidRequest):
    """A decision is missing or does not fit; ``row`` is the row's number."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"rows: row {row}: {reason}")
        self.row = row


@dataclass(frozen=True)
class ChosenItem:
    """One pair to be created; ``row`` is the row that it comes from."""

    row: int
    base_url: str
    requested_models: tuple[str, ...] = ()
    label: str | None = None
    platform: Platform | None = None
    api_key: str = field(default="", repr=False)
    legacy_provider_id: str | None = None


def choose(intake: Intake, decisions: Iterable[Mapping[str, Any]] = ()) -> list[ChosenItem]:
    """The items of ``intake`` under ``decisions`` (``{"row": 3, "skip": true}``, ``choice``, ``base_url``, ``requested_models``).

    A pair that comes twice is one item with the models of both. Raises ``UnfitDecision`` for an incomplete or ambiguous row
    without a decision, and for a decision that does not fit its row.
    """
    by_row = _by_row(intake, decisions)
    items: dict[tuple[str, str, str | None], ChosenItem] = {}
    for row in intake.rows:
        for item in _items(row, by_row.get(row.row, {})):
            pair = (item.base_url, item.api_key, item.platform)
            items[pair] = _both(items[pair], item) if pair in items else item
    return list(items.values())


def _by_row(intake: Intake, decisions: Iterable[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for decision in decisions:
        number = decision.get("row")
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(intake.rows):
            raise UnfitDecision(number if isinstance(number, int) else 0, "there is no such row")
        if number in found:
            raise UnfitDecision(number, "has two decisions")
        if not set(decision) <= _KNOWN:
            raise UnfitDecision(number, f"unknown decision; there are {', '.join(sorted(_KNOWN - {'row'}))}")
        found[number] = decision
    return found


def _items(row: ParsedRow, decision: Mapping[str, Any]) -> list[ChosenItem]:
    if decision.get("skip"):
        return []
    pairs = _pairs(row, decision)
    models = _models(row, decision)
    platform = decision.get("platform") or row.platform
    return [
        ChosenItem(row.row, base_url, models, row.label, platform, api_key, row.legacy_provider_id)
        for base_url, api_key in pairs
    ]


def _pairs(row: ParsedRow, decision: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    choice = decision.get("choice")
    given = decision.get("base_url")
    if choice is not None:
        pairs = next((found.pairs for found in row.choices if found.name == choice), None)
        if pairs is None:
            raise UnfitDecision(
                row.row, f"has no such choice; it has {', '.join(c.name for c in row.choices) or 'none'}"
            )
    elif row.status is RowStatus.AMBIGUOUS and (
        given is None or len({key for c in row.choices for _, key in c.pairs}) != 1
    ):
        raise UnfitDecision(
            row.row, f"is ambiguous: choose one of {', '.join(c.name for c in row.choices)}, or skip it"
        )
    else:
        pairs = ((row.base_url, row.api_key),)
    if given is not None:
        base_url = _given(row, given)
        pairs = tuple((base_url, key) for _, key in pairs)
    return [_complete(row, *pair) for pair in pairs]


def _complete(row: ParsedRow, base_url: str, api_key: str) -> tuple[str, str]:
    if not api_key:
        raise UnfitDecision(row.row, "has no usable key: skip it")
    if not base_url:
        raise UnfitDecision(row.row, "has no usable address: give base_url, or skip it")
    return base_url, api_key


def _given(row: ParsedRow, given: object) -> str:
    base_url = root_of(given.strip()).base_url if isinstance(given, str) else ""
    if not base_url:
        raise UnfitDecision(row.row, "base_url is not a valid address")
    return base_url


def _models(row: ParsedRow, decision: Mapping[str, Any]) -> tuple[str, ...]:
    given = decision.get("requested_models")
    if given is None:
        return row.requested_models
    if (
        not isinstance(given, list | tuple)
        or len(given) > MOST_MODELS
        or not all(isinstance(one, str) and 0 < len(one.strip()) <= 200 for one in given)
    ):
        raise UnfitDecision(row.row, f"requested_models must be at most {MOST_MODELS} names of 1 to 200 characters")
    return tuple(one.strip() for one in given)


def _both(first: ChosenItem, second: ChosenItem) -> ChosenItem:
    models = tuple(dict.fromkeys([*first.requested_models, *second.requested_models]))[:MOST_MODELS]
    return replace(
        first,
        requested_models=models,
        label=first.label or second.label,
        platform=first.platform or second.platform,
        legacy_provider_id=first.legacy_provider_id or second.legacy_provider_id,
    )
