"""Channels in the admin API (docs/host-api.md#channels)."""

from itertools import pairwise

from sandbox.host import shapes
from sandbox.host.auth import message, success
from sandbox.host.errors import Refusal, not_found
from sandbox.host.fields import failed, ids, one_of, required
from sandbox.host.state import Host
from sandbox.host.templates import CHANNEL, PRICING, Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()
PATH = "/api/v1/admin/channels"
_CASE = " (model names are matched case-insensitively, so an existing entry already covers all case variants)"
PRICES = ("input_price", "output_price", "cache_write_price", "cache_read_price", "per_request_price")
_OPEN = CHANNEL.keys() - {"id", "name", "created_at", "updated_at", "group_ids", "model_pricing"}


@ROUTES.on("GET", PATH)
def listing(host: Host, call: Call) -> Answer:
    """GET /admin/channels: paged, newest first; `search` looks at name and description."""
    search, status = call.query.get("search", "").strip().lower(), call.query.get("status")
    rows = [
        row
        for row in host.channels.values()
        if (not search or search in row["name"].lower() or search in row["description"].lower())
        and (not status or row["status"] == status)
    ]
    items, frame = shapes.page(sorted(rows, key=lambda row: -row["id"]), call.query)
    return success({"items": [shapes.channel(host, row) for row in items], **frame})


def find(host: Host, channel_id: int) -> Row:
    if channel_id not in host.channels:
        raise not_found("channel")
    return host.channels[channel_id]


@ROUTES.on("GET", PATH + "/:id")
def one(host: Host, call: Call) -> Answer:
    """GET /admin/channels/:id."""
    return success(shapes.channel(host, find(host, call.ids[0])))


@ROUTES.on("POST", PATH)
def create(host: Host, call: Call) -> Answer:
    """POST /admin/channels: unlike accounts, nothing is stored when a group is unknown (500)."""
    body = call.body
    required("createChannelRequest", body, "name")
    if len(body["name"]) > 100:
        raise failed("createChannelRequest", "name", "max")
    values = _values(host, body, channel=0)
    row = host.add("channels", CHANNEL, {"name": body["name"], **values})
    host.channel_by_group |= dict.fromkeys(row["group_ids"], row["id"])
    return success(shapes.channel(host, row))


@ROUTES.on("PUT", PATH + "/:id")
def update(host: Host, call: Call) -> Answer:
    """PUT /admin/channels/:id: fields that are sent replace the whole value; the last writer wins."""
    row, body = find(host, call.ids[0]), call.body
    one_of("updateChannelRequest", body, "status", ("active", "disabled"))
    values = _values(host, body, channel=row["id"])
    row.update(values, **({"name": body["name"]} if body.get("name") else {}))
    host.know("channels", row)
    _index(host)
    return success(shapes.channel(host, host.touch(row)))


def _index(host: Host) -> None:
    """Keeps the index of channels by group, which the gateway reads."""
    host.channel_by_group = {group: row["id"] for row in host.channels.values() for group in row["group_ids"]}


def _values(host: Host, body: Row, *, channel: int) -> Row:
    """The checked fields of a request; Refusal before anything is changed."""
    if any(row["id"] != channel for row in host.named("channels", body.get("name", ""))):
        raise Refusal.envelope(409, "channel name already exists", "CHANNEL_EXISTS")
    values = {name: body[name] for name in _OPEN & body.keys() if body[name] is not None}
    if body.get("group_ids") is not None:
        values["group_ids"] = _groups(host, ids(body, "group_ids"), channel)
    if body.get("model_pricing") is not None:
        values["model_pricing"] = [_price(host, item) for item in body["model_pricing"]]
    for platform, pairs in (values.get("model_mapping") or {}).items():
        _overlap(host.old, "mapping source", platform, list(pairs))
    for platform in {item["platform"] for item in values.get("model_pricing", ())}:
        priced = [item["models"] for item in values["model_pricing"] if item["platform"] == platform]
        _overlap(host.old, "model", platform, [name for names in priced for name in names])
    return values


def _groups(host: Host, wanted: list[int], channel: int) -> list[int]:
    if any(host.channel_by_group.get(group, channel) != channel for group in wanted):
        text = "one or more groups already belong to another channel"
        raise Refusal.envelope(409, text, "GROUP_ALREADY_IN_CHANNEL")
    if not host.groups.keys() >= set(wanted):
        raise Refusal.internal()
    return wanted


def _price(host: Host, item: Row) -> Row:
    for name in PRICES:
        if (item.get(name) or 0) < 0:
            raise Refusal.envelope(400, f"{name} must be >= 0", "NEGATIVE_PRICE")
    known = {name: item[name] for name in PRICING.keys() & item.keys() if item[name] is not None}
    return {**PRICING, **known, "id": host.next_id("pricing")}


def _overlap(old: bool, kind: str, platform: str, patterns: list[str]) -> None:
    """Refuses patterns when one can match a name that another matches."""
    names = sorted(name.lower() for name in patterns)
    conflicts = [pair for pair in pairwise(names) if pair[0] == pair[1]]
    wild = [name for name in names if name.endswith("*")]
    conflicts += [(one_, other) for one_ in wild for other in names if one_ != other and _covers(one_, other)]
    if conflicts:
        text = f"{kind} patterns '{conflicts[0][0]}' and '{conflicts[0][1]}' conflict in platform '{platform}'"
        reason = "MODEL_PATTERN_CONFLICT" if kind == "model" else "MAPPING_PATTERN_CONFLICT"
        raise Refusal.envelope(400, f"{text}: overlapping match range{'' if old else _CASE}", reason)


def _covers(pattern: str, name: str) -> bool:
    return pattern.endswith("*") and name.rstrip("*").startswith(pattern[:-1])


@ROUTES.on("DELETE", PATH + "/:id")
def delete(host: Host, call: Call) -> Answer:
    """DELETE /admin/channels/:id."""
    del host.channels[find(host, call.ids[0])["id"]]
    _index(host)
    return message("Channel deleted successfully")
