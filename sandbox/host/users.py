"""Users in the admin API (docs/host-api.md#users)."""

from collections.abc import Mapping

from sandbox.host import shapes
from sandbox.host.auth import message, success
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import failed, ids, number, one_of, required
from sandbox.host.idempotency import once
from sandbox.host.state import Host, first, hidden
from sandbox.host.templates import USER, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/admin/users"


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /admin/users: `search` looks at email, username, notes and at the user's API keys."""
    rows = [row for row in host.users.values() if _wanted(host, row, call.query)]
    items, frame = shapes.page(sorted(rows, key=lambda row: -row["id"]), call.query)
    return success(
        {"items": [{**shapes.user(host, row, admin=True), "current_concurrency": 0} for row in items], **frame}
    )


def _wanted(host: Host, row: Row, query: Mapping[str, str]) -> bool:
    search = query.get("search", "").strip().lower()
    texts = (row["email"], row["username"], row["_notes"])
    found = not search or any(search in text.lower() for text in texts) or row["id"] in _owners(host, search)
    return found and all(row[name] == query[name] for name in ("status", "role") if query.get(name))


def _owners(host: Host, search: str) -> set[int]:
    return {row["user_id"] for row in host.keys.values() if search in row["key"].lower()}


def find(host: Host, user_id: int) -> Row:
    if user_id not in host.users:
        raise not_found("user")
    return host.users[user_id]


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /admin/users/:id."""
    return success(shapes.user(host, find(host, call.ids[0]), admin=True))


@ROUTES.on("POST", PATH)
def create(host: Host, call: Call) -> Answer:
    """POST /admin/users: emails are unique whatever their case; a deleted user's email is free again."""
    body = call.body
    required("CreateUserRequest", body, "email", "password")
    _check(host, "CreateUserRequest", body, user=0)
    numbers = {name: number(body, name) for name in ("balance", "concurrency", "rpm_limit")}
    texts = {"email": body["email"], "username": body.get("username") or "", "role": body.get("role") or "user"}
    secret = {"_notes": body.get("notes") or "", "_password": hidden(body["password"])}
    groups = {"allowed_groups": None if body.get("allowed_groups") is None else ids(body, "allowed_groups")}
    return success(shapes.user(host, host.add("users", USER, {**numbers, **texts, **secret, **groups}), admin=True))


def _check(host: Host, request: str, body: Row, *, user: int) -> None:
    if "@" not in body.get("email", "@"):
        raise failed(request, "email", "email")
    if len(body.get("password") or "......") < 6:
        raise failed(request, "password", "min")
    one_of(request, body, "role", ("admin", "user"))
    one_of(request, body, "status", ("active", "disabled"))
    email = str(body.get("email", "")).lower()
    if first(host.users.values(), lambda row: row["email"].lower() == email and row["id"] != user):
        raise Refusal.envelope(409, "email already exists", "EMAIL_EXISTS")


@ROUTES.on("PUT", PATH + "/:id")
def update(host: Host, call: Call) -> Answer:
    """PUT /admin/users/:id: sent fields only; `allowed_groups` replaces."""
    row, body = find(host, call.ids[0]), call.body
    _check(host, "UpdateUserRequest", body, user=row["id"])
    plain = ("email", "username", "role", "balance", "concurrency", "rpm_limit", "status", "allowed_groups")
    row.update({name: body[name] for name in plain if body.get(name) is not None})
    row.update({"_notes": body["notes"]} if body.get("notes") is not None else {})
    row.update({"_password": hidden(body["password"])} if body.get("password") else {})
    return success(shapes.user(host, host.touch(row), admin=True))


@ROUTES.on("DELETE", PATH + "/:id")
def delete(host: Host, call: Call) -> Answer:
    """DELETE /admin/users/:id: keys and subscriptions go with the user."""
    user = find(host, call.ids[0])["id"]
    if host.users[user]["role"] == "admin":
        raise Refusal.envelope(400, "cannot delete admin user")
    for row in [row for row in host.keys.values() if row["user_id"] == user]:
        del host.key_ids[row["key"]], host.keys[row["id"]]
    for row in [row for row in host.subscriptions.values() if row["user_id"] == user]:
        del host.subscriptions[row["id"]]
        host.subscription_ids.pop((user, row["group_id"]), None)
    del host.users[user]
    return message("User deleted successfully")


def balance(host: Host, call: Call) -> Answer:
    """POST /admin/users/:id/balance {"balance" > 0, "operation": set|add|subtract}."""
    row, body = find(host, call.ids[0]), call.body
    required("UpdateBalanceRequest", body, "balance", "operation")
    one_of("UpdateBalanceRequest", body, "operation", ("set", "add", "subtract"))
    amount = number(body, "balance")
    if amount <= 0:
        raise failed("UpdateBalanceRequest", "balance", "gt")
    now = row["balance"]
    row["balance"] = {"set": amount, "add": now + amount, "subtract": now - amount}[body["operation"]]
    return success(shapes.user(host, host.touch(row), admin=True))


ROUTES.on("POST", PATH + "/:id/balance")(once(balance))


@ROUTES.on("GET", PATH + "/:id/api-keys")
def keys(host: Host, call: Call) -> Answer:
    """GET /admin/users/:id/api-keys: with the full key, as the host does."""
    rows = [row for row in host.keys.values() if row["user_id"] == find(host, call.ids[0])["id"]]
    items, frame = shapes.page(rows, call.query)
    return success({"items": [shapes.key(host, row, without="user") for row in items], **frame})


@ROUTES.on("GET", PATH + "/:id/subscriptions")
def subscriptions(host: Host, call: Call) -> Answer:
    """GET /admin/users/:id/subscriptions."""
    rows = [row for row in host.subscriptions.values() if row["user_id"] == find(host, call.ids[0])["id"]]
    return success([shapes.subscription(host, row, without=("user", "assigned_by_user")) for row in rows])
