"""Fixtures that several folders use: a moto stack, the sandbox, and both together."""

import gc
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from batch_import.bootstrap import bootstrap
from batch_import.proofs import completion_proof
from hypothesis import settings

import sandbox
from embedded.stack import Embedded
from tests.support import schedule
from tests.support.aws import Aws, moto_stack
from tests.support.crashes import all_are_tried, choose_sample
from tests.support.pump import Context, Pump, handler_of
from tests.support.stack import embedded_stack
from tests.support.stores import Stores

CUSTOMER_KEY = "sk-customer-0000000000001"
START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def pytest_configure() -> None:
    choose_sample()  # here, so that the processes that pytest-xdist starts choose the same
    longer = all_are_tried()
    settings.register_profile("tests", deadline=None, max_examples=100 if longer else 25, derandomize=not longer)
    settings.load_profile("tests")


def pytest_report_header() -> str:
    return choose_sample()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not all_are_tried():
        items[:] = [item for item in items if item.get_closest_marker("long") is None]
    items.sort(key=lambda item: schedule.turn(item.nodeid))


def pytest_collection_finish() -> None:
    gc.freeze()  # modules and tests stay to the end: no collection of garbage looks at them again


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return schedule.Files(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def aws() -> Iterator[Aws]:
    """The template's state in moto; the process's composition root is made anew for it."""
    with moto_stack() as stack:
        bootstrap.cache_clear()
        yield stack
        bootstrap.cache_clear()


@pytest.fixture
def stores(aws: Aws) -> Stores:
    return Stores(aws)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """The embedded stack with the template's permissions enforced, started once for all tests."""
    with tempfile.TemporaryDirectory(prefix="embedded-") as home, embedded_stack(Path(home) / "home") as stack:
        yield stack


@pytest.fixture(scope="session")
def open_embedded() -> Iterator[Embedded]:
    """The embedded stack without enforced permissions, in a folder whose parent is open to all users."""
    with tempfile.TemporaryDirectory(prefix="embedded-") as parent:
        Path(parent).chmod(0o755)
        with embedded_stack(Path(parent) / "home", iam=False) as stack:
            yield stack


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    """pytest-httpserver asks for it: loopback, a free port."""
    return "127.0.0.1", 0


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A sandbox host and relays without scheduling delays, so that no proof waits for them."""
    monkeypatch.setattr(completion_proof, "JOIN_SECONDS", 2 * completion_proof.JOIN_POLL)
    with sandbox.running(join_delay=(0, 0)) as running:
        yield running


class Service:
    """The whole service in this process: API by its handler, workers by the pump, time by hand."""

    def __init__(self, stack: Aws, box: Any, traveller: time_machine.Traveller) -> None:
        self.aws = stack
        self.box = box
        self.clock = traveller
        self.pump = Pump(stack.environment, traveller)

    def call(
        self, method: str, path: str, body: Any = None, *, role: str = "operator", query: Any = None, **headers: str
    ) -> Any:
        """One request through the API handler; the parsed answer, or (status, body) when it is no 2xx."""
        status, answer = self.raw(method, path, body, role=role, query=query, **headers)
        return answer if status < 300 else (status, answer)

    def raw(
        self, method: str, path: str, body: Any = None, *, role: str = "operator", query: Any = None, **headers: str
    ) -> Any:
        event = api_event(method, path, body, role, query, headers)
        response = handler_of("api")(event, Context())
        content = response.get("body") or ""
        is_json = "json" in str(response.get("multiValueHeaders", response.get("headers")))
        return response["statusCode"], json.loads(content) if is_json else content

    def start(self, items: list[dict[str, Any]], **fields: Any) -> str:
        """Create a run for subscription users unless told otherwise; its id."""
        request = {
            "access_mode": "subscription",
            "subscription_users": ["customer@example.com"],
            "items": items,
            **fields,
        }
        return str(self.call("POST", "/api/batch-import/runs", request)["run_id"])

    def import_(self, items: list[dict[str, Any]], **fields: Any) -> tuple[str, list[dict[str, Any]]]:
        """Run a list to its end: the run's id and its items in the order of the list."""
        run_id = self.start(items, **fields)
        self.pump.run()
        return run_id, self.items(run_id)

    def run(self, run_id: str) -> dict[str, Any]:
        return self.call("GET", f"/api/batch-import/runs/{run_id}", **{"Accept-Language": "en"})

    def items(self, run_id: str, **query: str) -> list[dict[str, Any]]:
        listed = self.call(
            "GET",
            f"/api/batch-import/runs/{run_id}/items",
            query={"limit": "200", **query},
            **{"Accept-Language": "en"},
        )
        return sorted(listed["items"], key=lambda item: item["item_id"])

    def item(self, run_id: str, item_id: str = "item_00001") -> dict[str, Any]:
        return self.call("GET", f"/api/batch-import/runs/{run_id}/items/{item_id}", **{"Accept-Language": "en"})


def api_event(method: str, path: str, body: Any, role: str, query: Any, headers: dict[str, str]) -> dict[str, Any]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    query = query or {}
    return {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "body": text,
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json", **headers},
        "multiValueHeaders": {name: [value] for name, value in {"Content-Type": "application/json", **headers}.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "authorizer": {"role": role, "principalId": role},
            "requestId": "r-1",
            "stage": "v1",
            "path": f"/v1{path}",
            "identity": {"sourceIp": "127.0.0.1"},
            "httpMethod": method,
        },
    }


def seed(box: Any, email: str, key: str, balance: float = 100) -> dict[str, int]:
    """A customer of the sandbox host with a gateway key and money."""
    wanted = {"email": email, "password": "CustomerPass-1", "custom_key": key, "balance": balance}
    return requests.post(f"{box.host_url}/_sandbox/seed", json=wanted, timeout=5).json()


@pytest.fixture
def service(aws: Aws, box: Any) -> Iterator[Service]:
    aws.put_host(box.host_url, box.admin_key)
    with time_machine.travel(START, tick=False) as traveller:
        running = Service(aws, box, traveller)
        seed(box, "customer@example.com", CUSTOMER_KEY)
        yield running
