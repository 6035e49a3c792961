"""What a relay declares about a key's money: what is left, until when, at which multiplier (docs/billing.md). Pure.

The bodies come from relays and may hold anything: what is not of the known form and size reads as unknown, ``None``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from batch_import.domain.answers import Answer
from batch_import.domain.clock import iso, parse
from batch_import.domain.outcomes import Code

QUOTA_PER_UNIT = 500_000  # New API's points for a dollar, unless its operator sets another number
UNLIMITED = 100_000_000  # what their dashboards declare for a key without a limit
_MOST_DOLLARS = 100_000  # that a dashboard's limit and use may be; more are points, or a mock's number
HIGHEST_RATE = 100.0  # that is written into an account; sub2api itself takes none over this from a relay
_LARGEST = 1e12
_WALLET = "钱包余额"  # the plan that sub2api names for a wallet; versions before 0.1.61 do not tell it otherwise
_PLACES = 6
DOLLARS = "USD"  # in which ``min_balance`` is meant, as sub2api counts
_CURRENCY = re.compile(r"[A-Z]{3,8}")
_YEARS = range(2000, 2201)
_MILLISECONDS_FROM = 100_000_000_000


class Software(StrEnum):
    """What a relay runs, as far as its model list shows it."""

    SUB2API = "sub2api"
    NEW_API = "new_api"
    OTHER = "other"


class BillingSource(StrEnum):
    """Which of the relay's routes declared it."""

    SUB2API = "sub2api"
    NEW_API = "new_api"
    OPENAI_DASHBOARD = "openai_dashboard"


class Billing(BaseModel):
    """As declared; ``None`` is unknown or unlimited, never zero.

    ``balance`` is what can still be spent with the key, ``key_quota`` the key's own limit and ``key_used`` what was
    spent of it, all in ``currency``. ``multiplier`` is the factor on the list price, ``peak_multiplier`` the one in
    the hours that the relay calls peak.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    balance: float | None = None
    currency: str | None = None
    key_quota: float | None = None
    key_used: float | None = None
    expires_at: str | None = None
    multiplier: float | None = None
    peak_multiplier: float | None = None
    source: BillingSource


class BillingLimits(NamedTuple):
    """What a request accepts; ``None`` accepts everything."""

    max_multiplier: float | None = None
    min_balance: float | None = None


def software_of(model_list: Answer) -> Software:
    """By the answer of the model list, of which the beginning suffices."""
    text = model_list.text
    if "x-new-api-version" in model_list.headers or '"supported_endpoint_types"' in text:
        return Software.NEW_API
    # OpenAI's list has no display names, Anthropic's no "object".
    if '"display_name"' in text and '"type":"model"' in text.replace(" ", "") and '"object"' in text:
        return Software.SUB2API
    return Software.OTHER


# --- what the routes answer


def sub2api_billing(usage: Any, rates: Any) -> Billing | None:
    """Of ``GET /v1/usage`` and ``GET /v1/sub2api/billing``; each may be missing.

    Nothing left is told only with rates. Without them it may be a sub2api that bills nothing (``RUN_MODE=simple``); one
    that bills refuses the completion.
    """
    used, rated = _sub2api_usage(_object(usage)), _sub2api_rates(_object(rates))
    if not rated and (used.get("balance") or 0) <= 0:
        used.pop("balance", None)
    told = {**used, **rated}
    return _billing(BillingSource.SUB2API, **told) if told else None


def is_token_usage(body: Any) -> bool:
    return "total_available" in _data(body)


def new_api_billing(usage: Any, status: Any) -> Billing:
    """Of ``GET /api/usage/token/``, in points, which tells of the key alone, not of its user's wallet; and of
    ``GET /api/status``, which tells how many points a dollar has: without its answer nothing left is all that is known.
    """
    data, points = _data(usage), _points_for_a_dollar(status)
    limited = data.get("unlimited_quota") is False
    left = _amount(data.get("total_available"))
    if points is not None:
        told = {
            "balance": _amount(left, points) if limited else None,
            "key_quota": _amount(data.get("total_granted"), points) if limited else None,
            "key_used": _amount(data.get("total_used"), points),
        }
    else:
        told = {"balance": 0.0} if limited and left is not None and left <= 0 else {}
    return _billing(
        BillingSource.NEW_API,
        **told,
        currency=DOLLARS,
        expires_at=_moment(data.get("expires_at")),
    )


def _points_for_a_dollar(status: Any) -> float | None:
    """The usual number only where the relay answers without one; ``None`` without an answer or with nonsense."""
    told = _data(status)
    points = _amount(told.get("quota_per_unit", QUOTA_PER_UNIT)) if told else None
    return points if points is not None and points >= 1 else None


def is_subscription(body: Any) -> bool:
    """Whether one-api or a fork of it (New API, Veloera, one-hub, done-hub) answered: they write the same number, all
    that there ever was, into both limits. aiproxy and chatnio, which write two, mean something else by them.
    """
    told = _object(body)
    limit = _amount(told.get("hard_limit_usd"))
    return (
        told.get("object") == "billing_subscription"
        and limit is not None
        and limit == _amount(told.get("soft_limit_usd"))
    )


def dashboard_billing(subscription: Any, usage: Any) -> Billing | None:
    """Of OpenAI's former ``/dashboard/billing/subscription`` and ``…/usage``, the latter in cents; it may be missing.

    More spent than there ever was tells nothing: one-api sets a user's wallet against all that the user ever spent.
    """
    if not is_subscription(subscription):
        return None
    body = _object(subscription)
    limit, used = _amount(body["hard_limit_usd"]), _amount(_object(usage).get("total_usage"), 100)
    if limit is not None and limit > _MOST_DOLLARS:
        used = used if limit == UNLIMITED else None
        limit = None
    used = None if used is not None and used > _MOST_DOLLARS else used
    left = None if limit is None or used is None else round(limit - used, _PLACES)
    return _billing(
        BillingSource.OPENAI_DASHBOARD,
        balance=left if left is None or left >= 0 else None,
        currency=None if _may_be_points(limit, used) else DOLLARS,
        key_quota=limit,
        key_used=used,
        expires_at=_moment(body.get("access_until")),
    )


def _may_be_points(*amounts: float | None) -> bool:
    """one-api counts in points, which are whole, and shows them as they are where its operator wants that
    (``DisplayInCurrencyEnabled``).
    """
    return all(amount is None or amount == int(amount) for amount in amounts)


def _billing(source: BillingSource, **told: Any) -> Billing:
    """A currency is told with an amount only."""
    if all(told.get(amount) is None for amount in ("balance", "key_quota", "key_used")):
        told.pop("currency", None)
    return Billing(source=source, **told)


def _sub2api_usage(body: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(body.get("isValid"), bool):
        return {}
    quota, subscription = _object(body.get("quota")), _object(body.get("subscription"))
    of_wallet = "balance" in body or body.get("planName") == _WALLET
    told = {
        "balance": _amount(body.get("remaining", body.get("balance"))) if of_wallet or quota else None,
        "currency": _currency(body.get("unit")),
        "key_quota": _amount(quota.get("limit")),
        "key_used": _amount(quota.get("used")),
        "expires_at": _moment(body.get("expires_at")),
    }
    return told if not subscription else {**told, **_of_subscription(subscription)}


def _of_subscription(body: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription has no balance: ``remaining`` is the least that is left of the day, the week or the month, comes
    back by itself and may be of a day that has passed; -1 without limits.
    """
    limit = _amount(body.get("monthly_limit_usd")) or None
    return {
        "balance": None,
        "key_quota": limit,
        "key_used": _amount(body.get("monthly_usage_usd")) if limit else None,
        "expires_at": _moment(body.get("expires_at")),
    }


def _sub2api_rates(body: Mapping[str, Any]) -> dict[str, Any]:
    """The multiplier of the key's group and user, without the hours' own: those come and go."""
    rate = _rate(body.get("resolved_rate_multiplier"))
    if body.get("object") != "sub2api.key_billing" or body.get("billing_scope") != "token" or rate is None:
        return {}
    peak = _rate(body.get("peak_rate_multiplier")) if body.get("peak_rate_enabled") is True else None
    return {"multiplier": rate, "peak_multiplier": None if peak is None else _rate(rate * peak)}


# --- what follows


def spent(billing: Billing | None, now: datetime) -> str | None:
    """Why the key cannot pay, in words, or ``None``."""
    if billing is None:
        return None
    if billing.balance is not None and billing.balance <= 0:
        return f"the relay declares a balance of {_shown(billing.balance, billing.currency)}"
    if billing.expires_at is not None and parse(billing.expires_at) <= now:
        return f"the relay declares that the key expired at {billing.expires_at}"
    return None


def unmet(billing: Billing | None, limits: BillingLimits) -> tuple[Code, str] | None:
    """Which limit of the request is not met, and in words; what is unknown meets every limit."""
    if billing is None:
        return None
    rate = highest_multiplier(billing.multiplier, billing.peak_multiplier)
    if rate is not None and limits.max_multiplier is not None and rate > limits.max_multiplier:
        return Code.TOO_DEAR, f"multiplier {rate:g}, at most {limits.max_multiplier:g} is accepted"
    left = billing.balance if billing.currency == DOLLARS else None
    if left is not None and limits.min_balance is not None and left < limits.min_balance:
        told = _shown(left, billing.currency)
        return Code.TOO_LITTLE_LEFT, f"{told} left, at least {limits.min_balance:g} is wanted"
    return None


def unjudged_balance(billing: Billing | None, limits: BillingLimits) -> str | None:
    """The balance, in words, that ``min_balance`` cannot be set against: in another currency, or in points."""
    if billing is None or billing.balance is None or limits.min_balance is None or billing.currency == DOLLARS:
        return None
    return _shown(billing.balance, billing.currency)


def highest_multiplier(usual: float | None, peak: float | None) -> float | None:
    """By which a relay's price is judged and ordered; ``None`` where neither is known."""
    return max((rate for rate in (usual, peak) if rate is not None), default=None)


def account_rate(billing: Billing | None) -> float | None:
    """The ``rate_multiplier`` for the host's account, within what sub2api itself takes from a relay."""
    rate = None if billing is None or billing.multiplier is None else round(billing.multiplier, 4)
    return rate if rate is not None and 0 < rate <= HIGHEST_RATE else None


def _shown(amount: float, currency: str | None) -> str:
    return f"{amount:g} {currency}" if currency else f"{amount:g}"


# --- values of a body


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _data(body: Any) -> Mapping[str, Any]:
    return _object(_object(body).get("data"))


def _amount(value: Any, unit: float = 1) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        return None  # also not a number
    return round(value / unit, _PLACES) + 0.0  # never -0.0


def _rate(value: Any) -> float | None:
    rate = _amount(value)
    return rate if rate is not None and rate >= 0 else None


def _currency(value: Any) -> str | None:
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def _moment(value: Any) -> str | None:
    """Seconds or milliseconds of the epoch, or RFC 3339; zero, minus one and other times than ours are none."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif isinstance(value, (int, float)):
            seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
            moment = datetime.fromtimestamp(seconds, UTC)
        else:
            return None
        return iso(moment) if moment.astimezone(UTC).year in _YEARS else None
    except (ValueError, OverflowError, OSError):
        return None
