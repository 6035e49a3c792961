"""``import``: what is sent, what is checked before, what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import TOKEN, Reply

URL, KEY = "https://a.example/v1", "sk-AbC_123-xyz"
PAIR = f"{URL} {KEY}\n"
CREATE = "POST /api/batch-import/runs"
USER = ("--subscription-user", "alice@example.com")


def test_prints_run_id_and_the_absolute_result_page(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    result = invoke("import", "-", *USER, input=PAIR)
    assert result.exit_code == 0
    assert result.stdout == f"run_id: {answers.RUN}\nresult_page: {api.url}/batch-import/runs/{answers.RUN}\n"
    assert f"batch-import watch {answers.RUN}" in result.stderr
    assert KEY not in result.output
    (seen,) = api.seen
    assert seen.headers["Authorization"].startswith("Bearer ")
    assert len(seen.headers["Idempotency-Key"]) >= 32
    assert seen.body == {
        "access_mode": "subscription",
        "subscription_users": ["alice@example.com"],
        "items": [{"base_url": URL, "api_key": KEY}],
    }


def test_every_call_has_a_fresh_idempotency_key(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    for arguments in ((), (), ("--idempotency-key", "mine")):
        invoke("import", "-", *USER, *arguments, input=PAIR)
    keys = [seen.headers["Idempotency-Key"] for seen in api.seen]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_every_option_reaches_the_request(api: Any, invoke: Any, answers: Any, tmp_path: Path) -> None:
    api.on(CREATE, answers.created())
    (tmp_path / "list.csv").write_text(
        f"base_url,api_key,requested_models\n{URL},{KEY},\nhttps://b.example,k2,kimi;gpt-5\n"
    )
    options = {
        "subscription-user": ["a@x.org,b@x.org", "c@x.org"],
        "subscription-days": ["7"],
        "mode": ["strict"],
        "reactivate": ["ours"],
        "join-group": ["pool", "vip"],
        "max-multiplier": ["1.5"],
        "min-balance": ["5"],
        "label": ["from the forum"],
        "legacy-batch-id": ["17"],
        "confirm-timeout": ["1.5s"],
        "requested-model": ["o3", "gpt-5"],
    }
    arguments = [f"--{name}={value}" for name, values in options.items() for value in values]
    result = invoke(
        "import", "list.csv", "--rate-from-relay", "--priority-from-speed", "--host-billing-probe", *arguments
    )
    assert result.exit_code == 0, result.output
    assert api.seen[0].body == {
        "access_mode": "subscription",
        "subscription_users": ["a@x.org", "b@x.org", "c@x.org"],
        "subscription_days": 7,
        "mode": "strict",
        "reactivate": "ours",
        "join_groups": ["pool", "vip"],
        "max_multiplier": 1.5,
        "min_balance": 5.0,
        "rate_from_relay": True,
        "priority_from_speed": True,
        "host_billing_probe": True,
        "label": "from the forum",
        "legacy_batch_id": "17",
        "confirm_timeout_ms": 1500,
        "items": [
            {"base_url": URL, "api_key": KEY, "requested_models": ["o3", "gpt-5"]},
            {"base_url": "https://b.example/v1", "api_key": "k2", "requested_models": ["kimi", "gpt-5"]},
        ],
    }


def test_options_override_the_fields_of_a_complete_request(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    whole = {
        "mode": "partial",
        "access_mode": "subscription",
        "subscription_users": ["file@x.org"],
        "subscription_days": 3,
        "join_groups": ["pool"],
        "unknown_field": 1,
        "items": [{"base_url": URL, "api_key": KEY}],
    }
    invoke("import", "-", "--mode", "strict", "--subscription-days", "9", input=json.dumps(whole))
    assert api.seen[0].body == {**whole, "mode": "strict", "subscription_days": 9}


@pytest.mark.parametrize(
    ("given", "milliseconds"), [("5", 5000), ("5s", 5000), ("500ms", 500), ("0.25", 250), ("20", 20000), ("0", 0)]
)
def test_confirm_timeout(api: Any, invoke: Any, answers: Any, given: str, milliseconds: int) -> None:
    api.on(CREATE, answers.created())
    assert invoke("import", "-", *USER, "--confirm-timeout", given, input=PAIR).exit_code == 0
    assert api.seen[0].body["confirm_timeout_ms"] == milliseconds


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "needs at least one user; nothing was sent (try: --subscription-user EMAIL)"),
        (("--subscription-user", " , "), "needs at least one user; nothing was sent (try: --subscription-user EMAIL)"),
        (("--access-mode", "self_service"), "needs a gateway key in the variable PROBE_API_KEY"),
        (("--access-mode", "self_service", "--probe-api-key-env", "MINE"), "variable MINE"),
        (("--access-mode", "SELF"), "is not one of"),
        (("--mode", "lenient", *USER), "is not one of"),
        (("--reactivate", "never", *USER), "is not one of"),
        (("--subscription-days", "0", *USER), "0 is not in the range"),
        (("--confirm-timeout", "21", *USER), "at most 20 seconds"),
        (("--confirm-timeout", "20001ms", *USER), "at most 20 seconds"),
        (("--confirm-timeout", "soon", *USER), "is not a time like"),
        (("--confirm-timeout", "-1", *USER), "is not a time like"),
        *(
            ((limit, value, *USER), f"for '{limit}': '{value}' is not a number above 0, at most 1,000,000")
            for limit in ("--max-multiplier", "--min-balance")
            for value in ("nan", "inf", "1e400", "0", "-1", "1e-7", "1000001")
        ),
        (("--min-balance", "9-", *USER), "'9-' is not a valid float"),
        (("--token", "x", *USER), "No such option"),
        (("--format", "xml", *USER), "is not one of"),
    ],
)
def test_checks_before_anything_is_sent(api: Any, invoke: Any, options: tuple[str, ...], said: str) -> None:
    result = invoke("import", "-", *options, input=PAIR)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert api.seen == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"[]", "no relay in it"),
        (b"https://a.example/v1 sk-SECRET\nhttps://a.example sk-SECRET\xff\n", "byte 0xff at offset 58 (line 2)"),
        (b"sk-SECRET0001\n", "line 1: the address is missing"),
        (b"https://a.example/v1 sk-SECRET0001\nhttps://b.example/v1\n", "--skip-bad"),
    ],
)
def test_a_bad_list_is_told_and_not_sent(api: Any, invoke: Any, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    result = invoke("import", "list.txt", *USER)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: list.txt")
    assert said in result.stderr
    assert "SECRET" not in result.output
    assert api.seen == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_a_request_with_a_number_that_is_not_finite_is_not_sent(
    api: Any, invoke: Any, tmp_path: Path, number: str
) -> None:
    items = json.dumps([{"base_url": URL, "api_key": KEY}])
    (tmp_path / "request.json").write_text(f'{{"min_balance": {number}, "items": {items}}}')
    result = invoke("import", "request.json", *USER)
    assert (result.exit_code, api.seen) == (2, [])
    assert result.stderr == "error: a number in the list is not finite; nothing was sent\n"


def test_a_missing_file_and_a_directory(api: Any, invoke: Any, tmp_path: Path) -> None:
    assert "No such file" in invoke("import", "absent.csv", *USER).stderr
    assert invoke("import", str(tmp_path), *USER).exit_code == 2
    assert "standard input is empty" in invoke("import", "-", *USER, input="").stderr


@pytest.mark.parametrize(
    ("options", "env", "file_key", "sent"),
    [
        ((), {"PROBE_API_KEY": "from-env"}, None, "from-env"),
        (("--probe-api-key-env", "MINE"), {"MINE": "from-mine", "PROBE_API_KEY": "no"}, None, "from-mine"),
        ((), {"PROBE_API_KEY": "from-env"}, "from-file", "from-file"),
        (("--probe-api-key-env", "MINE"), {"MINE": "from-mine"}, "from-file", "from-mine"),
    ],
)
def test_probe_key_comes_from_a_variable(
    api: Any, invoke: Any, answers: Any, options: Any, env: dict[str, str], file_key: str | None, sent: str
) -> None:
    api.on(CREATE, answers.created())
    body = {"items": [{"base_url": URL, "api_key": KEY}], **({"probe_api_key": file_key} if file_key else {})}
    result = invoke("import", "-", "--access-mode", "self_service", *options, input=json.dumps(body), **env)
    assert api.seen[0].body["probe_api_key"] == sent
    assert sent not in result.output


def test_a_subscription_import_does_not_send_the_probe_key(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    invoke("import", "-", *USER, input=PAIR, PROBE_API_KEY="from-env")
    assert "probe_api_key" not in api.seen[0].body


def test_json_is_the_answer_unchanged_and_nothing_else(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, {**answers.created(), "更": "多"})
    result = invoke("import", "-", *USER, "--json", input=PAIR)
    assert json.loads(result.stdout) == {**answers.created(), "更": "多"}
    assert "更" in result.stdout


def test_notes_go_to_stderr(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, answers.created())
    result = invoke("import", "-", *USER, "--json", input=f"color,url,key\nx,{URL},{KEY}\n")
    assert "note: some fields were not used (line 2)" in result.stderr
    assert json.loads(result.stdout)["run_id"] == answers.RUN


def test_a_refused_item_is_told_with_its_line(api: Any, invoke: Any, tmp_path: Path) -> None:
    message = "items[1].base_url: not an address"
    api.on(CREATE, Reply({"error": {"code": "invalid_request", "message": message}}, 400))
    (tmp_path / "list.csv").write_text(f"# mine\nurl,key\n{URL},{KEY}\n\nhttps://b.example,{KEY}\n")
    result = invoke("import", "list.csv", *USER)
    assert result.exit_code == 3
    assert result.stderr == f"error: {message}\n  items[1] stands in list.csv, line 5\n"


def test_a_key_that_the_api_quotes_back_is_not_shown(api: Any, invoke: Any) -> None:
    message = f"input_value={KEY}, authorization={TOKEN}, probe=probe-SECRET \x1b[2J"
    api.on(CREATE, Reply({"error": {"code": "invalid_request", "message": message}}, 400))
    options = ("--access-mode", "self_service", "--json")
    result = invoke("import", "-", *options, input=PAIR, PROBE_API_KEY="probe-SECRET")
    assert result.stdout == ""
    assert "input_value=***, authorization=***, probe=*** \ufffd[2J" in result.stderr


def test_a_lost_answer_is_repeated_under_the_same_key(api: Any, invoke: Any, answers: Any) -> None:
    api.on(CREATE, Reply({}, drop=True), Reply("<html>", 504, "text/html"), answers.created())
    result = invoke("import", "-", *USER, input=PAIR)
    assert result.exit_code == 0
    assert api.calls() == [CREATE] * 3
    assert len({seen.headers["Idempotency-Key"] for seen in api.seen}) == 1
    assert all(seen.body == api.seen[0].body for seen in api.seen)


@pytest.mark.parametrize("broken", [{"drop": True}, {"status": 503}, {"status": 500}, {"content_type": "text/html"}])
def test_an_answer_lost_for_good_tells_how_to_repeat_safely(api: Any, invoke: Any, broken: dict[str, Any]) -> None:
    api.on(CREATE, Reply("<html>sk-SECRET</html>", **broken))
    result = invoke("import", "-", *USER, "--idempotency-key", "mine", input=PAIR)
    assert result.exit_code == 3
    assert "repeat the call with --idempotency-key mine" in result.stderr
    assert "SECRET" not in result.output
    assert len(api.seen) == (1 if broken.get("status") == 500 or "content_type" in broken else 3)


def test_a_list_with_more_bytes_than_the_api_takes_is_refused(api: Any, invoke: Any) -> None:
    items = [{"base_url": f"https://r{n}.example.com", "api_key": "k" * 512} for n in range(10_000)]
    result = invoke("import", "-", *USER, input=json.dumps({"items": items}))
    assert result.exit_code == 2
    assert "the list is too large" in result.stderr
    assert api.seen == []


def test_a_list_that_no_run_takes_is_refused_before_it_is_sent(api: Any, invoke: Any) -> None:
    lines = "\n".join(f"https://r{n}.example.com sk-test-{n:024}" for n in range(10_001))
    result = invoke("import", "-", "--subscription-user", "a@x.org", input=lines)
    assert result.exit_code == 2
    assert "the list has 10,001 relays, a run takes 10,000; nothing was sent (try: split the list)" in result.stderr
    assert api.seen == []
