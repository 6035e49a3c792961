"""Customers hammer the gateway during an import: none of them ever meets an account that was not proven.

In real time, against the sandbox in both generations; with ``HOST_URL`` and ``HOST_ADMIN_KEY`` set, against that host
instead (everything is arranged through its admin API, under names with a random suffix, and nothing is deleted).
"""

import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import boto3
import pytest
import requests

import sandbox
from tests.conftest import Service
from tests.support.aws import Aws
from tests.support.crashes import all_are_tried

MODEL = "kimi-k2.6"
PAUSE = 0.01 if all_are_tried() else 0.04  # seconds between two requests of a customer
REAL_HOST = os.environ.get("HOST_URL", "")
HOSTS = ["real"] if REAL_HOST else ["0.1.179", "0.1.130"]
PLATFORMS = ("openai", "anthropic", "gemini")
CASES = [
    pytest.param((host, platform), id=f"{host}-{platform}", marks=[pytest.mark.long] * (host == "0.1.130"))
    for host in HOSTS
    for platform in PLATFORMS
    if (host, platform) != ("0.1.130", "gemini")
]
PROBE = "Reply with the single word: ok"
PROOF = f"{PROBE} (run_"
DEAD, REFUSES_HOST, REFUSES_PROOF = "sk-dead", "sk-half", "sk-late"


# --- a relay that remembers whom it served


class Relay(BaseHTTPRequestHandler):
    """Speaks one platform's protocol. What a key may do stands in its first letters; every completion is written down
    with key, text and status.
    """

    protocol_version = "HTTP/1.1"
    path_of: ClassVar = {
        "openai": re.compile("/v1/chat/completions$"),
        "anthropic": re.compile("/v1/messages"),
        "gemini": re.compile("/v1beta/models/[^/]+:(?:generate|streamGenerate)Content"),
    }

    @property
    def platform(self) -> str:
        return str(self.server.platform)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        if self.platform != "gemini":
            return self._answer(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if "/v1beta/" not in self.path:
            return self._answer(404, {"error": {"message": "not found"}})
        listed = {"name": f"models/{MODEL}", "supportedGenerationMethods": ["generateContent"]}
        return self._answer(200, {"models": [listed]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path_of[self.platform].search(self.path):
            return self._answer(404, {"error": {"message": "not found"}})
        key, text = self._key(), _last_text(body)
        status = 200 if _may(key, text) else 401
        self.server.log.append(Served(key, text, status))  # type: ignore[attr-defined]
        if status != 200:
            return self._answer(status, {"error": {"message": "invalid api key", "type": "authentication_error"}})
        if body.get("stream") or "streamGenerate" in self.path:
            return self._send(200, "text/event-stream", _stream(self.platform).encode())
        return self._answer(200, _whole(self.platform))

    def _key(self) -> str:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return str(self.headers.get("x-api-key") or self.headers.get("x-goog-api-key") or bearer)

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-Id", secrets.token_hex(8))  # old hosts count usage by it
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _may(key: str, text: str) -> bool:
    if key.startswith(REFUSES_HOST):
        return text == PROBE
    return not key.startswith(DEAD) and not (key.startswith(REFUSES_PROOF) and text.startswith(PROOF))


def _last_text(body: dict[str, Any]) -> str:
    """The last user's text, in whichever form the host has put it."""
    if "contents" in body:
        return "".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


def _whole(platform: str) -> dict[str, Any]:
    if platform == "gemini":
        usage = {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6}
        content = {"role": "model", "parts": [{"text": "ok"}]}
        return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage}
    return _completion("message", "chat.completion")


def _stream(platform: str) -> str:
    if platform == "anthropic":
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in MESSAGE)
    if platform == "gemini":
        return f"data: {json.dumps(_whole(platform))}\n\n"
    parts = [json.dumps(_completion("delta", "chat.completion.chunk")), "[DONE]"]
    return "".join(f"data: {part}\n\n" for part in parts)


MESSAGE: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
     "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ok"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]  # fmt: skip


def _completion(part: str, kind: str) -> dict[str, Any]:
    choice = {"index": 0, part: {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
    return {"id": "c-1", "object": kind, "created": 1, "model": MODEL, "choices": [choice], "usage": usage}


@dataclass(frozen=True)
class Served:
    key: str
    text: str
    status: int

    @property
    def of_customer(self) -> bool:
        return self.text.startswith("customer ")

    @property
    def proves(self) -> bool:
        return self.text.startswith(PROOF) and self.status == 200


@contextmanager
def recording_relay(platform: str) -> Iterator[tuple[str, list[Served]]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        server.log, server.platform = [], platform  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.log  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


# --- the host, through its own API only


class HostAdmin:
    def __init__(self, base_url: str, admin_key: str, platform: str) -> None:
        self.base_url = base_url
        self.platform = platform
        self.admin_key = admin_key
        self.suffix = secrets.token_hex(4)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = headers or {"x-api-key": self.admin_key}
        answer = requests.request(method, f"{self.base_url}/api/v1/{path}", headers=sent, json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def group(self) -> dict[str, Any]:
        body = {"name": f"pool-{self.suffix}", "platform": self.platform, "rate_multiplier": 1}
        return self.call("POST", "admin/groups", body)

    def account(self, base_url: str, api_key: str, group_id: int) -> None:
        body = {
            "name": f"by-hand-{self.suffix}",
            "platform": self.platform,
            "type": "apikey",
            "credentials": {
                "base_url": base_url if self.platform == "openai" else base_url.removesuffix("/v1"),
                "api_key": api_key,
                "model_mapping": {MODEL: MODEL},
            },
            "extra": {"openai_responses_mode": "force_chat_completions"} if self.platform == "openai" else {},
            "concurrency": 10,
            "priority": 50,
            "rate_multiplier": 1,
            "group_ids": [group_id],
        }
        self.call("POST", "admin/accounts", body)

    def customer(self, name: str, group_id: int | None = None) -> "Customer":
        email, password = f"{name}-{self.suffix}@example.com", secrets.token_hex(10)
        user = {"email": email, "password": password, "username": name, "balance": 100, "concurrency": 5}
        self.call("POST", "admin/users", user)
        token = self.call("POST", "auth/login", {"email": email, "password": password})["access_token"]
        wanted = {"name": name, "custom_key": f"sk-{name}-{secrets.token_hex(12)}"}
        key = self.call("POST", "keys", wanted, Authorization=f"Bearer {token}")
        one = Customer(self.base_url, email, wanted["custom_key"], int(key["id"]))
        if group_id is not None:
            self.bind(one, group_id)
        return one

    def bind(self, customer: "Customer", group_id: int) -> None:
        self.call("PUT", f"admin/api-keys/{customer.key_id}", {"group_id": group_id})

    def switch_off(self, account_id: int, **fields: Any) -> None:
        body = {"account_ids": [account_id], "status": "inactive", **fields}
        self.call("POST", "admin/accounts/bulk-update", body)


@dataclass
class Customer:
    base_url: str
    email: str
    key: str
    key_id: int
    answers: list[int] = field(default_factory=list)

    def hammer(self, stop: threading.Event) -> None:
        with requests.Session() as session:
            while not stop.is_set():
                self.answers.append(self.ask(session))
                stop.wait(PAUSE)

    def ask(self, session: requests.Session) -> int:
        text = f"customer {self.email} {len(self.answers)}"
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": False, "max_tokens": 16}
        headers = {"Authorization": f"Bearer {self.key}"}
        return session.post(f"{self.base_url}/v1/chat/completions", headers=headers, json=body, timeout=30).status_code


@contextmanager
def hammering(*customers: Customer) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=customer.hammer, args=(stop,)) for customer in customers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class RealTime:
    """The pump's clock, where time passes by itself."""

    def shift(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture(params=CASES)
def host(request: pytest.FixtureRequest) -> Iterator[HostAdmin]:
    version, platform = request.param
    if version == "real":
        yield HostAdmin(REAL_HOST, os.environ["HOST_ADMIN_KEY"], platform)
        return
    with sandbox.running(host_version=version, join_delay=(0.05, 0.1), platform_join_delay=(0.05, 0.1)) as box:
        yield HostAdmin(box.host_url, box.admin_key, platform)


@pytest.fixture
def importer(aws: Aws, host: HostAdmin) -> Service:
    aws.put_host(host.base_url, host.admin_key)
    secret = secrets.token_hex(24)  # a probe user of this test's own
    boto3.client("secretsmanager").put_secret_value(SecretId="deployment", SecretString=secret)
    return Service(aws, None, RealTime())  # type: ignore[arg-type]


# --- the story


@dataclass
class Story:
    """A provider with accounts that were imported before, a pool made by hand, and a customer of each."""

    host: HostAdmin
    importer: Service
    url: str
    served: list[Served]

    def __post_init__(self) -> None:
        self.url = f"{self.url}/{self.host.suffix}/v1"
        self.pool = self.host.group()
        self.host.account(self.url, "sk-pool-by-hand", self.pool["id"])
        self.of_pool = self.host.customer("pool", self.pool["id"])
        self.subscriber = self.host.customer("subscriber")

    def import_(self, *keys: str) -> dict[str, dict[str, Any]]:
        """Items by key, with their details."""
        items = [{"base_url": self.url, "api_key": key} for key in keys]
        run_id = self.importer.start(items, subscription_users=[self.subscriber.email], join_groups=[self.pool["name"]])
        self.importer.pump.run(step=0.2)
        return {key: self.importer.item(run_id, f"item_{n:05d}") for n, key in enumerate(keys, 1)}

    def before(self) -> dict[str, dict[str, Any]]:
        """Three accounts serve; then one is paused by a person and one was left broken by a run."""
        items = self.import_("sk-serving", "sk-paused", "sk-broken")
        assert {item["access_status"] for item in items.values()} == {"active"}
        self.host.bind(self.subscriber, self._own_group(items["sk-serving"]))
        self.host.switch_off(items["sk-paused"]["account_id"])
        self.host.switch_off(items["sk-broken"]["account_id"], extra={"import_state": "failed"})
        return items

    def _own_group(self, item: dict[str, Any]) -> int:
        account = self.host.call("GET", f"admin/accounts/{item['account_id']}")
        return next(group for group in account["group_ids"] if group != self.pool["id"])


GOOD = ("sk-new-1", "sk-new-2", "sk-paused", "sk-broken", "sk-serving")
BAD = (f"{DEAD}-1", f"{REFUSES_HOST}-1", f"{REFUSES_PROOF}-1")


def test_no_customer_meets_an_unproven_account_and_the_pool_never_pauses(host: HostAdmin, importer: Service) -> None:
    with recording_relay(host.platform) as (url, served):
        story = Story(host, importer, url, served)
        story.before()
        time.sleep(1.5)  # old hosts answer for a moment from an account that was switched off
        start = len(served)
        with hammering(story.of_pool, story.subscriber):
            items = story.import_(*GOOD, *BAD)
            time.sleep(1.5)
    during = served[start:]
    assert {key: item["access_status"] for key, item in items.items() if key in GOOD} == dict.fromkeys(GOOD, "active")
    assert not any(items[key]["access_status"] == "active" for key in BAD)
    assert_proven_before_customers(during, already="sk-serving")
    assert_customers_were_served(story, during)


def assert_proven_before_customers(during: list[Served], already: str) -> None:
    """In the order of the relay's own log."""
    proven = {already, "sk-pool-by-hand"}
    for call in during:
        if call.proves:
            proven.add(call.key)
        assert not call.of_customer or call.key in proven, call


def assert_customers_were_served(story: Story, during: list[Served]) -> None:
    for customer in (story.of_pool, story.subscriber):
        assert len(customer.answers) > 20
        assert set(customer.answers) == {200}
    reached = {call.key for call in during if call.of_customer}
    assert {"sk-pool-by-hand", "sk-serving"} <= reached
    assert not reached & set(BAD)
    assert reached & {"sk-new-1", "sk-new-2", "sk-paused", "sk-broken"}  # the proven ones do serve in the end
