"""Circuit breakers that all workers share through the table: one worker asks, the others wait and pay no attempt.

See docs/design.md#21-probe (origins of relays) and docs/design.md#24-confirm (the host).
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_import.domain.answers import BEFORE_EXCHANGE, Trouble
from batch_import.domain.clock import Clock, iso, parse
from batch_import.domain.retry_policy import RetryPolicy, retry_policy
from batch_import.store.dynamo import Row
from batch_import.store.leases import Leases

_KIND = "outage"
_ASKING_SECONDS = 30.0  # for the worker that asks; when it was killed, another one asks after this time
_READ_SECONDS = 1.0
_OVER_SECONDS = 60.0  # for so long nothing is asked after the last failure, and every item gets the verdict
_FRESH_SECONDS = 2.0  # a connection made less than this ago counts as a new one


@dataclass(frozen=True, slots=True)
class BreakerDecision:
    """What an item does now. Without anything set: it goes on.

    ``wait``: come back in so many seconds. ``over``: it failed so often that items end with this failure, or pay
    for each further try. ``counted``: this failure was recorded, and its item pays an attempt, so that its event
    history tells of it. ``asking``: this one item goes on, to find out. ``trouble``: what a new connection met.
    """

    wait: float = 0.0
    over: bool = False
    counted: bool = False
    asking: bool = False
    trouble: Trouble | None = None

    @property
    def free_wait(self) -> float:
        """Delay in seconds that consumes no attempt."""
        return 0.0 if self.counted or self.over else self.wait


CLOSED = BreakerDecision()


class CircuitBreaker:
    """The breaker called ``name``. ``policy`` gives the pauses, and the number of failures in a row until ``over``."""

    def __init__(self, leases: Leases, clock: Clock, name: str, policy: RetryPolicy) -> None:
        self._leases = leases
        self._clock = clock
        self._name = name
        self._policy = policy
        self._row: Row = {}
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def admission(self) -> BreakerDecision:
        """The decision for work that is about to begin. When a pause is over, the first item asks, the others wait."""
        with self._reading:  # threads that come meanwhile use what the first one reads
            if self._clock.monotonic() - self._read_at > _READ_SECONDS:
                self._read()
        now, until = self._clock.now(), _open_until(self._row)
        if until is None or self._row.get("over"):
            return CLOSED
        if until > now:
            return BreakerDecision((until - now).total_seconds())
        mine = self._write({"asking": True, "open_until": iso(now + timedelta(seconds=_ASKING_SECONDS))})
        return BreakerDecision(asking=True) if mine else BreakerDecision(_READ_SECONDS)

    def failed(self) -> BreakerDecision:
        """Record that it did not answer, once for each pause."""
        self._read()
        now, until = self._clock.now(), _open_until(self._row)
        if until is not None and until > now and not self._row.get("asking"):
            return BreakerDecision((until - now).total_seconds(), over=bool(self._row.get("over")))
        failures = int(self._row.get("failures", 0)) + 1 if _recent(until, now) else 1
        pause = self._policy.delay(failures, None, lambda: 1.0)
        over = pause is None
        facts = {"failures": failures, "over": over, "open_until": iso(now + timedelta(seconds=pause or _OVER_SECONDS))}
        if not self._write(facts):
            return BreakerDecision(_READ_SECONDS)
        return BreakerDecision(pause or 0.0, over=over, counted=True)

    def works(self) -> None:
        """Record that it answered: waiting items go on. Writes nothing while no failure was known."""
        if self._row.get("open_until"):
            self._write({"failures": 0, "over": False, "open_until": ""})

    def is_open(self) -> bool:
        """Whether it did not answer when it was last asked, and that was not long ago."""
        self._read()
        return _recent(_open_until(self._row), self._clock.now())

    def _read(self) -> None:
        self._row, self._read_at = self._leases.facts(_KIND, self._name), self._clock.monotonic()

    def _write(self, facts: Row) -> bool:
        seen = self._row.get("open_until")
        facts = {"asking": False, **facts}
        if self._leases.remember(_KIND, self._name, facts, unchanged=("open_until", seen)):
            self._row = {**self._row, **facts}
            return True
        self._read()
        return False


def _open_until(row: Row) -> datetime | None:
    return parse(row["open_until"]) if row.get("open_until") else None


def _recent(until: datetime | None, now: datetime) -> bool:
    return until is not None and now - until < timedelta(seconds=_OVER_SECONDS)


class OriginBreakers:
    """A breaker for each origin of relays: a dead origin costs one time-out, not one for each key.

    It opens only on failures before an HTTP exchange, never on a status or a slow answer. An origin that answers costs
    no call to the table. ``connect`` opens and closes one connection and returns its trouble.
    """

    def __init__(self, leases: Leases, clock: Clock, connect: Callable[[str], Trouble | None]) -> None:
        self._leases = leases
        self._clock = clock
        self._connect = connect
        self._guard = threading.Lock()
        self._origins: dict[str, _Origin] = defaultdict(_Origin)

    def admission(self, origin: str) -> BreakerDecision:
        """The decision for an item of ``origin``. One thread connects; others use its result for two seconds."""
        with self._guard:
            known = self._origins[origin]
        with known.lock:
            if self._clock.monotonic() - known.connected_at < _FRESH_SECONDS:
                return CLOSED
            wait = (known.open_until - self._clock.now()).total_seconds() if known.open_until else 0.0
            if wait > 0:
                return BreakerDecision(trouble=known.trouble, over=True) if known.over else BreakerDecision(wait)
            return self._try(origin, known)

    def _try(self, origin: str, known: "_Origin") -> BreakerDecision:
        trouble = self._connect(origin)
        breaker = known.breaker or CircuitBreaker(self._leases, self._clock, origin, retry_policy("unreachable"))
        if trouble not in BEFORE_EXCHANGE:
            breaker.works()
            known.connected_at = float("-inf") if trouble else self._clock.monotonic()
            known.breaker, known.open_until = None, None
            return BreakerDecision(trouble=trouble)
        decision = breaker.failed()
        pause = decision.wait or _OVER_SECONDS
        known.breaker, known.trouble, known.over = breaker, trouble, decision.over
        known.open_until = self._clock.now() + timedelta(seconds=pause)
        if decision.free_wait:
            return BreakerDecision(decision.free_wait)
        return BreakerDecision(trouble=trouble, over=decision.over)


class _Origin:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connected_at = float("-inf")
        self.breaker: CircuitBreaker | None = None
        self.open_until: datetime | None = None
        self.trouble: Trouble | None = None
        self.over = False
