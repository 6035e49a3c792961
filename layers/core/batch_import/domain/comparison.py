"""What an import tells of a relay: its finding. Pure.

See docs/decisions/0036-compare.md.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from batch_import.domain.clock import milliseconds
from batch_import.domain.entities import Item, ItemProfile
from batch_import.domain.finding import Finding
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.outcomes import Code
from batch_import.domain.texts import in_address
from batch_import.domain.types import AccessStatus, Platform
from batch_import.domain.undo import served_before
from batch_import.domain.undo_results import UndoOutcome

_MOST_FAMILIES = 300  # of a relay
_OF_LATEST = ("seen_at", "run_id", "item_id", "access_status", "code")
_ASKED_LATE = ("first_token_ms", "tokens_per_second", "identity", "passthrough")  # after the verdict
_OF_KEY = ("balance", "currency", "expires_at", "declared_at")
_DECLARED = (*_OF_KEY, "multiplier", "peak_multiplier")
_LEFT_OUT = (Code.TOO_DEAR, Code.TOO_LITTLE_LEFT)  # by the request, not by the relay


def relays_of(item: Item) -> list[str]:
    """Names for the item's address and key on its platform, which tell nothing of the key.

    An item that failed before a platform was chosen has one for each platform that it allows.
    """
    chosen = item.platform is not None or item.account_id is not None
    platforms = [item.of_platform] if chosen else [each for each in Platform if item.platform_wish.allows(each)]
    texts = (f"{item.provider_id} {item.key_digest} {platform}" for platform in platforms)
    return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]


def says_something(item: Item) -> bool:
    """Whether the item ended with a verdict of its own."""
    return item.duplicate_of is None and item.access_status not in (None, AccessStatus.UNKNOWN)


class Told(NamedTuple):
    """What an item tells: the relays that it tells of; its finding, also where it proved nothing; whether an undo has
    removed its account or switched it off again; and whether its relay declared anything of the key.
    """

    relays: list[str]
    finding: Finding
    is_taken_back: bool
    declares: bool


def told_by(item: Item, profile: ItemProfile) -> Told:
    """``item`` ended with a verdict."""
    outcome = (item.undo_result or {}).get("outcome")
    is_off_again = outcome == UndoOutcome.RESTORED and item.wakes_account and not served_before(item)
    is_taken_back = outcome == UndoOutcome.REMOVED or is_off_again
    relays = relays_of(item)
    return Told(relays, _finding(relays[0], item, profile), is_taken_back, profile.billing is not None)


def followed(known: Finding | None, told: Told) -> Finding | None:
    """What is known of a relay after one of its imports; ``None`` when nothing proves it any more.

    Repeating is harmless, and an import that is older than what is known is left out; but what was asked after a proof
    is told of it whatever came meanwhile. An import that its own limits kept out tells price, balance and expiry alone,
    which an older one does not replace then. An account that an undo has taken back is no proof, whichever run had
    proved it.
    """
    new = told.finding
    if told.is_taken_back:
        return None if known is not None and known.account_id == new.account_id else known
    if known is None:
        return new if new.is_active else None
    if new.is_active and new.seen_at == known.proved_at:
        return _with(known, new, _ASKED_LATE)
    if new.seen_at < known.seen_at:
        return known
    if new.is_active:
        return _with(new, known, _DECLARED) if (known.declared_at or 0) > new.seen_at else new
    later = known if new.code in _LEFT_OUT else _with(known, new, _OF_LATEST)
    if not told.declares or (known.declared_at or 0) > new.seen_at:
        return later
    return _with(later, new, _DECLARED if new.multiplier is not None else _OF_KEY)


def _with(finding: Finding, other: Finding, fields: tuple[str, ...]) -> Finding:
    return finding._replace(**{name: getattr(other, name) for name in fields})


def _finding(relay: str, item: Item, profile: ItemProfile) -> Finding:
    seen_at, tested = milliseconds(item.updated_at), canonical_model_family(item.resolved_smoke_model or "")
    billing, evidence = profile.billing, profile.evidence or {}
    speed = profile.speed_of(item.resolved_smoke_model) or {}
    served = [family for family in profile.canonical_model_families if family in profile.model_mapping]
    access = item.shown_access
    return Finding(
        relay=relay,
        seen_at=seen_at,
        run_id=item.run_id,
        item_id=item.item_id,
        access_status=access.value,
        code=None if access is AccessStatus.ACTIVE else item.last_error_code,
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
        peak_multiplier=billing.peak_multiplier if billing else None,
        expires_at=billing.expires_at if billing else None,
        declared_at=seen_at if billing else None,
    )


def model_in(findings: Iterable[Finding], asked: str) -> str | None:
    """The family that an address or a person calls ``asked``; ``None`` when no relay serves it."""
    wanted = {in_address(asked), in_address(canonical_model_family(asked))}
    known = {family for finding in findings for family in finding.families}
    return next((family for family in sorted(known) if in_address(family) in wanted), None)
