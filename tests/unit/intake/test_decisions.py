"""What a person decides about rows, and the items that come of it."""

from typing import Any

import pytest
from batch_import.domain.urls import canonical_base_url
from batch_import.intake import ChosenItem, UnfitDecision, choose, parse

from tests.unit.intake.example import K2, U2, K, U

READY = f"{U} {K} gpt-5"
NO_KEY = U
NO_ADDRESS = K
PAGE_ONLY = f"官网：https://relay.example\n密钥：{K}"
TWO_ADDRESSES = f"{U}\n{U2}\n{K}\n"
MAYBE_SEVERAL = f"{U} sk-AAAA0001,beta"


def chosen(text: str, *decisions: dict[str, Any]) -> list[ChosenItem]:
    return choose(parse(text), decisions)


def pairs(items: list[ChosenItem]) -> list[tuple[str, str]]:
    return [(item.base_url, item.api_key) for item in items]


def test_ready_row_becomes_an_item_without_a_decision() -> None:
    assert chosen(READY) == [ChosenItem(1, U, ("gpt-5",), None, None, K)]


def test_no_repr_of_an_item_shows_its_key() -> None:
    assert K not in repr(chosen(READY))


def test_skipped_row_becomes_no_item() -> None:
    assert pairs(chosen(f"{U} {K}\n{U2} {K2}", {"row": 1, "skip": True})) == [(U2, K2)]


def test_address_and_models_of_a_decision_replace_those_of_the_row() -> None:
    [item] = chosen(READY, {"row": 1, "base_url": "other.example", "requested_models": [" glm-4.6 "]})
    assert (item.base_url, item.requested_models) == (U2, ("glm-4.6",))


def test_no_requested_models_may_be_decided() -> None:
    assert chosen(READY, {"row": 1, "requested_models": []})[0].requested_models == ()


def test_repeated_pair_is_one_item_with_the_models_of_both() -> None:
    items = chosen(f"{U} {K} gpt-5\n{U2} {K2}\n{U}/ {K} glm-4.6")
    assert [(item.row, item.requested_models) for item in items] == [(1, ("gpt-5", "glm-4.6")), (2, ())]


def test_row_that_becomes_another_by_its_new_address_is_one_item() -> None:
    assert pairs(chosen(f"{U} {K}\n{U2} {K}", {"row": 2, "base_url": U})) == [(U, K)]


def test_address_makes_a_row_without_one_complete() -> None:
    assert pairs(chosen(NO_ADDRESS, {"row": 1, "base_url": U})) == [(U, K)]


def test_site_is_used_as_address_when_chosen() -> None:
    assert pairs(chosen(PAGE_ONLY, {"row": 1, "choice": "use_address"})) == [(U, K)]


def test_one_of_several_addresses_is_chosen() -> None:
    assert pairs(chosen(TWO_ADDRESSES, {"row": 1, "choice": "address_2"})) == [(U2, K)]


def test_address_of_a_decision_settles_which_of_several_is_meant() -> None:
    assert pairs(chosen(TWO_ADDRESSES, {"row": 1, "base_url": "https://third.example"})) == [
        ("https://third.example/v1", K)
    ]


@pytest.mark.parametrize(("choice", "keys"), [("one_key", ["sk-AAAA0001,beta"]), ("split", ["sk-AAAA0001", "beta"])])
def test_key_that_may_be_several_is_one_or_split_as_chosen(choice: str, keys: list[str]) -> None:
    assert [item.api_key for item in chosen(MAYBE_SEVERAL, {"row": 1, "choice": choice})] == keys


def test_choice_shows_what_it_stands_for_without_the_key() -> None:
    [row] = parse(TWO_ADDRESSES).rows
    assert [choice.name for choice in row.choices] == ["address_1", "address_2"]
    assert row.choices[1].shown[0].startswith(U2)
    assert K not in repr(row.choices) + "".join(row.choices[1].shown)


@pytest.mark.parametrize(
    ("text", "decisions", "row", "reason"),
    [
        (NO_KEY, [], 1, "no usable key"),
        (NO_ADDRESS, [], 1, "no usable address"),
        (MAYBE_SEVERAL, [], 1, "ambiguous"),
        (TWO_ADDRESSES, [], 1, "ambiguous"),
        (MAYBE_SEVERAL, [{"row": 1, "base_url": U}], 1, "ambiguous"),
        (NO_KEY, [{"row": 1, "base_url": U2}], 1, "no usable key"),
        (READY, [{"row": 1, "choice": "split"}], 1, "no such choice"),
        (TWO_ADDRESSES, [{"row": 1, "choice": "address_3"}], 1, "no such choice"),
        (READY, [{"row": 2, "skip": True}], 2, "no such row"),
        (READY, [{"row": 0}], 0, "no such row"),
        (READY, [{"row": True}], 1, "no such row"),
        (READY, [{"skip": True}], 0, "no such row"),
        (READY, [{"row": 1}, {"row": 1}], 1, "two decisions"),
        (READY, [{"row": 1, "api_key": "sk-BBBB0002"}], 1, "unknown decision"),
        (READY, [{"row": 1, "base_url": "https://"}], 1, "not a valid address"),
        (READY, [{"row": 1, "base_url": 7}], 1, "not a valid address"),
        (READY, [{"row": 1, "requested_models": "gpt-5"}], 1, "requested_models"),
        (READY, [{"row": 1, "requested_models": [""]}], 1, "requested_models"),
        (READY, [{"row": 1, "requested_models": ["m"] * 51}], 1, "requested_models"),
    ],
)
def test_unfit_decision_is_refused_with_its_row(
    text: str, decisions: list[dict[str, Any]], row: int, reason: str
) -> None:
    with pytest.raises(UnfitDecision, match=reason) as refused:
        chosen(text, *decisions)
    assert refused.value.row == row
    assert K not in str(refused.value)


def test_create_takes_every_address_exactly_as_the_intake_gives_it() -> None:
    paths = [
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1beta/openai",
        "/v1/openai/",
        "/api/paas/v4",
        "/compatible-mode/v1",
        "/api/v3",
        "/api#",
    ]
    rows = parse("".join(f"https://relay.example{path} {K}{at}\n" for at, path in enumerate(paths))).rows
    assert len(rows) == len(paths)
    assert [canonical_base_url(row.base_url) for row in rows] == [row.base_url for row in rows]
