"""Permits that the items of a message share are given back, whatever becomes of the items."""

import pytest
from batch_import.consumer.admission import RelayLimits
from batch_import.coordination.semaphore import DistributedSemaphore
from batch_import.domain.entities import Item
from batch_import.domain.urls import origin_of
from botocore.exceptions import EndpointConnectionError

from tests.support.stores import Stores

LIMIT = 3
ORIGIN = origin_of("https://one.example.com/v1")


@pytest.fixture
def semaphore(stores: Stores) -> DistributedSemaphore:
    return DistributedSemaphore(stores.runs_table, stores.clock, "origin", LIMIT)


@pytest.fixture
def items(stores: Stores) -> list[Item]:
    """Of one origin."""
    pairs = [{"base_url": f"https://one.example.com/r{n}", "api_key": f"sk-test-00000000000000{n}"} for n in range(3)]
    run = stores.start(items=pairs)
    return [stores.item(run, position) for position in range(3)]


def free(semaphore: DistributedSemaphore, holder: str) -> int:
    count, permit = semaphore.acquire(ORIGIN, LIMIT, holder)
    semaphore.give_back(ORIGIN, permit)
    return count


def test_they_go_with_the_last_item_of_the_message(semaphore: DistributedSemaphore, items: list[Item]) -> None:
    limits = RelayLimits(None, semaphore)
    admitted, waits = limits.admit(items)
    assert (list(admitted), waits) == (items, {})
    limits.give_back(items[:2])
    assert free(semaphore, "a") == 0
    limits.give_back(items[2:])
    assert free(semaphore, "b") == LIMIT


@pytest.mark.parametrize(("waited", "longest"), [(0, 8), (100, 8), (400, 20), (36_000, 30)])
def test_who_waits_long_comes_back_less_often_but_every_half_minute(
    stores: Stores, semaphore: DistributedSemaphore, items: list[Item], waited: int, longest: float
) -> None:
    semaphore.acquire(ORIGIN, LIMIT, "others")
    stores.later(waited)
    semaphore.acquire(ORIGIN, LIMIT, "others again")  # the permits of before have run out
    admitted, waits = RelayLimits(None, semaphore, stores.clock).admit(items)
    assert admitted == []
    assert len(waits) == len(items)
    assert all(longest / 4 <= seconds <= longest for seconds in waits.values())


def test_an_item_that_broke_off_keeps_them_no_longer_than_the_invocation(
    semaphore: DistributedSemaphore, items: list[Item]
) -> None:
    limits = RelayLimits(None, semaphore)
    limits.admit(items)
    limits.give_back(items[:2])
    limits.close()
    assert free(semaphore, "a") == LIMIT
    limits.close()
    assert free(semaphore, "b") == LIMIT


def test_a_table_that_fails_breaks_no_item_off(
    semaphore: DistributedSemaphore, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example.com")

    limits = RelayLimits(None, semaphore)
    limits.admit(items)
    monkeypatch.setattr(semaphore, "give_back", fail)
    limits.give_back(items)
