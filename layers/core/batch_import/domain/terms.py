"""What an account is given beside access, where a run asks for it: rate, priority, and the host's own billing probe.

See docs/billing.md#what-follows. Pure.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from batch_import.domain.billing import Billing, BillingSource, account_rate
from batch_import.domain.entities import ItemProfile, Run
from batch_import.domain.types import Platform

Terms = Mapping[str, float | int | bool]  # by the name of the host's field
ReplacedTerms = Mapping[str, tuple[Decimal, Decimal]]  # what a field was, and what it becomes

RATE, PRIORITY, BILLING_PROBE = "rate_multiplier", "priority", "upstream_billing_probe_enabled"
_TYPES: Mapping[str, Callable[[Decimal], float | int | bool]] = {RATE: float, PRIORITY: int, BILLING_PROBE: bool}
USUAL_PRIORITY = 50  # of an account whose relay's speed is not known
_USUAL_ANSWER = 500  # tokens
_PRIORITIES = ((5, 30), (10, 40), (20, USUAL_PRIORITY), (40, 60))  # seconds of such an answer at most
_SLOWEST = 70
_ANY_PLATFORM, _OPENAI_ONLY = (0, 1, 170), (0, 1, 161)  # versions of the host with the probe


def terms_asked_for(
    run: Run, profile: ItemProfile, platform: Platform, model: str | None, host_version: tuple[int, ...]
) -> Terms:
    """As far as the relay told it and the host has it. ``model`` is the test model, by its raw name."""
    terms: dict[str, float | int | bool] = {}
    if run.rate_from_relay and (rate := account_rate(profile.billing)) is not None:
        terms[RATE] = rate
    if run.priority_from_speed and (priority := account_priority(profile.speed_of(model))) is not None:
        terms[PRIORITY] = priority
    if run.host_billing_probe and _can_be_watched(profile.billing, platform, host_version):
        terms[BILLING_PROBE] = True
    return terms


def account_priority(speed: Mapping[str, Any] | None) -> int | None:
    """By the ``first_token_ms`` and ``tokens_per_second`` of its relay; less goes first (docs/host-api.md#priority).

    Five steps, so that relays of about the same speed share the load. ``None`` where no rate is known.
    """
    if speed is None or not speed.get("tokens_per_second"):
        return None
    seconds = speed["first_token_ms"] / 1000 + _USUAL_ANSWER / float(speed["tokens_per_second"])
    return next((priority for most, priority in _PRIORITIES if seconds <= most), _SLOWEST)


def terms_to_change(held: Terms, wanted: Terms) -> Terms:
    """The fields that an update must carry; what the account does not show must stay as it is."""
    return {name: value for name, value in wanted.items() if held.get(name, value) != value}


def replaced_terms(held: Terms, wanted: Terms) -> dict[str, tuple[Decimal, Decimal]]:
    """What each field is that will change, and what it will be. As decimals: DynamoDB takes no floats."""
    return {name: (_exact(held[name]), _exact(given)) for name, given in terms_to_change(held, wanted).items()}


def told_terms(replaced: ReplacedTerms) -> dict[str, list[float | int | bool]]:
    """The old and the new value of each field, as the history tells them."""
    return {name: [_TYPES[name](value) for value in pair] for name, pair in replaced.items()}


def terms_before(replaced: ReplacedTerms, held: Terms) -> Terms:
    """The values that a run replaced, without fields that somebody has set to something else since."""
    ours = {name: was for name, (was, given) in replaced.items() if name in held and held[name] == float(given)}
    return {name: type(held[name])(was) for name, was in ours.items()}


def _exact(value: float) -> Decimal:
    return Decimal(str(+value))  # +True is 1


def _can_be_watched(billing: Billing | None, platform: Platform, host_version: tuple[int, ...]) -> bool:
    """The host's probe reads what a newer sub2api tells of its multiplier (docs/host-api.md#billing-probe)."""
    told = billing is not None and billing.source is BillingSource.SUB2API and billing.multiplier is not None
    return told and host_version >= (_OPENAI_ONLY if platform is Platform.OPENAI else _ANY_PLATFORM)
