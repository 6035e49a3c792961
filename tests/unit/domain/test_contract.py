"""What a request may hold: every limit, the conditional fields, and errors that name the place.

See docs/design.md#32-requests-and-errors.
"""

from typing import Any

import pytest
from batch_import.domain.contract import CreateRunRequest
from pydantic import ValidationError

KEY = "sk-test-0000000000000001"
ITEM = {"base_url": "https://relay.example.com/v1", "api_key": KEY}
SUBSCRIPTION = {"access_mode": "subscription", "subscription_users": ["a@example.com"]}


def request(**fields: Any) -> dict[str, Any]:
    return {**SUBSCRIPTION, "items": [ITEM], **fields}


def parsed(**fields: Any) -> CreateRunRequest:
    return CreateRunRequest.model_validate(request(**fields))


def refused(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Place and message of each fault."""
    with pytest.raises(ValidationError) as refusal:
        CreateRunRequest.model_validate(body)
    assert KEY not in str(refusal.value)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in refusal.value.errors()]


def places(**fields: Any) -> list[str]:
    return [place for place, _ in refused(request(**fields))]


def test_a_list_comes_as_items_or_as_text_and_not_as_both() -> None:
    for fields in ({"items": []}, {"text": "https://h.example sk-1"}):
        [(_, message)] = refused(request(**fields))
        assert "give either items" in message
    assert CreateRunRequest.model_validate({**SUBSCRIPTION, "text": "https://h.example sk-1"}).items == []


def test_a_minimal_request_gets_the_documented_defaults() -> None:
    defaults = parsed().model_dump(mode="json", exclude={"items", *SUBSCRIPTION})
    assert defaults == {
        "mode": "partial",
        "subscription_days": 30,
        "probe_api_key": None,
        "confirm_timeout_ms": 0,
        "reactivate": "always",
        "platform": "auto",
        "dry_run": False,
        "max_multiplier": None,
        "min_balance": None,
        "rate_from_relay": False,
        "priority_from_speed": False,
        "host_billing_probe": False,
        "join_groups": [],
        "legacy_batch_id": None,
        "label": None,
        "text": None,
        "format": "auto",
        "rows": [],
    }


def test_the_documented_example_is_accepted() -> None:
    example = {
        "mode": "partial",
        "access_mode": "subscription",
        "subscription_users": ["alice@example.com"],
        "subscription_days": 30,
        "probe_api_key": None,
        "confirm_timeout_ms": 0,
        "reactivate": "always",
        "join_groups": [],
        "legacy_batch_id": None,
        "items": [{"base_url": "https://kimi.a7m.com.cn/v1", "api_key": "sk-1", "requested_models": ["kimi 2.6"]}],
    }
    assert CreateRunRequest.model_validate(example).items[0].requested_models == ["kimi 2.6"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("mode", ["partial", "strict"]),
        ("reactivate", ["always", "ours"]),
        ("subscription_users", [["a"], ["u" * 200], ["a"] * 1000]),
        ("subscription_days", [1, 36_500]),
        ("probe_api_key", [None, "k", "k" * 512]),
        ("confirm_timeout_ms", [0, 20_000]),
        ("join_groups", [[], ["pool"] * 20]),
        ("legacy_batch_id", [None, "", "x" * 200]),
        ("items", [[ITEM], [ITEM] * 10_000]),
    ],
)
def test_values_at_the_limits_are_accepted(field: str, values: list[Any]) -> None:
    for value in values:
        assert parsed(**{field: value})


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("mode", ["PARTIAL", "", None, 1]),
        ("access_mode", ["free", "", None]),
        ("reactivate", ["never", None]),
        ("subscription_users", [["u" * 201], [""], ["  "], ["a"] * 1001, "a@example.com", [1]]),
        ("subscription_days", [0, -1, 36_501, "many", None, 1.5]),
        ("probe_api_key", ["", "  ", "k" * 513, "two words", "schlüssel", "a\nb", 7]),
        ("confirm_timeout_ms", [-1, 20_001, "soon"]),
        ("join_groups", [["pool"] * 21, [""], "pool"]),
        ("legacy_batch_id", ["x" * 201, 1]),
        ("items", [[ITEM] * 10_001, {}, None, "x"]),
        ("text", ["", 7]),
        ("format", ["xml", None]),
        ("rows", [[{"row": 0}], [{"row": 1, "more": 1}], [{}], [{"row": 1, "base_url": ""}]]),
    ],
)
def test_values_beyond_the_limits_are_refused_by_name(field: str, values: list[Any]) -> None:
    for value in values:
        assert places(**{field: value})[0].startswith(field)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("base_url", ["https://h/" + "a" * 2038, "h.example"]),
        ("api_key", ["k", "k" * 512, " sk-with-spaces-around "]),
        ("requested_models", [[], ["m"] * 50, ["m" * 200]]),
        ("legacy_provider_id", [None, "p" * 200]),
    ],
)
def test_item_values_at_the_limits_are_accepted(field: str, values: list[Any]) -> None:
    for value in values:
        assert parsed(items=[{**ITEM, field: value}])


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("base_url", ["", "https://h/" + "a" * 2039, "ftp://h", "https://u:p@h", None, 1, "https://h/\ud800"]),
        ("api_key", ["", " ", "k" * 513, "two words", "sk-\u00e9", "sk-\x00", None]),
        ("requested_models", [["m"] * 51, ["m" * 201], [""], "m", [None]]),
        ("legacy_provider_id", ["p" * 201]),
    ],
)
def test_item_values_beyond_the_limits_are_refused_by_index(field: str, values: list[Any]) -> None:
    for value in values:
        assert places(items=[ITEM] * 6 + [{**ITEM, field: value}])[0].startswith(f"items.6.{field}")


@pytest.mark.parametrize("field", ["base_url", "api_key"])
def test_an_item_needs_url_and_key(field: str) -> None:
    assert places(items=[{k: v for k, v in ITEM.items() if k != field}]) == [f"items.0.{field}"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (request(subscription_user=["typo"]), "subscription_user"),
        (request(items=[{**ITEM, "key": "x"}]), "items.0.key"),
        (request(state="running"), "state"),
    ],
)
def test_an_unknown_field_is_refused(body: dict[str, Any], place: str) -> None:
    assert refused(body) == [(place, "Extra inputs are not permitted")]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"subscription_users": []}, "subscription_users is required when access_mode=subscription"),
        (
            {"access_mode": "self_service", "subscription_users": []},
            "probe_api_key is required when access_mode=self_service",
        ),
        (
            {"access_mode": "self_service", "probe_api_key": None},
            "probe_api_key is required when access_mode=self_service",
        ),
    ],
)
def test_the_conditional_fields_are_demanded_in_the_words_of_the_schema(fields: dict[str, Any], message: str) -> None:
    assert refused(request(**fields)) == [("", f"Value error, {message}")]


def test_self_service_needs_only_the_probe_key() -> None:
    body = {"access_mode": "self_service", "probe_api_key": KEY, "items": [ITEM]}
    assert CreateRunRequest.model_validate(body).probe_api_key == KEY


def test_urls_are_canonical_and_texts_trimmed_once_accepted() -> None:
    given = {"base_url": "HTTPS://Relay.example.com:443/v1/chat/completions", "api_key": f" {KEY}\n"}
    item = parsed(items=[given]).items[0]
    assert (item.base_url, item.api_key) == ("https://relay.example.com/v1", KEY)


def test_representations_hold_no_key() -> None:
    body = parsed(access_mode="self_service", probe_api_key=KEY)
    assert KEY not in repr(body)
    assert KEY not in repr(body.items[0])
