"""The circuit per origin (design §2.1): a dead one costs one time-out, not one per key.

It opens only on failures before an HTTP exchange, never on a status or a slow answer.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from batch_import.domain.answers import BEFORE_EXCHANGE, Trouble
from batch_import.domain.clock import Clock, iso, parse
from batch_import.store.leases import Leases

OPEN_SECONDS = 5.0
_FRESH_SECONDS = 2.0  # a connection made this long ago is as good as a new one


@dataclass(frozen=True, slots=True)
class Found:
    """``wait`` > 0: the circuit is open, come back then, at no cost of attempts. Else ``trouble`` of a fresh look."""

    trouble: Trouble | None = None
    wait: float = 0.0


class Circuits:
    """Lives as long as the process. ``connect`` opens and closes one connection and says what went wrong."""

    def __init__(self, leases: Leases, clock: Clock, connect: Callable[[str], Trouble | None]) -> None:
        self._leases = leases
        self._clock = clock
        self._connect = connect
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._looked: dict[str, tuple[float, Trouble | None]] = {}

    def look(self, origin: str) -> Found:
        """One thread connects; those that ask meanwhile, or a moment later, take its word."""
        asked_at = time.monotonic()
        with self._guard:
            lock = self._locks[origin]
        with lock:
            looked_at, trouble = self._looked.get(origin, (float("-inf"), None))
            if looked_at >= asked_at or (trouble is None and asked_at - looked_at < _FRESH_SECONDS):
                return Found(trouble)
            wait = self._open_for(origin)
            return Found(wait=wait) if wait > 0 else Found(self._look_now(origin))

    def _open_for(self, origin: str) -> float:
        until = self._leases.facts("circuit", origin).get("open_until")
        return (parse(until) - self._clock()).total_seconds() if until else 0.0

    def _look_now(self, origin: str) -> Trouble | None:
        trouble = self._connect(origin)
        if trouble in BEFORE_EXCHANGE:
            until = iso(self._clock() + timedelta(seconds=OPEN_SECONDS))
            self._leases.remember("circuit", origin, {"open_until": until, "trouble": trouble.value})
        self._looked[origin] = (time.monotonic(), trouble)
        return trouble
