"""One lease for a provider: passed on among the threads of an invocation, shut for everybody else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from batch_import.coordination.provider_lock import LATE_SECONDS, ProviderBusy, ProviderLocks, ProviderSnapshot
from batch_import.domain.clock import SYSTEM_CLOCK

from tests.support.clock import HandClock

PROVIDER = "relay-12345678"


class Table:
    """As much of the leases as is needed, shared by the owners like the table is."""

    def __init__(self) -> None:
        self.owner: str | None = None
        self.asked = 0
        self.facts: dict[str, Any] = {}

    def acquired(self, kind: str, name: str, owner: str, seconds: float) -> dict[str, Any] | None:
        self.asked += 1
        if self.owner not in (None, owner):
            return None
        self.owner = owner
        return self.facts

    def remember(self, kind: str, name: str, facts: dict[str, Any]) -> None:
        self.facts |= facts

    def release(self, kind: str, name: str, owner: str) -> None:
        assert self.owner == owner
        self.owner = None


def locks(table: Table, owner: str = "one", patience: float = 2.0) -> ProviderLocks:
    return ProviderLocks(table, owner, SYSTEM_CLOCK, patience=patience)  # type: ignore[arg-type]


def test_threads_that_wait_share_one_lease_and_what_was_looked_up() -> None:
    table, first_in = Table(), Event()
    ours, seen = locks(table), []

    def work(number: int) -> None:
        with ours.hold(PROVIDER) as snapshot:
            first_in.wait(2) if number == 0 else None
            snapshot.channels[str(number)] = (number, {})
            seen.append(len(snapshot.channels))

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(work, number) for number in range(8)]
        while ours.waiting(PROVIDER) < 7:
            pass
        first_in.set()
        for job in jobs:
            job.result()
    assert seen == list(range(1, 9))
    assert table.asked == 1
    assert table.owner is None


def test_another_owner_waits_and_then_gives_up() -> None:
    table = Table()
    with locks(table).hold(PROVIDER), pytest.raises(ProviderBusy), locks(table, "two", 0.1).hold(PROVIDER):
        pass
    with locks(table, "two", 0.1).hold(PROVIDER) as snapshot:
        assert snapshot == ProviderSnapshot()


def test_a_thread_gives_up_when_another_holds_the_lease_for_too_long() -> None:
    ours = locks(Table(), patience=0.05)
    with ours.hold(PROVIDER), ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(ours.hold(PROVIDER).__enter__).exception(), ProviderBusy)


def test_a_lease_that_gets_free_in_time_is_taken() -> None:
    table = Table()
    table.owner = "two"
    clock = replace(HandClock().clock, sleep=lambda _: table.release("provider", PROVIDER, "two"))
    with ProviderLocks(table, "one", clock).hold(PROVIDER):  # type: ignore[arg-type]
        assert table.owner == "one"


def break_off(ours: ProviderLocks) -> None:
    with ours.hold(PROVIDER) as snapshot:
        snapshot.accounts = []
        raise ValueError("broke off")


@pytest.mark.parametrize("waiting", [0, 1])
def test_what_broke_off_is_looked_up_again(waiting: int) -> None:
    """Also by a thread that the lease is passed on to."""
    table = Table()
    ours = locks(table)
    ours._held[PROVIDER].waiting = waiting
    with pytest.raises(ValueError, match="broke off"):
        break_off(ours)
    assert (table.owner is None) == (not waiting)
    with ours.hold(PROVIDER) as snapshot:
        assert snapshot == ProviderSnapshot()


@pytest.mark.parametrize(("seconds", "known"), [(30, True), (31, False)])
def test_what_was_looked_up_is_used_for_half_a_minute(seconds: float, known: bool) -> None:
    table, clock = Table(), HandClock()
    ours = ProviderLocks(table, "one", clock.clock)  # type: ignore[arg-type]
    ours._held[PROVIDER].waiting = 1
    with ours.hold(PROVIDER) as snapshot:
        snapshot.accounts = []
    clock.later(seconds)
    with ours.hold(PROVIDER) as snapshot:
        assert (snapshot.accounts is not None, table.asked) == (known, 1 if known else 2)


def test_closing_gives_back_what_was_kept_for_a_thread_that_left() -> None:
    table = Table()
    ours = locks(table)
    held: Any = ours._held[PROVIDER]
    held.waiting = 1
    with ours.hold(PROVIDER):
        pass
    assert table.owner == "one"
    held.waiting = 0
    ours.close()
    assert table.owner is None


def test_a_late_creation_keeps_its_key_from_others_until_it_is_settled_or_time_has_passed() -> None:
    table, hand = Table(), HandClock()

    def may_create(owner: str, digest: str = "d1") -> bool:
        ours = ProviderLocks(table, owner, hand.clock)  # type: ignore[arg-type]
        with ours.hold(PROVIDER) as snapshot:
            snapshot.clear()  # a failure forgets what was read, and not what is on its way
            try:
                ours.demand_settled(snapshot, digest, owner)
            except ProviderBusy:
                return False
            return True

    def remember(digest: str, *, settled: bool = False) -> None:
        ours = ProviderLocks(table, "one", hand.clock)  # type: ignore[arg-type]
        with ours.hold(PROVIDER) as snapshot:
            ours.remember_late(PROVIDER, snapshot, digest, "one")
            if settled:
                ours.settle(PROVIDER, snapshot, digest)

    remember("d1")
    assert [may_create("one"), may_create("two"), may_create("two", "d2")] == [True, False, True]
    remember("d1", settled=True)
    assert may_create("two")
    remember("d1")
    hand.later(LATE_SECONDS)
    assert may_create("two")
    for number in range(2000):
        remember(f"{number}")
    assert len(str(table.facts)) < 10_000
    assert not may_create("two", "1999")
