"""The host's clock, which a test may move forward, and the two time formats of its answers."""

import time
from datetime import UTC, datetime
from functools import lru_cache


class Clock:
    """Seconds since the epoch, plus what a test has added."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Lets time pass for every cool-down, delay and window of the host, without waiting."""
        self.ahead += seconds


@lru_cache(maxsize=1 << 16)  # each row's times are shown again and again
def text(moment: float | None) -> str | None:
    """RFC 3339 with microseconds, as the host writes times."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def whole(moment: float) -> str:
    """RFC 3339 with seconds, as channels are stamped."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
