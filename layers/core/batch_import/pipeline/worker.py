"""One invocation of a stage's worker: many items at once in threads, finished ones handed on while others wait.

The rules of design §2.4: the row decides who works; a message received again is split, so that a poisonous item takes
no other with it; an item is begun only if the time left covers its worst case.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from batch_import.domain.clock import Clock, parse
from batch_import.domain.entities import Item
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.pipeline.steps import HandOn
from batch_import.queue import ITEMS_PER_MESSAGE, Work, WorkQueue
from batch_import.store.items import ItemStore

logger = logging.getLogger(__name__)

THREADS = 100
_CRASH_PAUSE = 5.0
_TIME_FOR_AFTERWARDS = 50.0
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


class Forwarder:
    """Sends finished items on: ten at once while others still wait, the rest at the end."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._waiting: dict[tuple[str, ItemStage], list[str]] = defaultdict(list)
        self._lock = threading.Lock()

    def add(self, run_id: str, item_id: str, hand_on: HandOn) -> None:
        if hand_on.stage is ItemStage.DONE:
            return
        if hand_on.delay > 0:
            self._queues[hand_on.stage].send_items(run_id, [item_id], hand_on.delay)
            return
        with self._lock:
            waiting = self._waiting[run_id, hand_on.stage]
            waiting.append(item_id)
            if len(waiting) < ITEMS_PER_MESSAGE:
                return
            ready, self._waiting[run_id, hand_on.stage] = waiting, []
        self._queues[hand_on.stage].send_items(run_id, ready)

    def flush(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        for (run_id, stage), item_ids in waiting.items():
            self._queues[stage].send_items(run_id, item_ids)


class StageWorker:
    """Works the items of one stage's queue. ``stages`` are those it may lease; ``ended`` hears of done items."""

    def __init__(
        self,
        items: ItemStore,
        queues: Queues,
        clock: Clock,
        stages: tuple[ItemStage, ItemStage],
        handle: Handle,
        worst_case: float,
        ended: Callable[[Item], None] = lambda _: None,
    ) -> None:
        self._items = items
        self._queues = queues
        self._clock = clock
        self._stages = stages
        self._handle = handle
        self._worst_case = worst_case
        self._ended = ended

    def run(self, deliveries: Sequence[Delivery], seconds_left: Callable[[], float]) -> list[str]:
        """Work everything in ``deliveries``; returns ids of messages for which no outcome could be recorded."""
        forwarder = Forwarder(self._queues)
        fresh = [d for d in deliveries if not self._split(d)]
        work = [(delivery, item_id) for delivery in fresh for item_id in delivery.work.items]
        failed: set[str] = set()
        later: list[Callable[[], None]] = []
        try:
            with ThreadPoolExecutor(min(THREADS, max(1, len(work)))) as pool:
                outcomes = pool.map(lambda pair: self._one(pair[0], pair[1], forwarder, seconds_left, later), work)
                for (delivery, _), ok in zip(work, outcomes, strict=True):
                    if not ok:
                        failed.add(delivery.message_id)
        finally:
            forwarder.flush()
        self._do_afterwards(later, seconds_left)
        return sorted(failed)

    def _do_afterwards(self, later: list[Callable[[], None]], seconds_left: Callable[[], float]) -> None:
        """What may be left undone: everything else has been handed on."""
        if not later or seconds_left() < _TIME_FOR_AFTERWARDS:
            return
        with ThreadPoolExecutor(min(THREADS, len(later))) as pool:
            for done in [pool.submit(task) for task in later]:
                if (error := done.exception()) is not None:
                    logger.warning("left undone", exc_info=error)

    def _split(self, delivery: Delivery) -> bool:
        """A message of several items that comes again is not worked: its items are sent on one by one."""
        if delivery.receive_count < 2 or len(delivery.work.items) < 2:
            return False
        queue = self._queues[self._stages[0]]
        queue.send_items(delivery.work.run_id, delivery.work.items, per_message=1)
        return True

    def _one(
        self,
        delivery: Delivery,
        item_id: str,
        forwarder: Forwarder,
        seconds_left: Callable[[], float],
        later: list[Callable[[], None]],
    ) -> bool:
        run_id = delivery.work.run_id
        try:
            hand_on = self._work(delivery, item_id, seconds_left)
            forwarder.add(run_id, item_id, hand_on)
            if hand_on.afterwards is not None:
                later.append(hand_on.afterwards)
        except StaleWrite:
            logger.info("another worker has this item", extra={"run_id": run_id, "item_id": item_id})
        except Exception:
            logger.exception("item broke off", extra={"run_id": run_id, "item_id": item_id})
            return self._after_break_off(delivery, item_id)
        return True

    def _after_break_off(self, delivery: Delivery, item_id: str) -> bool:
        """Only an item that is alone in its message lets the message come back, and in the end dead-letters it.

        Whatever fails here (the same outage, say) must not take the invocation's other items with it.
        """
        run_id = delivery.work.run_id
        with suppress(Exception):  # its own lease would shut out the next try
            self._items.release(item_id, run_id, delivery.owner(item_id))
        if len(delivery.work.items) < 2:
            return False
        with suppress(Exception):
            self._queues[self._stages[0]].send_items(run_id, [item_id], _CRASH_PAUSE)
            return True
        return False

    def _work(self, delivery: Delivery, item_id: str, seconds_left: Callable[[], float]) -> HandOn:
        item = self._items.get(delivery.work.run_id, item_id)
        if item is None:
            logger.warning("no such item", extra={"run_id": delivery.work.run_id, "item_id": item_id})
            return HandOn(ItemStage.DONE)
        if item.current_stage is ItemStage.DONE:
            self._ended(item)  # what follows an end may have been cut off the first time
            return HandOn(ItemStage.DONE)
        if item.current_stage not in self._stages:
            return HandOn(item.current_stage)  # a message was lost between table and queue, or came twice
        wait = self._seconds_until(item.due_at)
        if wait > _EARLY:
            return HandOn(item.current_stage, wait)
        if seconds_left() < self._worst_case:
            return HandOn(item.current_stage)
        leased = self._items.lease(item, delivery.owner(item_id), seconds_left() + 5, self._stages)
        return self._handle(leased)

    def _seconds_until(self, due_at: str | None) -> float:
        now: datetime = self._clock()
        return (parse(due_at) - now).total_seconds() if due_at else 0.0
