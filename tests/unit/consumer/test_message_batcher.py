"""Handing on: a message full at once while others still wait, and none is lost when the queue does not take them."""

from typing import Any

import pytest
from batch_import.aws.queue import ITEMS_PER_MESSAGE
from batch_import.consumer.message_batcher import MessageBatcher
from batch_import.consumer.next_step import NextStep
from batch_import.domain.types import ItemStage

from tests.support.clock import HandClock

FULL = [f"item_{number:05d}" for number in range(ITEMS_PER_MESSAGE)]


class Queue:
    """Refuses the first ``refusals`` messages."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.taken: list[list[str]] = []

    def send_items(self, run_id: str, item_ids: list[str], delay: float) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError
        self.taken.append(item_ids)


def batcher(clock: HandClock | None = None, **queues: Queue) -> MessageBatcher:
    by_stage: Any = {ItemStage(name): queue for name, queue in queues.items()}
    return MessageBatcher(by_stage, (clock or HandClock()).clock)


def test_the_others_of_a_message_that_was_not_taken_are_handed_on_at_the_end() -> None:
    queue = Queue(refusals=1)
    batches = batcher(confirm=queue)
    for item_id in FULL:
        batches.add("run", item_id, NextStep(ItemStage.CONFIRM))
    assert queue.taken == []
    batches.flush()
    assert queue.taken == [FULL]


def test_one_queue_that_refuses_does_not_keep_the_others_from_theirs() -> None:
    confirm, validate = Queue(refusals=1), Queue()
    batches = batcher(confirm=confirm, validate=validate)
    batches.add("run", "item_00001", NextStep(ItemStage.CONFIRM))
    batches.add("run", "item_00002", NextStep(ItemStage.VALIDATE))
    with pytest.raises(ConnectionError):
        batches.flush()
    assert validate.taken == [["item_00002"]]


def test_what_waits_for_company_goes_when_none_comes_for_half_a_second() -> None:
    clock, queue = HandClock(), Queue(refusals=1)
    batches = batcher(clock, confirm=queue)
    batches.add("run", "item_00001", NextStep(ItemStage.CONFIRM))
    clock.later(0.4)
    batches.add("run", "item_00002", NextStep(ItemStage.CONFIRM))
    clock.later(0.4)
    batches.send_partial()
    assert queue.refusals == 1
    clock.later(0.1)
    batches.send_partial()
    assert (queue.refusals, queue.taken) == (0, [])
    batches.send_partial()
    assert queue.taken == [["item_00001", "item_00002"]]
    batches.add("run", "item_00003", NextStep(ItemStage.CONFIRM))
    batches.send_partial()
    batches.flush()
    assert queue.taken[1:] == [["item_00003"]]


def test_no_message_waits_longer_than_two_seconds_for_more_items() -> None:
    clock, queue = HandClock(), Queue()
    batches = batcher(clock, confirm=queue)
    for number in range(6):
        batches.add("run", f"item_{number:05d}", NextStep(ItemStage.CONFIRM))
        clock.later(0.45)
        batches.send_partial()
    assert queue.taken == [[f"item_{number:05d}" for number in range(5)]]
