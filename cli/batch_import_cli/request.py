"""The create request: what the file says, overridden by the options. Rules beyond presence are the API's."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_import.domain.contract import MAX_BODY_BYTES, MAX_ITEMS

from batch_import_cli.config import PROBE_KEY
from batch_import_cli.errors import InputError
from batch_import_cli.lists import RelayList
from batch_import_cli.words import _


@dataclass(frozen=True)
class ImportOptions:
    """The options of ``import``; None or empty means not given, so that the file's own field stays."""

    access_mode: str | None
    subscription_user: tuple[str, ...]
    subscription_days: int | None
    probe_api_key_env: str | None
    mode: str | None
    reactivate: str | None
    platform: str | None
    dry_run: bool
    join_group: tuple[str, ...]
    max_multiplier: float | None
    min_balance: float | None
    rate_from_relay: bool
    priority_from_speed: bool
    host_billing_probe: bool
    label: str | None
    legacy_batch_id: str | None
    confirm_timeout: int | None
    requested_model: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        given = {
            "access_mode": self.access_mode,
            "subscription_users": _listed(self.subscription_user),
            "subscription_days": self.subscription_days,
            "mode": self.mode,
            "reactivate": self.reactivate,
            "platform": self.platform,
            "dry_run": self.dry_run or None,
            "join_groups": list(self.join_group),
            "max_multiplier": self.max_multiplier,
            "min_balance": self.min_balance,
            "rate_from_relay": self.rate_from_relay or None,
            "priority_from_speed": self.priority_from_speed or None,
            "host_billing_probe": self.host_billing_probe or None,
            "label": self.label,
            "legacy_batch_id": self.legacy_batch_id,
            "confirm_timeout_ms": self.confirm_timeout,
        }
        return {name: value for name, value in given.items() if value is not None and value != []}


@dataclass(frozen=True)
class CreateRequest:
    body: Mapping[str, Any] = field(repr=False)

    def secrets(self) -> list[str]:
        """Every key in the request, for blanking out an answer that quotes one."""
        keys = [self.body.get("probe_api_key"), *(item.get("api_key") for item in self.body["items"])]
        return [key for key in keys if isinstance(key, str)]


def build_request(relays: RelayList, options: ImportOptions, secret: Callable[[str], str | None]) -> CreateRequest:
    """The body to send; ``secret`` gives the value of a variable that may be sent to this API."""
    if len(relays.items) > MAX_ITEMS:
        told = _("the list has {n:,} relays, a run takes {most:,}; nothing was sent")
        raise InputError(told.format(n=len(relays.items), most=MAX_ITEMS), _("split the list"))
    body = {"access_mode": "subscription", **relays.fields, **options.fields()}
    body["items"] = [_item(item.fields, options.requested_model) for item in relays.items]
    if body["access_mode"] == "subscription":
        _require_users(body)
    elif body["access_mode"] == "self_service":
        body["probe_api_key"] = _probe_key(body, options.probe_api_key_env, secret)
    size = _size(body)
    if size > MAX_BODY_BYTES:
        told = _("the list is too large: {n:,} bytes, the API takes {most:,}; nothing was sent")
        raise InputError(told.format(n=size, most=MAX_BODY_BYTES), _("split the list"))
    return CreateRequest(body)


def _size(body: Mapping[str, Any]) -> int:
    try:
        return len(json.dumps(body, allow_nan=False).encode())
    except ValueError:
        raise InputError(_("a number in the list is not finite; nothing was sent")) from None


def _listed(values: tuple[str, ...]) -> list[str]:
    """``--subscription-user a,b --subscription-user c`` as one list."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _item(fields: Mapping[str, Any], models: tuple[str, ...]) -> dict[str, Any]:
    if models and not fields.get("requested_models"):
        return {**fields, "requested_models": list(models)}
    return dict(fields)


def _require_users(body: Mapping[str, Any]) -> None:
    if not body.get("subscription_users"):
        told = _("who gets a subscription? The access mode subscription needs at least one user; nothing was sent")
        raise InputError(told, "--subscription-user EMAIL")


def _probe_key(body: Mapping[str, Any], given_name: str | None, secret: Callable[[str], str | None]) -> Any:
    """A variable named on purpose wins over the file; the default one only fills a gap."""
    if given_name is None and body.get("probe_api_key"):
        return body["probe_api_key"]
    name = given_name or PROBE_KEY
    key = secret(name)
    if key is None:
        told = _("the access mode self_service needs a gateway key in the variable {name}; nothing was sent")
        raise InputError(told.format(name=name), f"read -rs {name} && export {name}")
    return key
