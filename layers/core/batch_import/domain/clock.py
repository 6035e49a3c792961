"""Time as a parameter, and times as the API and the tables write them: RFC 3339, UTC, milliseconds."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """The time of day, a monotonic time in seconds, sleeping, and waiting for a condition. Tests give others."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wait: Callable[[threading.Condition, float], object] = threading.Condition.wait


SYSTEM_CLOCK = Clock(lambda: datetime.now(UTC))


def iso(moment: datetime) -> str:
    """``moment`` as text; the order of texts is the order of times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def milliseconds(moment: datetime | str) -> int:
    """Milliseconds of the epoch."""
    moment = parse(moment) if isinstance(moment, str) else moment
    return round(moment.timestamp() * 1000)
