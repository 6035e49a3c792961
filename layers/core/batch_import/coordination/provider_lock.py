"""The lease of a provider around look, decide and write: one thread, one process, one deployment at a time.

See docs/design.md#23-provision.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from batch_import.domain.account import ExistingAccount
from batch_import.domain.clock import Clock, iso
from batch_import.store.dynamo import Row
from batch_import.store.leases import PROVIDER, Leases

PATIENCE = 20.0  # seconds that a thread waits for the lease
LEASE_SECONDS = 150.0  # outlasts any invocation
LATE_SECONDS = 120.0  # that a write whose answer was lost may take to reach the host
_LATE_KEPT = 50  # of a provider: the row is read and written with each lease
_SNAPSHOT_SECONDS = 30.0


class ProviderBusy(Exception):
    """Another worker holds the provider's lease: the item waits in its queue and pays no attempt."""


@dataclass
class ProviderSnapshot:
    """What the host holds of one provider, as read under its lease; ``None`` and absent for what was not read yet.

    ``channels`` has group id and channel by the group's name; ``written`` the keys of which accounts may have been
    written since ``accounts`` were read.
    ``late`` has the creations that may still arrive at the host, by the digest of their key: whose each is, until when.
    """

    accounts: list[ExistingAccount] | None = None
    written: set[str] = field(default_factory=set)
    channels: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    late: dict[str, dict[str, str]] = field(default_factory=dict)

    def clear(self) -> None:
        """After a failed write nothing that was read is certain."""
        self.accounts, self.written, self.channels = None, set(), {}


@dataclass
class _Held:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0
    snapshot: ProviderSnapshot | None = None
    since: float = 0.0


class ProviderLocks:
    """One per invocation, which is the ``owner``. The lease outlasts it, so no thread ever works without the lease.

    Threads of the invocation pass the lease on among themselves. While it is held, what one of them has read of the
    provider stays true for the next: its ``ProviderSnapshot``.
    """

    def __init__(self, leases: Leases, owner: str, clock: Clock, patience: float | None = None) -> None:
        self._leases = leases
        self._owner = owner
        self._clock = clock
        self._patience = PATIENCE if patience is None else patience
        self._guard = threading.Lock()
        self._held: dict[str, _Held] = defaultdict(_Held)

    @contextmanager
    def hold(self, provider_id: str) -> Iterator[ProviderSnapshot]:
        """Raises ``ProviderBusy`` when the lease cannot be had within ``patience`` seconds."""
        until = self._clock.monotonic() + self._patience
        held = self._wait_for_turn(provider_id)
        try:
            yield self._snapshot(provider_id, held, until)
        except BaseException:
            if held.snapshot is not None:
                held.snapshot.clear()
            raise
        finally:
            with self._guard:
                passed_on = held.waiting > 0
            try:
                if not passed_on:
                    self._release(provider_id, held)
            finally:
                held.lock.release()

    def demand_settled(self, snapshot: ProviderSnapshot, digest: str, owner: str) -> None:
        """Raises ``ProviderBusy`` while a creation for the same key, of another owner, may still arrive at the host."""
        late = snapshot.late.get(digest)
        if late is not None and late["owner"] != owner and late["until"] > iso(self._clock.now()):
            raise ProviderBusy("a creation may still arrive")

    def remember_late(self, provider_id: str, snapshot: ProviderSnapshot, digest: str, owner: str) -> None:
        """The answer to a creation was lost, and no account found: it may be made yet."""
        until = iso(self._clock.now() + timedelta(seconds=LATE_SECONDS))
        late = {**snapshot.late, digest: {"owner": owner, "until": until}}
        newest = sorted(late, key=lambda each: late[each]["until"])[-_LATE_KEPT:]
        snapshot.late = {each: late[each] for each in newest}
        self._leases.remember(PROVIDER, provider_id, {"late": snapshot.late})

    def settle(self, provider_id: str, snapshot: ProviderSnapshot, digest: str) -> None:
        """The pair has its account."""
        if snapshot.late.pop(digest, None) is not None:
            self._leases.remember(PROVIDER, provider_id, {"late": snapshot.late})

    def waiting(self, provider_id: str) -> int:
        """How many threads wait for their turn."""
        return self._held[provider_id].waiting

    def close(self) -> None:
        """Give back what was kept for a thread that did not wait long enough."""
        for provider_id, held in list(self._held.items()):
            with held.lock:
                self._release(provider_id, held)

    def _wait_for_turn(self, provider_id: str) -> _Held:
        with self._guard:
            held = self._held[provider_id]
            held.waiting += 1
        mine = held.lock.acquire(timeout=self._patience)
        with self._guard:
            held.waiting -= 1
        if not mine:
            raise ProviderBusy(provider_id)
        return held

    def _snapshot(self, provider_id: str, held: _Held, until: float) -> ProviderSnapshot:
        if held.snapshot is None or self._clock.monotonic() - held.since > _SNAPSHOT_SECONDS:
            held.snapshot = None
            row = self._wait_for_lease(provider_id, until)
            held.snapshot, held.since = ProviderSnapshot(late=row.get("late", {})), self._clock.monotonic()
        return held.snapshot

    def _release(self, provider_id: str, held: _Held) -> None:
        if held.snapshot is not None:
            held.snapshot = None
            with suppress(Exception):  # a lease that cannot be given back expires
                self._leases.release(PROVIDER, provider_id, self._owner)

    def _wait_for_lease(self, provider_id: str, until: float) -> Row:
        """The lease's row."""
        pause = 0.1
        while (row := self._leases.acquired(PROVIDER, provider_id, self._owner, LEASE_SECONDS)) is None:
            if self._clock.monotonic() > until:
                raise ProviderBusy(provider_id)
            self._clock.sleep(pause)
            pause = min(1.0, pause * 1.5)
        return row
