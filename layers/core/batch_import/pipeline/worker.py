"""One invocation of a stage's worker: many items at once in threads, finished ones handed on while others wait.

The rules of docs/design.md#24-confirm: the row decides who works; a message received again is split, so that a
poisonous item takes
no other with it; an item is begun only if the time left covers its worst case.
"""

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from batch_import.deadline import deadline
from batch_import.domain.clock import Clock, parse
from batch_import.domain.entities import Item
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.pipeline.steps import Afterwards, HandOn
from batch_import.probe.relay import COMPLETION_TIMEOUT
from batch_import.queue import ITEMS_PER_MESSAGE, Work, WorkQueue
from batch_import.store.items import ItemStore

logger = logging.getLogger(__name__)

THREADS = 200
_CRASH_PAUSE = 5.0
_COMPANY = 2.0  # seconds that a finished item waits for others to share its message
END_SECONDS = 10.0  # of an invocation, for what is left to write when its items have come to their end
AFTERWARDS_SECONDS = COMPLETION_TIMEOUT + END_SECONDS
LEASE_MARGIN = 5  # seconds that a lease outlasts its invocation
_EARLY = 0.5  # seconds before its due date at which an item is worked all the same


@dataclass(frozen=True)
class Delivery:
    """A message as it was received."""

    message_id: str
    receipt_handle: str
    receive_count: int
    work: Work

    def owner(self, item_id: str) -> str:
        """A token of this very delivery: a repeated request of ours is admitted, another delivery is not."""
        return f"{self.message_id}:{self.receive_count}:{item_id}"


Queues = Mapping[ItemStage, WorkQueue]
Handle = Callable[[Item], HandOn]
SecondsLeft = Callable[[], float]
Prepare = Callable[[list[Item], Sequence[Item]], list[Item]]
Admit = Callable[[Sequence[Item]], tuple[Sequence[Item], Mapping[str, float]]]
_Way = tuple[str, ItemStage, int]  # run, stage, seconds until then


class Forwarder:
    """Sends finished items on while others still work: a message full at once, what waits for company a few seconds.

    Those that wait for the same time travel together as well: waits are rounded up to whole seconds, as SQS has them.
    """

    def __init__(self, queues: Queues, clock: Callable[[], float] = time.monotonic) -> None:
        self._queues = queues
        self._clock = clock
        self._waiting: dict[_Way, list[str]] = defaultdict(list)
        self._since: dict[_Way, float] = {}
        self._lock = threading.Lock()

    def add(self, run_id: str, item_id: str, hand_on: HandOn) -> None:
        if hand_on.stage is ItemStage.DONE:
            return
        way = (run_id, hand_on.stage, math.ceil(hand_on.delay))
        with self._lock:
            waiting = self._waiting[way]
            if not waiting:
                self._since[way] = self._clock()
            waiting.append(item_id)
            if len(waiting) < ITEMS_PER_MESSAGE:
                return
            self._waiting[way] = []
        self._try(way, waiting)

    def send_late(self) -> None:
        """What has waited for company long enough goes alone: a slow relay may keep the end away for half a minute."""
        with self._lock:
            by_now = self._clock() - _COMPANY
            late = {way: ids for way, ids in self._waiting.items() if ids and self._since[way] <= by_now}
            for way in late:
                self._waiting[way] = []
        for way, item_ids in late.items():
            self._try(way, item_ids)

    def _try(self, way: _Way, item_ids: list[str]) -> None:
        try:
            self._send(way, item_ids)
        except Exception:
            logger.warning("not handed on yet", extra={"run_id": way[0]}, exc_info=True)
            with self._lock:
                self._waiting[way] += item_ids  # all but one of them have no part in this: the end tries again

    def flush(self) -> None:
        """Raises when something could not be sent: then all messages come again, and the rows say where items are."""
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        failures = [error for way, item_ids in waiting.items() if (error := self._failure(way, item_ids))]
        if failures:
            raise failures[0]

    def _failure(self, way: _Way, item_ids: list[str]) -> Exception | None:
        try:
            self._send(way, item_ids)
        except Exception as error:
            return error
        return None

    def _send(self, way: _Way, item_ids: list[str]) -> None:
        run_id, stage, delay = way
        self._queues[stage].send_items(run_id, item_ids, delay)


class StageWorker:
    """Works the items of one stage's queue. ``stages`` are those it may lease.

    ``ended`` hears of done items; ``admit`` says which of a message's items may be worked now, and how many seconds
    each of the others waits, at no cost of attempts; ``prepare`` gets what was leased together, and what was admitted
    but is somebody else's; ``conclude`` what may still be asked when everything has been handed on.
    """

    def __init__(
        self,
        items: ItemStore,
        queues: Queues,
        clock: Clock,
        stages: tuple[ItemStage, ItemStage],
        handle: Handle,
        worst_case: float,
        ended: Callable[[Item], None] = lambda _: None,
        admit: Admit = lambda items: (items, {}),
        prepare: Prepare = lambda leased, _: leased,
        conclude: Callable[[Sequence[Afterwards]], None] = lambda _: None,
    ) -> None:
        self._items = items
        self._queues = queues
        self._clock = clock
        self._stages = stages
        self._handle = handle
        self._worst_case = worst_case
        self._ended = ended
        self._admit = admit
        self._prepare = prepare
        self._conclude = conclude

    def run(self, deliveries: Sequence[Delivery], seconds_left: SecondsLeft) -> list[str]:
        """Work everything in ``deliveries``; returns ids of messages for which no outcome could be recorded."""
        forwarder = Forwarder(self._queues)
        fresh = [d for d in deliveries if not self._split(d)]
        later: list[Afterwards] = []
        failed: set[str] = set()
        try:
            with ThreadPoolExecutor(THREADS) as pool:
                begun = [pool.submit(self._begin, delivery, forwarder, seconds_left) for delivery in fresh]
                working = {
                    pool.submit(self._one, delivery, item, forwarder, later): delivery
                    for delivery, beginning in zip(fresh, begun, strict=True)
                    for item in self._ready(delivery, beginning, failed)
                }
                while wait(working, _COMPANY / 2).not_done:
                    forwarder.send_late()
                failed |= {delivery.message_id for outcome, delivery in working.items() if not outcome.result()}
        finally:
            forwarder.flush()
        if later and seconds_left() >= AFTERWARDS_SECONDS:
            self._conclude(later)  # may be left undone: everything else has been handed on
        return sorted(failed)

    def _ready(self, delivery: Delivery, beginning: "Future[list[Item] | None]", failed: set[str]) -> list[Item]:
        ready = beginning.result()
        if ready is None:
            failed.add(delivery.message_id)
        return ready or []

    def _split(self, delivery: Delivery) -> bool:
        """A message of several items that comes again is not worked: its items are sent on one by one."""
        if delivery.receive_count < 2 or len(delivery.work.items) < 2:
            return False
        queue = self._queues[self._stages[0]]
        queue.send_items(delivery.work.run_id, delivery.work.items, per_message=1)
        return True

    # --- beginning a message: read and lease its items at once

    def _begin(self, delivery: Delivery, forwarder: Forwarder, seconds_left: SecondsLeft) -> list[Item] | None:
        """The items leased for this delivery; ``None`` when nothing could be recorded, so that it has to come again."""
        run_id = delivery.work.run_id
        try:
            mine = [i for i in self._known(delivery) if not self._elsewhere(i, forwarder, seconds_left)]
            admitted, waits = self._admit(mine)
            for item_id, wait in waits.items():
                forwarder.add(run_id, item_id, HandOn(self._stages[0], wait))
            leased = self._lease(delivery, admitted, seconds_left)
            ids = {item.item_id for item in leased}
            leased = self._prepare(leased, [item for item in admitted if item.item_id not in ids])
        except Exception:
            logger.exception("message broke off", extra={"run_id": run_id, "items": list(delivery.work.items)})
            for item_id in delivery.work.items:
                self._let_go(delivery, item_id)
            return None
        return leased

    def _known(self, delivery: Delivery) -> list[Item]:
        found = self._items.get_many(delivery.work.run_id, delivery.work.items)
        if len(found) < len(delivery.work.items):
            logger.warning("no such items", extra={"run_id": delivery.work.run_id, "known": len(found)})
        return found

    def _elsewhere(self, item: Item, forwarder: Forwarder, seconds_left: SecondsLeft) -> bool:
        """Handed on without a lease: done, of another stage, not due yet, or not to be finished in the time left."""
        if item.current_stage is ItemStage.DONE:
            self._ended(item)  # what follows an end may have been cut off the first time
            return True
        wait = self._seconds_until(item.due_at)
        if item.current_stage not in self._stages:  # a message was lost between table and queue, or came twice
            wait = 0.0
        elif wait <= _EARLY and seconds_left() >= self._worst_case:
            return False
        forwarder.add(item.run_id, item.item_id, HandOn(item.current_stage, wait if wait > _EARLY else 0.0))
        return True

    def _lease(self, delivery: Delivery, items: Sequence[Item], seconds_left: SecondsLeft) -> list[Item]:
        def owner_of(item: Item) -> str:
            return delivery.owner(item.item_id)

        leased = self._items.lease_all(items, owner_of, seconds_left() + LEASE_MARGIN, self._stages) if items else []
        if len(leased) < len(items):
            logger.info("another worker has items", extra={"run_id": delivery.work.run_id, "leased": len(leased)})
        return leased

    def _seconds_until(self, due_at: str | None) -> float:
        now: datetime = self._clock()
        return (parse(due_at) - now).total_seconds() if due_at else 0.0

    # --- working an item

    def _one(self, delivery: Delivery, item: Item, forwarder: Forwarder, later: list[Afterwards]) -> bool:
        told = {"run_id": item.run_id, "item_id": item.item_id}
        try:
            with deadline(time.monotonic() + self._worst_case):
                hand_on = self._handle(item)
            forwarder.add(item.run_id, item.item_id, hand_on)
            if hand_on.afterwards is not None:
                later.append(hand_on.afterwards)
        except StaleWrite:
            logger.info("another worker has this item", extra=told)
        except Exception:
            logger.exception("item broke off", extra=told)
            return self._after_break_off(delivery, item.item_id)
        return True

    def _after_break_off(self, delivery: Delivery, item_id: str) -> bool:
        """Only an item that is alone in its message lets the message come back, and in the end dead-letters it.

        Whatever fails here (the same outage, say) must not take the invocation's other items with it.
        """
        self._let_go(delivery, item_id)
        if len(delivery.work.items) < 2:
            return False
        with suppress(Exception):
            self._queues[self._stages[0]].send_items(delivery.work.run_id, [item_id], _CRASH_PAUSE)
            return True
        return False

    def _let_go(self, delivery: Delivery, item_id: str) -> None:
        with suppress(Exception):  # its own lease would shut out the next try
            self._items.release(item_id, delivery.work.run_id, delivery.owner(item_id))
