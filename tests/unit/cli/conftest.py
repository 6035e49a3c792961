"""A real HTTP server that plays scripted answers and remembers what it was asked; no client is replaced."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_import_cli.main import cli
from click.testing import CliRunner, Result

from tests.unit.cli.fake_api import TOKEN, Answers, FakeApi, running_api


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with running_api() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _nothing_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BATCH_IMPORT_URL", "BATCH_IMPORT_TOKEN", "PROBE_API_KEY", "EMBEDDED_HOME", *LANGUAGES, *TERMINAL):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BATCH_IMPORT_POLL_SECONDS", "0")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)


LANGUAGES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
TERMINAL = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TERM")
Invoke = Callable[..., Result]


@pytest.fixture
def invoke(api: FakeApi) -> Invoke:
    """Runs the command line against the fake API; an unexpected exception fails the test."""

    def run(*arguments: str, input: str | bytes | None = None, **env: str | None) -> Result:
        variables = {"BATCH_IMPORT_URL": api.url, "BATCH_IMPORT_TOKEN": TOKEN, **env}
        result = CliRunner().invoke(cli, arguments, input=input, env=variables, prog_name="batch-import")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert TOKEN not in result.output
        return result

    return run


@pytest.fixture
def on_terminal(invoke: Invoke) -> Invoke:
    """As ``invoke``, on a terminal of 80 columns (or ``COLUMNS``) that shows no colours."""

    def run(*arguments: str, **more: str | None) -> Result:
        return invoke(*arguments, **{"TTY_COMPATIBLE": "1", "NO_COLOR": "1", "COLUMNS": "80", **more})

    return run


@pytest.fixture
def answers() -> type[Answers]:
    """Makers of answers in the API's shapes."""
    return Answers
