"""Between the host's account JSON and our words: the marker, the states, the body of a new account."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from batch_import.domain.account import AccountSettings, DesiredAccount, ExistingAccount, ImportState, style_of_settings
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.provider import account_name
from batch_import.domain.terms import BILLING_PROBE, PRIORITY, RATE, USUAL_PRIORITY, Terms, replaced_terms
from batch_import.domain.types import Platform
from batch_import.domain.urls import canonical_base_url

CONCURRENCY = 10  # omitted means unlimited on the host


def provider_of(account: Mapping[str, Any]) -> str:
    """The provider that our marker names; empty for an account made by hand."""
    return str((account.get("extra") or {}).get("import_provider_id") or "")


def existing_account(account: Mapping[str, Any]) -> ExistingAccount:
    """The host's row as the decision reads it. Unknown or odd values are tolerated: people edit accounts."""
    credentials, extra = account.get("credentials") or {}, account.get("extra") or {}
    platform, provider_id = str(account.get("platform") or ""), provider_of(account)
    if provider_id:
        platform = str(extra.get("import_platform") or Platform.OPENAI)
    mapping = credentials.get("model_mapping")
    return ExistingAccount(
        account_id=int(account["id"]),
        name=str(account.get("name", "")),
        base_url=_canonical(credentials.get("base_url")),
        status=str(account.get("status", "")),
        schedulable=bool(account.get("schedulable")),
        expires_at=_expiry(account),
        provider_id=provider_id,
        digest=str(extra.get("import_fingerprint") or "").removeprefix("sha256:"),
        import_state=str(extra.get("import_state") or ""),
        model_mapping={str(k): str(v) for k, v in mapping.items()} if isinstance(mapping, Mapping) else {},
        group_ids=tuple(int(g) for g in account.get("group_ids") or ()),
        prior_groups=tuple(int(g) for g in extra.get("import_prior_groups") or ()),
        runs=tuple(str(run_id) for run_id in extra.get("import_runs") or ()),
        responses_mode=str(extra.get("openai_responses_mode") or ""),
        platform=platform,
        auth_style=style_of_settings(platform, credentials, extra),
        terms=_terms(account, extra),
    )


def new_account(
    wanted: DesiredAccount, base_url: str, api_key: str, settings: AccountSettings, group_id: int
) -> dict[str, Any]:
    """Body of ``POST /admin/accounts``: marked, reaching its relay by ``settings``, born in ``group_id``.

    Never without a ``base_url``: the host would send the key to the vendor. See docs/host-api.md#account-creation.
    """
    return {
        "name": account_name(wanted.provider_id, wanted.digest, wanted.platform),
        "notes": "Batch Auto-Import",
        "platform": wanted.platform.value,
        "type": "apikey",
        "credentials": {
            "base_url": base_url,
            "api_key": api_key,
            "model_mapping": dict(wanted.model_mapping),
            **settings.credentials,
        },
        "extra": {**marker(wanted, ImportState.UNPROVEN), "import_runs": [wanted.run_id], **settings.extra},
        "concurrency": CONCURRENCY,
        PRIORITY: USUAL_PRIORITY,
        RATE: 1,
        "group_ids": [group_id],
        **wanted.terms,
    }


def before_run(account: ExistingAccount, wanted: DesiredAccount, groups: list[int], *, served: bool) -> dict[str, Any]:
    """What an undo needs to know of an account that a run will use, as ``Before`` reads it.

    ``groups`` are the account's, without isolation groups.
    A name of an account that ``served`` keeps its target.
    """
    now, names = account.model_mapping, wanted.model_mapping
    replaced = {name: now[name] for name, target in names.items() if name in now and now[name] != target}
    return {
        "status": account.status,
        "schedulable": account.schedulable,
        "expires_at": int(account.expires_at.timestamp()) if account.expires_at else None,
        "state": account.import_state,
        "groups": groups,
        "prior_groups": list(account.prior_groups),
        "added": sorted(names.keys() - now.keys()) if now or not served else [],
        "replaced": {} if served else replaced,
        "terms": replaced_terms(account.terms, wanted.terms),
        "used_by": account.runs[-1] if account.runs else None,
        "served": served,
    }


def marker(wanted: DesiredAccount, state: ImportState) -> dict[str, Any]:
    """Kept in ``extra``, which the host stores and returns as it is (docs/host-api.md#marker-in-extra).

    One without a platform is of platform openai.
    """
    return {
        "import_provider_id": wanted.provider_id,
        "import_fingerprint": f"sha256:{wanted.digest}",
        "import_platform": wanted.platform.value,
        "import_state": state.value,
    }


def _canonical(base_url: Any) -> str:
    try:
        return canonical_base_url(str(base_url or ""))
    except InvalidRequest:
        return ""


def _terms(account: Mapping[str, Any], extra: Mapping[str, Any]) -> Terms:
    """Without the rate where the host itself keeps it: there it refuses another one."""
    terms: dict[str, float | int | bool] = {BILLING_PROBE: extra.get(BILLING_PROBE) is True}
    kept_by_host = {RATE} if extra.get("upstream_billing_rate_sync_enabled") is True else set()
    for name in {RATE, PRIORITY} - kept_by_host:
        if isinstance(value := account.get(name), (int, float)):
            terms[name] = value
    return terms


def _expiry(account: Mapping[str, Any]) -> datetime | None:
    """Unix seconds or RFC 3339; without auto-pause an expiry date switches nothing off."""
    value = account.get("expires_at")
    if not value or account.get("auto_pause_on_expired") is False:
        return None
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
