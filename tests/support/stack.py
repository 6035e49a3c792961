"""An embedded stack of a test's own: another folder, free ports."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
import pytest

from embedded import home as folder
from embedded.emulator import Emulator
from embedded.settings import Settings
from embedded.stack import Embedded

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ROOT / ".pytest_cache" / "embedded-packages"


@contextmanager
def embedded_stack(home: Path, *, iam: bool = True) -> Iterator[Embedded]:
    """Up inside the block, with AWS variables of the process pointing to it; skips without the SAM command line.

    Unless told otherwise the permissions of the template are enforced.
    """
    if not (ROOT / ".venv-sam" / "bin" / "sam").exists():
        pytest.skip("needs .venv-sam: make install")
    stack = Embedded(_settings(home, EMBEDDED_IAM="1" if iam else ""))
    with _environment_of(stack.settings):
        _take_packages(home / "packages")
        try:
            stack.up()
        finally:
            _keep_packages(home / "packages")
        try:
            yield stack
        finally:
            stack.down()


def _take_packages(folder: Path) -> None:
    """Put the functions' packages into a new stack as another has installed them: that takes pip half a minute."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for installed in _PACKAGES.glob("[!.]*"):
        if not (folder / installed.name).exists():
            shutil.copytree(installed, folder / installed.name, copy_function=_link)


def _keep_packages(folder: Path) -> None:
    """For the next stack, also of the next test run. A folder is named by its pins and Python."""
    for complete in folder.glob("*/.complete"):
        kept = _PACKAGES / complete.parent.name
        if not kept.exists():
            making = kept.with_name(f".{kept.name}-{os.getpid()}")
            shutil.copytree(complete.parent, making, copy_function=_link)
            with suppress(OSError):  # another process was faster
                making.rename(kept)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # not on one file system
        shutil.copy2(source, target)


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
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # an older one keeps the keys that it has read
        yield


def free_ports() -> dict[str, str]:
    """Variables that let the embedded stack listen on ports that nobody else uses."""
    names = ("EMBEDDED_PORT", "SANDBOX_HOST_PORT", "SANDBOX_RELAY_PORT")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: str(one.getsockname()[1]) for name, one in zip(names, sockets, strict=True)}
    for one in sockets:
        one.close()
    return ports
