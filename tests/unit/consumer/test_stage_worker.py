"""An invocation's items do not wait for each other's end."""

import errno
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from unittest.mock import Mock, patch

import pytest
from batch_import.aws.observability import Measures, Metric
from batch_import.aws.queue import Work
from batch_import.aws.retries import OutOfTime, seconds_to_end
from batch_import.consumer.next_step import NextStep
from batch_import.consumer.stage_worker import (
    CRASH_PAUSE,
    DEFERRED_SECONDS,
    END_SECONDS,
    LEASE_MARGIN,
    Delivery,
    Stage,
    StageWorker,
)
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item
from batch_import.domain.errors import OutOfResources, StaleWrite
from batch_import.domain.types import ItemStage
from batch_import.net.deadline import seconds_left
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.support.refusals import cancelled, refused


def item(number: int) -> Mapping[str, Any]:
    return Mock(run_id="run", item_id=f"item_{number:05d}", current_stage=ItemStage.PROBE, due_at=None)


class Waiting(Stage):
    """The second item ends only when the first one has been sent on."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.sent: list[str] = []

    def handle(self, item: Item) -> NextStep:
        if item.item_id == "item_00002":
            assert self.arrived.wait(10), "the other item should be on its way by now"
        return NextStep(ItemStage.CONFIRM)

    def send_items(self, _run: str, item_ids: Sequence[str], _delay: float) -> None:
        self.sent.extend(item_ids)
        self.arrived.set()


FAST = 40.0  # times as fast as the machine's clock
FAST_CLOCK = Clock(
    lambda: datetime.now(UTC),
    lambda: time.monotonic() * FAST,
    lambda seconds: time.sleep(seconds / FAST),
    lambda condition, seconds: condition.wait(seconds / FAST),
)


def leased(found: Item, *_: Any) -> Item:
    """In place of ``ItemStore.lease_if_free``: nobody else has the item."""
    return found


def test_finished_items_are_handed_on_while_a_slow_relay_is_awaited() -> None:
    stage, items = Waiting(), Mock()
    items.get_many.return_value = [item(1), item(2)]
    items.lease_if_free.side_effect = leased
    queues: Any = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock(send_items=stage.send_items)}
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001", "item_00002")))

    assert StageWorker(items, Mock(), queues, FAST_CLOCK, stage).run([delivery], lambda: 100.0, Measures()) == []
    assert stage.sent == ["item_00001", "item_00002"]


class Counting(Stage):
    """How many items are worked at once."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0

    def __init__(self) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def handle(self, _: Item) -> NextStep:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return NextStep(ItemStage.DONE)


def test_less_memory_means_fewer_items_at_once() -> None:
    stage, items = Counting(), Mock()
    items.get_many.return_value = [item(number) for number in range(1, 11)]
    items.lease_if_free.side_effect = leased
    delivery = Delivery("m", "r", 1, Work("run", tuple(f"item_{number:05d}" for number in range(1, 11))))

    StageWorker(items, Mock(), {ItemStage.PROBE: Mock()}, FAST_CLOCK, stage, memory=15).run(
        [delivery], lambda: 100.0, Measures()
    )
    assert stage.most == 3


class Deferring(Stage):
    """Defers a probe whose findings cannot be stored."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0

    def __init__(self) -> None:
        self.asked = 0

    def handle(self, _: Item) -> NextStep:
        return NextStep(ItemStage.CONFIRM, deferred=Mock())

    def run_deferred(self, probes: Sequence[Any], seconds: float) -> None:
        self.asked += len(probes)
        self.seconds = seconds
        raise OSError("no table")


def test_findings_that_cannot_be_stored_bring_no_message_back() -> None:
    stage, items = Deferring(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    queues: Any = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))

    assert StageWorker(items, Mock(), queues, FAST_CLOCK, stage).run([delivery], lambda: 100.0, Measures()) == []
    assert (stage.asked, stage.seconds) == (1, 100.0 - END_SECONDS)


@pytest.mark.parametrize(("left", "asked"), [(DEFERRED_SECONDS, 1), (DEFERRED_SECONDS - 1, 0)])
def test_what_no_verdict_needs_is_asked_while_there_is_time(left: float, asked: int) -> None:
    stage, items = Deferring(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    queues: Any = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    assert StageWorker(items, Mock(), queues, FAST_CLOCK, stage).run([delivery], lambda: left, Measures()) == []
    assert stage.asked == asked


class Exhausted(Stage):
    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0
    error: Exception = OutOfResources("no descriptor left")

    def handle(self, _: Item) -> NextStep:
        raise self.error


def test_an_item_that_met_a_lack_of_descriptors_is_sent_again_and_its_message_does_not_fail() -> None:
    """A message that failed five times would be a dead letter, and its item get a verdict."""
    items, queue = Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))

    assert (
        StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, Exhausted()).run(
            [delivery], lambda: 100.0, Measures()
        )
        == []
    )
    run_id, sent, delay = queue.send_items.call_args.args
    assert (run_id, sent) == ("run", ["item_00001"])
    assert delay > 0


OUTAGES = [
    OutOfTime(),
    cancelled("None", "ThrottlingError"),
    refused("ThrottlingException"),
    ReadTimeoutError(endpoint_url="https://dynamodb.invalid"),
    EndpointConnectionError(endpoint_url="https://dynamodb.invalid"),
    ClientError({"Error": {"Code": "InternalServerError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "GetItem"),
]


@pytest.mark.parametrize("error", OUTAGES)
def test_what_a_throttled_table_kept_back_is_sent_again_when_its_lease_has_run_out(error: Exception) -> None:
    """The lease could not be given back either; a message that came before its end would be lost."""
    stage, items, queue = Exhausted(), Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    items.release.side_effect = OutOfTime()
    stage.error = error
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))

    assert (
        StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage).run(
            [delivery], lambda: 30.0, Measures()
        )
        == []
    )
    assert queue.send_items.call_args.args[2] > 30.0 + LEASE_MARGIN


@pytest.mark.parametrize("error", OUTAGES)
@pytest.mark.parametrize(("taken", "failed"), [(None, []), (OutOfTime(), ["m"])])
def test_lists_that_cannot_be_published_at_the_end_bring_the_messages_again(
    error: Exception, taken: Exception | None, failed: list[str]
) -> None:
    """As new ones: the fifth delivery of a message would be a dead letter."""
    progress, measures, queue, items = Mock(), Mock(), Mock(), Mock()
    progress.publish.side_effect, queue.send.side_effect = error, taken
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    work = Work("run", ("item_00001",))
    worker = StageWorker(items, progress, {ItemStage.PROBE: queue, ItemStage.CONFIRM: Mock()}, FAST_CLOCK, Looking())
    assert worker.run([Delivery("m", "r", 1, work)], lambda: 100.0, measures) == failed
    queue.send.assert_called_once_with([work], CRASH_PAUSE)
    measures.count.assert_any_call(Metric.OWN_FAULTS, 1)


def test_a_mistake_while_publishing_fails_the_invocation() -> None:
    progress = Mock()
    progress.publish.side_effect = KeyError("item")
    worker = StageWorker(Mock(), progress, {ItemStage.PROBE: Mock()}, FAST_CLOCK, Exhausted())
    with pytest.raises(KeyError):
        worker.run([], lambda: 100.0, Measures())


class Looking(Stage):
    """Notes how long its calls to relays and to AWS may take."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 40.0

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    def handle(self, _: Item) -> NextStep:
        self.seen.append((seconds_left(), seconds_to_end()))
        return NextStep(ItemStage.CONFIRM)


@pytest.mark.parametrize(
    ("left", "for_relays", "for_aws"), [(100.0, 40.0, 99.0), (45.0, 35.0, 44.0)], ids=["its worst case", "what is left"]
)
def test_an_item_has_one_deadline_which_the_end_of_the_function_covers(
    left: float, for_relays: float, for_aws: float
) -> None:
    stage, items = Looking(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    queues = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    assert StageWorker(items, Mock(), queues, FAST_CLOCK, stage).run([delivery], lambda: left, Measures()) == []
    assert stage.seen == [(pytest.approx(for_relays, abs=1), pytest.approx(for_aws, abs=1))]


def test_an_item_that_waited_too_long_for_a_thread_is_handed_back() -> None:
    stage, items, queue = Looking(), Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    left = iter([100.0, 100.0, 100.0, 100.0, 100.0])
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage)
    assert worker.run([delivery], lambda: next(left, 29.0), Measures()) == []
    assert stage.seen == []
    items.release.assert_called_once()
    assert queue.send_items.call_args.args[2] == 0


@pytest.mark.parametrize("released", [False, OutOfTime()])
def test_what_is_handed_back_under_its_own_lease_comes_when_that_has_run_out(released: Any) -> None:
    """Before, its message would meet the lease, be taken for another worker's, and be lost."""
    stage, items, queue = Looking(), Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    items.release.side_effect = [released]
    left = iter([100.0, 100.0, 100.0, 100.0, 100.0])
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage)
    assert worker.run([delivery], lambda: next(left, 29.0), Measures()) == []
    assert queue.send_items.call_args.args[2] > 29.0 + LEASE_MARGIN


def test_a_lease_ends_with_its_invocation_however_late_it_is_taken() -> None:
    """Two hundred are asked for at once, and the last ones wait for the calls before them."""
    items, taken = Mock(), list[tuple[float, float]]()
    times = count()

    def left() -> float:
        return 100.0 - 0.01 * next(times)

    def lease(found: Item, _owner: str, seconds: float, _stages: Any) -> Item:
        taken.append((seconds, left() + LEASE_MARGIN))
        return found

    items.get_many.return_value = [item(n) for n in range(1, 21)]
    items.lease_if_free.side_effect = lease
    delivery = Delivery("m", "r", 1, Work("run", tuple(f"item_{n:05d}" for n in range(1, 21))))
    queues = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}
    StageWorker(items, Mock(), queues, FAST_CLOCK, Looking()).run([delivery], left, Measures())
    assert len({seconds for seconds, _ in taken}) == 20
    assert all(seconds == pytest.approx(then, abs=1) for seconds, then in taken)


def test_a_message_waits_for_no_lease_that_was_not_asked_for() -> None:
    """Its second item waits for a limit: there is nothing of it to give back."""
    stage, items, queue = Looking(), Mock(), Mock()
    items.get_many.return_value = [item(1), item(2)]
    items.lease_if_free.side_effect = OutOfResources("no descriptor left")
    items.release.side_effect = lambda item_id, *_: item_id == "item_00001"
    stage.admit = lambda found: (found[:1], {"item_00002": 8.0})  # type: ignore[method-assign, assignment]
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001", "item_00002")), 1)
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage)
    with patch.object(worker, "_show_waiting"):
        assert worker.run([delivery], lambda: 60.0, Measures()) == []
    sent = [call.args for call in queue.send_items.call_args_list]
    assert ("run", ["item_00001", "item_00002"], CRASH_PAUSE) in [(run, list(ids), delay) for run, ids, delay in sent]


def test_a_lease_whose_answer_was_lost_is_waited_for() -> None:
    """It may be taken after it was given back, so that nothing was there to give back."""
    items, queue = Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
    items.release.return_value = False
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, Looking())
    assert worker.run([delivery], lambda: 60.0, Measures()) == []
    assert queue.send_items.call_args.args[2] > 60.0 + LEASE_MARGIN


def test_a_message_that_met_a_lack_of_descriptors_is_sent_again() -> None:
    items, queue = Mock(), Mock()
    items.get_many.side_effect = OSError(errno.EMFILE, "Too many open files")
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))

    assert (
        StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, Exhausted()).run(
            [delivery], lambda: 100.0, Measures()
        )
        == []
    )
    assert queue.send_items.call_args.args[:2] == ("run", ("item_00001",))


@pytest.mark.parametrize(
    ("error", "taken", "failed"),
    [(KeyError("item"), None, ["m"]), (OutOfTime(), None, []), (OutOfTime(), OutOfTime(), ["m"])],
)
def test_a_message_that_breaks_off_comes_again_in_one_way_or_the_other(
    error: Exception, taken: Exception | None, failed: list[str]
) -> None:
    """By its own visibility, unless another message was sent for it."""
    items, queue = Mock(), Mock()
    items.get_many.side_effect, queue.send_items.side_effect = error, taken
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, Exhausted())
    assert worker.run([delivery], lambda: 100.0, Measures()) == failed
    assert queue.send_items.called is (not isinstance(error, KeyError))


@pytest.mark.parametrize(
    ("error", "together", "taken", "sent", "failed"),
    [
        (ValueError(), 1, None, 0, ["m"]),
        (ValueError(), 2, None, 2, []),
        (ValueError(), 2, OutOfTime(), 2, ["m"]),
        (OutOfTime(), 1, None, 1, []),
        (OutOfTime(), 1, OutOfTime(), 1, ["m"]),
        (StaleWrite(), 1, None, 0, []),  # another worker has it
    ],
)
def test_an_item_that_breaks_off_comes_again_in_one_way_or_the_other(
    error: Exception, together: int, taken: Exception | None, sent: int, failed: list[str]
) -> None:
    stage, items, queue = Exhausted(), Mock(), Mock()
    items.get_many.return_value = [item(number + 1) for number in range(together)]
    items.lease_if_free.side_effect = leased
    stage.error, queue.send_items.side_effect = error, taken
    delivery = Delivery("m", "r", 1, Work("run", tuple(f"item_{number + 1:05d}" for number in range(together))))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage)
    assert worker.run([delivery], lambda: 100.0, Measures()) == failed
    assert queue.send_items.call_count == sent


def test_a_stage_is_told_which_of_the_items_that_it_admitted_another_worker_has() -> None:
    """It gives back the permits of these."""
    stage, items = Looking(), Mock()
    items.get_many.return_value = [item(1), item(2)]
    items.lease_if_free.side_effect = lambda found, *_: found if found.item_id == "item_00001" else None
    told: list[list[str]] = []

    def prepare(mine: list[Item], lost: Sequence[Item]) -> list[Item]:
        told.extend([[one.item_id for one in mine], [one.item_id for one in lost]])
        return mine

    stage.prepare = prepare  # type: ignore[method-assign, assignment]
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001", "item_00002")))
    queues = {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}
    StageWorker(items, Mock(), queues, FAST_CLOCK, stage).run([delivery], lambda: 100.0, Measures())
    assert told == [["item_00001"], ["item_00002"]]


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLOCK_AT_NOON = replace(FAST_CLOCK, now=lambda: NOON)


@pytest.mark.parametrize(
    ("stage", "due_at", "left", "worked", "handed_on", "ended"),
    [
        (ItemStage.PROBE, None, 40.0, 1, [(ItemStage.CONFIRM, 0)], 0),
        (ItemStage.PROVISION, None, 40.0, 1, [(ItemStage.CONFIRM, 0)], 0),
        (ItemStage.PROBE, "2026-11-25T12:00:00.400+00:00", 40.0, 1, [(ItemStage.CONFIRM, 0)], 0),
        (ItemStage.PROBE, "2026-11-25T12:00:08.400+00:00", 40.0, 0, [(ItemStage.PROBE, 9)], 0),
        (ItemStage.PROBE, None, 39.0, 0, [(ItemStage.PROBE, 0)], 0),  # less than its worst case
        (ItemStage.CONFIRM, "2026-11-25T12:00:08.400+00:00", 40.0, 0, [(ItemStage.CONFIRM, 0)], 0),
        (ItemStage.DONE, None, 40.0, 0, [], 1),
    ],
)
def test_an_item_that_is_not_to_be_worked_here_is_handed_on_and_shown(
    stage: ItemStage, due_at: str | None, left: float, worked: int, handed_on: list[Any], ended: int
) -> None:
    """A killed worker may have brought it there and not published that."""
    looking, items, found, sent = Looking(), Mock(), item(1), list[Any]()
    found.current_stage, found.due_at = stage, due_at  # type: ignore[attr-defined]
    items.get_many.return_value = [found]
    items.lease_if_free.side_effect = leased
    looking.ended = Mock()  # type: ignore[method-assign]
    queues: Any = {
        name: Mock(send_items=lambda _run, _ids, delay, name=name: sent.append((name, delay))) for name in ItemStage
    }
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    assert StageWorker(items, Mock(), queues, CLOCK_AT_NOON, looking).run([delivery], lambda: left, Measures()) == []
    assert (len(looking.seen), sent, looking.ended.call_count) == (worked, handed_on, ended)
    assert items.note.called is not bool(worked)


def test_a_message_is_released_when_all_its_leases_have_been_asked_for() -> None:
    """One that came after the release would keep the item from the next delivery."""
    late, items = threading.Event(), Mock()
    items.get_many.return_value = [item(1), item(2)]
    told: list[str] = []

    def lease(found: Item, *_: Any) -> Item:
        if found.item_id == "item_00001":
            late.set()
            raise OutOfTime
        assert late.wait(10)
        time.sleep(0.05)
        told.append("leased")
        return found

    items.lease_if_free.side_effect = lease
    items.release.side_effect = lambda *_: told.append("released")
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001", "item_00002")))

    worker = StageWorker(items, Mock(), {ItemStage.PROBE: Mock()}, FAST_CLOCK, Counting())
    worker.run([delivery], lambda: 100.0, Measures())
    assert told == ["leased", "released", "released"]


def test_the_same_record_in_another_invocation_is_another_owner() -> None:
    """Lambda may pass a record on twice, with one receipt and one count: both workers would have one lease."""
    items, owners = Mock(), list[str]()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = lambda found, owner, *_: owners.append(owner) or found
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001",)))
    for _ in range(2):
        worker = StageWorker(items, Mock(), {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: Mock()}, FAST_CLOCK, Looking())
        assert worker.run([delivery], lambda: 100.0, Measures()) == []
    assert len(set(owners)) == 2


def test_a_message_that_cannot_be_split_fails_alone() -> None:
    stage, items, queue = Looking(), Mock(), Mock()
    items.get_many.return_value = [item(3)]
    items.lease_if_free.side_effect = leased
    queue.send_items.side_effect = OutOfTime()
    again = Delivery("again", "r", 2, Work("run", ("item_00001", "item_00002")))
    delivery = Delivery("m", "r", 1, Work("run", ("item_00003",)))
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: queue, ItemStage.CONFIRM: Mock()}, FAST_CLOCK, stage)
    assert worker.run([again, delivery], lambda: 100.0, Measures()) == ["again"]
    assert len(stage.seen) == 1
