"""Background programs, found again by a file that says which process is ours."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError

STOP_SECONDS = 20.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """A program of the stack with its pid file and its log."""

    name: str
    home: Path

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.home / f"{self.name}.pid"

    def pid(self) -> int | None:
        """The running process that we started, or None: numbers are reused, so its start time must agree."""
        try:
            noted = json.loads(self.pid_file.read_text(encoding="utf-8"))
            pid, born = int(noted["pid"]), noted["born"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if born and birth(pid) == born else None

    def start(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C reaches us only, and we stop the programs in order.
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives us, and nobody waits for it: Popen must not complain
        self.pid_file.write_text(json.dumps({"pid": process.pid, "born": birth(process.pid)}), encoding="utf-8")

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid() is None:
                raise EmbeddedError(f"{self.name} has ended while starting; the reason is in {self.log}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} did not answer within {seconds:.0f} s; its log is {self.log}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> bool:
        """Ask the program to end, and insist after a while. False when it was not running."""
        pid = self.pid()
        if pid is not None:
            _signal(pid, signal.SIGTERM)
            if not self._ended(STOP_SECONDS):
                _signal(pid, signal.SIGKILL)
                self._ended(STOP_SECONDS)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    def _ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def birth(pid: int) -> str | None:
    """When a living process was started, in whatever form the system tells it."""
    if Path("/proc/self/stat").exists():
        return _birth_in_proc(pid)
    told = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not told or told.split()[-1].startswith("Z") else told.rsplit(maxsplit=1)[0]


def _birth_in_proc(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if fields[0] == "Z" else fields[19]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
