"""What the queues gave up on: recorded on the item, which goes on to validation for its verdict.

See docs/design.md#2-pipeline.
"""

import logging

from batch_import.aws.queue import Work, WorkQueue
from batch_import.consumer.progress import Progress
from batch_import.domain.clock import Clock, iso, parse
from batch_import.domain.entities import Item, NewEvent
from batch_import.domain.errors import StaleWrite
from batch_import.domain.outcomes import Code
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage
from batch_import.stages.transitions import RELEASED, failure
from batch_import.store.items import ItemStore

logger = logging.getLogger(__name__)
CODE = Code.DEAD_LETTERED
_BY_QUEUE = "given up by the queue after repeated break-offs"
_BY_TIME = "given up after a day in one stage"
_ANY_STAGE = tuple(ItemStage)[:-1]


class StillLeased(Exception):
    """A worker has this item."""


class DeadLetterRecorder:
    """``recorded`` is how many items of dead letters it has recorded."""

    def __init__(self, items: ItemStore, progress: Progress, validate_queue: WorkQueue, clock: Clock) -> None:
        self._clock = clock
        self._items = items
        self._progress = progress
        self._validate_queue = validate_queue
        self.recorded = 0

    def record(self, work: Work, stages: tuple[ItemStage, ...]) -> None:
        """Record the items of ``work`` that are still in one of the dead queue's ``stages``.

        What has been recorded goes on to validation, also when another item of the message fails. Raises
        ``StillLeased`` for an item that another message's worker has just now: the dead letter comes again later.
        """
        recorded, now = list[str](), iso(self._clock.now())
        items = self._items.get_many(work.run_id, work.items)
        leased = [item.item_id for item in items if (item.lease_expires_at or "") > now]
        try:
            for item in items:
                if item.item_id not in leased and self._record(item, stages, _BY_QUEUE):
                    recorded.append(item.item_id)
        finally:
            self.recorded += len(recorded)
            if recorded:
                self._validate_queue.send_items(work.run_id, recorded)
            self._progress.publish()
        if leased:
            raise StillLeased(", ".join(leased))

    def give_up(self, item: Item) -> bool:
        """Record an item that waits without end, however it waits; ``False`` when it moved on meanwhile."""
        recorded = self._record(item, _ANY_STAGE, _BY_TIME)
        if recorded:
            self._validate_queue.send_items(item.run_id, [item.item_id])
        return recorded

    def _record(self, item: Item, stages: tuple[ItemStage, ...], text: str) -> bool:
        """``False`` for an item that went on by another message, or whose verdict failed too: reconcile finds that."""
        if item.current_stage not in stages or item.failure_code == CODE:
            return False
        changes = {**RELEASED, "attempt": 1, "due_at": None, **failure(item, CODE, text)}
        if item.current_stage is not ItemStage.VALIDATE:
            changes["confirmation_status"] = ConfirmationStatus.FAILED
        changes["current_stage"] = ItemStage.VALIDATE
        told = {"run_id": item.run_id, "item_id": item.item_id, "stage": item.current_stage}
        try:
            given_up = self._items.transition(
                item, changes, [NewEvent(event_type=EventType.DEAD_LETTERED, message=text)]
            )
        except StaleWrite:
            logger.info("item moved on meanwhile", extra=told)
            return False
        seconds = (parse(given_up.updated_at) - parse(item.updated_at)).total_seconds()
        logger.error("given up", extra={**told, "code": CODE, "seconds": seconds})
        return True
