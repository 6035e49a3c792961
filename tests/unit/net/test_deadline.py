"""The watchdog ends what is late, and owns nothing."""

import socket
import time
import weakref
from collections.abc import Iterator

import pytest
from batch_import.net.deadline import Watchdog

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        yield ours, theirs


def test_a_socket_is_shut_down_at_its_deadline(ends: Ends) -> None:
    Watchdog().watch(time.monotonic() + 0.05, ends[0])
    assert ends[0].recv(1) == b""


def test_a_released_socket_stays_open(ends: Ends) -> None:
    watchdog = Watchdog()
    soon = time.monotonic() + 0.05
    watchdog.release([watchdog.watch(soon, ends[0])])
    other, _ = late = socket.socketpair()
    with late[0], late[1]:
        other.settimeout(5)
        watchdog.watch(soon, other)
        assert other.recv(1) == b""  # the watchdog has passed the deadline of both
    ends[1].sendall(b"x")
    assert ends[0].recv(1) == b"x"


def test_a_watched_socket_is_not_kept_alive() -> None:
    ours, theirs = socket.socketpair()
    seen = weakref.ref(ours)
    Watchdog().watch(time.monotonic() + 60, ours)
    ours.close()
    theirs.close()
    del ours
    assert seen() is None
