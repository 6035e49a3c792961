"""The index of a run's items: what lists filter and sort by, and what counters are sums of."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from batch_import.domain.clock import Clock, milliseconds
from batch_import.domain.entities import Cause, Counters, Item, Run
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.store.dynamo import Table
from batch_import.store.index_pages import IndexPages

ITEMS_PER_PAGE = 16  # their entries stay below a kilobyte, which is what one write unit pays for
_SPREAD = 4  # keys over which the pages of a run are spread


class ItemEntry(NamedTuple):
    """What the index knows of an item. ``code`` is its latest error's; times are in milliseconds of the epoch."""

    version: int
    seen: int  # when something last worked on the item, or looked after it
    updated: int
    position: int
    current_stage: str
    access_status: str
    confirmation_status: str
    matched_account_state: str
    account_resolution: str
    has_warning: bool
    platform: str
    code: str

    @classmethod
    def of(cls, item: Item, seen: int) -> "ItemEntry":
        return cls(
            item.version,
            seen,
            milliseconds(item.updated_at),
            item.position,
            item.current_stage,
            item.shown_access,
            item.confirmation_status,
            item.matched_account_state or "",
            item.account_resolution or "",
            item.has_warning,
            item.platform or "",
            item.last_error_code or "",
        )

    @classmethod
    def read(cls, position: int, text: str) -> "ItemEntry":
        version, seen, updated, stage, access, confirmation, matched, resolution, warning, platform, code = text.split(
            " "
        )
        return cls(
            int(version, 16),
            int(seen, 16),
            int(updated, 16),
            position,
            *(stage, access, confirmation, matched, resolution),
            warning == "1",
            platform,
            code,
        )

    def text(self) -> str:
        """The newer of two entries of an item is the greater text."""
        return " ".join((
            f"{self.version:04x}", f"{self.seen:011x}", f"{self.updated:011x}", self.current_stage, self.access_status,
            self.confirmation_status, self.matched_account_state, self.account_resolution, str(int(self.has_warning)),
            self.platform, self.code,
        ))  # fmt: skip

    @property
    def is_done(self) -> bool:
        return self.current_stage == ItemStage.DONE

    @property
    def is_active(self) -> bool:
        return self.access_status == AccessStatus.ACTIVE

    @property
    def has_failed(self) -> bool:
        """Ended degraded or broken."""
        return self.is_done and self.access_status in (AccessStatus.BROKEN, AccessStatus.DEGRADED)


class DonePage(NamedTuple):
    """A page of which all ``items`` that it holds are done; others may be listed later."""

    run_id: str
    page: int
    items: int

    def is_complete(self, run: Run) -> bool:
        """Whether no item of the page is missing."""
        return self.items == min(ITEMS_PER_PAGE, run.total_items - self.page * ITEMS_PER_PAGE)


def pages_of(total_items: int) -> int:
    return -(-total_items // ITEMS_PER_PAGE)


def page_of(position: int) -> int:
    return position // ITEMS_PER_PAGE


class ItemIndex:
    """Used by all threads of a process. Entries are gathered, and written a page at a time."""

    def __init__(self, runs: Table, clock: Clock) -> None:
        self._pages = IndexPages(runs)
        self._clock = clock
        self._noted: dict[tuple[str, int], dict[int, ItemEntry]] = defaultdict(dict)
        self._lock = threading.Lock()

    def note(self, item: Item, seen: int | None = None) -> None:
        """``item`` is what its row says now: its entry is written by the next ``flush``. ``seen`` keeps the moment
        (milliseconds) at which something last worked on it or looked after it; otherwise that is now.
        """
        entry = ItemEntry.of(item, milliseconds(self._clock.now()) if seen is None else seen)
        with self._lock:
            noted = self._noted[item.run_id, page_of(item.position)]
            known = noted.get(item.position)
            if known is None or known.text() <= entry.text():
                noted[item.position] = entry

    def flush(self, end_page: Callable[[DonePage], None]) -> None:
        """Write what was noted, and call ``end_page`` for each page of which all items are done; maybe more than once.

        What could not be written, or ended, is noted again, and the error raised.
        """
        with self._lock:
            noted, self._noted = self._noted, defaultdict(dict)
        while noted:
            (run_id, page), entries = noted.popitem()
            try:
                written = self._write(run_id, page, entries)
                if all(entry.is_done for entry in written):
                    end_page(DonePage(run_id, page, len(written)))
            except BaseException:
                self._note_again({(run_id, page): entries, **noted})
                raise

    def _write(self, run_id: str, page: int, entries: Mapping[int, ItemEntry]) -> list[ItemEntry]:
        texts = {str(position): entry.text() for position, entry in entries.items()}
        written = self._pages.set(_key(run_id, page), f"{page:04d}", texts)
        return [ItemEntry.read(int(position), text) for position, text in written.items()]

    def _note_again(self, noted: Mapping[tuple[str, int], Mapping[int, ItemEntry]]) -> None:
        with self._lock:
            for key, entries in noted.items():
                self._noted[key] = {**entries, **self._noted.get(key, {})}

    def read(self, run: Run, *, consistent: bool = False) -> Iterator[ItemEntry]:
        """All entries of a run, in no order. An item that has just been listed may be missing."""
        for spread in range(min(_SPREAD, run.pages)):
            for _, entries in self._pages.pages(_key(run.run_id, spread), consistent=consistent):
                for position, text in entries.items():
                    yield ItemEntry.read(int(position), text)

    def counters(self, run: Run, *, consistent: bool = False) -> Counters:
        """The run's sums; as they were at its end, when it has ended."""
        return run.totals or counted(self.read(run, consistent=consistent))


def counted(entries: Iterable[ItemEntry]) -> Counters:
    """The sums over those that are done."""
    done = [entry for entry in entries if entry.is_done]
    by_access = [entry.access_status for entry in done]
    return Counters(
        completed_items=len(done),
        active_items=by_access.count(AccessStatus.ACTIVE),
        degraded_items=by_access.count(AccessStatus.DEGRADED),
        broken_items=by_access.count(AccessStatus.BROKEN),
        warning_items=sum(entry.has_warning for entry in done),
        causes=_causes(entry for entry in done if entry.has_failed),
    )


def _causes(failed: Iterable[ItemEntry]) -> tuple[Cause, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in failed:
        if entry.code:
            counts[entry.code][f"{entry.access_status}_items"] += 1
    most_first = sorted(counts.items(), key=lambda one: (-one[1].total(), one[0]))
    return tuple(Cause.model_validate({"code": code, **by_access}) for code, by_access in most_first)


def _key(run_id: str, page: int) -> str:
    return f"{run_id}#index{page % _SPREAD}"
