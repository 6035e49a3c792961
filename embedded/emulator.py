"""MiniStack as a program: on loopback only, with state and temporary files in the stack's folder."""

import resource
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3

from embedded import home, ministack, network
from embedded.errors import EmbeddedError
from embedded.processes import Program
from embedded.settings import ACCESS_KEY_ID, LOOPBACK, SECRET_ACCESS_KEY, Settings

START_SECONDS = 30.0
OPEN_FILES = 10_240  # each thread of a function keeps a connection open


class Emulator:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.program = Program("ministack", settings.home)

    @home.private_umask()
    def start(self) -> None:
        """Start the process, without waiting for it (``await_ready`` does): the sandbox starts meanwhile."""
        ministack.require_known_version()
        network.require_free(self.settings.stack_port, "EMBEDDED_PORT")
        self._clear_scratch()
        self._scratch.mkdir(parents=True)
        _allow_open_files()
        self.program.start(self._command(), self._environment(), self.settings.home)

    def stop(self) -> bool:
        """Stop the program and remove its temporary files. False when it was not running."""
        stopped = self.program.stop()
        if stopped:
            self._clear_scratch()
        return stopped

    @property
    def _scratch(self) -> Path:
        return self.settings.home / "tmp"

    def _clear_scratch(self) -> None:
        """Remove temporary files: every process of a function leaves its unpacked layers."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def await_ready(self) -> None:
        self.program.await_ready(self.healthy, START_SECONDS)

    def await_page(self, url: str) -> None:
        """Return once a function serves the result page. The first answer takes a second: the program starts from which
        functions are forked.
        """
        self.program.await_ready(lambda: network.answers(url, START_SECONDS), START_SECONDS)

    def healthy(self) -> bool:
        return network.answers(f"{self.settings.endpoint}/_ministack/health")

    def _command(self) -> list[str]:
        """MiniStack's application in uvicorn: its compiled parser and loop save a quarter of the CPU."""
        application = ["--app-dir", str(self.settings.root), "--factory", "embedded.emulator_app:create"]
        address = ["--host", LOOPBACK, "--port", str(self.settings.stack_port), "--timeout-keep-alive", "75"]
        ending = ["--timeout-graceful-shutdown", "5"]  # MiniStack saves its state afterwards
        silent = ["--no-access-log", "--no-server-header", "--no-date-header", "--no-proxy-headers"]  # it sends its own
        return [sys.executable, "-m", "uvicorn", *application, *address, *ending, *silent]

    def _environment(self) -> dict[str, str]:
        folder = self.settings.home
        return self.settings.child_environment | {
            "BIND_HOST": LOOPBACK,
            "IOT_MTLS_ENABLED": "0",  # it would listen on all addresses, whatever BIND_HOST says
            "SFTP_ENABLED": "0",
            "GATEWAY_PORT": str(self.settings.stack_port),
            "AUTH": str(self.settings.enforces_iam).lower(),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "state" / "s3"),
            "TMPDIR": str(self._scratch),
            "DOCKER_HOST": f"unix://{folder / 'no-docker'}",  # functions are processes, not containers
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def client(self, service: str) -> Any:
        """A boto3 client with the emulator's keys, whatever this process's environment says."""
        keys = self.settings.credentials
        if not keys:
            raise EmbeddedError("this stack was started without keys, by an earlier version: make down, then make up")
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.settings.endpoint,
            aws_access_key_id=keys[ACCESS_KEY_ID],
            aws_secret_access_key=keys[SECRET_ACCESS_KEY],
        )


def _allow_open_files() -> None:
    """Raise the limit of open files, for this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
