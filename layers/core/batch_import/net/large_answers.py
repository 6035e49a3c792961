"""Only few large answers are decoded and parsed at once: each may need twenty times its bytes.

The bytes themselves are held by each reader, so that an answer that comes slowly keeps no other one waiting.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from batch_import.domain.errors import OutOfResources
from batch_import.net.deadline import seconds_left

LARGE = 64 * 1024  # bytes
_AT_ONCE = 2  # more would not be faster: one interpreter parses one at a time
_places = threading.BoundedSemaphore(_AT_ONCE)
_holds: ContextVar[list[bool] | None] = ContextVar("holds a place", default=None)


@contextmanager
def judged_inside() -> Iterator[None]:
    """A large answer that is read inside the block is let go of at its end: nothing large is kept beyond it."""
    holds: list[bool] = []
    token = _holds.set(holds)
    try:
        yield
    finally:
        _holds.reset(token)
        if holds:
            _places.release()


def await_place(size: int) -> None:
    """Before ``size`` bytes are decoded. Raises ``OutOfResources`` when no place is free before the deadline."""
    holds = _holds.get()
    if holds is None or holds or size <= LARGE:
        return
    left = seconds_left()
    if not _places.acquire(timeout=None if left == float("inf") else max(0.0, left)):
        raise OutOfResources("no room for a large answer")
    holds.append(True)
