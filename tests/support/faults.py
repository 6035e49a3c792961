"""AWS that fails: microburst in front of the emulator, its choices made by a seed."""

import asyncio
import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from aiohttp import web
from microburst.app import make_app
from microburst.core.pipeline import Microburst
from microburst.detection import detect
from microburst.forward import Upstream, resign_headers
from microburst.protocols import render_error

Rule = dict[str, Any]
BROKEN = {"code": "InternalServerError", "status": 500}
ERROR_BEFORE: Rule = {"error": BROKEN}
# microburst's own errors come before the call; a rule with this mark answers one after the call was applied.
ERROR_AFTER: Rule = {"response": {"set_headers": {"error-after": BROKEN["code"]}}}
DROP_BEFORE: Rule = {"reset": True}
DROP_AFTER: Rule = {"response": {"abort_bytes": 0}}
UNCERTAIN = (ERROR_BEFORE, ERROR_AFTER, DROP_BEFORE, DROP_AFTER)
THROTTLES = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "RequestThrottled",
    "kms": "ThrottlingException",
}
# What microburst calls them.
ACTIONS = {
    "error:InternalServerError": "error before",
    "match": "error after",
    "reset": "dropped before",
    "response:abort": "dropped after",
    "error:TransactionCanceledException": "conflict",
    "error:TransactionConflictException": "conflict",
}
KINDS = {"throttled", *ACTIONS.values()}
REASONS = {"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]}
CONFLICT: Rule = {
    "operation": "TransactWriteItems",
    "error": {"code": "TransactionCanceledException", "fields": REASONS},
}


MEETING: Rule = {"operation": "UpdateItem", "error": {"code": "TransactionConflictException", "status": 400}}


def everywhere(share: float) -> list[Rule]:
    """Rules that hit ``share`` of each service's calls, every kind equally often; conflicts come on top of that."""
    each = share / (1 + len(UNCERTAIN))
    throttled = [{"service": service, "error": {"code": code, "status": 400}} for service, code in THROTTLES.items()]
    rules = [{"service": "dynamodb", "probability": each, **rule} for rule in (CONFLICT, MEETING, *throttled)]
    for place, kind in enumerate(UNCERTAIN, start=1):
        # A rule is asked only when those before it let the call pass.
        odds = each / (1 - place * each)
        rules += [kind | {"service": service, "probability": odds} for service in THROTTLES]
    return rules


class Capacity:
    """Of DynamoDB's tables together, in rows a second; a call that finds any left may use more than that, as in AWS."""

    def __init__(self, rows_a_second: float = float("inf")) -> None:
        self._rate = self._left = rows_a_second
        self._since = time.monotonic()
        self.used = self.throttled = 0

    def takes(self, rows: int) -> bool:
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._since) * self._rate)
        self._since = now
        if self._left <= 0:
            self.throttled += 1
            return False
        self._left -= rows
        self.used += rows
        return True


def _rows(body: bytes) -> int:
    """How many rows a call of DynamoDB reads or writes; of a query, one."""
    asked = json.loads(body)
    of_tables = asked.get("RequestItems", {}).values()
    batched = sum(len(table["Keys"] if isinstance(table, dict) else table) for table in of_tables)
    return len(asked.get("TransactItems", ())) or batched or 1


class _Answering(Upstream):
    """The upstream, whose answer is replaced by an error where a rule is marked so, or for want of ``capacity``."""

    capacity = Capacity()

    async def relay(self, request: Any, body: Any, mutator: Any = None, data: Any = None) -> Any:
        target = request.headers.get("X-Amz-Target", "")
        if target.startswith("DynamoDB") and not self.capacity.takes(_rows(body)):
            transaction = target.endswith("TransactWriteItems")
            code = "TransactionCanceledException" if transaction else "ThrottlingException"
            more = {"CancellationReasons": [{"Code": "ThrottlingError"}]} if transaction else {}
            error = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": "no capacity", **more}
            return web.json_response(error, status=400)
        code = mutator.set_headers.get("error-after") if mutator else None
        if code is None:
            return await super().relay(request, body, mutator, data)
        url = self.base_url + request.rel_url.raw_path_qs
        headers = self._outbound_headers(request)
        digest = hashlib.sha256(body).hexdigest()
        headers = resign_headers(request.method, request.path, request.query_string, headers, digest) or headers
        assert self.session is not None
        async with self.session.request(request.method, url, headers=headers, data=body) as applied:
            await applied.read()
        asked = detect(request.headers, request.method, request.path, request.query, body)
        status, headers, answer = render_error(asked.service, code, status=500, protocol=asked.protocol)
        return web.Response(status=status, headers=headers, body=answer)


class FaultProxy:
    """``url`` is an AWS endpoint; ``rules`` are microburst's, replaced at any time."""

    def __init__(self, upstream: str) -> None:
        self._microburst = Microburst(upstream)
        self._microburst.upstream = _Answering(upstream, resign=True)  # the host is a part of what is signed
        self.url = ""

    def limit(self, capacity: Capacity) -> None:
        """DynamoDB has so much capacity from now on."""
        self._microburst.upstream.capacity = capacity  # type: ignore[attr-defined]

    def obey(self, *rules: Rule) -> None:
        self._microburst.engine.set_rules(list(rules))

    @property
    def calls(self) -> Counter[str]:
        """By service."""
        return Counter(self._microburst.stats.by_service)

    @property
    def faults(self) -> Counter[tuple[str, str, str]]:
        """By service, operation and kind."""
        found: Counter[tuple[str, str, str]] = Counter()
        for (service, operation, action), count in self._microburst.fault_counts.items():
            found[service, operation, ACTIONS.get(action, "throttled")] += count
        return found

    async def serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        runner = web.AppRunner(make_app(self._microburst), access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            started.set()
            await stop.wait()
        finally:
            await runner.cleanup()


@contextmanager
def fault_proxy(upstream: str, seed: int = 1) -> Iterator[FaultProxy]:
    """A proxy in a thread of its own; without faults until it is given rules."""
    proxy, started, loop = FaultProxy(upstream), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(started, stop)))
    with (
        mock.patch("microburst.rules.random", random.Random(seed)),
        # It would put the service's namespace before a throttle of SQS, as AWS does not: botocore would not know it.
        mock.patch.dict("microburst.models._QUERY_ERROR_NAMESPACE", clear=True),
    ):
        thread.start()
        try:
            assert started.wait(10), "the proxy did not start"
            yield proxy
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()
