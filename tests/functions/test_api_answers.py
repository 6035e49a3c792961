"""What a client developer may build on: headers, idempotency, customers who are checked (docs/design.md#3-http-api)."""

import importlib
import json
import socket
import time
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from batch_import.aws.retries import TRY_SECONDS, ending
from batch_import.bootstrap import bootstrap
from batch_import.domain import contract as api
from batch_import.domain import errors
from batch_import.domain.projection import ResultProjection

from tests.conftest import CUSTOMER_KEY, Service, seed
from tests.functions.test_api import BODY, RUNS, call, post, stored
from tests.support.aws import Aws
from tests.support.documents import openapi
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


def test_a_run_that_is_accepted_is_answered_before_time_runs_out(service: Service) -> None:
    begun = time.monotonic()
    with ending(2 * TRY_SECONDS + 0.5):
        answer = post({**BODY, "subscription_users": ["customer@example.com"], "confirm_timeout_ms": 20_000})
    assert (answer.status, answer.json["state"]) == (202, "running")
    assert time.monotonic() - begun < TRY_SECONDS


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
    assert message.endswith("sub2api 中没有该用户（另有 20 处）")
    assert post({**BODY, "subscription_users": [users[0], users[2], users[3]]}).status == 202


def test_a_thousand_customers_are_checked_in_three_seconds(service: Service) -> None:
    begun = time.monotonic()
    answer = post({**BODY, "subscription_users": ["customer@example.com"] * 1_000})
    assert time.monotonic() - begun < 8
    assert answer.status == 202


def test_a_host_that_does_not_answer_delays_a_run_by_three_seconds_only(aws: Aws) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        aws.put_host(f"http://127.0.0.1:{silent.getsockname()[1]}", "sk-test-admin")
        bootstrap.cache_clear()
        begun = time.monotonic()
        assert post(BODY).status == 202
        assert time.monotonic() - begun < 8  # a call to the host may take 15 s


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
        "Nobody has got access: the account works, but sub2api knows none of the subscription users. "
        "Create them, then import again",
        "No access given: sub2api has no user user0@example.com, user1@example.com, user2@example.com, "
        "user3@example.com, user4@example.com (+2)",
    ]
    assert service.run(run_id)["run"]["state"] == "completed_with_warnings"


# --- the item


def test_what_was_reused_is_told_where_something_was_reused() -> None:
    show = ResultProjection("en")
    repaired = rows.item(account_resolution="replaced", provision_reused=False, reused_from_account_id=4)
    detail = show.item_detail(repaired, rows.profile(), [], None)
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


# --- headers

EVERYWHERE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Request-Id": "r-1",
    "Vary": "Accept-Language, Accept-Encoding",
}


def test_every_answer_of_the_api_has_the_same_headers(aws: Aws) -> None:
    made = post(BODY)
    run = f"{RUNS}/{made.json['run_id']}"
    answers = [made, post("{"), post(BODY, role="viewer"), call("PUT", RUNS), call("GET", "/api/nothing")]
    answers += [call("GET", path) for path in (RUNS, run, f"{run}/items", f"{run}/items/item_00001", "/api/health")]
    answers += [call("GET", RUNS, query={"page": "1"}), call("GET", f"{RUNS}/run_x"), call("POST", f"{run}/retry")]
    for answer in answers:
        assert answer.headers.items() >= EVERYWHERE.items()
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Language"] in ("zh", "en")


def test_the_page_has_the_headers_of_security_and_is_checked_again_each_time(aws: Aws) -> None:
    page = call("GET", "/batch-import", role="")
    wanted = {
        name: EVERYWHERE[name] for name in ("X-Content-Type-Options", "Strict-Transport-Security", "X-Request-Id")
    }
    assert page.headers.items() >= {**wanted, "Cache-Control": "no-cache"}.items()


def test_the_log_has_the_requests_id(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    call("GET", RUNS)
    [record] = [record for record in caplog.records if record.message == "answered"]
    formatter = importlib.import_module("functions.api.app").logger.registered_formatter
    assert json.loads(formatter.format(record))["request_id"] == "r-1"


def test_an_answer_without_news_is_a_304_without_a_body(aws: Aws) -> None:
    made = post(BODY).json["run_id"]
    run = f"{RUNS}/{made}"
    for path in (RUNS, run, f"{run}/items", f"{run}/items/item_00001"):
        first = call("GET", path)
        etag = first.headers["ETag"]
        for sent in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
            again = call("GET", path, If_None_Match=sent)
            assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
            assert again.headers["Cache-Control"] == "no-store"
            assert "Content-Type" not in again.headers
        assert call("GET", path, If_None_Match='W/"x"').status == 200
        assert call("GET", path, If_None_Match=etag, Accept_Language="en").headers["Content-Language"] == "en"
    before = call("GET", run).headers["ETag"]
    call("POST", f"{run}/cancel")
    assert call("GET", run, If_None_Match=before).status == 200
    assert "ETag" not in call("GET", f"{RUNS}/run_x").headers


def test_a_new_run_is_found_where_its_location_says(aws: Aws) -> None:
    made = post(BODY)
    address = urljoin(f"https://h/v1{RUNS}", made.headers["Location"])
    assert address == f"https://h/v1{RUNS}/{made.json['run_id']}"
    assert call("GET", urlsplit(address).path.removeprefix("/v1")).status == 200
    assert int(made.headers["Retry-After"]) > 0


def test_texts_are_not_escaped(service: Service) -> None:
    run_id, _ = service.import_([{"base_url": service.box.relay("chat_only"), "api_key": "sk-test-0000000000000001"}])
    answer = call("GET", f"{RUNS}/{run_id}/items")
    assert "该上游不支持" in answer.text
    assert "\\u" not in answer.text


def test_the_document_is_served_as_it_is_committed(aws: Aws) -> None:
    answer = call("GET", "/api/openapi.json", role="viewer")
    assert answer.json == openapi()


def test_every_code_of_an_error_is_in_the_document() -> None:
    def below(kind: type[errors.BatchImportError]) -> set[str]:
        return {kind.code}.union(*map(below, kind.__subclasses__()))

    assert below(errors.BatchImportError) <= set(api.ErrorCode)


# --- users and groups of the host


def test_an_operator_finds_users_and_groups_of_the_host(service: Service) -> None:
    seed(service.box, "second@example.com", "sk-second-00000000000001")
    users = "/api/batch-import/host/users"
    found = call("GET", users, query={"q": "SECOND"}).json
    assert ([user["email"] for user in found["users"]], found["has_more"]) == (["second@example.com"], False)
    assert call("GET", users, query={"q": CUSTOMER_KEY[:12]}).json["users"] == []  # the host's search reads keys
    assert len(call("GET", users).json["users"]) >= 2
    service.import_([{"base_url": service.box.relay("healthy"), "api_key": "sk-test-0000000000000001"}])
    groups = call("GET", "/api/batch-import/host/groups").json
    [ours] = [group for group in groups["groups"] if group["name"].endswith("-sub")]
    assert (ours["platform"], ours["subscription_type"], ours["is_active"]) == ("openai", "subscription", True)
    assert not [group for group in groups["groups"] if group["name"].startswith("batch-import-")]
    assert groups["group_count"] == len(groups["groups"])
    for path in (users, "/api/batch-import/host/groups"):
        assert call("GET", path, role="viewer").error[:2] == (403, "forbidden")


def test_a_host_that_is_not_there_has_no_users(aws: Aws) -> None:
    assert call("GET", "/api/batch-import/host/users", query={"q": "a"}).error[:2] == (502, "host_unavailable")


# --- runs and items say more


def test_a_run_says_what_it_was_made_of(aws: Aws) -> None:
    users = [f"user{n}@example.com" for n in range(30)]
    made = post({**BODY, "label": " Monday ", "subscription_users": users, "join_groups": ["pool"]}).json["run_id"]
    [listed] = call("GET", RUNS).json["runs"]
    detail = call("GET", f"{RUNS}/{made}").json["run"]
    assert (listed["label"], listed["source"], listed["created_by"]) == ("Monday", "items", "operator")
    assert (listed["retry_of"], listed["join_groups"], listed["join_group_count"]) == (None, ["pool"], 1)
    assert (listed["subscription_users"], listed["subscription_user_count"]) == (users[:20], 30)
    assert detail["subscription_users"] == users
    text = {"text": "https://h.example.com sk-test-0000000000000001", "items": []}
    assert post({**BODY, **text, "label": "x" * 200}).status == 202
    assert call("GET", RUNS).json["runs"][0]["source"] == "text"
    assert post({**BODY, "label": "x" * 201}).status == 400


def test_an_item_says_where_it_stood_in_the_list_and_when_it_last_changed(aws: Aws) -> None:
    items = [{**BODY["items"][0], "api_key": f"sk-test-{n:016d}"} for n in range(3)]
    made = post({**BODY, "items": items}).json["run_id"]
    found = call("GET", f"{RUNS}/{made}/items").json["items"]
    assert {item["item_id"]: item["position"] for item in found} == {f"item_{n:05d}": n for n in (1, 2, 3)}
    assert all(item["updated_at"].endswith("+00:00") for item in found)
