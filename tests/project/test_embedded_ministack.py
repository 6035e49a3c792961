"""MiniStack's insides: another version or changed security does not start, a changed speed-up is left out."""

import copy
import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from embedded import log_limit, ministack
from embedded.errors import EmbeddedError
from embedded.ministack import DYNAMODB, IAM, LAMBDA, SIGV4
from tests.support.stack import ROOT

KNOWN = ministack.VERSION
SECURITY: dict[tuple[str, str], Callable[[ministack.Load], Any]] = {
    ("ministack.app", "app"): ministack.application,
    (IAM, "resolve_credential"): ministack.owners_secrets,
    (SIGV4, "parse_header_signature"): lambda load: ministack.Signatures({}.get, load),
    (SIGV4, "header_signature_failure"): lambda load: ministack.Signatures({}.get, load),
    (SIGV4, "decode_header_value"): lambda load: ministack.Signatures({}.get, load),
    (LAMBDA, "execution_credentials"): ministack.key_sessions,
    (LAMBDA, "hashlib"): ministack.key_sessions,
    (log_limit.FUNCTIONS, "_emit_lambda_logs"): log_limit.limit_logs,
}
SPEED = [
    (DYNAMODB, "copy"),
    (DYNAMODB, "json"),
    (DYNAMODB, "_tokenize"),
    (DYNAMODB, "_condition_syntax_error"),
    (LAMBDA, "subprocess"),
]


class Insides:
    """Copies of MiniStack's modules, which a test may change without changing MiniStack."""

    def __init__(self) -> None:
        self.modules: dict[str, SimpleNamespace] = {}

    def load(self, name: str) -> SimpleNamespace:
        if name not in self.modules:
            self.modules[name] = SimpleNamespace(**vars(import_module(name)))
        return self.modules[name]

    def values(self) -> dict[tuple[str, str], Any]:
        return {(module, name): getattr(self.load(module), name, None) for module, name in SPEED}


@pytest.fixture
def insides() -> Insides:
    return Insides()


def another_version(folder: Path, number: str) -> dict[str, str]:
    """An environment in which another version of MiniStack seems to be installed."""
    metadata = folder / f"ministack-{number}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: ministack\nVersion: {number}\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}


# --- the version


def test_the_pinned_version_is_the_known_one() -> None:
    assert f"ministack=={KNOWN}" in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").split()
    ministack.require_known_version()


def test_another_version_is_not_started_and_the_command_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**another_version(tmp_path, "9.9.9"), "EMBEDDED_HOME": str(home), "EMBEDDED_PORT": "45661"}
    command = [sys.executable, "-m", "embedded", "up"]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"needs MiniStack {KNOWN}, and the installed version is 9.9.9" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not list(home.glob("*.pid"))


def test_the_application_itself_refuses_another_version(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "embedded.emulator_app:create", "--port", "0"]
    environment = another_version(tmp_path, "1.5.34")
    ended = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"embedded: this stack needs MiniStack {KNOWN}, and the installed")


# --- security


@pytest.mark.parametrize(("module", "name"), SECURITY)
def test_a_missing_function_that_security_needs_is_refused(insides: Insides, module: str, name: str) -> None:
    delattr(insides.load(module), name)
    with pytest.raises(EmbeddedError, match=name):
        SECURITY[module, name](insides.load)


@pytest.mark.parametrize(("module", "name"), SECURITY)
def test_a_changed_function_that_security_needs_is_refused(insides: Insides, module: str, name: str) -> None:
    setattr(insides.load(module), name, lambda other: None)
    with pytest.raises(EmbeddedError, match=name):
        SECURITY[module, name](insides.load)


def test_a_module_that_is_gone_is_refused() -> None:
    def load(name: str) -> Any:
        raise ModuleNotFoundError(name)

    for use in SECURITY.values():
        with pytest.raises(EmbeddedError):
            use(load)


def test_keys_of_sessions_depend_on_the_owners_secret(insides: Insides, monkeypatch: pytest.MonkeyPatch) -> None:
    ministack.key_sessions(insides.load)
    digests = set()
    for secret in ("one", "another"):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        digests.add(insides.load(LAMBDA).hashlib.sha256(b"names").hexdigest())
    assert len(digests | {hashlib.sha256(b"names").hexdigest()}) == 3
    assert not hasattr(insides.load(LAMBDA).hashlib, "sha512")


def test_no_key_is_valid_without_a_secret_of_the_owner(insides: Insides, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-this-test")
    secret_of = ministack.owners_secrets(insides.load)
    assert secret_of("AKIAEXAMPLE000000000") == "a-secret-of-this-test"
    assert secret_of("AKIAEXAMPLE000000001") is None
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert secret_of("AKIAEXAMPLE000000000") is None


# --- speed-ups


def test_all_speed_ups_fit_the_known_version(insides: Insides, caplog: pytest.LogCaptureFixture) -> None:
    before = insides.values()
    ministack.speed_up(insides.load)
    assert not caplog.records
    assert [place for place, value in insides.values().items() if value is before[place]] == []


@pytest.mark.parametrize(("module", "name"), SPEED)
@pytest.mark.parametrize("change", [delattr, lambda inner, name: setattr(inner, name, lambda other, more, less: None)])
def test_a_speed_up_that_does_not_fit_is_left_out_alone(
    insides: Insides,
    caplog: pytest.LogCaptureFixture,
    module: str,
    name: str,
    change: Callable[[Any, str], None],
) -> None:
    change(insides.load(module), name)
    before = insides.values()
    ministack.speed_up(insides.load)
    assert [(record.levelno, name in record.getMessage()) for record in caplog.records] == [(logging.WARNING, True)]
    same = [place for place, value in insides.values().items() if value is before[place]]
    assert same == [(module, name)]


def test_exchanged_libraries_keep_their_other_functions(insides: Insides) -> None:
    ministack.speed_up(insides.load)
    dynamodb = insides.load(DYNAMODB)
    assert dynamodb.copy.copy is copy.copy
    assert dynamodb.json.JSONDecodeError is json.JSONDecodeError
    assert insides.load(LAMBDA).subprocess.PIPE == subprocess.PIPE
    with pytest.raises(json.JSONDecodeError):
        dynamodb.json.loads("{")


@pytest.mark.parametrize("value", [{"a": {"L": [{"N": "1"}, {"B": b"x"}, {"NULL": True}]}}, {"a kind": {Path: 1}}])
def test_a_copy_shares_nothing_with_its_original(value: dict[str, Any]) -> None:
    copied = ministack.deep_copy(value)
    assert copied == value
    assert copied is not value
    next(iter(copied.values()))["more"] = 1
    assert "more" not in next(iter(value.values()))


def test_json_with_options_is_that_of_the_standard_library() -> None:
    value = {"é": [1, 2.5, None]}
    assert orjson.loads(ministack.dump_json(value)) == value
    assert ministack.dump_json(value, sort_keys=True) == json.dumps(value, sort_keys=True)


def test_a_process_that_cannot_be_forked_is_started(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = tmp_path / "script.py"
    script.write_text("print(1)", encoding="utf-8")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    usual = {**pipes, "cwd": str(tmp_path), "text": True, "bufsize": 1, "env": {}}
    for options, warnings in ((usual, 0), ({**usual, "errors": "replace"}, 1)):
        with ministack.start([sys.executable, str(script)], **options) as process:
            assert isinstance(process, subprocess.Popen)
            assert process.communicate(timeout=10)[0] == "1\n"
        assert len(caplog.records) == warnings


def test_the_oldest_lines_of_the_log_go_first(insides: Insides) -> None:
    logs, functions = insides.load(log_limit.LOGS), insides.load(log_limit.FUNCTIONS)
    logs._log_groups = {"before": {"streams": {"old": {"events": [{"message": "x" * 60}]}}}}

    def emit(
        func: str, request_id: str, log_text: str, error: bool, duration_ms: int, *, log_source: str | None = None
    ) -> None:
        streams = logs._log_groups.setdefault(func, {"streams": {}})["streams"]
        streams[request_id] = {"events": [{"message": log_text}]}

    functions._emit_lambda_logs = emit
    log_limit.limit_logs(insides.load, most=100)
    for number in range(4):
        functions._emit_lambda_logs("group", str(number), "y" * 30, False, 1)
    assert logs._log_groups["before"]["streams"] == {}
    assert list(logs._log_groups["group"]["streams"]) == ["1", "2", "3"]
    functions._emit_lambda_logs("group", "long", "z" * 1000, False, 1)
    assert list(logs._log_groups["group"]["streams"]) == ["long"]
