"""What a pasted text is read as, and a run that is created from the same text."""

import json
from typing import Any

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.shortening import bytes_in_answer

from tests.conftest import Service, api_event
from tests.functions.test_api import Answered, call
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of

PARSE, RUNS = "/api/batch-import/parse", "/api/batch-import/runs"
KEYS = ("sk-AAAA000000000001", "sk-BBBB000000000002", "sk-CCCC000000000003")
TEXT = f"""主站
https://relay.example.com/v1 {KEYS[0]}
https://relay.example.com {KEYS[0]}
https://other.example.com/v1 {KEYS[1]},{KEYS[2]}
https://lonely.example.com/v1
what is this?
"""
ITEM = {"base_url": "https://h.example.com", "api_key": KEYS[0]}
WHO = {"access_mode": "subscription", "subscription_users": ["a@example.com"]}


def parsed(text: str, **more: Any) -> Any:
    return call("POST", PARSE, {"text": text, **more}, Accept_Language="en")


def test_rows_say_what_was_read_from_which_line(aws: Aws) -> None:
    answer = parsed(TEXT).json
    assert [(row["line"], row["status"], row["base_url"]) for row in answer["rows"]] == [
        (2, "ready", "https://relay.example.com/v1"),
        (3, "duplicate", "https://relay.example.com/v1"),
        (4, "ready", "https://other.example.com/v1"),
        (4, "ready", "https://other.example.com/v1"),
        (5, "incomplete", "https://lonely.example.com/v1"),
    ]
    assert answer["rows"][1]["of_row"] == 1
    assert answer["rows"][0]["label"] == "主站"
    assert answer["summary"] == {"ready": 3, "duplicate": 1, "incomplete": 1, "ambiguous": 0, "ignored": 1}
    assert answer["requests"] == {"usual": 24, "most": 42}
    assert answer["ignored"] == [{"line": 6, "text_masked": "what is this?", "of_row": None}]
    assert answer["texts"]["several_keys"] == "several keys for one address: one row for each"
    assert not [key for key in KEYS if key in json.dumps(answer)]


@pytest.mark.parametrize("check_host", [False, True])
def test_relays_that_are_spared_are_counted_with_fewer_requests(
    service: Service, monkeypatch: pytest.MonkeyPatch, check_host: bool
) -> None:
    monkeypatch.setenv("NO_EXTRA_PROBES", "other.example.com")
    bootstrap.cache_clear()
    answer = service.call("POST", PARSE, {"text": TEXT, "check_host": check_host})
    assert answer["requests"] == {"usual": 8 + 4 + 4, "most": 14 + 12 + 12}


def test_rows_name_the_platform_that_the_list_names(aws: Aws) -> None:
    text = (
        f"ANTHROPIC_BASE_URL=https://a.example.com\nANTHROPIC_AUTH_TOKEN={KEYS[0]}\n\nhttps://b.example.com {KEYS[1]}\n"
    )
    assert [row["platform"] for row in parsed(text).json["rows"]] == ["anthropic", None]


def test_nothing_is_stored_and_a_viewer_may_not_ask(aws: Aws) -> None:
    client = boto3.client("dynamodb")
    parsed(TEXT)
    assert [client.scan(TableName=name, Select="COUNT")["Count"] for name in client.list_tables()["TableNames"]] == [
        0
    ] * 4
    assert call("POST", PARSE, {"text": TEXT}, role="viewer").status == 403


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": 7}, {"text": "x", "format": "xml"}, {"text": "x", "more": 1}, {"text": None}]
)
def test_bad_requests(aws: Aws, body: Any) -> None:
    assert call("POST", PARSE, body).error[:2] == (400, "invalid_request")


def test_ten_thousand_rows_fit_into_an_answer(aws: Aws) -> None:
    models = " ".join(f"model-with-a-long-name-{n}" for n in range(40))
    rows = "\n".join(
        f'{{"base_url":"https://r{n}.example.com/v1","api_key":"sk-AAAA{n:012d}","models":"{models}"}}'
        for n in range(4_000)
    )
    event = api_event("POST", PARSE, json.dumps({"text": rows}), "operator", None, {})
    answer = Answered(handler_of("api")(event, Context()))
    assert answer.status == 200
    assert bytes_in_answer(answer.text) <= 5_000_000
    assert answer.json["summary"]["ready"] == 4_000


def test_an_answer_that_a_function_cannot_give_is_refused(aws: Aws) -> None:
    """Quotes and backslashes count twice: a function's answer has its body as a text of JSON."""
    assert bytes_in_answer('"\\é') == len(json.dumps('"\\é', ensure_ascii=False).encode()) - 2
    assert call("POST", PARSE, {"text": ('"' * 190 + "\n") * 9_000}).error[:2] == (413, "too_large")


def test_the_same_text_becomes_the_items_of_a_run(aws: Aws) -> None:
    decisions = [{"row": 5, "skip": True}, {"row": 3, "requested_models": ["kimi 2.6"]}]
    answer = call("POST", RUNS, {**WHO, "text": TEXT, "rows": decisions})
    assert (answer.status, answer.json["total_items"]) == (202, 3)
    parts = bootstrap()
    run = parts.runs.get(answer.json["run_id"])
    assert run is not None
    items = parts.items.get_many(run.run_id, [f"item_{n:05d}" for n in (1, 2, 3)])
    assert list(parts.service.open_keys(run.run_id, [item.item_id for item in items]).values()) == list(KEYS)
    assert [item.requested_models for item in items] == [(), ("kimi 2.6",), ()]
    assert [item.label for item in items] == ["主站"] * 3


def test_the_same_pair_for_another_platform_is_no_duplicate(aws: Aws) -> None:
    pair = f"BASE_URL=https://a.example.com\n%s={KEYS[0]}\n\n"
    text = f"OPENAI_{pair % 'OPENAI_API_KEY'}ANTHROPIC_{pair % 'ANTHROPIC_AUTH_TOKEN'}OPENAI_{pair % 'OPENAI_API_KEY'}"
    rows = parsed(text).json["rows"]
    assert [(row["platform"], row["status"]) for row in rows] == [
        (None, "ready"),
        ("anthropic", "ready"),
        (None, "duplicate"),
    ]
    answer = call("POST", RUNS, {**WHO, "text": text})
    assert answer.json["total_items"] == 2


def test_a_platform_that_the_list_names_is_the_items_wish_and_a_person_may_say_another(aws: Aws) -> None:
    text = (
        f"https://b.example.com {KEYS[1]}\n\nANTHROPIC_BASE_URL=https://a.example.com\nANTHROPIC_AUTH_TOKEN={KEYS[0]}\n"
        f"\nhttps://c.example.com {KEYS[2]}\n"
    )
    decisions = [{"row": 3, "platform": "gemini"}]
    answer = call("POST", RUNS, {**WHO, "text": text, "rows": decisions, "platform": "openai"})
    items = bootstrap().items.get_many(answer.json["run_id"], [f"item_{n:05d}" for n in (1, 2, 3)])
    assert [item.platform_wish for item in items] == ["openai", "anthropic", "gemini"]
    assert [item.platform for item in items] == [None] * 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"text": TEXT}, "row 5"),
        ({"text": TEXT, "rows": [{"row": 5, "skip": True}, {"row": 77, "skip": True}]}, "row 77"),
        ({"text": TEXT, "rows": [{"row": 5, "base_url": "https://h.example.com"}]}, "row 5"),
        ({"text": TEXT, "rows": [{"row": 5, "skip": True}, {"row": 1, "choice": "split"}]}, "row 1"),
        ({"text": "no relay in here"}, "0 relays"),
        ({"text": TEXT, "items": [{"base_url": "https://h.example.com", "api_key": KEYS[0]}]}, "either items"),
        (
            {"rows": [{"row": 1, "skip": True}], "items": [{"base_url": "https://h.example.com", "api_key": KEYS[0]}]},
            "rows",
        ),
        ({}, "either items"),
        ({"text": TEXT, "rows": [{"row": 1, KEYS[0]: KEYS[1]}]}, "rows[0]: unknown field"),
    ],
)
def test_a_text_that_cannot_become_a_run_says_where(aws: Aws, more: Any, said: str) -> None:
    status, code, message = call("POST", RUNS, {**WHO, **more}).error
    assert (status, code) == (400, "invalid_request")
    assert said in message
    assert not [key for key in KEYS if key in message]


def test_what_the_host_already_has_is_told(service: Service, box: Any) -> None:
    url = box.relay("healthy")
    service.import_([{"base_url": url, "api_key": KEYS[0]}])
    text = f"{url} {KEYS[0]}\n{url} {KEYS[1]}\n{box.relay('healthy', 'b')} {KEYS[0]}"
    rows = service.call("POST", PARSE, {"text": text, "check_host": True})["rows"]
    account_id = service.item(service.call("GET", RUNS)["runs"][0]["run_id"])["account_id"]
    assert [row["host"] for row in rows] == [{"account_id": account_id, "state": "active"}, None, None]
    assert ["same_address_new_key" in row["notes"] for row in rows] == [False, True, False]


def test_a_host_that_does_not_answer_is_told(aws: Aws) -> None:
    assert parsed(TEXT, check_host=True).error[:2] == (502, "host_unavailable")
