"""What to do with a pair, given what the host holds (docs/design.md#22-decide). Pure: no clock, no calls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from batch_import.domain.account import DesiredAccount, ExistingAccount, account_state, accounts_of_pair, has_expired
from batch_import.domain.advisories import Advisory
from batch_import.domain.channel_evolution import NOTHING_ADDED, ModelMappingDelta, model_mapping_delta
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AccountResolution, MatchedAccountState, Reactivate


@dataclass(frozen=True, slots=True)
class ReuseDecision:
    """``resolution`` None means: leave the account alone (``refusal`` says why)."""

    matched: MatchedAccountState | None
    resolution: AccountResolution | None
    account_id: int | None = None
    delta: ModelMappingDelta = NOTHING_ADDED
    refusal: Code | None = None
    advisories: tuple[Advisory, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)

    @property
    def provision_reused(self) -> bool:
        return self.resolution in (AccountResolution.REUSED, AccountResolution.REACTIVATED)


def decide_reuse(
    wanted: DesiredAccount,
    held: Iterable[ExistingAccount],
    *,
    reactivate: Reactivate,
    now: datetime,
    provider_usable: bool = True,
) -> ReuseDecision:
    """Decide on (provider, key, platform, families).

    ``provider_usable`` is False when our group or channel for it is gone.
    """
    accounts = list(held)
    ours = accounts_of_pair(accounts, wanted.provider_id, wanted.digest, wanted.platform)
    if not ours:
        return ReuseDecision(
            None, AccountResolution.CREATED, advisories=_same_url(wanted, accounts), evidence={"matched_by": "nothing"}
        )
    account = min(ours, key=lambda a: (_rank(account_state(a, now)), a.account_id))
    decision = _decide_on(account, wanted, reactivate, now, provider_usable)
    return _with_other_accounts(decision, ours)


def _decide_on(
    account: ExistingAccount, wanted: DesiredAccount, reactivate: Reactivate, now: datetime, provider_usable: bool
) -> ReuseDecision:
    state = account_state(account, now)
    delta = model_mapping_delta(account.model_mapping, wanted.model_mapping)
    evidence = _evidence(account, wanted, delta)
    if state is None:
        return ReuseDecision(None, AccountResolution.CREATED, account.account_id, delta, evidence=evidence)
    if state is MatchedAccountState.DISABLED and _paused_by_person(account, now):
        if reactivate is Reactivate.OURS:
            return ReuseDecision(state, None, account.account_id, refusal=Code.PAUSED_BY_OPERATOR, evidence=evidence)
        paused = (Advisory("was_paused_by_person"),)
        return ReuseDecision(state, AccountResolution.REACTIVATED, account.account_id, delta, None, paused, evidence)
    resolution = _RESOLUTIONS[state]
    if state is MatchedAccountState.ACTIVE and not provider_usable:
        resolution = AccountResolution.REPLACED
    return ReuseDecision(state, resolution, account.account_id, delta, evidence=evidence)


_RESOLUTIONS = {
    MatchedAccountState.ACTIVE: AccountResolution.REUSED,
    MatchedAccountState.DISABLED: AccountResolution.REACTIVATED,
    MatchedAccountState.DEPRECATED: AccountResolution.REACTIVATED,
    MatchedAccountState.BROKEN: AccountResolution.REPLACED,
}


def _rank(state: MatchedAccountState | None) -> int:
    order = (MatchedAccountState.ACTIVE, MatchedAccountState.DISABLED, MatchedAccountState.DEPRECATED, None)
    return order.index(state) if state in order else len(order)


def _paused_by_person(account: ExistingAccount, now: datetime) -> bool:
    """The host itself only takes an expired account out of scheduling; it never makes one inactive."""
    return account.status != "active" or not has_expired(account, now)


def _same_url(wanted: DesiredAccount, accounts: Sequence[ExistingAccount]) -> tuple[Advisory, ...]:
    """An account without our marker cannot be matched by key: the host never shows keys."""
    return tuple(
        Advisory("account_of_same_url", {"name": a.name, "account_id": str(a.account_id)})
        for a in accounts
        if not a.digest and a.base_url == wanted.base_url
    )[:1]


def _with_other_accounts(decision: ReuseDecision, ours: Sequence[ExistingAccount]) -> ReuseDecision:
    """A "duplicate" in the host copies our marker: a conflict to report, not to merge.

    See docs/host-api.md#marker-in-extra.
    """
    if len(ours) < 2:
        return decision
    ids = ", ".join(f"#{a.account_id}" for a in sorted(ours, key=lambda a: a.account_id))
    advisories = (*decision.advisories, Advisory("two_accounts_one_marker", {"ids": ids}))
    return ReuseDecision(
        decision.matched,
        decision.resolution,
        decision.account_id,
        decision.delta,
        decision.refusal,
        advisories,
        decision.evidence,
    )


def _evidence(account: ExistingAccount, wanted: DesiredAccount, delta: ModelMappingDelta) -> dict[str, object]:
    new = sorted(_families(wanted.model_mapping) - _families(account.model_mapping))
    return {
        "matched_by": "marker",
        "account_id": account.account_id,
        "status": account.status,
        "schedulable": account.schedulable,
        "import_state": account.import_state,
        "families": "new" if new else ("alias" if delta.added else "covered"),
        "new_families": new[:20],
        "new_names": sorted(delta.added)[:20],
    }


def _families(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(canonical_model_family, names))
