"""Groups items that go the same way into messages (docs/decisions/0009-engine.md)."""

import logging
import math
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from batch_import.aws.queue import ITEMS_PER_MESSAGE, WorkQueue
from batch_import.consumer.next_step import NextStep
from batch_import.domain.clock import Clock
from batch_import.domain.types import ItemStage

logger = logging.getLogger(__name__)

Queues = Mapping[ItemStage, WorkQueue]
LINGER_SECONDS = 2.0  # a partial message waits so long for more items,
ALONE_SECONDS = 0.5  # and no longer than this for the next one


class _Route(NamedTuple):
    run_id: str
    stage: ItemStage
    delay: int  # whole seconds, as SQS has them


class MessageBatcher:
    """Full messages go immediately, partial ones when the next item is long in coming. Used by many threads."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._waiting: dict[_Route, list[str]] = defaultdict(list)
        self._since: dict[_Route, float] = {}
        self._latest: dict[_Route, float] = {}
        self._lock = threading.Lock()

    def add(self, run_id: str, item_id: str, step: NextStep) -> None:
        if step.stage is ItemStage.DONE:
            return
        route = _Route(run_id, step.stage, math.ceil(step.delay))
        with self._lock:
            waiting = self._waiting[route]
            self._latest[route] = self._clock.monotonic()
            if not waiting:
                self._since[route] = self._latest[route]
            waiting.append(item_id)
            if len(waiting) < ITEMS_PER_MESSAGE:
                return
            self._waiting[route] = []
        self._try(route, waiting)

    def send_partial(self) -> None:
        """Send what waits for no use: a slow relay may hold up the end for a minute."""
        with self._lock:
            late = {route: ids for route, ids in self._waiting.items() if ids and self._is_late(route)}
            for route in late:
                self._waiting[route] = []
        for route, item_ids in late.items():
            self._try(route, item_ids)

    def _is_late(self, route: _Route) -> bool:
        now = self._clock.monotonic()
        return now >= self._since[route] + LINGER_SECONDS or now >= self._latest[route] + ALONE_SECONDS

    def flush(self) -> None:
        """Send the rest. Raises when a message could not be sent: SQS then delivers the whole batch again, and the
        rows say where each item is.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        failures = [error for route, item_ids in waiting.items() if (error := self._failure(route, item_ids))]
        if failures:
            raise failures[0]

    def _try(self, route: _Route, item_ids: list[str]) -> None:
        error = self._failure(route, item_ids)
        if error is not None:
            logger.warning("not handed on yet", extra={"run_id": route.run_id}, exc_info=error)
            with self._lock:
                self._waiting[route] += item_ids  # flush tries again

    def _failure(self, route: _Route, item_ids: list[str]) -> Exception | None:
        try:
            self._queues[route.stage].send_items(route.run_id, item_ids, route.delay)
        except Exception as error:
            return error
        return None
