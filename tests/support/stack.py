"""An embedded stack of a test's own: another folder, free ports."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from embedded import home as folder
from embedded.emulator import Emulator
from embedded.settings import Settings
from embedded.stack import Embedded

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def embedded_stack(home: Path, *, iam: bool = True) -> Iterator[Embedded]:
    """Up inside the block, with AWS variables of the process pointing to it; skips without the SAM command line.

    Unless told otherwise the permissions of the template are enforced.
    """
    if not (ROOT / ".venv-sam" / "bin" / "sam").exists():
        pytest.skip("needs .venv-sam: make install")
    stack = Embedded(_settings(home, EMBEDDED_IAM="1" if iam else ""))
    with _environment_of(stack.settings):
        stack.up()
        try:
            yield stack
        finally:
            stack.down()


@contextmanager
def bare_emulator(home: Path) -> Iterator[Emulator]:
    """MiniStack alone, empty."""
    emulator = Emulator(_settings(home))
    with _environment_of(emulator.settings):
        emulator.start()
        try:
            emulator.await_ready()
            yield emulator
        finally:
            emulator.stop()


def _settings(home: Path, **more: str) -> Settings:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HOST_"))},
        **free_ports(),
        "EMBEDDED_HOME": str(home),
        **more,
    }
    return Settings(ROOT, environment)


@contextmanager
def _environment_of(settings: Settings) -> Iterator[None]:
    folder.prepare(settings)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in settings.aws_environment.items():
            patch.setenv(name, value)
        yield


def free_ports() -> dict[str, str]:
    """Variables that let the embedded stack listen on ports that nobody else uses."""
    names = ("EMBEDDED_PORT", "SANDBOX_HOST_PORT", "SANDBOX_RELAY_PORT")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: str(one.getsockname()[1]) for name, one in zip(names, sockets, strict=True)}
    for one in sockets:
        one.close()
    return ports
