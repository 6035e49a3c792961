"""Records of gateway calls: usage rows and ops errors (docs/host-api.md#who-served)."""

import json
from dataclasses import dataclass

from sandbox.host import shapes
from sandbox.host.auth import success
from sandbox.host.errors import not_found
from sandbox.host.state import Host, first
from sandbox.host.templates import OPS, OPS_DETAIL, USAGE, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
_OPENAI_ONLY = frozenset({"upstream_response_model", "upstream_model_mismatch"})
OPS_PATH = "/api/v1/admin/ops"


@dataclass(slots=True)
class Trace:
    """One gateway request, as usage and ops rows need it."""

    host: Host
    call: Call
    key: Row
    model: str
    stream: bool
    request_id: str  # the caller's own X-Request-ID, or a new one
    client_id: str  # the host's; comes back as X-Client-Request-ID

    def served(self, account: Row, upstream_model: str, path: str, upstream_id: str | None) -> None:
        """A usage row. Older hosts take the relay's own request id as its key (docs/host-api.md#usage-on-old-hosts)."""
        host = self.host
        identity = (upstream_id or f"local:{self.client_id}") if host.old else f"client:{self.client_id}"
        if identity in host.usage_by_request:
            return
        row = {**USAGE, "id": host.next_id("usage"), "created_at": host.now(), "request_id": identity}
        row |= {"user_id": self.key["user_id"], "api_key_id": self.key["id"], "group_id": self.key["group_id"]}
        row |= {"account_id": account["id"], "model": self.model, "stream": self.stream, "upstream_endpoint": path}
        row |= {"inbound_endpoint": self.call.path, "upstream_model": upstream_model, "input_tokens": 11}
        row |= {"output_tokens": 5, "user_agent": self.call.headers.get("User-Agent", "")}
        chain = self.model if self.model == upstream_model else f"{self.model}→{upstream_model}"
        row |= {"upstream_response_model": upstream_model, "model_mapping_chain": chain}
        if account["platform"] != "openai":  # only there does the host note the model that answered
            row = {name: value for name, value in row.items() if name not in _OPENAI_ONLY}
        host.usage.append(row)
        host.usage_by_request[identity] = row
        self.key["last_used_at"] = host.now()

    def failed(self, status: int, message: str, *, account: Row | None = None, model: str = "", body: str = "") -> Row:
        """An ops row: of an upstream's failure, or of one that the gateway itself answers."""
        host, user = self.host, self.host.users[self.key["user_id"]]
        group = host.groups.get(self.key["group_id"], {})
        row = {**OPS, **OPS_DETAIL, "id": host.next_id("ops"), "created_at": host.now(), "status_code": status}
        row |= {"model": self.model, "requested_model": self.model, "upstream_model": model, "message": message}
        row |= {"client_request_id": self.client_id, "request_id": self.request_id, "stream": self.stream}
        row |= _origin(group.get("platform", "openai"))
        row |= {"user_id": user["id"], "user_email": user["email"], "api_key_id": self.key["id"]}
        row |= {"group_id": group.get("id"), "group_name": group.get("name", ""), "api_key_name": self.key["name"]}
        row |= {"request_path": self.call.path, "inbound_endpoint": self.call.path, "error_body": body}
        row |= {"user_agent": self.call.headers.get("User-Agent", ""), "api_key_prefix": self.key["key"][:8]}
        row |= _routing() if account is None else {"account_id": account["id"], "account_name": account["name"]}
        host.ops.append(row)
        return row


def _origin(platform: str) -> Row:
    paths = {"anthropic": "/v1/messages", "gemini": "/v1beta/models"}
    return {"platform": platform, "upstream_endpoint": paths[platform]} if platform in paths else {}


def _routing() -> Row:
    owner = {"phase": "routing", "type": "api_error", "error_owner": "platform", "error_source": "gateway"}
    return {**owner, "severity": "P1", "is_business_limited": True}


@ROUTES.on("GET", "/api/v1/admin/usage")
def usage(host: Host, call: Call) -> Answer:
    """GET /admin/usage: newest first; filters `request_id` (newer hosts), `api_key_id`, `account_id`, `user_id`."""
    request = "" if host.old else call.query.get("request_id", "")
    if request:
        rows = [row for row in [host.usage_by_request.get(request)] if row]
    else:
        names = ("api_key_id", "account_id", "user_id", "group_id")
        wanted = {name: call.query[name] for name in names if call.query.get(name)}
        rows = [row for row in reversed(host.usage) if all(str(row[name]) == wanted[name] for name in wanted)]
    items, frame = shapes.page(rows, call.query)
    return success({"items": [shapes.usage(host, row) for row in items], **frame})


@ROUTES.on("GET", OPS_PATH + "/errors")
def errors(host: Host, call: Call) -> Answer:
    """GET /admin/ops/errors: what callers were told; an empty pool's 503 only with `view=all` or `excluded`."""
    return _ops(host, call, [row for row in host.ops if not row.get("_recovered")])


@ROUTES.on("GET", OPS_PATH + "/upstream-errors")
def upstream_errors(host: Host, call: Call) -> Answer:
    """GET /admin/ops/upstream-errors: the accounts' failures, repaired by a fail-over or not."""
    return _ops(host, call, [row for row in host.ops if row["phase"] == "upstream"])


def _ops(host: Host, call: Call, rows: list[Row]) -> Answer:
    """`q` finds request ids; there is no filter of that name."""
    view = call.query.get("view", "errors")
    rows = [row for row in rows if view == "all" or row["is_business_limited"] == (view == "excluded")]
    names = ("account_id", "group_id", "phase", "platform", "model")
    wanted = {name: call.query[name] for name in names if call.query.get(name)}
    search = call.query.get("q", "").lower()
    found = [
        row
        for row in reversed(rows)
        if all(str(row[name]) == wanted[name] for name in wanted)
        and (not search or search in json.dumps([row["request_id"], row["client_request_id"], row["message"]]).lower())
    ]
    items, frame = shapes.page(found, call.query, largest=500)
    return success({"items": [shapes.ops(row, old=host.old) for row in items], **frame})


@ROUTES.on("GET", OPS_PATH + "/errors/:id")
def error(host: Host, call: Call) -> Answer:
    """GET /admin/ops/errors/:id, with the error's body."""
    row = first(host.ops, lambda row: row["id"] == call.ids[0])
    if row is None:
        raise not_found("ops error log")
    return success(shapes.ops(row, old=host.old, detail=True))
