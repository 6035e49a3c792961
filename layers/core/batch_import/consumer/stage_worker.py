"""One invocation of a stage: many items at once in threads, finished ones handed on while others still wait.

The row decides who works on an item. A message that is delivered again is split, so that one item that breaks every
time takes no other item with it. An item is begun only when the time left covers its worst case.
See docs/design.md#24-confirm.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from batch_import.aws.observability import Measures, Metric
from batch_import.aws.queue import Work
from batch_import.aws.retries import OutOfTime, ending, is_outage
from batch_import.consumer.item_log import tell_step
from batch_import.consumer.message_batcher import ALONE_SECONDS, LINGER_SECONDS, MessageBatcher, Queues
from batch_import.consumer.next_step import DeferredProbe, NextStep
from batch_import.consumer.progress import Progress
from batch_import.domain.clock import Clock, milliseconds, parse
from batch_import.domain.entities import Item
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.net.deadline import deadline, seconds_left
from batch_import.net.own_faults import is_own_fault
from batch_import.probe.relay import COMPLETION_TIMEOUT
from batch_import.store.items import ItemStore

logger = logging.getLogger(__name__)

THREADS = 200
_LEASED_AT_ONCE = 32  # as many calls as the client of the tables keeps connections
MEMORY_FOR_A_THREAD = 5  # MiB: an item's answers, its profile and its connections (docs/performance.md)
PUBLISH_SECONDS = 1.0  # between two writes of an invocation to the indexes
END_SECONDS = 10.0  # of an invocation, for what is left to write when its items have come to their end
LAST_SECONDS = 1.0  # of an invocation, in which no call to AWS is under way any more
DEFERRED_SECONDS = COMPLETION_TIMEOUT + END_SECONDS
LEASE_MARGIN = 5  # seconds that a lease outlasts its invocation
CRASH_PAUSE = 5.0  # seconds, before what broke off is tried again
_EARLY = 0.5  # seconds before its due date at which an item is worked all the same
_SHOWN_EVERY = 300_000  # milliseconds: a third of the time after which reconcile looks for what nothing works on

T = TypeVar("T")
SecondsLeft = Callable[[], float]
Admitted = tuple[Sequence[Item], Mapping[str, float]]


class Stage(Protocol):
    """One stage of the pipeline, made for each invocation. What a stage does not need keeps its default.

    ``lease_stages`` are the stages in which it may lease an item; the first is that of its queue. ``worst_case`` is the
    time in seconds that one item may take.
    """

    lease_stages: tuple[ItemStage, ItemStage]
    worst_case: float

    def handle(self, item: Item) -> NextStep:
        """Work on one leased item. Called by many threads."""
        ...

    def admit(self, items: Sequence[Item]) -> Admitted:
        """The items that may be worked now, and by item id the seconds that each other one waits for free."""
        return items, {}

    def prepare(self, leased: list[Item], lost: Sequence[Item]) -> list[Item]:  # noqa: ARG002
        """The leased items of one message, made ready. ``lost`` were admitted, but another worker has them."""
        return leased

    def ended(self, item: Item) -> None:  # noqa: ARG002
        """Repeat what follows the end of an item that is already done, in case a crash cut it off."""
        return

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:  # noqa: ARG002
        """Expand a stored list; ``False`` when a later delivery has to go on with it."""
        return True

    def undo(self, run_id: str, seconds_left: SecondsLeft) -> None:  # noqa: ARG002
        """Go on with the undo of a run, and queue what there is no time for."""
        return

    def compare(self, run_id: str, start: int, seconds_left: SecondsLeft) -> None:  # noqa: ARG002
        """Enter what a run found out, from the item at position ``start`` on, into the index of relays."""
        return

    def run_deferred(self, probes: Sequence[DeferredProbe], seconds: float) -> None:  # noqa: ARG002
        """Ask what no verdict needs, when everything has been handed on. What fails, or takes longer, is left out."""
        return

    def close(self) -> None:
        """Give back what the invocation holds."""
        return


@dataclass(frozen=True)
class Delivery:
    """A message as it was received. ``sent_at`` is in milliseconds of the epoch, 0 when nobody tells it."""

    message_id: str
    receipt_handle: str
    receive_count: int
    work: Work
    sent_at: int = 0


@dataclass
class _Invocation:
    """What the threads of one invocation share."""

    batcher: MessageBatcher
    seconds_left: SecondsLeft
    measures: Measures
    leasing: Executor
    deferred: list[DeferredProbe] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)  # ids of messages
    lock: threading.Lock = field(default_factory=threading.Lock)
    name: str = field(default_factory=lambda: secrets.token_hex(6))

    def owner(self, delivery: Delivery, item_id: str) -> str:
        """The lease owner of an item. A request that the client repeats is admitted, and the same record in another
        invocation is not: Lambda may pass one on twice, with one receipt and one count.
        """
        return f"{delivery.message_id}:{self.name}:{item_id}"

    def in_time(self, work: Callable[..., T], *arguments: Any) -> T:
        """In a thread of the invocation: its calls to AWS end before the invocation does."""
        with ending(self.seconds_left() - LAST_SECONDS):
            return work(*arguments)


class StageWorker:
    def __init__(
        self,
        items: ItemStore,
        progress: Progress,
        queues: Queues,
        clock: Clock,
        stage: Stage,
        memory: int = 1024,
    ) -> None:
        """``memory`` of the process, in MiB, bounds how many items are worked at once."""
        self._threads = max(1, min(THREADS, memory // MEMORY_FOR_A_THREAD))
        self.stage = stage
        self.queue = queues[stage.lease_stages[0]]
        self._items = items
        self._progress = progress
        self._queues = queues
        self._clock = clock

    def run(self, deliveries: Sequence[Delivery], seconds_left: SecondsLeft, measures: Measures) -> list[str]:
        """Work on all ``deliveries``; returns ids of messages whose outcome could not be recorded."""
        leasing = ThreadPoolExecutor(_LEASED_AT_ONCE)
        now = _Invocation(MessageBatcher(self._queues, self._clock), seconds_left, measures, leasing)
        fresh = [d for d in deliveries if not self._split(d, now)]
        try:
            with leasing, ThreadPoolExecutor(self._threads) as pool:
                begun = [pool.submit(now.in_time, self._begin, delivery, now) for delivery in fresh]
                working = {
                    pool.submit(now.in_time, self._work, delivery, item, now)
                    for delivery, beginning in zip(fresh, begun, strict=True)
                    for item in beginning.result()
                }
                self._await(working, now)
        finally:
            try:
                now.batcher.flush()
            finally:
                self._publish_at_the_end(fresh, now)
        if now.deferred and seconds_left() >= DEFERRED_SECONDS:
            self._run_deferred(now.deferred, seconds_left() - END_SECONDS)
        return sorted(now.failed)

    def _run_deferred(self, probes: Sequence[DeferredProbe], seconds: float) -> None:
        try:
            self.stage.run_deferred(probes, seconds)
        except Exception:  # everything has been handed on: a failed invocation would hand it on again
            logger.warning("deferred probes not stored", exc_info=True)

    def _await(self, working: "set[Future[None]]", now: _Invocation) -> None:
        due = self._clock.monotonic() + PUBLISH_SECONDS
        left = working
        while left := wait(left, ALONE_SECONDS / 2).not_done:
            now.batcher.send_partial()
            if self._clock.monotonic() >= due:
                self._publish()
                due = self._clock.monotonic() + PUBLISH_SECONDS
        for future in working:
            future.result()

    def _publish_at_the_end(self, deliveries: Sequence[Delivery], now: _Invocation) -> None:
        """What an outage of the tables keeps back is published when the messages come again: sent anew, for a failed
        invocation would count towards the dead letters of all.
        """
        try:
            self._progress.publish()
        except Exception as error:
            if not count_own_fault(error, now.measures):
                raise
            logger.warning("not published", exc_info=True)
            now.failed.update(d.message_id for d in deliveries if not self.send_again(d.work))

    def _publish(self) -> None:
        """Lists and counters shall not lag behind a slow relay. What fails is published at the end."""
        try:
            self._progress.publish()
        except Exception:
            logger.warning("not published yet", exc_info=True)

    def send_again(self, work: Work) -> bool:
        """The same work in another message, a little later; ``False`` when it could not be sent."""
        try:
            self.queue.send([work], CRASH_PAUSE)
        except Exception:
            logger.warning("not sent again", extra={"run_id": work.run_id}, exc_info=True)
            return False
        return True

    def _split(self, delivery: Delivery, now: _Invocation) -> bool:
        """Send the items of a message that was delivered again one by one; it fails when that cannot be done."""
        run_id, items = delivery.work.run_id, delivery.work.items
        if delivery.receive_count < 2 or len(items) < 2:
            return False
        try:
            self.queue.send_items(run_id, items, per_message=1)
        except Exception:
            logger.warning("message not split", extra={"run_id": run_id}, exc_info=True)
            now.failed.add(delivery.message_id)
        return True

    # --- one message: read and lease its items together

    def _begin(self, delivery: Delivery, now: _Invocation) -> list[Item]:
        """The items leased for this delivery; none, and the message fails, when nothing could be recorded."""
        run_id, asked = delivery.work.run_id, list[Item]()
        try:
            mine = [item for item in self._known(delivery) if not self._passed_on(item, now)]
            admitted, waits = self.stage.admit(mine)
            self._show_waiting([item for item in mine if item.item_id in waits], delivery.sent_at)
            for item_id, delay in waits.items():
                now.batcher.add(run_id, item_id, NextStep(self.stage.lease_stages[0], delay))
            asked = list(admitted)
            leased = self._lease(delivery, admitted, now)
            ids = {item.item_id for item in leased}
            return self.stage.prepare(leased, [item for item in admitted if item.item_id not in ids])
        except Exception as error:
            logger.exception("message broke off", extra={"run_id": run_id, "items": list(delivery.work.items)})
            held = [item for item in asked if not self._release(delivery, item.item_id, now)]
            own_fault = count_own_fault(error, now.measures)
            if not (own_fault and self._sent_again(run_id, delivery.work.items, not held, now)):
                now.failed.add(delivery.message_id)
            return []

    def _known(self, delivery: Delivery) -> list[Item]:
        found = self._items.get_many(delivery.work.run_id, delivery.work.items)
        if len(found) < len(delivery.work.items):
            logger.warning("no such items", extra={"run_id": delivery.work.run_id, "known": len(found)})
        return found

    def _show_waiting(self, items: Sequence[Item], sent_at: int) -> None:
        """In the index, every few minutes: reconcile would take one that waits for long for one that is lost.

        It is time when such a moment lies between the last look at the item, which sent its message, and this one.
        """
        now, last = milliseconds(self._clock.now()), sent_at - round(LINGER_SECONDS * 1000)
        for item in items:
            since = milliseconds(item.updated_at)
            if (now - since) // _SHOWN_EVERY > (max(last, since) - since) // _SHOWN_EVERY:
                self._items.note(item)

    def _passed_on(self, item: Item, now: _Invocation) -> bool:
        """Handed on without a lease: done, in another stage, not due yet, or too long for the time left.

        The worker that brought it there may have been killed before it published that.
        """
        ours = item.current_stage in self.stage.lease_stages
        delay = self._seconds_until(item.due_at) if ours else 0.0
        if ours and delay <= _EARLY and now.seconds_left() >= self.stage.worst_case:
            return False
        self._items.note(item)
        if item.current_stage is ItemStage.DONE:
            self.stage.ended(item)
            return True
        now.batcher.add(item.run_id, item.item_id, NextStep(item.current_stage, delay if delay > _EARLY else 0.0))
        return True

    def _lease(self, delivery: Delivery, items: Sequence[Item], now: _Invocation) -> list[Item]:
        """All at once: one after the other, the last of twenty would wait for twenty calls. When one fails, the others
        have ended too, so that all can be released. Each lease ends with the invocation, however late it is taken.
        """

        def lease(item: Item) -> Item | None:
            seconds = now.seconds_left() + LEASE_MARGIN
            return self._items.lease_if_free(item, now.owner(delivery, item.item_id), seconds, self.stage.lease_stages)

        asked = [now.leasing.submit(now.in_time, lease, item) for item in items]
        wait(asked)
        leased = [found for one in asked if (found := one.result()) is not None]
        if len(leased) < len(items):
            logger.info("another worker has items", extra={"run_id": delivery.work.run_id, "leased": len(leased)})
        return leased

    def _seconds_until(self, due_at: str | None) -> float:
        return (parse(due_at) - self._clock.now()).total_seconds() if due_at else 0.0

    # --- one item

    def _work(self, delivery: Delivery, item: Item, now: _Invocation) -> None:
        told = {"run_id": item.run_id, "item_id": item.item_id}
        seconds = min(self.stage.worst_case, now.seconds_left() - END_SECONDS)
        if seconds < self.stage.worst_case - 2 * END_SECONDS:  # it waited for a thread: another invocation has the time
            released = self._release(delivery, item.item_id, now)
            now.batcher.add(item.run_id, item.item_id, NextStep(item.current_stage, _until_free(released, now)))
            return
        began = self._clock.monotonic()
        try:
            with deadline(seconds):
                step = self.stage.handle(item)
            tell_step(item, step, self._clock.monotonic() - began, now.measures)
            now.batcher.add(item.run_id, item.item_id, step)
            if step.deferred is not None:
                now.deferred.append(step.deferred)
        except StaleWrite:
            logger.info("another worker has this item", extra=told)
        except Exception as error:
            logger.exception("item broke off", extra=told)
            self._after_break_off(delivery, item.item_id, now, error)

    def _after_break_off(self, delivery: Delivery, item_id: str, now: _Invocation, error: Exception) -> None:
        """An item that is alone in its message lets the message come back, and in the end dead-letters it. Any other
        is sent again by itself: the invocation's other items have no part in its failure. So is each item that met an
        outage of AWS, or a lack of descriptors or memory.
        """
        released = self._release(delivery, item_id, now)
        own_fault = count_own_fault(error, now.measures)
        may_be_sent = len(delivery.work.items) > 1 or own_fault
        if not (may_be_sent and self._sent_again(delivery.work.run_id, [item_id], released, now)):
            with now.lock:
                now.failed.add(delivery.message_id)

    def _sent_again(self, run_id: str, item_ids: Sequence[str], released: bool, now: _Invocation) -> bool:
        """What could not be released comes when its lease has run out: a message before that would be lost."""
        try:
            self.queue.send_items(run_id, item_ids, max(CRASH_PAUSE, _until_free(released, now)))
        except Exception:
            logger.warning("not sent again", extra={"run_id": run_id}, exc_info=True)
            return False
        return True

    def _release(self, delivery: Delivery, item_id: str, now: _Invocation) -> bool:
        """Its own lease would keep out the next delivery. ``False`` when it may be there still."""
        try:
            return self._items.release(item_id, delivery.work.run_id, now.owner(delivery, item_id))
        except Exception:
            return False


def _until_free(released: bool, now: _Invocation) -> float:
    """Seconds after which no lease of this invocation keeps out another delivery."""
    return 0.0 if released else max(0.0, now.seconds_left()) + 2 * LEASE_MARGIN


def demand_time(worst_case: float) -> None:
    """Raise ``OutOfTime`` where the tables took what an item needs: its relay would be judged by what is left."""
    if seconds_left() < worst_case - 3 * END_SECONDS:
        raise OutOfTime("waiting for the tables took the time of this item")


def is_no_items_fault(error: Exception) -> bool:
    """Whether descriptors or memory ran out, or AWS throttled or failed: it says nothing of an item or of the host."""
    return is_own_fault(error) or is_outage(error)


def count_own_fault(error: Exception, measures: Measures) -> bool:
    """As ``is_no_items_fault``; such a fault is counted."""
    own_fault = is_no_items_fault(error)
    measures.count(Metric.OWN_FAULTS, int(own_fault))
    return own_fault
