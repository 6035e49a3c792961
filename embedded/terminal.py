"""Messages on the terminal."""

import sys


def step(text: str) -> None:
    print(f"· {text}", flush=True)


def tell(text: str = "") -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(f"embedded: {text}", file=sys.stderr, flush=True)
