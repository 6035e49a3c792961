"""What is down, known to all workers through the table: one asks, the others wait for free.

See docs/design.md#21-probe.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_import.domain.answers import BEFORE_EXCHANGE, Trouble
from batch_import.domain.clock import Clock, iso, parse
from batch_import.domain.retry import RetryPolicy, retry_policy
from batch_import.store.dynamo import Row
from batch_import.store.leases import Leases

_KIND = "outage"
_ASKING_SECONDS = 30.0  # for the one that asks; should it be killed, another does after this long
_READ_SECONDS = 1.0
_DEAD_SECONDS = 60.0  # for so long nobody asks again, and everybody gets the verdict
_FRESH_SECONDS = 2.0  # a connection made this long ago is as good as a new one


@dataclass(frozen=True, slots=True)
class Down:
    """``wait`` seconds at no cost; or ``over``: it has been down for so long that items end, or pay by themselves.

    ``counted`` is true for the one whose failure was written down: it pays an attempt, so that its trail tells of it.
    ``asking`` is true for the one that may go on although it is down, to find out.
    """

    wait: float = 0.0
    over: bool = False
    counted: bool = False
    asking: bool = False

    @property
    def free_wait(self) -> float:
        """Seconds that whoever met the failure waits for nothing; 0 for the one that pays, and when it is ``over``."""
        return 0.0 if self.counted or self.over else self.wait


UP = Down()


class Outage:
    """Of one thing by ``name``. ``policy`` gives the pauses, and how many failures in a row make it ``over``."""

    def __init__(self, leases: Leases, clock: Clock, name: str, policy: RetryPolicy) -> None:
        self._leases = leases
        self._clock = clock
        self._name = name
        self._policy = policy
        self._row: Row = {}
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def admission(self) -> Down:
        """For work that is about to begin. When a pause is over, the first who comes asks, and the others wait on."""
        with self._reading:  # those that come meanwhile take what the first one reads
            if time.monotonic() - self._read_at > _READ_SECONDS:
                self._read()
        now, until = self._clock(), _until(self._row)
        if until is None or self._row.get("over"):
            return UP
        if until > now:
            return Down((until - now).total_seconds())
        mine = self._write({**self._facts(), "open_until": iso(now + timedelta(seconds=_ASKING_SECONDS))})
        return Down(asking=True) if mine else Down(_READ_SECONDS)

    def failed(self) -> Down:
        """It did not answer: written down once for each pause."""
        self._read()
        now, until = self._clock(), _until(self._row)
        asking = bool(self._row.get("asking"))
        if until is not None and until > now and not asking:
            return Down((until - now).total_seconds(), over=bool(self._row.get("over")))
        failures = int(self._row.get("failures", 0)) + 1 if _recent(until, now) else 1
        pause = self._policy.delay(failures, None, lambda: 1.0)
        over = pause is None
        facts = {"failures": failures, "over": over, "open_until": iso(now + timedelta(seconds=pause or _DEAD_SECONDS))}
        if not self._write(facts):
            return Down(_READ_SECONDS)
        return Down(pause or 0.0, over=over, counted=True)

    def works(self) -> None:
        """It answered: whoever waits may go on. Costs nothing while nothing was known to be down."""
        if self._row.get("open_until") and self._write({"failures": 0, "over": False, "open_until": ""}):
            self._row = {}

    def _facts(self) -> Row:
        return {"failures": int(self._row.get("failures", 0)), "over": False, "asking": True}

    def _read(self) -> None:
        self._row, self._read_at = self._leases.facts(_KIND, self._name), time.monotonic()

    def _write(self, facts: Row) -> bool:
        seen = self._row.get("open_until")
        facts = {"asking": False, **facts}
        if self._leases.remember(_KIND, self._name, facts, unchanged=("open_until", seen)):
            self._row = {**self._row, **facts}
            return True
        self._read()
        return False


def _until(row: Row) -> datetime | None:
    return parse(row["open_until"]) if row.get("open_until") else None


def _recent(until: datetime | None, now: datetime) -> bool:
    return until is not None and now - until < timedelta(seconds=_DEAD_SECONDS)


@dataclass(frozen=True, slots=True)
class Found:
    """``wait`` > 0: the circuit is open, come back then, at no cost of attempts. Else ``trouble`` of a fresh look.

    ``over``: the origin was asked often enough; whoever comes now ends with that trouble.
    """

    trouble: Trouble | None = None
    wait: float = 0.0
    over: bool = False


class Circuits:
    """The circuit per origin: a dead one costs one time-out, not one per key.

    It opens only on failures before an HTTP exchange, never on a status or a slow answer. Lives as long as the process;
    an origin that answers costs no call to the table. ``connect`` opens and closes one connection and says what went
    wrong.
    """

    def __init__(self, leases: Leases, clock: Clock, connect: Callable[[str], Trouble | None]) -> None:
        self._leases = leases
        self._clock = clock
        self._connect = connect
        self._guard = threading.Lock()
        self._origins: dict[str, _Origin] = defaultdict(_Origin)

    def look(self, origin: str) -> Found:
        """One thread connects; those that ask meanwhile, or a moment later, take its word."""
        with self._guard:
            known = self._origins[origin]
        with known.lock:
            if time.monotonic() - known.connected_at < _FRESH_SECONDS:
                return Found()
            wait = (known.open_until - self._clock()).total_seconds() if known.open_until else 0.0
            if wait > 0:
                return Found(known.trouble, over=True) if known.over else Found(wait=wait)
            return self._look_now(origin, known)

    def _look_now(self, origin: str, known: "_Origin") -> Found:
        trouble = self._connect(origin)
        outage = known.outage or Outage(self._leases, self._clock, origin, retry_policy("unreachable"))
        if trouble not in BEFORE_EXCHANGE:
            outage.works()
            known.connected_at = float("-inf") if trouble else time.monotonic()
            known.outage, known.open_until = None, None
            return Found(trouble)
        down = outage.failed()
        pause = down.wait or _DEAD_SECONDS
        known.outage, known.trouble, known.over = outage, trouble, down.over
        known.open_until = self._clock() + timedelta(seconds=pause)
        return Found(wait=down.free_wait) if down.free_wait else Found(trouble, over=down.over)


class _Origin:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connected_at = float("-inf")
        self.outage: Outage | None = None
        self.open_until: datetime | None = None
        self.trouble: Trouble | None = None
        self.over = False
