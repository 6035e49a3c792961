"""Background programs of the embedded stack: found again, never mistaken, and ended."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded import network, processes
from embedded.errors import EmbeddedError
from embedded.processes import Program
from sandbox.testkit import wait_for

SLEEP = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    one = Program("sleeper", tmp_path)
    yield one
    one.stop()


def start(program: Program, code: str = SLEEP) -> int:
    program.start([sys.executable, "-c", code], os.environ, program.home)
    return int(json.loads(program.pid_file.read_text(encoding="utf-8"))["pid"])


def test_a_program_is_found_again_and_stopped(program: Program) -> None:
    pid = start(program)
    assert Program("sleeper", program.home).pid() == pid
    program.await_ready(lambda: program.log.read_text(encoding="utf-8") == "up\n", 10)
    assert program.stop() is True
    assert program.pid() is None
    assert not program.pid_file.exists()
    assert program.stop() is False


def test_another_process_with_the_same_number_is_not_ours(program: Program) -> None:
    noted = {"pid": os.getpid(), "born": 0.01}
    program.pid_file.write_text(json.dumps(noted), encoding="utf-8")
    assert program.pid() is None
    assert program.stop() is False  # and this test is still running


def test_a_killed_program_that_nobody_has_waited_for_is_not_running(program: Program) -> None:
    os.kill(start(program), signal.SIGKILL)
    wait_for(lambda: program.pid() is None)
    assert program.stop() is False


def test_a_program_that_ignores_the_request_to_end_is_killed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    start(program, "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)")
    program.await_ready(lambda: program.log.read_text(encoding="utf-8") == "up\n", 10)
    assert program.stop() is True
    assert program.pid() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "[]",
        "{}",
        '{"pid": "x", "born": 1}',
        '{"pid": -1, "born": 1}',
        '{"pid": 4194304, "born": 1}',
    ],
)
def test_a_damaged_pid_file_means_no_process(program: Program, text: str) -> None:
    program.pid_file.write_text(text, encoding="utf-8")
    assert program.pid() is None


def test_a_program_that_ends_while_starting_is_told_with_its_log(program: Program) -> None:
    start(program, "raise SystemExit('no luck')")
    with pytest.raises(EmbeddedError, match=r"sleeper has ended while starting.*sleeper\.log"):
        program.await_ready(lambda: False, 10)
    assert "no luck" in program.log.read_text(encoding="utf-8")


def test_the_sentence_that_a_program_ends_with_is_told(program: Program) -> None:
    start(program, "print('a line'); raise SystemExit('embedded: the state is damaged')")
    with pytest.raises(EmbeddedError, match=r"^the state is damaged$"):
        program.await_ready(lambda: False, 10)


def test_a_program_that_never_answers_is_told(program: Program) -> None:
    start(program)
    with pytest.raises(EmbeddedError, match="did not answer within 0 s"):
        program.await_ready(lambda: False, 0.2)


def test_a_taken_port_is_told_with_the_variable_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedError, match=rf"port {port} is taken.*EMBEDDED_PORT={port + 1}"):
            network.require_free(port, "EMBEDDED_PORT", seconds=0)
    network.require_free(port, "EMBEDDED_PORT")
