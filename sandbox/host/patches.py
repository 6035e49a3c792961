"""Changing accounts: PUT replaces, bulk-update merges.

See docs/host-api.md#put-replaces, docs/host-api.md#bulk-update-merges.
"""

from sandbox.host import probe, shapes
from sandbox.host.accounts import BILLING_PROBE, PATH, billing_probe, bind, check_overrides, find, shown, with_defaults
from sandbox.host.auth import success
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import ids, number, one_of
from sandbox.host.selection import Filter
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
MODES = (None, "", "auto", "force_responses", "force_chat_completions")
_MODE_TEXT = "openai_responses_mode must be auto, force_responses, force_chat_completions, or null"
STATUSES = ("active", "inactive", "error")
_HOST_KEYS = ("quota_used", BILLING_PROBE)
_SIMPLE = ("concurrency", "priority", "rate_multiplier", "auto_pause_on_expired", "type")
_BULK = ("name", "concurrency", "priority", "rate_multiplier", "status", "schedulable")


@ROUTES.on("PUT", PATH + "/:id")
def put(host: Host, call: Call) -> Answer:
    """PUT /admin/accounts/:id: an unknown group is refused before anything is written."""
    row, body = find(host, call.ids[0]), call.body
    groups = ids(body, "group_ids") if body.get("group_ids") is not None else None
    _known(host, groups or [])
    check_overrides(host, body)
    one_of("UpdateAccountRequest", body, "status", STATUSES)
    was = off(row)
    host.scheduler.fading.pop(row["id"], None)  # a PUT acts at once
    row.update({name: body[name] for name in _SIMPLE if body.get(name) is not None})
    row.update({"name": body["name"]} if body.get("name") else {})
    host.know("accounts", row)
    _texts(row, body)
    _status(row, body.get("status"))
    _replace(host, row, body)
    _announce(host, row, groups, was=was, bulk=False)
    if body.get("credentials"):
        probe.start(host, row)
    return shown(host, host.touch(row))


def _known(host: Host, groups: list[int]) -> None:
    if not host.groups.keys() >= set(groups):
        raise not_found("group")


def off(row: Row) -> bool:
    return row["status"] != "active" or not row["schedulable"]


def _texts(row: Row, body: Row) -> None:
    if body.get("notes") is not None:
        row["notes"] = str(body["notes"]).strip() or None
    if body.get("expires_at") is not None:
        row["expires_at"] = int(number(body, "expires_at")) if body["expires_at"] > 0 else None


def _status(row: Row, status: str | None) -> None:
    """Sets the status. `error` also sets schedulable to false; `active` does not set it back, and clears nothing."""
    row["status"] = status or row["status"]
    if status == "error":
        row["schedulable"] = False


def _replace(host: Host, row: Row, body: Row) -> None:
    """Replaces `extra` and the non-sensitive credentials as a whole; secrets that are not sent stay."""
    if body.get("extra") is not None:
        kept = {key: row["extra"][key] for key in _HOST_KEYS if key in row["extra"]}
        row["extra"] = with_defaults(host, row["platform"], {**body["extra"], **kept})
    if body.get("credentials"):
        secret = {key: value for key, value in row["credentials"].items() if key in shapes.SENSITIVE}
        row["credentials"] = {**secret, **body["credentials"]}
        host.scheduler.mappings.pop(row["id"], None)


def _announce(host: Host, row: Row, groups: list[int] | None, *, was: bool, bulk: bool) -> None:
    if groups is not None:
        bind(host, row, groups, bulk=bulk)
    elif was and not off(row):
        host.scheduler.woken(row, bulk=bulk)
    else:
        host.scheduler.written(row, bulk=bulk)


@ROUTES.on("POST", PATH + "/bulk-update")
def bulk_update(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/bulk-update: merges at the top level, never probes, reports unknown ids as done.

    See docs/host-api.md#bulk-update-of-unknown-ids.
    """
    body = call.body
    targets = _targets(host, body)
    named = body.keys() & {*_BULK, "group_ids", "credentials", "extra", "proxy_id", "load_factor"}
    if not named and not billing_probe(host, body):
        raise Refusal.envelope(400, "No updates provided")
    groups = ids(body, "group_ids") if body.get("group_ids") is not None else None
    _known(host, groups or [])
    one_of("BulkUpdateAccountsRequest", body, "status", STATUSES)
    mode = (body.get("extra") or {}).get("openai_responses_mode")
    if mode not in MODES and not host.old:
        raise Refusal.envelope(400, _MODE_TEXT, "OPENAI_RESPONSES_MODE_INVALID")
    check_overrides(host, body)
    _openai_only(host, body, targets)
    for target in targets:
        if target in host.accounts:
            _patch(host, host.accounts[target], body, groups)
    results = [{"account_id": target, "success": True} for target in targets]
    return success({"success": len(targets), "failed": 0, "success_ids": targets, "failed_ids": [], "results": results})


def _openai_only(host: Host, body: Row, targets: list[int]) -> None:
    """Newer hosts refuse the whole call when its mode of Responses meets an account of another platform.

    See docs/host-api.md#responses-mode-elsewhere.
    """
    if host.old or "openai_responses_mode" not in (body.get("extra") or {}):
        return
    for number_ in targets:
        if number_ in host.accounts and host.accounts[number_]["platform"] != "openai":
            text = f"account {number_}: endpoint capabilities and Responses routing require an OpenAI API-key account"
            raise Refusal.envelope(400, text, "OPENAI_BULK_TARGET_INVALID", {"account_id": str(number_)})


def _targets(host: Host, body: Row) -> list[int]:
    if body.get("account_ids"):
        return ids(body, "account_ids")
    if not body.get("filters"):
        raise Refusal.envelope(400, "account_ids or filters is required")
    return [row["id"] for row in Filter(body["filters"]).apply(host)]


def _patch(host: Host, row: Row, body: Row, groups: list[int] | None) -> None:
    was, former = off(row), row["credentials"].get("model_mapping") or {}
    if not was and body.get("status") == "inactive":
        host.scheduler.faded(row)
    row.update({name: body[name] for name in _BULK if body.get(name) is not None})
    host.know("accounts", row)
    row["credentials"] = {**row["credentials"], **(body.get("credentials") or {})}
    row["extra"] = {**row["extra"], **(body.get("extra") or {}), **billing_probe(host, body)}
    if (row["credentials"].get("model_mapping") or {}) != former:
        host.scheduler.remap(row, former)
    _announce(host, host.touch(row), groups, was=was, bulk=True)
