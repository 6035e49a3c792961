"""A dead host or origin is asked by one worker, and costs no other item an attempt."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from batch_import.coordination import circuit_breaker
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision, CircuitBreaker, OriginBreakers
from batch_import.domain.answers import Trouble
from batch_import.domain.clock import Clock
from batch_import.domain.retry import RetryPolicy, retry_policy

ORIGIN = "https://relay.example.com"
PAUSES = RetryPolicy(3, 10, 60)


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read anew each time: the clock of these tests is not the machine's."""
    monkeypatch.setattr(circuit_breaker, "_READ_SECONDS", 0.0)


class Rows:
    """As much of the leases as is needed, shared like the table is."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.read = 0

    def facts(self, kind: str, name: str) -> dict[str, Any]:
        self.read += 1
        return dict(self.rows.get(name, {}))

    def remember(self, kind: str, name: str, facts: dict[str, Any], unchanged: tuple[str, Any]) -> bool:
        fact, seen = unchanged
        if self.rows.get(name, {}).get(fact) != seen:
            return False
        self.rows[name] = {**self.rows.get(name, {}), **facts}
        return True


class World:
    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble, self.connected = trouble, 0
        self.now = datetime(2026, 11, 25, tzinfo=UTC)
        self.rows = Rows()

    def origins(self) -> OriginBreakers:
        """Those of one more process."""
        return OriginBreakers(self.rows, Clock(lambda: self.now), self.connect)  # type: ignore[arg-type]

    def breaker(self) -> CircuitBreaker:
        """The host's, in one more process."""
        return CircuitBreaker(self.rows, Clock(lambda: self.now), "host", PAUSES)  # type: ignore[arg-type]

    def connect(self, origin: str) -> Trouble | None:
        self.connected += 1
        return self.trouble

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


# --- anything that may be down


def test_what_works_lets_everybody_in_and_is_written_nowhere() -> None:
    world = World()
    outage = world.breaker()
    outage.works()
    assert outage.admission() == CLOSED
    assert world.rows.rows == {}


def test_the_first_failure_is_counted_and_the_others_wait_at_no_cost() -> None:
    world = World()
    assert world.breaker().failed() == BreakerDecision(10, counted=True)
    world.wait(4)
    assert world.breaker().failed() == BreakerDecision(6)
    assert world.breaker().admission() == BreakerDecision(6)


def test_when_the_pause_is_over_one_asks_and_the_others_wait_on() -> None:
    world = World()
    world.breaker().failed()
    world.wait(10)
    assert world.breaker().admission() == BreakerDecision(asking=True)
    assert world.breaker().admission().wait > 0


def test_the_one_that_asks_opens_the_way_or_a_longer_pause() -> None:
    world = World()
    world.breaker().failed()
    world.wait(10)
    asking = world.breaker()
    asking.admission()
    assert asking.failed() == BreakerDecision(20, counted=True)
    world.wait(20)
    asking = world.breaker()
    asking.admission()
    asking.works()
    assert world.breaker().admission() == CLOSED


def test_should_the_one_that_asks_be_killed_another_asks_later() -> None:
    world = World()
    world.breaker().failed()
    world.wait(10)
    world.breaker().admission()
    world.wait(31)
    assert world.breaker().admission().asking


def test_after_enough_failures_in_a_row_nobody_waits_any_more() -> None:
    world = World()
    for _ in range(2):
        world.breaker().failed()
        world.wait(60)
    assert world.breaker().failed() == BreakerDecision(over=True, counted=True)
    assert world.breaker().admission() == CLOSED


def test_failures_long_ago_do_not_count() -> None:
    world = World()
    world.breaker().failed()
    world.wait(600)
    assert world.breaker().failed() == BreakerDecision(10, counted=True)


def test_those_that_look_at_the_same_moment_read_the_table_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit_breaker, "_READ_SECONDS", 60.0)
    world = World()
    world.breaker().failed()
    outage, ready = world.breaker(), Barrier(20)
    world.rows.read = 0

    def look(_: int) -> BreakerDecision:
        ready.wait()
        return outage.admission()

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(look, range(20))) == [BreakerDecision(10)] * 20
    assert world.rows.read == 1


# --- origins


def look_at_once(circuits: OriginBreakers, count: int) -> list[BreakerDecision]:
    ready = Barrier(count)

    def look(_: int) -> BreakerDecision:
        ready.wait()
        return circuits.admission(ORIGIN)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(look, range(count)))


def test_many_keys_of_a_dead_origin_connect_once_and_one_of_them_pays() -> None:
    world = World(Trouble.UNREACHABLE)
    found = look_at_once(world.origins(), 30)
    assert world.connected == 1
    assert [f.trouble for f in found if not f.wait] == [Trouble.UNREACHABLE]


def test_another_process_connects_once_and_waits_at_no_cost() -> None:
    world = World(Trouble.UNREACHABLE)
    world.origins().admission(ORIGIN)
    other = world.origins()
    assert [other.admission(ORIGIN).trouble for _ in range(3)] == [None] * 3
    assert world.connected == 2
    assert other.admission(ORIGIN).wait > 0


def test_a_pause_that_is_over_ends_with_the_next_look() -> None:
    world = World(Trouble.UNREACHABLE)
    circuits = world.origins()
    circuits.admission(ORIGIN)
    world.wait(11)
    world.trouble = None
    assert circuits.admission(ORIGIN) == BreakerDecision()
    assert world.rows.rows[ORIGIN]["failures"] == 0


def test_an_origin_that_stays_dead_ends_all_its_items_at_once() -> None:
    world = World(Trouble.UNREACHABLE)
    circuits = world.origins()
    looks = retry_policy("unreachable").attempts
    for _ in range(looks - 1):
        assert not circuits.admission(ORIGIN).over
        world.wait(11)
    assert circuits.admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert circuits.admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert world.origins().admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert world.connected == looks + 1


def test_a_living_origin_is_not_asked_again_for_a_moment_and_costs_no_call() -> None:
    world = World(None)
    assert set(look_at_once(world.origins(), 10)) == {BreakerDecision()}
    assert (world.connected, world.rows.read, world.rows.rows) == (1, 0, {})


@pytest.mark.parametrize("trouble", [Trouble.ADDRESS_REFUSED])
def test_a_refused_address_opens_nothing(trouble: Trouble) -> None:
    world = World(trouble)
    assert world.origins().admission(ORIGIN) == BreakerDecision(trouble=trouble)
    assert world.rows.rows == {}
