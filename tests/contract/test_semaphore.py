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
    assert [some.acquire(name, count, holder)[0] for name, count, holder in (("p", 2, "a"), ("q", 1, "a"))] == [2, 1]
    assert some.acquire("p", 2, "b")[0] == 1
    assert some.acquire("p", 1, "c")[0] == 0


def test_more_than_the_limit_at_once_are_cut(permits: Make) -> None:
    assert permits(3).acquire("p", 5, "a")[0] == 3


def test_what_is_given_back_can_be_had_again(permits: Make) -> None:
    some = permits(2)
    _, permit = some.acquire("p", 2, "a")
    some.give_back("p", permit)
    assert some.acquire("p", 1, "b")[0] == 1
    assert some.acquire("p", 2, "c")[0] == 1


def test_giving_back_twice_is_harmless(permits: Make) -> None:
    some = permits(1)
    _, permit = some.acquire("p", 1, "a")
    some.give_back("p", permit)
    some.acquire("p", 1, "b")
    some.give_back("p", permit)
    assert some.acquire("p", 1, "c")[0] == 0


def test_a_holder_that_asks_again_has_what_it_had(permits: Make) -> None:
    """The client repeats a call whose answer was lost."""
    some = permits(3)
    first = some.acquire("p", 3, "a")
    assert some.acquire("p", 3, "a") == first


def test_the_permits_of_a_killed_worker_run_out(permits: Make, clock: HandClock) -> None:
    some = permits(2)
    some.acquire("p", 2, "a")
    clock.later(99)
    assert some.acquire("p", 1, "b")[0] == 0
    clock.later(2)
    assert some.acquire("p", 1, "b")[0] == 1
    assert some.acquire("p", 2, "c")[0] == 1


def test_the_limit_holds_under_threads(permits: Make) -> None:
    some = permits(4)
    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(lambda n: some.acquire("p", 2, str(n))[0], range(16)))
    assert sum(granted) == 4
