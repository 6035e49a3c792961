"""``import --dry-run`` and ``apply``: a plan, and the new run that carries it out."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import Answers, Reply

OLD = "run_20260521_0009"
APPLY = f"POST /api/batch-import/runs/{OLD}/apply"
RUN = f"/api/batch-import/runs/{Answers.RUN}"


def _applied(left_out: int = 0) -> dict[str, Any]:
    return {**Answers.created(), "plan_of": OLD, "left_out_items": left_out}


def test_prints_the_new_run_and_what_was_left_out(api: Any, invoke: Any) -> None:
    api.on(APPLY, _applied(left_out=3))
    result = invoke("apply", OLD)
    assert result.exit_code == 0
    assert result.stdout == f"run_id: {Answers.RUN}\nresult_page: {api.url}/batch-import/runs/{Answers.RUN}\n"
    assert "3 items are left out: their keys were erased" in result.stderr
    assert (api.calls(), api.seen[0].body) == ([APPLY], None)
    assert len(api.seen[0].headers["Idempotency-Key"]) >= 32


def test_probe_key_of_a_self_service_run_comes_from_its_variable(
    api: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.on(APPLY, Reply({"error": {"code": "conflict", "message": "not sk-AAAA0001"}}, 409))
    monkeypatch.setenv("GIVEN", "sk-AAAA0001")
    result = invoke("apply", OLD, "--probe-api-key-env", "GIVEN")
    assert (result.exit_code, api.seen[0].body) == (3, {"probe_api_key": "sk-AAAA0001"})
    assert "sk-AAAA0001" not in result.stderr


@pytest.mark.parametrize(("broken", "state", "code"), [(0, "completed", 0), (1, "completed", 1), (0, "cancelled", 1)])
def test_a_watched_dry_run_is_good_when_everything_is_planned(
    api: Any, invoke: Any, broken: int, state: str, code: int
) -> None:
    plan = {"resolution": "reused", "account_id": 7}
    item = Answers.item(access_status="unknown", account_resolution=None, plan=plan)
    api.on("POST /api/batch-import/runs", Answers.created())
    api.on(f"GET {RUN}", Answers.run(state, active=0, broken_items=broken, dry_run=True))
    api.on(f"GET {RUN}/items", {"items": [item], "next_cursor": None})
    options = ("--subscription-user", "a@example.com", "--dry-run", "--watch")
    result = invoke("import", "-", *options, input="https://relay-1.example/v1 sk-AAAA0002")
    assert result.exit_code == code
    assert api.seen[0].body["dry_run"] is True
    assert "\treused\t" in result.stdout
