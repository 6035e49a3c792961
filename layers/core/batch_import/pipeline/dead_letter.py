"""What the queues gave up on: recorded on the item, which goes on to validation for its verdict.

See docs/design.md#2-pipeline.
"""

import logging

from batch_import.domain.entities import Item, NewEvent
from batch_import.domain.errors import StaleWrite
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage
from batch_import.pipeline.steps import RELEASED
from batch_import.queue import Work, WorkQueue
from batch_import.store.items import ItemStore

logger = logging.getLogger(__name__)
CODE = "dead_lettered"


class DeadLetters:
    def __init__(self, items: ItemStore, validate_queue: WorkQueue) -> None:
        self._items = items
        self._validate_queue = validate_queue

    def bury(self, work: Work, stages: tuple[ItemStage, ...]) -> int:
        """Items of ``work`` that still are in one of the dead queue's ``stages``; how many were handed on."""
        buried = [item for item in self._items.get_many(work.run_id, work.items) if self._bury(item, stages)]
        if buried:
            self._validate_queue.send_items(work.run_id, [item.item_id for item in buried])
        return len(buried)

    def _bury(self, item: Item, stages: tuple[ItemStage, ...]) -> bool:
        if item.current_stage not in stages or item.failure_code == CODE:
            return False  # it went on by another message, or even its verdict failed: reconcile comes back to it
        event = NewEvent(event_type=EventType.DEAD_LETTERED, message="given up by the queue after repeated break-offs")
        try:
            self._items.transition(item, self._changes(item), [event])
        except StaleWrite:
            logger.info("item moved on meanwhile", extra={"run_id": item.run_id, "item_id": item.item_id})
            return False
        return True

    def _changes(self, item: Item) -> dict[str, object]:
        changes: dict[str, object] = {
            **RELEASED,
            "attempt": 1,
            "due_at": None,
            "current_stage": ItemStage.VALIDATE,
            "failure_code": CODE,
            "last_error_code": CODE,
            "last_error_stage": item.current_stage,
            "last_error": "given up by the queue after repeated break-offs",
        }
        if item.current_stage is not ItemStage.VALIDATE:
            changes["confirmation_status"] = ConfirmationStatus.FAILED
        return changes
