"""Handing on: a message full at once while others still wait, and none is lost when the queue does not take them."""

from typing import Any

import pytest
from batch_import.domain.types import ItemStage
from batch_import.pipeline.steps import HandOn
from batch_import.pipeline.worker import Forwarder
from batch_import.queue import ITEMS_PER_MESSAGE

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


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def forwarder(clock: Clock | None = None, **queues: Queue) -> Forwarder:
    by_stage: Any = {ItemStage(name): queue for name, queue in queues.items()}
    return Forwarder(by_stage, clock or Clock())


def test_the_others_of_a_message_that_was_not_taken_are_handed_on_at_the_end() -> None:
    queue = Queue(refusals=1)
    forwards = forwarder(confirm=queue)
    for item_id in FULL:
        forwards.add("run", item_id, HandOn(ItemStage.CONFIRM))
    assert queue.taken == []
    forwards.flush()
    assert queue.taken == [FULL]


def test_one_queue_that_refuses_does_not_keep_the_others_from_theirs() -> None:
    confirm, validate = Queue(refusals=1), Queue()
    forwards = forwarder(confirm=confirm, validate=validate)
    forwards.add("run", "item_00001", HandOn(ItemStage.CONFIRM))
    forwards.add("run", "item_00002", HandOn(ItemStage.VALIDATE))
    with pytest.raises(ConnectionError):
        forwards.flush()
    assert validate.taken == [["item_00002"]]


def test_what_waits_for_company_goes_alone_after_two_seconds() -> None:
    clock, queue = Clock(), Queue(refusals=1)
    forwards = forwarder(clock, confirm=queue)
    forwards.add("run", "item_00001", HandOn(ItemStage.CONFIRM))
    clock.now += 1
    forwards.add("run", "item_00002", HandOn(ItemStage.CONFIRM))
    forwards.send_late()
    assert queue.refusals == 1
    clock.now += 1
    forwards.send_late()
    assert (queue.refusals, queue.taken) == (0, [])
    forwards.send_late()
    assert queue.taken == [["item_00001", "item_00002"]]
    forwards.add("run", "item_00003", HandOn(ItemStage.CONFIRM))
    forwards.send_late()
    forwards.flush()
    assert queue.taken[1:] == [["item_00003"]]
