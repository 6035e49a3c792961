"""Servers for tests in a process of their own, so that their sockets do not count as ours."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def ports_of(module: str, *arguments: str) -> Iterator[list[int]]:
    """The ports of a program that prints them as one line of JSON and serves until its standard input is closed."""
    program = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(10)
