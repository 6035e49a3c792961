"""What an account is given where a run asks for it, and what an undo puts back."""

from decimal import Decimal
from typing import Any

import pytest
from batch_import.domain.billing import Billing, BillingSource
from batch_import.domain.entities import ItemProfile
from batch_import.domain.terms import (
    account_priority,
    replaced_terms,
    terms_asked_for,
    terms_before,
    terms_to_change,
    told_terms,
)
from batch_import.domain.types import Platform

from tests.unit.domain.rows import run

NEWEST = (0, 1, 179)
MODEL = "kimi-k2.6"
SUB2API = Billing(multiplier=0.8, source=BillingSource.SUB2API)


def profile(speed: dict[str, Any] | None = None, billing: Billing | None = None) -> ItemProfile:
    return ItemProfile(
        capability_profile={"model_profiles": [{"raw_model_id": MODEL, "speed": speed}]}, billing=billing
    )


@pytest.mark.parametrize(
    ("first_token_ms", "tokens_per_second", "priority"),
    [
        (300, 200.0, 30),
        (0, 100.0, 30),  # five seconds for 500 tokens
        (1, 100.0, 40),
        (5_000, 100.0, 40),
        (5_001, 100.0, 50),
        (15_000, 100.0, 50),
        (15_001, 100.0, 60),
        (35_000, 100.0, 60),
        (35_001, 100.0, 70),
        (300, None, None),
        (300, 0, None),
    ],
)
def test_a_faster_relay_gets_a_priority_that_goes_first(
    first_token_ms: int, tokens_per_second: float | None, priority: int | None
) -> None:
    speed = {"first_token_ms": first_token_ms, "tokens_per_second": tokens_per_second}
    assert account_priority(speed) == priority
    assert account_priority(None) is None


def test_nothing_is_given_unless_the_run_asks() -> None:
    fast = profile({"first_token_ms": 300, "tokens_per_second": 200.0}, SUB2API)
    assert terms_asked_for(run(), fast, Platform.OPENAI, MODEL, NEWEST) == {}
    asked = run(rate_from_relay=True, priority_from_speed=True, host_billing_probe=True)
    given = {"rate_multiplier": 0.8, "priority": 30, "upstream_billing_probe_enabled": True}
    assert terms_asked_for(asked, fast, Platform.OPENAI, MODEL, NEWEST) == given
    assert terms_asked_for(asked, profile(), Platform.OPENAI, MODEL, NEWEST) == {}
    of_another = run(priority_from_speed=True)
    assert terms_asked_for(of_another, fast, Platform.OPENAI, "glm-5", NEWEST) == {}


@pytest.mark.parametrize(
    ("billing", "platform", "version", "watched"),
    [
        (SUB2API, Platform.OPENAI, (0, 1, 161), True),
        (SUB2API, Platform.OPENAI, (0, 1, 160), False),
        (SUB2API, Platform.OPENAI, (), False),
        (SUB2API, Platform.ANTHROPIC, (0, 1, 169), False),
        (SUB2API, Platform.ANTHROPIC, (0, 1, 170), True),
        (Billing(balance=1, source=BillingSource.SUB2API), Platform.OPENAI, NEWEST, False),
        (Billing(multiplier=1, source=BillingSource.NEW_API), Platform.OPENAI, NEWEST, False),
        (None, Platform.OPENAI, NEWEST, False),
    ],
)
def test_the_hosts_probe_is_for_what_it_can_read(
    billing: Billing | None, platform: Platform, version: tuple[int, ...], watched: bool
) -> None:
    given = terms_asked_for(run(host_billing_probe=True), profile(billing=billing), platform, MODEL, version)
    assert given == ({"upstream_billing_probe_enabled": True} if watched else {})


HELD = {"rate_multiplier": 1, "priority": 50, "upstream_billing_probe_enabled": False}


def test_only_what_differs_is_changed_and_what_is_not_shown_stays() -> None:
    wanted = {"rate_multiplier": 0.75, "priority": 50, "upstream_billing_probe_enabled": True}
    assert terms_to_change(HELD, wanted) == {"rate_multiplier": 0.75, "upstream_billing_probe_enabled": True}
    kept_by_the_host = {name: value for name, value in HELD.items() if name != "rate_multiplier"}
    assert terms_to_change(kept_by_the_host, {"rate_multiplier": 0.75}) == {}


def test_an_undo_puts_back_what_was_but_not_over_what_somebody_set_since() -> None:
    replaced = replaced_terms(HELD, {"rate_multiplier": 0.7, "priority": 30, "upstream_billing_probe_enabled": True})
    assert replaced["rate_multiplier"] == (Decimal("1"), Decimal("0.7"))
    left = {"rate_multiplier": 0.7, "priority": 30, "upstream_billing_probe_enabled": True}
    assert told_terms(replaced) == {name: [HELD[name], given] for name, given in left.items()}
    before = terms_before(replaced, left)
    assert before == HELD
    assert before["upstream_billing_probe_enabled"] is False
    assert isinstance(before["priority"], int)
    assert terms_before(replaced, {**left, "priority": 7, "rate_multiplier": 1.0}) == {
        "upstream_billing_probe_enabled": False
    }
    assert terms_before(replaced, {"priority": 30}) == {"priority": 50}
    assert terms_before({}, left) == {}
