"""The watchdog ends what is late, and owns nothing."""

import socket
import time
import weakref
from collections.abc import Iterator

import pytest
from batch_import.net import deadline as module
from batch_import.net.deadline import Watchdog, deadline, has_mostly_waited

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


def test_an_earlier_deadline_is_met_though_the_watchdog_sleeps_until_a_later_one(ends: Ends) -> None:
    watchdog = Watchdog()
    watchdog.watch(time.monotonic() + 60, ends[0])
    while watchdog._wakes_at == float("inf"):  # its thread does not sleep yet
        time.sleep(0.001)
    other, _ = soon = socket.socketpair()
    with soon[0], soon[1]:
        other.settimeout(5)
        watchdog.watch(time.monotonic() + 0.05, other)
        assert other.recv(1) == b""


def test_calls_that_ended_wake_the_watchdog_no_more(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[float] = []
    look = Watchdog._end_what_is_due

    def counted(watchdog: Watchdog) -> None:
        woken.append(time.monotonic())
        look(watchdog)

    monkeypatch.setattr(Watchdog, "_end_what_is_due", counted)
    watchdog, now = Watchdog(), time.monotonic()
    for number in range(50):
        watchdog.release([watchdog.watch(now + 0.1 + 0.002 * number, ends[0])])
    other, _ = last = socket.socketpair()
    with last[0], last[1]:
        other.settimeout(5)
        watchdog.watch(now + 0.3, other)
        assert other.recv(1) == b""
    assert len(woken) <= 5  # at its start, for the first of the fifty and for the last socket; each once more by chance


def test_a_watched_socket_is_not_kept_alive() -> None:
    ours, theirs = socket.socketpair()
    seen = weakref.ref(ours)
    Watchdog().watch(time.monotonic() + 60, ours)
    ours.close()
    theirs.close()
    del ours
    assert seen() is None


def test_time_is_told_apart_in_which_nothing_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    assert not has_mostly_waited()
    with deadline(60):
        now += 3
        assert has_mostly_waited()
        for _ in range(2):
            with deadline(15):  # a call
                now += 2
        assert not has_mostly_waited()
        now += 2
        assert has_mostly_waited()
