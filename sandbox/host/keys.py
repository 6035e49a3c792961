"""Gateway keys: the user's own API, and the admin's re-binding (docs/host-api.md#keys-and-users)."""

import html
import re
import secrets

from sandbox.host import shapes
from sandbox.host.auth import message, success
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import number, one_of, required
from sandbox.host.idempotency import once
from sandbox.host.state import Host
from sandbox.host.templates import KEY, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/keys"
REFUSALS = 20  # of a key that exists already; then the user makes no keys for a day
_ALLOWED = re.compile(r"[A-Za-z0-9_-]+")


def may_bind(host: Host, user: Row, group: Row) -> bool:
    """True when the user may use the group: subscription groups need a subscription, exclusive ones a permission."""
    if group["subscription_type"] == "subscription":
        return host.subscribed(user["id"], group["id"]) is not None
    return not group["is_exclusive"] or group["id"] in (user["allowed_groups"] or ())


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /api/v1/keys: the caller's own."""
    search = call.query.get("search", "").lower()
    rows = [row for row in host.keys.values() if row["user_id"] == call.actor]
    rows = [row for row in rows if search in row["name"].lower() or search in row["key"].lower()]
    items, frame = shapes.page(sorted(rows, key=lambda row: -row["id"]), call.query)
    return success({"items": [shapes.key(host, row, without="user") for row in items], **frame})


def create(host: Host, call: Call) -> Answer:
    """POST /api/v1/keys {"name", "group_id", "custom_key"}: only for oneself."""
    required("CreateAPIKeyRequest", call.body, "name")
    return success(shapes.key(host, make(host, host.users[call.actor], call.body), bare=True))


ROUTES.on("POST", PATH)(once(create))


def make(host: Host, user: Row, body: Row) -> Row:
    """Checks and stores a key of a user."""
    if host.refused_keys.get(user["id"], 0) >= REFUSALS:
        text = "too many failed attempts, please try again later"
        raise Refusal.envelope(429, text, "API_KEY_RATE_LIMITED")
    text = _text(host, user, body.get("custom_key") or "")
    if body.get("group_id"):
        _permitted(host, user, body["group_id"])
    days = number(body, "expires_in_days")
    values = {
        "key": text,
        "user_id": user["id"],
        "name": body["name"] if host.old else html.escape(body["name"]),
        "group_id": body.get("group_id") or None,
        "quota": number(body, "quota"),
        "expires_at": host.now() + days * 86400 if days else None,
    }
    row = host.add("keys", KEY, values)
    host.key_ids[text] = row["id"]
    return row


def _text(host: Host, user: Row, custom: str) -> str:
    if not custom:
        return "sk-" + secrets.token_hex(32)
    if len(custom) < 16:
        raise Refusal.envelope(400, "api key must be at least 16 characters", "API_KEY_TOO_SHORT")
    if not _ALLOWED.fullmatch(custom):
        text = "api key can only contain letters, numbers, underscores, and hyphens"
        raise Refusal.envelope(400, text, "API_KEY_INVALID_CHARS")
    if custom in host.key_ids:
        host.refused_keys[user["id"]] = host.refused_keys.get(user["id"], 0) + 1
        raise Refusal.envelope(409, "api key already exists", "API_KEY_EXISTS")
    return custom


def _permitted(host: Host, user: Row, group_id: int) -> None:
    if group_id not in host.groups:
        raise not_found("group")
    if not may_bind(host, user, host.groups[group_id]):
        raise Refusal.envelope(403, "user is not allowed to bind this group", "GROUP_NOT_ALLOWED")


def _own(host: Host, call: Call) -> Row:
    row = host.keys.get(call.ids[0])
    if row is None or row["user_id"] != call.actor:
        raise not_found("api key")
    return row


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /api/v1/keys/:id."""
    return success(shapes.key(host, _own(host, call)))


@ROUTES.on("PUT", PATH + "/:id")
def update(host: Host, call: Call) -> Answer:
    """PUT /api/v1/keys/:id {"name", "group_id", "status", "quota"}."""
    row, body = _own(host, call), call.body
    one_of("UpdateAPIKeyRequest", body, "status", ("active", "inactive"))
    if body.get("group_id"):
        _permitted(host, host.users[call.actor], body["group_id"])
    row.update({name: body[name] for name in ("name", "group_id", "status", "quota") if body.get(name) is not None})
    return success(shapes.key(host, host.touch(row)))


@ROUTES.on("DELETE", PATH + "/:id")
def delete(host: Host, call: Call) -> Answer:
    """DELETE /api/v1/keys/:id."""
    row = _own(host, call)
    del host.key_ids[row["key"]], host.keys[row["id"]]
    return message("API key deleted successfully")


@ROUTES.on("GET", "/api/v1/groups/available")
def available(host: Host, call: Call) -> Answer:
    """GET /api/v1/groups/available: the active groups that the caller may bind."""
    user = host.users[call.actor]
    rows = [row for row in host.groups.values() if row["status"] == "active" and may_bind(host, user, row)]
    return success([shapes.group(host, row) for row in rows])


@ROUTES.on("PUT", "/api/v1/admin/api-keys/:id")
def rebind(host: Host, call: Call) -> Answer:
    """PUT /admin/api-keys/:id {"group_id"}: null keeps, 0 unbinds; an exclusive group is granted along the way."""
    row = host.keys.get(call.ids[0])
    if row is None:
        raise not_found("api key")
    wanted = call.body.get("group_id")
    granted = _bind(host, row, wanted) if wanted else None
    if wanted == 0:
        row["group_id"] = None
    told = {"granted_group_id": granted["id"], "granted_group_name": granted["name"]} if granted else {}
    shape = shapes.key(host, host.touch(row))
    return success({"api_key": shape, "auto_granted_group_access": granted is not None, **told})


def _bind(host: Host, row: Row, group_id: int) -> Row | None:
    """Binds the key; returns the group when access to it had to be granted."""
    group, user = host.groups.get(group_id), host.users[row["user_id"]]
    if group is None:
        raise not_found("group")
    if group["status"] != "active":
        raise Refusal.envelope(400, "target group is not active", "GROUP_NOT_ACTIVE")
    subscription = group["subscription_type"] == "subscription"
    if subscription and not host.subscribed(user["id"], group_id):
        text = "user does not have an active subscription for this group"
        raise Refusal.envelope(400, text, "SUBSCRIPTION_REQUIRED")
    row["group_id"] = group_id
    if subscription or not group["is_exclusive"] or group_id in (user["allowed_groups"] or ()):
        return None
    user["allowed_groups"] = [*(user["allowed_groups"] or []), group_id]
    return group
