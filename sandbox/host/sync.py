"""The host's own reading of a relay's model list (docs/host-api.md#model-list-sync)."""

import json

from sandbox.host import anthropic, gemini, upstream
from sandbox.host.accounts import PATH, find
from sandbox.host.auth import success, unknown_route
from sandbox.host.errors import Refusal
from sandbox.host.fields import required
from sandbox.host.state import Host
from sandbox.host.templates import Row
from sandbox.http import Answer, Call, Routes

ROUTES: Routes[Host] = Routes()


@ROUTES.on("POST", PATH + "/models/sync-upstream-preview")
async def preview(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/models/sync-upstream-preview: no account needed; older hosts have no such route."""
    if host.old:
        raise unknown_route()
    body = call.body
    required("SyncUpstreamModelsPreviewRequest", body, "platform", "type", "api_key")
    return success({"models": await _models(host, {"credentials": body, "platform": body["platform"]})})


@ROUTES.on("POST", PATH + "/:id/models/sync-upstream")
async def sync(host: Host, call: Call) -> Answer:
    """POST /admin/accounts/:id/models/sync-upstream: reads only, nothing is stored."""
    return success({"models": await _models(host, find(host, call.ids[0]))})


async def _models(host: Host, account: Row) -> list[str]:
    try:
        reply = await upstream.fetch(host, _request(host, account), 30)
    except upstream.BadUrl as problem:
        raise Refusal.envelope(400, f"Invalid base URL: {problem}") from problem
    except upstream.Unreachable as problem:
        raise Refusal.envelope(502, f"Upstream model list request failed: {problem}") from problem
    if reply.status != 200:
        raise Refusal.envelope(502, f"Upstream model list request failed with HTTP {reply.status}")
    names = sorted(filter(None, (_name(row) for row in _rows(reply.body))))
    if not names:
        raise Refusal.envelope(502, "Upstream returned no supported models")
    return names


def _request(host: Host, account: Row) -> upstream.Request:
    """The list's address and key; without an account's `extra` (a preview) anthropic always gets `x-api-key`."""
    if account["platform"] == "gemini":
        return gemini.list_request(account)
    asked = upstream.request_of(host, account, upstream.MODELS, None)
    if account["platform"] == "anthropic":
        asked.headers = {"anthropic-version": anthropic.VERSION, **anthropic.key_header(host, account)}
    return asked


def _rows(raw: bytes) -> list[Row]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal.envelope(502, "Upstream model list response is not valid JSON") from None
    rows = body.get("data") or body.get("models") if isinstance(body, dict) else body
    return [row for row in rows or [] if isinstance(row, dict)]


def _name(row: Row) -> str:
    return str(row.get("id") or row.get("name") or "").removeprefix("models/")
