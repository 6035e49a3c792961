"""ResultProjection: badges (docs/design.md#34-badges) and schema examples to the letter, in both languages."""

import json
from datetime import datetime
from typing import Any

import pytest
from batch_import.domain import contract as api
from batch_import.domain.entities import ItemProfile
from batch_import.domain.evidence import Observation, Seen, Source, evidence
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.projection import EVENTS_SHOWN, ResultProjection
from batch_import.domain.types import RunState

from tests.unit.domain import rows, schema_examples
from tests.unit.domain.schema_examples import example

ZH, EN = ResultProjection("zh"), ResultProjection("en")
ADDED = {
    "badges",
    "last_error_code",
    "advice",
    "reason",
    "next_attempt_at",
    "account_id",  # of items in a list
    "text",
    "label",
    "source",
    "created_by",
    "retry_of",
    "subscription_users",
    "subscription_user_count",
    "join_groups",
    "join_group_count",
    "position",
    "updated_at",
    "requested_model_count",
    "canonical_model_family_count",
    "advisory_count",
    "latency_ms",
    "served_model",
    "speed",
    "evidence",
    "billing",
    "max_multiplier",
    "min_balance",
    "rate_from_relay",
    "priority_from_speed",
    "host_billing_probe",
    "platform",
    "dry_run",
    "plan_of",
    "plan",
    "undo_asked_at",
    "undone_at",
    "undo_result",
    "supports_gemini_generate_content",
    "matching_items",
    "child_runs",
    "causes",
    "group_id",
    "panel",
}  # beyond the original schemas, and nothing else


def shown(view: Any) -> Any:
    return view.model_dump(mode="json")


def differences(wanted: Any, given: Any, place: str = "$") -> list[str]:
    """Where ``given`` has another value, type or key than the example; a time needs only be one with an offset."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        keys = wanted.keys() ^ given.keys()
        found = [f"{place}.{key}" for key in keys if key not in ADDED]
        return found + [
            d for k in wanted.keys() & given.keys() for d in differences(wanted[k], given[k], f"{place}.{k}")
        ]
    if isinstance(wanted, list) and isinstance(given, list):
        found = [] if len(wanted) == len(given) else [f"{place}: length"]
        return found + [
            d for n, pair in enumerate(zip(wanted, given, strict=False)) for d in differences(*pair, f"{place}[{n}]")
        ]
    if place.endswith("_at") and isinstance(wanted, str):
        return [] if datetime.fromisoformat(given).tzinfo else [f"{place}: no offset"]
    return [] if (type(wanted), wanted) == (type(given), given) else [f"{place}: {wanted!r} is not {given!r}"]


def test_the_comparison_sees_values_types_and_keys() -> None:
    assert differences({"a": 1, "b": [1]}, {"a": True, "c": 1, "b": [2]}) != []
    assert len(differences({"a": 1}, {"b": 1})) == 2
    assert differences({"x_at": "2026-05-22T12:20:00+08:00"}, {"x_at": "2026-05-22T12:20:00"}) != []


EXAMPLES = {
    "6.1": (schema_examples.CREATED, ZH.created(rows.run(state="running", finished_at=None), rows.counters(
        completed_items=0, active_items=0, degraded_items=0, broken_items=0, warning_items=0))),
    "6.2": (schema_examples.RUN_LIST, api.RunList(runs=[ZH.run(rows.run(), rows.counters())], next_cursor=None)),
    "6.3": (schema_examples.RUN_DETAIL, ZH.run_detail(rows.run(), rows.counters())),
    "6.4": (schema_examples.ITEM_LIST, api.ItemList(items=[ZH.item(rows.item(
        matched_account_state="active", account_resolution="reused"), rows.profile())],
        next_cursor=None, matching_items=1)),
    "6.5": (schema_examples.ITEM_DETAIL, ZH.item_detail(rows.item(), rows.profile(), [rows.event()], None)),
}  # fmt: skip


@pytest.mark.parametrize("section", EXAMPLES)
def test_each_example_of_the_schema_document_key_by_key_and_type_by_type(section: str) -> None:
    text, view = EXAMPLES[section]
    assert differences(example(text), shown(view)) == []


def test_the_error_envelope_is_that_of_the_schema_document() -> None:
    wanted = example(schema_examples.ERROR)
    assert shown(api.ErrorEnvelope.model_validate(wanted)) == wanted


# --- badges: API value -> (text, colour), docs/design.md#34-badges

RUN_BADGES = {
    "running": ("running", "blue"),
    "completed": ("completed", "green"),
    "completed_with_warnings": ("warning", "yellow"),
    "failed": ("failed", "red"),
    "cancelled": ("cancelled", "gray"),
}
ITEM_BADGES = {
    ("confirmation_status", "pending"): ("pending", "blue"),
    ("confirmation_status", "confirmed"): ("confirmed", "green"),
    ("confirmation_status", "advisory"): ("advisory", "yellow"),
    ("confirmation_status", "failed"): ("failed", "red"),
    ("access_status", "unknown"): ("unknown", "gray"),
    ("access_status", "active"): ("active", "green"),
    ("access_status", "degraded"): ("degraded", "yellow"),
    ("access_status", "broken"): ("broken", "red"),
    ("provision_reused", True): ("reused", "cyan"),
    ("matched_account_state", "active"): ("已启用", "green"),
    ("matched_account_state", "disabled"): ("已停用", "gray"),
    ("matched_account_state", "deprecated"): ("已弃用", "yellow"),
    ("matched_account_state", "broken"): ("已损坏", "red"),
    ("account_resolution", "created"): ("新建", "blue"),
    ("account_resolution", "reused"): ("复用", "cyan"),
    ("account_resolution", "reactivated"): ("已快速启用", "green"),
    ("account_resolution", "replaced"): ("已替换", "red"),
}


@pytest.mark.parametrize(("state", "badge"), RUN_BADGES.items())
@pytest.mark.parametrize("show", [ZH, EN], ids=["zh", "en"])
def test_run_badges(show: ResultProjection, state: str, badge: tuple[str, str]) -> None:
    view = shown(show.run(rows.run(state=state), rows.counters()))
    assert (view["state"], tuple(view["badges"]["state"].values())) == (state, badge)


@pytest.mark.parametrize(("value", "badge"), ITEM_BADGES.items())
def test_item_badges(value: tuple[str, Any], badge: tuple[str, str]) -> None:
    name, given = value
    view = shown(ZH.item(rows.item(**{name: given}), ItemProfile()))
    assert (view[name], tuple(view["badges"][name].values())) == (given, badge)


@pytest.mark.parametrize(("value", "badge"), ITEM_BADGES.items())
def test_in_english_the_chinese_badges_have_the_english_word_beside_them(
    value: tuple[str, Any], badge: tuple[str, str]
) -> None:
    name, given = value
    text = shown(EN.item(rows.item(**{name: given}), ItemProfile()))["badges"][name]["text"]
    chinese = name in ("matched_account_state", "account_resolution")
    assert text == (f"{badge[0]} {given}" if chinese else badge[0])


def test_what_is_not_decided_or_not_reused_has_no_badge() -> None:
    fresh = rows.item(provision_reused=False, matched_account_state=None, account_resolution=None, access_status=None)
    view = shown(ZH.item(fresh, ItemProfile()))
    assert set(view["badges"]) == {"confirmation_status", "access_status"}
    assert view["access_status"] == "unknown"


# --- texts


def test_advisories_and_warnings_come_in_the_language_asked_for() -> None:
    told = rows.item(advisories=[{"code": "join_group_unknown", "params": {"name": "pool"}}])
    assert shown(ZH.item(told, ItemProfile()))["advisory_messages"] == ["sub2api 中没有分组 pool"]
    assert shown(EN.item(told, ItemProfile()))["advisory_messages"] == ["sub2api has no group pool"]
    [warned] = shown(EN.run_detail(rows.run(), rows.counters()))["recent_warnings"]
    assert warned.startswith("Advisories on 1 of this run's items")


def test_causes_say_what_happened_and_what_to_do_in_the_language_asked_for() -> None:
    counted = rows.counters(broken_items=2, causes=[{"code": "auth_failed", "broken_items": 2, "degraded_items": 1}])
    cause = shown(EN.run_detail(rows.run(), counted))["causes"][0]
    assert cause == {
        "code": "auth_failed",
        "reason": "The relay refused the key",
        "to_do": "Check that the key is complete and still valid.",
        "broken_items": 2,
        "degraded_items": 1,
    }
    assert shown(ZH.run_detail(rows.run(), counted))["causes"][0]["reason"] == "上游拒绝了该密钥"


def test_a_run_names_the_latest_runs_made_of_its_items() -> None:
    children = [f"run_{n}" for n in range(25)]
    assert shown(EN.run_detail(rows.run(child_runs=children), rows.counters()))["child_runs"] == children[5:]


def test_warnings_of_the_run_itself_stand_behind_the_summary() -> None:
    warned = rows.run(warnings=[{"code": "self_service_not_proven", "params": {"reason": "no balance"}}])
    both = shown(EN.run_detail(warned, rows.counters()))["recent_warnings"]
    alone = shown(EN.run_detail(warned, rows.counters(warning_items=0)))["recent_warnings"]
    assert both[1:] == alone
    assert "no balance" in alone[0]
    assert shown(EN.run_detail(rows.run(), rows.counters(warning_items=0)))["recent_warnings"] == []


@pytest.mark.parametrize("code", OUTCOMES)
def test_an_item_that_did_not_end_well_says_what_happened_and_what_to_do(code: str) -> None:
    ended = rows.item(access_status="broken", last_error_code=code)
    row = OUTCOMES[code]
    zh, en = (shown(show.item(ended, ItemProfile()))["advice"] for show in (ZH, EN))
    assert zh == (f"{row.zh}。{row.advice_zh}。" if row.advice_zh else f"{row.zh}。")
    assert en == (f"{row.en}. {row.advice_en}." if row.advice_en else f"{row.en}.")
    assert row.en[0].isupper() or row.en.startswith("sub2api")
    assert not (row.en + row.advice_en + row.zh + row.advice_zh).endswith((".", "。"))


def test_while_the_service_tries_again_it_says_when_and_advises_nothing() -> None:
    waiting = rows.item(
        access_status=None, current_stage="confirm", last_error_code="rate_limited", due_at="2026-05-22T12:20:05+08:00"
    )
    view = shown(EN.item(waiting, ItemProfile()))
    assert (view["advice"], view["reason"]) == (None, "The relay kept limiting the rate")
    assert view["next_attempt_at"] == "2026-05-22T12:20:05+08:00"


@pytest.mark.parametrize("fields", [{"access_status": "active"}, {"last_error_code": None, "access_status": "broken"}])
def test_there_is_no_advice_where_none_is_needed(fields: dict[str, Any]) -> None:
    assert shown(ZH.item(rows.item(**fields), ItemProfile()))["advice"] is None


# --- detail


def test_at_most_200_events_are_shown_oldest_first() -> None:
    events = [rows.event(number) for number in range(EVENTS_SHOWN + 5)]
    view = shown(ZH.item_detail(rows.item(), rows.profile(), events, None))
    assert EVENTS_SHOWN == 200
    assert [e["event_id"] for e in view["events"]] == [f"evt_{n:02d}" for n in range(200)]


@pytest.mark.parametrize(("model", "shown_speed"), [("kimi-k2.6", 300), ("glm-5", None)])
def test_the_speed_is_that_of_the_test_model(model: str, shown_speed: int | None) -> None:
    profile = rows.profile()
    profiles: Any = profile.capability_profile
    profiles["model_profiles"][0]["speed"] = {"first_token_ms": 300, "tokens_per_second": 50.0}
    view = ZH.item_detail(rows.item(resolved_smoke_model=model), profile, [], None)
    assert (view.speed and view.speed.first_token_ms) == shown_speed


def test_an_item_that_was_never_probed_has_no_profile() -> None:
    view = shown(ZH.item_detail(rows.item(), ItemProfile(), [], None))
    assert view["capability_profile"] is None
    assert (view["raw_models"], view["events"]) == ([], [])


def test_a_profile_with_a_value_outside_its_enum_fails_loudly() -> None:
    broken = rows.profile()
    assert broken.capability_profile is not None
    broken.capability_profile["transport_profile"]["auth_style"] = "basic"
    with pytest.raises(ValueError, match="auth_style"):
        ZH.item_detail(rows.item(), broken, [], None)


# --- how a run ends (docs/design.md#2-pipeline)


@pytest.mark.parametrize(
    ("run", "counts", "state"),
    [
        ({}, {"active_items": 2, "degraded_items": 0, "warning_items": 0}, RunState.COMPLETED),
        ({}, {"active_items": 2, "degraded_items": 0, "warning_items": 1}, RunState.COMPLETED_WITH_WARNINGS),
        ({}, {"active_items": 1, "degraded_items": 1, "warning_items": 0}, RunState.COMPLETED_WITH_WARNINGS),
        ({}, {"active_items": 1, "degraded_items": 0, "broken_items": 1}, RunState.COMPLETED_WITH_WARNINGS),
        ({}, {"active_items": 0, "degraded_items": 2, "warning_items": 2}, RunState.FAILED),
        ({}, {"active_items": 0, "degraded_items": 0, "broken_items": 2}, RunState.FAILED),
        (
            {"warnings": [{"code": "host_simple_mode", "params": {}}]},
            {"active_items": 2, "degraded_items": 0, "warning_items": 0},
            RunState.COMPLETED_WITH_WARNINGS,
        ),
        ({"state": "cancelled"}, {"active_items": 2, "degraded_items": 0, "warning_items": 0}, RunState.CANCELLED),
        ({"state": "cancelled"}, {"active_items": 0}, RunState.CANCELLED),
    ],
)
def test_run_end_state(run: dict[str, Any], counts: dict[str, int], state: RunState) -> None:
    assert rows.run(**{"state": "running", **run}).end_state(rows.counters(**counts)) is state


def worst_item(number: int) -> Any:
    """As much as a relay, a request and a run can put into one item."""
    advisories = [{"code": "models_vanished", "params": {"models": "模" * 2_000}}] * 15
    return rows.item(
        item_id=f"item_{number:05d}",
        base_url=f"https://h/{'x' * 2_000}",
        label="名" * 100,
        requested_models=["型" * 200] * 200,
        advisories=advisories,
        last_error="误" * 500,
        resolved_smoke_model="m" * 256,
        served_model="m" * 256,
    )


@pytest.mark.parametrize("name", ["family-{}", "家族{}", '"\\{}' + "\\" * 60])
def test_two_hundred_of_the_largest_items_fit_an_answer(name: str) -> None:
    """Lambda refuses answers of more than 6 MB, in which quotes and backslashes of the body are escaped again."""
    families = tuple(name.format(n) for n in range(1_000))
    seen = [
        Observation(
            code,
            source,
            dict.fromkeys(("asked", "served", "maker", "server", "field", "tokens", "characters", "came"), "m" * 200),
        )
        for code in Seen
        for source in Source
    ]
    profile = ItemProfile(canonical_model_families=families, evidence=evidence(seen))
    listed = api.ItemList(
        items=[ZH.item(worst_item(n), profile) for n in range(200)], next_cursor=None, matching_items=200
    )
    body = listed.model_dump_json()
    assert len(json.dumps({"body": body}, ensure_ascii=False).encode()) < 5_000_000


def test_a_list_says_how_much_it_leaves_out_and_the_detail_has_all() -> None:
    names = tuple(f"family-{n}" for n in range(1_000))
    item, profile = rows.item(requested_models=names[:50]), ItemProfile(canonical_model_families=names)
    listed, detail = EN.item(item, profile), EN.item_detail(item, profile, [], None)
    assert listed.canonical_model_families == list(names[:20])
    assert listed.requested_models == list(names[:20])
    assert (listed.canonical_model_family_count, listed.requested_model_count, listed.advisory_count) == (1_000, 50, 1)
    assert detail.canonical_model_families == list(names)
    assert detail.requested_models == list(names[:50])
    assert detail.canonical_model_family_count == 1_000
