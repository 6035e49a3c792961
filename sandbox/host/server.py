"""The host's HTTP entry point: armed failures, authentication, the handler, the ledger."""

import asyncio
import logging
import uuid
from typing import Any

import orjson
from aiohttp import web

from sandbox import control, http
from sandbox.host import (
    accounts,
    auth,
    channels,
    gateway,
    groups,
    keys,
    patches,
    records,
    recovery,
    subscriptions,
    sync,
    testing,
    users,
)
from sandbox.host.clock import text
from sandbox.host.errors import Refusal
from sandbox.host.faults import Fault
from sandbox.host.state import Host
from sandbox.http import Answer, Call, Handler, Routes

_MODULES = (
    accounts, auth, channels, gateway, groups, keys, patches, records, recovery, subscriptions, sync, testing, users,
)  # fmt: skip
SECRET = frozenset({"api_key", "password", "custom_key"})


def routes() -> Routes[Host]:
    """Every route of the host in one table."""
    merged: Routes[Host] = Routes()
    for module in _MODULES:
        merged.table |= module.ROUTES.table
    return merged


def redacted(value: Any) -> Any:
    """A body without its secrets, for the ledger."""
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: "REDACTED" if key in SECRET and item else redacted(item) for key, item in value.items()}


class HostServer:
    """Serves one host, and the sandbox's own controls beside it."""

    def __init__(self, host: Host, controls: control.Controls) -> None:
        self.host, self.controls, self.routes = host, controls, routes()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        call = await http.read(request)
        if call.path.startswith("/_sandbox/"):
            return await http.write(request, self.controls.handle(call))
        fault = self.host.faults.take(call.method, call.path)
        applied = fault is None or fault.applies
        answer = await self.answer(call) if applied else Answer()
        answer.headers.setdefault("X-Request-ID", str(uuid.uuid4()))
        self.note(call, fault.status if fault else answer.status, applied=applied)
        if fault is not None:
            answer = await self.disturb(request, fault)
        return await http.write(request, answer)

    async def disturb(self, request: web.BaseRequest, fault: Fault) -> Answer:
        """The answer to a call with an armed failure, or none: it waits for ever, or cuts the connection."""
        if fault.mode.startswith("timeout"):
            await asyncio.Event().wait()
        if fault.mode.startswith("drop") and request.transport is not None:
            request.transport.abort()
        return Answer(fault.status, _OPAQUE)

    async def answer(self, call: Call) -> Answer:
        """The host's own answer, refusals included."""
        handler: Handler[Host] | None
        handler, call.ids = self.routes.find(call.method, call.path)
        try:
            if handler is None:
                raise auth.unknown_route()
            auth.authenticate(self.host, call)
            result = handler(self.host, call)
            return result if isinstance(result, Answer) else await result
        except Refusal as refusal:
            plain = isinstance(refusal.body, str)
            return Answer(refusal.status, refusal.body, refusal.headers, "text/plain" if plain else http.JSON)
        except Exception:  # a fault of the sandbox, or a body of unexpected types; the host, too, answers only 500
            logging.exception("%s %s", call.method, call.path)
            return Answer(500, _OPAQUE)

    def note(self, call: Call, status: int, *, applied: bool) -> None:
        """Adds a write on the admin or user API to the ledger, without secrets; status 0: it was never answered."""
        if call.method == "GET" or not call.path.startswith(auth.USER):
            return
        host = self.host
        host.ledger_length += 1
        entry = {"n": host.ledger_length, "method": call.method, "path": call.path, "body": redacted(_body(call.raw))}
        host.ledger.append({**entry, "status": status, "applied": applied, "at": text(host.now())})


_OPAQUE = {"code": 500, "message": "internal error"}


def _body(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except ValueError:
        return None
