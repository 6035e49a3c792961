"""What to do with a pair, given what the host holds (docs/design.md#22-decide). Pure: no clock, no calls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from batch_import.domain.advisories import Advisory
from batch_import.domain.channel_evolution import NOTHING_ADDED, ModelMappingDelta, model_mapping_delta
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.outcomes import Code
from batch_import.domain.routing import Held, ResponsesMode
from batch_import.domain.terms import Terms
from batch_import.domain.types import AccountResolution, AuthStyle, MatchedAccountState, Platform, Reactivate


class ImportState(StrEnum):
    """Our marker's word on the account: what *we* left behind."""

    UNPROVEN = "unproven"
    PROVEN = "proven"
    FAILED = "failed"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class ExistingAccount:
    """An account as the host shows it. ``provider_id`` and ``digest`` come from our marker, empty without one.

    ``runs`` are those that use it, the one that made it first.
    ``platform`` may be one that we never use: people make accounts, too. ``terms`` lack what must stay as it is.
    """

    account_id: int
    name: str
    base_url: str
    status: str
    schedulable: bool
    expires_at: datetime | None = None
    provider_id: str = ""
    digest: str = ""
    import_state: str = ""
    model_mapping: Mapping[str, str] = field(default_factory=dict)
    group_ids: tuple[int, ...] = ()
    prior_groups: tuple[int, ...] = ()
    runs: tuple[str, ...] = ()
    responses_mode: str = ""
    platform: str = Platform.OPENAI
    auth_style: AuthStyle = AuthStyle.BEARER
    terms: Terms = field(default_factory=dict)

    @property
    def families(self) -> frozenset[str]:
        return frozenset(canonical_model_family(name) for name in self.model_mapping)


@dataclass(frozen=True, slots=True)
class DesiredAccount:
    """``terms`` are those that the run asks for (docs/billing.md)."""

    provider_id: str
    digest: str
    base_url: str
    model_mapping: Mapping[str, str]
    platform: Platform = Platform.OPENAI
    run_id: str = ""
    terms: Terms = field(default_factory=dict)

    @property
    def families(self) -> frozenset[str]:
        return frozenset(canonical_model_family(name) for name in self.model_mapping)


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


def account_state(account: ExistingAccount, now: datetime) -> MatchedAccountState | None:
    """How the host's fields and our marker read together; cooling down is active, half-made is no match."""
    if account.import_state == ImportState.UNPROVEN:
        return None
    if account.status == "error" or account.import_state == ImportState.FAILED:
        return MatchedAccountState.BROKEN
    if account.import_state == ImportState.DEPRECATED:
        return MatchedAccountState.DEPRECATED
    if account.status != "active" or not account.schedulable or _expired(account, now):
        return MatchedAccountState.DISABLED
    return MatchedAccountState.ACTIVE


def accounts_of_pair(
    held: Iterable[ExistingAccount], provider_id: str, digest: str, platform: Platform
) -> list[ExistingAccount]:
    """Those with our marker for this relay, key and platform; more than one after a "duplicate" in the host."""
    wanted = (provider_id, digest, platform)
    return [account for account in held if (account.provider_id, account.digest, account.platform) == wanted]


def held_by_platform(accounts: Iterable[ExistingAccount], provider_id: str, digest: str) -> dict[Platform, Held]:
    """The accounts of ours for this relay and key, as ``domain/routing.py`` reads them."""
    known = list(accounts)
    found = {p: accounts_of_pair(known, provider_id, digest, p) for p in Platform}
    return {p: _held(ours[0]) for p, ours in found.items() if ours}


def _held(account: ExistingAccount) -> Held:
    modes = {mode.value: mode for mode in ResponsesMode}
    return Held(modes.get(account.responses_mode, ResponsesMode.AUTO), account.auth_style)


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
    return account.status != "active" or not _expired(account, now)


def _expired(account: ExistingAccount, now: datetime) -> bool:
    return account.expires_at is not None and account.expires_at <= now


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
    new = sorted(wanted.families - account.families)
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
