"""Reconcile (docs/design.md#2-pipeline): finds through indexes what nothing is working on, and sets it going again."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from batch_import.aws.queue import Work, WorkQueue
from batch_import.domain.clock import Clock, iso, parse
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostError
from batch_import.store.items import ItemStore
from batch_import.store.runs import RunStore

logger = logging.getLogger(__name__)
BATCH = 200
LONGEST_IN_STAGE = timedelta(days=1)  # the keys of a list are not kept longer by default
COUNTED = (
    *("items_requeued", "items_given_up", "lists_requeued", "undos_requeued", "keys_put_back"),
    *("groups_cleared", "runs_closed", "keys_erased"),
)


class Reconcile:
    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        queues: Mapping[ItemStage, WorkQueue],
        clock: Clock,
        put_back_key: Callable[[str, Mapping[str, Any]], None],
        clear_groups: Callable[[], int],
        give_up: Callable[[Item], bool],
    ) -> None:
        """``give_up`` ends an item that has been in one stage for ``LONGEST_IN_STAGE``."""
        self._clear_groups = clear_groups
        self._give_up = give_up
        self._runs = runs
        self._items = items
        self._queues = queues
        self._clock = clock
        self._put_back_key = put_back_key

    def sweep(self) -> dict[str, int]:
        """One bounded pass; what is left over is found by the next one. Returns counts for the metrics."""
        done = Counter(dict.fromkeys(COUNTED, 0))
        for item in self._items.overdue(BATCH):
            if self._waits_without_end(item):
                done["items_given_up"] += self._give_up(item)
            else:
                done["items_requeued"] += self._requeue(item)
        for run_id in self._runs.overdue(BATCH):
            done.update(self._repair(run_id))
        done["groups_cleared"] = self._cleared_groups()
        done["keys_erased"] = self._items.erase_old_keys(BATCH)
        return dict(done)

    def restart(self) -> dict[str, int]:
        """Queue everything that is not done, as if all messages were lost and nobody worked. Counts as ``sweep``.

        For a start of the embedded stack. A message too many does no harm: the row decides who works.
        """
        done = Counter(dict.fromkeys(COUNTED, 0))
        waiting: dict[tuple[ItemStage, str], list[str]] = defaultdict(list)
        for item in self._items.not_done():
            if not self._waits_for_primary(item):
                waiting[item.current_stage, item.run_id].append(item.item_id)
        for (stage, run_id), item_ids in waiting.items():
            self._queues[stage].send_items(run_id, item_ids)
            done["items_requeued"] += len(item_ids)
        for run_id in self._runs.watched():
            done.update(self._repair(run_id))
        return dict(done)

    def _waits_without_end(self, item: Item) -> bool:
        """The bound of our own on items that go back to their queue; Lambda's is switched off (template.yaml)."""
        now = self._clock.now()
        late = now - parse(item.updated_at) > LONGEST_IN_STAGE and (item.lease_expires_at or "") <= iso(now)
        return late and item.failure_code is None and not self._waits_for_primary(item)

    def _requeue(self, item: Item) -> bool:
        """Only what is neither leased nor waiting for its due date, nor for its primary."""
        now = iso(self._clock.now())
        busy = (item.lease_expires_at or "") > now or (item.due_at or "") > now or self._waits_for_primary(item)
        try:
            self._items.watch_again(item, requeued=not busy)
        except StaleWrite:
            return False
        if not busy:
            self._queues[item.current_stage].send_items(item.run_id, [item.item_id])
        return not busy

    def _waits_for_primary(self, item: Item) -> bool:
        if item.duplicate_of is None:
            return False
        primary = self._items.get(item.run_id, item.duplicate_of)
        return primary is not None and primary.current_stage is not ItemStage.DONE

    def _cleared_groups(self) -> int:
        try:
            return self._clear_groups()
        except HostError as error:  # the next minute comes
            logger.warning("isolation groups not cleared", extra={"error": str(error)})
            return 0

    def _repair(self, run_id: str) -> Counter[str]:
        repaired: Counter[str] = Counter()
        run = self._runs.get(run_id)
        if run is None:
            return repaired
        self._runs.watch_again(run_id)
        if any(self._runs.list_part(run_id, n) is not None for n in range(run.list_parts)):
            self._queues[ItemStage.PROBE].send([Work(run_id, expand=True)])
            repaired["lists_requeued"] += 1
        if run.is_being_undone:
            self._queues[ItemStage.PROBE].send([Work(run_id, undo=True)])
            repaired["undos_requeued"] += 1
        bound = run.given_key_is_bound
        if bound and self._is_key_put_back(run):
            bound = False
            repaired["keys_put_back"] += 1
        if run.finished_at is None:
            repaired["runs_closed"] += self._runs.close(run)
        elif not bound and not run.is_being_undone:
            self._runs.stop_watching(run_id)
        return repaired

    def _is_key_put_back(self, run: Run) -> bool:
        try:
            self._put_back_key(run.run_id, run.self_service or {})
        except HostError as error:  # tried again as long as the run is watched
            logger.warning("given key not put back", extra={"run_id": run.run_id, "error": str(error)})
            return False
        return True
