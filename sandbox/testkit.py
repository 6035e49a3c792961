"""For tests: a client of a sandbox's host, polling with a time limit, and the comparison of JSON shapes."""

# ruff: noqa: S101 - it is a part of tests

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

from sandbox.box import Box

MODEL = "kimi-k2"
REAL = "kimi-k2-0905"
SAY_HI = [{"role": "user", "content": "Say hi"}]


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """The first true value of the condition; AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"the condition did not become true within {seconds:g} s"
        time.sleep(0.005)
    return value


class Client:
    """Calls the host of a box as its admin, as a user, or with a gateway key."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.http = requests.Session()
        self.serial = 0

    def close(self) -> None:
        self.http.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Any call; header names with `_` for `-`. The answer is read as UTF-8, whatever its type says."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(method, self.box.host_url + path, json=body, headers=named, timeout=30)
        answer.encoding = "utf-8"
        return answer

    def admin(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """A call on /api/v1/admin with the admin key."""
        return self.call(method, "/api/v1/admin" + path, body, x_api_key=self.box.host.admin_key, **headers)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of an admin call that must succeed."""
        answer = self.admin(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json().get("data")

    def login(self, email: str = "", password: str = "") -> str:
        """A user's token; the admin's without arguments."""
        options = self.box.host.options
        body = {"email": email or options.admin_email, "password": password or options.admin_password}
        return str(self.call("POST", "/api/v1/auth/login", body).json()["data"]["access_token"])

    def group(self, **fields: Any) -> int:
        """A new openai group."""
        self.serial += 1
        body = {"name": f"group-{self.serial}", "platform": "openai", "rate_multiplier": 1, **fields}
        return int(self.data("POST", "/groups", body)["id"])

    def account(self, base_url: str, *groups: int, mode: str | None = "force_chat_completions", **fields: Any) -> int:
        """A new account that maps the test model's alias to the model `real`; waits for the host's own probe.

        `platform` is `openai` unless given.
        """
        number = int(self.data("POST", "/accounts", self.account_body(base_url, *groups, mode=mode, **fields))["id"])
        wait_for(lambda: not self.box.host.tasks)
        return number

    def account_body(self, base_url: str, *groups: int, mode: str | None = None, **fields: Any) -> dict[str, Any]:
        self.serial += 1
        real = fields.pop("real", None) or self.model_of(base_url)
        key = fields.pop("api_key", f"sk-test-{self.serial:04d}")
        if fields.get("platform", "openai") != "openai":
            base_url, mode = base_url.removesuffix("/v1"), None  # the host adds it itself, and doubles it
        return {
            "name": f"account-{self.serial}",
            "platform": "openai",
            "type": "apikey",
            "credentials": {"base_url": base_url, "api_key": key, "model_mapping": {MODEL: real}},
            "extra": {"openai_responses_mode": mode} if mode else {},
            "concurrency": 5,
            "priority": 50,
            "rate_multiplier": 1,
            "group_ids": list(groups),
            **fields,
        }

    def model_of(self, base_url: str) -> str:
        """A chat model that the relay at this URL serves."""
        _, profile, written, *_ = [*base_url.removeprefix(self.box.relay_url).split("/"), "", ""]
        relay = self.box.relays.relay(profile, written)
        return relay.listed[0] if relay and relay.listed else REAL

    def key(self, group: int | None = None, user: int = 1, *, balance: float = 100) -> str:
        """A gateway key of a user with that balance; the group is bound as the admin does it."""
        self.serial += 1
        self.box.host.users[user]["balance"] = balance
        text = f"sk-test-custom-{self.serial:08d}"
        row = self.box.host.users[user]
        token = self.box.host.new_token(row["id"])
        made = self.call("POST", "/api/v1/keys", {"name": "k", "custom_key": text}, Authorization=f"Bearer {token}")
        assert made.status_code == 200, made.text
        if group:
            self.data("PUT", f"/api-keys/{made.json()['data']['id']}", {"group_id": group})
        return text

    def chat(self, key: str, model: str = MODEL, **fields: Any) -> requests.Response:
        """A completion through the gateway; `headers` are further headers."""
        headers = fields.pop("headers", {})
        body = {"model": model, "messages": SAY_HI, "stream": False, "max_tokens": 16, **fields}
        return self.call("POST", "/v1/chat/completions", body, Authorization=f"Bearer {key}", **headers)

    def test(self, account: int, model: str = MODEL) -> list[dict[str, Any]]:
        """The events of an account test."""
        return events(self.admin("POST", f"/accounts/{account}/test", {"model_id": model, "prompt": "hi"}).text)


def events(text: str) -> list[dict[str, Any]]:
    """The JSON objects of a server-sent stream."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def differences(captured: Any, actual: Any, where: str = "$") -> list[str]:
    """How an answer differs from a captured one in keys and types; a captured null may be anything."""
    if captured is None:
        return []
    if isinstance(captured, dict) and isinstance(actual, dict):
        if where.endswith("model_mapping"):
            return []  # its keys are model names
        keys = [f"{where}.{key}: only on one side" for key in captured.keys() ^ actual.keys()]
        shared = captured.keys() & actual.keys()
        return keys + [text for key in shared for text in differences(captured[key], actual[key], f"{where}.{key}")]
    if isinstance(captured, list) and isinstance(actual, list):
        if bool(captured) != bool(actual):
            return [f"{where}: {len(captured)} items against {len(actual)}"]
        return differences(captured[0], actual[0], f"{where}[0]") if captured else []
    return [] if _kind(captured) == _kind(actual) else [f"{where}: {captured!r} against {actual!r}"]


def _kind(value: Any) -> str:
    """The JSON type: integers and floats are one type, booleans another."""
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def single(
    client: Client,
    profile: str,
    mode: str | None = "force_chat_completions",
    platform: str = "openai",
    **modifiers: float | str,
) -> tuple[int, str]:
    """An account alone in a new group of its platform, and a key for the group."""
    group = client.group(platform=platform)
    base_url = client.box.relay(profile, "a", **modifiers)
    return client.account(base_url, group, mode=mode, platform=platform), client.key(group)


def fresh_client(box: Box) -> Iterator[Client]:
    """For fixtures that share a box: a client, after a reset of the host."""
    requests.post(f"{box.host_url}/_sandbox/reset", timeout=10)
    client = Client(box)
    yield client
    client.close()
