"""The sandbox's own controls, over HTTP at `/_sandbox/...` on the host's port."""

# ruff: noqa: ARG002 - every action takes the call

from collections.abc import Callable
from typing import Any

from sandbox.host import keys
from sandbox.host.errors import Refusal
from sandbox.host.state import Host, first, hidden
from sandbox.host.templates import USER, Row
from sandbox.http import Answer, Call
from sandbox.relays.server import RelayServer


class Controls:
    """The handlers: ledger, relay calls, reset, seed, armed failures, the clock."""

    def __init__(self, host: Host, relays: RelayServer) -> None:
        self.host, self.relays = host, relays

    def handle(self, call: Call) -> Answer:
        actions: dict[tuple[str, str], Callable[[Call], Any]] = {
            ("GET", "ledger"): self.ledger,
            ("GET", "relay-calls"): self.relay_calls,
            ("POST", "reset"): self.reset,
            ("POST", "seed"): self.seed,
            ("POST", "fail"): self.fail,
            ("POST", "advance"): self.advance,
        }
        action = actions.get((call.method, call.path.removeprefix("/_sandbox/")))
        if action is None:
            return Answer(404, "404 page not found", content_type="text/plain")
        try:
            return Answer(200, action(call))
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body)
        except (KeyError, ValueError) as problem:
            return Answer(400, {"error": str(problem)})

    def ledger(self, call: Call) -> list[Any]:
        """GET /_sandbox/ledger?since=N: the entries after the N-th."""
        since = int(call.query.get("since", "0"))
        return [entry for entry in self.host.ledger if entry["n"] > since]

    def relay_calls(self, call: Call) -> dict[str, Any]:
        """GET /_sandbox/relay-calls: how often each path of a relay was called."""
        return dict(self.relays.calls)

    def reset(self, call: Call) -> dict[str, Any]:
        """POST /_sandbox/reset: a freshly installed host, and relays with counters at zero."""
        self.host.clear()
        self.relays.reset()
        return {"ok": True}

    def fail(self, call: Call) -> dict[str, Any]:
        """POST /_sandbox/fail {"method", "path", "status", "times"}."""
        body = call.body
        status = body.get("status", 500)
        self.host.fail_next(body.get("method", "*"), body["path"], status, int(body.get("times", 1)))
        return {"armed": len(self.host.faults.armed)}

    def advance(self, call: Call) -> dict[str, Any]:
        """POST /_sandbox/advance {"seconds"}: lets the host's time pass."""
        self.host.clock.advance(float(call.body["seconds"]))
        return {"ahead": self.host.clock.ahead}

    def seed(self, call: Call) -> dict[str, Any]:
        """POST /_sandbox/seed {"email", "password", "custom_key", "balance"}: a customer and their gateway key."""
        body = call.body
        user = self._user(body)
        key_id = self.host.key_ids.get(body["custom_key"])
        if key_id is None:
            key_id = keys.make(self.host, user, {"name": "customer", "custom_key": body["custom_key"]})["id"]
        return {"user_id": user["id"], "api_key_id": key_id}

    def _user(self, body: Row) -> Row:
        found = first(self.host.users.values(), lambda row: row["email"] == body["email"])
        if found is None:
            secret = {"_notes": "", "_password": hidden(body["password"])}
            found = self.host.add("users", USER, {"email": body["email"], "concurrency": 5, **secret})
        found["balance"] = body.get("balance", found["balance"])
        return found
