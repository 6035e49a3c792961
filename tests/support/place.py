"""A service, its host and relays that both can reach: the sandbox in both versions, or a real host.

With ``HOST_URL`` and ``HOST_ADMIN_KEY`` set, tests that use it run against that host instead, in real time.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import boto3
import requests
import time_machine
from batch_import.host.client import HostClient
from batch_import.host.transport import HostTransport

import sandbox
from tests.conftest import START, Service
from tests.support.aws import Aws

REAL_URL, REAL_KEY = os.environ.get("HOST_URL", ""), os.environ.get("HOST_ADMIN_KEY", "")
HOSTS = ["real"] if REAL_URL and REAL_KEY else ["0.1.179", "0.1.130"]


class RealTime:
    """The pump's clock, where time passes by itself."""

    def shift(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Place:
    """A service, its host, relays that both can reach, and a word that makes names unique in a host that is kept."""

    service: Service
    host: HostClient
    box: Any
    url: str
    word: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def version(self) -> str:
        """Of the two in the table, the one that this host behaves like."""
        return "0.1.179" if self.host.at_least(0, 1, 163) else "0.1.130"

    def pair(self, relay: str, name: str, **more: Any) -> dict[str, Any]:
        modifiers = more.pop("modifiers", {})
        base_url = self.box.relay(relay, f"{self.word}-{name}", **modifiers)
        return {"base_url": base_url, "api_key": f"sk-test-{self.word}-{name}", **more}

    def start(self, *items: dict[str, Any], **fields: Any) -> tuple[str, list[dict[str, Any]]]:
        """A run to its end: its id and its items."""
        return self.service.import_(list(items), **fields)

    def customer(self, name: str, balance: float = 100) -> "Customer":
        email, password = f"{self.word}-{name}@example.com", "CustomerPass-1"
        user = self.host.ensure_user(email, password, 5)
        self.host.set_balance(int(user["id"]), balance)
        key = f"sk-customer-{self.word}-{name}-0001"
        made = self.host.create_key(self.host.login(email, password), name, key)
        return Customer(self, email, int(user["id"]), int(made["id"]), key)

    def import_(self, *items: dict[str, Any]) -> list[dict[str, Any]]:
        """The items of one run, in order."""
        return self.service.import_(list(items))[1]

    def account_of(self, item: dict[str, Any]) -> int:
        """The id of the one account of an item's provider."""
        [row] = self.host.accounts(item["provider_id"])
        return int(row["id"])

    def accounts(self) -> list[dict[str, Any]]:
        """Those of this place's relays, by the host's own list."""
        return [row for row in self.host.accounts() if f"/{self.word}-" in str(row["credentials"].get("base_url"))]


@dataclass
class Customer:
    """A user of the host with money and a gateway key."""

    place: Place
    email: str
    user_id: int
    key_id: int
    key: str

    def ask(self, group_id: int, model: str) -> int:
        """Bind the key to the group, ask for a completion, and wait for its usage row; the answer's status."""
        host = self.place.host
        host.rebind_key(self.key_id, group_id)
        before = host.newest_usage(self.key_id)
        body = {"model": model, "messages": [{"role": "user", "content": f"hello from {self.email}"}]}
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.place.url}/v1/chat/completions"
        status = requests.post(url, json=body, headers=headers, timeout=30).status_code
        for _ in range(50 if status == HTTPStatus.OK else 0):
            if host.newest_usage(self.key_id) != before:
                break
            time.sleep(0.1)
        return status


@contextmanager
def placed(host: str, aws: Aws) -> Iterator[Place]:
    """``host`` is a version for the sandbox, or ``real``."""
    at_once = {"join_delay": (0, 0), "platform_join_delay": (0, 0), "platform_leave_delay": (0, 0)}
    version = {} if host == "real" else {"host_version": host}
    with sandbox.running(**at_once, **version) as box:
        url, key = (REAL_URL, REAL_KEY) if host == "real" else (box.host_url, box.admin_key)
        aws.put_host(url, key)
        # a probe user of this test's own
        boto3.client("secretsmanager").put_secret_value(SecretId="deployment", SecretString=secrets.token_hex(24))
        client = HostClient(HostTransport(url, key))
        client.ensure_user("customer@example.com", "CustomerPass-1", 5)
        with clock(real=host == "real") as traveller:
            yield Place(Service(aws, box, traveller), client, box, url)


@contextmanager
def clock(*, real: bool) -> Iterator[Any]:
    if real:
        yield RealTime()
        return
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller
