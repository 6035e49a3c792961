"""An account of the host, as it is held and as it is wanted. Pure: no clock, no calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from batch_import.domain.terms import Terms
from batch_import.domain.types import AuthStyle, MatchedAccountState, Platform

AUTH_SCHEME, BEARER_SCHEME = "anthropic_apikey_auth_scheme", "authorization_bearer"


class ResponsesMode(StrEnum):
    """The host's ``extra.openai_responses_mode``."""

    AUTO = "auto"
    CHAT = "force_chat_completions"
    RESPONSES = "force_responses"


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


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What an account of the host carries besides address, key and mapping (docs/host-api.md#platforms)."""

    credentials: Mapping[str, object]
    extra: Mapping[str, object]


def account_settings(platform: Platform, style: AuthStyle, mode: str, api_key: str) -> AccountSettings:
    """``mode`` is the ``ResponsesMode`` of an openai account. A header's value can be read in the host."""
    credentials: dict[str, object] = {}
    if style is AuthStyle.API_KEY:
        credentials = {"header_override_enabled": True, "header_overrides": {"api-key": api_key}}
    extra = {
        Platform.OPENAI: {"openai_responses_mode": mode},
        Platform.ANTHROPIC: {AUTH_SCHEME: BEARER_SCHEME if style is AuthStyle.BEARER else ""},
    }.get(platform, {})
    return AccountSettings(credentials, extra)


def style_of_settings(platform: str, credentials: Mapping[str, object], extra: Mapping[str, object]) -> AuthStyle:
    """The opposite: how an account with these settings shows its key."""
    if credentials.get("header_override_enabled"):
        return AuthStyle.API_KEY
    if platform == Platform.GEMINI:
        return AuthStyle.X_GOOG_API_KEY
    if platform == Platform.ANTHROPIC and extra.get(AUTH_SCHEME) != BEARER_SCHEME:
        return AuthStyle.X_API_KEY
    return AuthStyle.BEARER
