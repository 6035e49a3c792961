"""Subscriptions in the admin API (docs/host-api.md#subscriptions)."""

from sandbox.host import shapes
from sandbox.host.auth import message, success, unknown_route
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import ids, number, required
from sandbox.host.state import Host
from sandbox.host.templates import SUBSCRIPTION, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/admin/subscriptions"
DAY = 86400.0


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /admin/subscriptions: filters `user_id`, `group_id`, `status`."""
    wanted = {name: call.query[name] for name in ("user_id", "group_id", "status") if call.query.get(name)}
    rows = [row for row in host.subscriptions.values() if all(str(row[name]) == wanted[name] for name in wanted)]
    items, frame = shapes.page(rows, call.query)
    return success({"items": [shapes.subscription(host, row) for row in items], **frame})


def find(host: Host, number_: int) -> Row:
    if number_ not in host.subscriptions:
        raise not_found("subscription")
    return host.subscriptions[number_]


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /admin/subscriptions/:id."""
    return success(shapes.subscription(host, find(host, call.ids[0])))


@ROUTES.on("POST", PATH + "/assign")
def assign(host: Host, call: Call) -> Answer:
    """POST /admin/subscriptions/assign: the same term and notes are a success again, others a conflict."""
    required("AssignSubscriptionRequest", call.body, "user_id", "group_id")
    row, _ = give(host, call.body["user_id"], call.body, by=call.actor)
    return success(shapes.subscription(host, row))


def give(host: Host, user_id: int, body: Row, *, by: int) -> tuple[Row, str]:
    """Returns the subscription, and whether it was `created` or `reused`."""
    group = host.groups.get(body["group_id"])
    if group is None:
        raise not_found("group")
    if group["subscription_type"] != "subscription":
        raise Refusal.envelope(400, "group is not a subscription type", "GROUP_NOT_SUBSCRIPTION_TYPE")
    if user_id not in host.users:
        raise Refusal.internal()
    days, notes = int(number(body, "validity_days")) or 30, body.get("notes") or ""
    found = host.subscription_of(user_id, group["id"])
    if found is None:
        return _new(host, user_id, group["id"], days, notes, by), "created"
    if found["expires_at"] <= host.now():
        found.update(starts_at=host.now(), expires_at=host.now() + days * DAY, status="active", _notes=notes)
        return host.touch(found), "reused"
    _same(found, days, notes)
    return found, "reused"


def _new(host: Host, user: int, group: int, days: int, notes: str, by: int) -> Row:
    now = host.now()
    term = {"starts_at": now, "expires_at": now + days * DAY}
    row = host.add(
        "subscriptions",
        SUBSCRIPTION,
        {"user_id": user, "group_id": group, **term, "_notes": notes, "_assigned_by": by},
    )
    host.subscription_ids[user, group] = row["id"]
    return row


def _same(found: Row, days: int, notes: str) -> None:
    other_days = round((found["expires_at"] - found["starts_at"]) / DAY) != days
    if not other_days and found["_notes"] == notes:
        return
    text = "subscription exists but request conflicts with existing assignment semantics"
    why = "validity_days_mismatch" if other_days else "notes_mismatch"
    raise Refusal.envelope(409, text, "SUBSCRIPTION_ASSIGN_CONFLICT", {"conflict_reason": why})


@ROUTES.on("POST", PATH + "/bulk-assign")
def bulk_assign(host: Host, call: Call) -> Answer:
    """POST /admin/subscriptions/bulk-assign: each user for itself."""
    body = call.body
    required("BulkAssignSubscriptionRequest", body, "user_ids", "group_id")
    statuses: dict[str, str] = {}
    rows, errors = [], []
    for user in ids(body, "user_ids"):
        try:
            row, statuses[str(user)] = give(host, user, body, by=call.actor)
            sides = ("user", "assigned_by_user") if statuses[str(user)] == "reused" else ()
            rows.append(shapes.subscription(host, row, without=sides))
        except Refusal as refusal:
            statuses[str(user)] = "failed"
            errors.append(f"user {user}: {refusal.body}")
    counts = {f"{kind}_count": list(statuses.values()).count(kind) for kind in ("created", "reused", "failed")}
    return success(
        {"success_count": len(rows), **counts, "subscriptions": rows, "errors": errors, "statuses": statuses}
    )


@ROUTES.on("POST", PATH + "/:id/extend")
def extend(host: Host, call: Call) -> Answer:
    """POST /admin/subscriptions/:id/extend {"days"}."""
    row = find(host, call.ids[0])
    required("AdjustSubscriptionRequest", call.body, "days")
    row["expires_at"] += number(call.body, "days") * DAY
    return success(shapes.subscription(host, host.touch(row)))


@ROUTES.on("POST", PATH + "/:id/revoke")
def revoke_new(host: Host, call: Call) -> Answer:
    """POST /admin/subscriptions/:id/revoke: newer hosts only; DELETE does the same on all."""
    if host.old:
        raise unknown_route()
    return revoke(host, call)


@ROUTES.on("DELETE", PATH + "/:id")
def revoke(host: Host, call: Call) -> Answer:
    """DELETE /admin/subscriptions/:id; it can be assigned anew."""
    row = find(host, call.ids[0])
    row.update(status="expired", revoked_at=host.now())
    if host.subscription_ids.get((row["user_id"], row["group_id"])) == row["id"]:
        del host.subscription_ids[row["user_id"], row["group_id"]]
    host.touch(row)
    return message("Subscription revoked successfully")
