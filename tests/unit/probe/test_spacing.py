"""Requests to a relay in turn, where the operator wants a pause between them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from batch_import.domain.answers import Answer
from batch_import.domain.clock import Clock
from batch_import.probe.relay import spaced


class Time:
    """A monotonic time that passes only where somebody sleeps, and when each call went out."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.calls: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self.now = 100.0
        self.clock = Clock(lambda: datetime.now(UTC), lambda: self.now, self._sleep)

    def exchange(self, method: str, url: str, *, timeout: float) -> Answer:
        with self.lock:
            self.calls.append((method, url))
        return Answer(200, str(timeout))

    def _sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(seconds)


def test_each_call_waits_its_turn_and_the_first_one_too() -> None:
    time = Time()
    exchange = spaced(time.exchange, 0.5, time.clock)
    assert exchange("GET", "https://relay.example/v1/models", timeout=30).text == "30"
    time.now += 0.25
    exchange("GET", "https://relay.example/v1/models", timeout=30)
    time.now += 10
    exchange("GET", "https://relay.example/v1/models", timeout=30)
    assert time.slept == [0.5, 0.75, 0.5]
    assert time.calls == [("GET", "https://relay.example/v1/models")] * 3


def test_threads_wait_for_turns_of_their_own() -> None:
    time = Time()
    exchange = spaced(time.exchange, 0.5, time.clock)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: exchange("POST", f"https://relay.example/{n}", timeout=1), range(4)))
    assert sorted(time.slept) == [0.5, 1.0, 1.5, 2.0]
