"""What an import tells of a relay: its finding. Pure.

See docs/decisions/0036-compare.md.
"""

import hashlib
from collections.abc import Iterable

from batch_import.domain.clock import milliseconds
from batch_import.domain.entities import Item, ItemProfile
from batch_import.domain.finding import Finding
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.texts import in_address
from batch_import.domain.types import AccessStatus, AccountResolution
from batch_import.domain.undo_results import UndoOutcome

_MOST_FAMILIES = 300  # of a relay


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


def model_in(findings: Iterable[Finding], asked: str) -> str | None:
    """The family that an address or a person calls ``asked``; ``None`` when no relay serves it."""
    wanted = {in_address(asked.lower()), in_address(canonical_model_family(asked))}
    known = {family for finding in findings for family in finding.families}
    return next((family for family in sorted(known) if in_address(family) in wanted), None)
