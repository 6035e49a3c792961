"""Every rule of the original schema document, by its number there, on one service with real answers.

Its JSON examples are compared to the letter in tests/unit/domain/test_projection.py as well.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from batch_import.bootstrap import bootstrap

import sandbox
from tests.conftest import CUSTOMER_KEY, START, Service, seed
from tests.support.aws import moto_stack
from tests.unit.domain import schema_examples
from tests.unit.domain.schema_examples import example

RUNS = "/api/batch-import/runs"
KEY = "sk-test-0000000000000001"
RELAYS = ("healthy", "chat_only", "dead_key", "error_200")
RUN_STATES = ("running", "completed", "completed_with_warnings", "failed", "cancelled")


class Made:
    """Two imports of the same list, and a run that nothing has worked on."""

    def __init__(self, service: Service) -> None:
        self.service = service
        items = [{"base_url": service.box.relay(name), "api_key": KEY} for name in RELAYS]
        self.created = service.call("POST", RUNS, _request(items))
        service.pump.run()
        service.clock.shift(60)
        self.second = service.call("POST", RUNS, _request(items))["run_id"]
        service.pump.run()
        service.clock.shift(60)
        self.waiting = service.call("POST", RUNS, _request(items))["run_id"]
        self.first = self.created["run_id"]

    def get(self, path: str, **query: str) -> Any:
        return self.service.call("GET", f"{RUNS}{path}", query=query)

    def items(self, run_id: str, **query: str) -> list[dict[str, Any]]:
        return list(self.get(f"/{run_id}/items", **query)["items"])

    def ids(self, **query: str) -> list[str]:
        return [run["run_id"] for run in self.get("", **query)["runs"]]

    def detail(self, run_id: str, relay: str) -> Any:
        [item] = [item for item in self.items(run_id) if f"/{relay}/" in item["base_url"]]
        return self.get(f"/{run_id}/items/{item['item_id']}")


def _request(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    with moto_stack() as aws, sandbox.running(join_delay=(0, 0)) as box:
        bootstrap.cache_clear()
        aws.put_host(box.host_url, box.admin_key)
        with time_machine.travel(START, tick=False) as traveller:
            seed(box, "customer@example.com", CUSTOMER_KEY)
            yield Made(Service(aws, box, traveller))
        bootstrap.cache_clear()


def refused(made: Made, path: str, **query: str) -> bool:
    answer = made.get(path, **query)
    return bool(answer[0] == 400 and answer[1]["error"]["code"] == "invalid_request")


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- 2, 3: resources and routes


def test_2_runs_items_and_events_are_shown_and_no_structure_of_the_host(made: Made) -> None:
    shown = text_of([made.get(""), made.get(f"/{made.first}"), made.get(f"/{made.first}/items")])
    assert not re.search(r"import_batches|credentials|group_ids|\"pk\"|\"sk\"|list_pk|lease_owner|key_digest", shown)


def test_3_1_a_run_is_created_at_once_and_may_wait_a_short_while(made: Made) -> None:
    assert made.created["run_id"].startswith("run_")
    items = [{"base_url": made.service.box.relay("healthy"), "api_key": "sk-test-0000000000000002"}]
    waited = made.service.call("POST", RUNS, {**_request(items), "confirm_timeout_ms": 1})
    assert waited["state"] == "running"
    made.service.call("POST", f"{RUNS}/{waited['run_id']}/cancel")


def test_3_2_runs_are_listed_by_state_and_by_words(made: Made) -> None:
    assert {made.first, made.second, made.waiting} <= set(made.ids())
    assert made.waiting in made.ids(state="running")
    assert made.ids(q=made.first) == [made.first]


def test_3_3_a_run_has_its_summary_and_its_warnings(made: Made) -> None:
    detail = made.get(f"/{made.first}")
    assert detail["run"]["run_id"] == made.first
    assert detail["recent_warnings"]


def test_3_4_items_show_the_state_of_each_relay(made: Made) -> None:
    ends = {item["base_url"].split("/")[3]: item["access_status"] for item in made.items(made.first)}
    assert ends == {"healthy": "active", "chat_only": "active", "dead_key": "broken", "error_200": "degraded"}


def test_3_5_an_item_is_shown_in_full(made: Made) -> None:
    detail = made.detail(made.first, "chat_only")
    assert detail["capability_profile"]["model_profiles"]
    assert detail["events"]


# --- 4: queries


@pytest.mark.parametrize("state", RUN_STATES)
def test_4_1_state(made: Made, state: str) -> None:
    runs = made.get("", state=state)["runs"]
    assert {run["state"] for run in runs} <= {state}


def test_4_1_no_second_vocabulary(made: Made) -> None:
    for word in ("warning", "confirmed_active", "done", "COMPLETED", ""):
        assert refused(made, "", state=word), word
    assert '"state": "warning"' not in text_of(made.get(""))


def test_4_1_access_mode(made: Made) -> None:
    assert made.first in made.ids(access_mode="subscription")
    assert made.ids(access_mode="self_service") == []
    assert refused(made, "", access_mode="free")


def test_4_1_q_searches_run_id_provider_id_and_base_url(made: Made) -> None:
    provider = made.items(made.first)[0]["provider_id"]
    assert made.ids(q=made.first[4:].upper()) == [made.first]
    assert made.first in made.ids(q=provider)
    assert made.first in made.ids(q="/CHAT_ONLY/")
    assert made.ids(q="nowhere at all") == []


def test_4_1_limit_and_cursor(made: Made) -> None:
    walked, cursor = [], {}
    while True:
        page = made.get("", limit="1", **cursor)
        walked += [run["run_id"] for run in page["runs"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert walked == made.ids()


FILTERS = {
    "current_stage": ("probe", "provision", "confirm", "validate", "done"),
    "confirmation_status": ("pending", "confirmed", "advisory", "failed"),
    "access_status": ("unknown", "active", "degraded", "broken"),
    "matched_account_state": ("active", "disabled", "deprecated", "broken"),
    "account_resolution": ("created", "reused", "reactivated", "replaced"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_4_2_filters(made: Made, name: str) -> None:
    for run_id in (made.second, made.waiting):
        everything = made.items(run_id)
        for value in FILTERS[name]:
            wanted = [item["item_id"] for item in everything if item[name] == value]
            assert [item["item_id"] for item in made.items(run_id, **{name: value})] == wanted, value
    assert refused(made, f"/{made.first}/items", **{name: "confirmed_active"})


def test_4_2_has_warning_is_true_or_false(made: Made) -> None:
    warned = {item["item_id"] for item in made.items(made.first, has_warning="true")}
    others = {item["item_id"] for item in made.items(made.first, has_warning="false")}
    assert warned == {item["item_id"] for item in made.items(made.first) if item["advisory_messages"]}
    assert others == {item["item_id"] for item in made.items(made.first)} - warned
    for value in ("yes", "1", "True", ""):
        assert refused(made, f"/{made.first}/items", has_warning=value)


def test_4_2_provider_id(made: Made) -> None:
    for item in made.items(made.first):
        assert made.items(made.first, provider_id=item["provider_id"]) == [item]
    assert made.items(made.first, provider_id="nobody") == []


def test_4_2_q_searches_provider_id_base_url_and_item_id(made: Made) -> None:
    for item in made.items(made.first):
        for name in ("provider_id", "base_url", "item_id"):
            assert made.items(made.first, q=item[name].upper()) == [item], name


# --- 5: errors


def test_5_errors_have_one_form(made: Made) -> None:
    status, body = made.service.raw("POST", RUNS, {"access_mode": "subscription", "items": [{}]})
    assert (status, set(body), set(body["error"])) == (400, {"error"}, {"code", "message"})
    items = [{"base_url": "https://h.example.com", "api_key": KEY}]
    _, body = made.service.raw("POST", RUNS, {**_request(items), "subscription_users": []})
    assert body == example(schema_examples.ERROR)


def test_5_codes(made: Made) -> None:
    assert made.get("/run_nowhere")[1]["error"]["code"] == "not_found"
    status, body = made.service.raw("POST", f"{RUNS}/{made.first}/cancel")
    assert (status, body["error"]["code"]) == (409, "conflict")


# --- 6: answers


def holds(wanted: Any, given: Any, place: str = "$") -> None:
    """Every name of the example is there, with a value that is null or of the example's type."""
    for name, value in wanted.items():
        assert name in given, f"{place}.{name}"
        if given[name] is not None and value is not None and given[name] != "unknown":
            alike = bool if isinstance(value, bool) or value == "unknown" else type(value)
            assert isinstance(given[name], alike), f"{place}.{name}: {given[name]!r}"
        if isinstance(value, dict) and given[name]:
            holds(value, given[name], f"{place}.{name}")
        if isinstance(value, list) and value and isinstance(value[0], dict) and given[name]:
            for one in given[name]:
                holds(value[0], one, f"{place}.{name}[]")


def test_6_1_a_run_was_created_which_is_no_result(made: Made) -> None:
    assert set(made.created) == set(example(schema_examples.CREATED))
    holds(example(schema_examples.CREATED), made.created)
    assert (made.created["state"], made.created["result_page"]) == ("running", f"/batch-import/runs/{made.first}")
    assert [made.created[f"{name}_items"] for name in ("active", "degraded", "broken", "warning")] == [0, 0, 0, 0]


def test_6_2_the_list_of_runs(made: Made) -> None:
    listed = made.get("")
    holds(example(schema_examples.RUN_LIST), listed)
    for run in listed["runs"]:
        assert (run["finished_at"] is None) == (
            run["state"] == "running" or run["completed_items"] < run["total_items"]
        )
        assert datetime.fromisoformat(run["started_at"]).tzinfo is not None
    assert listed["next_cursor"] is None


def test_6_3_a_run(made: Made) -> None:
    detail = made.get(f"/{made.first}")
    holds(example(schema_examples.RUN_DETAIL), detail)
    assert set(detail) == {"run", "recent_warnings", "causes", "child_runs"}
    assert detail["recent_warnings"][0] == (
        f"该批次包含 {detail['run']['warning_items']} 条 advisory item，建议检查 capability profile 与 retry 轨迹"
    )


def test_6_4_the_list_of_items(made: Made) -> None:
    listed = made.get(f"/{made.first}/items")
    holds(example(schema_examples.ITEM_LIST), listed)
    assert all(re.fullmatch(r"item_\d+", item["item_id"]) for item in listed["items"])
    assert all(re.fullmatch(r"sha256:[0-9a-f]{8}", item["api_key_fingerprint"]) for item in listed["items"])


@pytest.mark.parametrize("relay", ["healthy", "chat_only", "error_200"])
def test_6_5_an_item(made: Made, relay: str) -> None:
    for run_id in (made.first, made.second):
        detail = made.detail(run_id, relay)
        holds(example(schema_examples.ITEM_DETAIL), detail)
        assert "item" not in detail
        for event in detail["events"]:
            assert re.fullmatch(r"evt_\d+", event["event_id"])
            assert isinstance(json.loads(event["payload_json"]), dict)
        for profile in detail["capability_profile"]["model_profiles"]:
            assert {type(profile[name]) for name in profile if name.startswith("supports")} <= {bool, str}


# --- 7: badges

BADGES = {
    "confirmation_status": {"pending": "blue", "confirmed": "green", "advisory": "yellow", "failed": "red"},
    "access_status": {"unknown": "gray", "active": "green", "degraded": "yellow", "broken": "red"},
    "matched_account_state": {
        "active": ("green", "已启用"), "disabled": ("gray", "已停用"), "deprecated": ("yellow", "已弃用"),
        "broken": ("red", "已损坏"),
    },
    "account_resolution": {
        "created": ("blue", "新建"), "reused": ("cyan", "复用"), "reactivated": ("green", "已快速启用"),
        "replaced": ("red", "已替换"),
    },
}  # fmt: skip


def test_7_1_the_badge_of_a_run(made: Made) -> None:
    colors = dict(zip(RUN_STATES, ("blue", "green", "yellow", "red", "gray"), strict=True))
    for run in made.get("")["runs"]:
        text = "warning" if run["state"] == "completed_with_warnings" else run["state"]
        assert run["badges"]["state"] == {"text": text, "color": colors[run["state"]]}


@pytest.mark.parametrize(
    ("number", "name"),
    [("7.2", "confirmation_status"), ("7.3", "access_status"), ("7.5", "matched_account_state"),
     ("7.6", "account_resolution")],
)  # fmt: skip
def test_7_2_3_5_6_badges_of_an_item(made: Made, number: str, name: str) -> None:
    for item in [*made.items(made.first), *made.items(made.second), *made.items(made.waiting)]:
        if item[name] is None:
            assert name not in item["badges"]
            continue
        wanted = BADGES[name][item[name]]
        color, text = wanted if isinstance(wanted, tuple) else (wanted, item[name])
        assert item["badges"][name] == {"text": text, "color": color}, number


def test_7_4_the_badge_of_reuse(made: Made) -> None:
    reused = [item for item in made.items(made.second) if item["provision_reused"]]
    assert reused
    assert all(item["badges"]["provision_reused"] == {"text": "reused", "color": "cyan"} for item in reused)
    assert not [item for item in made.items(made.first) if "provision_reused" in item["badges"]]


# --- 8: orders


def test_8_1_runs_are_listed_newest_first(made: Made) -> None:
    started = [run["started_at"] for run in made.get("")["runs"]]
    assert started == sorted(started, reverse=True)


def test_8_2_items_that_need_somebody_are_listed_first(made: Made) -> None:
    def rank(item: dict[str, Any]) -> int:
        return 0 if item["current_stage"] != "done" else 1 if item["access_status"] in ("broken", "degraded") else 2

    for run_id in (made.first, made.second, made.waiting):
        items = made.items(run_id)
        assert [rank(item) for item in items] == sorted(rank(item) for item in items)
        for one, other in pairwise(items):
            assert rank(one) < rank(other) or one["updated_at"] >= other["updated_at"]


# --- 9, 11: what the handler and the page may rely on


def test_9_1_lists_have_no_large_objects(made: Made) -> None:
    for item in made.items(made.first):
        assert not {"capability_profile", "events", "raw_models"} & set(item)
        assert {name for name in item if isinstance(item[name], dict)} <= {"badges", "billing", "speed", "evidence"}


def test_9_2_the_detail_alone_has_profile_and_events(made: Made) -> None:
    assert {"capability_profile", "events"} <= set(made.detail(made.first, "healthy"))


def test_9_3_nothing_of_an_earlier_system_is_shown(made: Made) -> None:
    assert "legacy" not in text_of([made.get(""), made.items(made.first), made.detail(made.first, "healthy")])


def test_9_4_every_warning_is_a_text_of_the_projection(made: Made) -> None:
    assert made.detail(made.first, "chat_only")["advisory_messages"][0] == (
        "该上游不支持 /v1/responses，系统已自动回退到 /v1/chat/completions"
    )


def test_9_5_what_was_reused_is_said(made: Made) -> None:
    before, after = made.detail(made.first, "healthy"), made.detail(made.second, "healthy")
    assert (before["provision_reused"], before["reused_from_account_id"], before["reused_from_provider_id"]) == (
        False, None, None,
    )  # fmt: skip
    assert (after["provision_reused"], after["reused_from_account_id"], after["reused_from_provider_id"]) == (
        True, before["account_id"], before["provider_id"],
    )  # fmt: skip


def test_9_6_state_and_resolution_of_the_account_are_said(made: Made) -> None:
    before, after = made.detail(made.first, "healthy"), made.detail(made.second, "healthy")
    assert (before["matched_account_state"], before["account_resolution"]) == (None, "created")
    assert (after["matched_account_state"], after["account_resolution"]) == ("active", "reused")
    dead = made.detail(made.second, "dead_key")
    assert (dead["matched_account_state"], dead["account_resolution"], dead["account_id"]) == (None, None, None)


def test_11_1_what_an_access_mode_needs_is_demanded(made: Made) -> None:
    items = [{"base_url": "https://h.example.com", "api_key": KEY}]
    for mode, needed in (("subscription", "subscription_users"), ("self_service", "probe_api_key")):
        status, body = made.service.raw("POST", RUNS, {"access_mode": mode, "items": items})
        assert (status, body["error"]["message"]) == (400, f"{needed} is required when access_mode={mode}")


def test_11_2_the_list_of_runs_is_paged_stably(made: Made) -> None:
    first = made.get("", limit="2")
    made.service.clock.shift(60)
    items = [{"base_url": "https://h.example.com", "api_key": KEY}]
    newer = made.service.call("POST", RUNS, _request(items))["run_id"]
    rest = made.get("", limit="200", cursor=first["next_cursor"])["runs"]
    walked = [run["run_id"] for run in [*first["runs"], *rest]]
    assert len(set(walked)) == len(walked)
    assert {made.first, made.second, made.waiting} <= set(walked)
    assert newer not in walked
    made.service.call("POST", f"{RUNS}/{newer}/cancel")


def test_11_3_an_item_shows_capability_and_history(made: Made) -> None:
    detail = made.detail(made.first, "chat_only")
    transport = detail["capability_profile"]["transport_profile"]
    assert (transport["supports_openai_chat_completions"], transport["supports_openai_responses"]) == (True, False)
    times = [event["created_at"] for event in detail["events"]]
    assert times == sorted(times)
    assert detail["events"][-1]["event_type"] == "access_decided"


def test_11_4_what_went_wrong_is_explained_without_the_host(made: Made) -> None:
    box = made.service.box
    made.service.aws.put_host("http://127.0.0.1:9", "sk-test-admin")
    bootstrap.cache_clear()
    for relay in ("dead_key", "error_200"):
        detail = made.detail(made.first, relay)
        assert all(detail[name] for name in ("last_error", "last_error_stage", "last_error_code", "advice"))
    made.service.aws.put_host(box.host_url, box.admin_key)
    bootstrap.cache_clear()
