"""What a client developer may build on: headers, idempotency, customers who are checked (docs/design.md#3-http-api)."""

import socket
import time
from datetime import timedelta

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.projection import ResultProjection

from tests.conftest import Service, seed
from tests.functions.test_api import BODY, post, stored
from tests.support.aws import Aws
from tests.unit.domain import rows

# --- Idempotency-Key


def test_waiting_is_no_part_of_the_request_and_a_replay_says_so(service: Service) -> None:
    body = {**BODY, "subscription_users": ["customer@example.com"]}
    first = post(body, Idempotency_Key="a")
    again = post({**body, "confirm_timeout_ms": 1}, Idempotency_Key="a")
    assert first.json["run_id"] == again.json["run_id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_is_remembered_for_a_day_and_free_again_after_it(service: Service) -> None:
    body = {**BODY, "subscription_users": ["customer@example.com"]}
    first = post(body, Idempotency_Key="a").json["run_id"]
    service.clock.shift(timedelta(hours=23, minutes=59))
    assert post(body, Idempotency_Key="a").json["run_id"] == first
    service.clock.shift(timedelta(minutes=2))
    second = post({**body, "mode": "strict"}, Idempotency_Key="a")
    assert second.status == 202
    assert second.json["run_id"] != first
    assert post({**body, "mode": "strict"}, Idempotency_Key="a").json["run_id"] == second.json["run_id"]


# --- customers


def test_customers_whom_the_host_does_not_know_are_told_by_their_positions(service: Service) -> None:
    known = seed(service.box, "second@example.com", "sk-second-00000000000001")["user_id"]
    users = ["customer@example.com", "nobody@example.com", "CUSTOMER@example.com", str(known), "999999", "x"]
    before = stored()
    answer = post({**BODY, "subscription_users": users})
    assert answer.error == (
        400,
        "invalid_request",
        "subscription_users[1], subscription_users[4], subscription_users[5]: the host has no such user",
    )
    assert stored() == before
    message = post({**BODY, "subscription_users": ["no@example.com"] * 30}, Accept_Language="zh").error[2]
    assert message.endswith("宿主中没有该用户（另有 20 处）")
    assert post({**BODY, "subscription_users": [users[0], users[2], users[3]]}).status == 202


def test_a_thousand_customers_are_checked_in_three_seconds(service: Service) -> None:
    begun = time.monotonic()
    answer = post({**BODY, "subscription_users": ["customer@example.com"] * 1_000})
    assert time.monotonic() - begun < 4.5
    assert answer.status == 202


def test_a_host_that_does_not_answer_delays_a_run_by_three_seconds_only(aws: Aws) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        aws.put_host(f"http://127.0.0.1:{silent.getsockname()[1]}", "sk-test-admin")
        bootstrap.cache_clear()
        begun = time.monotonic()
        assert post(BODY).status == 202
        assert time.monotonic() - begun < 4


def test_a_replay_asks_the_host_nothing(service: Service) -> None:
    body = {**BODY, "subscription_users": ["customer@example.com"]}
    first = post(body, Idempotency_Key="a").json["run_id"]
    service.aws.put_host("http://127.0.0.1:9", "sk-test-admin")
    bootstrap.cache_clear()
    assert post(body, Idempotency_Key="a").json["run_id"] == first


def test_active_with_nobody_having_got_access_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host could not be asked when the run was made, so provision finds out."""
    monkeypatch.setattr("batch_import.http_api.use_cases.demand_known_customers", lambda *_: None)
    item = {"base_url": service.box.relay("healthy"), "api_key": "sk-test-0000000000000001"}
    users = [f"user{n}@example.com" for n in range(7)]
    run_id, [ended] = service.import_([item], subscription_users=users)
    assert ended["access_status"] == "active"
    assert ended["advisory_messages"] == [
        "nobody has got access: the account works, but the host knows none of the subscription_users",
        "the host has no user user0@example.com, user1@example.com, user2@example.com, user3@example.com, "
        "user4@example.com (+2)",
    ]
    assert service.run(run_id)["run"]["state"] == "completed_with_warnings"


# --- the item


def test_what_was_reused_is_told_where_something_was_reused() -> None:
    show = ResultProjection("en")
    repaired = rows.item(account_resolution="replaced", provision_reused=False, reused_from_account_id=4)
    detail = show.item_detail(repaired, rows.profile(), [])
    assert (detail.provision_reused, detail.reused_from_account_id, detail.reused_from_provider_id) == (
        False, None, None,
    )  # fmt: skip
    assert "provision_reused" not in detail.badges


def test_ids_of_events_ascend_in_time(service: Service) -> None:
    item = {"base_url": service.box.relay("healthy"), "api_key": "sk-test-0000000000000001"}
    run_id, _ = service.import_([item])
    events = service.item(run_id)["events"]
    assert len(events) > 5
    assert [e["event_id"] for e in events] == sorted({e["event_id"] for e in events})
    assert [e["created_at"] for e in events] == sorted(e["created_at"] for e in events)
