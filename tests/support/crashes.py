"""Processes that die at an effect: before or after any call to AWS or over HTTP that a function makes.

Which effects are tried: ``CRASH_POINTS`` (a number of effects per function and moment, or ``all``), chosen by
``CRASH_SEED``. The header of a test run prints both; set them to repeat a failure.
"""

import itertools
import os
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from botocore.client import BaseClient
from urllib3.connectionpool import HTTPConnectionPool

POINTS, SEED = "CRASH_POINTS", "CRASH_SEED"
WHEN = ("before", "after")
SAMPLE = 2


def choose_sample() -> str:
    """Settle how many points are tried and by which seed, for this process and its children; a line that says so."""
    points = os.environ.setdefault(POINTS, str(SAMPLE))
    seed = os.environ.setdefault(SEED, str(random.randrange(1_000_000)))
    return f"crash matrix: {POINTS}={points} {SEED}={seed}"


def all_are_tried() -> bool:
    """Whether this is the run of all tests, however long they take."""
    return os.environ[POINTS] == "all"


def chosen_effects(function: str, when: str, effects: int, share: int = 1) -> Iterable[int]:
    """Numbers, from 1 and ascending, of the effects that are tried; without an end when all are."""
    if all_are_tried():
        return itertools.count(1)
    chance = random.Random(f"{os.environ[SEED]} {function} {when}")
    return sorted(chance.sample(range(1, effects + 1), min(effects, -(-int(os.environ[POINTS]) // share))))


class Killed(BaseException):
    """The process is gone. No ``except Exception`` sees it, and nothing that runs after it reaches the outside."""


class Effects:
    """Counts the effects of one function and kills its process at the one that was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._function = ""
        self._fatal: tuple[str, int, str] = ("", 0, "")
        self.made = 0
        """How many effects the function has had since ``kill``, up to ``spare``."""
        self._dead = False
        self.killed_at: str | None = None
        self.seen: set[str] = set()

    def kill(self, function: str, number: int, when: str) -> None:
        """Die once, ``before`` or ``after`` the effect ``number`` (from 1) that ``function`` makes from now on."""
        self._fatal, self.made, self.killed_at = (function, number, when), 0, None

    def spare(self, function: str) -> None:
        """``function`` dies no more."""
        if self._fatal[0] == function:
            self._fatal = ("", 0, "")

    @contextmanager
    def process(self, function: str) -> Iterator[None]:
        """One invocation. When it is killed its process's memory is lost with it."""
        self._function = function
        try:
            yield
        finally:
            self._function = ""
            if self._dead:
                self._dead = False
                bootstrap.cache_clear()

    def around(self, call: Callable[..., Any], label: Callable[..., str]) -> Callable[..., Any]:
        def effect(*args: Any, **kwargs: Any) -> Any:
            if not self._function:
                return call(*args, **kwargs)
            name, fatal = label(*args, **kwargs), self._is_fatal()
            self.seen.add(name)
            if fatal == "before":
                self._die(name)
            result = call(*args, **kwargs)
            if fatal == "after":
                self._die(name)
            return result

        return effect

    def _is_fatal(self) -> str:
        with self._lock:
            if self._dead:
                raise Killed
            function, number, when = self._fatal
            if self._function != function:
                return ""
            self.made += 1
            return when if self.made == number else ""

    def _die(self, label: str) -> None:
        with self._lock:
            self._dead, self.killed_at = True, label
        raise Killed(label)


def watched_effects(monkeypatch: pytest.MonkeyPatch) -> Effects:
    """Every AWS call and every HTTP request of this process, under watch: relays and host are both called by urllib3.

    ``seen`` holds the label of each: the AWS operation, or method, port and path.
    """
    effects = Effects()
    monkeypatch.setattr(
        BaseClient, "_make_api_call", effects.around(BaseClient._make_api_call, lambda _, operation, __: operation)
    )
    monkeypatch.setattr(
        HTTPConnectionPool,
        "urlopen",
        effects.around(HTTPConnectionPool.urlopen, _http_label),
    )
    return effects


def _http_label(pool: HTTPConnectionPool, method: str, url: str, *_: Any, **__: Any) -> str:
    return f"{method} :{pool.port}{url}"
