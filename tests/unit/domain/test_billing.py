"""What relays declare of a key's money, in each software's form; and that no body makes it fail."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.billing import (
    Billing,
    BillingLimits,
    BillingSource,
    Software,
    account_rate,
    dashboard_billing,
    new_api_billing,
    software_of,
    spent,
    sub2api_billing,
    unjudged_balance,
    unmet,
)
from batch_import.domain.outcomes import Code
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WALLET = {"mode": "unrestricted", "isValid": True, "planName": "x", "remaining": 12.5, "unit": "USD", "balance": 12.5}
RATES = {
    "object": "sub2api.key_billing",
    "schema_version": 1,
    "billing_scope": "token",
    "group_rate_multiplier": 0.8,
    "resolved_rate_multiplier": 0.8,
    "peak_rate_enabled": False,
    "effective_rate_multiplier": 0.8,
    "observed_at": "2026-06-01T00:00:00Z",
}
STATUS = {"success": True, "message": "", "data": {"version": "v0.9.0"}}
TOKEN = {
    "object": "token_usage",
    "total_granted": 5_000_000,
    "total_used": 1_250_000,
    "total_available": 3_750_000,
    "unlimited_quota": False,
    "expires_at": 1_798_761_600,
}


def billing(**fields: Any) -> Billing:
    return Billing(source=BillingSource.SUB2API, **fields)


def subscription(limit: float, **fields: Any) -> dict[str, Any]:
    return {"object": "billing_subscription", "soft_limit_usd": limit, "hard_limit_usd": limit, **fields}


def test_a_wallet_of_sub2api_and_the_multiplier_of_its_group() -> None:
    found = sub2api_billing(WALLET, RATES)
    assert found == billing(balance=12.5, currency="USD", multiplier=0.8)


def test_a_limited_key_of_sub2api_has_quota_and_expiry() -> None:
    quota = {"limit": 10, "used": 4, "remaining": 6, "unit": "USD"}
    body = {"mode": "quota_limited", "isValid": True, "status": "active", "quota": quota, "remaining": 6,
            "unit": "USD", "expires_at": "2027-01-01T00:00:00+08:00"}  # fmt: skip
    assert sub2api_billing(body, None) == billing(
        balance=6, currency="USD", key_quota=10, key_used=4, expires_at="2026-12-31T16:00:00.000+00:00"
    )


@pytest.mark.parametrize(
    ("expires_at", "read"),
    [
        ("2027-01-01T00:00:00+08:00", "2026-12-31T16:00:00.000+00:00"),
        ("2027-01-01T00:00:00.123456789Z", "2027-01-01T00:00:00.123+00:00"),
        ("2027-01-01 00:00:00", "2027-01-01T00:00:00.000+00:00"),
        (1_798_761_600, "2027-01-01T00:00:00.000+00:00"),
        (1_798_761_600.5, "2027-01-01T00:00:00.500+00:00"),
        (1_798_761_600_250, "2027-01-01T00:00:00.250+00:00"),
        *((never, None) for never in (0, -1, -62_135_596_800, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
        *(
            (no_time, None)
            for no_time in (None, True, "", "never", float("nan"), float("inf"), 1e17, 1e20, 1e25, 10**400, [1])
        ),
    ],
)
def test_a_key_expires_at_a_time_of_ours_or_never(expires_at: Any, read: str | None) -> None:
    assert sub2api_billing({**WALLET, "expires_at": expires_at}, RATES) == billing(
        balance=12.5, currency="USD", multiplier=0.8, expires_at=read
    )


@pytest.mark.parametrize("unit", [None, "", "$", "usd", "US", "<b>", "POINTS_OF_OURS", 1])
def test_a_unit_that_is_no_code_of_a_currency_is_not_told(unit: Any) -> None:
    assert sub2api_billing({**WALLET, "unit": unit}, RATES) == billing(balance=12.5, multiplier=0.8)


@pytest.mark.parametrize(
    ("told", "multiplier"),
    [
        ({"resolved_rate_multiplier": 0}, 0),  # a group that is free
        ({"resolved_rate_multiplier": 0, "peak_rate_multiplier": 2}, 0),  # its peak hours are switched off
        ({"resolved_rate_multiplier": -1}, None),
        ({"resolved_rate_multiplier": None}, None),
        ({"billing_scope": "image"}, None),
        ({"object": "error"}, None),
    ],
)
def test_only_a_multiplier_of_tokens_is_read(told: dict[str, Any], multiplier: float | None) -> None:
    found = sub2api_billing(None, {**RATES, **told})
    assert found == (None if multiplier is None else billing(multiplier=multiplier))


def test_what_another_software_answers_to_the_route_of_usage_is_not_read() -> None:
    other = {"balance": 0, "remaining": 0, "unit": "USD"}
    assert sub2api_billing(other, RATES) == billing(multiplier=0.8)
    assert sub2api_billing(other, None) is None


@pytest.mark.parametrize("left", [-1, 0, 3.5])
@pytest.mark.parametrize("rates", [None, RATES])
def test_a_subscription_has_no_balance(left: float, rates: Any) -> None:
    """What is left is that of the shortest limit, here of a day."""
    body = {"mode": "unrestricted", "isValid": True, "planName": "Pro", "unit": "USD", "remaining": left,
            "subscription": {"daily_limit_usd": 5, "monthly_limit_usd": 100, "monthly_usage_usd": 20,
                             "expires_at": "2027-01-01T00:00:00Z"}}  # fmt: skip
    found = sub2api_billing(body, rates)
    assert found == billing(
        currency="USD", key_quota=100, key_used=20, expires_at="2027-01-01T00:00:00.000+00:00",
        multiplier=rates and 0.8,
    )  # fmt: skip
    assert spent(found, NOW) is None
    assert unmet(found, BillingLimits(min_balance=50)) is None
    of_wallet = {**body, "balance": left, "quota": {"limit": 5}}
    assert sub2api_billing(of_wallet, rates) == found


@pytest.mark.parametrize("limit", [0, None])
def test_a_subscription_without_a_limit_for_the_month_has_no_quota(limit: Any) -> None:
    month = {"monthly_limit_usd": limit, "monthly_usage_usd": 20}
    assert sub2api_billing({"isValid": True, "remaining": -1, "unit": "USD", "subscription": month}, RATES) == billing(
        multiplier=0.8
    )


@pytest.mark.parametrize("left", [-1, 0, 3.5])
def test_a_subscription_of_an_old_sub2api_is_known_by_its_plan(left: float) -> None:
    """Before 0.1.61 only the name of the plan tells it from a wallet."""
    assert sub2api_billing({"isValid": True, "planName": "Pro", "remaining": left, "unit": "USD"}, RATES) == billing(
        multiplier=0.8
    )
    wallet = {"isValid": True, "planName": "钱包余额", "remaining": 3.5, "unit": "USD"}
    assert sub2api_billing(wallet, None) == billing(balance=3.5, currency="USD")


def test_an_empty_wallet_without_rates_may_have_another_reason() -> None:
    """``RUN_MODE=simple`` bills nothing: the wallet of its owner is empty."""
    body = {
        "mode": "unrestricted",
        "isValid": True,
        "planName": "钱包余额",
        "remaining": 0,
        "unit": "USD",
        "balance": 0,
    }
    assert sub2api_billing(body, None) == billing()
    assert spent(sub2api_billing(body, RATES), NOW) is not None
    little = {**body, "remaining": 0.4, "balance": 0.4}
    assert sub2api_billing(little, None) == billing(balance=0.4, currency="USD")


@pytest.mark.parametrize(
    ("limit", "used"),
    [(5_000_000, 125_000_000), (10_000_000.5, 0), (100_001, 10), (1e12, 500), (200_000_000, 100), (1e8, 125_000_000)],
)
def test_points_of_a_dashboard_are_no_dollars(limit: float, used: float) -> None:
    found = dashboard_billing(subscription(limit), {"total_usage": used})
    assert found == Billing(source=BillingSource.OPENAI_DASHBOARD)


def test_a_key_of_new_api_that_does_not_say_whether_it_is_limited_is_not_empty() -> None:
    body = {"data": {"total_available": 0, "total_used": 1_250_000}}
    assert spent(new_api_billing(body, STATUS), NOW) is None
    assert spent(new_api_billing(body, None), NOW) is None


def test_peak_hours_have_a_multiplier_of_their_own() -> None:
    rates = {**RATES, "peak_rate_enabled": True, "peak_rate_multiplier": 2, "effective_rate_multiplier": 1.6}
    found = sub2api_billing(None, rates)
    assert (found and found.multiplier, found and found.peak_multiplier) == (0.8, 1.6)
    assert unmet(found, BillingLimits(max_multiplier=1)) == (Code.TOO_DEAR, "multiplier 1.6, at most 1 is accepted")


def test_points_of_new_api_are_dollars() -> None:
    found = new_api_billing({"code": True, "message": "ok", "data": TOKEN}, STATUS)
    assert found == Billing(
        balance=7.5, currency="USD", key_quota=10, key_used=2.5, expires_at="2027-01-01T00:00:00.000+00:00",
        source=BillingSource.NEW_API,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("points", "left"),
    [
        (1_000_000, 3.75),
        (1, 3_750_000),
        (500.5, 7_492.507_493),
        (0, None),
        (-1, None),
        (0.1, None),
        ("500", None),
        (1e300, None),
        (None, None),
    ],
)
def test_new_api_tells_how_many_points_a_dollar_has(points: Any, left: float | None) -> None:
    found = new_api_billing({"data": TOKEN}, {"success": True, "data": {"quota_per_unit": points}})
    assert found.balance == left


@pytest.mark.parametrize("status", [None, {}, [], {"success": False, "message": "too many requests"}])
def test_points_without_their_worth_tell_no_amount(status: Any) -> None:
    expires_at = "2027-01-01T00:00:00.000+00:00"
    found = new_api_billing({"data": TOKEN}, status)
    assert found == Billing(expires_at=expires_at, source=BillingSource.NEW_API)


@pytest.mark.parametrize("left", [1, None, "many"])
def test_points_of_unknown_worth_are_something(left: Any) -> None:
    assert spent(new_api_billing({"data": {**TOKEN, "total_available": left}}, None), NOW) is None


@pytest.mark.parametrize("left", [0, -500])
def test_no_points_left_are_nothing_whatever_they_are_worth(left: int) -> None:
    found = new_api_billing({"data": {**TOKEN, "total_available": left}}, None)
    assert (found.balance, found.key_quota, found.key_used) == (0, None, None)
    assert spent(found, NOW) == "the relay declares a balance of 0 USD"


def test_an_unlimited_key_of_new_api_has_an_unknown_balance() -> None:
    found = new_api_billing({"data": {**TOKEN, "unlimited_quota": True, "total_available": 0, "expires_at": 0}}, STATUS)
    assert found == Billing(currency="USD", key_used=2.5, source=BillingSource.NEW_API)
    assert spent(found, NOW) is None


def test_dashboards_declare_the_limit_in_dollars_and_the_use_in_cents() -> None:
    found = dashboard_billing(subscription(5.0, access_until=0), {"total_usage": 150})
    assert found == Billing(
        balance=3.5, currency="USD", key_quota=5, key_used=1.5, source=BillingSource.OPENAI_DASHBOARD
    )


@pytest.mark.parametrize(
    "other",
    [
        {"object": "", "soft_limit_usd": 4, "hard_limit_usd": 12, "system_hard_limit_usd": 12},  # aiproxy
        {"object": "", "soft_limit_usd": 10, "hard_limit_usd": 10},  # aiproxy, nothing spent
        {"object": "billing_subscription", "soft_limit_usd": 1.5, "hard_limit_usd": 2.5},  # chatnio
        {"object": "billing_subscription", "hard_limit_usd": 5},
        {"object": "billing_subscription", "soft_limit_usd": None, "hard_limit_usd": None},
        {"hard_limit_usd": 5, "soft_limit_usd": 5},
    ],
)
def test_limits_of_software_that_means_something_else_are_not_read(other: dict[str, Any]) -> None:
    assert dashboard_billing(other, {"object": "list", "total_usage": 0}) is None


@pytest.mark.parametrize(
    ("limit", "used", "left"),
    [
        (1e8, 500, None),
        (100_000, 500, 99_995),
        (5, 499, 0.01),
        (5, 500, 0),
        (5, 9_000, None),
        (5, None, None),
        (0, 0, 0),
    ],
)
def test_a_dashboard_tells_what_is_left_only_where_both_numbers_agree(
    limit: float, used: float | None, left: float | None
) -> None:
    found = dashboard_billing(subscription(limit), {"total_usage": used})
    assert found is not None
    assert found.balance == left


@pytest.mark.parametrize(("limit", "currency"), [(5, None), (5.5, "USD")])
def test_a_dashboard_without_an_answer_about_its_use_still_tells_the_limit(limit: float, currency: str | None) -> None:
    assert dashboard_billing(subscription(limit), None) == Billing(
        currency=currency, key_quota=limit, source=BillingSource.OPENAI_DASHBOARD
    )


@pytest.mark.parametrize(
    ("limit", "used", "currency"),
    [
        (50_000, 1_200_000, None),  # one-api that shows points: 0.1 USD, of which 12,000 points are spent
        (5, 0, None),  # a new key with five dollars, or with five points
        (5, 0.0002, "USD"),  # a point of it is spent
        (4.999_998, 0, "USD"),
        (100_000_000, 4_200, None),  # a key without a limit
        (100_000_000, 4_250, "USD"),
    ],
)
def test_whole_numbers_of_a_dashboard_may_be_points(limit: float, used: float, currency: str | None) -> None:
    found = dashboard_billing(subscription(limit), {"total_usage": used})
    assert found is not None
    assert (found.currency, found.key_used) == (currency, used / 100)


def test_no_points_left_on_a_dashboard_are_nothing() -> None:
    assert spent(dashboard_billing(subscription(50_000), {"total_usage": 5_000_000}), NOW) is not None


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (None, None),
        (billing(), None),
        (billing(balance=0.01), None),
        (billing(balance=0, currency="USD"), "the relay declares a balance of 0 USD"),
        (billing(balance=-3), "the relay declares a balance of -3"),
        (billing(balance=0), "the relay declares a balance of 0"),
        (billing(balance=9, expires_at="2026-05-31T00:00:00.000+00:00"),
         "the relay declares that the key expired at 2026-05-31T00:00:00.000+00:00"),
        (billing(balance=9, expires_at="2026-06-01T00:00:00.000+00:00"),
         "the relay declares that the key expired at 2026-06-01T00:00:00.000+00:00"),
        (billing(balance=9, expires_at="2026-06-02T00:00:00.000+00:00"), None),
    ],
)  # fmt: skip
def test_a_key_without_money_or_time_cannot_pay(declared: Billing | None, reason: str | None) -> None:
    assert spent(declared, NOW) == reason


@pytest.mark.parametrize(
    ("declared", "limits", "code"),
    [
        (billing(balance=1, currency="USD", multiplier=2), BillingLimits(), None),
        (billing(multiplier=2), BillingLimits(max_multiplier=2), None),
        (billing(multiplier=2.01), BillingLimits(max_multiplier=2), Code.TOO_DEAR),
        (billing(multiplier=2.01, peak_multiplier=1), BillingLimits(max_multiplier=2), Code.TOO_DEAR),
        (billing(multiplier=1, peak_multiplier=2.01), BillingLimits(max_multiplier=2), Code.TOO_DEAR),
        (billing(balance=5, currency="USD"), BillingLimits(min_balance=5), None),
        (billing(balance=4.99, currency="USD"), BillingLimits(min_balance=5), Code.TOO_LITTLE_LEFT),
        (billing(balance=4.99, currency="CNY"), BillingLimits(min_balance=5), None),
        (billing(balance=4.99), BillingLimits(min_balance=5), None),  # points or yuan, nobody knows
        (billing(), BillingLimits(max_multiplier=0.1, min_balance=1_000), None),
        (None, BillingLimits(max_multiplier=0.1, min_balance=1_000), None),
    ],
)
def test_limits_leave_out_what_is_known_not_to_meet_them(
    declared: Billing | None, limits: BillingLimits, code: Code | None
) -> None:
    left_out = unmet(declared, limits)
    assert (left_out and left_out[0]) == code


def test_what_is_left_is_told_beside_what_is_wanted() -> None:
    told = unmet(billing(balance=4.99, currency="USD"), BillingLimits(min_balance=5))
    assert told == (Code.TOO_LITTLE_LEFT, "4.99 USD left, at least 5 is wanted")


@pytest.mark.parametrize(
    ("declared", "limits", "told"),
    [
        (billing(balance=4.99, currency="CNY"), BillingLimits(min_balance=5), "4.99 CNY"),
        (billing(balance=90_000), BillingLimits(min_balance=5), "90000"),
        (billing(balance=4.99, currency="CNY"), BillingLimits(max_multiplier=1), None),
        (billing(balance=4.99, currency="USD"), BillingLimits(min_balance=5), None),
        (billing(currency="CNY", key_quota=5), BillingLimits(min_balance=5), None),
        (None, BillingLimits(min_balance=5), None),
    ],
)
def test_a_balance_that_is_not_in_dollars_is_told_as_not_judged(
    declared: Billing | None, limits: BillingLimits, told: str | None
) -> None:
    assert unjudged_balance(declared, limits) == told


def test_a_debt_too_small_to_be_shown_is_nothing() -> None:
    told = spent(sub2api_billing({**WALLET, "remaining": -1e-9}, RATES), NOW)
    assert told == "the relay declares a balance of 0 USD"


@pytest.mark.parametrize(
    ("declared", "rate"), [(None, None), (0, None), (0.8, 0.8), (0.123456, 0.1235), (100, 100), (101, None)]
)
def test_an_account_gets_no_rate_that_sub2api_would_not_take(declared: float | None, rate: float | None) -> None:
    assert account_rate(billing(multiplier=declared)) == rate


@pytest.mark.parametrize(
    ("body", "software"),
    [
        ('{"data":[{"id":"gpt-5","type":"model","display_name":"gpt-5"}],"object":"list"}', Software.SUB2API),
        ('{"object":"list","data":[{"id":"a","supported_endpoint_types":["openai"]}]}', Software.NEW_API),
        ('{"data":[{"id":"claude","type":"model","display_name":"C"}],"has_more":false}', Software.OTHER),
        ('{"object":"list","data":[{"id":"gpt-5","object":"model"}]}', Software.OTHER),
        ('{"object":"list","data":[{"id":"a","object":"model","display_name":"A"}]}', Software.OTHER),
        ('{"object":"list","data":[{"id":"a","type":"model"}]}', Software.OTHER),
    ],
)
def test_the_model_list_tells_what_a_relay_runs(body: str, software: Software) -> None:
    assert software_of(Answer(200, body)) is software


def test_new_api_is_known_by_its_header() -> None:
    assert software_of(Answer(200, "{}", headers={"x-new-api-version": "v1"})) is Software.NEW_API


_AMOUNT = st.one_of(
    st.floats(), st.integers(), st.text(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)
)
_NAMES = ("isValid", "remaining", "balance", "unit", "quota", "subscription", "expires_at", "data", "object",
          "billing_scope", "resolved_rate_multiplier", "peak_rate_enabled", "peak_rate_multiplier", "total_available",
          "total_used", "total_granted", "hard_limit_usd", "soft_limit_usd", "access_until", "total_usage", "limit",
          "used", "quota_per_unit")  # fmt: skip
_BODY = st.recursive(_AMOUNT, lambda inner: st.dictionaries(st.sampled_from(_NAMES), inner, max_size=12), max_leaves=15)


@given(_BODY, _BODY)
def test_whatever_a_relay_declares_the_outcome_is_small_and_finite(one: Any, other: Any) -> None:
    dashboard = (dashboard_billing(one, other), dashboard_billing(subscription(one, access_until=other), other))
    for found in (sub2api_billing(one, other), new_api_billing(one, other), *dashboard):
        if found is None:
            continue
        shown = json.dumps(found.model_dump(), allow_nan=False)
        assert len(shown) < 400
        assert Billing.model_validate_json(found.model_dump_json()) == found
        spent(found, NOW)
        unmet(found, BillingLimits(1, 1))
        account_rate(found)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, 1e13, "5", True, [5], {"a": 5}])
def test_what_is_no_amount_is_unknown(value: Any) -> None:
    found = sub2api_billing({"isValid": True, "remaining": value, "balance": 1, "quota": {"limit": value}}, RATES)
    assert found == billing(multiplier=0.8)
