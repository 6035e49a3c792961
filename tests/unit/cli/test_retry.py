"""``retry``: a new run over what failed, printed as ``import`` prints its own."""

import json
from typing import Any

import pytest

from tests.unit.cli.fake_api import Answers, Reply

OLD = "run_20260521_0009"
RETRY = f"POST /api/batch-import/runs/{OLD}/retry"


def _retried(left_out: int = 0) -> dict[str, Any]:
    return {**Answers.created(), "retry_of": OLD, "left_out_items": left_out}


def test_prints_the_new_run_and_its_page(api: Any, invoke: Any) -> None:
    api.on(RETRY, _retried())
    result = invoke("retry", OLD)
    assert result.exit_code == 0
    assert result.stdout == f"run_id: {Answers.RUN}\nresult_page: {api.url}/batch-import/runs/{Answers.RUN}\n"
    assert result.stderr == f"2 items are tried again\nWatch it: batch-import watch {Answers.RUN}\n"
    assert (api.calls(), api.seen[0].body) == ([RETRY], None)


def test_probe_key_of_a_self_service_run_comes_from_its_variable(
    api: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on(RETRY, _retried(), Reply({"error": {"code": "invalid_request", "message": "not sk-AAAA0001"}}, 400))
    monkeypatch.setenv("GIVEN", "sk-AAAA0001")
    assert invoke("retry", OLD, "--probe-api-key-env", "GIVEN").exit_code == 0
    assert api.seen[0].body == {"probe_api_key": "sk-AAAA0001"}
    assert "sk-AAAA0001" not in invoke("retry", OLD, "--probe-api-key-env", "GIVEN").stderr


def test_choice_and_new_keys_are_sent(api: Any, invoke: Any) -> None:
    api.on(RETRY, _retried(), Reply({"error": {"code": "invalid_request", "message": "not sk-AAAA0002"}}, 400))
    options = ("--item", "item_00001", "--item", "item_00002", "--code", "unreachable", "--access-status", "unknown")
    keys = '{"item_00002": "sk-AAAA0002"}'
    assert invoke("retry", OLD, *options, "--api-keys", "-", input=keys).exit_code == 0
    assert api.seen[0].body == {
        "item_ids": ["item_00001", "item_00002"],
        "codes": ["unreachable"],
        "access_status": ["unknown"],
        "api_keys": {"item_00002": "sk-AAAA0002"},
    }
    assert "sk-AAAA0002" not in invoke("retry", OLD, "--api-keys", "-", input=keys).stderr


@pytest.mark.parametrize("keys", ["sk-AAAA0002", '["sk-AAAA0002"]', '{"item_00002": 5}'])
def test_keys_in_another_form_are_refused_and_not_repeated(api: Any, invoke: Any, keys: str) -> None:
    result = invoke("retry", OLD, "--api-keys", "-", input=keys)
    assert (result.exit_code, api.seen) == (2, [])
    assert "AAAA" not in result.stderr


def test_what_was_left_out_is_told(api: Any, invoke: Any) -> None:
    api.on(RETRY, _retried(left_out=3))
    result = invoke("retry", OLD)
    assert result.exit_code == 0
    assert "3 items are left out: their keys were erased" in result.stderr


def test_json_is_the_answer_as_it_came(api: Any, invoke: Any) -> None:
    api.on(RETRY, _retried(left_out=3))
    result = invoke("retry", OLD, "--json")
    assert (json.loads(result.stdout), result.stderr) == (_retried(left_out=3), "")


@pytest.mark.parametrize(("active", "code"), [(2, 0), (1, 1)])
def test_watch_follows_the_new_run_and_its_end_decides(api: Any, invoke: Any, active: int, code: int) -> None:
    run = f"/api/batch-import/runs/{Answers.RUN}"
    api.on(RETRY, _retried())
    api.on(f"GET {run}", Answers.run("running", active=0), Answers.run(active=active))
    api.on(f"GET {run}/items", {"items": [Answers.item()], "next_cursor": None})
    result = invoke("retry", OLD, "--watch")
    assert result.exit_code == code
    assert api.calls() == [RETRY, f"GET {run}", f"GET {run}", f"GET {run}/items"]


def test_a_lost_answer_is_asked_for_again_under_the_same_key(api: Any, invoke: Any) -> None:
    api.on(RETRY, Reply({}, drop=True), _retried())
    assert invoke("retry", OLD).exit_code == 0
    first, again = (seen.headers["Idempotency-Key"] for seen in api.seen)
    assert first == again
    assert len(first) >= 32


def test_an_answer_that_stays_lost_names_the_key_to_repeat_with(api: Any, invoke: Any) -> None:
    api.on(RETRY, Reply({}, 503))
    result = invoke("retry", OLD, "--idempotency-key", "mine")
    assert result.exit_code == 3
    assert "repeat the call with --idempotency-key mine" in result.stderr
    assert {seen.headers["Idempotency-Key"] for seen in api.seen} == {"mine"}


@pytest.mark.parametrize(
    ("status", "code", "message", "hint"),
    [
        (404, "not_found", f"no run {OLD}", " (try: batch-import runs)"),
        (409, "conflict", f"run {OLD} has not ended yet", ""),
        (403, "forbidden", "this token may only read", " (try: an operator's token in BATCH_IMPORT_TOKEN)"),
    ],
)
def test_a_refusal_is_told_and_not_repeated(
    api: Any, invoke: Any, status: int, code: str, message: str, hint: str
) -> None:
    api.on(RETRY, Reply({"error": {"code": code, "message": message}}, status))
    result = invoke("retry", OLD, "--watch")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == f"error: {message}{hint}\n"
    assert "idempotency-key" not in result.stderr
    assert api.calls() == [RETRY]


def test_an_answer_without_a_run_is_an_error(api: Any, invoke: Any) -> None:
    api.on(RETRY, {"retry_of": OLD})
    assert invoke("retry", OLD).exit_code == 3
