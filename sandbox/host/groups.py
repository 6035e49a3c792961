"""Groups in the admin API (docs/host-api.md#groups)."""

from collections.abc import Mapping

from sandbox.host import shapes
from sandbox.host.auth import message, success
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import limit, number, one_of, required
from sandbox.host.state import Host
from sandbox.host.templates import GROUP, GROUP_ADMIN, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/admin/groups"
OLD_PLATFORMS = ("anthropic", "openai", "gemini", "antigravity")
PLATFORMS = (*OLD_PLATFORMS, "grok", "kimi", "zhipu", "deepseek", "composite")
LIMITS = ("daily_limit_usd", "weekly_limit_usd", "monthly_limit_usd")
_OPEN = (GROUP.keys() | GROUP_ADMIN.keys()) - {"id", "name", "created_at", "updated_at", "status", *LIMITS}


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /admin/groups: paged, with filters."""
    search = call.query.get("search", "").strip().lower()
    found = [
        row for row in host.groups.values() if search in row["name"].lower() or search in row["description"].lower()
    ]
    rows = [row for row in found if _wanted(row, call.query)]
    items, frame = shapes.page(sorted(rows, key=lambda row: (row["sort_order"], row["id"])), call.query)
    return success({"items": [shapes.admin_group(host, row, counted=True) for row in items], **frame})


def _wanted(row: Row, query: Mapping[str, str]) -> bool:
    exclusive = query.get("is_exclusive")
    return all(row[name] == query[name] for name in ("platform", "status") if query.get(name)) and (
        exclusive not in ("true", "false") or row["is_exclusive"] == (exclusive == "true")
    )


@ROUTES.on("GET", PATH + "/all")
def everything(host: Host, call: Call) -> Answer:
    """GET /admin/groups/all: `include_inactive` makes new hosts forget `platform`, old ones do not know it.

    See docs/host-api.md#group-list.
    """
    inactive = call.query.get("include_inactive") == "true" and not host.old
    platform = "" if inactive else call.query.get("platform", "")
    rows = [
        row
        for row in host.groups.values()
        if (inactive or row["status"] == "active") and (not platform or row["platform"] == platform)
    ]
    ordered = sorted(rows, key=lambda row: (row["sort_order"], row["id"]))
    return success([shapes.admin_group(host, row, counted=True) for row in ordered])


def find(host: Host, group_id: int) -> Row:
    if group_id not in host.groups:
        raise not_found("group")
    return host.groups[group_id]


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /admin/groups/:id."""
    return success(shapes.admin_group(host, find(host, call.ids[0]), counted=True))


@ROUTES.on("POST", PATH)
def create(host: Host, call: Call) -> Answer:
    """POST /admin/groups: a rate multiplier that is missing or not positive is an opaque 500."""
    body = call.body
    _check(host, "CreateGroupRequest", body)
    required("CreateGroupRequest", body, "name")
    if number(body, "rate_multiplier") <= 0 or len(body["name"]) > 100:
        raise Refusal.internal()
    _unique(host, body["name"])
    given = {name: body[name] for name in _OPEN & body.keys() if body[name] is not None}
    given["platform"] = body.get("platform") or "anthropic"
    limits = {name: limit(body.get(name)) for name in LIMITS}
    row = host.add("groups", {**GROUP, **GROUP_ADMIN}, {"name": body["name"], **given, **limits})
    return success({**shapes.admin_group(host, row), "model_routing": None})  # read again, it is {}


def _check(host: Host, request: str, body: Row) -> None:
    one_of(request, body, "platform", OLD_PLATFORMS if host.old else PLATFORMS)
    one_of(request, body, "subscription_type", ("standard", "subscription"))
    one_of(request, body, "status", ("active", "inactive"))


def _unique(host: Host, name: str) -> None:
    if host.group_named(name):
        raise Refusal.envelope(409, "group name already exists", "GROUP_EXISTS")


@ROUTES.on("PUT", PATH + "/:id")
def update(host: Host, call: Call) -> Answer:
    """PUT /admin/groups/:id: fields that are not sent stay, except the limits, which are cleared."""
    row, body = find(host, call.ids[0]), call.body
    _check(host, "UpdateGroupRequest", body)
    if body.get("name") and body["name"] != row["name"]:
        _unique(host, body["name"])
        row["name"] = body["name"]
        host.know("groups", row)
    if body.get("rate_multiplier") is not None and number(body, "rate_multiplier") <= 0:
        raise Refusal.internal()
    row.update({name: body[name] for name in {*_OPEN, "status"} & body.keys() if body[name] not in (None, "")})
    row.update({name: limit(body[name] or 0) if name in body else None for name in LIMITS})  # a null is stored as 0
    return success(shapes.admin_group(host, host.touch(row), counted=True))


@ROUTES.on("DELETE", PATH + "/:id")
def delete(host: Host, call: Call) -> Answer:
    """DELETE /admin/groups/:id: unbinds its accounts, subscriptions and permissions; its keys stay and are refused."""
    group = find(host, call.ids[0])["id"]
    host.scheduler.leaving.pop(group, None)
    for account in host.scheduler.members.pop(group, {}):
        row = host.accounts[account]
        row["_groups"] = [binding for binding in row["_groups"] if binding["group_id"] != group]
    for number_, row in list(host.subscriptions.items()):
        if row["group_id"] == group:
            del host.subscriptions[number_]
            host.subscription_ids.pop((row["user_id"], group), None)
    for user in host.users.values():
        user["allowed_groups"] = [other for other in user["allowed_groups"] or [] if other != group] or None
    for channel in host.channels.values():
        channel["group_ids"] = [other for other in channel["group_ids"] if other != group]
    host.channel_by_group.pop(group, None)
    del host.groups[group]
    return message("Group deleted successfully")


@ROUTES.on("GET", PATH + "/:id/subscriptions")
def subscriptions(host: Host, call: Call) -> Answer:
    """GET /admin/groups/:id/subscriptions."""
    rows = [row for row in host.subscriptions.values() if row["group_id"] == call.ids[0]]
    items, frame = shapes.page(rows, call.query)
    return success({"items": [shapes.subscription(host, row, without=("assigned_by_user",)) for row in items], **frame})


@ROUTES.on("GET", PATH + "/:id/api-keys")
def keys(host: Host, call: Call) -> Answer:
    """GET /admin/groups/:id/api-keys."""
    rows = [row for row in host.keys.values() if row["group_id"] == call.ids[0]]
    items, frame = shapes.page(rows, call.query)
    return success({"items": [shapes.key(host, row, without="group") for row in items], **frame})
