"""What docs/cli.md shows of a terminal is what the command prints there, of 80 columns, against the real service.

``WRITE_EXAMPLES=1 pytest tests/flows/test_terminal_output.py`` writes it anew.
"""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from batch_import_cli.main import cli
from click.testing import CliRunner

from tests.browser.gateway import Gateway, Request, serving
from tests.conftest import Service
from tests.support.aws import OPERATOR, ROOT

DOCUMENT = ROOT / "docs" / "cli.md"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
RUN = re.compile(r"run_\d{8}_[0-9a-z]{10}\b")
LOG = re.compile(r"^\{.*\n", re.MULTILINE)  # of the service, which runs in the same process
TERMINAL = {"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "COLUMNS": "80", "TZ": "UTC", "LANG": "C"}


@dataclass
class Terminal:
    """Runs commands one after the other; ids and addresses that differ each time are replaced by those of a reader."""

    gateway: Gateway
    runs: dict[str, str] = field(default_factory=dict)

    def print(self, command: str) -> str:
        """What ``batch-import …`` prints, errors included."""
        arguments = shlex.split(RUN.sub(lambda found: self._real(found[0]), command))[1:]
        variables = {"BATCH_IMPORT_URL": self.gateway.url, "BATCH_IMPORT_TOKEN": OPERATOR, **TERMINAL}
        printed = CliRunner().invoke(cli, arguments, env=variables, prog_name="batch-import").output
        return self._readable(LOG.sub("", printed))

    def _real(self, shown: str) -> str:
        return next((real for real, name in self.runs.items() if name == shown), shown)

    def _readable(self, text: str) -> str:
        for real in RUN.findall(text):
            self.runs.setdefault(real, f"run_20261125_{len(self.runs) + 1:010}")
        text = RUN.sub(lambda found: self.runs[found[0]], text)
        text = text.replace(self.gateway.url, "https://abc.execute-api.eu-central-1.amazonaws.com/v1")
        text = re.sub(r"http://127\.0\.0\.1:\d+", "https://relay.example", text)
        return re.sub(r"127-0-0-1-[0-9a-f]{8}", "relay-7d7ac291", re.sub(r"\d+ ms\b|\d+\.\d s\b", "850 ms", text))


@pytest.fixture
def terminal(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    relays = [service.box.relay(profile) for profile in ("healthy", "dead_key")]
    lines = [f"{url} sk-test-{number:016}" for number, url in enumerate(relays, start=1)]
    (tmp_path / "relays.txt").write_text("\n".join([*lines, lines[0], f"{relays[0]} key follows", ""]))
    monkeypatch.chdir(tmp_path)
    with serving() as gateway:

        def work(request: Request) -> None:
            """Whoever looks at a run meets it at its end."""
            if request.method == "GET" and "/runs/" in request.path:
                service.pump.run()

        gateway.failing = work
        yield Terminal(gateway)


def test_the_document_shows_what_a_terminal_shows(terminal: Terminal) -> None:
    text = DOCUMENT.read_text("utf-8")
    printed = BLOCK.sub(lambda block: _anew(terminal, block[0]), text)
    if os.environ.get("WRITE_EXAMPLES"):
        DOCUMENT.write_text(printed, "utf-8")
    assert DOCUMENT.read_text("utf-8") == printed


def _anew(terminal: Terminal, block: str) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{terminal.print(command[2:])}" for command in commands)
