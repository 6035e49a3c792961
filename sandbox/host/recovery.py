"""The account calls that repair or pause (docs/host-api.md#recovery)."""

from sandbox.host import shapes
from sandbox.host.accounts import PATH, find, shown
from sandbox.host.auth import message, success
from sandbox.host.errors import Refusal
from sandbox.host.fields import ids
from sandbox.host.patches import off
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()


@ROUTES.on("POST", PATH + "/:id/schedulable")
def schedulable(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/schedulable {"schedulable": bool}."""
    row = find(host, call.ids[0])
    value = bool(call.body.get("schedulable"))
    waking = value and not row["schedulable"]
    row["schedulable"] = value
    (host.scheduler.woken if waking else host.scheduler.written)(row)
    return shown(host, host.touch(row))


@ROUTES.on("POST", PATH + "/:id/clear-error")
def clear_error(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/clear-error: active again, cool-downs gone; the 403 counter stays.

    See docs/host-api.md#recovery.
    """
    return _clear(host, find(host, call.ids[0]), counters=False)


@ROUTES.on("POST", PATH + "/:id/recover-state")
def recover_state(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/recover-state: as after a good test, the 403 counter too."""
    return _clear(host, find(host, call.ids[0]), counters=True)


def _clear(host: Host, row: Row, *, counters: bool) -> Answer:
    was = off(row)
    host.health.clear(row, counters=counters)
    (host.scheduler.woken if was and not off(row) else host.scheduler.written)(row)
    return shown(host, row)


@ROUTES.on("POST", PATH + "/:id/clear-rate-limit")
def clear_rate_limit(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/clear-rate-limit."""
    row = find(host, call.ids[0])
    host.health.clear_limits(row)
    return shown(host, host.touch(row))


@ROUTES.on("GET", PATH + "/:id/temp-unschedulable")
def pause(host: Host, call: Call) -> Answer:
    """GET /admin/accounts/:id/temp-unschedulable."""
    row = find(host, call.ids[0])
    until = row["temp_unschedulable_until"] or 0.0
    if until <= host.now():
        return success({"active": False})
    zero: Row = {"triggered_at_unix": 0, "status_code": 0, "matched_keyword": "", "rule_index": 0}
    state = {"until_unix": int(until), **zero, "error_message": row["temp_unschedulable_reason"]}
    return success({"active": True, "state": state})


@ROUTES.on("DELETE", PATH + "/:id/temp-unschedulable")
def end_pause(host: Host, call: Call) -> Answer:
    """DELETE /admin/accounts/:id/temp-unschedulable."""
    host.health.clear_pause(find(host, call.ids[0]))
    return message("Temp unschedulable cleared successfully")


@ROUTES.on("POST", PATH + "/batch-clear-error")
def batch_clear_error(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/batch-clear-error {"account_ids": [..]}."""
    wanted = ids(call.body, "account_ids")
    found = [host.accounts[number] for number in wanted if number in host.accounts]
    for row in found:
        host.health.clear(row, counters=False)
    text = 'error: code=404 reason="ACCOUNT_NOT_FOUND" message="account not found" metadata=map[]'
    errors = [{"account_id": number, "error": text} for number in wanted if number not in host.accounts]
    return success({"total": len(wanted), "success": len(found), "failed": len(errors), "errors": errors})


@ROUTES.on("POST", PATH + "/:id/duplicate")
def duplicate(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/duplicate: a copy with our marker in it, not schedulable; newer hosts only.

    See docs/host-api.md#routes-missing-on-old-hosts.
    """
    if host.old:
        raise Refusal(404, "404 page not found")
    row = find(host, call.ids[0])
    extra = {key: value for key, value in row["extra"].items() if key != "openai_responses_supported"}
    fresh = {"name": f"{row['name']} (Copy)", "extra": extra, "schedulable": False, "_model_limits": {}, "_groups": []}
    copy = host.add("accounts", row, {**fresh, "credentials": dict(row["credentials"])})
    copy["_groups"] = [dict(binding) for binding in row["_groups"]]
    host.scheduler.move(copy, [], [binding["group_id"] for binding in row["_groups"]])
    shape = shapes.account(host, copy, created=True)
    links = [{"account_id": copy["id"], **link, "created_at": "0001-01-01T00:00:00Z"} for link in copy["_groups"]]
    bound = {"account_groups": links, "group_ids": [link["group_id"] for link in links]} if links else {}
    return success({**shape, **bound})
