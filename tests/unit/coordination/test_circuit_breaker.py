"""A dead host or origin is asked by one worker, and costs no other item an attempt."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision, CircuitBreaker, OriginBreakers
from batch_import.domain.answers import Trouble
from batch_import.domain.retry_policy import RetryPolicy, retry_policy

from tests.support.clock import HandClock

ORIGIN = "https://relay.example.com"
PAUSES = RetryPolicy(3, 10, 60)


class Rows:
    """As much of the leases as is needed, shared like the table is."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.read = 0

    def facts(self, kind: str, name: str) -> dict[str, Any]:
        self.read += 1
        time.sleep(0.002)  # other threads go on meanwhile
        return dict(self.rows.get(name, {}))

    def remember(self, kind: str, name: str, facts: dict[str, Any], unchanged: tuple[str, Any]) -> bool:
        fact, seen = unchanged
        if self.rows.get(name, {}).get(fact) != seen:
            return False
        self.rows[name] = {**self.rows.get(name, {}), **facts}
        return True


class Network:
    """A table of breakers and a relay that may be down, seen by any number of processes."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble, self.connected = trouble, 0
        self.hand = HandClock()
        self.rows = Rows()

    def origins(self) -> OriginBreakers:
        """Those of one more process."""
        return OriginBreakers(self.rows, self.hand.clock, self.connect)  # type: ignore[arg-type]

    def breaker(self) -> CircuitBreaker:
        """The host's, in one more process."""
        return CircuitBreaker(self.rows, self.hand.clock, "host", PAUSES)  # type: ignore[arg-type]

    def connect(self, origin: str) -> Trouble | None:
        self.connected += 1
        time.sleep(0.002)  # other threads go on meanwhile
        return self.trouble

    def wait(self, seconds: float) -> None:
        self.hand.later(seconds)


# --- anything that may be down


def test_what_works_lets_everybody_in_and_is_written_nowhere() -> None:
    network = Network()
    outage = network.breaker()
    outage.works()
    assert outage.admission() == CLOSED
    assert network.rows.rows == {}


def test_the_first_failure_is_counted_and_the_others_wait_at_no_cost() -> None:
    network = Network()
    assert network.breaker().failed() == BreakerDecision(10, counted=True)
    network.wait(4)
    assert network.breaker().failed() == BreakerDecision(6)
    assert network.breaker().admission() == BreakerDecision(6)


def test_when_the_pause_is_over_one_asks_and_the_others_wait_on() -> None:
    network = Network()
    network.breaker().failed()
    network.wait(9.5)
    late = network.breaker()
    assert late.admission() == BreakerDecision(0.5)
    network.wait(0.5)
    assert network.breaker().admission() == BreakerDecision(asking=True)
    assert late.admission() == BreakerDecision(1)
    assert network.breaker().admission() == BreakerDecision(30)


def test_the_one_that_asks_opens_the_way_or_a_longer_pause() -> None:
    network = Network()
    network.breaker().failed()
    network.wait(10)
    asking = network.breaker()
    asking.admission()
    assert asking.failed() == BreakerDecision(20, counted=True)
    assert network.breaker().failed() == BreakerDecision(20)
    network.wait(20)
    asking = network.breaker()
    asking.admission()
    asking.works()
    assert network.breaker().admission() == CLOSED


def test_should_the_one_that_asks_be_killed_another_asks_later() -> None:
    network = Network()
    network.breaker().failed()
    network.wait(10)
    network.breaker().admission()
    network.wait(31)
    assert network.breaker().admission().asking


def test_after_enough_failures_in_a_row_nobody_waits_any_more() -> None:
    network = Network()
    for _ in range(2):
        network.breaker().failed()
        network.wait(60)
    assert network.breaker().failed() == BreakerDecision(over=True, counted=True)
    assert network.breaker().admission() == CLOSED


def test_failures_long_ago_do_not_count() -> None:
    network = Network()
    network.breaker().failed()
    network.wait(600)
    assert network.breaker().failed() == BreakerDecision(10, counted=True)


def test_threads_that_ask_at_the_same_moment_read_the_table_once() -> None:
    network = Network()
    network.breaker().failed()
    outage, ready = network.breaker(), Barrier(20)
    network.rows.read = 0

    def look(_: int) -> BreakerDecision:
        ready.wait()
        return outage.admission()

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(look, range(20))) == [BreakerDecision(10)] * 20
    assert network.rows.read == 1


# --- origins


def look_at_once(circuits: OriginBreakers, count: int) -> list[BreakerDecision]:
    ready = Barrier(count)

    def look(_: int) -> BreakerDecision:
        ready.wait()
        return circuits.admission(ORIGIN)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(look, range(count)))


def test_many_keys_of_a_dead_origin_connect_once_and_one_of_them_pays() -> None:
    network = Network(Trouble.UNREACHABLE)
    found = look_at_once(network.origins(), 30)
    assert network.connected == 1
    assert [f.trouble for f in found if not f.wait] == [Trouble.UNREACHABLE]


def test_another_process_connects_once_and_waits_at_no_cost() -> None:
    network = Network(Trouble.UNREACHABLE)
    network.origins().admission(ORIGIN)
    other = network.origins()
    assert [other.admission(ORIGIN).trouble for _ in range(3)] == [None] * 3
    assert network.connected == 2
    assert other.admission(ORIGIN).wait > 0


def test_a_pause_that_is_over_ends_with_the_next_look() -> None:
    network = Network(Trouble.UNREACHABLE)
    circuits = network.origins()
    circuits.admission(ORIGIN)
    network.wait(11)
    network.trouble = None
    assert circuits.admission(ORIGIN) == BreakerDecision()
    assert network.rows.rows[ORIGIN]["failures"] == 0


def test_an_origin_that_stays_dead_ends_all_its_items_at_once() -> None:
    network = Network(Trouble.UNREACHABLE)
    circuits = network.origins()
    looks = retry_policy("unreachable").attempts
    for _ in range(looks - 1):
        assert not circuits.admission(ORIGIN).over
        network.wait(11)
    assert circuits.admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert circuits.admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert network.origins().admission(ORIGIN) == BreakerDecision(trouble=Trouble.UNREACHABLE, over=True)
    assert network.connected == looks + 1


def test_a_living_origin_is_not_asked_again_for_a_moment_and_costs_no_call() -> None:
    network = Network(None)
    assert set(look_at_once(network.origins(), 10)) == {BreakerDecision()}
    assert (network.connected, network.rows.read, network.rows.rows) == (1, 0, {})


@pytest.mark.parametrize("trouble", [Trouble.ADDRESS_REFUSED])
def test_a_refused_address_opens_nothing(trouble: Trouble) -> None:
    network = Network(trouble)
    circuits = network.origins()
    assert [circuits.admission(ORIGIN) for _ in range(2)] == [BreakerDecision(trouble=trouble)] * 2
    assert network.rows.rows == {}
