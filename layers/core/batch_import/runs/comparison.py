"""What a run found out is entered into the index of relays, when it has ended (docs/decisions/0036-compare.md)."""

from collections.abc import Callable, Sequence
from functools import partial

from batch_import.aws.queue import Work, WorkQueue
from batch_import.domain.comparison import Told, followed, says_something, told_by
from batch_import.domain.entities import Item
from batch_import.domain.finding import Finding
from batch_import.store.items import ItemStore, item_id_at
from batch_import.store.relay_index import Change, RelayIndex
from batch_import.store.runs import RunStore

_READ_TOGETHER = 100
_TO_WRITE = 30.0  # seconds of an invocation


class RunComparison:
    def __init__(self, runs: RunStore, items: ItemStore, index: RelayIndex, queue: WorkQueue) -> None:
        self._runs = runs
        self._items = items
        self._index = index
        self._queue = queue

    def work(self, run_id: str, start: int, seconds_left: Callable[[], float]) -> None:
        """Enter the items from position ``start`` on; what there is no time for is queued. Repeating is harmless."""
        run = self._runs.get(run_id)
        if run is None or run.dry_run or run.finished_at is None:
            return
        changes: dict[str, Change] = {}
        end = start
        while end < run.total_items and (end == start or seconds_left() > _TO_WRITE):
            ids = [item_id_at(position) for position in range(end, min(end + _READ_TOGETHER, run.total_items))]
            end += len(ids)
            self._gather(self._items.get_many(run_id, ids), changes)
        self._index.change(changes)
        if end < run.total_items:
            self._queue.send([Work(run_id, compare_from=end)])

    def _gather(self, items: Sequence[Item], changes: dict[str, Change]) -> None:
        telling = [item for item in items if says_something(item)]
        profiles = self._items.profiles(telling)
        for item in telling:
            told = told_by(item, profiles[item.item_id])
            for relay in told.relays:
                changes[relay] = partial(_after, changes.get(relay), told)


def _after(earlier: Change | None, told: Told, known: Finding | None) -> Finding | None:
    return followed(earlier(known) if earlier else known, told)
