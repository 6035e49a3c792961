"""The API handler: routes, schemas, roles, and errors that name the place and store nothing.

See docs/design.md#3-http-api.
"""

import base64
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import boto3
import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.bootstrap import bootstrap
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.http_api import routing

from tests.conftest import api_event
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of
from tests.support.refusals import refused

EVENTS = Path(__file__).parents[2] / "events"
RUNS = "/api/batch-import/runs"
KEY = "sk-test-0000000000000001"
ITEM = {"base_url": "https://relay.example.com/v1", "api_key": KEY}
BODY = {"access_mode": "subscription", "subscription_users": ["a@example.com"], "items": [ITEM]}


class Answered:
    """One answer of the handler."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.status = response["statusCode"]
        self.headers = {
            **{name: values[0] for name, values in response.get("multiValueHeaders", {}).items()},
            **response.get("headers", {}),
        }
        self.text = response.get("body") or ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str, str]:
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message"}
        return self.status, self.json["error"]["code"], self.json["error"]["message"]


def call(
    method: str, path: str, body: Any = None, *, role: str = "operator", query: Any = None, **headers: str
) -> Answered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(handler_of("api")(api_event(method, path, body, role, query, named), Context()))


def post(body: Any, **more: Any) -> Answered:
    return call("POST", RUNS, body, **more)


def stored() -> int:
    client = boto3.client("dynamodb")
    return sum(client.scan(TableName=name, Select="COUNT")["Count"] for name in client.list_tables()["TableNames"])


def queued(aws: Aws) -> int:
    sqs = boto3.client("sqs")
    urls = [aws.environment[name] for name in ("IMPORT_QUEUE_URL", "CONFIRM_QUEUE_URL", "VALIDATE_QUEUE_URL")]
    names = ["ApproximateNumberOfMessages"]
    return sum(
        int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]]) for url in urls
    )


def with_item(**fields: Any) -> dict[str, Any]:
    """Seven items; the last one has these fields."""
    return {**BODY, "items": [ITEM] * 6 + [{**ITEM, **fields}]}


# --- creating


def test_the_event_for_sam_local_invoke_creates_a_run_as_the_schema_says(aws: Aws) -> None:
    answer = Answered(handler_of("api")(json.loads((EVENTS / "api.json").read_text()), Context()))
    assert answer.status == 202
    run_id = answer.json["run_id"]
    assert answer.json == {
        "run_id": run_id, "state": "running", "result_page": f"/batch-import/runs/{run_id}", "total_items": 2,
        "active_items": 0, "degraded_items": 0, "broken_items": 0, "warning_items": 0,
    }  # fmt: skip
    assert queued(aws) == 1


BAD: dict[str, tuple[Any, str]] = {
    "malformed": ("{", "the body is not valid JSON"),
    "empty": ("", ""),
    "no object": ("[]", ""),
    "unknown field": ({**BODY, "subscripton_users": []}, "unknown field; did you mean subscription_users?"),
    "unknown field of an item": (with_item(key="x"), "items[6]: unknown field"),
    "no subscription users": (
        {**BODY, "subscription_users": []}, "subscription_users is required when access_mode=subscription"),
    "no probe key": (
        {"access_mode": "self_service", "items": [ITEM]}, "probe_api_key is required when access_mode=self_service"),
    "no access mode": ({"items": [ITEM]}, "access_mode: "),
    "no items": ({**BODY, "items": []}, "items: "),
    "10,001 items": ({**BODY, "items": [ITEM] * 10_001}, "items: "),
    "bad URL in item 7": (with_item(base_url="ftp://relay.example.com"), "items[6].base_url: base_url must start with"),
    "credentials in a URL": (with_item(base_url=f"https://u:{KEY}@h"), "items[6].base_url: "),
    "key with spaces": (with_item(api_key="two words"), "items[6].api_key: "),
    "wrong mode": ({**BODY, "mode": "confirmed_active"}, "mode: "),
    "days": ({**BODY, "subscription_days": 0}, "subscription_days: "),
    "wait": ({**BODY, "confirm_timeout_ms": 20_001}, "confirm_timeout_ms: "),
    "lone surrogate": (json.dumps(with_item(base_url="https://h/\ud800")), "items[6].base_url: "),
}  # fmt: skip


def test_bad_requests_are_told_by_place_and_nothing_is_stored(aws: Aws) -> None:
    for name, (body, place) in BAD.items():
        status, code, message = post(body).error
        assert (status, code) == (400, "invalid_request"), name
        assert place in message, name
        assert KEY not in message, name
    assert (stored(), queued(aws)) == (0, 0)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", "application/json; charset=UTF-8", "APPLICATION/JSON ;x=y", None]
)
def test_json_is_read_however_its_media_type_is_written(aws: Aws, kind: str | None) -> None:
    assert post_as(kind, json.dumps(BODY)).status == 202


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/xml", "/"],
)
def test_other_media_types_are_refused_and_nothing_is_quoted(aws: Aws, kind: str) -> None:
    answer = post_as(kind, json.dumps(BODY))
    assert answer.error[:2] == (415, "unsupported_media_type")
    assert "application/json" in answer.error[2]
    assert not quoted(answer)


def post_as(kind: str | None, body: str) -> "Answered":
    event = api_event("POST", RUNS, body, "operator", None, {})
    for headers in (event["headers"], event["multiValueHeaders"]):
        headers.pop("Content-Type")
    if kind is not None:
        event["headers"]["content-type"], event["multiValueHeaders"]["content-type"] = kind, [kind]
    return Answered(handler_of("api")(event, Context()))


WORDS = ("zebra-1", "zebra-2", "zebra-3")


def quoted(answer: "Answered") -> list[str]:
    return [word for word in (*WORDS, KEY, ITEM["base_url"]) if word in json.dumps(answer.json)]


@pytest.mark.parametrize(
    "body",
    [
        {**BODY, WORDS[0]: WORDS[1]},
        {**BODY, KEY: [KEY]},
        with_item(**{WORDS[0]: 1, KEY: KEY}),
        {**BODY, "mode": WORDS[0], "access_mode": WORDS[1], "reactivate": KEY, "items": [{WORDS[2]: KEY}]},
        {**BODY, "subscription_days": KEY, "confirm_timeout_ms": WORDS[0], "items": WORDS[1]},
        with_item(base_url=KEY, api_key=[WORDS[0]], requested_models=WORDS[1]),
        with_item(base_url=f"https://{WORDS[0]}:{KEY}@relay.example.com", api_key=" \u0000"),
        json.dumps(BODY)[:-1] + KEY,
        json.dumps(KEY),
        [KEY],
        KEY,
    ],
)
def test_an_error_quotes_nothing_that_was_sent(aws: Aws, body: Any) -> None:
    answer = post(body)
    assert answer.status == 400
    assert not quoted(answer)


def test_a_path_and_a_query_are_not_quoted_either(aws: Aws) -> None:
    for answer in (
        call("GET", f"{RUNS}/{WORDS[0]}"),
        call("GET", f"{RUNS}/run_{WORDS[0]}/items/item_{WORDS[1]}"),
        call("POST", f"{RUNS}/run_{WORDS[0]}/cancel"),
        call("GET", f"/api/{WORDS[0]}"),
        call("GET", RUNS, query={"state": WORDS[0], "limit": WORDS[1]}),
    ):
        assert answer.status in (400, 404)
        assert not quoted(answer)


def test_a_host_that_is_no_host_is_a_bad_request(aws: Aws) -> None:
    assert post(with_item(base_url="https://relay%3A8080/v1")).status == 400


def test_deeply_nested_json_is_a_bad_request(aws: Aws) -> None:
    assert post("[" * 100_000).error[:2] == (400, "invalid_request")


def test_a_body_that_is_not_utf_8_is_a_bad_request(aws: Aws) -> None:
    event = api_event("POST", RUNS, base64.b64encode(b'{"mode": "\xff"}').decode(), "operator", None, {})
    assert Answered(handler_of("api")({**event, "isBase64Encoded": True}, Context())).status == 400


def test_many_faults_are_told_in_short(aws: Aws) -> None:
    _, _, message = post({**BODY, "items": [{**ITEM, "api_key": ""}] * 100}).error
    assert message.count("api_key") == 5
    assert message.endswith("(and 95 more)")


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(aws: Aws) -> None:
    status, code, message = post("x" * (5 * 1024 * 1024 + 1)).error
    assert (status, code) == (413, "too_large")
    assert "5 MiB" in message
    assert stored() == 0


def test_ten_thousand_items_are_accepted_and_expanded_later(aws: Aws) -> None:
    items = [{"base_url": f"https://r{n}.example.com/v1", "api_key": f"{KEY}{n:05d}"} for n in range(10_000)]
    call("GET", "/api/health")  # the handler is loaded before the clock starts
    body = json.dumps({**BODY, "items": items})
    begun = time.perf_counter()
    answer = post(body)
    print(f"10,000 items accepted in {time.perf_counter() - begun:.2f} s")
    assert (answer.status, answer.json["total_items"]) == (202, 10_000)
    assert queued(aws) == 1
    assert call("GET", f"{RUNS}/{answer.json['run_id']}").json["run"]["total_items"] == 10_000


LONG_NAMES = ["".join(chr(0x4E00 + (n * 7919 + k * 104_729) % 20_000) for k in range(200)) for n in range(50)]


@pytest.mark.parametrize("repeated", [False, True], ids=["many providers", "the same pair"])
def test_a_list_of_long_chinese_model_names_is_stored_and_more_than_a_row_takes_is_refused(
    aws: Aws, repeated: bool
) -> None:
    items = [
        {
            "base_url": f"https://r{0 if repeated else n}.example.com",
            "api_key": KEY,
            "requested_models": [f"{n}{name}"[:200] for name in LONG_NAMES],
        }
        for n in range(40)
    ]
    assert post({**BODY, "items": items}).status == (400 if repeated else 202)


# --- Idempotency-Key


@pytest.mark.parametrize("header", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_the_same_request_under_one_key_is_one_run(aws: Aws, header: str) -> None:
    first, again = (post(BODY, **{header: "list-1"}) for _ in range(2))
    assert first.json["run_id"] == again.json["run_id"]
    assert len(call("GET", RUNS).json["runs"]) == 1


def test_another_request_under_the_same_key_is_a_conflict(aws: Aws) -> None:
    post(BODY, Idempotency_Key="list-1")
    before = stored()
    assert post({**BODY, "mode": "strict"}, Idempotency_Key="list-1").error[:2] == (409, "conflict")
    assert stored() == before


def test_without_a_key_or_with_another_each_call_is_a_run(aws: Aws) -> None:
    answers = [post(BODY), post(BODY), post(BODY, Idempotency_Key="a"), post(BODY, Idempotency_Key="b")]
    assert len({answer.json["run_id"] for answer in answers}) == 4


@pytest.mark.parametrize("key", ["", "x" * 129, "two words", "schlüssel"])
def test_a_key_that_is_none_is_refused(aws: Aws, key: str) -> None:
    assert post(BODY, Idempotency_Key=key).error[:2] == (400, "invalid_request")
    assert stored() == 0


# --- reading


@pytest.fixture
def run_id(aws: Aws) -> str:
    """A run of four items, of which the last has ended."""
    items = [{"base_url": f"https://r{n}.example.com", "api_key": f"{KEY}-{n}"} for n in range(4)]
    made = str(post({**BODY, "items": items}).json["run_id"])
    parts = bootstrap()
    item, run = parts.items.get(made, "item_00004"), parts.runs.get(made)
    assert item is not None
    assert run is not None
    changes = {
        "current_stage": ItemStage.DONE,
        "access_status": AccessStatus.BROKEN,
        "matched_account_state": "disabled",
        "account_resolution": "reactivated",
        "last_error_code": "auth_failed",
        "has_warning": True,
    }
    parts.items.transition(item, changes)
    parts.progress.publish()
    return made


def test_the_five_routes_answer_with_their_schemas(run_id: str) -> None:
    [run] = call("GET", RUNS).json["runs"]
    detail = call("GET", f"{RUNS}/{run_id}").json
    items = call("GET", f"{RUNS}/{run_id}/items").json
    item = call("GET", f"{RUNS}/{run_id}/items/item_00004").json
    assert run == detail["run"]
    assert (run["run_id"], run["broken_items"], run["warning_items"], run["finished_at"]) == (run_id, 1, 1, None)
    assert len(detail["recent_warnings"]) == 1
    assert (len(items["items"]), items["next_cursor"]) == (4, None)
    assert items["items"][-1]["item_id"] == item["item_id"] == "item_00004"
    assert items["items"][-1].items() <= item.items()
    assert [(cause["code"], cause["broken_items"]) for cause in detail["causes"]] == [("auth_failed", 1)]
    assert items["matching_items"] == 4
    assert "events" in item
    assert "events" not in items["items"][0]


FILTERED: list[tuple[dict[str, str], list[str]]] = [
    ({"matched_account_state": "disabled"}, ["item_00004"]),
    ({"matched_account_state": "active"}, []),
    ({"account_resolution": "reactivated"}, ["item_00004"]),
    ({"account_resolution": "reused"}, []),
    ({"matched_account_state": "disabled", "account_resolution": "reactivated"}, ["item_00004"]),
    ({"access_status": "broken", "current_stage": "done"}, ["item_00004"]),
    ({"has_warning": "true"}, ["item_00004"]),
    ({"has_failed": "true", "code": "auth_failed"}, ["item_00004"]),
    ({"has_failed": "true", "code": "unreachable"}, []),
    ({"has_warning": "false", "q": "r1.example"}, ["item_00002"]),
    ({"confirmation_status": "confirmed"}, []),
    ({"current_stage": "probe", "limit": "200", "q": "item_00003"}, ["item_00003"]),
]


def test_items_are_filtered(run_id: str) -> None:
    for query, found in FILTERED:
        items = call("GET", f"{RUNS}/{run_id}/items", query=query).json["items"]
        assert [item["item_id"] for item in items] == found, query


REFUSED_QUERIES = [
    (RUNS, {"state": "warning"}),
    (RUNS, {"state": "confirmed_active"}),
    (RUNS, {"access_mode": "free"}),
    (RUNS, {"limit": "0"}),
    (RUNS, {"limit": "201"}),
    (RUNS, {"limit": "many"}),
    (RUNS, {"cursor": "damaged"}),
    (RUNS, {"q": "x" * 201}),
    ("items", {"current_stage": "Done"}),
    ("items", {"confirmation_status": "ok"}),
    ("items", {"access_status": "confirmed_active"}),
    ("items", {"has_warning": "maybe"}),
    ("items", {"matched_account_state": "expired"}),
    ("items", {"account_resolution": "replace"}),
    ("items", {"cursor": "bnVsbA"}),
    ("items", {"limit": "-1"}),
]


@pytest.mark.parametrize(
    ("secret", "panel"),
    [
        ({"base_url": "http://10.0.0.5:8080/gate/"}, "http://10.0.0.5:8080/gate"),
        ({"base_url": "http://10.0.0.5:8080", "panel_url": "https://name:word@panel.example.com"},
         "https://panel.example.com"),
        ({"base_url": "javascript:alert(1)"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_an_item_links_to_the_lists_of_the_hosts_panel(
    aws: Aws, run_id: str, secret: dict[str, str], panel: str | None
) -> None:
    secrets = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId=aws.environment["HOST_SECRET_ID"], SecretString=json.dumps(secret))
    bootstrap.cache_clear()  # it keeps secrets for a while
    links = call("GET", f"{RUNS}/{run_id}/items/item_00004").json["panel"]
    lists = ("accounts", "groups", "channels")
    assert links == (panel and {name: f"{panel}/admin/{name}" for name in lists})


def test_an_item_is_shown_without_links_where_the_hosts_secret_cannot_be_read(aws: Aws, run_id: str) -> None:
    boto3.client("secretsmanager").delete_secret(
        SecretId=aws.environment["HOST_SECRET_ID"], ForceDeleteWithoutRecovery=True
    )
    bootstrap.cache_clear()
    answer = call("GET", f"{RUNS}/{run_id}/items/item_00004")
    assert (answer.status, answer.json["panel"]) == (200, None)


def test_a_query_outside_the_vocabulary_is_refused_by_name(run_id: str) -> None:
    for path, query in REFUSED_QUERIES:
        answer = call("GET", RUNS if path == RUNS else f"{RUNS}/{run_id}/items", query=query)
        status, code, message = answer.error
        assert (status, code) == (400, "invalid_request"), query
        assert next(iter(query)) in message, query


def test_pages_lead_to_each_other_and_a_cursor_to_its_own_list(run_id: str) -> None:
    first = call("GET", f"{RUNS}/{run_id}/items", query={"limit": "3"}).json
    rest = call("GET", f"{RUNS}/{run_id}/items", query={"limit": "3", "cursor": first["next_cursor"]}).json
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)
    foreign = {"cursor": first["next_cursor"]}
    another_run = post({**BODY, "items": [ITEM, {**ITEM, "api_key": f"{KEY}-2"}]}).json["run_id"]
    for path, query in (
        (f"{RUNS}/{run_id}/items", {**foreign, "has_warning": "true"}),
        (f"{RUNS}/{another_run}/items", foreign),
        (f"{RUNS}/{run_id}/export", foreign),
        (RUNS, foreign),
    ):
        assert call("GET", path, query=query).error[:2] == (400, "invalid_request"), path


def test_texts_are_chinese_unless_english_is_asked_for(run_id: str) -> None:
    for header, text in (
        ("", "已快速启用"),
        ("zh-CN", "已快速启用"),
        ("en-GB,en;q=0.9", "已快速启用 reactivated"),
        ("fr", "已快速启用"),
    ):
        headers = {"Accept_Language": header} if header else {}
        item = call("GET", f"{RUNS}/{run_id}/items/item_00004", **headers).json
        assert item["badges"]["account_resolution"]["text"] == text


NOWHERE = [
    f"{RUNS}/run_nowhere",
    f"{RUNS}/run_nowhere/items",
    f"{RUNS}/run_nowhere/items/item_00001",
    f"{RUNS}/lease",
    f"{RUNS}/lease/items",
    "/api/batch-import",
    "/api/nothing",
    "/",
]
METHODS = [
    ("DELETE", RUNS, "GET, POST"),
    ("PUT", f"{RUNS}/run_1", "GET"),
    ("POST", f"{RUNS}/run_1/items", "GET"),
    ("PATCH", f"{RUNS}/run_1/items/item_00001", "GET"),
    ("GET", f"{RUNS}/run_1/cancel", "POST"),
    ("POST", "/api/health", "GET"),
    ("POST", "/batch-import", "GET"),
]


def test_what_is_not_there_is_not_found(aws: Aws) -> None:
    for path in NOWHERE:
        assert call("GET", path).error[:2] == (404, "not_found"), path


def test_rows_that_are_no_items_cannot_be_read(run_id: str) -> None:
    for name in ("item_00009", "secret", "profile"):
        assert call("GET", f"{RUNS}/{run_id}/items/{name}").error[:2] == (404, "not_found")


def test_a_wrong_method_is_told_the_right_ones(aws: Aws) -> None:
    for method, path, allowed in METHODS:
        answer = call(method, path)
        assert answer.error[:2] == (405, "method_not_allowed"), path
        assert answer.headers["Allow"] == allowed


# --- cancel, roles, health, page


def test_a_run_is_cancelled_and_again_is_harmless(run_id: str) -> None:
    for _ in range(2):
        answer = call("POST", f"{RUNS}/{run_id}/cancel")
        assert (answer.status, answer.json["state"]) == (200, "cancelled")
    assert [run["run_id"] for run in call("GET", RUNS, query={"state": "cancelled"}).json["runs"]] == [run_id]


def test_what_has_ended_or_is_not_there_cannot_be_cancelled(aws: Aws) -> None:
    made = post(BODY).json["run_id"]
    parts = bootstrap()
    item, run = parts.items.get(made, "item_00001"), parts.runs.get(made)
    assert item is not None
    assert run is not None
    ended = {"current_stage": ItemStage.DONE, "access_status": AccessStatus.ACTIVE}
    parts.items.transition(item, ended)
    assert parts.progress.publish() == 1
    assert call("POST", f"{RUNS}/{made}/cancel").error[:2] == (409, "conflict")
    assert call("POST", f"{RUNS}/run_nowhere/cancel").error[:2] == (404, "not_found")


@pytest.mark.parametrize("role", ["viewer", "", "admin"])
def test_only_an_operator_may_write(run_id: str, role: str) -> None:
    before = stored()
    assert post(BODY, role=role).error[:2] == (403, "forbidden")
    assert call("POST", f"{RUNS}/{run_id}/cancel", role=role).error[:2] == (403, "forbidden")
    assert stored() == before


def test_a_viewer_may_read(run_id: str) -> None:
    for path in (
        RUNS,
        f"{RUNS}/{run_id}",
        f"{RUNS}/{run_id}/items",
        f"{RUNS}/{run_id}/items/item_00001",
        "/api/health",
    ):
        assert call("GET", path, role="viewer").status == 200


def test_health_says_whether_the_host_is_reachable(aws: Aws, box: Any) -> None:
    assert call("GET", "/api/health").json["status"] == "degraded"
    aws.put_host(box.host_url, box.admin_key)
    bootstrap.cache_clear()
    health = call("GET", "/api/health").json
    assert (health["status"], health["host"]["reachable"], health["host"]["version"]) == ("ok", True, "0.1.179")


@pytest.mark.parametrize("path", ["/batch-import", "/batch-import/runs/run_1"])
def test_the_page_is_served_with_a_policy_that_lets_nothing_foreign_in(aws: Aws, path: str) -> None:
    answer = call("GET", path, role="")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_only_the_pages_own_files_are_served(aws: Aws) -> None:
    for name in ("../app.py", "..%2fapp.py", "app.py", ".env", "nothing.js"):
        assert call("GET", f"/batch-import/assets/any/{name}").status == 404


@pytest.mark.parametrize("path", ["/batch-import", "/batch-import/models", "/batch-import/runs/run_1"])
def test_browsers_keep_the_files_of_the_page_and_ask_for_the_page_each_time(aws: Aws, path: str) -> None:
    page = call("GET", path, role="")
    assert page.headers["Cache-Control"] == "no-cache"
    addresses = [urljoin(path, name) for name in re.findall(r'(?:href|src)="([^"#]+)"', page.text)]
    assert len(addresses) == 4
    for address in addresses:
        kept = call("GET", address, role="")
        assert (kept.status, kept.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert kept.headers["Vary"] == "Accept-Encoding"
        folder, name = address.rsplit("/", 1)
        other = call("GET", f"{folder.rpartition('/')[0]}/0123456789abcdef/{name}", role="")
        assert (other.status, other.headers["Cache-Control"], other.text) == (200, "no-cache", kept.text)


def test_the_address_of_all_files_changes_with_each_of_them(tmp_path: Path) -> None:
    def address(name: str, **files: str) -> str | None:
        folder = tmp_path / name
        folder.mkdir()
        for stem, text in {"index": "{{assets}}", **files}.items():
            (folder / f"{stem}.html").write_text(text)
        return routing.page(folder, "/batch-import").body

    first = address("first", a="1", b="2")
    assert address("same", a="1", b="2") == first
    others = {address("changed", a="1", b="3"), address("named", a="1", c="2"), address("swapped", a="2", b="1")}
    assert len(others | {first}) == 4


def test_no_key_is_in_any_answer(aws: Aws) -> None:
    probe = "sk-canary-probe-00000001"
    body = {"access_mode": "self_service", "probe_api_key": probe, "items": [ITEM]}
    made = post(body, Idempotency_Key="canary")
    run = made.json["run_id"]
    texts = [
        made.text,
        post({**body, "mode": "x"}).text,
        post({**body, "mode": "strict"}, Idempotency_Key="canary").text,
    ]
    texts += [call("GET", path).text for path in (RUNS, f"{RUNS}/{run}", f"{RUNS}/{run}/items",
                                                  f"{RUNS}/{run}/items/item_00001")]  # fmt: skip
    assert not [text for text in texts if KEY in text or probe in text]


def test_what_goes_wrong_inside_is_told_without_its_reason(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError(f"secret {KEY}")

    monkeypatch.setattr(type(bootstrap().listing), "runs", broken)
    status, code, message = call("GET", RUNS).error
    assert (status, code) == (500, "internal_error")
    assert KEY not in message


@pytest.mark.parametrize("error", [refused("ThrottlingException"), OutOfTime(), OSError("a mistake")])
def test_tables_that_do_not_answer_are_told_with_when_to_ask_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def throttled(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(type(bootstrap().listing), "runs", throttled)
    answer = call("GET", RUNS)
    told = (answer.status, answer.headers.get("Retry-After"), answer.error[1])
    assert told == ((500, None, "internal_error") if isinstance(error, OSError) else (503, "5", "internal_error"))
