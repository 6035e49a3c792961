"""Lists in their documented orders, from the index pages.

See docs/design.md#35-list-orders.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from batch_import.domain.entities import Item, Run
from batch_import.domain.types import ItemOrder
from batch_import.store.cursors import decode_cursor, encode_cursor
from batch_import.store.item_index import ItemEntry, ItemIndex
from batch_import.store.items import ItemStore, item_id_at
from batch_import.store.run_index import RunEntry, RunIndex
from batch_import.store.runs import RunStore

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
SEARCH_ROW_BYTES = 300_000

Filter = Mapping[str, Any]


def pack_search(lines: Iterable[str]) -> list[bytes]:
    """What ``q`` searches, a line an item: compressed, split so that each part fits a row."""
    gathered, packed, size = list[str](), list[bytes](), 0
    for line in lines:
        gathered.append(line.lower())
        size += len(line.encode()) + 1
        if size > SEARCH_ROW_BYTES:
            packed.append(zlib.compress("\n".join(gathered).encode()))
            gathered, size = [], 0
    return [*packed, zlib.compress("\n".join(gathered).encode())] if gathered else packed


class ItemPage(NamedTuple):
    """A page of a list of items. ``matching`` is how many items meet its filters, on all pages together."""

    items: list[Item]
    next_cursor: str | None
    matching: int


class Listing:
    def __init__(self, run_index: RunIndex, item_index: ItemIndex, runs: RunStore, items: ItemStore) -> None:
        self._run_index = run_index
        self._item_index = item_index
        self._runs = runs
        self._items = items

    # --- runs

    def runs(self, filters: Filter, limit: int, cursor: str | None) -> tuple[list[Run], str | None]:
        """``started_at`` descending; filters ``state``, ``access_mode``, ``q`` (run id, and items' provider or URL)."""
        scope = {"list": "runs", **filters}
        position = decode_cursor(cursor, scope)
        found: list[tuple[str, Run]] = []
        for entries in _in_order(self._run_index.pages()):
            wanted = [e for e in entries if position is None or e.order_key < position]
            found += self._matching_runs(wanted, filters)
            if len(found) > limit:
                return [run for _, run in found[:limit]], encode_cursor(found[limit - 1][0], scope)
        return [run for _, run in found], None

    def _matching_runs(self, entries: Iterable[RunEntry], filters: Filter) -> list[tuple[str, Run]]:
        """Those of ``entries`` that meet the filters, with their places. Their rows have the last word."""
        query = (filters.get("q") or "").lower()
        likely = [e for e in entries if _run_may_match(e, filters, query)]
        rows = {run.run_id: run for run in self._runs.get_many([e.run_id for e in likely])}
        return [
            (e.order_key, rows[e.run_id])
            for e in likely
            if e.run_id in rows
            and filters.get("state") in (None, rows[e.run_id].state)
            and (query in e.run_id.lower() or query in e.text or self._is_searched(rows[e.run_id], query))
        ]

    def _is_searched(self, run: Run, query: str) -> bool:
        return any(query in line for line in self._search_lines(run))

    def _search_lines(self, run: Run) -> Iterator[str]:
        """Of each item, in the order of the list: its provider and its URL, in lower case."""
        for text in self._runs.search_texts(run):
            yield from zlib.decompress(text).decode().split("\n")

    # --- items

    def items(
        self,
        run: Run,
        filters: Filter,
        limit: int,
        cursor: str | None,
        order: ItemOrder = ItemOrder.STATUS,
        name: str = "items",
    ) -> ItemPage:
        """By ``order``: that of docs/design.md#35-list-orders, or that of the run's list.

        In the order of status an item that moves while a reader walks may be met twice, or not; in that of the list,
        every item is met once. A cursor goes on in a list of the same ``name``.
        """
        bound = {"list": name, "run": run.run_id, **filters, "order": order}
        position = decode_cursor(cursor, bound, _NUMBER)
        by_position = order is ItemOrder.POSITION
        after = -1 if position is None else int(position)
        place: Callable[[ItemEntry], int] = _list_place if by_position else _status_place
        matching = [(place(entry), entry) for entry in self._matching(run, filters)]
        entries = sorted((at, entry) for at, entry in matching if at > after)
        found: list[tuple[int, Item]] = []
        while entries and len(found) <= limit:
            some, entries = entries[: limit + 1], entries[limit + 1 :]
            rows = self._rows(run, [entry for _, entry in some])
            found += [
                (at, rows[e.position]) for at, e in some if e.position in rows and _is_as(rows[e.position], filters)
            ]
        more = encode_cursor(str(found[limit - 1][0]), bound) if len(found) > limit else None
        return ItemPage([item for _, item in found[:limit]], more, len(matching))

    def entries(self, run: Run) -> list[ItemEntry]:
        """What the index knows of the run's items, in the order of its list."""
        return sorted(self._item_index.read(run), key=lambda entry: entry.position)

    def _rows(self, run: Run, entries: list[ItemEntry]) -> dict[int, Item]:
        found = self._items.get_many(run.run_id, [item_id_at(entry.position) for entry in entries])
        return {item.position: item for item in found}

    def _matching(self, run: Run, filters: Filter) -> list[ItemEntry]:
        entries = _entries_matching(self._item_index.read(run), filters)
        query, provider_id = (filters.get("q") or "").lower(), filters.get("provider_id")
        if not (query or provider_id) or not entries:
            return entries
        lines = list(self._search_lines(run))
        return [e for e in entries if _line_matches(e.position, lines[e.position], query, provider_id)]


def _in_order(pages: Iterator[list[RunEntry]]) -> Iterator[list[RunEntry]]:
    """Entries newest first, in portions. Runs that begin together may stand in two pages, side by side."""
    held: list[RunEntry] = []
    for page in pages:
        held = sorted([*held, *page], key=lambda entry: entry.order_key, reverse=True)
        older = max((entry.order_key for entry in page), default="")
        ready = [entry for entry in held if entry.order_key > older]
        if ready:
            yield ready
        held = held[len(ready) :]
    yield held


def _run_may_match(entry: RunEntry, filters: Filter, query: str) -> bool:
    if filters.get("access_mode") not in (None, entry.access_mode):
        return False
    if filters.get("state") not in (None, entry.state):
        return False
    return not query or entry.is_cut or query in entry.text or query in entry.run_id.lower()


_FIELDS = (
    *("current_stage", "access_status", "confirmation_status", "matched_account_state", "account_resolution"),
    *("platform", "code", "has_warning", "has_failed"),
)


def _entries_matching(entries: Iterable[ItemEntry], filters: Filter) -> list[ItemEntry]:
    wanted = [(name, filters[name]) for name in _FIELDS if filters.get(name) is not None]
    return [entry for entry in entries if all(getattr(entry, name) == value for name, value in wanted)]


def _is_as(item: Item, filters: Filter) -> bool:
    """The row may have moved on since its entry was written."""
    matches = bool(_entries_matching([ItemEntry.of(item, 0)], filters))
    return matches and filters.get("provider_id") in (None, item.provider_id)


def _line_matches(position: int, line: str, query: str, provider_id: str | None) -> bool:
    if provider_id is not None and line.partition(" ")[0] != provider_id.lower():
        return False
    return not query or query in line or query in item_id_at(position)


def _status_place(entry: ItemEntry) -> int:
    """Least first: not done, then broken and degraded together, then the rest; newest first in each."""
    rank = 1 if entry.has_failed else 2 if entry.is_done else 0
    return ((rank + 1) * _MOMENTS - entry.updated) * _POSITIONS - entry.position


def _list_place(entry: ItemEntry) -> int:
    return entry.position


_NUMBER = "[0-9]{1,30}"
_MOMENTS, _POSITIONS = 16**11, 100_000  # more than there are milliseconds of the epoch, and items of a run
