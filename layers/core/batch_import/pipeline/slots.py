"""Pools of things that one item needs for itself for a while: gateway keys and lanes (docs/design.md#23-provision).

Their leases are rows, so they survive a crash and are found again; within an invocation they are passed from thread to
thread without asking the table.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from batch_import.store.leases import Leases

_POLL = 0.4  # seconds until one looks again for what other invocations have given back
_TURN = 0.2  # seconds that are left to other invocations before one takes more than half of all slots
_WAIT = 0.5  # seconds after which a thread that nobody has passed a slot looks again
_FACT = "slot_"


class NoSlot(Exception):
    """All are taken: the item waits elsewhere and costs no attempt."""


Memory = dict[str, Any]


class Slot(NamedTuple):
    name: str
    facts: Mapping[str, Any]


class SlotPool:
    """``make`` turns a new slot's name into its facts (creating it in the host, or finding it there again). It is given
    a memory as well, for what stays true as long as the slot's lease is held; it is emptied when a slot is forgotten.

    ``together`` slots are leased by one row: an invocation that needs many asks the table once for each bundle.
    """

    def __init__(
        self,
        leases: Leases,
        kind: str,
        limit: int,
        make: Callable[[str, Memory], Mapping[str, Any]],
        *,
        owner: str,
        seconds: float,
        rest: float = 0.0,
        together: int = 1,
    ) -> None:
        self._leases = leases
        self._kind = kind
        self._limit = limit
        self._make = make
        self._owner = owner
        self._seconds = seconds
        self._rest = rest
        self._together = together
        self._lock = threading.Condition()  # notified of each slot that gets free
        self._free: list[tuple[float, str]] = []
        self._mine: dict[str, dict[str, Any]] = {}  # by bundle: what is known of its slots
        self._memories: dict[str, Memory] = defaultdict(dict)
        self._next_look = float("-inf")

    @contextmanager
    def borrow(self, patience: float) -> Iterator[Slot]:
        """A slot for one item; raises ``NoSlot`` when none gets free within ``patience`` seconds."""
        name = self._take(time.monotonic() + patience)
        try:
            yield Slot(name, self._facts(name))
        finally:
            with self._lock:
                if self._bundle(name) in self._mine:
                    self._free.append((time.monotonic() + self._rest, name))
                    self._lock.notify()
            self._give_back_idle()

    def forget(self, slot: Slot) -> None:
        """The host does not know it any more: whoever borrows this name next makes it anew."""
        bundle = self._bundle(slot.name)
        with self._lock:
            self._mine.get(bundle, {}).pop(slot.name, None)
            self._memories.pop(bundle, None)
        self._leases.remember(self._kind, bundle, {_fact(slot.name): {}})

    def close(self) -> None:
        """Give all leases back, at the end of the invocation."""
        with self._lock:
            bundles, self._mine, self._free = list(self._mine), {}, []
        for bundle in bundles:
            self._release(bundle)

    def _give_back_idle(self) -> None:
        """A bundle of which nothing is in use, while another has a free slot: somebody else may need it."""
        with self._lock:
            free = Counter(self._bundle(name) for _, name in self._free)
            idle = next((b for b, count in free.items() if len(free) > 1 and count == len(self._names(b))), None)
            if idle is None:
                return
            self._free = [(at, name) for at, name in self._free if self._bundle(name) != idle]
            del self._mine[idle]
        self._release(idle)

    def _release(self, bundle: str) -> None:
        with suppress(Exception):  # one that cannot be given back expires; the others need not
            self._leases.release(self._kind, bundle, self._owner)

    def _take(self, deadline: float) -> str:
        while True:
            name = self._local() or self._lease_bundle()
            if name is not None:
                return name
            left = deadline - time.monotonic()
            if left < 0:
                raise NoSlot(self._kind)
            with self._lock:
                self._lock.wait(min(left, _WAIT))

    def _local(self) -> str | None:
        now = time.monotonic()
        with self._lock:
            for index, (rested_at, name) in enumerate(self._free):
                if rested_at <= now:
                    del self._free[index]
                    return name
        return None

    def _lease_bundle(self) -> str | None:
        """One thread at a time looks for a lease, and not at once again: the others find what it brings back."""
        with self._lock:
            now = time.monotonic()
            if now < self._next_look or any(rested_at <= now for rested_at, _ in self._free):
                return None
            rows = {row["sk"]: row for row in self._leases.all(self._kind)}
            for bundle in self._candidates(rows):
                if self._leases.acquire(self._kind, bundle, self._owner, self._seconds, self._rest):
                    self._mine[bundle] = _known(rows.get(bundle, {}))
                    self._memories.pop(bundle, None)
                    first, *others = self._names(bundle)
                    self._free += [(0.0, name) for name in others]
                    self._lock.notify(len(others))
                    if 2 * len(self._mine) * self._together >= self._limit:
                        self._next_look = now + _TURN
                    return first
            self._next_look = time.monotonic() + _POLL
        return None

    def _candidates(self, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Nobody's; known ones first, in no order, so that workers do not queue up before the same.

        Trying for one that another has would cost those their write that share the transaction.
        """
        bundles = dict.fromkeys(self._bundle(_name(number)) for number in range(self._limit))
        others = [b for b in bundles if b not in self._mine and not self._leases.taken(rows.get(b, {}), self._owner)]
        known = [bundle for bundle in others if bundle in rows]
        random.shuffle(known)
        return [*known, *(bundle for bundle in others if bundle not in rows)]

    def _facts(self, name: str) -> Mapping[str, Any]:
        bundle = self._bundle(name)
        facts = self._mine.get(bundle, {}).get(name)
        if not facts:
            facts = dict(self._make(name, self._memories[bundle]))
            self._leases.remember(self._kind, bundle, {_fact(name): facts})
            self._mine.get(bundle, {})[name] = facts
        return facts

    def _bundle(self, name: str) -> str:
        return name if self._together == 1 else f"from-{_name(int(name) // self._together * self._together)}"

    def _names(self, bundle: str) -> list[str]:
        first = int(bundle.removeprefix("from-"))
        return [_name(number) for number in range(first, min(first + self._together, self._limit))]


def slot_facts(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is known of all slots in these leases' rows."""
    return [facts for row in rows for facts in _known(row).values() if facts]


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    earlier = {str(row["sk"]): dict(row)} if row.get("made") else {}  # written by an earlier release
    return earlier | {name.removeprefix(_FACT): dict(facts) for name, facts in row.items() if name.startswith(_FACT)}


def _fact(name: str) -> str:
    return f"{_FACT}{name}"


def _name(number: int) -> str:
    return f"{number:03d}"
