"""What the sandbox's host does over time: delays, health, fail-over, keys and groups."""

import pytest
import requests

import sandbox
from sandbox.testkit import MODEL, Client, events, single

UNAVAILABLE = "Service temporarily unavailable"


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", {}).get("message", "")


def saying(text: str) -> list[dict[str, str]]:
    """A first message of its own: an old host would stick the session to whoever served the same one before."""
    return [{"role": "user", "content": text}]


# Delays between a write and its effect


def test_a_new_account_in_a_used_group_is_seen_after_the_delay(new: Client) -> None:
    group = new.group()
    first = new.account(new.box.relay("healthy", "one"), group)
    key = new.key(group)
    assert new.chat(key).status_code == 200
    new.data("POST", "/accounts/bulk-update", {"account_ids": [first], "group_ids": []})
    assert told(new.chat(key)) == (503, UNAVAILABLE)
    second = new.account(new.box.relay("healthy", "two"))
    new.data("POST", "/accounts/bulk-update", {"account_ids": [second], "group_ids": [group]})
    assert told(new.chat(key)) == (503, UNAVAILABLE)
    new.box.host.clock.advance(0.7)
    assert "healthy/two" in new.chat(key).text


def test_on_an_old_host_the_account_that_left_still_answers(old: Client) -> None:
    group = old.group()
    first, second = (old.account(old.box.relay("healthy", name)) for name in ("one", "two"))
    key = old.key(group)
    for account in (first, second):
        others = {first, second} - {account}
        old.data("POST", "/accounts/bulk-update", {"account_ids": list(others), "group_ids": []})
        old.data("POST", "/accounts/bulk-update", {"account_ids": [account], "group_ids": [group]})
        served = old.chat(key, messages=saying(f"{account}")).text
    assert "healthy/one" in served
    old.box.host.clock.advance(0.85)
    assert "healthy/two" in old.chat(key, messages=saying("later")).text


@pytest.mark.parametrize("bulk", [False, True])
def test_an_old_host_loses_the_second_single_write_but_no_bulk_update(old: Client, bulk: bool) -> None:
    group = old.group()
    old.account(old.box.relay("healthy", "first"), group, priority=1)
    old.box.host.scheduler.used.add(group)
    account = old.account(old.box.relay("healthy", "second"))
    if bulk:
        old.data("POST", "/accounts/bulk-update", {"account_ids": [account], "group_ids": [group]})
    else:
        old.data("PUT", f"/accounts/{account}", {"group_ids": [group]})
    old.box.host.clock.advance(5)
    seen = [row["id"] for row in old.box.host.scheduler.visible(group)]
    assert (account in seen) == bulk
    old.data("PUT", f"/accounts/{account}", {"group_ids": [group]})  # a repeated write heals
    old.box.host.clock.advance(1)
    assert account in [row["id"] for row in old.box.host.scheduler.visible(group)]


def test_a_mapping_by_bulk_update_is_503_first_and_then_there(new: Client) -> None:
    account, key = single(new, "healthy")
    mapping = {**new.box.host.accounts[account]["credentials"]["model_mapping"]}
    mapping["alias"] = mapping[MODEL]
    assert new.chat(key, "alias").status_code == 404
    patch = {"account_ids": [account], "credentials": {"model_mapping": mapping}}
    new.data("POST", "/accounts/bulk-update", patch)
    assert told(new.chat(key, "alias")) == (503, UNAVAILABLE)
    new.box.host.clock.advance(0.7)
    assert new.chat(key, "alias").status_code == 200


# Health


def test_a_401_disables_until_both_are_repaired(new: Client) -> None:
    account, key = single(new, "dead_key")
    assert told(new.chat(key)) == (502, "Upstream authentication failed, please contact administrator")
    row = new.data("GET", f"/accounts/{account}")
    assert (row["status"], row["schedulable"]) == ("error", False)
    new.data("POST", f"/accounts/{account}/recover-state")
    row = new.data("POST", "/accounts/bulk-update", {"account_ids": [account], "schedulable": True})
    new.box.host.clock.advance(1)
    assert new.chat(key).status_code == 502


def test_a_block_in_memory_outlives_status_and_schedulable(new: Client) -> None:
    account, key = single(new, "dead_key")
    new.chat(key)
    patch = {"account_ids": [account], "status": "active", "schedulable": True}
    new.data("POST", "/accounts/bulk-update", patch)
    new.box.host.clock.advance(100)
    assert new.chat(key).status_code == 503
    new.box.host.clock.advance(21)
    assert new.chat(key).status_code == 502


def test_the_third_403_is_an_error_and_only_recover_state_forgets(new: Client) -> None:
    account, key = single(new, "healthy", status=403)
    states = []
    for _ in range(3):
        new.chat(key)
        states.append(new.box.host.accounts[account]["status"])
        new.box.host.clock.advance(601)
    assert states == ["active", "active", "error"]
    assert "consecutive_403=3/3" in new.box.host.accounts[account]["error_message"]
    for call, status in (("clear-error", "error"), ("recover-state", "active")):
        new.data("POST", f"/accounts/{account}/{call}")
        new.data("POST", f"/accounts/{account}/schedulable", {"schedulable": True})
        new.box.host.clock.advance(1)
        new.chat(key)
        assert new.box.host.accounts[account]["status"] == status


def test_a_429_cools_down_for_five_seconds_and_tells_when(new: Client) -> None:
    _, key = single(new, "rate_limited")
    first = new.chat(key)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    assert told(new.chat(key)) == (503, UNAVAILABLE)
    new.box.host.clock.advance(5.1)
    assert new.chat(key).status_code == 200


def test_transient_failures_block_for_10_then_45_seconds(new: Client) -> None:
    account, key = single(new, "healthy", status=503)
    assert [new.chat(key).status_code for _ in range(3)] == [502, 502, 503]
    new.data("POST", f"/accounts/{account}/clear-error")
    assert new.chat(key).status_code == 503
    new.box.host.clock.advance(11)
    assert [new.chat(key).status_code for _ in range(2)] == [502, 503]
    new.box.host.clock.advance(44)
    assert new.chat(key).status_code == 503


def test_an_old_host_does_not_block(old: Client) -> None:
    _, key = single(old, "healthy", status=503)
    assert {old.chat(key).status_code for _ in range(4)} == {502}


def test_a_missing_model_cools_down_and_recover_state_ends_it(new: Client) -> None:
    account, key = single(new, "lying_list")
    assert [new.chat(key).status_code for _ in range(2)] == [502, 503]
    limits = new.data("GET", f"/accounts/{account}")["extra"]["model_rate_limits"]
    assert next(iter(limits.values()))["reason"] == "upstream_404_model_not_found"
    assert "model_rate_limits" not in new.data("POST", f"/accounts/{account}/recover-state")["extra"]
    assert new.chat(key).status_code == 502


def test_a_404_of_the_path_is_passed_on(new: Client) -> None:
    account, key = single(new, "responses_only")
    assert told(new.chat(key)) == (404, "Not Found (/v1/chat/completions)")
    assert new.data("GET", f"/accounts/{account}")["status"] == "active"


def test_a_good_test_repairs_the_status_but_not_schedulable(new: Client) -> None:
    account, _ = single(new, "healthy")
    new.box.host.accounts[account].update(status="error", schedulable=False, error_message="x")
    assert new.test(account)[-1]["type"] == "test_complete"
    row = new.data("GET", f"/accounts/{account}")
    assert (row["status"], row["schedulable"], row["error_message"]) == ("active", False, "")


@pytest.mark.parametrize("profile", ["dead_key", "down", "lying_list"])
def test_fail_over_on_a_new_host(new: Client, profile: str) -> None:
    group = new.group()
    new.account(new.box.relay(profile), group, priority=1)
    new.account(new.box.relay("healthy"), group, priority=2)
    new.box.host.clock.advance(1)
    assert new.chat(new.key(group)).status_code == 200


def test_a_responses_account_is_converted_back_and_forth(new: Client) -> None:
    _, key = single(new, "responses_only", "force_responses")
    answer = new.chat(key)
    assert answer.json()["model"] == MODEL
    assert answer.json()["choices"][0]["message"]["content"].startswith("Hello from relay")
    assert events(new.chat(key, stream=True).text)[-1]["usage"]["total_tokens"] == 16


def test_the_gateway_falls_back_to_chat_while_the_flag_is_unknown(new: Client) -> None:
    account, key = single(new, "chat_only", None)
    new.box.host.accounts[account]["extra"].pop("openai_responses_supported")
    assert new.chat(key).status_code == 200
    assert new.box.relay_calls()["/chat_only/a/v1/responses"] == 2


def test_a_channel_renames_and_restricts(new: Client) -> None:
    group = new.group()
    base = new.box.relay("healthy")
    real = new.model_of(base)
    body = new.account_body(base, group, mode="force_chat_completions")
    body["credentials"]["model_mapping"] = {"Alias": real, real: real}
    new.data("POST", "/accounts", body)
    mapping = {"openai": {"alias": real}}
    channel = new.data("POST", "/channels", {"name": "c", "group_ids": [group], "model_mapping": mapping})["id"]
    key = new.key(group)
    assert new.chat(key, "Alias").json()["model"] == real
    new.data("PUT", f"/channels/{channel}", {"restrict_models": True})
    assert new.chat(key, "Alias").status_code == 503
    priced = [{"platform": "openai", "models": [real]}]
    new.data("PUT", f"/channels/{channel}", {"model_pricing": priced})
    assert new.chat(key, "Alias").status_code == 200


# Keys, groups, modes


def test_custom_keys_have_rules(new: Client) -> None:
    token = f"Bearer {new.login()}"
    wanted = {
        "short": "API_KEY_TOO_SHORT",
        "bad characters !!!!": "API_KEY_INVALID_CHARS",
        "sk-twice-000000000001": None,
    }
    for text, reason in [*wanted.items(), ("sk-twice-000000000001", "API_KEY_EXISTS")]:
        answer = new.call("POST", "/api/v1/keys", {"name": "<k>", "custom_key": text}, Authorization=token)
        assert answer.json().get("reason") == reason
    assert new.data("GET", "/users/1/api-keys")["items"][0]["name"] == "&lt;k&gt;"


def test_rebinding_grants_an_exclusive_group(new: Client, old: Client) -> None:
    for client in (new, old):
        group = client.group(is_exclusive=True)
        client.account(client.box.relay("healthy"), group)
        key = client.key()
        answer = client.data("PUT", f"/api-keys/{client.box.host.key_ids[key]}", {"group_id": group})
        assert answer["auto_granted_group_access"] is True
        assert client.chat(key).status_code == 200


def test_a_group_opened_to_subscribers_serves_them_only(new: Client) -> None:
    group = new.group(is_exclusive=True)
    new.account(new.box.relay("healthy"), group)
    probe = new.key(group)
    new.data("PUT", f"/groups/{group}", {"subscription_type": "subscription", "is_exclusive": False})
    assert new.chat(probe).json()["code"] == "SUBSCRIPTION_NOT_FOUND"
    user = new.data("POST", "/users", {"email": "a@b.c", "password": "secret1"})["id"]
    given = new.data("POST", "/subscriptions/bulk-assign", {"user_ids": [user, 999], "group_id": group})
    assert given["statuses"] == {str(user): "created", "999": "failed"}
    assert new.chat(new.key(group, user, balance=0)).status_code == 200


def test_a_deleted_or_disabled_group_refuses_its_keys(new: Client) -> None:
    group = new.group()
    account = new.account(new.box.relay("healthy"), group)
    key = new.key(group)
    new.data("PUT", f"/groups/{group}", {"status": "inactive"})
    assert new.chat(key).json()["code"] == "GROUP_DISABLED"
    new.data("DELETE", f"/groups/{group}")
    assert new.chat(key).json()["code"] == "GROUP_DELETED"
    assert "group_ids" not in new.data("GET", f"/accounts/{account}")


def test_simple_mode_ignores_groups_and_balance() -> None:
    with sandbox.running(run_mode="simple") as box:
        client = Client(box)
        account = client.account(box.relay("healthy"))
        assert client.data("GET", f"/accounts/{account}")["groups"][0]["name"] == "openai-default"
        assert client.chat(client.key(balance=0)).status_code == 200
        me = client.call("GET", "/api/v1/auth/me", Authorization=f"Bearer {client.login()}")
        assert me.json()["data"]["run_mode"] == "simple"
        client.close()


def test_unknown_routes_are_plain_text(new: Client, old: Client) -> None:
    for client, path in ((new, "/nope"), (old, "/compliance")):
        answer = client.admin("GET", path)
        assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_thousands_of_accounts_stay_quick(new: Client) -> None:
    group = new.group()
    new.account(new.box.relay("healthy"), group)
    body = new.account_body("http://127.0.0.1:9/v1")
    body["type"] = "oauth"  # so that the host does not probe them
    new.data("POST", "/accounts/batch", {"accounts": [body] * 4000})
    key = new.key(group)
    assert new.chat(key).elapsed.total_seconds() < 0.5
    assert new.admin("GET", "/accounts?search=nothing").elapsed.total_seconds() < 0.5


@pytest.mark.parametrize("version", ["old", "new"])
def test_only_an_old_host_sticks_a_session_to_an_account_that_has_left(
    version: str, request: pytest.FixtureRequest
) -> None:
    """Seen on a real 0.1.130: model and first user message tell a session, membership of the group is not looked at."""
    client: Client = request.getfixturevalue(version)
    group = client.group()
    first, second = (client.account(client.box.relay("healthy", name)) for name in ("one", "two"))
    key = client.key(group)
    move(client, first, [group])
    client.chat(key, messages=saying("the same"))
    move(client, first, [])
    move(client, second, [group])
    again = client.chat(key, messages=saying("the same")).text
    assert ("healthy/one" in again) == (version == "old")
    assert "healthy/two" in client.chat(key, messages=saying("never said before")).text


def move(client: Client, account: int, groups: list[int]) -> None:
    client.data("POST", "/accounts/bulk-update", {"account_ids": [account], "group_ids": groups})
    client.box.host.clock.advance(2)


def test_twenty_refused_creations_lock_a_user_out_of_making_keys(new: Client) -> None:
    """Seen on both real versions: each creation of a key that exists counts, for a day."""
    token = new.login()
    body = {"name": "twice", "custom_key": "sk-made-twice-0000000001"}
    make = [new.call("POST", "/api/v1/keys", body, Authorization=f"Bearer {token}") for _ in range(22)]
    assert [answer.status_code for answer in make] == [200, *[409] * 20, 429]
    assert make[-1].json()["reason"] == "API_KEY_RATE_LIMITED"
