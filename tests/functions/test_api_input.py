"""Whatever is sent: a 4xx in the envelope that names the place, quotes nothing, and stores nothing.

See docs/design.md#32-requests-and-errors.
"""

import base64
import json
import sys
import time
from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.http_api.json_body import decode
from batch_import.http_api.languages import preferred

from tests.conftest import api_event
from tests.functions.test_api import BODY, ITEM, KEY, RUNS, Answered, call, post, queued, stored, with_item
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of

SOUND = json.dumps(BODY)


def sent(event: dict[str, Any]) -> Answered:
    return Answered(handler_of("api")(event, Context()))


def raw(body: str, **headers: str) -> Answered:
    event = api_event("POST", RUNS, body, "operator", None, {})
    for name, value in headers.items():
        event["headers"][name.replace("_", "-")] = value
        event["multiValueHeaders"][name.replace("_", "-")] = [value]
    return sent(event)


STRANGE_JSON = {
    "a name twice": SOUND[:-1] + ', "mode": "strict", "mode": "partial"}',
    "a name twice, further in": SOUND.replace('"api_key"', '"label": "zebra-1", "label": "zebra-2", "api_key"'),
    "NaN": SOUND[:-1] + ', "subscription_days": NaN}',
    "infinity": SOUND[:-1] + ', "subscription_days": -Infinity}',
    "a float beyond all": SOUND[:-1] + ', "subscription_days": 1e999}',
    "5,000 digits": SOUND[:-1] + f', "subscription_days": {"9" * 5000}}}',
    "5,000 digits behind the point": SOUND[:-1] + f', "subscription_days": 3.{"0" * 5000}}}',
    "arrays in arrays": SOUND[:-1] + f', "items": {"[" * 100_000}',
    "objects in objects": '{"mode":' * 100_000,
    "a lone surrogate": SOUND.replace("relay.example", "\\ud800relay.example"),
    "surrogates the wrong way round": SOUND[:-1] + ', "legacy_batch_id": "\\udc00\\ud800"}',
    "a surrogate in a name": SOUND[:-1] + ', "zebra-1\\udfff": 1}',
    "NUL": SOUND[:-1] + ', "legacy_batch_id": "zebra-1\\u0000"}',
    "NUL as it is": SOUND[:-1] + ', "legacy_batch_id": "zebra-1\x00"}',
    "a byte order mark": "\ufeff" + SOUND,
    "two values": SOUND + SOUND,
    "a comment": SOUND + "// zebra-1",
    "single quotes": "{'mode': 'partial'}",
    "a comma at the end": SOUND[:-1] + ",}",
    "a bare word": "zebra-1",
    "a string": '"zebra-1"',
    "a number": "12",
    "null": "null",
    "true": "true",
    "nothing": "",
    "spaces": "   ",
}


def test_json_that_can_be_read_in_two_ways_is_refused_and_nothing_is_quoted(aws: Aws) -> None:
    for name, body in STRANGE_JSON.items():
        answer = raw(body)
        assert answer.error[:2] == (400, "invalid_request"), name
        assert not [word for word in ("zebra", KEY, "relay.example") if word in answer.text], name
    assert (stored(), queued(aws)) == (0, 0)


def test_a_text_that_no_store_can_hold_is_told_by_its_place(aws: Aws) -> None:
    message = post(json.dumps(with_item(base_url="https://h/\ud800"))).error[2]
    assert message == "items[6].base_url: text must not have NUL or lone surrogates"


def test_pairs_of_surrogates_are_characters() -> None:
    assert decode('["\\ud83d\\ude00", "\\\\u0000", 1.5, -3, 1e5]') == ["😀", "\\u0000", 1.5, -3, 1e5]


def test_every_double_is_read_in_its_shortest_form() -> None:
    assert decode("[-2.2250738585072014e-308]") == [-sys.float_info.min]


def test_bodies_in_base64_that_are_no_text_are_refused(aws: Aws) -> None:
    for content in (b"\xff\xfe", b"\x1f\x8b\x08\x00", b"\x80abc"):
        event = api_event("POST", RUNS, base64.b64encode(content).decode(), "operator", None, {})
        assert sent({**event, "isBase64Encoded": True}).error[:2] == (400, "invalid_request")


def test_an_encoded_body_is_refused_as_a_media_type(aws: Aws) -> None:
    assert raw(SOUND, Content_Encoding="gzip").error[:2] == (415, "unsupported_media_type")


LOOSE = [
    {"subscription_days": "30"}, {"subscription_days": True}, {"subscription_days": 30.5},
    {"subscription_days": None}, {"subscription_days": [30]}, {"confirm_timeout_ms": "0"},
    {"confirm_timeout_ms": False}, {"mode": 1}, {"mode": None}, {"mode": ["partial"]}, {"mode": "Partial"},
    {"access_mode": True}, {"subscription_users": "a@example.com"}, {"subscription_users": {"a@example.com": 1}},
    {"subscription_users": [1]}, {"subscription_users": [""]}, {"subscription_users": [" "]},
    {"items": {}}, {"items": [None]}, {"items": ["https://h"]}, {"items": [[]]}, {"join_groups": [None]},
    {"items": [{**ITEM, "requested_models": "kimi"}]}, {"items": [{**ITEM, "requested_models": [7]}]},
    {"items": [{**ITEM, "api_key": 12345}]}, {"items": [{**ITEM, "base_url": None}]}, {"rows": [{"row": 1}]},
    {"legacy_batch_id": 7}, {"text": 7}, {"platform": "kimi"}, {"reactivate": "never"}, {"max_multiplier": "1"},
    {"max_multiplier": True}, {"max_multiplier": 0}, {"min_balance": -1}, {"min_balance": 2_000_000}, {"dry_run": 1},
    {"min_balance": sys.float_info.min}, {"max_multiplier": 0.000_000_9},
]  # fmt: skip


def test_types_are_strict(aws: Aws) -> None:
    for fields in LOOSE:
        answer = post({**BODY, **fields})
        assert answer.error[:2] == (400, "invalid_request"), fields
        assert next(iter(fields)) in answer.error[2], fields
    rows = {**BODY, "items": [], "text": "https://h.example.com sk-test-1"}
    for decision in ({"row": "1"}, {"row": True}, {"row": 1.5}, {"row": 1, "skip": "false"}, {"row": 1, "skip": 0}):
        assert post({**rows, "rows": [decision]}).status == 400, decision
    parse = "/api/batch-import/parse"
    assert call("POST", parse, {"text": "x", "check_host": "true"}).status == 400
    assert stored() == 0


def test_a_number_without_a_fraction_is_whole_however_it_is_written(aws: Aws) -> None:
    """As the document has it: to JSON Schema 30.0 is an integer."""
    for written in ("30", "30.0", "3e1", "0.3E+2"):
        assert raw(f'{SOUND[:-1]}, "subscription_days": {written}, "max_multiplier": {written}}}').status == 202
    [days] = {run.subscription_days for run in bootstrap().listing.runs({}, 10, None)[0]}
    assert (days, type(days)) == (30, int)


IDS = [
    "x", "run_", "run_x/", "lease", "counter", "run_" + "9" * 3000, "run_%00", "run_\u0000",
    "run_ 1", "run_1#secret",
    "run_..", "..", "run_\ud800", "run_一", "RUN_20260522_0001",
    "item_00009", "run_20260522_0001'--", "{run_id}", "%2F",
    "run_1\n", "null",
]  # fmt: skip


def test_an_id_of_any_length_or_form_is_not_found(aws: Aws) -> None:
    made = post(BODY).json["run_id"]
    for one in IDS:
        for method, path in (
            ("GET", f"{RUNS}/{one}"),
            ("GET", f"{RUNS}/{one}/items"),
            ("GET", f"{RUNS}/{one}/items/item_00001"),
            ("GET", f"{RUNS}/{one}/export"),
            ("POST", f"{RUNS}/{one}/cancel"),
            ("POST", f"{RUNS}/{one}/retry"),
            ("GET", f"{RUNS}/{made}/items/{one}"),
            ("GET", f"{RUNS}/{made}/items/{one.replace('run_', 'item_')}0"),
        ):
            assert call(method, path).error[:2] == (404, "not_found"), (method, path[:60])


def test_an_item_of_another_run_is_not_found(aws: Aws) -> None:
    post(BODY)
    assert call("GET", f"{RUNS}/run_nowhere/items/item_00001").error[2] == "there is no such run"


def test_the_role_comes_before_everything_that_costs_time(aws: Aws) -> None:
    body = json.dumps({**BODY, "items": [{**ITEM, "zebra": 1}] * 10_000})
    begun = time.process_time()
    for role in ("viewer", "", "admin"):
        for sent_body in (body, "{", "x" * 6_000_000):
            assert post(sent_body, role=role).error[:2] == (403, "forbidden")
        assert call("POST", "/api/batch-import/parse", "{", role=role, query={"x": "1"}).status == 403
        assert call("POST", f"{RUNS}/nowhere/cancel", role=role).status == 403
    assert time.process_time() - begun < 1


def test_an_event_without_an_authorizer_is_nobodys(aws: Aws) -> None:
    event = api_event("POST", RUNS, BODY, "operator", None, {})
    for authorizer in (None, {}, {"role": None}):
        context = {**event["requestContext"], "authorizer": authorizer}
        assert sent({**event, "requestContext": context}).status == 403


FORMS = [
    ("limit", ["", " 5", "5 ", "+5", "5.0", "1e1", "0x5", "05", "٥", "5_0", "x", "true", "9" * 50, "-0", "201"]),
    ("has_warning", ["", "1", "0", "yes", "on", "True", "TRUE", "t", " true", "null"]),
    ("has_failed", ["", "1", "0", "yes", "on", "True", "TRUE", "t", " true", "null"]),
]  # fmt: skip


def test_numbers_and_yes_or_no_have_one_form(aws: Aws) -> None:
    made = post(BODY).json["run_id"]
    for name, values in FORMS:
        for value in values:
            answer = call("GET", f"{RUNS}/{made}/items", query={name: value})
            assert answer.error[:2] == (400, "invalid_request"), (name, value)
            assert answer.error[2].startswith(f"{name}: "), (name, value)
    for name, value in (("limit", "1"), ("limit", "200"), ("has_warning", "true"), ("has_failed", "false")):
        assert call("GET", f"{RUNS}/{made}/items", query={name: value}).status == 200


def test_an_unknown_parameter_is_refused_by_name_unless_it_may_be_a_key(aws: Aws) -> None:
    made = post(BODY).json["run_id"]
    for path in (RUNS, f"{RUNS}/{made}", f"{RUNS}/{made}/items", f"{RUNS}/{made}/items/item_00001", "/api/health"):
        assert call("GET", path, query={"page": "2"}).error[2] == "unknown query parameter page"
        assert call("GET", path, query={KEY: ""}).error[2] == "unknown query parameter"
    assert post(BODY, query={"dry": "1"}).error[2] == "unknown query parameter dry"
    assert call("GET", RUNS, query={"Limit": "5"}).status == 400


def test_a_parameter_given_twice_is_refused(aws: Aws) -> None:
    event = api_event("GET", RUNS, None, "viewer", {"limit": "5"}, {})
    event["multiValueQueryStringParameters"] = {"limit": ["5", "6"]}
    assert sent(event).error == (400, "invalid_request", "limit: give it once")


def test_two_idempotency_keys_are_none(aws: Aws) -> None:
    event = api_event("POST", RUNS, BODY, "operator", None, {"Idempotency-Key": "b"})
    event["multiValueHeaders"]["Idempotency-Key"] = ["a", "b"]
    assert sent(event).status == 400
    assert stored() == 0


# --- the language of texts

PREFERRED = [
    ("", None), ("zh-CN", "zh"), ("en-GB,en;q=0.9", "en"), ("fr", None), ("fr;q=0.9,en;q=0.1", "en"),
    ("zh;q=0.2,en;q=0.8", "en"), ("zh;q=0, *", "en"), ("*", None), ("*;q=0.5, en;q=0.1", "zh"), ("EN", "en"),
    ("en;q=2,zh;q=0.1", "zh"), ("zh,en", "zh"), ("en,zh", "en"), ("zh;q=0", None), (";;,,=", None),
    ("en;q=0.5555", None),     ("zh-Hant-TW ; q=0.3 , en ; q=0.4", "en"), ("x" * 100_000, None), ("english", None),
]  # fmt: skip


@pytest.mark.parametrize(("header", "language"), PREFERRED)
def test_quality_values_decide(header: str, language: str | None) -> None:
    assert preferred(header) == language


REFUSED = [
    ({**BODY, "mode": 1}, "mode: "),
    ({**BODY, "subscription_users": []}, "access_mode=subscription 时须提供 subscription_users"),
    ({**BODY, "subscription_days": 0}, "subscription_days: 不能小于 1"),
    ({**BODY, "min_balance": 0}, "min_balance: 不能小于 0.000001"),
    ({**BODY, "max_multiplier": 2000000}, "max_multiplier: 不能大于 1000000"),
    ({**BODY, "subscripton_users": []}, "未知字段；是否指 subscription_users？"),
    (with_item(base_url="ftp://h"), "items[6].base_url: base_url 须以 http:// 或 https:// 开头"),
    ({**BODY, "items": [{**ITEM, "api_key": ""}] * 100}, "（另有 95 处）"),
    ("{", "请求体不是有效的 JSON"),
]


def test_errors_are_told_in_chinese_to_who_prefers_it(aws: Aws) -> None:
    for body, text in REFUSED:
        answer = post(body, Accept_Language="en;q=0.5, zh")
        assert text in answer.error[2]
        assert answer.headers["Content-Language"] == "zh"
        assert post(body).headers["Content-Language"] == "en"
    assert call("GET", "/api/nothing", Accept_Language="zh").error[2] == "这里没有内容"
    assert call("GET", f"{RUNS}/run_x", Accept_Language="zh").error[2] == "没有该批次"
    assert call("PUT", RUNS, Accept_Language="zh").error[2] == "此处不允许该方法"


def test_every_error_has_its_sentence_in_both_languages(aws: Aws) -> None:
    """Kinds of errors that the schemas can have, each by a request."""
    fields: list[dict[str, Any]] = [*LOOSE, {"items": [{}]}, {"platform": "x"}, {"subscription_users": ["x"] * 1001}]
    for one in fields:
        message = post({**BODY, **one}, Accept_Language="zh").error[2]
        assert any("\u4e00" <= char <= "\u9fff" for char in message), (one, message)


def test_the_filters_in_the_page_s_address_are_its_own() -> None:
    for path in ("/batch-import", "/batch-import/runs/run_20260522_0001"):
        assert call("GET", path, query={"code": "auth_failed", "q": "kimi"}).status == 200
