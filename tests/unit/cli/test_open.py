"""``open``: a signed-in link, whose token stands in no argument of another program."""

import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from batch_import_cli.commands import opening
from batch_import_cli.main import cli
from click.testing import CliRunner

from tests.unit.cli.fake_api import TOKEN


def test_the_link_is_printed_only_on_request(api: Any) -> None:
    variables = {"BATCH_IMPORT_URL": api.url, "BATCH_IMPORT_TOKEN": TOKEN}
    result = CliRunner().invoke(cli, ["open", "run_20260522_0001", "--print"], env=variables)
    assert result.stdout == f"{api.url}/batch-import/runs/run_20260522_0001#token={TOKEN}\n"


def test_the_browser_is_led_by_a_private_file_that_is_removed(
    invoke: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str, int]] = []

    def remember(address: str) -> bool:
        path = Path(unquote(urlsplit(address).path))
        opened.append((address, path.read_text(), path.stat().st_mode & 0o777))
        return True

    monkeypatch.setattr(webbrowser, "open", remember)
    monkeypatch.setattr(opening, "LINGER_SECONDS", 0)
    result = invoke("open")
    [(address, content, mode)] = opened
    assert f"url={api.url}/batch-import#token={TOKEN}" in content
    assert (mode, TOKEN in address, TOKEN in result.output) == (0o600, False, False)
    assert not Path(urlsplit(address).path).exists()


def test_without_a_browser_it_says_what_to_do(invoke: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    result = invoke("open")
    assert result.exit_code == 2
    assert "--print" in result.stderr
