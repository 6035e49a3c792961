"""Who needs many slots leaves some to others, and does not look again and again where nothing is free."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.pipeline import slots
from batch_import.pipeline.slots import SlotPool


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(slots.time, "monotonic", lambda: made.now)
    return made


def pool_of(limit: int, *, free: bool = True) -> tuple[SlotPool, Any]:
    leases: Any = Mock(all=Mock(return_value=[]), acquire=Mock(return_value=free), taken=Mock(return_value=False))
    return SlotPool(leases, "key", limit, lambda *_: {"made": 1}, owner="me", seconds=60), leases


def test_half_of_them_are_leased_at_once_and_each_more_after_a_while(clock: Clock) -> None:
    pool, _ = pool_of(8)
    assert [pool._lease_bundle() for _ in range(4)] == ["000", "001", "002", "003"]
    assert pool._lease_bundle() is None
    clock.now += 0.3
    assert pool._lease_bundle() == "004"
    assert pool._lease_bundle() is None


def test_where_nothing_is_free_one_looks_again_after_a_while(clock: Clock) -> None:
    pool, leases = pool_of(4, free=False)
    assert pool._lease_bundle() is None
    clock.now += 0.3
    assert pool._lease_bundle() is None
    assert leases.all.call_count == 1
    clock.now += 0.2
    assert pool._lease_bundle() is None
    assert leases.all.call_count == 2


def test_what_somebody_else_has_is_not_tried(clock: Clock) -> None:
    pool, leases = pool_of(2)
    leases.all.return_value = [{"sk": "000"}]
    leases.taken.side_effect = lambda row, owner: owner == "me" and row.get("sk") == "000"
    assert pool._lease_bundle() == "001"
    assert leases.acquire.call_count == 1
