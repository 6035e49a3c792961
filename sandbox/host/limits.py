"""Sliding one-minute windows, by the host's clock."""

from collections import deque

from sandbox.host.clock import Clock

MINUTE = 60.0


class Window:
    """Counts events of the last minute."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.events: deque[float] = deque()

    def count(self) -> int:
        now = self.clock.now()
        while self.events and now - self.events[0] >= MINUTE:
            self.events.popleft()
        return len(self.events)

    def pass_(self, limit: int) -> bool:
        """Notes one event; False when the limit of the last minute is already reached."""
        if self.count() >= limit:
            return False
        self.events.append(self.clock.now())
        return True
