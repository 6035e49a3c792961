"""The routes of cleanup and export: roles, shapes, errors; and that links to the earlier system are links only."""

import json
from pathlib import Path
from typing import Any

import batch_import
import pytest
from batch_import.bootstrap import bootstrap

from tests.conftest import api_event
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of

RUNS, QUARANTINE = "/api/batch-import/runs", "/api/batch-import/quarantine"


def call(method: str, path: str, body: Any = None, *, role: str = "operator", query: Any = None) -> tuple[int, Any]:
    answer = handler_of("api")(api_event(method, path, body, role, query, {}), Context())
    return answer["statusCode"], json.loads(answer["body"])


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    assert set(answer[1]["error"]) == {"code", "message"}
    return answer[0], answer[1]["error"]["code"]


@pytest.fixture
def run_id(aws: Aws) -> str:
    items = [
        {"base_url": f"https://r{n}.example.com", "api_key": f"sk-test-{n}", "legacy_provider_id": f"old-{n}"}
        for n in range(3)
    ]
    items.append({"base_url": "https://r3.example.com", "api_key": "sk-test-3"})
    body = {"access_mode": "subscription", "subscription_users": ["a@example.com"], "items": items}
    return str(call("POST", RUNS, {**body, "legacy_batch_id": "batch-17"})[1]["run_id"])


# --- quarantine


def test_only_an_operator_cleans_and_a_viewer_may_look(aws: Aws, box: Any) -> None:
    aws.put_host(box.host_url, box.admin_key)
    for role in ("viewer", "", "admin"):
        assert code(call("DELETE", QUARANTINE, role=role)) == (403, "forbidden")
    assert call("GET", QUARANTINE, role="viewer") == (200, {"accounts": [], "account_count": 0})
    assert call("DELETE", QUARANTINE) == (200, {"removed": [], "kept": []})


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", ""])
def test_a_host_that_is_away_or_not_named_is_a_bad_gateway(aws: Aws, base_url: str, method: str) -> None:
    aws.put_host(base_url, "sk-admin-canary")
    answer = call(method, QUARANTINE)
    assert code(answer) == (502, "host_unavailable")
    assert "canary" not in str(answer)


def test_a_host_that_refuses_the_key_says_so(aws: Aws, box: Any) -> None:
    aws.put_host(box.host_url, "wrong")
    answer = call("GET", QUARANTINE)
    assert code(answer) == (502, "host_unavailable")
    assert "401" in answer[1]["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", QUARANTINE, "DELETE, GET"), ("POST", f"{RUNS}/run_1/export", "GET")],
)
def test_a_wrong_method_is_told_the_right_ones(aws: Aws, method: str, path: str, allowed: str) -> None:
    answer = handler_of("api")(api_event(method, path, None, "operator", None, {}), Context())
    assert answer["statusCode"] == 405
    assert answer["multiValueHeaders"]["Allow"] == [allowed]


# --- export


def test_the_export_shows_the_links_and_what_is_in_the_host(run_id: str) -> None:
    status, answer = call("GET", f"{RUNS}/{run_id}/export")
    assert (status, answer["next_cursor"]) == (200, None)
    assert answer["run"] == {"run_id": run_id, "legacy_batch_id": "batch-17"}
    links = {item["item_id"]: item["legacy_provider_id"] for item in answer["items"]}
    assert links == {"item_00001": "old-0", "item_00002": "old-1", "item_00003": "old-2", "item_00004": None}
    assert set(answer["items"][0]) == {
        "item_id", "provider_id", "account_id", "channel_id", "access_status", "legacy_provider_id",
    }  # fmt: skip
    assert {item["access_status"] for item in answer["items"]} == {"unknown"}


def test_it_is_paged_like_the_items(run_id: str) -> None:
    path, found, cursor = f"{RUNS}/{run_id}/export", [], None
    for expected in (3, 1):
        _, page = call("GET", path, query={"limit": "3", **({"cursor": cursor} if cursor else {})})
        assert len(page["items"]) == expected
        found += [item["item_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (len(set(found)), cursor) == (4, None)
    assert code(call("GET", path, query={"cursor": "damaged"})) == (400, "invalid_request")
    assert code(call("GET", path, query={"limit": "201"})) == (400, "invalid_request")


def test_it_is_the_operators_and_needs_a_run(run_id: str) -> None:
    for role in ("viewer", ""):
        assert code(call("GET", f"{RUNS}/{run_id}/export", role=role)) == (403, "forbidden")
    assert code(call("GET", f"{RUNS}/run_nowhere/export")) == (404, "not_found")


def test_nothing_else_shows_the_links(run_id: str) -> None:
    paths = [RUNS, f"{RUNS}/{run_id}", f"{RUNS}/{run_id}/items", f"{RUNS}/{run_id}/items/item_00001"]
    told = json.dumps([call("GET", path) for path in paths])
    assert "legacy" not in told
    assert "old-0" not in told
    assert "batch-17" not in told
    assert bootstrap().runs.get(run_id).legacy_batch_id == "batch-17"  # type: ignore[union-attr]


def test_nothing_reads_state_from_the_links() -> None:
    """They are read from a list, stored, repeated by a retry, and exported; no other module names them."""
    package = Path(batch_import.__file__).parent
    naming = {str(path.relative_to(package)) for path in package.rglob("*.py") if "legacy_" in path.read_text("utf-8")}
    assert {name for name in naming if not name.startswith("intake/")} == {
        "http_api/pasted.py",
        "domain/contract.py",
        "domain/entities.py",
        "domain/export.py",
        "runs/item_list.py",
        "runs/follow_up.py",
        "runs/create.py",
    }
