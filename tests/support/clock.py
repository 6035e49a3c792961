"""A clock that is moved by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from batch_import.domain.clock import Clock


@dataclass
class HandClock:
    """``clock`` is given to the code under test: it stands still, and sleeping or waiting for a condition moves it."""

    now: datetime = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monotonic: float = 1000.0
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.monotonic, self._sleep, lambda _, seconds: self._sleep(seconds))

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic += seconds

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.later(seconds)
