"""The per-provider lease around look, decide and write: one thread, one process, one deployment.

See docs/design.md#23-provision.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from batch_import.store.leases import Leases

PATIENCE = 20.0  # seconds that a thread waits for the lease
LEASE_SECONDS = 120.0  # outlasts any invocation
_LONGEST_TENURE = 30.0
Tenure = dict[str, Any]


class ProviderBusy(Exception):
    """Another worker holds the provider's lease: the item waits elsewhere, at no cost of attempts."""


@dataclass
class _Held:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0
    tenure: Tenure | None = None
    since: float = 0.0


class ProviderLocks:
    """The lease outlives any invocation, so its holder never works on without it.

    Threads of one invocation pass it on among themselves instead of asking the table against each other. As long as it
    is not given back, what one of them has looked up stays true for the next (its *tenure*).
    """

    def __init__(
        self, leases: Leases, owner: str, seconds: float = LEASE_SECONDS, patience: float | None = None
    ) -> None:
        self._leases = leases
        self._owner = owner
        self._seconds = seconds
        self._patience = PATIENCE if patience is None else patience
        self._guard = threading.Lock()
        self._held: dict[str, _Held] = defaultdict(_Held)

    @contextmanager
    def hold(self, provider_id: str) -> Iterator[Tenure]:
        """Raises ``ProviderBusy`` when the lease is not to be had within ``patience`` seconds."""
        until = time.monotonic() + self._patience
        held = self._my_turn(provider_id)
        try:
            yield self._tenure(provider_id, held, until)
        except BaseException:
            held.tenure = None if held.tenure is None else {}  # what broke off may not be as it was looked up
            raise
        finally:
            with self._guard:
                passed_on = held.waiting > 0
            try:
                if not passed_on:
                    self._give_back(provider_id, held)
            finally:
                held.lock.release()

    def close(self) -> None:
        """Give back what was kept for a thread that did not wait long enough."""
        for provider_id, held in list(self._held.items()):
            with held.lock:
                self._give_back(provider_id, held)

    def _my_turn(self, provider_id: str) -> _Held:
        with self._guard:
            held = self._held[provider_id]
            held.waiting += 1
        mine = held.lock.acquire(timeout=self._patience)
        with self._guard:
            held.waiting -= 1
        if not mine:
            raise ProviderBusy(provider_id)
        return held

    def _tenure(self, provider_id: str, held: _Held, until: float) -> Tenure:
        if held.tenure is None or time.monotonic() - held.since > _LONGEST_TENURE:
            held.tenure = None
            self._wait_for_lease(provider_id, until)
            held.tenure, held.since = {}, time.monotonic()
        return held.tenure

    def _give_back(self, provider_id: str, held: _Held) -> None:
        if held.tenure is not None:
            held.tenure = None
            with suppress(Exception):  # one that cannot be given back expires; what was done under it is done
                self._leases.release("provider", provider_id, self._owner)

    def _wait_for_lease(self, provider_id: str, until: float) -> None:
        pause = 0.1
        while not self._leases.acquire("provider", provider_id, self._owner, self._seconds):
            if time.monotonic() > until:
                raise ProviderBusy(provider_id)
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
