"""``runs``, ``show``, ``item``, ``cancel``, ``health``: the right question, and the answer as it came."""

import json
from typing import Any

import pytest

from tests.unit.cli.fake_api import Reply

RUNS = "GET /api/batch-import/runs"
RUN = f"{RUNS}/run_20260522_0001"


def _page(answers: Any, number: int, cursor: str | None) -> dict[str, Any]:
    return {"runs": [{**answers.run()["run"], "run_id": f"run_{number}"}], "next_cursor": cursor}


def test_runs_shows_a_page_and_tells_of_more(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUNS, _page(answers, 1, "more"))
    result = invoke(
        "runs", "--state", "completed_with_warnings", "--access-mode", "self_service", "--q", "kimi", "--limit", "1"
    )
    assert result.exit_code == 0
    assert api.seen[0].query == {
        "state": "completed_with_warnings",
        "access_mode": "self_service",
        "q": "kimi",
        "limit": "1",
    }
    assert "run_1\t" in result.stdout
    assert "--all" in result.stderr


def test_a_search_goes_on_where_an_answer_has_no_rows_yet(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUNS, {"runs": [], "next_cursor": "further"}, _page(answers, 1, None))
    result = invoke("runs", "--q", "kimi", "--output", "json")
    assert [call.query.get("cursor") for call in api.seen] == [None, "further"]
    assert [len(json.loads(line)["runs"]) for line in result.stdout.splitlines()] == [0, 1]
    assert "There are more" not in result.stderr


def test_runs_all_keeps_the_filter_on_every_page(api: Any, invoke: Any, answers: Any) -> None:
    pages = [_page(answers, 1, "a"), _page(answers, 2, "b"), _page(answers, 3, None)]
    api.on(RUNS, *pages)
    result = invoke("runs", "--all", "--q", "x", "--json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == pages
    assert [seen.query for seen in api.seen] == [
        {"q": "x", "limit": "100"},
        {"q": "x", "limit": "100", "cursor": "a"},
        {"q": "x", "limit": "100", "cursor": "b"},
    ]


def test_runs_are_the_newest_20_unless_all_are_wanted(api: Any, invoke: Any, answers: Any) -> None:
    api.on(RUNS, _page(answers, 1, None))
    invoke("runs")
    assert api.seen[0].query == {"limit": "20"}


@pytest.mark.parametrize(("limit", "sizes"), [(1, ["1"]), (3, ["3", "2", "1"])])
def test_a_limit_is_kept_over_short_pages(api: Any, invoke: Any, answers: Any, limit: int, sizes: list[str]) -> None:
    api.on(RUNS, _page(answers, 1, "a"), _page(answers, 2, "b"), _page(answers, 3, "c"))
    result = invoke("runs", "--limit", str(limit), "--output", "csv")
    assert [seen.query["limit"] for seen in api.seen] == sizes
    assert len(result.stdout.splitlines()) == 1 + limit
    assert f"more than th{'is' if limit == 1 else 'ese'} {limit} (try: --all)" in result.stderr


@pytest.mark.parametrize(
    ("option", "query"),
    [
        (("--stage", "probe"), {"current_stage": "probe"}),
        (("--confirmation", "advisory"), {"confirmation_status": "advisory"}),
        (("--access", "broken"), {"access_status": "broken"}),
        (("--warning",), {"has_warning": "true"}),
        (("--no-warning",), {"has_warning": "false"}),
        (("--provider", "kimi-1"), {"provider_id": "kimi-1"}),
        (("--matched", "deprecated"), {"matched_account_state": "deprecated"}),
        (("--resolution", "reactivated"), {"account_resolution": "reactivated"}),
        (("--code", "auth_failed"), {"code": "auth_failed"}),
        (("--platform", "gemini"), {"platform": "gemini"}),
        (("--search", "a b&c"), {"q": "a b&c"}),
        ((), {}),
    ],
)
def test_show_filters(api: Any, invoke: Any, answers: Any, option: tuple[str, ...], query: dict[str, str]) -> None:
    api.on(RUN, answers.run("running", active=1))
    api.on(f"{RUN}/items", {"items": [answers.item()], "next_cursor": None})
    result = invoke("show", answers.RUN, *option)
    assert result.exit_code == 0
    assert api.seen[1].query == {"limit": "100", **query}
    assert f"{answers.RUN}  running" in result.stderr
    assert "relay-1.example" in result.stdout


def test_show_json(api: Any, invoke: Any, answers: Any) -> None:
    items = {"items": [answers.item()], "next_cursor": None}
    api.on(RUN, answers.run())
    api.on(f"{RUN}/items", items)
    assert [json.loads(line) for line in invoke("show", answers.RUN, "--json").stdout.splitlines()] == [
        answers.run(),
        items,
    ]


def test_item_shows_capability_and_trail(api: Any, invoke: Any, answers: Any) -> None:
    profile = {
        "transport_profile": {
            "supports_openai_responses": False,
            "auth_style": "bearer",
            "known_advisories": ["a", "b"],
        },
        "model_profiles": [
            {"raw_model_id": "Kimi-K2.6", "canonical_model_family": "kimi-k2.6", "supports_tools": "unknown"}
        ],
    }
    event = {
        "event_type": "retry_scheduled",
        "stage": "confirm",
        "attempt": 1,
        "message": "503, again",
        "created_at": "t1",
    }
    detail = answers.item(capability_profile=profile, events=[event])
    api.on(f"{RUN}/items/item_01", detail)
    shown = invoke("item", answers.RUN, "item_01").stdout
    for part in ("/v1/responses         no", "a, b", "Kimi-K2.6", "confirm", "503, again"):
        assert part in shown
    assert json.loads(invoke("item", answers.RUN, "item_01", "--json").stdout) == detail


def test_item_without_capability(api: Any, invoke: Any, answers: Any) -> None:
    api.on(f"{RUN}/items/item_01", answers.item(capability_profile=None, events=[]))
    assert invoke("item", answers.RUN, "item_01").exit_code == 0


def test_ids_cannot_leave_their_place_in_the_path(api: Any, invoke: Any) -> None:
    assert invoke("item", "run/1", "a?b").exit_code == 3
    assert api.calls() == [f"{RUNS}/run%2F1/items/a%3Fb"]


def test_a_code_that_does_not_exist_is_told_with_the_nearest(api: Any, invoke: Any) -> None:
    result = invoke("show", "RUN", "--code", "auth_faild")
    assert (result.exit_code, api.seen) == (2, [])
    assert result.stderr == "error: there is no code auth_faild (docs/codes.md) (try: auth_failed)\n"


def test_cancel_is_sent_once(api: Any, invoke: Any, answers: Any) -> None:
    call = f"POST /api/batch-import/runs/{answers.RUN}/cancel"
    api.on(call, answers.run("cancelled"), Reply("", 503))
    assert invoke("cancel", answers.RUN).stdout == f"{answers.RUN}: cancelled\n"
    assert invoke("cancel", answers.RUN).exit_code == 3
    assert api.calls() == [call, call]


@pytest.mark.parametrize("token", ["some-token-or-other", ""])
def test_health_needs_no_token(api: Any, invoke: Any, token: str) -> None:
    api.on("GET /api/health", {"status": "ok", "host": {"reachable": True, "version": "0.1.179"}})
    result = invoke("health", BATCH_IMPORT_TOKEN=token)
    assert result.stdout.splitlines() == ["  status  ok", "  host    reachable, version 0.1.179"]
    assert ("Authorization" in api.seen[0].headers) == bool(token)


@pytest.mark.parametrize(("locale", "language"), [("zh_CN.UTF-8", "zh"), ("de_DE.UTF-8", "en"), ("", "en")])
def test_texts_are_asked_for_in_the_users_language(api: Any, invoke: Any, locale: str, language: str) -> None:
    api.on("GET /api/health", {})
    invoke("health", LC_ALL=locale)
    assert api.seen[0].headers["Accept-Language"] == language


def test_item_says_how_fast_its_relay_is_and_what_its_answers_showed(api: Any, invoke: Any, answers: Any) -> None:
    seen = {"code": "stop_kept", "source": "stream", "text": "A stop sequence ended the answer"}
    evidence = {
        "identity": {"value": "unknown", "observations": []},
        "passthrough": {"value": "consistent", "observations": [seen]},
    }
    speed = {"first_token_ms": 420, "tokens_per_second": None}
    detail = answers.item(capability_profile=None, events=[], evidence=evidence, speed=speed)
    api.on(f"{RUN}/items/item_01", detail)
    shown = invoke("item", answers.RUN, "item_01").stdout
    assert "  first token in ms  420\n" in shown
    assert "Is it the model that was asked for? unknown\n" in shown
    assert "Is what is sent passed on untouched? consistent\n  A stop sequence ended the answer\n" in shown


@pytest.mark.parametrize("evidence", [None, [], "x", {"identity": None}, {"identity": {"observations": [None, 7]}}])
def test_evidence_of_another_form_is_left_out(api: Any, invoke: Any, answers: Any, evidence: Any) -> None:
    api.on(f"{RUN}/items/item_01", answers.item(capability_profile=None, events=[], evidence=evidence, speed=None))
    assert invoke("item", answers.RUN, "item_01").exit_code == 0
