"""Deadlines for HTTP calls. A socket has a time-out for each single read only, so a relay that sends a byte now and
then would hold a worker until its whole invocation is killed, other items with it.

``deadline`` bounds everything that a block of code asks over HTTP; inner deadlines can only be earlier.
"""

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_moment: ContextVar[float] = ContextVar("deadline", default=float("inf"))  # threads start without one


class Watchdog:
    """Shuts sockets down whose time has come; one daemon thread, started when first needed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: list[tuple[float, int, socket.socket | None]] = []
        self._gone: set[int] = set()
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    @contextmanager
    def until(self, deadline: float, watched: socket.socket | None) -> Iterator[None]:
        """Inside the block ``watched`` is shut down at ``deadline`` (of ``time.monotonic``)."""
        with self._changed:
            number = next(self._numbers)
            heapq.heappush(self._watched, (deadline, number, watched))
            self._start()
            if self._watched[0][1] == number:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._gone.add(number)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while True:
                wait = self._watched[0][0] - time.monotonic() if self._watched else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                _, number, watched = heapq.heappop(self._watched)
                if number not in self._gone and watched is not None:
                    with suppress(OSError):
                        watched.shutdown(socket.SHUT_RDWR)
                self._gone.discard(number)


WATCHDOG = Watchdog()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Inside the block HTTP calls end within ``seconds``, or by an earlier outer deadline."""
    token = _moment.set(min(time.monotonic() + seconds, _moment.get()))
    try:
        yield
    finally:
        _moment.reset(token)


def seconds_left() -> float:
    """Seconds until the deadline of this thread; infinite without one."""
    return _moment.get() - time.monotonic()


class _InTime:
    sock: Any

    def getresponse(self) -> Any:
        moment = _moment.get()
        if moment == float("inf"):
            return super().getresponse()  # type: ignore[misc]
        with WATCHDOG.until(moment, self.sock):
            return super().getresponse()  # type: ignore[misc]


class _InTimeHTTP(_InTime, HTTPConnection):
    pass


class _InTimeHTTPS(_InTime, HTTPSConnection):
    pass


class InTimeHTTPPool(HTTPConnectionPool):
    ConnectionCls = _InTimeHTTP


class InTimeHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _InTimeHTTPS


POOLS = {"http": InTimeHTTPPool, "https": InTimeHTTPSPool}
