"""An invocation that needs many resources leaves some to others, and does not read the table again and again."""

from contextlib import ExitStack
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

    def release(self, *_: Any) -> None:
        return None


def pool_of(limit: int, leases: Leases, clock: HandClock) -> LeasePool:
    made: Any = leases
    return LeasePool(made, "key", limit, lambda *_: {"made": 1}, clock.clock, owner="me", seconds=60)


def test_half_of_them_are_leased_at_once_and_each_more_after_a_pause() -> None:
    leases, clock = Leases(), HandClock()
    pool = pool_of(8, leases, clock)
    with ExitStack() as held:
        names = [held.enter_context(pool.borrow(0)).name for _ in range(4)]
        assert names == ["000", "001", "002", "003"]
        clock.later(-0.001)
        with pytest.raises(NoResource), pool.borrow(-1):
            pass
        clock.later(0.3)
        assert held.enter_context(pool.borrow(0)).name == "004"


def test_where_nothing_is_free_the_table_is_read_again_after_a_pause() -> None:
    leases, clock = Leases(all_taken=True), HandClock()
    pool = pool_of(4, leases, clock)
    for seconds, reads in ((0.0, 1), (0.3, 1), (0.2, 2)):
        clock.later(seconds)
        with pytest.raises(NoResource), pool.borrow(-1):
            pass
        assert leases.read == reads


def test_a_resource_of_another_owner_is_not_tried() -> None:
    leases = Leases(taken=("000",))
    with pool_of(2, leases, HandClock()).borrow(0) as resource:
        assert resource.name == "001"
    assert leases.acquired == ["001"]
