"""Undo: what a run made and nobody has used since is taken back, by a queue worker (docs/design.md#37-undo)."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from batch_import.aws.queue import Work, WorkQueue
from batch_import.aws.retries import ending
from batch_import.consumer.stage_worker import END_SECONDS, LAST_SECONDS, SecondsLeft, is_no_items_fault
from batch_import.coordination.provider_lock import PATIENCE, ProviderBusy, ProviderLocks
from batch_import.domain.clock import Clock, parse
from batch_import.domain.entities import Item, NewEvent, Run
from batch_import.domain.errors import Conflict, StaleWrite
from batch_import.domain.types import EventType, Platform
from batch_import.domain.undo import left_nothing
from batch_import.domain.undo_results import UndoOutcome, UndoReason, UndoResult, kept
from batch_import.host.errors import HostError
from batch_import.host.transport import TIMEOUT
from batch_import.net.deadline import deadline
from batch_import.proofs.withdrawal import Withdrawal
from batch_import.runs.create import BatchImportService, Started
from batch_import.runs.follow_up import FollowUp
from batch_import.runs.item_list import idempotency_facts
from batch_import.store.items import ItemStore
from batch_import.store.runs import RunStore

logger = logging.getLogger(__name__)
AT_ONCE = 8  # providers
WORST_CASE = PATIENCE + 2 * TIMEOUT + END_SECONDS  # seconds for a provider to be begun with
_ONE_MORE = 2 * TIMEOUT + END_SECONDS  # seconds for another account of that provider
_BUSY_SECONDS, _HOST_SECONDS = 5.0, 60.0
_PATIENCE = timedelta(hours=1)  # with a host that fails
_Place = tuple[str, Platform]


class UndoRequests:
    """What the API does about an undo."""

    def __init__(self, runs: RunStore, follow_up: FollowUp, service: BatchImportService, queue: WorkQueue) -> None:
        self._runs = runs
        self._follow_up = follow_up
        self._service = service
        self._queue = queue

    def ask(self, run_id: str, idempotency_key: str | None = None) -> Started:
        """Queue the undo of an ended run. One that is under way goes on; one that has ended looks again at what stayed.

        ``Conflict`` for a run that has not ended, and for a dry run.
        """
        facts = idempotency_facts(lambda: f"undo {run_id}", idempotency_key)
        earlier = self._service.earlier(facts)
        run = earlier
        if run is None:
            run = self._follow_up.ended(run_id)
            if run.dry_run:
                raise Conflict(
                    f"run {run_id} is a dry run: it has left nothing in the host",
                    f"批次 {run_id} 是试运行，没有在 sub2api 中留下任何内容",
                )
            if not run.is_being_undone and not self._runs.ask_undo(run, facts):
                return self.ask(run_id, idempotency_key)  # another call came first
            run = self._follow_up.ended(run_id)
        if run.is_being_undone:
            self._queue.send([Work(run_id, undo=True)])
        return Started(run, replayed=earlier is not None)


class UndoWorker:
    """One per invocation. ``withdrawal`` makes the part that writes to the host; it may raise a ``HostError``."""

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        follow_up: FollowUp,
        locks: Callable[[], ProviderLocks],
        withdrawal: Callable[[Run], Withdrawal],
        queue: WorkQueue,
        compare: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """``compare`` queues that the index of relays is brought up to date."""
        self._compare = compare
        self._runs = runs
        self._items = items
        self._follow_up = follow_up
        self._locks = locks
        self._withdrawal = withdrawal
        self._queue = queue
        self._clock = clock

    def work(self, run_id: str, seconds_left: SecondsLeft) -> None:
        """Undo as much as there is time for, and queue the rest. Any of it may be repeated."""
        run = self._runs.get(run_id)
        if run is None or not run.is_being_undone:
            return
        delay = self._delay(run, seconds_left)
        if delay is None:
            self._compare(run_id)
            self._runs.end_undo(run)
        else:
            self._queue.send([Work(run_id, undo=True)], delay)

    def _delay(self, run: Run, seconds_left: SecondsLeft) -> float | None:
        """Seconds until the rest can be tried; ``None`` when nothing is left."""
        places = self._places(run)
        if not places:
            return None
        try:
            withdrawal, locks = self._withdrawal(run), self._locks()
        except HostError as error:
            return self._failed(run, [item for items in places.values() for item in items], error, error.wait)

        def undo(place: _Place) -> float | None:
            if seconds_left() < WORST_CASE:
                return 0.0
            with ending(seconds_left() - LAST_SECONDS), deadline(seconds_left() - END_SECONDS):
                return self._undo(run, place, places[place], withdrawal, locks, seconds_left)

        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                delays = [delay for delay in pool.map(undo, places) if delay is not None]
        finally:
            locks.close()
        return min(delays, default=None)

    def _places(self, run: Run) -> dict[_Place, list[Item]]:
        """What is left, newest first, by provider and platform."""
        places: dict[_Place, list[Item]] = defaultdict(list)
        for item in reversed(self._follow_up.items_of(run)):
            if _is_waiting(item, run):
                places[item.provider_id, item.of_platform].append(item)
        return places

    def _undo(
        self,
        run: Run,
        place: _Place,
        items: Sequence[Item],
        withdrawal: Withdrawal,
        locks: ProviderLocks,
        seconds_left: SecondsLeft,
    ) -> float | None:
        try:
            with locks.hold(place[0]):
                fresh = self._items.get_many(run.run_id, [item.item_id for item in items])
                waiting = [item for item in fresh if _is_waiting(item, run)]
                return None if self._undo_place(run, place, waiting, withdrawal, seconds_left) else 0.0
        except (ProviderBusy, StaleWrite):
            return _BUSY_SECONDS
        except HostError as error:
            return self._failed(run, items, error, error.wait)
        except Exception as error:  # one place must not keep the others from their end
            if is_no_items_fault(error):
                return _HOST_SECONDS
            return self._failed(run, items, error)

    def _undo_place(
        self, run: Run, place: _Place, items: Sequence[Item], withdrawal: Withdrawal, seconds_left: SecondsLeft
    ) -> bool:
        """Access first, then the accounts, the last made first, then channel and group: with the last item, so that
        what breaks off comes back here. ``False`` when another invocation has to go on.
        """
        for item in filter(left_nothing, items):
            self._record(run, item, UndoResult(UndoOutcome.NOTHING))
        items = [item for item in items if not left_nothing(item)]
        if not items:
            return True
        access = withdrawal.unused_access(*place)
        if access:
            taken = NewEvent(
                event_type=EventType.ACCESS_TAKEN,
                message=f"{len(access)} subscription(s)",
                payload={"user_ids": [row["user_id"] for row in access]},
            )
            items = [self._items.transition(items[0], {}, [taken]), *items[1:]]
            withdrawal.take(access)
        for item in items[:-1]:
            self._record(run, item, *withdrawal.withdraw(item))
            if seconds_left() < _ONE_MORE:
                return False
        result, events = withdrawal.withdraw(items[-1])
        reason, more = withdrawal.clear(*place)
        if reason is not None:
            result = replace(result, settled=False)
        self._record(run, items[-1], result, [*events, *more], reason)
        return True

    def _record(
        self,
        run: Run,
        item: Item,
        result: UndoResult,
        events: Sequence[NewEvent] = (),
        group_stays: UndoReason | None = None,
    ) -> None:
        payload = {"outcome": result.outcome, "reason": result.reason}
        if group_stays is not None:
            payload["group_stays"] = group_stays
        decided = NewEvent(event_type=EventType.UNDO_DECIDED, message=f"undo: {result.outcome}", payload=payload)
        self._items.transition(item, {"undo_result": result.row(run.undos)}, [*events, decided])

    def _failed(self, run: Run, items: Sequence[Item], error: Exception, wait: float = 0.0) -> float | None:
        """The host is given an hour; then what is left stays, and says so."""
        logger.warning("undo broke off", extra={"run_id": run.run_id}, exc_info=error)
        if self._clock.now() - parse(run.undo_asked_at or run.started_at) < _PATIENCE:
            return max(wait, _HOST_SECONDS)
        for item in self._items.get_many(run.run_id, [item.item_id for item in items]):
            if _is_waiting(item, run):
                self._record(run, item, kept(UndoReason.HOST_FAILED))
        return None


def _is_waiting(item: Item, run: Run) -> bool:
    known = item.undo_result
    return known is None or not (known["settled"] or known["undo"] == run.undos)
