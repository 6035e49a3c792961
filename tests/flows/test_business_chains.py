"""The six business chains by name (docs/design.md#2-pipeline): the whole service over real HTTP, with state in moto."""

import json
from typing import Any

import requests

from tests.conftest import Service

KEY = "sk-test-0000000000000001"


def account(box: Any, account_id: int) -> dict[str, Any]:
    headers = {"x-api-key": box.admin_key}
    answer = requests.get(f"{box.host_url}/api/v1/admin/accounts/{account_id}", headers=headers, timeout=5)
    return answer.json()["data"]


def bulk_update(box: Any, account_id: int, **fields: Any) -> None:
    headers = {"x-api-key": box.admin_key}
    body = {"account_ids": [account_id], **fields}
    url = f"{box.host_url}/api/v1/admin/accounts/bulk-update"
    assert requests.post(url, headers=headers, json=body, timeout=5).json()["data"]["success"] == 1


def creations(box: Any) -> int:
    return sum(e["method"] == "POST" and e["path"] == "/api/v1/admin/accounts" for e in box.ledger())


def event_types(item: dict[str, Any]) -> list[str]:
    return [event["event_type"] for event in item["events"]]


def test_chain_1_discovery_and_naming(service: Service, box: Any) -> None:
    run_id, [item] = service.import_(
        [{"base_url": box.relay("healthy"), "api_key": KEY, "requested_models": ["kimi 2.6"]}]
    )

    detail = service.item(run_id)
    assert item["access_status"] == "active"
    assert "kimi-k2.6" in detail["canonical_model_families"]
    assert len(detail["raw_models"]) == len(detail["normalized_models"]) > 1
    assert "kimi-k2.6" in detail["resolved_smoke_model"].lower()
    assert {"kimi 2.6", "kimi-k2.6"} <= set(account(box, detail["account_id"])["credentials"]["model_mapping"])


def test_chain_2_active_account_imported_again_is_reused(service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    _, [first] = service.import_([pair])

    shouted = pair["base_url"].replace("http://", "HTTP://").removesuffix("/v1") + "/v1/v1/"
    run_id, [again] = service.import_([{**pair, "base_url": shouted}])

    detail = service.item(run_id)
    assert (again["matched_account_state"], again["account_resolution"]) == ("active", "reused")
    assert again["provision_reused"] is True
    assert again["badges"]["provision_reused"] == {"text": "reused", "color": "cyan"}
    assert detail["reused_from_provider_id"] == first["provider_id"]
    assert detail["reused_from_account_id"] == detail["account_id"]
    assert again["access_status"] == "active"
    assert creations(box) == 1


def test_chain_3_deprecated_account_is_reactivated(service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, _ = service.import_([pair])
    account_id = service.item(run_id)["account_id"]
    places = account(box, account_id)["group_ids"]
    bulk_update(box, account_id, status="inactive", extra={"import_state": "deprecated"})

    run_id, [item] = service.import_([pair])

    assert (item["matched_account_state"], item["account_resolution"]) == ("deprecated", "reactivated")
    assert (item["provision_reused"], item["access_status"]) == (True, "active")
    woken = account(box, account_id)
    assert (woken["status"], woken["schedulable"], woken["group_ids"]) == ("active", True, places)
    assert creations(box) == 1


def test_chain_4_covered_family_under_a_new_alias_is_a_patch_only(service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, _ = service.import_([{**pair, "requested_models": ["kimi-k2.6"]}])
    account_id = service.item(run_id)["account_id"]
    before, writes = account(box, account_id), len(box.ledger())

    run_id, [item] = service.import_([{**pair, "requested_models": ["Kimi 2.6"]}])

    detail, after = service.item(run_id), account(box, account_id)
    assert (item["account_resolution"], item["provision_reused"], item["access_status"]) == ("reused", True, "active")
    assert "channel_patched" in event_types(detail)
    decided = next(e for e in detail["events"] if e["event_type"] == "reuse_decided")
    assert json.loads(decided["payload_json"])["families"] == "alias"
    added = set(after["credentials"]["model_mapping"]) - set(before["credentials"]["model_mapping"])
    assert added == {"Kimi 2.6"}
    assert after["group_ids"] == before["group_ids"]
    assert not any(e["path"] in ("/api/v1/admin/accounts", "/api/v1/admin/groups") for e in box.ledger()[writes:]
                   if e["method"] == "POST" and "lane" not in json.dumps(e["body"]))  # fmt: skip


def test_chain_5_probe_race_and_warm_up_retry_end_advisory_and_active(service: Service, box: Any) -> None:
    """The host's test meets a 503 of a relay that warms up, then a 403 that stays; the gateway's completion decides."""
    run_id, [item] = service.import_([{"base_url": box.relay("stream_forbidden"), "api_key": KEY}])

    detail = service.item(run_id)
    retries = [e for e in detail["events"] if e["event_type"] == "retry_scheduled"]
    assert (item["confirmation_status"], item["access_status"]) == ("advisory", "active")
    assert "503" in retries[0]["message"]
    assert "No available accounts" in retries[0]["message"]
    assert all("403" in e["message"] for e in retries[1:])
    assert {e["stage"] for e in retries} == {"confirm"}
    assert item["retry_count"] == len(retries) >= 2
    assert item["last_retry_at"] is not None
    assert service.run(run_id)["run"]["state"] == "completed_with_warnings"


def test_chain_6_everything_can_be_read_from_the_new_tables_alone(service: Service, box: Any) -> None:
    run_id, _ = service.import_(
        [{"base_url": box.relay("healthy"), "api_key": KEY}, {"base_url": box.relay("dead_key"), "api_key": KEY}]
    )
    service.aws.put_host("http://127.0.0.1:9", "admin-gone")
    box.close()

    assert service.run(run_id)["run"]["completed_items"] == 2
    assert [i["access_status"] for i in service.items(run_id)] == ["active", "broken"]
    detail = service.item(run_id)
    assert detail["capability_profile"]["transport_profile"]["supports_openai_chat_completions"] is True
    assert event_types(detail)[0] == "lease_acquired"
    assert event_types(detail)[-1] == "access_decided"
