"""``undo``: asked for once, watched to its end."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import Answers, Reply

RUN = f"/api/batch-import/runs/{Answers.RUN}"
UNDO = f"POST {RUN}/undo"
STARTED = {**Answers.run()["run"], "undo_asked_at": "2026-05-22T12:30:00+08:00", "undone_at": None}
ENDED = "2026-05-22T12:31:00+08:00"


def test_it_is_accepted_and_said_where_to_look(api: Any, invoke: Any) -> None:
    api.on(UNDO, STARTED)
    result = invoke("undo", Answers.RUN, "--idempotency-key", "mine")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{Answers.RUN} is being undone" in result.stderr
    assert api.seen[0].headers["Idempotency-Key"] == "mine"


@pytest.mark.parametrize(("outcome", "code"), [("removed", 0), ("kept", 1)])
def test_watch_waits_for_the_end_and_shows_what_stays(api: Any, invoke: Any, outcome: str, code: int) -> None:
    result = {"outcome": outcome, "reason": None, "message": "somebody uses it"}
    api.on(UNDO, STARTED)
    api.on(f"GET {RUN}", {"run": STARTED}, {"run": {**STARTED, "undone_at": ENDED}})
    api.on(f"GET {RUN}/items", {"items": [Answers.item(undo_result=result)], "next_cursor": None})
    shown = invoke("undo", Answers.RUN, "--watch")
    assert shown.exit_code == code
    assert f"{outcome} somebody uses it" in " ".join(shown.stdout.split())
    assert api.calls() == [UNDO, f"GET {RUN}", f"GET {RUN}", f"GET {RUN}/items"]


def test_a_refusal_is_told(api: Any, invoke: Any) -> None:
    api.on(UNDO, Reply({"error": {"code": "conflict", "message": "it has not ended yet"}}, 409))
    result = invoke("undo", Answers.RUN)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "it has not ended yet" in result.stderr
