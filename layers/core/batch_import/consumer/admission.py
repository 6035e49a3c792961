"""Which items of a message may be worked now; the others wait, at no cost of attempts (docs/design.md#21-probe)."""

import random
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from batch_import.consumer.stage_worker import Admitted
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision, CircuitBreaker
from batch_import.coordination.semaphore import DistributedSemaphore
from batch_import.domain.clock import SYSTEM_CLOCK, Clock, parse
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage
from batch_import.domain.urls import origin_of
from batch_import.host.errors import HostError

# Seconds at most before a full provider or origin is tried again: they grow with the wait, which for thousands of keys
# of one provider lasts hours.
_AT_FIRST, _SHARE, _AT_MOST = 8.0, 1 / 20, 30.0
_WHILE_ONE_ASKS = 2.0


class HostGate:
    """While the host does not answer, one item asks for all. ``breaker`` may raise a ``HostError``."""

    def __init__(self, breaker: Callable[[], CircuitBreaker]) -> None:
        self._breaker = breaker

    def look(self) -> BreakerDecision:
        """The decision of the host's breaker; closed for a host that is not configured: its items pay attempts."""
        try:
            return self._breaker().admission()
        except HostError:
            return CLOSED

    def admit(self, items: Sequence[Item]) -> Admitted:
        """Returns the admitted items, and the delay for each other one."""
        needing = [item for item in items if _needs_host(item)]
        decision = self.look() if needing else CLOSED
        admitted = 0 if decision.wait > 0 else 1 if decision.asking else len(needing)
        waits = {item.item_id: decision.wait or _WHILE_ONE_ASKS for item in needing[admitted:]}
        return [item for item in items if item.item_id not in waits], waits


def _needs_host(item: Item) -> bool:
    """Probing needs the host later. A verdict alone needs it only to put back an account that was to be woken."""
    if item.current_stage is ItemStage.PROBE or item.duplicate_of is not None:
        return False
    return item.failure_code is None or item.wakes_account


class RelayLimits:
    """Limits how many items are probed at once at a provider, and at an origin; ``None`` is no limit."""

    def __init__(
        self,
        providers: DistributedSemaphore | None,
        origins: DistributedSemaphore | None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self._kinds = [
            (permits, name_of)
            for permits, name_of in (
                (providers, lambda item: item.provider_id),
                (origins, lambda i: origin_of(i.base_url)),
            )
            if permits is not None
        ]
        self._held: dict[tuple[str, str], list[_Permit]] = {}
        self._lock = threading.Lock()

    def admit(self, items: Sequence[Item]) -> Admitted:
        """Returns the admitted items, and the delay for each other one. An item that another message of this invocation
        has already begun waits as well.
        """
        probing = [item for item in items if item.current_stage is ItemStage.PROBE]
        fresh = granted = self._taken_up(probing)
        for permits, name_of in self._kinds:
            granted = self._acquire(permits, name_of, granted)
        admitted = {item.item_id for item in granted}
        self.give_back([item for item in fresh if item.item_id not in admitted])
        waits = {item.item_id: self._pause(item) for item in probing if item.item_id not in admitted}
        return [item for item in items if item.item_id not in waits], waits

    def _pause(self, item: Item) -> float:
        waited = (self._clock.now() - parse(item.updated_at)).total_seconds()
        longest = min(max(_AT_FIRST, _SHARE * waited), _AT_MOST)
        return random.uniform(longest / 4, longest)

    def _taken_up(self, items: Sequence[Item]) -> Sequence[Item]:
        with self._lock:
            fresh = [item for item in items if (item.run_id, item.item_id) not in self._held]
            self._held.update({(item.run_id, item.item_id): [] for item in fresh})
        return fresh

    def close(self) -> None:
        """Give back what items held that broke off, or that nobody came to work on."""
        with self._lock:
            held = [key for key, permits in self._held.items() if permits]
        for key in held:
            self._give_back(key)

    def give_back(self, items: Sequence[Item]) -> None:
        """The permits that ``items`` shared with others are given back with the last of them."""
        for item in items:
            self._give_back((item.run_id, item.item_id))

    def _give_back(self, key: tuple[str, str]) -> None:
        with self._lock:
            held = self._held.pop(key, [])
        for permit in held:
            with self._lock:
                permit.items -= 1
                unused = permit.items == 0
            if unused:
                with suppress(Exception):  # a permit that cannot be given back expires
                    permit.semaphore.give_back(permit.name, permit.key)

    def _acquire(
        self, permits: DistributedSemaphore, name_of: Callable[[Item], str], items: Sequence[Item]
    ) -> list[Item]:
        """One call for each name. The first items of a name get what there is."""
        by_name: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            by_name[name_of(item)].append(item)
        mine: list[Item] = []
        for name, of_name in by_name.items():
            count, key = permits.acquire(name, len(of_name), secrets.token_hex(6))
            permit = _Permit(permits, name, key, count)
            with self._lock:
                for item in of_name[:count]:
                    self._held[item.run_id, item.item_id].append(permit)
            mine += of_name[:count]
        return mine


@dataclass
class _Permit:
    """Permits of one name that ``items`` of a message hold together."""

    semaphore: DistributedSemaphore
    name: str
    key: str
    items: int
