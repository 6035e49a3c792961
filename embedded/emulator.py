"""MiniStack: started on loopback only, with its state and its leftovers in a folder of ours."""

import shutil
import sys
from pathlib import Path
from typing import Any

import boto3

from embedded import network
from embedded.processes import Program
from embedded.settings import LOOPBACK, Settings

START_SECONDS = 30.0


class Emulator:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.program = Program("ministack", settings.home)

    def start(self) -> None:
        """Begin; :meth:`await_ready` sees it through, so that others can start meanwhile."""
        network.require_free(self.settings.stack_port, "EMBEDDED_PORT")
        self._clear_scratch()
        self._scratch.mkdir(parents=True)
        self.program.start([sys.executable, "-m", "ministack"], self._environment(), self.settings.home)

    def stop(self) -> bool:
        """False when it was not running."""
        stopped = self.program.stop()
        if stopped:
            self._clear_scratch()
        return stopped

    @property
    def _scratch(self) -> Path:
        return self.settings.home / "tmp"

    def _clear_scratch(self) -> None:
        """Every process of a function leaves its unpacked layers behind, 30 MB each."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def await_ready(self) -> None:
        self.program.await_ready(self.healthy, START_SECONDS)

    def healthy(self) -> bool:
        return network.answers(f"{self.settings.endpoint}/_ministack/health")

    def _environment(self) -> dict[str, str]:
        home = self.settings.home
        return self.settings.child_environment | {
            "BIND_HOST": LOOPBACK,
            "IOT_MTLS_ENABLED": "0",  # it would listen on every address, whatever BIND_HOST says
            "SFTP_ENABLED": "0",
            "GATEWAY_PORT": str(self.settings.stack_port),
            "AUTH": str(self.settings.enforces_iam).lower(),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(home / "state"),
            "S3_DATA_DIR": str(home / "state" / "s3"),
            "TMPDIR": str(self._scratch),
            "DOCKER_HOST": f"unix://{home / 'no-docker'}",  # functions are processes; no container is looked for
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.settings.endpoint)  # type: ignore[call-overload]
