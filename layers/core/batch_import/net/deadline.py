"""Deadlines for HTTP calls. A socket has a time-out for each single read only, so a relay that sends a byte now and
then would hold a worker until its whole invocation is killed, other items with it.

``deadline`` bounds everything that a block of code asks over HTTP; inner deadlines can only be earlier.
"""

import heapq
import itertools
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import BadStatusLine, HTTPResponse, LineTooLong, parse_headers
from queue import LifoQueue
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_MOST_INTERIM = 8
_LONGEST_HEAD = 64 * 1024  # bytes of all lines before the body, interim answers with theirs
# Seconds that an idle connection is trusted for, by the wall clock: while a function is frozen, AWS ends connections
# without a word to it (docs/decisions/0022-lambda-limits.md#descriptors).
MAX_IDLE = 20.0


class Watchdog:
    """Shuts sockets down whose time has come; one daemon thread, started when first needed.

    It keeps no socket alive: one that nobody else holds is closed at once, not at its deadline. Most calls end long
    before theirs: the thread sleeps past these, and no call wakes it that is due after it wakes by itself.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: list[tuple[float, int, weakref.ref[socket.socket]]] = []
        self._live: set[int] = set()
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._wakes_at = float("inf")

    def watch(self, deadline: float, watched: socket.socket) -> int:
        """Shut ``watched`` down at ``deadline`` (of ``time.monotonic``), unless ``release`` got the number before."""
        with self._changed:
            number = next(self._numbers)
            heapq.heappush(self._watched, (deadline, number, weakref.ref(watched)))
            self._live.add(number)
            self._start()
            if deadline < self._wakes_at:
                self._changed.notify()
            return number

    def release(self, numbers: Iterable[int]) -> None:
        with self._changed:
            self._live.difference_update(numbers)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with self._changed:
            while True:
                self._end_what_is_due()
                self._wakes_at = self._watched[0][0] if self._watched else float("inf")
                self._changed.wait(self._wakes_at - time.monotonic() if self._watched else None)

    def _end_what_is_due(self) -> None:
        while self._watched:
            moment, number, watched = self._watched[0]
            if number in self._live:
                if moment > time.monotonic():
                    return
                self._live.discard(number)
                _shut_down(watched())
            heapq.heappop(self._watched)


def _shut_down(watched: socket.socket | None) -> None:
    if watched is not None:
        with suppress(OSError):
            watched.shutdown(socket.SHUT_RDWR)


WATCHDOG = Watchdog()


@dataclass(slots=True)
class _Scope:
    """A block with a deadline, and the sockets that are watched until the block ends. Blocks inside it are calls:
    ``asked`` is how many seconds they took.
    """

    moment: float
    began: float
    watched: list[int] = field(default_factory=list)
    asked: float = 0.0


_scope: ContextVar[_Scope | None] = ContextVar("deadline", default=None)  # threads start without one


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Inside the block HTTP calls end within ``seconds``, or by an earlier outer deadline, heads and bodies."""
    outer = _scope.get()
    began = time.monotonic()
    scope = _Scope(min(began + seconds, _moment()), began)
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)
        if outer is not None:
            outer.asked += time.monotonic() - scope.began
        if scope.watched:
            WATCHDOG.release(scope.watched)


def seconds_left() -> float:
    """Seconds until the deadline of this thread; infinite without one."""
    return _moment() - time.monotonic()


def has_mostly_waited() -> bool:
    """Whether the block with the deadline has spent less than half of its time so far in HTTP calls."""
    scope = _scope.get()
    return scope is not None and 2 * scope.asked < time.monotonic() - scope.began


def _moment() -> float:
    scope = _scope.get()
    return float("inf") if scope is None else scope.moment


class _Head:
    """The lines of a head, read from ``whole`` as far as it is not too long; a hundred long ones would be megabytes."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole
        self._left = _LONGEST_HEAD

    def readline(self, most: int = -1) -> bytes:
        line: bytes = self._whole.readline(self._left + 1 if most < 0 else min(most, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise LineTooLong("head")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


class _Response(HTTPResponse):
    """Passes over a few interim answers (100 to 199), 103 as well; a relay that sends only these, or an endless head,
    ends early.
    """

    def begin(self) -> None:
        whole = self.fp
        head: Any = _Head(whole)
        self.fp = head
        try:
            super().begin()
        finally:
            if self.fp is head:
                self.fp = whole

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason
            parse_headers(self.fp)
        raise BadStatusLine("interim answers only")


class _InTime:
    sock: Any
    response_class: type[HTTPResponse] = _Response

    def getresponse(self) -> Any:
        scope = _scope.get()
        if scope is not None and scope.moment < float("inf") and self.sock is not None:
            scope.watched.append(WATCHDOG.watch(scope.moment, self.sock))
        return super().getresponse()  # type: ignore[misc]


class _InTimeHTTP(_InTime, HTTPConnection):
    pass


class _InTimeHTTPS(_InTime, HTTPSConnection):
    pass


class _IdleConnections(LifoQueue[Any]):
    """Without urllib3's empty places, which only a pool needs whose callers wait for one: to make 600 of them for each
    relay, and to take them out again, takes 2.4 ms of CPU. One that was idle for too long is closed, and opens itself
    anew for the next call.
    """

    def _put(self, item: Any) -> None:
        self.queue.append((time.time(), item))

    def _get(self) -> Any:
        since, connection = self.queue.pop()
        if not 0 <= time.time() - since <= MAX_IDLE:
            connection.close()
        return connection

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is not None:
            super().put(item, block, timeout)


class InTimeHTTPPool(HTTPConnectionPool):
    ConnectionCls = _InTimeHTTP
    QueueCls = _IdleConnections


class InTimeHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _InTimeHTTPS
    QueueCls = _IdleConnections


POOLS = {"http": InTimeHTTPPool, "https": InTimeHTTPSPool}
