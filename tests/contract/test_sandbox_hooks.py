"""The sandbox's hooks, and what its host does on writes: idempotency, merging, its own probe."""

import json

import pytest
import requests

from sandbox.testkit import Client, single, wait_for

# Hooks


def test_drop_after_has_its_effect(new: Client) -> None:
    new.box.host.fail_next("POST", "/accounts$", "drop_after")
    with pytest.raises(requests.ConnectionError):
        new.admin("POST", "/accounts", new.account_body(new.box.relay("healthy")))
    assert len(new.box.host.accounts) == 1
    assert [(entry["status"], entry["applied"]) for entry in new.box.ledger()] == [(0, True)]


def test_drop_before_has_none(new: Client) -> None:
    new.box.host.fail_next("POST", "/accounts$", "drop_before")
    with pytest.raises(requests.ConnectionError):
        new.admin("POST", "/accounts", new.account_body(new.box.relay("healthy")))
    assert not new.box.host.accounts


@pytest.mark.parametrize(("status", "rows"), [(503, 0), ("503_after", 1)])
def test_a_status_without_and_after_the_effect(new: Client, status: int | str, rows: int) -> None:
    body = {"method": "POST", "path": "/accounts$", "status": status}
    assert new.call("POST", "/_sandbox/fail", body).json() == {"armed": 1}
    assert new.admin("POST", "/accounts", new.account_body(new.box.relay("healthy"))).status_code == 503
    assert len(new.box.host.accounts) == rows
    assert new.admin("GET", "/accounts").status_code == 200


def test_timeout_never_answers(new: Client) -> None:
    new.box.host.fail_next("GET", "/groups", "timeout")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{new.box.host_url}/api/v1/admin/groups", timeout=0.1)


def test_timeout_after_has_its_effect_and_stands_in_the_ledger(new: Client) -> None:
    new.box.host.fail_next("POST", "/groups", "timeout_after")
    headers = {"x-api-key": new.box.admin_key}
    body = {"name": "late", "platform": "openai", "rate_multiplier": 1}
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{new.box.host_url}/api/v1/admin/groups", json=body, headers=headers, timeout=0.1)
    assert new.box.host.group_named("late")
    assert [(entry["status"], entry["applied"]) for entry in new.box.ledger()] == [(0, True)]


def test_an_unknown_failure_is_refused(new: Client) -> None:
    assert new.call("POST", "/_sandbox/fail", {"path": "x", "status": "explode"}).status_code == 400


def test_the_ledger_has_writes_without_secrets(new: Client) -> None:
    new.account(new.box.relay("healthy"), api_key="sk-very-secret-0001")
    new.admin("GET", "/accounts")
    entries = new.call("GET", "/_sandbox/ledger?since=0").json()
    assert [entry["path"] for entry in entries] == ["/api/v1/admin/accounts"]
    assert entries[0]["body"]["credentials"]["api_key"] == "REDACTED"
    assert "very-secret" not in json.dumps(entries)
    assert new.call("GET", f"/_sandbox/ledger?since={entries[-1]['n']}").json() == []


def test_seed_makes_a_customer_that_can_be_served(new: Client) -> None:
    seed = {"email": "c@example.com", "password": "Customer-1", "custom_key": "sk-probe-key-000001", "balance": 5}
    made = new.call("POST", "/_sandbox/seed", seed).json()
    assert new.call("POST", "/_sandbox/seed", seed).json() == made
    group = new.group()
    new.account(new.box.relay("healthy"), group)
    new.data("PUT", f"/api-keys/{made['api_key_id']}", {"group_id": group})
    assert new.chat("sk-probe-key-000001").status_code == 200
    found = new.data("GET", "/users?search=sk-probe-key")["items"]
    assert [row["id"] for row in found] == [made["user_id"]]


# Idempotency


def test_a_replay_answers_even_when_the_account_is_deleted(new: Client) -> None:
    body = new.account_body(new.box.relay("healthy"))
    first = new.admin("POST", "/accounts", body, Idempotency_Key="k").json()["data"]["id"]
    new.admin("DELETE", f"/accounts/{first}")
    again = new.admin("POST", "/accounts", body, Idempotency_Key="k")
    assert again.headers["X-Idempotency-Replayed"] == "true"
    assert again.json()["data"]["id"] == first
    assert new.admin("GET", f"/accounts/{first}").status_code == 404
    assert new.admin("DELETE", f"/accounts/{first}").status_code == 200


def test_a_failed_create_runs_again_after_the_back_off(new: Client) -> None:
    body = new.account_body(new.box.relay("healthy"), 999)
    reasons = []
    for _ in range(3):
        answer = new.admin("POST", "/accounts", body, Idempotency_Key="k")
        reasons.append(answer.json().get("reason", answer.status_code))
        new.box.host.clock.advance(3)
    assert reasons == [500, "IDEMPOTENCY_RETRY_BACKOFF", 500]
    assert len(new.box.host.accounts) == 2


def test_admin_key_and_token_are_one_identity(new: Client) -> None:
    body = new.account_body(new.box.relay("healthy"))
    new.admin("POST", "/accounts", body, Idempotency_Key="k")
    headers = {"Authorization": f"Bearer {new.login()}", "Idempotency_Key": "k"}
    assert new.call("POST", "/api/v1/admin/accounts", body, **headers).headers["X-Idempotency-Replayed"]


def test_a_doubled_group_leaves_an_unbound_row(new: Client) -> None:
    group = new.group()
    assert new.admin("POST", "/accounts", new.account_body(new.box.relay("healthy"), group, group)).status_code == 500
    [row] = new.data("GET", "/accounts?group=ungrouped")["items"]
    assert (row["status"], row["schedulable"]) == ("active", True)


# Changing accounts


def test_put_replaces_and_bulk_update_merges(new: Client) -> None:
    account, _ = single(new, "healthy")
    extra = {"import_state": "x", "nested": {"a": 1}}
    new.data("POST", "/accounts/bulk-update", {"account_ids": [account], "extra": extra})
    row = new.data("GET", f"/accounts/{account}")
    assert row["extra"].items() >= {"openai_responses_mode": "force_chat_completions", **extra}.items()
    row = new.data("PUT", f"/accounts/{account}", {"credentials": {"base_url": new.box.relay("healthy")}})
    assert row["credentials_status"] == {"has_api_key": True}
    assert "model_mapping" not in row["credentials"]
    row = new.data("PUT", f"/accounts/{account}", {"extra": {"only": 1}})
    assert row["extra"]["only"] == 1
    assert "import_state" not in row["extra"]


def test_an_unknown_group_is_refused_before_anything_is_written(new: Client) -> None:
    account, _ = single(new, "healthy")
    for method, path in (("PUT", f"/accounts/{account}"), ("POST", "/accounts/bulk-update")):
        answer = new.admin(method, path, {"account_ids": [account], "priority": 1, "group_ids": [999]})
        assert (answer.status_code, answer.json()["reason"]) == (404, "GROUP_NOT_FOUND")
    assert new.data("GET", f"/accounts/{account}")["priority"] == 50


def test_a_bad_mode_is_checked_by_new_bulk_updates_only(new: Client, old: Client) -> None:
    bad = {"extra": {"openai_responses_mode": "nonsense"}}
    for client, status in ((new, 400), (old, 200)):
        account, _ = single(client, "healthy")
        patch = {"account_ids": [account], **bad}
        assert client.admin("POST", "/accounts/bulk-update", patch).status_code == status
        assert client.admin("PUT", f"/accounts/{account}", bad).status_code == 200


def test_status_filters(new: Client) -> None:
    single(new, "healthy")
    off, _ = single(new, "healthy")
    new.data("POST", f"/accounts/{off}/schedulable", {"schedulable": False})
    counts = {s: new.data("GET", f"/accounts?status={s}")["total"] for s in ("active", "unschedulable", "error")}
    assert counts == {"active": 1, "unschedulable": 1, "error": 0}
    assert new.admin("GET", "/accounts?group=x").json()["reason"] == "INVALID_GROUP_FILTER"


def test_an_openai_default_group_takes_accounts_without_groups(new: Client) -> None:
    group = new.group(name="openai-default")
    account = new.account(new.box.relay("healthy"))
    assert new.data("GET", f"/accounts/{account}")["group_ids"] == [group]


# The host's own probe


@pytest.mark.parametrize(
    ("profile", "modern", "former"),
    [
        ("healthy", True, False),  # an older host asks for a model that the relay does not have
        ("chat_only", False, False),
        ("late_forbidden", True, True),
        ("dead_key", True, True),
        ("html_200", False, True),
        ("down", None, None),
    ],
)
def test_probe_verdicts(new: Client, old: Client, profile: str, modern: bool | None, former: bool | None) -> None:
    for client, verdict in ((new, modern), (old, former)):
        account, _ = single(client, profile, None)
        assert client.data("GET", f"/accounts/{account}")["extra"].get("openai_responses_supported") is verdict


def test_the_probe_races_with_the_first_test(new: Client) -> None:
    body = new.account_body(new.box.relay("chat_only", latency=0.1))
    account = new.data("POST", "/accounts", body)["id"]
    assert new.test(account)[-1]["error"].startswith("API returned 404: ")
    wait_for(lambda: not new.box.host.tasks)
    assert new.test(account)[-1] == {"type": "test_complete", "success": True}


def test_a_forced_mode_wins_over_the_probe(new: Client) -> None:
    account, key = single(new, "late_forbidden")
    assert new.data("GET", f"/accounts/{account}")["extra"]["openai_responses_supported"] is True
    assert new.test(account)[-1] == {"type": "test_complete", "success": True}
    assert new.chat(key).status_code == 200


def test_flaky_passes_the_third_account_test(new: Client) -> None:
    account, _ = single(new, "flaky")
    ends = [new.test(account)[-1] for _ in range(3)]
    assert ["No available accounts" in end.get("error", "") for end in ends] == [True, True, False]


# Names


def test_a_name_is_free_again_once_its_row_has_another_or_is_gone(new: Client) -> None:
    for rows, fields in (("/groups", {"platform": "openai", "rate_multiplier": 1}), ("/channels", {"group_ids": []})):
        first = new.data("POST", rows, {"name": "one", **fields})
        taken = new.admin("POST", rows, {"name": "one", **fields})
        assert (taken.status_code, taken.json()["reason"]) == (409, f"{rows[1:-1].upper()}_EXISTS")
        new.data("PUT", f"{rows}/{first['id']}", {"name": "another"})
        second = new.data("POST", rows, {"name": "one", **fields})
        assert new.admin("PUT", f"{rows}/{second['id']}", {"name": "another"}).status_code == 409
        new.data("DELETE", f"{rows}/{first['id']}")
        new.data("PUT", f"{rows}/{second['id']}", {"name": "another"})


def test_an_account_is_found_by_any_part_of_the_name_that_it_has_now(new: Client) -> None:
    number = new.account(new.box.relay("healthy"), name="Relay-One")

    def found(text: str) -> list[int]:
        return [row["id"] for row in new.data("GET", f"/accounts?search={text}")["items"]]

    assert found("relay") == found("ay-O") == [number]
    new.data("POST", "/accounts/bulk-update", {"account_ids": [number], "name": "Other"})
    assert (found("relay"), found("OTHER")) == ([], [number])
    new.data("DELETE", f"/accounts/{number}")
    assert found("other") == []
