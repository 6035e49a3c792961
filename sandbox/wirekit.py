"""Captured exchanges of the real host, sent again to the sandbox and compared."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from sandbox.box import running
from sandbox.testkit import MODEL, Client, differences, events, single

WIRE = Path(__file__).parents[1] / "tests" / "contract" / "wire"
ADMIN = "/api/v1/admin"


class World(Client):
    """A client that can send a captured request again, with other ids."""

    def replay(self, name: str, path: str | None = None, /, **patch: Any) -> requests.Response:
        """Sends the captured body, its top-level fields replaced by `patch`, with this box's credentials."""
        request = captured(name)["request"]
        body = {**request["body"], **patch} if isinstance(request["body"], dict) else request["body"]
        headers = {key.replace("-", "_"): value for key, value in request["headers"].items()}
        if headers.get("x_api_key", "bad").endswith("0"):
            headers["x_api_key"] = self.box.host.admin_key
        if headers.get("Authorization") == "Bearer test.jwt.token":
            headers["Authorization"] = f"Bearer {self.login()}"
        return self.call(request["method"], path or request["path"], body, **headers)

    def create(self, name: str, **patch: Any) -> requests.Response:
        """The captured creation of an account, with a relay of ours and always the same key."""
        body = self.account_body(self.box.relay("chat_only", "c1"), api_key="sk-test-good-0001")
        return self.replay(name, **{"credentials": body["credentials"], **patch})

    def served(self, profile: str, mode: str | None = "force_chat_completions", **more: Any) -> tuple[int, str]:
        """An account alone in a new group, and a key for it; `more` are its platform and modifiers of the relay."""
        return single(self, profile, mode, **more)

    def answers(self, profile: str, tries: int = 1, **more: Any) -> requests.Response:
        """The gateway's answer to the last of some tries with one account."""
        _, key = self.served(profile, **more)
        return [self.chat(key) for _ in range(tries)][-1]

    def tested(self, profile: str, mode: str | None = "force_chat_completions", **more: Any) -> requests.Response:
        account, _ = self.served(profile, mode, **more)
        return self.retest(account)

    def retest(self, account: int) -> requests.Response:
        return self.admin("POST", f"/accounts/{account}/test", {"model_id": MODEL})

    def key_id(self, text: str) -> int:
        return self.box.host.key_ids[text]

    def user(self, **fields: Any) -> int:
        self.serial += 1
        body = {"email": f"user-{self.serial}@example.com", "password": "ProbePass-1", "concurrency": 2, **fields}
        return int(self.data("POST", "/users", body)["id"])


def captured(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((WIRE / f"{name}.json").read_text())
    return exchange


Arrange = Callable[[World], requests.Response]


class Cases(dict[str, Arrange]):
    """How each captured exchange is arranged, by its name."""

    def case(self, *names: str) -> Callable[[Arrange], Arrange]:
        def keep(arrange: Arrange) -> Arrange:
            self.update(dict.fromkeys(names, arrange))
            return arrange

        return keep


@contextmanager
def both_worlds() -> Iterator[dict[str, World]]:
    """A host of each version, whose admin has logged in and called an API already."""
    with running() as new, running(host_version="0.1.130", lost_events=False) as old:
        found = {"0.1.179": World(new), "0.1.130": World(old)}
        for world in found.values():
            world.call("GET", "/api/v1/auth/me", Authorization=f"Bearer {world.login()}")
        yield found
        for world in found.values():
            world.close()


def compare(cases: Cases, name: str, worlds: dict[str, World]) -> list[str]:
    """Arranges one exchange; returns how the answer differs from the captured one, in sentences."""
    exchange = captured(name)
    return problems(exchange, cases[name](worlds[exchange["version"]]))


def problems(exchange: dict[str, Any], answer: requests.Response) -> list[str]:
    expected = exchange["response"]
    found = [] if answer.status_code == expected["status"] else [f"status {answer.status_code}: {answer.text}"]
    for name, value in expected["headers"].items():
        if name not in answer.headers:
            found.append(f"no header {name}")
        elif name == "content-type" and answer.headers[name].partition(";")[0] != value.partition(";")[0]:
            found.append(f"content type {answer.headers[name]}")
    return found + body_problems(expected["body"], answer)


def body_problems(expected: Any, answer: requests.Response) -> list[str]:
    if not isinstance(expected, dict):
        return stream_problems(expected, answer.text) if "data: " in expected else []
    if answer.status_code >= 400 and "error" not in expected:
        return [] if answer.json() == expected else [f"body {answer.text}"]
    return differences(expected, answer.json())


def stream_problems(expected: str, text: str) -> list[str]:
    """The differences of two streams of an account test; only the relay's own words may differ."""
    ours, theirs = ([told(event) for event in events(stream)] for stream in (text, expected))
    return [] if ours == theirs else [f"{ours} against {theirs}"]


def told(event: dict[str, Any]) -> Any:
    if event.get("type") == "error":
        return re.sub(r"(\d{3}: |Post ).*|(dial tcp) [^ ]*", r"\1\2", event["error"])
    return event.get("text") if event.get("type") == "status" else event.get("type", sorted(event))
