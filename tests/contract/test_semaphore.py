"""A limit that holds over all workers, also when one of them is killed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from batch_import.coordination.semaphore import DistributedSemaphore
from batch_import.store.dynamo import Table

from tests.support.aws import Aws
from tests.support.clock import HandClock

Make = Callable[[int], DistributedSemaphore]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def table(aws: Aws) -> Table:
    return Table(boto3.client("dynamodb"), aws.environment["RUNS_TABLE"])


@pytest.fixture
def permits(table: Table, clock: HandClock) -> Make:
    return lambda limit: DistributedSemaphore(table, clock.clock, "provider", limit, seconds=100)


def test_as_many_as_the_limit_are_let_in(permits: Make) -> None:
    some = permits(3)
    assert set(some.acquire({"p": ["a", "b"], "q": ["c"]})) == {"a", "b", "c"}
    assert len(some.acquire({"p": ["d", "e"]})) == 1
    assert some.acquire({"p": ["f"]}) == {}


def test_more_than_the_limit_at_once_are_cut(permits: Make) -> None:
    assert len(permits(3).acquire({"p": ["a", "b", "c", "d", "e"]})) == 3


def test_a_full_name_keeps_nobody_else_out(permits: Make) -> None:
    some = permits(1)
    some.acquire({"p": ["a"]})
    assert set(some.acquire({"p": ["b"], "q": ["c"]})) == {"c"}


def test_what_is_given_back_can_be_had_again(permits: Make, table: Table) -> None:
    some = permits(1)
    permit = some.acquire({"p": ["a"]})["a"]
    some.give_back("p", permit)
    again = some.acquire({"p": ["b"]})["b"]
    assert table.transact([some.returning("p", again)])
    assert set(some.acquire({"p": ["c"]})) == {"c"}


def test_giving_back_twice_is_harmless(permits: Make) -> None:
    some = permits(1)
    permit = some.acquire({"p": ["a"]})["a"]
    some.give_back("p", permit)
    some.acquire({"p": ["b"]})
    some.give_back("p", permit)
    assert some.acquire({"p": ["c"]}) == {}


def test_the_permit_of_a_killed_worker_runs_out(permits: Make, clock: HandClock) -> None:
    some = permits(1)
    some.acquire({"p": ["a"]})
    clock.later(101)
    assert set(some.acquire({"p": ["b"]})) == {"b"}


def test_the_limit_holds_under_threads(permits: Make) -> None:
    some = permits(4)
    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(lambda n: some.acquire({"p": [f"{n}-1", f"{n}-2"]}), range(16)))
    assert 1 <= sum(map(len, granted)) <= 4
