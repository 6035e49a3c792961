"""Background programs, found again by a file that says which process is ours."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded import logs
from embedded.errors import EmbeddedError
from embedded.terminal import COMPLAINT

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
        """The process id of the running program that we started, or None."""
        process = self._process()
        return process.pid if process else None

    def start(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        logs.begin(self.log)
        with self.log.open("ab") as log:
            # In its own session, so that Ctrl-C reaches this process only, which stops the programs in order.
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.returncode = 0  # the program outlives this process; without a code Popen warns when it is deleted
        noted = {"pid": process.pid, "born": _birth(psutil.Process(process.pid))}
        self.pid_file.write_text(json.dumps(noted), encoding="utf-8")

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once ``ready`` is true; EmbeddedError when the program ends first, or the seconds are over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.pid() is None:
                raise EmbeddedError(
                    self._last_words() or f"{self.name} has ended while starting; the reason is in {self.log}"
                )
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} did not answer within {seconds:.0f} s; its log is {self.log}")
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        """The sentence that the program has ended with, which begins with the name of the stack; or nothing."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.removeprefix(COMPLAINT) for line in reversed(lines) if line.startswith(COMPLAINT)), "")

    def stop(self) -> bool:
        """Ask the program to end, and kill it after ``STOP_SECONDS``. False when it was not running."""
        process = self._process()
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
                if not self._ended(STOP_SECONDS):
                    process.kill()
                    self._ended(STOP_SECONDS)
        self.pid_file.unlink(missing_ok=True)
        return process is not None

    def _ended(self, seconds: float) -> bool:
        """False when the program still runs after so many seconds. A zombie has ended; ``psutil`` would wait for it."""
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _process(self) -> psutil.Process | None:
        """The running process of the pid file; None for another one with its id: ids are used again."""
        try:
            noted = json.loads(self.pid_file.read_text(encoding="utf-8"))
            process = psutil.Process(noted["pid"])
            ours = _birth(process) == noted["born"] and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            return None
        return process if ours else None


def _birth(process: psutil.Process) -> float:
    """Seconds from the machine's start to the process's: setting the clock, which moves both dates, keeps it."""
    return round(process.create_time() - psutil.boot_time(), 2)
