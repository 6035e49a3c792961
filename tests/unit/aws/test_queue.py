"""What SQS takes only in part."""

from typing import Any

import pytest
from batch_import.aws.queue import WorkQueue
from batch_import.aws.retries import OutOfTime, Patience, ending, is_outage

from tests.support.clock import HandClock


class Sqs:
    """Takes the first of the messages that it is sent, the first ``slow`` times."""

    def __init__(self, slow: int) -> None:
        self.slow = slow
        self.sent: list[list[str]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.sent.append([entry["Id"] for entry in Entries])
        return {"Failed": Entries[1:] if len(self.sent) <= self.slow else []}


def send(sqs: Sqs, clock: HandClock) -> None:
    client: Any = sqs
    WorkQueue(client, "q", Patience(clock.clock, lambda: 1.0)).send_items("run", ["a", "b", "c"], per_message=1)


def test_what_the_queue_did_not_take_is_sent_again_after_a_pause() -> None:
    sqs, clock = Sqs(2), HandClock()
    with ending(100.0):
        send(sqs, clock)
    assert sqs.sent == [["0", "1", "2"], ["1", "2"], ["2"]]
    assert clock.slept == [0.05, 0.1]


def test_what_the_queue_does_not_take_to_the_end_is_no_items_fault() -> None:
    """In the last seconds, which are kept for it, it is asked a second time."""
    sqs, clock = Sqs(9), HandClock()
    with ending(1.0), pytest.raises(OutOfTime) as raised:
        send(sqs, clock)
    assert (len(sqs.sent), clock.slept, is_outage(raised.value)) == (2, [], True)
