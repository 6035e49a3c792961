"""Turns stored rows into the objects of the host's answers."""

from collections.abc import Container, Iterable
from typing import Any

from sandbox.host import templates
from sandbox.host.clock import text, whole
from sandbox.host.state import Host
from sandbox.host.templates import Row

SENSITIVE = frozenset({
    "access_token", "refresh_token", "id_token", "agent_private_key", "api_key", "session_key", "cookie", "password",
    "sso_token", "sso", "sso-rw", "clearTextPassword", "aws_secret_access_key", "aws_session_token",
    "service_account_json", "service_account", "private_key",
})  # fmt: skip
_TIMES = frozenset({
    "created_at", "updated_at", "last_used_at", "rate_limited_at", "rate_limit_reset_at", "overload_until",
    "temp_unschedulable_until", "starts_at", "last_active_at", "assigned_at", "revoked_at",
})  # fmt: skip


def shown(row: Row, names: Iterable[str], without: Container[str] = ()) -> Row:
    """The named fields of a row, times as text, without fields that the host's version lacks."""
    return {
        name: text(row[name]) if name in _TIMES else row[name] for name in names if name in row and name not in without
    }


def group(host: Host, row: Row) -> Row:
    """A group nested in another answer, or in the user's list."""
    return shown(row, templates.GROUP, templates.GROUP_NEW if host.old else ())


def admin_group(host: Host, row: Row, *, counted: bool = False) -> Row:
    """A group in the admin API; lists add the count of accounts, which is left out when it is 0."""
    out = shown(row, {**templates.GROUP, **templates.GROUP_ADMIN}, templates.GROUP_NEW if host.old else ())
    count = len(host.scheduler.members.get(row["id"], ())) if counted else 0
    return {**out, **({"account_count": count} if count else {})}


def channel(host: Host, row: Row) -> Row:
    """A channel; older hosts know fewer prices."""
    new = templates.PRICING_NEW if host.old else ()
    prices = [shown(item, templates.PRICING, new) for item in row["model_pricing"]]
    return {
        **row,
        "model_pricing": prices,
        "created_at": whole(row["created_at"]),
        "updated_at": whole(row["updated_at"]),
    }


def account(host: Host, row: Row, *, created: bool = False) -> Row:
    """An account without its secrets; the answer of a creation has no groups."""
    new = ("proxy_fallback_origin_id",)
    out = shown(row, templates.ACCOUNT, new if host.old else ())
    out["extra"] = dict(row["extra"])
    out["last_used_at"] = text(host.health.settled_use(row))
    credentials = row["credentials"]
    out["credentials"] = {key: value for key, value in credentials.items() if key not in SENSITIVE}
    out["credentials_status"] = {f"has_{key}": True for key in credentials if key in SENSITIVE and credentials[key]}
    if not created:
        out |= {} if host.old else {"quota_dimension": "global"}
        out |= _bindings(host, row)
    return {**out, "current_concurrency": 0}


def _bindings(host: Host, row: Row) -> Row:
    bound = [binding for binding in row["_groups"] if binding["group_id"] in host.groups]
    if not bound:
        return {}
    groups = [group(host, host.groups[binding["group_id"]]) for binding in bound]
    links = [
        {"account_id": row["id"], **binding, "created_at": text(binding["created_at"]), "group": shape}
        for binding, shape in zip(bound, groups, strict=True)
    ]
    return {"account_groups": links, "group_ids": [shape["id"] for shape in groups], "groups": groups}


def user(host: Host, row: Row, *, admin: bool = False) -> Row:
    """A user; only the admin's list has notes and last use."""
    out = shown(row, templates.USER, ("frozen_balance",) if host.old else ())
    out["allowed_groups"] = row["allowed_groups"] if admin else None  # nested users are read without them
    out |= {"last_active_at": text(row["last_active_at"])} if row.get("last_active_at") else {}
    return out | ({"notes": row["_notes"], "last_used_at": None} if admin else {})


def key(host: Host, row: Row, *, bare: bool = False, without: str = "") -> Row:
    """A gateway key; `bare` leaves out its user and group, as creations and usage rows do; lists leave out one."""
    out = shown(row, templates.KEY, ("last_used_ip", "current_concurrency") if host.old else ())
    out["expires_at"] = text(row["expires_at"])
    if bare:
        return out
    bound = host.groups.get(row["group_id"])
    out |= {"user": user(host, host.users[row["user_id"]])} if row["user_id"] in host.users else {}
    out |= {"group": group(host, bound)} if bound else {}
    return {name: value for name, value in out.items() if name != without}


def subscription(host: Host, row: Row, *, without: tuple[str, ...] = ()) -> Row:
    """A subscription with its user and group; a list for one of them leaves that one out."""
    out = shown(row, templates.SUBSCRIPTION)
    out["expires_at"] = text(row["expires_at"])
    out |= {"revoked_at": text(row["revoked_at"])} if row.get("revoked_at") else {}
    out |= {"user": user(host, host.users[row["user_id"]])} if row["user_id"] in host.users else {}
    out |= {"group": group(host, host.groups[row["group_id"]])} if row["group_id"] in host.groups else {}
    by = host.users[row["_assigned_by"]]
    who = {"assigned_by": by["id"], "assigned_at": text(row["starts_at"]), "notes": row["_notes"]}
    out |= {**who, "assigned_by_user": user(host, by)}
    return {name: value for name, value in out.items() if name not in without}


def usage(host: Host, row: Row) -> Row:
    """A row of /admin/usage with its user, key, account and group."""
    out = shown(row, templates.USAGE, templates.USAGE_NEW if host.old else ())
    used, spent = host.keys.get(row["api_key_id"]), host.accounts.get(row["account_id"])
    out |= {"user": user(host, host.users[row["user_id"]])} if row["user_id"] in host.users else {}
    out |= {"api_key": key(host, used, bare=True)} if used else {}
    out |= {"group": group(host, host.groups[row["group_id"]])} if row["group_id"] in host.groups else {}
    return out | ({"account": {"id": spent["id"], "name": spent["name"]}} if spent else {})


def ops(row: Row, *, old: bool, detail: bool = False) -> Row:
    """An ops row; details have more fields, older hosts fewer."""
    return shown(row, {**templates.OPS, **(templates.OPS_DETAIL if detail else {})}, templates.OPS_NEW if old else ())


def page(items: list[Any], query: Any, *, largest: int = 1000) -> tuple[list[Any], Row]:
    """Cuts a list as the host pages: a page size out of range silently becomes 20."""
    size = _number(query.get("page_size") or query.get("limit"), 20)
    size = size if 1 <= size <= largest else 20
    number = max(_number(query.get("page"), 1), 1)
    total = len(items)
    frame = {"total": total, "page": number, "page_size": size, "pages": max(-(-total // size), 1)}
    return items[(number - 1) * size : number * size], frame


def _number(written: str | None, default: int) -> int:
    try:
        return int(written) if written else default
    except ValueError:
        return default
