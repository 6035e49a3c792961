"""An invocation that needs many resources leaves some to others, and does not read the table again and again."""

from contextlib import ExitStack, suppress
from typing import Any

import pytest
from batch_import.coordination.lease_pool import LeasePool, NoResource

from tests.support.clock import HandClock


class Leases:
    """Rows of leases that are free, or that somebody else has."""

    def __init__(self, *, taken: tuple[str, ...] = (), all_taken: bool = False) -> None:
        self.rows = [{"sk": name} for name in taken]
        self.taken_names, self.all_taken = set(taken), all_taken
        self.read = 0
        self.acquired: list[str] = []
        self.released: list[str] = []

    def all(self, kind: str) -> list[dict[str, Any]]:
        self.read += 1
        return self.rows

    def taken(self, row: dict[str, Any], owner: str) -> bool:
        return row["sk"] in self.taken_names

    def acquire(self, kind: str, name: str, *_: Any) -> bool:
        self.acquired.append(name)
        return not self.all_taken

    def remember(self, *_: Any) -> bool:
        return True

    def release(self, _kind: str, name: str, _owner: str) -> None:
        self.released.append(name)
        raise OSError("the lease expires all the same")


def pool_of(limit: int, leases: Leases, clock: HandClock, **how: Any) -> LeasePool:
    made: Any = leases
    return LeasePool(made, "key", limit, lambda *_: {"made": 1}, clock.clock, owner="me", seconds=60, **how)


def test_half_of_them_are_leased_at_once_and_each_more_after_a_pause() -> None:
    leases, clock = Leases(), HandClock()
    pool = pool_of(8, leases, clock)
    with ExitStack() as held:
        names = [held.enter_context(pool.borrow(0)).name for _ in range(4)]
        assert names == ["000", "001", "002", "003"]
        clock.later(-0.001)
        with pytest.raises(NoResource), pool.borrow(0):
            pass
        clock.later(0.3)
        assert held.enter_context(pool.borrow(0)).name == "004"


def test_where_nothing_is_free_the_table_is_read_again_after_a_pause() -> None:
    leases, clock = Leases(all_taken=True), HandClock()
    pool = pool_of(4, leases, clock)
    for seconds, reads in ((0.0, 1), (0.3, 1), (0.2, 2)):
        clock.later(seconds)
        with pytest.raises(NoResource), pool.borrow(0):
            pass
        assert leases.read == reads


def test_a_resource_of_another_owner_is_not_tried() -> None:
    leases = Leases(taken=("000",))
    with pool_of(2, leases, HandClock()).borrow(0) as resource:
        assert resource.name == "001"
    assert leases.acquired == ["001"]


def test_a_resource_rests_before_its_next_use() -> None:
    """The account that left an isolation group may answer for a moment longer."""
    clock = HandClock()
    pool = pool_of(1, Leases(), clock, cooldown=2.0)
    with suppress(ValueError), pool.borrow(0):
        raise ValueError
    with pytest.raises(NoResource), pool.borrow(1.9):
        pass
    before = clock.monotonic
    with pool.borrow(5) as resource:
        assert (resource.name, clock.monotonic >= before + 0.1) == ("000", True)


def test_an_idle_bundle_is_given_back_while_another_has_a_free_resource() -> None:
    leases, clock = Leases(), HandClock()
    pool = pool_of(8, leases, clock, together=2)
    with pool.borrow(0), ExitStack() as second, ExitStack() as third:
        second.enter_context(pool.borrow(0))
        assert third.enter_context(pool.borrow(0)).name == "002"
        second.close()
        assert leases.released == []  # one resource of each is in use
        third.close()
    assert leases.released == ["from-002"]
    pool.close()
    assert leases.released == ["from-002", "from-000"]


def test_what_comes_back_after_the_end_is_lent_to_nobody() -> None:
    """Its lease has been given back: another invocation may have it."""
    leases, clock = Leases(), HandClock()
    pool = pool_of(1, leases, clock)
    with pool.borrow(0):
        pool.close()
    clock.later(1)
    with pool.borrow(0):
        assert leases.acquired == ["000", "000"]
