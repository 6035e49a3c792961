"""One dead origin costs one time-out and not one per key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from batch_import.domain.answers import Trouble
from batch_import.pipeline.circuit import OPEN_SECONDS, Circuits, Found

ORIGIN = "https://relay.example.com"


class Rows:
    """As much of the leases as a circuit needs, shared like the table is."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def facts(self, kind: str, name: str) -> dict[str, Any]:
        return self.rows.get(name, {})

    def remember(self, kind: str, name: str, facts: dict[str, Any]) -> None:
        self.rows[name] = facts


class World:
    def __init__(self, trouble: Trouble | None) -> None:
        self.trouble, self.connected = trouble, 0
        self.now = datetime(2026, 11, 25, tzinfo=UTC)
        self.rows = Rows()

    def circuits(self) -> Circuits:
        """Those of one more process."""
        return Circuits(self.rows, lambda: self.now, self.connect)  # type: ignore[arg-type]

    def connect(self, origin: str) -> Trouble | None:
        self.connected += 1
        return self.trouble


def look_at_once(circuits: Circuits, count: int) -> list[Found]:
    ready = Barrier(count)

    def look(_: int) -> Found:
        ready.wait()
        return circuits.look(ORIGIN)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(look, range(count)))


def test_many_keys_of_a_dead_origin_connect_once() -> None:
    world = World(Trouble.UNREACHABLE)
    found = look_at_once(world.circuits(), 30)
    assert world.connected <= 2  # a thread that asks after the first has ended sees the open circuit
    assert all(f.trouble is Trouble.UNREACHABLE or f.wait > 0 for f in found)


def test_another_process_waits_for_an_open_circuit_at_no_cost() -> None:
    world = World(Trouble.UNREACHABLE)
    world.circuits().look(ORIGIN)
    found = world.circuits().look(ORIGIN)
    assert (world.connected, found.trouble) == (1, None)
    assert 0 < found.wait <= OPEN_SECONDS


def test_an_open_circuit_is_tried_again_when_its_time_is_over() -> None:
    world = World(Trouble.UNREACHABLE)
    circuits = world.circuits()
    circuits.look(ORIGIN)
    world.now += timedelta(seconds=OPEN_SECONDS + 1)
    world.trouble = None
    assert circuits.look(ORIGIN) == Found()
    assert world.connected == 2


def test_a_living_origin_is_not_asked_again_for_a_moment() -> None:
    world = World(None)
    assert set(look_at_once(world.circuits(), 10)) == {Found()}
    assert world.connected == 1
    assert world.rows.rows == {}


@pytest.mark.parametrize("trouble", [Trouble.ADDRESS_REFUSED])
def test_a_refused_address_opens_nothing(trouble: Trouble) -> None:
    world = World(trouble)
    assert world.circuits().look(ORIGIN) == Found(trouble)
    assert world.rows.rows == {}
