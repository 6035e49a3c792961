"""Messages on the terminal, and signals from it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMPLAINT = "embedded: "  # what complaints begin with, also in the logs of programs


def step(text: str) -> None:
    print(f"· {text}", flush=True)


def tell(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"{COMPLAINT}{text}", file=sys.stderr, flush=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """The first signal to stop raises KeyboardInterrupt; later ones are ignored, so that stopping completes."""
    requested = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal requested
        if not requested:
            requested = True
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
