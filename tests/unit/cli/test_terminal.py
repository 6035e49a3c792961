"""What a terminal shows at its width: two lines for a relay, addresses that never break, local times."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import Answers

RUN = f"GET /api/batch-import/runs/{Answers.RUN}"
LONG = f"https://{'relay-' * 20}.example/v1"
BROKEN = {
    "access_status": "broken",
    "last_error_code": "auth_failed",
    "last_error": "401: " + "invalid key " * 20,
    "reason": "The relay refused the key",
    "advice": "The relay refused the key. Check that the key is complete and still valid",
    "base_url": LONG,
}


def script(api: Any, *items: dict[str, Any], cursor: str | None = None, **run: Any) -> None:
    api.on(RUN, Answers.run("completed_with_warnings", **run))
    api.on(f"{RUN}/items", {"items": list(items), "next_cursor": cursor})


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_relay_is_two_lines_at_any_width(api: Any, on_terminal: Any, answers: Any, width: int) -> None:
    script(api, answers.item(1, **BROKEN), answers.item(2, account_id=12, latency_ms=812))
    lines = on_terminal("show", answers.RUN, COLUMNS=str(width)).stdout.splitlines()
    at = lines.index(f"item_01  broken     {LONG}")
    assert lines[at + 1].startswith("  The relay refused the key (auth_failed)"[: width - 1])
    assert lines[at + 1].endswith("…")
    assert len(lines[at + 1]) <= width
    assert lines[at + 2 : at + 4] == [
        "item_02  active     https://relay-2.example/v1",
        "  kimi-k2.6 · openai · account 12 (created) · 812 ms"[:width] if width > 50 else lines[at + 3],
    ]
    assert len(lines[at + 3]) <= width


@pytest.mark.parametrize(
    ("rate", "told"),
    [(0.4, "0.4 tokens/s"), (9.6, "9.6 tokens/s"), (10.0, "10 tokens/s"), (81.5, "82 tokens/s"), (None, None)],
)
def test_a_slow_rate_is_told_with_its_tenths(
    api: Any, on_terminal: Any, answers: Any, rate: float | None, told: str | None
) -> None:
    script(api, answers.item(1, speed={"first_token_ms": 900, "tokens_per_second": rate}))
    facts = on_terminal("show", answers.RUN, COLUMNS="200").stdout.splitlines()
    [line] = [line for line in facts if "kimi-k2.6" in line]
    assert [fact for fact in line.split(" · ") if "tokens" in fact] == ([told] if told else [])


WORTH = {
    "balance": 30.0,
    "currency": "USD",
    "multiplier": 0.8,
    "peak_multiplier": 1.2,
    "key_quota": 50.0,
    "key_used": 20.0,
    "expires_at": "2027-01-01T12:00:00.000+00:00",
    "source": "sub2api",
}


def showing(identity: str, passthrough: str) -> dict[str, Any]:
    answers = {"identity": identity, "passthrough": passthrough}
    return {name: {"value": value, "observations": []} for name, value in answers.items()}


def test_a_relay_shows_at_80_columns_what_it_is_worth_and_what_is_in_doubt(
    api: Any, on_terminal: Any, answers: Any
) -> None:
    untold = dict.fromkeys(WORTH)
    warned = ["the relay lists no prices"]
    script(
        api,
        answers.item(1, billing=WORTH, evidence=showing("inconsistent", "inconsistent"), advisory_messages=warned),
        answers.item(2, billing=WORTH, evidence=showing("consistent", "unknown"), advisory_messages=warned),
        answers.item(3, billing={**untold, "balance": 0.00001}, evidence=None),
        answers.item(4, billing={**untold, "peak_multiplier": 3}, evidence=showing("unknown", "inconsistent")),
        answers.item(5, billing=untold, evidence=showing("unknown", "unknown")),
        answers.item(6, **{**BROKEN, "last_error": "too dear"}, evidence=showing("inconsistent", "unknown")),
        answers.item(7, **{**BROKEN, "last_error": "no " * 40}, evidence=showing("inconsistent", "inconsistent")),
    )
    beneath = [line for line in on_terminal("show", answers.RUN).stdout.splitlines() if line.startswith("  ")]
    assert beneath[3:10] == [
        "  model: inconsistent · pass-through: inconsistent · 30 USD · × 0.8, in peak ho…",
        "  30 USD · × 0.8, in peak hours × 1.2 · key expires 2027-01-01 · warning: the r…",
        "  0.00001 · kimi-k2.6 · openai",
        "  pass-through: inconsistent · -, in peak hours × 3 · kimi-k2.6 · openai",
        "  kimi-k2.6 · openai",
        "  model: inconsistent · The relay refused the key (auth_failed): too dear",
        "  model: inconsistent · pass-through: inconsistent · The relay refused the key…",
    ]


def test_an_item_shows_the_multiplier_that_it_is_judged_by(api: Any, on_terminal: Any, answers: Any) -> None:
    api.on(f"{RUN}/items/item_01", answers.item(billing=WORTH, capability_profile=None, events=[]))
    api.on(f"{RUN}/items/item_02", answers.item(billing=dict.fromkeys(WORTH), capability_profile=None, events=[]))
    shown = [line.strip() for line in on_terminal("item", answers.RUN, "item_01").stdout.splitlines()]
    for name, value in {
        "balance left": "30 USD",
        "multiplier": "× 0.8, in peak hours × 1.2",
        "key quota": "20 of 50 USD used",
        "key expires": "2027-01-01",
    }.items():
        assert any(line.startswith(name) and line.removeprefix(name).strip() == value for line in shown), name
    untold = on_terminal("item", answers.RUN, "item_02").stdout
    assert not [name for name in ("balance", "multiplier", "quota", "expires") if name in untold]


def test_why_items_failed_stands_below_with_what_to_do(api: Any, on_terminal: Any, answers: Any) -> None:
    causes = [
        {"code": "auth_failed", "reason": "The relay refused the key", "to_do": "Check " + "the key " * 10},
        {"code": "unreachable", "reason": "Could not connect", "to_do": "Check the port"},
    ]
    counts = ({"broken_items": 1_200, "degraded_items": 0}, {"broken_items": 0, "degraded_items": 1})
    found = [{**cause, **count} for cause, count in zip(causes, counts, strict=True)]
    api.on(RUN, {**answers.run(), "causes": found})
    api.on(f"{RUN}/items", {"items": [answers.item()], "next_cursor": None})
    below = on_terminal("show", answers.RUN).stdout.partition("What went wrong\n")[2]
    assert below.splitlines() == [
        "  1,200 × The relay refused the key (auth_failed)",
        "    Check the key the key the key the key the key the key the key the key the",
        "    key the key",
        "  1 × Could not connect (unreachable)",
        "    Check the port",
        f"Retry them: batch-import retry {answers.RUN} --code CODE",
    ]


OPTIONS = {
    "max_multiplier": (0.00001, "highest multiplier 0.00001"),
    "min_balance": (5.0, "lowest balance 5 USD"),
    "rate_from_relay": (True, "takes over the relay's multiplier"),
    "priority_from_speed": (True, "priority by speed"),
    "host_billing_probe": (True, "sub2api watches the multiplier"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_run_says_each_option_that_it_was_made_with(api: Any, on_terminal: Any, answers: Any, name: str) -> None:
    unset = {one: None if one.startswith("m") else False for one in OPTIONS}
    value, told = OPTIONS[name]
    api.on(RUN, answers.run(**{**unset, name: value}))
    api.on(f"{RUN}/items", {"items": [], "next_cursor": None})
    shown = on_terminal("show", answers.RUN).stdout.splitlines()
    assert [line for line in shown for _value, one in OPTIONS.values() if one in line] == [f"  {told}"]


def test_many_options_are_folded(api: Any, on_terminal: Any, answers: Any) -> None:
    api.on(RUN, answers.run(**{name: value for name, (value, _told) in OPTIONS.items()}))
    api.on(f"{RUN}/items", {"items": [], "next_cursor": None})
    shown = on_terminal("show", answers.RUN).stdout
    assert " · ".join(told for _value, told in OPTIONS.values()) in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("milliseconds", "told", "chinese"),
    [(0, "0 ms", "0 毫秒"), (49, "49 ms", "49 毫秒"), (999, "999 ms", "999 毫秒"), (1_234, "1.2 s", "1.2 秒")],
)
def test_an_answer_time_below_a_second_is_in_milliseconds(
    api: Any, on_terminal: Any, answers: Any, milliseconds: int, told: str, chinese: str
) -> None:
    script(api, answers.item(latency_ms=milliseconds))
    assert f" · {told}\n" in on_terminal("show", answers.RUN).stdout
    assert f" · {chinese}\n" in on_terminal("show", answers.RUN, LANG="zh_CN.UTF-8").stdout


@pytest.mark.parametrize(
    ("codes", "options"),
    [
        (["auth_failed"], "--code auth_failed"),
        (["too_dear", "auth_failed"], "--code CODE"),
        (["too_dear"], None),
        (["too_little_left", "too_dear"], None),
    ],
)
def test_a_retry_is_advised_where_it_can_help(
    api: Any, on_terminal: Any, answers: Any, codes: list[str], options: str | None
) -> None:
    told = {"reason": "It failed", "to_do": "Look", "broken_items": 1, "degraded_items": 0}
    api.on(RUN, {**answers.run(), "causes": [{**told, "code": code} for code in codes]})
    api.on(f"{RUN}/items", {"items": [answers.item()], "next_cursor": None})
    advised = [line for line in on_terminal("show", answers.RUN).stdout.splitlines() if "batch-import retry" in line]
    assert advised == ([f"Retry them: batch-import retry {answers.RUN} {options}"] if options else [])


def test_the_first_50_are_shown_unless_others_are_wanted(api: Any, on_terminal: Any, answers: Any) -> None:
    script(api, *(answers.item(n) for n in range(50)), cursor="more")
    result = on_terminal("show", answers.RUN)
    assert api.seen[-1].query == {"limit": "50"}
    assert "There are more than these 50 (try: --all)" in result.stderr


def test_filters_that_no_item_meets_are_told(api: Any, on_terminal: Any, answers: Any) -> None:
    script(api)
    assert on_terminal("show", answers.RUN, "--code", "unreachable").stderr == "no item found\n"


def test_times_are_local(api: Any, on_terminal: Any, answers: Any) -> None:
    api.on("GET /api/batch-import/runs", {"runs": [answers.run()["run"]], "next_cursor": None})
    assert "completed  2026-05-22 04:20" in on_terminal("runs").stdout
    assert "2026-05-22 04:20:00" in on_terminal("runs", "--output", "wide").stdout
    assert "2026-05-22T12:20:00+08:00" in on_terminal("runs", "--output", "csv").stdout


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ({"current_stage": "confirm", "access_status": "unknown"}, "confirm"),
        ({"access_status": "unknown", "last_error_code": "cancelled"}, "cancelled"),
        ({"access_status": "unknown", "plan": {"resolution": "created", "group": "g", "models_total": 1}}, "planned"),
    ],
)
def test_an_item_that_has_no_verdict_says_how_it_stands(
    api: Any, on_terminal: Any, answers: Any, item: dict[str, Any], shown: str
) -> None:
    script(api, answers.item(1, **item))
    assert f"item_01  {shown:<9}  https://relay-1.example/v1" in on_terminal("show", answers.RUN).stdout


def test_wide_has_every_column_and_a_row_on_each_line(api: Any, on_terminal: Any, answers: Any) -> None:
    script(api, answers.item(1, **BROKEN))
    head, row = on_terminal("show", answers.RUN, "--output", "wide").stdout.splitlines()
    assert head.split()[:3] == ["item", "address", "label"]
    assert LONG in row
    assert "invalid key " * 19 in row


def test_piped_cells_are_separated_by_tabs_and_not_padded(api: Any, invoke: Any, answers: Any) -> None:
    script(api, answers.item(1, **BROKEN), answers.item(2))
    lines = invoke("show", answers.RUN).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["item", "address"],
        ["item_01", LONG],
        ["item_02", "https://relay-2.example/v1"],
    ]
    assert not any("  " in line for line in lines)


def test_a_code_stands_once_where_nothing_else_was_said(api: Any, on_terminal: Any, answers: Any) -> None:
    lost = {"last_error_code": "unreachable", "last_error": "unreachable", "reason": "Could not connect"}
    script(api, answers.item(1, access_status="degraded", **lost))
    assert "\n  Could not connect (unreachable)\n" in on_terminal("show", answers.RUN).stdout


def test_health_says_whether_the_host_is_reached(api: Any, on_terminal: Any) -> None:
    host = {"reachable": True, "version": "0.1.179", "error": None, "code": None}
    lost = {"status": "ok", "host": {"reachable": False, "error": "refused"}}
    api.on("GET /api/health", {"status": "ok", "version": "0.1.0", "host": host}, lost)
    assert on_terminal("health").stdout.endswith("host     reachable, version 0.1.179\n")
    assert on_terminal("health").stdout.endswith("host    not reachable: refused\n")


def test_csv_has_words_of_the_api(api: Any, invoke: Any) -> None:
    api.on("GET /api/batch-import/runs", {"runs": [{"run_id": "run_1", "dry_run": False}], "next_cursor": None})
    assert ",false," in invoke("runs", "--output", "csv").stdout
