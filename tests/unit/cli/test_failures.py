"""Configuration and everything that can go wrong between here and the API: sentences, never tracebacks."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from batch_import_cli.config import Environment

from tests.unit.cli.fake_api import Reply

HEALTH, RUNS = "GET /api/health", "GET /api/batch-import/runs"


def _env_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".embedded" / "env"
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_file_of_a_checkout_fills_what_is_missing(api: Any, invoke: Any, tmp_path: Path, monkeypatch: Any) -> None:
    lines = (
        "# made by make up",
        f"export BATCH_IMPORT_URL='{api.url}/'",
        'BATCH_IMPORT_TOKEN="it\'s a token"',
        "export PROBE_API_KEY=p",
    )
    _env_file(tmp_path, "\n".join(lines))
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    api.on(RUNS, {"runs": [], "next_cursor": None})
    assert invoke("runs", BATCH_IMPORT_URL=None, BATCH_IMPORT_TOKEN=None).exit_code == 0
    assert api.seen[0].headers["Authorization"] == "Bearer it's a token"
    assert Environment({}, Path.cwd()).get("PROBE_API_KEY") == "p"
    assert Environment({"PROBE_API_KEY": "mine"}, Path.cwd()).get("PROBE_API_KEY") == "mine"


@pytest.mark.parametrize("absolute", [True, False])
def test_the_file_of_a_second_stack_comes_before_that_of_the_checkout(tmp_path: Path, absolute: bool) -> None:
    _env_file(tmp_path, "PROBE_API_KEY=first")
    second = tmp_path / "second"
    variables = {"EMBEDDED_HOME": str(second) if absolute else "second"}
    assert Environment(variables, tmp_path).get("PROBE_API_KEY") is None
    second.mkdir()
    (second / "env").write_text("PROBE_API_KEY=second")
    (second / "env").chmod(0o600)
    assert Environment(variables, tmp_path / "a").get("PROBE_API_KEY") == "second"
    assert Environment({}, tmp_path / "a").get("PROBE_API_KEY") == "first"


def test_the_token_of_a_checkout_is_only_for_its_own_stack(
    api: Any, invoke: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    _env_file(tmp_path, "BATCH_IMPORT_URL=http://127.0.0.1:1/v1\nBATCH_IMPORT_TOKEN=SECRET")
    monkeypatch.chdir(tmp_path)
    result = invoke("runs", "--url", api.url, BATCH_IMPORT_URL=None, BATCH_IMPORT_TOKEN=None)
    assert (result.exit_code, api.seen) == (2, [])


@pytest.mark.parametrize(
    "arguments", [("retry", "run_20261125_0123456789"), ("import", "-", "--access-mode", "self_service")]
)
def test_the_probe_key_of_a_checkout_is_only_for_its_own_stack(
    api: Any, invoke: Any, tmp_path: Path, monkeypatch: Any, arguments: tuple[str, ...]
) -> None:
    _env_file(tmp_path, "BATCH_IMPORT_URL=http://127.0.0.1:1/v1\nPROBE_API_KEY=sk-customer-0000000001")
    monkeypatch.chdir(tmp_path)
    invoke(*arguments, "--url", api.url, input="https://relay.example/v1 sk-AAAA000000000001", BATCH_IMPORT_URL=None)
    assert "sk-customer" not in str([(call.headers, call.body) for call in api.seen])


@pytest.mark.parametrize(
    "arguments", [("--url", "{}", "health"), ("health", "--url", "{}"), ("--url", "http://x", "health", "--url", "{}")]
)
def test_the_option_wins(api: Any, invoke: Any, arguments: tuple[str, ...]) -> None:
    api.on(HEALTH, {})
    result = invoke(*(argument.format(api.url) for argument in arguments), BATCH_IMPORT_URL="http://127.0.0.1:1")
    assert result.exit_code == 0


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_not_used(invoke: Any, tmp_path: Path, mode: int) -> None:
    _env_file(tmp_path, "BATCH_IMPORT_TOKEN=SECRET", mode)
    result = invoke("runs", BATCH_IMPORT_TOKEN=None)
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr


@pytest.mark.parametrize("text", ["BATCH_IMPORT_TOKEN='SECRET", "\n\nX='SECRET"])
def test_a_damaged_file_is_told_by_line(invoke: Any, tmp_path: Path, text: str) -> None:
    _env_file(tmp_path, text)
    result = invoke("runs", BATCH_IMPORT_TOKEN=None)
    assert f"env line {text.count(chr(10)) + 1}: a quotation mark is not closed" in result.stderr
    assert "SECRET" not in result.stderr


def test_a_file_that_is_not_needed_is_not_read(api: Any, invoke: Any, tmp_path: Path) -> None:
    _env_file(tmp_path, "'", 0o644)
    api.on(RUNS, {"runs": [], "next_cursor": None})
    assert invoke("runs").exit_code == 0


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"BATCH_IMPORT_URL": None}, "the API's address is not known (try: set BATCH_IMPORT_URL"),
        ({"BATCH_IMPORT_TOKEN": None}, "BATCH_IMPORT_TOKEN is not set"),
        ({"BATCH_IMPORT_TOKEN": "a\nb"}, "characters that no token has"),
        ({"BATCH_IMPORT_URL": "ftp://x"}, "not an http or https address"),
        ({"BATCH_IMPORT_URL": "http://x:notaport"}, "not an http or https address"),
        ({"BATCH_IMPORT_URL": "http://user:SECRET@x"}, "no user, password"),
        ({"BATCH_IMPORT_URL": "http://x/?key=SECRET"}, "no user, password"),
        ({"BATCH_IMPORT_POLL_SECONDS": "often"}, "is not a number"),
    ],
)
def test_configuration_errors(invoke: Any, env: dict[str, str | None], said: str) -> None:
    result = invoke("runs", **env)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "SECRET" not in result.output


def test_nothing_listens(invoke: Any) -> None:
    with socket.socket() as taken:  # bound, but not listening: nobody else can take the port meanwhile
        taken.bind(("127.0.0.1", 0))
        result = invoke("runs", BATCH_IMPORT_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr
    assert "cannot be reached: Connection refused (try: batch-import doctor)" in result.stderr


def test_reads_are_tried_three_times(api: Any, invoke: Any) -> None:
    api.on(HEALTH, Reply("", drop=True), Reply("", 503, headers={"Retry-After": "3600"}), {"status": "ok"})
    assert invoke("health").exit_code == 0
    assert api.calls() == [HEALTH] * 3


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            {"body": {"error": {"code": "not_found", "message": "no such run"}}, "status": 404},
            "error: no such run (try: batch-import runs)\n",
        ),
        (
            {"body": {"error": {"code": "unauthorized", "message": "who?"}}, "status": 401},
            "error: who? (try: check BATCH_IMPORT_TOKEN)\n",
        ),
        (
            {"body": {"message": "Forbidden"}, "status": 403},
            "error: Forbidden (try: an operator's token in BATCH_IMPORT_TOKEN)",
        ),
        (
            {"body": "<h1>SECRET</h1>", "status": 404, "content_type": "text/html; charset=x"},
            "404 with text/html (try: check BATCH_IMPORT_URL)",
        ),
        ({"body": "<h1>SECRET</h1>", "content_type": "text/html"}, "no answer of this API but 200 with text/html"),
        ({"body": "[1]"}, "no answer of this API but 200 with application/json"),
        ({"body": '{"cut": '}, "no answer of this API"),
        ({"body": {}, "status": 302, "headers": {"Location": "http://elsewhere/"}}, "302 with application/json"),
        ({"body": {"error": "SECRET"}, "status": 500}, "no answer of this API but 500"),
        ({"body": {"error": {"message": None}}, "status": 429}, "but 429 with application/json"),
        ({"body": "", "drop": True}, "cannot be reached"),
    ],
)
def test_refusals(api: Any, invoke: Any, reply: dict[str, Any], said: str) -> None:
    api.on(RUNS, Reply(**reply))
    for arguments in (("runs",), ("runs", "--json")):
        result = invoke(*arguments)
        assert result.exit_code == 3
        assert said in result.stderr
        assert result.stdout == ""
        assert "SECRET" not in result.output


def test_a_list_of_another_shape(api: Any, invoke: Any) -> None:
    api.on(RUNS, {"runs": [1]})
    assert "holds no list of runs" in invoke("runs").stderr


def test_netrc_does_not_replace_the_token(api: Any, invoke: Any, tmp_path: Path, monkeypatch: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password y\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    api.on(HEALTH, {})
    invoke("health")
    assert api.seen[0].headers["Authorization"].startswith("Bearer ")


def test_a_reader_that_goes_away_and_a_poor_terminal(api: Any, answers: Any) -> None:
    api.on(RUNS, {"runs": [{**answers.run()["run"], "label": "模式"}], "next_cursor": None})
    command = [sys.executable, "-c", "from batch_import_cli.main import cli; cli()", "runs"]
    env = {**os.environ, "BATCH_IMPORT_URL": api.url, "BATCH_IMPORT_TOKEN": "t", "PYTHONIOENCODING": "ascii"}
    env["TTY_COMPATIBLE"] = "1"
    poor = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert "\\u6a21\\u5f0f" in poor.stdout
    json_of = subprocess.run([*command, "--json"], env=env, capture_output=True, text=True, check=True)
    assert "\\u6a21\\u5f0f" in json_of.stdout
    for arguments in ([], ["--json"]):
        reading, writing = os.pipe()
        os.close(reading)
        gone = subprocess.run(
            [*command, *arguments], env=env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(writing)
        assert (gone.returncode, gone.stderr) == (141, "")
