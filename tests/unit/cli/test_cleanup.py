"""``cleanup``: it lists, and removes only when it is told to; what may be removed is the API's to say."""

import json
from typing import Any

import pytest

from tests.unit.cli.fake_api import Reply

LIST, CLEAN = "GET /api/batch-import/quarantine", "DELETE /api/batch-import/quarantine"


def _account(number: int, never_served: bool) -> dict[str, Any]:
    return {
        "account_id": number,
        "name": f"relay-{number}-0a1b2c3d",
        "provider_id": f"relay-{number}-7d7ac291",
        "base_url": f"https://relay-{number}.example/v1",
        "import_state": "failed",
        "never_served": never_served,
    }


FOUND = {"accounts": [_account(7, True), _account(8, False)]}
CLEANED = {"removed": [7, 9], "kept": [{"account_id": 8, "reason": "served_before"}]}


def test_without_yes_it_only_lists_and_says_what_yes_would_do(api: Any, invoke: Any) -> None:
    api.on(LIST, FOUND)
    result = invoke("cleanup")
    assert result.exit_code == 0
    assert api.calls() == [LIST]
    assert "relay-7.example" in result.stdout
    assert "relay-8.example" in result.stdout
    assert "2 failed in quarantine; --yes would remove the 1 that never served" in result.stderr


def test_an_empty_quarantine_is_told_without_a_table(api: Any, invoke: Any) -> None:
    api.on(LIST, {"accounts": []})
    result = invoke("cleanup")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no account that failed waits in quarantine\n"


def test_with_yes_it_removes_and_tells_why_others_stay(api: Any, invoke: Any) -> None:
    api.on(CLEAN, CLEANED)
    result = invoke("cleanup", "--yes")
    assert result.exit_code == 0
    assert api.calls() == [CLEAN]
    assert "removed: 7, 9" in result.stdout
    assert ["8", "served_before"] in [line.split() for line in result.stdout.splitlines()]


@pytest.mark.parametrize(("arguments", "answer"), [((), FOUND), (("--yes",), CLEANED)])
def test_json_is_the_answer_as_it_came(api: Any, invoke: Any, arguments: tuple[str, ...], answer: Any) -> None:
    api.on(CLEAN if arguments else LIST, answer)
    assert json.loads(invoke("cleanup", "--json", *arguments).stdout) == answer


def test_a_host_that_is_away_is_told_with_its_code(api: Any, invoke: Any) -> None:
    error = {"error": {"code": "host_unavailable", "message": "no answer from the host"}}
    api.on(LIST, Reply(error, 502))
    api.on(CLEAN, Reply(error, 502))
    listed, cleaned = invoke("cleanup"), invoke("cleanup", "--yes")
    assert (listed.exit_code, cleaned.exit_code) == (3, 3)
    assert "no answer from the host (try: batch-import doctor)" in listed.stderr
    assert "see what is left with: batch-import cleanup" in cleaned.stderr
    assert api.calls().count(CLEAN) == 1


def test_a_viewer_is_told_what_it_takes(api: Any, invoke: Any) -> None:
    api.on(CLEAN, Reply({"error": {"code": "forbidden", "message": "this token may only read"}}, 403))
    result = invoke("cleanup", "--yes")
    assert result.exit_code == 3
    assert "operator" in result.stderr
    assert "what is left" not in result.stderr


@pytest.mark.parametrize(("call", "arguments"), [(LIST, ()), (CLEAN, ("--yes",))])
def test_an_answer_of_another_shape_is_an_error(api: Any, invoke: Any, call: str, arguments: tuple[str, ...]) -> None:
    api.on(call, {"kept": []})
    assert invoke("cleanup", *arguments).exit_code == 3
