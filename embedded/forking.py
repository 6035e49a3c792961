"""Forks the processes of functions from a parent that has imported their packages already, as SnapStart does.

Starting Python and importing boto3 and the others takes most of a second of CPU, as much as probing ten relays. There
is one parent for each set of layers: after a deployment that changes them a new one is started.
"""

import errno
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

PACKAGES = ("botocore.handlers", "batch_import")
SERVICES = ("dynamodb", "kms", "secretsmanager", "sqs")
_NOTES = "python/lib/embedded/site-packages/*.pth"  # layers/*/Makefile
_BELOW_THE_EMULATOR = 19  # by so much nicer: one process serves the tables of all, and they wait for it
_guard = threading.Lock()


class Request(NamedTuple):
    """What a new process runs: a script, in a folder, with an environment."""

    script: str
    folder: str
    environment: Mapping[str, str]


class Parent:
    """The process that forks; started by ``fork`` when there is none."""

    def __init__(self, places: str) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, request: Request, ends: Sequence[int]) -> int:
        """The process id of a new process; ``ends`` are its files 0, 1 and 2, and others that stay open in it.

        Raises OSError when the parent has been killed; the next call starts another one.
        """
        with self._lock:
            try:
                return self._fork(request, ends)
            except OSError:
                self.close()
                raise

    def close(self) -> None:
        """Kill the parent; processes that it has forked keep running."""
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
    """The part of ``subprocess.Popen`` that MiniStack uses for a function. The exit code is unknown: always 0."""

    def __init__(self, parent: Parent, request: Request) -> None:
        ours, theirs = socket.socketpair()  # not a pipe: it tells what was left unread
        stdin = theirs.detach()
        reading, stdout = os.pipe()
        reading_errors, stderr = os.pipe()
        self._alive, alive = os.pipe()  # never written to: it is closed when the process ends
        self.stdin: IO[str] = os.fdopen(ours.detach(), "w", buffering=1)
        self.stdout: IO[str] = os.fdopen(reading)
        self.stderr: IO[str] = os.fdopen(reading_errors)
        ends = (stdin, stdout, stderr, alive)
        try:
            self.pid = parent.fork(request, ends)
        except OSError:
            for file in (self.stdin, self.stdout, self.stderr):
                file.close()
            raise
        finally:
            for end in ends:
                os.close(end)

    def __del__(self) -> None:
        os.close(self._alive)

    def left_unread(self) -> bool:
        """Whether the process has ended without reading all that was written. Asked once, after its end."""
        with socket.socket(fileno=os.dup(self.stdin.fileno())) as line:
            closing = select.poll()
            closing.register(line, 0)
            closing.poll(1000)  # the system closes the files of a killed process one after the other
            return line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET

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
    return fork(parent, request)


def fork(parent: Parent, request: Request) -> Forked:
    """The new process; once more when the parent was killed.

    With files of its own then: the parent may have forked before it died, and that process ends with its input.
    """
    with suppress(OSError):
        return Forked(parent, request)
    return Forked(parent, request)


def places_of(layers: Iterable[str]) -> str:
    """The lines of Python by which the layers say where their packages are; empty when they hold them themselves."""
    return "".join(note.read_text() for layer in layers for note in sorted(Path(layer).glob(_NOTES)))


@lru_cache(maxsize=2)  # layers change with a deployment only
def _parent(places: str) -> Parent:
    return Parent(places)


# --- in the parent process


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    exec(sys.argv[2])  # noqa: S102 - as Python does with these lines of .pth files
    _import()
    gc.freeze()  # shared objects are not collected, and their memory is not copied
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps ended children
    request = _serve(line)
    if request is not None:
        _become(request)


def _import() -> None:
    """Import the usual packages, build their models and load boto3's data.

    A failing import is left to the function, which reports it.
    """
    for name in PACKAGES:
        with suppress(Exception):
            package = importlib.import_module(name)
            for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
                importlib.import_module(module.name)
    for prepare in (_build_models, _compile_words):
        with suppress(Exception):
            prepare()
    import boto3
    import botocore.session

    session = botocore.session.Session()
    session.get_component("event_emitter").register("creating-client-class.dynamodb", _short_calls())
    boto3.setup_default_session(botocore_session=session)  # credentials and region are looked up by the first client
    models = session.get_component("data_loader")
    for service in SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            models.load_service_model(service, kind)
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        models.load_data(data)


def _compile_words() -> None:
    """The expressions for a relay's words are compiled at their first use."""
    from batch_import.domain.refusals import refusals

    refusals("no words")


def _short_calls() -> Callable[..., Any]:
    """Run from its file: this program imports nothing from its own folder, for functions would find it there, too."""
    names = runpy.run_path(str(Path(__file__).with_name("short_calls.py")))
    made: Callable[..., Any] = names["ShortCalls"]()
    return made


def _build_models() -> None:
    """Those of pydantic that are built at their first use otherwise, in each process anew."""
    from pydantic import BaseModel

    models = BaseModel.__subclasses__()
    while models:
        model = models.pop()
        models += model.__subclasses__()
        if model.__module__.startswith("batch_import."):
            model.model_rebuild()


def _serve(line: socket.socket) -> Request | None:
    """Fork for each request. Returns the request in each child, and None in the parent when the connection ends."""
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
    os.nice(_BELOW_THE_EMULATOR)
    threading.Thread(target=_end_with_the_emulator, daemon=True).start()
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder)
    sys.argv = [request.script]
    sys.path.insert(0, str(Path(request.script).parent))
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    runpy.run_path(request.script, run_name="__main__")


def _end_with_the_emulator() -> None:
    """Kill this process, whatever it does, when the other end of its input is closed: nobody would get its answer."""
    waiting = select.poll()
    waiting.register(0, 0)  # only the end is reported, not what can be read
    waiting.poll()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
