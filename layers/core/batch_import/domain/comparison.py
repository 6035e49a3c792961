"""What is known of a relay that was proved: what its latest import found, in one short row. Pure.

See docs/decisions/0036-compare.md.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from statistics import median
from typing import NamedTuple, TypeVar

from batch_import.domain.clock import milliseconds
from batch_import.domain.entities import Item, ItemProfile
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.texts import in_address
from batch_import.domain.types import AccessStatus, AccountResolution
from batch_import.domain.undo_results import UndoOutcome

_MOST_FAMILIES = 300  # of a relay
T = TypeVar("T")


class Finding(NamedTuple):
    """A relay that was proved: an address with a key on a platform, which is one account of the host.

    ``seen_at``, ``run_id``, ``item_id``, ``access_status`` and ``code`` are those of the latest import that ended with
    a verdict. All else is of the latest one that proved it, at ``proved_at``. Times are milliseconds of the epoch.
    ``tested`` is the family of the one model that was asked, to which speed, answer time and evidence belong;
    ``families`` are those that the account serves. What is not known is ``None``.
    """

    relay: str
    seen_at: int
    run_id: str
    item_id: str
    access_status: str
    code: str | None
    proved_at: int
    base_url: str
    provider_id: str
    platform: str
    account_id: int | None
    multiplier: float | None
    balance: float | None
    currency: str | None
    tested: str
    first_token_ms: int | None
    tokens_per_second: float | None
    latency_ms: int | None
    identity: str | None
    passthrough: str | None
    families: list[str]

    @property
    def is_active(self) -> bool:
        return self.access_status == AccessStatus.ACTIVE


def relay_of(item: Item) -> str:
    """A name for the item's address, key and platform, which tells nothing of the key."""
    text = f"{item.provider_id} {item.key_digest} {item.of_platform}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def says_something(item: Item) -> bool:
    """Whether the item ended with a verdict of its own."""
    return item.duplicate_of is None and item.access_status not in (None, AccessStatus.UNKNOWN)


def followed(known: Finding | None, item: Item, profile: ItemProfile) -> Finding | None:
    """What is known of a relay after one of its imports; ``None`` when nothing proves it any more.

    ``item`` ended with a verdict. Repeating is harmless, and an import that is older than what is known is left out.
    An account that an undo has removed or switched off is no proof, whichever run had proved it.
    """
    if _is_taken_back(item):
        return None if known is not None and known.account_id == item.account_id else known
    seen_at = milliseconds(item.updated_at)
    if known is not None and seen_at < known.seen_at:
        return known
    if item.access_status is AccessStatus.ACTIVE:
        return _proved(item, profile, seen_at)
    if known is None:
        return None
    latest = known._replace(
        seen_at=seen_at,
        run_id=item.run_id,
        item_id=item.item_id,
        access_status=item.shown_access.value,
        code=item.last_error_code,
    )
    declared = profile.billing
    return latest if declared is None else latest._replace(balance=declared.balance, currency=declared.currency)


def _is_taken_back(item: Item) -> bool:
    outcome = (item.undo_result or {}).get("outcome")
    was_off = item.account_resolution in (AccountResolution.REACTIVATED, AccountResolution.REPLACED)
    return outcome == UndoOutcome.REMOVED or (outcome == UndoOutcome.RESTORED and was_off)


def _proved(item: Item, profile: ItemProfile, seen_at: int) -> Finding:
    tested = canonical_model_family(item.resolved_smoke_model or "")
    billing, speed, evidence = profile.billing, profile.speed or {}, profile.evidence or {}
    served = [family for family in profile.canonical_model_families if family in profile.model_mapping]
    return Finding(
        relay=relay_of(item),
        seen_at=seen_at,
        run_id=item.run_id,
        item_id=item.item_id,
        access_status=AccessStatus.ACTIVE.value,
        code=None,
        proved_at=seen_at,
        base_url=item.base_url,
        provider_id=item.provider_id,
        platform=item.of_platform.value,
        account_id=item.account_id,
        multiplier=billing.multiplier if billing else None,
        balance=billing.balance if billing else None,
        currency=billing.currency if billing else None,
        tested=tested,
        first_token_ms=speed.get("first_token_ms"),
        tokens_per_second=speed.get("tokens_per_second"),
        latency_ms=item.latency_ms,
        identity=evidence.get("identity", {}).get("value"),
        passthrough=evidence.get("passthrough", {}).get("value"),
        families=list(dict.fromkeys([tested, *served]))[:_MOST_FAMILIES],
    )


# --- comparing


class ComparedModel(NamedTuple):
    """A model over all relays that serve it; see ``contract.ModelView``."""

    model: str
    relays: int
    active_relays: int
    tested_relays: int
    best_tokens_per_second: float | None
    median_tokens_per_second: float | None
    best_first_token_ms: int | None
    median_first_token_ms: int | None
    lowest_multiplier: float | None
    seen_at: int


def models_of(findings: Iterable[Finding]) -> list[ComparedModel]:
    """All models that any of the relays serve, in no order."""
    oldest_first = sorted(findings, key=lambda finding: finding.seen_at)
    active = [finding for finding in oldest_first if finding.is_active]
    declared = [finding for finding in active if finding.multiplier is not None]
    dearest_first = sorted(declared, key=lambda finding: finding.multiplier or 0, reverse=True)
    relays, active_relays = (
        Counter(chain.from_iterable(one.families for one in some)) for some in (oldest_first, active)
    )
    seen = _last_of(oldest_first, lambda finding: finding.seen_at)
    multipliers = _last_of(dearest_first, lambda finding: finding.multiplier)
    tested: dict[str, list[Finding]] = defaultdict(list)
    for finding in active:
        tested[finding.tested].append(finding)
    return [
        ComparedModel(
            model,
            count,
            active_relays[model],
            len(tested.get(model, ())),
            *_speeds(tested.get(model, ())),
            multipliers.get(model),
            seen[model],
        )
        for model, count in relays.items()
    ]


def _last_of(findings: Iterable[Finding], value: Callable[[Finding], T]) -> dict[str, T]:
    """For each model the value of the last relay that serves it; quick, for there are hundreds of thousands."""
    return dict(chain.from_iterable(zip(one.families, repeat(value(one)), strict=False) for one in findings))


def _speeds(tested: Iterable[Finding]) -> tuple[float | None, float | None, int | None, int | None]:
    """The best and the median rate, and the best and the median time to the first token."""
    found = list(tested)
    rates = [finding.tokens_per_second for finding in found if finding.tokens_per_second is not None]
    times = [finding.first_token_ms for finding in found if finding.first_token_ms is not None]
    return (
        max(rates, default=None),
        round(median(rates), 1) if rates else None,
        min(times, default=None),
        round(median(times)) if times else None,
    )


def model_in(findings: Iterable[Finding], asked: str) -> str | None:
    """The family that an address or a person calls ``asked``; ``None`` when no relay serves it."""
    wanted = {in_address(asked.lower()), in_address(canonical_model_family(asked))}
    known = {family for finding in findings for family in finding.families}
    return next((family for family in sorted(known) if in_address(family) in wanted), None)
