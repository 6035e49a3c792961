"""A known key is planted and searched for in every place that a person or a machine could read.

See docs/design.md#26-secrets.
"""

import json
import re
from typing import Any

import boto3
import pytest
from pytest_httpserver import HTTPServer
from urllib3 import HTTPConnectionPool

from tests.conftest import CUSTOMER_KEY, Service
from tests.unit.domain.test_redaction import PARTS, WHOLE

CANARY = "sk-canary-4f1d2c3b4a5968778695a4b3c2d1e0f9"
PROFILES = ("healthy", "dead_key", "lying_list", "cut_stream", "error_200", "stream_forbidden")


def everything_stored(aws: Any) -> str:
    client = boto3.client("dynamodb")
    tables = [aws.environment[name] for name in ("RUNS_TABLE", "ITEMS_TABLE", "EVENTS_TABLE", "SECRETS_TABLE")]
    return repr([client.scan(TableName=table)["Items"] for table in tables])


def pages(service: Service, run_id: str) -> str:
    items = service.items(run_id)
    details = [service.item(run_id, item["item_id"]) for item in items]
    return repr([service.run(run_id), items, details])


@pytest.mark.parametrize("access_mode", ["subscription", "self_service"])
def test_the_canary_never_appears(
    service: Service,
    box: Any,
    access_mode: str,
    capfd: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses: list[str] = []
    opened = HTTPConnectionPool.urlopen

    def urlopen(pool: HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        addresses.append(url)
        return opened(pool, method, url, *arguments, **options)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)
    extra = {"access_mode": access_mode, "probe_api_key": CUSTOMER_KEY if access_mode == "self_service" else None}
    pairs = [{"base_url": box.relay(p, "canary"), "api_key": f"{CANARY}{n}"} for n, p in enumerate(PROFILES)]
    run_id, items = service.import_(pairs, **extra)
    assert {item["current_stage"] for item in items} == {"done"}

    output = capfd.readouterr()
    places = {
        "tables": everything_stored(service.aws),
        "queues": repr(service.pump.delivered),
        "addresses": repr(addresses),
        "answers": pages(service, run_id),
        "stdout": output.out,
        "stderr": output.err,
        "log records": "\n".join(f"{r.getMessage()} {r.__dict__}" for r in caplog.records),
    }
    secrets = (CANARY, CUSTOMER_KEY, box.admin_key)
    assert any("/api/v1/admin/users" in address for address in addresses)
    assert [(where, secret) for where, text in places.items() for secret in secrets if secret in text] == []


def test_a_relay_that_repeats_the_key_in_its_error_is_blanked(service: Service, box: Any, relay_echo: str) -> None:
    run_id, [item] = service.import_([{"base_url": relay_echo, "api_key": "canary0key0without0any0prefix"}])
    assert item["access_status"] == "broken"
    assert "***" in item["last_error"]
    assert "canary0key" not in pages(service, run_id) + everything_stored(service.aws)


WAYS = {
    **{
        name: WHOLE[name]
        for name in ("upper", "each by percent", "entities", "\\u", "hex", "base64", "backwards", "groups")
    },
    **{name: PARTS[name] for name in ("first half", "without its prefix", "masked, long ends")},
}


def test_a_key_in_another_form_is_nowhere_either(
    service: Service, httpserver: HTTPServer, capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """All forms: tests/unit/domain/test_redaction.py. Here some of them are looked for in every place."""
    key, listed = "k7Qz9Xw2Vb5Nm8Lp4Rt6Yh3", []
    for number, way in enumerate(WAYS.values()):
        error = json.dumps({"error": {"message": f"Incorrect API key provided: {way(key)}"}})
        pattern = re.compile(f"/relay{number}/.*")
        httpserver.expect_request(pattern).respond_with_data(error, 401, content_type="application/json")
        listed.append({"base_url": httpserver.url_for(f"/relay{number}/v1"), "api_key": key})
    run_id, items = service.import_(listed)
    assert {item["access_status"] for item in items} == {"broken"}
    assert all("***" in item["last_error"] for item in items)

    output = capfd.readouterr()
    logged = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    found = pages(service, run_id) + everything_stored(service.aws) + output.out + output.err + logged
    assert [name for name, way in WAYS.items() if way(key) in found] == []
    assert [key[at : at + 6] for at in range(len(key) - 5) if key[at : at + 6].lower() in found.lower()] == []


def test_the_key_is_erased_when_its_item_is_active_and_kept_for_retry_otherwise(service: Service, box: Any) -> None:
    pairs = [{"base_url": box.relay(p), "api_key": f"sk-test-{p}"} for p in ("healthy", "dead_key")]
    service.import_(pairs)
    rows = boto3.client("dynamodb").scan(TableName=service.aws.environment["SECRETS_TABLE"])["Items"]
    places = [row["pk"]["S"].partition("#")[2] for row in rows]
    assert [place for place in places if place.startswith("item_")] == ["item_00002"]
