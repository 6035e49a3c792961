"""Processes of functions, forked from one that has imported their packages already: SnapStart, in small.

To start Python and to import boto3 and its like takes a process most of a second of CPU otherwise, as much as probing
ten relays. What is forked depends on the layers alone: others, as after a deployment, get a parent of their own.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

MODULES = ("botocore.handlers", "batch_import.http_api.use_cases", "batch_import.bootstrap")
SERVICES = ("dynamodb", "kms", "secretsmanager", "sqs")
_NOTES = "python/lib/embedded/site-packages/*.pth"  # layers/*/Makefile
_guard = threading.Lock()


class Request(NamedTuple):
    """What a new process runs: a script, in a folder, with an environment."""

    script: str
    folder: str
    environment: Mapping[str, str]


class Parent:
    """The process that forks; started when first needed, and again when somebody has killed it."""

    def __init__(self, places: str) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, request: Request, ends: Sequence[int]) -> int:
        """The number of a new process; ``ends`` are its files 0, 1 and 2, and whatever else it shall keep open."""
        with self._lock:
            try:
                return self._fork(request, ends)
            except OSError:
                self.close()
                return self._fork(request, ends)

    def close(self) -> None:
        """End it; what it has forked goes on."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _fork(self, request: Request, ends: Sequence[int]) -> int:
        if self._line is None:
            self._line = self._start()
        socket.send_fds(self._line, [b"."], ends)
        self._line.sendall(json.dumps(request).encode() + b"\n")
        answer = self._line.recv(32)
        if not answer:
            raise OSError("the process that forks has ended")
        return int(answer)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", __file__, str(theirs.fileno()), self._places]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        return ours


class Forked:
    """As much of ``subprocess.Popen`` as MiniStack asks of a function's process. How it ended, nobody here can know."""

    def __init__(self, parent: Parent, request: Request) -> None:
        stdin, writing = os.pipe()
        reading, stdout = os.pipe()
        reading_errors, stderr = os.pipe()
        self._alive, alive = os.pipe()  # nothing is ever written to it: it ends when the process does
        self.stdin: IO[str] = os.fdopen(writing, "w", buffering=1)
        self.stdout: IO[str] = os.fdopen(reading)
        self.stderr: IO[str] = os.fdopen(reading_errors)
        ends = (stdin, stdout, stderr, alive)
        try:
            self.pid = parent.fork(request, ends)
        finally:
            for end in ends:
                os.close(end)

    def __del__(self) -> None:
        os.close(self._alive)

    def poll(self) -> int | None:
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Raises ``subprocess.TimeoutExpired`` after so many seconds."""
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return 0

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _ended(self, seconds: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self._alive)
        return bool(waiting.poll(None if seconds is None else seconds * 1000))

    def _signal(self, number: signal.Signals) -> None:
        if not self._ended(0):
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def forked(request: Request, layers: Iterable[str]) -> Forked | None:
    """The new process; None when the layers (folders) hold their packages themselves, and not notes where these are."""
    if not (places := places_of(layers)):
        return None
    with _guard:  # two first calls at once share one parent
        parent = _parent(places)
    return Forked(parent, request)


def places_of(layers: Iterable[str]) -> str:
    """The lines of Python by which the layers say where their packages are; empty when they hold them themselves."""
    return "".join(note.read_text() for layer in layers for note in sorted(Path(layer).glob(_NOTES)))


@lru_cache(maxsize=2)  # layers change with a deployment only
def _parent(places: str) -> Parent:
    return Parent(places)


# --- in the process that forks


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    exec(sys.argv[2])  # noqa: S102 - what Python itself does with these lines of .pth files
    _import()
    gc.freeze()  # what all of them share is neither collected nor copied
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    request = _serve(line)
    if request is not None:
        _become(request)


def _import() -> None:
    """As much as can be known beforehand. What fails here the function imports by itself, and tells why it failed."""
    for name in MODULES:
        with suppress(Exception):
            importlib.import_module(name)
    import boto3
    import botocore.session

    session = botocore.session.Session()
    boto3.setup_default_session(botocore_session=session)  # credentials and region are looked up by the first client
    models = session.get_component("data_loader")
    for service in SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            models.load_service_model(service, kind)
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        models.load_data(data)


def _serve(line: socket.socket) -> Request | None:
    """Forks for each request; returns in the children with theirs, and in the parent when there will be no more."""
    with line, line.makefile("rb") as requests:
        while True:
            _, ends, _, _ = socket.recv_fds(line, 1, 8)
            if not ends:
                return None
            request = Request(*json.loads(requests.readline()))
            child = os.fork()
            if not child:
                break
            for end in ends:
                os.close(end)
            line.sendall(str(child).encode())
    for number, end in enumerate(ends[:3]):
        os.dup2(end, number)
        os.close(end)
    return request


def _become(request: Request) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder)
    sys.argv = [request.script]
    sys.path.insert(0, str(Path(request.script).parent))
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    runpy.run_path(request.script, run_name="__main__")


if __name__ == "__main__":
    main()
