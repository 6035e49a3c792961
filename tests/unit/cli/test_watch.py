"""Following a run: progress, verdicts, exit codes, interruption."""

import json
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cli.fake_api import Reply

RUN = "GET /api/batch-import/runs/run_20260522_0001"
ITEMS = f"{RUN}/items"
CREATE = "POST /api/batch-import/runs"
PAIR = "https://a.example/v1 sk-1\n"
USER = ("--subscription-user", "a@x.org")


def test_import_and_watch_to_the_end(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    running = answers.run("running", active=1)
    api.on(RUN, answers.run("running", active=0), running, running, answers.run("completed"))
    api.on(
        ITEMS, {"items": [answers.item(1)], "next_cursor": "next"}, {"items": [answers.item(2)], "next_cursor": None}
    )
    result = invoke("import", "-", *USER, "--watch", input=PAIR)
    assert result.exit_code == 0, result.output
    progress = [line for line in result.stderr.splitlines() if "done:" in line]
    assert progress == [
        "0 of 2 done: 0 active, 0 degraded, 0 broken",
        "1 of 2 done: 1 active, 0 degraded, 0 broken",
        "2 of 2 done: 2 active, 0 degraded, 0 broken",
    ]
    assert result.stdout.startswith("run_id: ")
    assert "relay-1.example" in result.stdout
    assert "relay-2.example" in result.stdout
    assert [seen.query.get("cursor") for seen in api.seen if seen.path.endswith("/items")] == [None, "next"]


@pytest.mark.parametrize(
    ("state", "total", "active", "code"),
    [
        ("completed", 2, 2, 0),
        ("completed_with_warnings", 2, 2, 0),
        ("completed_with_warnings", 2, 1, 1),
        ("failed", 2, 0, 1),
        ("cancelled", 2, 1, 1),
        ("cancelled", 0, 0, 1),
    ],
)
def test_exit_code(api: Any, invoke: Any, answers: Any, state: str, total: int, active: int, code: int) -> None:
    api.on(RUN, answers.run(state, total=total, active=active))
    api.on(ITEMS, {"items": [], "next_cursor": None})
    assert invoke("watch", answers.RUN).exit_code == code


@pytest.mark.parametrize("given", ["0", "0.05s", "50ms"])
def test_a_run_that_does_not_end_in_time_is_left_alone(api: Any, invoke: Any, answers: Any, given: str) -> None:
    api.on(RUN, answers.run("running", active=0))
    result = invoke("watch", answers.RUN, "--timeout", given, BATCH_IMPORT_POLL_SECONDS="60")
    assert (result.exit_code, result.stdout) == (124, "")
    assert f"the run has not ended after {'0' if given == '0' else '0.05'} s (try: batch-import show " in result.stderr
    assert f"the run itself goes on; watch it with: batch-import watch {answers.RUN}" in result.stderr


@pytest.mark.parametrize(("active", "code"), [(2, 0), (1, 1)])
def test_a_run_that_ends_in_time_is_shown(api: Any, invoke: Any, answers: Any, active: int, code: int) -> None:
    api.on(RUN, answers.run("running", active=0), answers.run("completed", active=active))
    api.on(ITEMS, {"items": [answers.item(1)], "next_cursor": None})
    result = invoke("watch", answers.RUN, "--timeout", "600")
    assert result.exit_code == code
    assert "relay-1.example" in result.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [("soon", "is not a time like"), ("604801", "at most 604800 seconds"), ("9" * 400, "at most 604800 seconds")],
)
def test_a_time_that_cannot_be_is_refused(api: Any, invoke: Any, answers: Any, given: str, told: str) -> None:
    result = invoke("watch", answers.RUN, "--timeout", given)
    assert (result.exit_code, api.seen) == (2, [])
    assert told in result.stderr


def test_a_verdict_says_why_in_one_line_for_grep(api: Any, invoke: Any, answers: Any) -> None:
    broken = answers.item(
        2,
        access_status="broken",
        account_resolution=None,
        last_error_code="upstream_auth_failed",
        last_error="API returned 401:\nUnauthorized \x1b[31m[red]x[/red]",
        advice="换一个 key",
        advisory_messages=["first", "second"],
    )
    api.on(RUN, answers.run("completed_with_warnings", active=1))
    api.on(ITEMS, {"items": [broken, answers.item(1, current_stage="confirm")], "next_cursor": None})
    result = invoke("watch", answers.RUN)
    row = next(line for line in result.stdout.splitlines() if "relay-2.example" in line)
    head, cells = result.stdout.splitlines()[0].split("\t"), row.split("\t")
    assert dict(zip(head, cells, strict=True)) == {
        "item": "item_02",
        "address": "https://relay-2.example/v1",
        "label": "-",
        "provider": "relay-2-7d7ac291",
        "key": "-",
        "stage": "done",
        "confirmation": "confirmed",
        "access": "broken",
        "code": "upstream_auth_failed",
        "account": "-",
        "decision": "-",
        "platform": "openai",
        "latency_ms": "-",
        "model": "kimi-k2.6",
        "first_token_ms": "-",
        "tokens_per_second": "-",
        "balance": "-",
        "currency": "-",
        "multiplier": "-",
        "peak_multiplier": "-",
        "expires_at": "-",
        "key_quota": "-",
        "key_used": "-",
        "billing_source": "-",
        "identity": "-",
        "passthrough": "-",
        "advice": "换一个 key",
        "error": "API returned 401: Unauthorized \ufffd[31m[red]x[/red]",
        "advisories": "first, second",
    }
    assert "warning: 该批次包含 1 条 advisory item" in result.stderr


def test_on_a_terminal_there_are_a_bar_and_colours(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUN, answers.run("running", active=1), answers.run("completed_with_warnings", active=1))
    api.on(ITEMS, {"items": [answers.item(1)], "next_cursor": None})
    result = invoke("watch", answers.RUN, FORCE_COLOR="1", TERM="xterm-256color", COLUMNS="110", LINES="30")
    assert result.exit_code == 1
    assert "━" in result.stderr
    assert "2/2" in result.stderr
    assert "\x1b[32mactive" in result.stdout


def test_json_is_one_answer_per_line_in_order(api: Any, invoke: Any, answers: Any) -> None:
    pages = [{"items": [answers.item(1)], "next_cursor": "n"}, {"items": [answers.item(2)], "next_cursor": None}]
    api.on(CREATE, answers.created())
    api.on(RUN, answers.run("completed"))
    api.on(ITEMS, *pages)
    result = invoke("import", "-", *USER, "--watch", "--json", input=PAIR)
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        answers.created(),
        answers.run("completed"),
        *pages,
    ]


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell starts background jobs with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


@pytest.mark.usefixtures("_interruptible")
def test_interrupted_while_watching(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUN, answers.run("running", active=0), Reply(answers.run("running", active=0), before=_interrupt))
    result = invoke("watch", answers.RUN)
    assert result.exit_code == 130
    assert f"the run itself goes on; watch it with: batch-import watch {answers.RUN}" in result.stderr


@pytest.mark.usefixtures("_interruptible")
def test_interrupted_while_creating(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, Reply(answers.created(), before=_interrupt))
    result = invoke("import", "-", *USER, "--idempotency-key", "mine", input=PAIR)
    assert result.exit_code == 130
    assert "repeat the call with --idempotency-key mine" in result.stderr


@pytest.mark.usefixtures("_interruptible")
def test_interrupted_elsewhere(api: Any, invoke: Any) -> None:
    api.on("GET /api/batch-import/runs", Reply({"runs": [], "next_cursor": None}, before=_interrupt))
    result = invoke("runs")
    assert (result.exit_code, result.stderr.strip()) == (130, "error: interrupted")


def test_an_api_that_goes_away_while_watching(api: Any, invoke: Any, answers: Any) -> None:
    api.on(
        RUN, answers.run("running", active=0), Reply("", 502, "text/html"), answers.run("running"), Reply("", drop=True)
    )
    result = invoke("watch", answers.RUN)
    assert result.exit_code == 3
    assert "the run itself goes on" in result.stderr


def test_a_list_that_does_not_end(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUN, answers.run("completed"))
    api.on(ITEMS, {"items": [answers.item()], "next_cursor": "same"})
    result = invoke("watch", answers.RUN)
    assert result.exit_code == 3
    assert "does not come to an end" in result.stderr


@pytest.mark.parametrize("answer", [{}, {"run": []}, {"run": {"state": None}}])
def test_an_answer_of_another_shape(api: Any, invoke: Any, answers: Any, answer: Any) -> None:
    api.on(RUN, answer)
    result = invoke("watch", answers.RUN)
    assert result.exit_code == 3
    assert "holds no run" in result.stderr
