"""Reconcile (docs/design.md#2-pipeline): finds through indexes what nothing is working on, and sets it going again."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from batch_import.aws.queue import Work, WorkQueue
from batch_import.aws.retries import TRY_SECONDS, ending, is_outage, seconds_to_end
from batch_import.consumer.progress import Progress
from batch_import.domain.clock import Clock, iso, milliseconds, parse
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.host.errors import HostError
from batch_import.net.deadline import deadline
from batch_import.store.dynamo import readable
from batch_import.store.item_index import ItemEntry
from batch_import.store.items import LONGEST_IN_STAGE, STAGE_PATIENCE, ItemStore, item_id_at
from batch_import.store.listing import Listing
from batch_import.store.runs import RunStore
from batch_import.store.secrets import PROBE_KEY, SecretStore

logger = logging.getLogger(__name__)
BATCH = 500  # items that one sweep looks after
_READ_TOGETHER = _PUBLISHED_TOGETHER = 100
_ERASED_TOGETHER = 200
_FOR_THE_REST = 25.0  # seconds of a sweep that items leave for ended runs, keys, groups and the metrics
_FOR_THE_METRICS = 12.0  # seconds that ended runs and their keys leave for groups and the metrics
_LATE_ANSWERS = 120.0  # seconds: by then a relay's stream and tool call have been asked, which no verdict waits for
COUNTED = (
    *("items_requeued", "items_given_up", "lists_requeued", "undos_requeued", "keys_put_back"),
    *("groups_cleared", "runs_closed", "keys_erased", "rows_unreadable"),
)


class Reconcile:
    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        listing: Listing,
        progress: Progress,
        secrets: SecretStore,
        queues: Mapping[ItemStage, WorkQueue],
        clock: Clock,
        put_back_key: Callable[[str, Mapping[str, Any]], bool],
        clear_groups: Callable[[], int],
        give_up: Callable[[Item], bool],
    ) -> None:
        """``give_up`` ends an item that has been in one stage for ``LONGEST_IN_STAGE``."""
        self._clear_groups = clear_groups
        self._give_up = give_up
        self._runs = runs
        self._items = items
        self._listing = listing
        self._progress = progress
        self._secrets = secrets
        self._queues = queues
        self._clock = clock
        self._put_back_key = put_back_key
        self._unreadable: set[str] = set()  # ids of runs, or run/item

    def sweep(self) -> dict[str, int]:
        """One pass, bounded in number and in time; what is left over is found by the next one. Returns counts for the
        metrics.

        A row that cannot be read is left alone, and counted; what belongs to it waits.
        """
        done, looked_after = Counter(dict.fromkeys(COUNTED, 0)), 0
        for item, forgotten in self._forgotten():
            if looked_after == BATCH or seconds_to_end() < _FOR_THE_REST:
                break
            if item.current_stage is ItemStage.DONE:
                self._items.note(item)
            elif self._waits_without_end(item):
                done["items_given_up"] += self._give_up(item)
            elif forgotten:
                done["items_requeued"] += self._requeue(item)
            else:
                continue
            looked_after += 1
            if looked_after % _PUBLISHED_TOGETHER == 0:  # what is not published is chosen again by the next sweep
                done["runs_closed"] += self._progress.publish()
        done["runs_closed"] += self._progress.publish()
        for run_id in self._runs.overdue(BATCH):  # what waits longest comes first
            left = seconds_to_end() - _FOR_THE_METRICS
            if left < TRY_SECONDS:
                break
            done.update(self._repaired_within(left, run_id))
        done["groups_cleared"] = self._cleared_groups()
        return self._told(done)

    def restart(self) -> dict[str, int]:
        """Queue everything that is not done, as if all messages were lost and nobody worked. Counts as ``sweep``.

        For a start of the embedded stack. A message too many does no harm: the row decides who works.
        """
        done = Counter(dict.fromkeys(COUNTED, 0))
        for run_id in self._runs.watched():
            done.update(self._repaired(run_id))
        for run in self._runs.running(self._unreadable):
            waiting: dict[ItemStage, list[str]] = defaultdict(list)
            for item in self._items_of(run, self._not_done(run)):
                if not self._waits_for_primary(item):
                    waiting[item.current_stage].append(item.item_id)
            for stage, item_ids in waiting.items():
                self._queues[stage].send_items(run.run_id, item_ids)
                done["items_requeued"] += len(item_ids)
        return self._told(done)

    def _told(self, done: Counter[str]) -> dict[str, int]:
        for row in sorted(self._unreadable):
            logger.error("row not readable", extra={"row": row})
        return {**done, "rows_unreadable": len(self._unreadable)}

    def _not_done(self, run: Run) -> list[ItemEntry]:
        try:
            return [entry for entry in self._listing.entries(run) if not entry.is_done]
        except ValueError:
            self._unreadable.add(run.run_id)
            return []

    def _forgotten(self) -> Iterator[tuple[Item, bool]]:
        """Items that nothing has looked after for a while (``True``), and others that have been in one stage for too
        long; by the index, as they are now.
        """
        for run in self._runs.running(self._unreadable):
            now, entries = self._clock.now(), self._not_done(run)
            early, long_ago = milliseconds(now - STAGE_PATIENCE), milliseconds(now - LONGEST_IN_STAGE)
            forgotten = {entry.position for entry in entries if entry.seen < early}
            chosen = [entry for entry in entries if entry.position in forgotten or entry.updated < long_ago]
            for item in self._items_of(run, chosen):
                yield item, item.position in forgotten

    def _items_of(self, run: Run, entries: Sequence[ItemEntry]) -> Iterator[Item]:
        for at in range(0, len(entries), _READ_TOGETHER):
            ids = [item_id_at(entry.position) for entry in entries[at : at + _READ_TOGETHER]]
            yield from self._readable(run, ids)

    def _readable(self, run: Run, item_ids: list[str]) -> list[Item]:
        unreadable: set[str] = set()
        items = readable(partial(self._items.get_many, run.run_id), item_ids, unreadable)
        self._unreadable.update(f"{run.run_id}/{item_id}" for item_id in unreadable)
        return items

    def _waits_without_end(self, item: Item) -> bool:
        """The bound of our own on items that go back to their queue; Lambda's is switched off (template.yaml). It holds
        for a duplicate by its primary, whose end the duplicate's own stage may have waited for.
        """
        now = self._clock.now()
        late = now - parse(item.updated_at) > LONGEST_IN_STAGE and (item.lease_expires_at or "") <= iso(now)
        return late and item.failure_code is None and item.duplicate_of is None

    def _requeue(self, item: Item) -> bool:
        """Only what is neither leased nor waiting for its due date, nor for its primary."""
        now = iso(self._clock.now())
        busy = (item.lease_expires_at or "") > now or (item.due_at or "") > now or self._waits_for_primary(item)
        try:
            self._items.look_after(item, requeued=not busy)
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

    def _repaired_within(self, seconds: float, run_id: str) -> Counter[str]:
        """A run that takes longer is begun anew by the next sweep, after those that are overdue now."""
        try:
            with deadline(seconds), ending(seconds):
                return self._repaired(run_id)
        except Exception as error:
            if not is_outage(error):
                raise
            logger.warning("run not repaired in time", extra={"run_id": run_id, "error": str(error)})
            self._runs.watch_again(run_id, iso(self._clock.now()))
            return Counter()

    def _repaired(self, run_id: str) -> Counter[str]:
        try:
            return self._repair(run_id)
        except ValueError:
            self._unreadable.add(run_id)
            return Counter()

    def _repair(self, run_id: str) -> Counter[str]:
        repaired: Counter[str] = Counter()
        run = self._runs.get(run_id)
        if run is None:
            return repaired
        self._runs.watch_again(run_id)
        if self._runs.expanded(run):
            self._queues[ItemStage.PROBE].send([Work(run_id, expand=True)])
            repaired["lists_requeued"] += 1
        bound = run.given_key_is_bound
        if bound and self._is_key_put_back(run):
            bound = False
            repaired["keys_put_back"] += 1
        if run.finished_at is None:
            self._repair_index(run)
            repaired["runs_closed"] += self._progress.publish() or self._progress.close(run)
        else:
            repaired["keys_erased"] += self._end_watch(run, needed=bound or run.is_being_undone)
        if run.is_being_undone:
            self._queues[ItemStage.PROBE].send([Work(run_id, undo=True)])
            repaired["undos_requeued"] += 1
        return repaired

    def _repair_index(self, run: Run) -> None:
        """What a crash may have kept from the index: the rows of all items that it does not hold for done. It looks
        after none of them: one whose message is lost shall be found.
        """
        known = {entry.position: entry for entry in self._listing.entries(run)}
        missing = [item_id_at(n) for n in range(run.total_items) if n not in known or not known[n].is_done]
        for item in self._readable(run, missing):
            entry = known.get(item.position)
            self._items.note(item, milliseconds(item.updated_at) if entry is None else entry.seen)

    def _end_watch(self, run: Run, *, needed: bool) -> int:
        """Repeat what follows the end of a run; returns how many keys were erased because their time is over.

        ``needed``: it is watched for another reason as well.
        """
        self._runs.show_end(run)
        self._queues[ItemStage.VALIDATE].send([Work(run.run_id, compare_from=0)], _LATE_ANSWERS)
        self._progress.erase_secrets(run)
        erased = 0
        if run.keys_until is not None:
            until = datetime.fromtimestamp(run.keys_until, UTC)
            if until > self._clock.now():
                if not needed:
                    self._runs.watch_again(run.run_id, iso(until))
                return 0
            erased = self._erase_keys(run)
        if not needed:
            self._runs.stop_watching(run.run_id)
        return erased

    def _erase_keys(self, run: Run) -> int:
        """The data key goes first, so that no key can be opened any more. What there is no time for is left to the next
        sweep, which goes on behind what was erased.
        """
        self._secrets.erase_run(run.run_id, [PROBE_KEY])
        entries = self._listing.entries(run)
        held = [entry.position for entry in entries if not entry.is_active and entry.position >= run.keys_erased]
        for at in range(0, len(held), _ERASED_TOGETHER):
            portion = held[at : at + _ERASED_TOGETHER]
            self._secrets.erase(run.run_id, map(item_id_at, portion))
            self._runs.keys_are_erased(run.run_id, portion[-1] + 1)
        return len(held)

    def _is_key_put_back(self, run: Run) -> bool:
        try:
            put_back = self._put_back_key(run.run_id, run.self_service or {})
        except Exception as error:  # tried again as long as the run is watched
            if not (isinstance(error, HostError) or is_outage(error)):
                raise
            logger.warning("given key not put back", extra={"run_id": run.run_id, "error": str(error)})
            return False
        if not put_back:
            self._runs.watch_again(run.run_id, iso(self._clock.now()))  # the next sweep tries again
        return put_back
