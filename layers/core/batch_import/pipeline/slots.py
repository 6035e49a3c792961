"""Pools of things that one item needs for itself for a while: gateway keys and lanes (design §2.3).

Their leases are rows, so they survive a crash and are found again; within an invocation they are passed from thread to
thread without asking the table.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from batch_import.store.leases import Leases

_POLL = 0.2


class NoSlot(Exception):
    """All are taken: the item waits elsewhere and costs no attempt."""


class Slot(NamedTuple):
    name: str
    facts: Mapping[str, Any]


class SlotPool:
    """``make`` turns a new slot's name into its facts (creating it in the host, or finding it there again)."""

    def __init__(
        self,
        leases: Leases,
        kind: str,
        limit: int,
        make: Callable[[str], Mapping[str, Any]],
        *,
        owner: str,
        seconds: float,
        rest: float = 0.0,
    ) -> None:
        self._leases = leases
        self._kind = kind
        self._limit = limit
        self._make = make
        self._owner = owner
        self._seconds = seconds
        self._rest = rest
        self._lock = threading.Lock()
        self._free: list[tuple[float, Slot]] = []
        self._mine: set[str] = set()

    @contextmanager
    def borrow(self, patience: float) -> Iterator[Slot]:
        """A slot for one item; raises ``NoSlot`` when none gets free within ``patience`` seconds."""
        slot = self._take(time.monotonic() + patience)
        try:
            yield slot
        finally:
            with self._lock:
                if slot.name in self._mine:
                    self._free.append((time.monotonic() + self._rest, slot))

    def forget(self, slot: Slot) -> None:
        """The host does not know it any more: whoever leases this name next makes it anew."""
        with self._lock:
            self._mine.discard(slot.name)
        self._leases.forget(self._kind, slot.name)

    def close(self) -> None:
        """Give all leases back, at the end of the invocation."""
        while self._mine:
            with suppress(Exception):  # one that cannot be given back expires; the others need not
                self._leases.release(self._kind, self._mine.pop(), self._owner)

    def _take(self, deadline: float) -> Slot:
        while True:
            slot = self._local() or self._lease_one()
            if slot is not None:
                return slot
            if time.monotonic() > deadline:
                raise NoSlot(self._kind)
            time.sleep(_POLL)

    def _local(self) -> Slot | None:
        now = time.monotonic()
        with self._lock:
            for index, (rested_at, slot) in enumerate(self._free):
                if rested_at <= now:
                    del self._free[index]
                    return slot
        return None

    def _lease_one(self) -> Slot | None:
        with self._lock:  # one thread at a time looks for a new lease; the others find what it brings back
            rows = {row["sk"]: row for row in self._leases.all(self._kind)}
            names = [self._name(number) for number in range(self._limit) if self._name(number) not in self._mine]
            known = [name for name in names if name in rows]
            random.shuffle(known)
            for name in [*known, *(name for name in names if name not in rows)]:
                if self._leases.acquire(self._kind, name, self._owner, self._seconds, self._rest):
                    self._mine.add(name)
                    return Slot(name, self._facts(name, rows.get(name, {})))
        return None

    def _facts(self, name: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
        if row.get("made"):
            return row
        facts = {**self._make(name), "made": True}
        self._leases.remember(self._kind, name, facts)
        return facts

    @staticmethod
    def _name(number: int) -> str:
        return f"{number:03d}"
