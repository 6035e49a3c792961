"""Lists in their documented orders, from the index pages.

See docs/design.md#35-list-orders.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from batch_import.aws.retries import seconds_to_end
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
_MOST_SEARCHED = 1000  # rows that hold what is searched in, for one answer
_TO_ANSWER = 20.0  # seconds before the end of the invocation, after which a list of runs reads no further

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
        """``started_at`` descending; filters ``state``, ``access_mode``, ``q`` (run id, and items' provider or URL).

        An answer that has read much is shorter than ``limit``, or empty, and its cursor goes on from there.
        """
        scope = {"list": "runs", **filters}
        position = decode_cursor(cursor, scope)
        found, searched = list[tuple[str, Run]](), 0
        for entries in _in_order(self._run_index.pages()):
            wanted = [e for e in entries if position is None or e.order_key < position]
            matching, read = self._matching_runs(wanted, filters)
            found += matching
            searched += read
            if len(found) > limit:
                return [run for _, run in found[:limit]], encode_cursor(found[limit - 1][0], scope)
            if wanted and (searched >= _MOST_SEARCHED or seconds_to_end() < _TO_ANSWER):
                return [run for _, run in found], encode_cursor(wanted[-1].order_key, scope)
        return [run for _, run in found], None

    def _matching_runs(self, entries: Iterable[RunEntry], filters: Filter) -> tuple[list[tuple[str, Run]], int]:
        """Those of ``entries`` that meet the filters, with their places, and how many rows were read to search in.

        The runs' own rows have the last word.
        """
        query, state = (filters.get("q") or "").lower(), filters.get("state")
        likely = {e.run_id: e for e in entries if _run_may_match(e, filters, query)}
        runs = [run for run in self._runs.get_many(list(likely)) if state in (None, run.state)]
        doubtful = [run for run in runs if not _shows(likely[run.run_id], query)]
        texts = self._runs.search_texts_of(doubtful)
        matching = [run for run in runs if run.run_id not in texts or _is_in(texts[run.run_id], query)]
        return [(likely[run.run_id].order_key, run) for run in matching], sum(map(len, texts.values()))

    def _search_lines(self, run: Run) -> list[str]:
        """Of each item, in the order of the list: its provider and its URL, in lower case."""
        return [line for text in self._runs.search_texts(run) for line in _unpacked(text).split("\n")]

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
        lines = self._search_lines(run)
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
    return entry.is_cut or _shows(entry, query)


def _shows(entry: RunEntry, query: str) -> bool:
    """Whether the run meets ``query`` by what its entry says."""
    return query in entry.text or query in entry.run_id.lower()


def _is_in(texts: Iterable[bytes], query: str) -> bool:
    return any(query in _unpacked(text) for text in texts)


def _unpacked(text: bytes) -> str:
    return zlib.decompress(text).decode()


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
