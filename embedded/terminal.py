"""Messages on the terminal."""

import sys

COMPLAINT = "embedded: "  # what complaints begin with, also in the logs of programs


def step(text: str) -> None:
    print(f"· {text}", flush=True)


def tell(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"{COMPLAINT}{text}", file=sys.stderr, flush=True)
