"""Prices of a provider's channel: added from the catalogue, never changed, and never twice.

See docs/host-api.md#pricing-names.
"""

import pytest
from batch_import.domain.naming import list_price
from batch_import.domain.pricing import missing_prices
from batch_import.domain.types import Platform

KNOWN = "gpt-5-mini"


def names(entries: list[dict[str, object]]) -> list[str]:
    return [name for entry in entries for name in entry["models"]]  # type: ignore[attr-defined]


def test_a_known_model_gets_its_list_price_per_token_on_the_openai_platform() -> None:
    [entry] = missing_prices([KNOWN], [])
    assert entry["platform"] == "openai"
    assert (entry["input_price"], entry["output_price"]) == list_price(KNOWN)
    assert entry["models"] == [KNOWN]


def test_models_without_a_known_price_stay_out() -> None:
    assert missing_prices(["nobody-knows-this-model"], []) == []


def test_what_is_priced_is_left_alone_in_any_case_and_under_a_pattern() -> None:
    assert missing_prices([KNOWN], [{"platform": "openai", "models": [KNOWN.upper()], "input_price": 1}]) == []
    assert missing_prices([KNOWN], [{"platform": "openai", "models": ["gpt-5*"]}]) == []
    assert missing_prices([KNOWN], [{"platform": "openai", "models": None}]) != []


@pytest.mark.parametrize("platform", Platform)
def test_a_price_of_one_platform_prices_nothing_on_another(platform: Platform) -> None:
    priced = missing_prices([KNOWN], (), platform)
    assert [entry["platform"] for entry in priced] == [platform.value]
    assert missing_prices([KNOWN], priced, platform) == []
    others = [other for other in Platform if other is not platform]
    assert all(missing_prices([KNOWN], priced, other) for other in others)


def test_an_entry_that_names_no_platform_is_of_anthropic_as_in_the_host() -> None:
    assert missing_prices([KNOWN], [{"models": [KNOWN]}], Platform.ANTHROPIC) == []
    assert missing_prices([KNOWN], [{"models": [KNOWN]}], Platform.OPENAI) != []


def test_two_spellings_in_one_case_folding_are_one_entry_since_the_host_refuses_overlaps() -> None:
    assert len(names(missing_prices([KNOWN, KNOWN.upper()], []))) == 1


def test_it_converges() -> None:
    first = missing_prices([KNOWN, "qwen3-32b", "kimi-k2.6"], [])
    assert missing_prices([KNOWN, "qwen3-32b", "kimi-k2.6"], first) == []
