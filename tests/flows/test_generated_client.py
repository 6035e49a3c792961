"""A client that is generated from the document works, over HTTP (docs/openapi.yaml)."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser import gateway
from tests.conftest import Service
from tests.support.aws import OPERATOR, VIEWER

NAME = "generated_batch_import_client"
RELAY = {"api_key": "sk-test-0000000000000001"}


@pytest.fixture
def client(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its routes by operation, its models, and a caller for each role; all by what the API serves itself."""
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(service.call("GET", "/api/openapi.json")), "utf-8")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document), "--meta", "none"]
    done = subprocess.run(
        [*command, "--output-path", str(tmp_path / NAME)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING parsing" not in done.stdout, done.stdout
    assert "Unsupported" not in done.stdout, done.stdout
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module(NAME)
    with gateway.serving() as served:
        yield SimpleNamespace(
            operator=package.AuthenticatedClient(served.url, token=OPERATOR),
            viewer=package.AuthenticatedClient(served.url, token=VIEWER),
            nobody=package.AuthenticatedClient(served.url, token="sk-test-nobody"),
            route=lambda tag, name: importlib.import_module(f"{NAME}.api.{tag}.{name}"),
            models=importlib.import_module(f"{NAME}.models"),
        )
    for module in [module for module in sys.modules if module.split(".")[0] == NAME]:
        del sys.modules[module]


def test_a_generated_client_imports_a_list_and_reads_what_became_of_it(service: Service, client: Any) -> None:
    item = {**RELAY, "base_url": service.box.relay("healthy")}
    body = client.models.CreateRunRequest.from_dict(
        {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": [item], "label": "Mon"}
    )
    create = client.route("runs", "create_run").sync_detailed
    created = create(client=client.operator, body=body, idempotency_key="generated")
    assert (created.status_code, created.parsed.state) == (202, "running")
    again = create(client=client.operator, body=body, idempotency_key="generated")
    assert (again.parsed.run_id, again.headers["Idempotent-Replayed"]) == (created.parsed.run_id, "true")
    service.pump.run()
    run_id = created.parsed.run_id
    detail = client.route("runs", "get_run").sync(run_id, client=client.viewer)
    assert (detail.run.state, detail.run.label, detail.run.active_items) == ("completed", "Mon", 1)
    [listed] = (
        client.route("runs", "list_runs")
        .sync(client=client.viewer, state=client.models.RunState.COMPLETED, limit=5)
        .runs
    )
    assert listed.run_id == run_id
    active = client.models.AccessStatus.ACTIVE
    [row] = client.route("items", "list_items").sync(run_id, client=client.viewer, access_status=active).items
    whole = client.route("items", "get_item").sync(run_id, row.item_id, client=client.viewer)
    assert whole.capability_profile.transport_profile.supports_openai_chat_completions is True
    assert whole.events[-1].event_type == "access_decided"


def test_a_generated_client_reads_refusals(service: Service, client: Any) -> None:
    get = client.route("runs", "get_run").sync_detailed
    missing = get("run_nowhere", client=client.viewer)
    assert (missing.status_code, missing.parsed.error.code) == (404, "not_found")
    assert get("run_nowhere", client=client.nobody).parsed.error.code == "unauthorized"
    cancel = client.route("runs", "cancel_run").sync_detailed
    assert cancel("run_nowhere", client=client.viewer).parsed.error.code == "forbidden"
    first = client.route("runs", "list_runs").sync_detailed(client=client.viewer)
    etag = first.headers["ETag"]
    news = client.route("runs", "list_runs").sync_detailed(client=client.viewer, if_none_match=etag)
    assert (news.status_code, news.content, news.headers["ETag"]) == (304, b"", etag)
