"""Pools of host resources that one item needs for itself for a while: gateway keys and isolation groups.

Leases are rows, so they survive a crash and are found again. Threads of one invocation pass resources on among
themselves without asking the table. See docs/design.md#23-provision.
"""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from batch_import.domain.clock import Clock
from batch_import.store.leases import Leases

_POLL = 0.4  # seconds until the table is read again for leases that other invocations have given back
_TURN = 0.2  # seconds left to other invocations before one takes more than half of all resources
_WAIT = 0.5  # seconds after which a waiting thread looks again
_FACT = "slot_"  # prefix of the stored attribute


class NoResource(Exception):
    """All are leased: the item waits in its queue and pays no attempt."""


KeyCache = dict[str, Any]


class Resource(NamedTuple):
    """``name`` is a number of three digits; ``facts`` is what ``make`` has found or made in the host."""

    name: str
    facts: Mapping[str, Any]


class LeasePool:
    """``limit`` resources of one ``kind``, leased in bundles of ``together`` by one row each.

    ``make`` turns the name of a new resource into its facts. It also gets a cache that lives as long as the bundle's
    lease. ``mark`` gives facts for a name; a resource whose facts lack them is made anew. ``cooldown`` is the time in
    seconds that a resource must rest after it was given back.
    """

    def __init__(
        self,
        leases: Leases,
        kind: str,
        limit: int,
        make: Callable[[str, KeyCache], Mapping[str, Any]],
        clock: Clock,
        *,
        owner: str,
        seconds: float,
        cooldown: float = 0.0,
        together: int = 1,
        mark: Callable[[str], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self._leases = leases
        self._kind = kind
        self._limit = limit
        self._make = make
        self._clock = clock
        self._owner = owner
        self._seconds = seconds
        self._cooldown = cooldown
        self._together = together
        self._mark = mark
        self._bundles = list(dict.fromkeys(self._bundle(_name(number)) for number in range(limit)))
        self._changed = threading.Condition()  # notified of each resource that gets free
        self._free: list[tuple[float, str]] = []  # (free from this monotonic time, name)
        self._leased: dict[str, dict[str, Any]] = {}  # by bundle: the facts of its resources
        self._caches: dict[str, KeyCache] = defaultdict(dict)
        self._next_look = float("-inf")

    @contextmanager
    def borrow(self, patience: float) -> Iterator[Resource]:
        """A resource for one item; raises ``NoResource`` when none gets free within ``patience`` seconds."""
        name = self._take(self._clock.monotonic() + patience)
        try:
            yield Resource(name, self._facts(name))
        finally:
            with self._changed:
                if self._bundle(name) in self._leased:
                    self._free.append((self._clock.monotonic() + self._cooldown, name))
                    self._changed.notify()
            self._release_idle_bundle()

    def forget(self, resource: Resource) -> None:
        """The host no longer has it: the next thread that borrows this name makes it anew."""
        bundle = self._bundle(resource.name)
        with self._changed:
            self._leased.get(bundle, {}).pop(resource.name, None)
            self._caches.pop(bundle, None)
        self._leases.remember(self._kind, bundle, {_fact(resource.name): {}})

    def close(self) -> None:
        """Give all leases back, at the end of the invocation."""
        with self._changed:
            bundles, self._leased, self._free = list(self._leased), {}, []
        for bundle in bundles:
            self._release(bundle)

    def _release_idle_bundle(self) -> None:
        """Give back an unused bundle while another one has a free resource: other invocations may need it."""
        with self._changed:
            free = Counter(self._bundle(name) for _, name in self._free)
            idle = next((b for b, count in free.items() if len(free) > 1 and count == len(self._names(b))), None)
            if idle is None:
                return
            self._free = [(at, name) for at, name in self._free if self._bundle(name) != idle]
            del self._leased[idle]
        self._release(idle)

    def _release(self, bundle: str) -> None:
        with suppress(Exception):  # a lease that cannot be given back expires
            self._leases.release(self._kind, bundle, self._owner)

    def _take(self, until: float) -> str:
        while True:
            name = self._take_free() or self._lease_bundle()
            if name is not None:
                return name
            left = until - self._clock.monotonic()
            if left <= 0:
                raise NoResource(self._kind)
            with self._changed:
                self._clock.wait(self._changed, min(left, _WAIT))

    def _take_free(self) -> str | None:
        now = self._clock.monotonic()
        with self._changed:
            for index, (free_at, name) in enumerate(self._free):
                if free_at <= now:
                    del self._free[index]
                    return name
        return None

    def _lease_bundle(self) -> str | None:
        """Lease one more bundle and return its first resource. One thread at a time does this; the others wait."""
        with self._changed:
            now = self._clock.monotonic()
            if now < self._next_look or any(free_at <= now for free_at, _ in self._free):
                return None
            rows = {row["sk"]: row for row in self._leases.all(self._kind)}
            for bundle in self._unleased(rows):
                if self._leases.acquire(self._kind, bundle, self._owner, self._seconds, self._cooldown):
                    return self._begin_bundle(bundle, rows.get(bundle, {}), now)
            self._next_look = self._clock.monotonic() + _POLL
        return None

    def _begin_bundle(self, bundle: str, row: Mapping[str, Any], now: float) -> str:
        self._leased[bundle] = _known(row)
        self._caches.pop(bundle, None)
        first, *others = self._names(bundle)
        self._free += [(0.0, name) for name in others]
        self._changed.notify(len(others))
        if 2 * len(self._leased) * self._together >= self._limit:
            self._next_look = now + _TURN
        return first

    def _unleased(self, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Unleased bundles, used ones first, shuffled so workers spread out.

        A bundle whose row shows another owner is left out: a failed attempt makes every write grouped with it be
        resent.
        """
        free = [b for b in self._bundles if b not in self._leased]
        free = [b for b in free if b not in rows or not self._leases.taken(rows[b], self._owner)]
        used = [bundle for bundle in free if bundle in rows]
        random.shuffle(used)
        return [*used, *(bundle for bundle in free if bundle not in rows)]

    def _facts(self, name: str) -> Mapping[str, Any]:
        bundle = self._bundle(name)
        facts, mark = self._leased.get(bundle, {}).get(name), self._mark(name)
        if not facts or not mark.items() <= facts.items():
            facts = {**self._make(name, self._caches[bundle]), **mark}
            self._leases.remember(self._kind, bundle, {_fact(name): facts})
            self._leased.get(bundle, {})[name] = facts
        return facts

    def _bundle(self, name: str) -> str:
        return name if self._together == 1 else f"from-{_name(int(name) // self._together * self._together)}"

    def _names(self, bundle: str) -> list[str]:
        first = int(bundle.removeprefix("from-"))
        return [_name(number) for number in range(first, min(first + self._together, self._limit))]


def resource_facts(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The facts of all resources in these leases' rows."""
    return [facts for row in rows for facts in _known(row).values() if facts]


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(_FACT): dict(facts) for name, facts in row.items() if name.startswith(_FACT)}


def _fact(name: str) -> str:
    return f"{_FACT}{name}"


def _name(number: int) -> str:
    return f"{number:03d}"
