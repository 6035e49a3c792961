"""Serves every relay of the sandbox on one port, and counts what was called."""

import asyncio
import random
from collections import Counter, defaultdict

import orjson
from aiohttp import web

from sandbox import http
from sandbox.http import Answer
from sandbox.relays import answers
from sandbox.relays.all_profiles import ALL_PROFILES
from sandbox.relays.call import RelayCall, parse_name
from sandbox.relays.profiles import Healthy


class RelayServer:
    """The relays' memory: calls per path, and counters per (profile, name, key)."""

    def __init__(self, seed: int = 0) -> None:
        self.calls: Counter[str] = Counter()
        self.counts: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        self.relays: dict[tuple[str, str], Healthy] = {}
        self.random = random.Random(seed)

    def reset(self) -> None:
        self.calls.clear()
        self.counts.clear()

    def relay(self, profile: str, written: str) -> Healthy | None:
        found = self.relays.get((profile, written))
        if found is None and profile in ALL_PROFILES:
            found = self.relays[profile, written] = ALL_PROFILES[profile](parse_name(written))
        return found

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any call below `/{profile}/{name}`."""
        self.calls[request.path] += 1
        try:
            answer = await self.answer(request)
        except ValueError as problem:
            answer = answers.error(400, str(problem))
        return await http.write(request, answer)

    async def answer(self, request: web.BaseRequest) -> Answer:
        _, profile, written, *rest = [*request.path.split("/", 3), "", ""]
        relay = self.relay(profile, written)
        if relay is None:
            return answers.error(404, f"no such relay profile: {profile}")
        name = parse_name(written)
        path = "/" + rest[0]
        call = RelayCall(request.method, path.removeprefix(relay.root), name, request.headers, query=request.query)
        call.counts = self.counts[profile, written, call.any_key]
        if request.can_read_body:
            call.body = _object(await request.read())
        own = relay.latency + (relay.thinking if call.method == "POST" else 0.0)
        if delay := own if name.latency is None else name.latency:
            await asyncio.sleep(delay)
        return await self.act(relay, call, inside=path.startswith(relay.root + "/"))

    async def act(self, relay: Healthy, call: RelayCall, *, inside: bool) -> Answer:
        refused = relay.refuse(call)
        if refused is not None:
            return refused
        if call.method == "GET" and (told := relay.told(call)) is not None:
            return told
        if not inside:
            return answers.unknown_path(call.endpoint)
        if call.name.fault and self.random.random() < call.name.fault:
            return self.transient()
        if (call.method, call.endpoint) == ("GET", "/models"):
            await asyncio.sleep(call.name.slowlist)
            return relay.models(call)
        return complete(relay, call)

    def transient(self) -> Answer:
        return answers.failure(503 if self.random.random() < 0.5 else 429)


def complete(relay: Healthy, call: RelayCall) -> Answer:
    """A completion, or a refusal: an unknown path is told before an armed failure, and that before an unknown model."""
    answer = relay.post(call) if call.method == "POST" else None
    if answer is None:
        return answers.unknown_path(call.endpoint)
    if answer.status != 200:
        return answer
    return relay.fail(call) or relay.refuse_model(call) or answer


def _object(raw: bytes) -> dict[str, object]:
    value = orjson.loads(raw)
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return value
