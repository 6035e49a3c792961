"""An answer of AWS that is lost after the call was applied: the client repeats it by itself, and nobody notices.

A real client against the emulator, with a proxy in between that loses the answer. In-process doubles cannot show this:
what matters is what botocore repeats, and what the table says to that.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from batch_import.aws.queue import Work
from batch_import.coordination.semaphore import DistributedSemaphore
from batch_import.domain.errors import LeaseLost
from batch_import.domain.types import AccessStatus, ItemStage, RunState
from batch_import.store.dynamo import Table
from batch_import.store.leases import Leases
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.contract.test_store_items import PROBING, TOLD
from tests.support.aws import Aws, make_stack
from tests.support.faults import CONFLICT, DROP_AFTER, ERROR_AFTER, THROTTLES, FaultProxy, fault_proxy
from tests.support.stack import bare_emulator
from tests.support.stores import Stores, event_history

Lose = Callable[[str], None]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProxy]:
    with bare_emulator(tmp_path_factory.mktemp("lost")) as emulator, fault_proxy(emulator.settings.endpoint) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def aws(proxy: FaultProxy) -> Iterator[Aws]:
    saved = dict(os.environ)
    os.environ["AWS_ENDPOINT_URL"] = proxy.url
    yield make_stack()
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture(params=[DROP_AFTER, ERROR_AFTER], ids=["connection dropped", "error 500"])
def lose(proxy: FaultProxy, request: pytest.FixtureRequest) -> Iterator[Lose]:
    """Lose the answer of the next call of an operation; the test fails when no such call was made."""
    asked = []

    def lose_next(operation: str) -> None:
        asked.append(operation)
        proxy.obey({"operation": operation, "times": 1, **request.param})

    before = proxy.faults
    yield lose_next
    proxy.obey()
    assert [operation for _, operation, _ in (proxy.faults - before).elements()] == asked


# --- items


def test_a_lease_is_ours(stores: Stores, lose: Lose) -> None:
    run = stores.start()
    item = stores.item(run)
    lose("UpdateItem")
    leased = stores.items.lease(item, "mine", 60, PROBING)
    assert stores.item(run) == leased
    assert leased.lease_owner == "mine"
    with pytest.raises(LeaseLost):
        stores.items.lease(leased, "other", 60, PROBING)


def test_a_released_item_is_free_at_once(stores: Stores, lose: Lose) -> None:
    run = stores.start()
    item = stores.items.lease(stores.item(run), "mine", 60, PROBING)
    lose("UpdateItem")
    stores.items.release(item.item_id, item.run_id, "mine")
    assert stores.items.lease(stores.item(run), "other", 60, PROBING).lease_owner == "other"


@pytest.mark.parametrize("operation", ["UpdateItem", "BatchWriteItem"])
def test_a_transition_happens_once_and_leaves_its_events_once(stores: Stores, lose: Lose, operation: str) -> None:
    run = stores.start()
    item = stores.items.lease(stores.item(run), "mine", 60, PROBING)
    lose(operation)
    moved = stores.items.transition(item, {"current_stage": ItemStage.CONFIRM}, [TOLD])
    assert (stores.item(run), moved.version) == (moved, item.version + 1)
    assert event_history(stores, item) == ["lease_acquired", "models_discovered"]


def test_an_item_that_ends_is_counted_once(stores: Stores, lose: Lose) -> None:
    run = stores.start(2)
    lose("UpdateItem")
    stores.end(stores.item(run), run, AccessStatus.BROKEN)
    counters = stores.runs.counters(run)
    assert (counters.completed_items, counters.broken_items, counters.active_items) == (1, 1, 0)


# --- runs


def test_a_run_is_created_once(stores: Stores, lose: Lose) -> None:
    before = runs(stores)
    lose("TransactWriteItems")
    run = stores.start(2)
    assert runs(stores) - before == {run.run_id}
    assert stores.item(run, 1).current_stage is ItemStage.PROBE


def test_whoever_ends_the_last_item_closes_the_run(stores: Stores, lose: Lose) -> None:
    run = stores.start()
    lose("TransactWriteItems")
    stores.end(stores.item(run), run)
    closed = stores.runs.get(run.run_id)
    assert closed is not None
    assert (closed.state, closed.finished_at is not None) == (RunState.COMPLETED, True)
    assert not stores.runs.close(run)


def test_a_phase_is_entered_by_the_one_who_asked_for_it(stores: Stores, lose: Lose) -> None:
    run = stores.start()
    lose("TransactWriteItems")
    assert stores.runs.set_self_service(run.run_id, {"phase": "bound"}, None)
    assert not stores.runs.set_self_service(run.run_id, {"phase": "bound"}, None)


def runs(stores: Stores) -> set[str]:
    found, _ = stores.listing.runs({}, 200, None)
    return {run.run_id for run in found}


# --- leases, facts and permits


def test_a_named_lease_is_ours_and_free_again_after_its_release(
    stores: Stores, lose: Lose, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    lose("UpdateItem")
    assert stores.leases.acquire("provider", name, "mine", 60)
    assert not stores.leases.acquire("provider", name, "other", 60)
    stores.leases.release("provider", name, "mine")
    assert stores.leases.acquire("provider", name, "other", 60)


def test_a_lease_given_back_is_free_at_once(stores: Stores, lose: Lose, request: pytest.FixtureRequest) -> None:
    name = request.node.name
    assert stores.leases.acquire("provider", name, "mine", 60)
    lose("UpdateItem")
    stores.leases.release("provider", name, "mine")
    assert stores.leases.acquire("provider", name, "other", 60)


def test_a_fact_is_written_by_the_one_who_saw_what_was_there(
    stores: Stores, lose: Lose, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    lose("TransactWriteItems")
    assert stores.leases.remember("outage", name, {"open_until": "later"}, unchanged=("open_until", None))
    assert not stores.leases.remember("outage", name, {"open_until": "now"}, unchanged=("open_until", None))


def test_permits_are_taken_once(stores: Stores, lose: Lose, request: pytest.FixtureRequest) -> None:
    name, permits = request.node.name, DistributedSemaphore(stores.runs_table, stores.clock, "provider", 3)
    lose("UpdateItem")
    assert [permits.acquire(name, count, holder)[0] for count, holder in ((2, "a"), (1, "b"), (1, "c"))] == [2, 1, 0]


def test_the_last_permits_are_taken_once(stores: Stores, lose: Lose, request: pytest.FixtureRequest) -> None:
    """More are wanted than there can be: what fits is looked up first."""
    name, permits = request.node.name, DistributedSemaphore(stores.runs_table, stores.clock, "provider", 3)
    lose("UpdateItem")
    assert permits.acquire(name, 4, "a")[0] == 3


def test_permits_given_back_are_given_back_once(stores: Stores, lose: Lose, request: pytest.FixtureRequest) -> None:
    name, permits = request.node.name, DistributedSemaphore(stores.runs_table, stores.clock, "provider", 3)
    _, mine = permits.acquire(name, 2, "a")
    permits.acquire(name, 1, "b")
    lose("UpdateItem")
    permits.give_back(name, mine)
    assert permits.acquire(name, 3, "c")[0] == 2


def test_a_lease_of_which_no_answer_ever_comes_is_not_kept(
    stores: Stores, lose: Lose, request: pytest.FixtureRequest
) -> None:
    """The caller gives up without knowing that it has it."""
    once = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    leases = Leases(Table(once, stores.settings.runs_table), stores.clock, "host1")
    lose("UpdateItem")
    with pytest.raises((BotoCoreError, ClientError)):
        leases.acquire("provider", request.node.name, "mine", 60)
    assert stores.leases.acquire("provider", request.node.name, "other", 60)


def test_asking_for_a_taken_lease_through_faults_does_not_use_up_the_retries(stores: Stores, proxy: FaultProxy) -> None:
    """A failed condition gives botocore's standard mode nothing back into its budget of a hundred retries."""
    assert stores.leases.acquire("provider", "taken", "other", 60)
    proxy.obey({"operation": "UpdateItem", "sequence": [1, 1], "error": {"code": THROTTLES["dynamodb"]}})
    # One after the other: of calls at once, one could meet every fault.
    asked = [stores.leases.acquire("provider", "taken", "mine", 60) for _ in range(110)]
    proxy.obey()
    assert asked == [False] * 110


def test_a_write_that_meets_a_transaction_is_made_a_moment_later(
    stores: Stores, proxy: FaultProxy, request: pytest.FixtureRequest
) -> None:
    run, name = stores.start(), request.node.name
    proxy.obey({"operation": "UpdateItem", "error": {"code": "TransactionConflictException"}, "times": 2})
    assert stores.leases.acquire("provider", name, "mine", 60)
    assert stores.items.lease(stores.item(run), "mine", 60, PROBING) == stores.item(run)
    proxy.obey({**CONFLICT, "times": 2})
    assert stores.runs.cancel(run.run_id)
    proxy.obey()


# --- rows and queues


def test_a_conditional_row_and_its_change_are_written_once(stores: Stores, lose: Lose, request: Any) -> None:
    row = {"pk": request.node.name, "sk": "row"}
    assert stores.runs_table.write_together([stores.runs_table.putting({**row, "n": 1}, "attribute_not_exists(pk)")])
    lose("TransactWriteItems")
    stores.runs_table.update_once(row["pk"], "row", "SET n = n + :one", {":one": 1, ":seen": 1}, condition="n = :seen")
    assert (stores.runs_table.get(row["pk"], "row") or {})["n"] == 2


def test_what_was_sent_arrives_and_a_second_copy_says_the_same(stores: Stores, aws: Aws, lose: Lose) -> None:
    work = Work("run", ("item_00001",))
    lose("SendMessageBatch")
    stores.queues[ItemStage.CONFIRM].send([work])
    sqs, url = boto3.client("sqs"), aws.environment["CONFIRM_QUEUE_URL"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == [work.body()] * 2
    for message in received:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
