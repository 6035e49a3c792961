"""An account of the host, as it is held and as it is wanted. Pure: no clock, no calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from batch_import.domain.routing import Held, ResponsesMode
from batch_import.domain.terms import Terms
from batch_import.domain.types import AuthStyle, MatchedAccountState, Platform


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


def account_state(account: ExistingAccount, now: datetime) -> MatchedAccountState | None:
    """How the host's fields and our marker read together; cooling down is active, half-made is no match."""
    if account.import_state == ImportState.UNPROVEN:
        return None
    if account.status == "error" or account.import_state == ImportState.FAILED:
        return MatchedAccountState.BROKEN
    if account.import_state == ImportState.DEPRECATED:
        return MatchedAccountState.DEPRECATED
    if account.status != "active" or not account.schedulable or has_expired(account, now):
        return MatchedAccountState.DISABLED
    return MatchedAccountState.ACTIVE


def has_expired(account: ExistingAccount, now: datetime) -> bool:
    """Its date has come; without auto-pause it has none (host/accounts.py)."""
    return account.expires_at is not None and account.expires_at <= now


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
