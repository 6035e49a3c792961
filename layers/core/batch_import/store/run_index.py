"""The index of runs: what the list of runs filters, searches and sorts by."""

from collections.abc import Iterator
from typing import NamedTuple

from batch_import.domain.clock import milliseconds
from batch_import.domain.entities import Run
from batch_import.domain.types import RunState
from batch_import.store.dynamo import Table
from batch_import.store.index_pages import Entries, IndexPages

RUNS_PER_PAGE = 40
FIRST_PAGES = 4  # what one page of the list usually needs
_PK = "runs#index"
_COUNTER = "runs#counter"
_STATE = "#state"  # a second entry of a run, which changes
_LONGEST_TEXT = 400  # characters of what is searched in; of a longer text the run's own rows have the rest


class RunEntry(NamedTuple):
    """What the index knows of a run. ``text`` is in lower case; ``is_cut`` when there is more of it."""

    run_id: str
    started: int  # in milliseconds of the epoch
    state: str
    access_mode: str
    is_cut: bool
    text: str

    @property
    def order_key(self) -> str:
        """Greatest first: newest first (docs/design.md#35-list-orders)."""
        return f"{self.started:011x}{self.run_id}"


class RunIndex:
    def __init__(self, runs: Table) -> None:
        self._table = runs
        self._pages = IndexPages(runs)

    def new_page(self) -> int:
        """The number of the page for one more run."""
        row = self._table.updated(_COUNTER, _COUNTER, "ADD runs :one", {":one": 1}) or {}
        return int(row["runs"]) // RUNS_PER_PAGE

    def add(self, run: Run, text: str) -> None:
        """``text`` is what a search looks at."""
        cut = text[:_LONGEST_TEXT].lower()
        line = f"{milliseconds(run.started_at):011x} {run.access_mode} {int(len(text) > len(cut))} {cut}"
        self._pages.set(_PK, _name(run), {run.run_id: line})

    def set_state(self, run: Run) -> None:
        phase = 2 if run.finished_at is not None else int(run.state is not RunState.RUNNING)
        self._pages.set(_PK, _name(run), {f"{run.run_id}{_STATE}": f"{phase} {run.state}"})

    def pages(self) -> Iterator[list[RunEntry]]:
        """All entries, a page at a time, newest page first. A run that was never stored may be among them."""
        for _, entries in self._pages.pages(_PK, newest_first=True, first=FIRST_PAGES):
            yield [_read(name, entries) for name in entries if not name.endswith(_STATE)]


def _name(run: Run) -> str:
    return f"{run.index_page:08d}"


def _read(run_id: str, entries: Entries) -> RunEntry:
    started, access_mode, is_cut, text = entries[run_id].split(" ", 3)
    state = entries.get(f"{run_id}{_STATE}", f"0 {RunState.RUNNING}").split(" ")[1]
    return RunEntry(run_id, int(started, 16), state, access_mode, is_cut == "1", text)
