"""Accounts in the admin API: finding, creating, deleting (docs/host-api.md#accounts)."""

import hashlib
from typing import Any

import orjson

from sandbox.host import probe, shapes
from sandbox.host.auth import message, success
from sandbox.host.clock import text
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import failed, ids, number, one_of, required
from sandbox.host.idempotency import once
from sandbox.host.selection import Filter
from sandbox.host.state import Host, first
from sandbox.host.templates import ACCOUNT, Row, default_models
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/admin/accounts"
TYPES = ("oauth", "setup-token", "apikey", "upstream", "bedrock", "service_account")
KEY_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
BILLING_PROBE = "upstream_billing_probe_enabled"
_COPIED = ("name", "platform", "type", "proxy_id", "expires_at")


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /admin/accounts: filters, paging, ETag (docs/host-api.md#account-list)."""
    rows = Filter(call.query).apply(host)
    items, frame = shapes.page(rows, call.query)
    answer = success({"items": [shapes.account(host, row) for row in items], **frame})
    tag = '"' + hashlib.sha256(orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS)).hexdigest() + '"'
    if call.headers.get("If-None-Match") == tag:
        return Answer(304, "", {"ETag": tag})
    answer.headers["ETag"] = tag
    return answer


def find(host: Host, account_id: int) -> Row:
    if account_id not in host.accounts:
        raise not_found("account")
    return host.accounts[account_id]


def shown(host: Host, row: Row) -> Answer:
    return success(shapes.account(host, row))


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /admin/accounts/:id."""
    return shown(host, find(host, call.ids[0]))


def create(host: Host, call: Call) -> Answer:
    """POST /admin/accounts: no uniqueness; an unknown or doubled group is a 500 after the row exists.

    See docs/host-api.md#creation-is-not-transactional.
    """
    row = _insert(host, call.body)
    return success(shapes.account(host, row, created=True))


ROUTES.on("POST", PATH)(once(create))


def batch(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/batch: each for itself; the error is the database's raw text.

    See docs/host-api.md#batch-creation.
    """
    required("BatchCreateRequest", call.body, "accounts")
    results = [_batch_item(host, item) for item in call.body["accounts"]]
    good = sum(result["success"] for result in results)
    return success({"success": good, "failed": len(results) - good, "results": results})


ROUTES.on("POST", PATH + "/batch")(once(batch))


def _batch_item(host: Host, body: Row) -> Row:
    try:
        row = _insert(host, body)
    except Refusal:
        foreign = 'insert or update on table "account_groups" violates foreign key constraint'
        error = f'ent: constraint failed: pq: {foreign} "account_groups_group_id_fkey"'
        return {"name": body.get("name", ""), "success": False, "error": error}
    return {"name": row["name"], "id": row["id"], "success": True}


def _insert(host: Host, body: Row) -> Row:
    _check(body)
    check_overrides(host, body)
    groups = ids(body, "group_ids") or _default_group(host, body["platform"])
    row = host.add("accounts", ACCOUNT, _values(host, body))
    if not host.groups.keys() >= set(groups) or len(set(groups)) < len(groups):
        raise Refusal.internal()  # the row stays, unbound: creation and binding are two transactions
    bind(host, row, groups)
    probe.start(host, row)
    return row


def _check(body: Row) -> None:
    request = "CreateAccountRequest"
    required(request, body, "name", "platform", "type")
    if not isinstance(body.get("credentials"), dict):
        raise failed(request, "credentials", "required")
    one_of(request, body, "type", TYPES)
    if number(body, "rate_multiplier") < 0:
        raise Refusal.envelope(400, "rate_multiplier must be >= 0")
    if len(body["name"]) > 100:
        raise Refusal.internal()


def check_overrides(host: Host, body: Row) -> None:
    """Newer hosts refuse to override a header that carries a key (docs/host-api.md#authentication-per-platform)."""
    wanted = (body.get("credentials") or {}).get("header_overrides") or {}
    for name in () if not host.options.since(146) else wanted:
        if name.lower() in KEY_HEADERS:
            raise Refusal.envelope(400, f"header override not allowed: {name}", "INVALID_HEADER_OVERRIDE")


def _values(host: Host, body: Row) -> Row:
    values = {name: body[name] for name in _COPIED if body.get(name)}
    values |= {name: int(number(body, name)) for name in ("concurrency", "priority")}
    pause = body.get("auto_pause_on_expired")
    return {
        **values,
        "notes": str(body.get("notes") or "").strip() or None,
        "rate_multiplier": number(body, "rate_multiplier", 1),
        "auto_pause_on_expired": True if pause is None else bool(pause),
        "credentials": dict(body["credentials"]),
        "extra": with_defaults(host, body["platform"], {**_given(body), **billing_probe(host, body)}),
        "_groups": [],
        "_model_limits": {},
    }


def with_defaults(host: Host, platform: str, extra: Row) -> Row:
    """The `extra` of a new account; newer hosts add a flag to every openai account."""
    return extra if host.old or platform != "openai" else {"openai_long_context_billing_enabled": False, **extra}


def _given(body: Row) -> Row:
    """Switches are not set through `extra`."""
    return {name: value for name, value in (body.get("extra") or {}).items() if name != BILLING_PROBE}


def billing_probe(host: Host, body: Row) -> Row:
    """The switch that newer hosts show in `extra`, by the field of a request (docs/host-api.md#billing-probe)."""
    known = host.options.since(161) and isinstance(body.get(BILLING_PROBE), bool)
    return {BILLING_PROBE: body[BILLING_PROBE]} if known else {}


def _default_group(host: Host, platform: str) -> list[int]:
    """The groups of an account that names none: the active group `<platform>-default`, if there is one."""
    row = first(host.named("groups", f"{platform}-default"), lambda row: row["status"] == "active")
    return [row["id"]] if row else []


def bind(host: Host, row: Row, groups: list[int], *, bulk: bool = False) -> None:
    """Replaces an account's groups, and tells the scheduler."""
    before = {binding["group_id"]: binding for binding in row["_groups"]}
    fresh = {"priority": 1, "created_at": host.now()}
    row["_groups"] = [before.get(group, {"group_id": group, **fresh}) for group in dict.fromkeys(groups)]
    host.scheduler.move(row, before, groups, bulk=bulk)


@ROUTES.on("DELETE", PATH + "/:id")
def delete(host: Host, call: Call) -> Answer:
    """DELETE /admin/accounts/:id: soft; 200 also when there is nothing to delete (docs/host-api.md#delete)."""
    row = host.accounts.pop(call.ids[0], None)
    if row is not None:
        host.scheduler.forget(row)
    return message("Account deleted successfully")


@ROUTES.on("GET", PATH + "/:id/models")
def models(host: Host, call: Call) -> Answer:
    """GET /admin/accounts/:id/models: the keys of the mapping, or the built-in list."""
    row = find(host, call.ids[0])
    mapping = row["credentials"].get("model_mapping") or {}
    return success([_model(name) for name in mapping or default_models(row["platform"])])


def _model(name: str) -> Row:
    head = {"id": name, "object": "model", "created": 0, "owned_by": ""}
    return {**head, "type": "model", "display_name": name}


@ROUTES.on("GET", PATH + "/:id/today-stats")
def today(host: Host, call: Call) -> Answer:
    """GET /admin/accounts/:id/today-stats: what the gateway has sent to the account."""
    row = find(host, call.ids[0])
    used: list[Any] = [entry for entry in host.usage if entry["account_id"] == row["id"]]
    tokens = sum(entry["input_tokens"] + entry["output_tokens"] for entry in used)
    return success({"requests": len(used), "tokens": tokens, "cost": 0, "standard_cost": 0, "user_cost": 0})


@ROUTES.on("GET", PATH + "/:id/usage")
def usage(host: Host, call: Call) -> Answer:
    """GET /admin/accounts/:id/usage: fails for apikey accounts of openai and anthropic.

    See docs/host-api.md#account-usage-routes.
    """
    if find(host, call.ids[0])["platform"] == "gemini":
        return success({"updated_at": text(host.now())})
    raise Refusal.internal()
