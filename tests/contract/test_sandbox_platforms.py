"""What the sandbox's host does with accounts of the platforms anthropic and gemini, on both versions."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

import sandbox
from sandbox.testkit import MODEL, Client, events, fresh_client, single

NONE = "No available accounts: no available accounts"
EXHAUSTED = "All available accounts exhausted"
UNENDED = "Upstream stream ended without a response"
RELAYS = {"anthropic": "messages_x_api_key", "gemini": "gemini_native"}
both_platforms = pytest.mark.parametrize("platform", RELAYS)


@pytest.fixture(params=["new", "old"])
def host(request: pytest.FixtureRequest) -> Client:
    """A client of each version."""
    client: Client = request.getfixturevalue(request.param)
    return client


def served(client: Client, platform: str, profile: str = "", **more: Any) -> tuple[int, str]:
    return single(client, profile or RELAYS[platform], platform=platform, **more)


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", {}).get("message", "")


def state(client: Client, account: int) -> tuple[str, bool]:
    row = client.data("GET", f"/accounts/{account}")
    return row["status"], row["schedulable"]


def patched(client: Client, account: int, **fields: Any) -> None:
    client.data("POST", "/accounts/bulk-update", {"account_ids": [account], **fields})


# What serves what


@pytest.mark.parametrize(
    ("profile", "new_status", "old_status"),
    [
        ("messages_only", 200, 200),
        ("messages_x_api_key", 200, 200),
        ("messages_bearer", 401, 401),
        ("messages_compact", 200, 502),
        ("messages_data_only", 502, 502),
        ("messages_no_stream", 502, 502),
        ("messages_error_event", 502, 502),
        ("messages_no_list", 200, 200),
        ("messages_anthropic_list", 200, 200),
        ("messages_claude_code", 403, 403),
        ("messages_no_money", 400, 400),
        ("html_200", 502, 502),
        ("healthy", 200, 200),
        ("chat_only", 404, 404),
    ],
)
def test_chat_of_an_anthropic_group(new: Client, old: Client, profile: str, new_status: int, old_status: int) -> None:
    found = [client.chat(served(client, "anthropic", profile)[1]).status_code for client in (new, old)]
    assert found == [new_status, old_status]


@pytest.mark.parametrize(
    ("profile", "status"), [("gemini_native", 200), ("gemini_query_key", 400), ("gemini_bearer", 400)]
)
def test_chat_of_a_gemini_group(host: Client, profile: str, status: int) -> None:
    assert host.chat(served(host, "gemini", profile)[1]).status_code == status


def test_a_gemini_models_name_with_a_slash_is_sent_by_old_hosts_only(new: Client, old: Client) -> None:
    found = []
    for client in (new, old):
        account, key = served(client, "gemini")
        client.box.host.accounts[account]["credentials"]["model_mapping"] = {MODEL: "google/gemini"}
        found.append(client.chat(key).status_code)
    assert found == [502, 404]


def test_a_good_answer_has_the_clients_name_and_on_old_hosts_the_streams_label(new: Client, old: Client) -> None:
    kinds = []
    for client in (new, old):
        answer = client.chat(served(client, "anthropic")[1])
        assert (answer.json()["model"], answer.json()["id"]) == (MODEL, "msg_1")
        assert answer.json()["choices"][0]["message"]["content"] == "Hello from relay messages_x_api_key/a"
        kinds.append(answer.headers["Content-Type"].partition(";")[0])
    assert kinds == ["application/json", "text/event-stream"]


def test_a_bearer_relay_is_served_with_the_exact_scheme_by_newer_hosts(new: Client, old: Client) -> None:
    found = []
    for client in (new, old):
        account, key = served(client, "anthropic", "messages_bearer")
        for scheme in ("bearer", "authorization_bearer"):
            patched(client, account, extra={"anthropic_apikey_auth_scheme": scheme}, status="active", schedulable=True)
            client.box.host.clock.advance(1)
            found.append(client.chat(key).status_code)
    assert found == [401, 200, 401, 401]


@pytest.mark.parametrize(
    ("platform", "profile"), [("anthropic", "messages_api_key_header"), ("openai", "chat_api_key_header")]
)
def test_a_header_override_reaches_the_relay_from_newer_hosts(
    new: Client, old: Client, platform: str, profile: str
) -> None:
    found = []
    for client in (new, old):
        account, key = served(client, platform, profile)
        patched(
            client,
            account,
            credentials={"header_override_enabled": True, "header_overrides": {"api-key": "sk-test-0001"}},
        )
        shown = client.data("GET", f"/accounts/{account}")["credentials"]
        assert shown["header_overrides"] == {"api-key": "sk-test-0001"}
        found.append((client.chat(key).status_code, client.test(account)[-1]["type"]))
    assert found[0] == (200, "test_complete")
    assert found[1][0] in (401, 502)


def test_an_overridden_user_agent_is_the_only_one(new: Client) -> None:
    account, key = served(new, "anthropic", "messages_claude_code")
    override = {"header_override_enabled": True, "header_overrides": {"user-agent": "claude-cli/2.1.220"}}
    patched(new, account, credentials=override)
    assert new.chat(key).status_code == 200


def test_headers_that_carry_keys_cannot_be_overridden_on_newer_hosts(new: Client, old: Client) -> None:
    codes = []
    for client in (new, old):
        body = client.account_body(client.box.relay("messages_bearer"), platform="anthropic")
        body["credentials"] |= {"header_override_enabled": True, "header_overrides": {"X-Api-Key": "sk-test-0001"}}
        codes.append(client.admin("POST", "/accounts", body).json().get("reason"))
        account, _ = served(client, "anthropic")
        credentials = {"credentials": {"header_overrides": {"authorization": "x"}}}
        codes.append(client.admin("PUT", f"/accounts/{account}", credentials).json().get("reason"))
    assert codes == ["INVALID_HEADER_OVERRIDE", "INVALID_HEADER_OVERRIDE", None, None]


@both_platforms
def test_a_base_url_with_a_version_is_doubled(host: Client, platform: str) -> None:
    account, key = served(host, platform)
    host.box.host.accounts[account]["credentials"]["base_url"] += "/v1"
    assert host.chat(key).status_code == 404
    assert "API returned 404" in host.test(account)[-1]["error"]


@both_platforms
def test_an_account_without_base_url_reaches_nobody(host: Client, platform: str) -> None:
    account, key = served(host, platform)
    del host.box.host.accounts[account]["credentials"]["base_url"]
    assert host.chat(key).status_code == 502
    assert host.test(account)[-1]["error"] == "Invalid base URL: url is required"


def test_a_stream_over_a_broken_relay_is_empty_and_ends_well(host: Client) -> None:
    for profile in ("messages_no_stream", "messages_data_only", "html_200"):
        _, key = served(host, "anthropic", profile)
        assert told(host.chat(key)) == (502, UNENDED)
        answer = host.chat(key, stream=True)
        assert answer.status_code == 200
        assert answer.text.endswith("data: [DONE]\n\n")
        assert [event["choices"][0]["delta"] for event in events(answer.text)] == [{"content": ""}]


def test_tool_arguments_are_doubled_unless_streamed(host: Client) -> None:
    tool = {"type": "function", "function": {"name": "ping", "parameters": {"type": "object"}}}
    _, key = served(host, "anthropic")
    whole = host.chat(key, tools=[tool], tool_choice="required").json()["choices"][0]["message"]
    assert whole["tool_calls"][0]["function"]["arguments"] == "{}{}"
    stream = events(host.chat(key, tools=[tool], tool_choice="required", stream=True).text)
    calls = [event["choices"][0]["delta"].get("tool_calls") for event in stream]
    assert [call[0]["function"]["arguments"] for call in calls if call] == ["{}"]
    assert stream[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_usage_is_told_at_the_end_of_a_stream_that_asks_for_it(host: Client) -> None:
    _, key = served(host, "anthropic")
    answer = host.chat(key, stream=True, stream_options={"include_usage": True})
    assert events(answer.text)[-1]["usage"]["total_tokens"] == 16


def test_native_messages_are_served_whole_and_streamed_also_without_streaming_relays(host: Client) -> None:
    for profile in ("messages_x_api_key", "messages_no_stream"):
        _, key = served(host, "anthropic", profile)
        body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
        whole = host.call("POST", "/v1/messages", body, Authorization=f"Bearer {key}")
        assert whole.json()["content"][0]["text"].startswith("Hello")
    _, key = served(host, "anthropic")
    streamed = host.call("POST", "/v1/messages", {**body, "stream": True}, Authorization=f"Bearer {key}")
    assert events(streamed.text)[-1]["type"] == "message_stop"


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ({"status": 400}, (400, ("active", True))),
        ({"status": 402}, (502, ("error", False))),
        ({"status": 404}, (502, ("active", True))),
        ({"status": 429}, (429, ("active", True))),
        ({"status": 529}, (503, ("active", True))),
        ({"status": "html"}, (502, ("active", True))),
    ],
)
def test_native_messages_tell_errors_as_openai_groups_do(host: Client, modifiers: Any, expected: Any) -> None:
    account, key = served(host, "anthropic", **modifiers)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
    answer = host.call("POST", "/v1/messages", body, Authorization=f"Bearer {key}")
    assert answer.json()["type"] == "error"
    assert (answer.status_code, state(host, account)) == expected


def test_responses_are_converted_for_anthropic_and_miss_gemini(host: Client) -> None:
    found = {}
    for platform in RELAYS:
        _, key = served(host, platform)
        answer = host.call("POST", "/v1/responses", {"model": MODEL, "input": "hi"}, Authorization=f"Bearer {key}")
        found[platform] = answer.status_code
    assert found == {"anthropic": 200, "gemini": 404}


# Platforms of groups, prices and accounts


@both_platforms
def test_a_wrong_platform_is_bound_and_never_served(host: Client, platform: str) -> None:
    other = next(name for name in ("openai", *RELAYS) if name != platform)
    group = host.group(platform=other)
    account = host.account(host.box.relay(RELAYS[platform]), group, platform=platform)
    assert host.data("GET", f"/accounts/{account}")["group_ids"] == [group]
    assert host.chat(host.key(group)).status_code == 503


def test_an_accounts_platform_stays_and_a_groups_changes(host: Client) -> None:
    account, key = served(host, "anthropic")
    assert host.data("PUT", f"/accounts/{account}", {"platform": "openai"})["platform"] == "anthropic"
    group = host.data("GET", f"/accounts/{account}")["group_ids"][0]
    host.data("PUT", f"/groups/{group}", {"platform": "gemini"})
    assert told(host.chat(key)) == (503, NONE)


@both_platforms
def test_prices_count_under_the_groups_platform_only(host: Client, platform: str) -> None:
    account, key = served(host, platform)
    group = host.data("GET", f"/accounts/{account}")["group_ids"][0]
    channel: dict[str, Any] = {"name": f"c-{group}", "group_ids": [group], "restrict_models": True}
    channel["model_pricing"] = [{"platform": "openai", "models": [MODEL]}]
    number = host.data("POST", "/channels", channel)["id"]
    text = f"{NONE} supporting model: {MODEL} (channel pricing restriction)"
    assert told(host.chat(key)) == (503, text)
    host.data("PUT", f"/channels/{number}", {"model_pricing": [{"platform": platform, "models": [MODEL]}]})
    assert host.chat(key).status_code == 200


def test_a_model_in_no_mapping(new: Client, old: Client) -> None:
    found = [told(client.chat(served(client, "anthropic")[1], "no-such-model")) for client in (new, old)]
    text = 'Model "no-such-model" is not supported by any configured account in this group'
    assert found == [(404, text), (503, NONE)]


def test_the_gateway_lists_the_models_of_its_platform(host: Client) -> None:
    account, key = served(host, "anthropic")
    group = host.data("GET", f"/accounts/{account}")["group_ids"][0]
    host.account(host.box.relay("healthy"), group, real="another")
    listed = host.call("GET", "/v1/models", Authorization=f"Bearer {key}").json()["data"]
    assert [row["id"] for row in listed] == [MODEL]


def test_the_responses_mode_in_a_mixed_bulk_update(new: Client, old: Client) -> None:
    found = []
    for client in (new, old):
        one, _ = single(client, "healthy", "force_responses")
        other, _ = served(client, "anthropic")
        body = {"account_ids": [one, other], "extra": {"openai_responses_mode": "force_chat_completions"}}
        answer = client.admin("POST", "/accounts/bulk-update", body)
        found.append((answer.status_code, answer.json().get("reason")))
        mode = client.box.host.accounts[one]["extra"]["openai_responses_mode"]
        found.append((mode, "stored"))
    assert found == [
        (400, "OPENAI_BULK_TARGET_INVALID"),
        ("force_responses", "stored"),
        (200, None),
        ("force_chat_completions", "stored"),
    ]


def test_the_hosts_own_reading_of_a_list(new: Client) -> None:
    for platform, profile in RELAYS.items():
        account, _ = served(new, platform)
        found = new.data("POST", f"/accounts/{account}/models/sync-upstream")["models"]
        assert set(found) == set(new.box.relays.relay(profile, "a").listed)  # type: ignore[union-attr]
    body = {"platform": "anthropic", "type": "apikey", "api_key": "sk-test-1", "base_url": ""}
    body["base_url"] = new.box.relay("messages_bearer")
    answer = new.admin("POST", "/accounts/models/sync-upstream-preview", body)
    assert (answer.status_code, "HTTP 401" in answer.text) == (502, True)


# Upstream errors


@both_platforms
@pytest.mark.parametrize("status", [401, 403, "html403", 429, 500, 503, 529])
def test_the_relays_own_status_reaches_the_client(host: Client, platform: str, status: int | str) -> None:
    account, key = served(host, platform, status=status)
    number = int(str(status).removeprefix("html"))
    assert told(host.chat(key)) == (number, EXHAUSTED)
    broken = number in (401, 403)
    assert state(host, account) == (("error", False) if broken else ("active", True))
    assert host.box.host.health.blocked == {}


@both_platforms
def test_fail_over_reaches_a_second_account(host: Client, platform: str) -> None:
    for status in (401, 403, 429, 500, 503, 529):
        group = host.group(platform=platform)
        host.account(host.box.relay(RELAYS[platform], status=status), group, priority=1, platform=platform)
        host.account(host.box.relay(RELAYS[platform], "b"), group, priority=2, platform=platform)
        host.box.host.clock.advance(1)
        assert host.chat(host.key(group)).status_code == 200


@both_platforms
def test_a_refused_connection_changes_nothing_and_tries_nobody_else(host: Client, platform: str) -> None:
    group = host.group(platform=platform)
    first = host.account(host.box.relay("down"), group, priority=1, platform=platform, real="m")
    host.account(host.box.relay(RELAYS[platform]), group, priority=2, platform=platform)
    host.box.host.clock.advance(1)
    status, text = told(host.chat(host.key(group)))
    assert (status, text.startswith("Upstream request failed")) == (502, True)
    assert ("http://" in text) == (platform == "gemini")
    assert state(host, first) == ("active", True)


def test_a_429_pauses_for_five_seconds_on_newer_hosts_only(new: Client, old: Client) -> None:
    found = []
    for client in (new, old):
        _, key = served(client, "anthropic", status=429)
        found.append([client.chat(key).status_code for _ in range(2)])
        client.box.host.clock.advance(5.1)
        assert client.chat(key).status_code == 429
    assert found == [[429, 503], [429, 429]]


def test_a_gemini_429_pauses_until_the_quotas_day_ends(host: Client) -> None:
    account, key = served(host, "gemini", status=429)
    assert host.chat(key).status_code == 429
    patched(host, account, status="active", schedulable=True)
    host.box.host.clock.advance(10)
    assert told(host.chat(key)) == (503, NONE)
    host.data("POST", f"/accounts/{account}/recover-state")
    host.box.host.clock.advance(1)
    assert host.chat(key).status_code == 429


@both_platforms
def test_an_overloaded_relay_pauses_for_ten_minutes(host: Client, platform: str) -> None:
    _, key = served(host, platform, status=529)
    assert [host.chat(key).status_code for _ in range(2)] == [529, 503]
    host.box.host.clock.advance(601)
    assert host.chat(key).status_code == 529


@pytest.mark.parametrize(
    ("platform", "status", "calls"), [("anthropic", 500, 3), ("anthropic", 503, 11), ("gemini", 503, 20)]
)
def test_the_relay_is_asked_again_and_again(host: Client, platform: str, status: int, calls: int) -> None:
    host.box.relays.reset()
    _, key = served(host, platform, status=status)
    host.chat(key)
    assert sum(host.box.relay_calls().values()) == calls


def test_retries_take_their_time_when_told_to() -> None:
    with sandbox.running(retry_pace=0.02) as box:
        client = Client(box)
        _, key = served(client, "anthropic", status=503)
        assert client.chat(key).elapsed.total_seconds() > 0.3
        client.close()


def test_other_errors_are_passed_on(host: Client) -> None:
    for platform, status, expected in (
        ("anthropic", 400, (400, "invalid request")),
        ("anthropic", 402, (402, "Internal server error")),
        ("anthropic", 404, (404, "not found")),
        ("gemini", 402, (502, "relay failure 402")),
        ("gemini", 404, (404, "Resource not found")),
    ):
        account, key = served(host, platform, status=status)
        assert told(host.chat(key)) == expected
        assert state(host, account) == ("active", True)


# Account tests and recovery


@pytest.mark.parametrize(
    ("profile", "modifiers"),
    [
        ("messages_x_api_key", {}),
        ("messages_x_api_key", {"status": "html"}),
        ("messages_no_stream", {}),
        ("messages_data_only", {}),
        ("messages_compact", {}),
        ("messages_claude_code", {}),
    ],
)
def test_the_test_of_an_anthropic_account_passes_for_nearly_everything(
    host: Client, profile: str, modifiers: dict[str, str]
) -> None:
    account, _ = served(host, "anthropic", profile, **modifiers)
    told = [event["type"] for event in host.test(account)]
    assert (told[0], told[-1]) == ("test_start", "test_complete")
    assert set(told[1:-1]) <= {"content"}


def test_a_403_in_the_test_switches_an_anthropic_account_off_and_a_401_does_not(host: Client) -> None:
    found = {}
    for platform in RELAYS:
        for status in (401, 403):
            account, _ = served(host, platform, status=status)
            assert host.test(account)[-1]["error"].startswith(f"API returned {status}: ")
            found[platform, status] = state(host, account)
    off = {key for key, value in found.items() if value == ("error", False)}
    assert off == {("anthropic", 403)}


def test_an_error_in_the_stream_fails_the_test(host: Client) -> None:
    account, _ = served(host, "anthropic", "messages_error_event")
    assert host.test(account)[-1] == {"type": "error", "error": "Overloaded"}


def test_wildcards_are_mapped_in_an_anthropic_test_and_not_in_a_gemini_one(host: Client) -> None:
    sent = {}
    for platform, profile in RELAYS.items():
        account, _ = served(host, platform)
        real = host.box.relays.relay(profile, "a").listed[0]  # type: ignore[union-attr]
        host.box.host.accounts[account]["credentials"]["model_mapping"] = {"x-*": real}
        sent[platform] = host.test(account, "x-1")[0]["model"] == real
    assert sent == {"anthropic": True, "gemini": False}


def test_the_test_without_a_model_asks_the_platforms_default(host: Client) -> None:
    for platform, model in (("anthropic", "claude-sonnet-4-5-20250929"), ("gemini", "gemini-2.0-flash")):
        account, _ = served(host, platform)
        answer = host.admin("POST", f"/accounts/{account}/test", {})
        assert events(answer.text)[0] == {"type": "test_start", "model": model}


@pytest.mark.parametrize("repair", ["recover-state", "clear-error", "test", ""])
def test_recovery(host: Client, repair: str) -> None:
    account, key = served(host, "anthropic")
    host.box.host.health.disable(host.box.host.accounts[account], "x")
    assert told(host.chat(key)) == (503, NONE)
    if repair == "test":
        host.test(account)
    elif repair:
        host.data("POST", f"/accounts/{account}/{repair}")
    assert state(host, account) == ("active" if repair else "error", False)
    patched(host, account, status="active", schedulable=True)
    host.box.host.clock.advance(1)
    assert host.chat(key).status_code == 200
    assert host.data("GET", f"/accounts/{account}")["error_message"] == ("" if repair else "x")


# Delays


@both_platforms
@pytest.mark.parametrize("leave", [{"group_ids": []}, {"status": "inactive"}, {"status": "inactive", "group_ids": []}])
def test_an_account_that_leaves_still_answers_for_a_moment(host: Client, platform: str, leave: dict[str, Any]) -> None:
    account, key = served(host, platform)
    patched(host, account, **leave)
    assert host.chat(key).status_code == 200
    host.box.host.clock.advance(0.95)
    assert told(host.chat(key)) == (503, NONE)


@both_platforms
def test_what_switches_off_at_once(host: Client, platform: str) -> None:
    for step in ("bulk", "schedulable", "put", "delete"):
        account, key = served(host, platform)
        path = f"/accounts/{account}"
        if step == "bulk":
            patched(host, account, schedulable=False)
        elif step == "schedulable":
            host.data("POST", f"{path}/schedulable", {"schedulable": False})
        else:
            host.data(*(("PUT", path, {"status": "inactive"}) if step == "put" else ("DELETE", path)))
        assert host.chat(key).status_code == 503


@both_platforms
def test_joining_waits_beside_a_live_account_only(host: Client, platform: str) -> None:
    group = host.group(platform=platform)
    key = host.key(group)
    first = host.account(host.box.relay(RELAYS[platform], "one"), group, platform=platform)
    assert "/one" in host.chat(key).text
    host.account(host.box.relay(RELAYS[platform], "two"), group, platform=platform, priority=1)
    assert "/one" in host.chat(key).text
    host.box.host.clock.advance(0.93)
    assert "/two" in host.chat(key).text
    assert first


def test_a_swap_answers_from_the_former_account_first_and_is_never_empty(host: Client) -> None:
    group = host.group(platform="anthropic")
    key = host.key(group)
    former = host.account(host.box.relay(RELAYS["anthropic"], "one"), group, platform="anthropic")
    later = host.account(host.box.relay(RELAYS["anthropic"], "two"), platform="anthropic")
    patched(host, former, group_ids=[])
    patched(host, later, group_ids=[group])
    seen = []
    for _ in range(12):
        seen.append("/two" in host.chat(key).text)
        host.box.host.clock.advance(0.1)
    assert (seen[0], seen[-1], seen) == (False, True, sorted(seen))


def test_an_account_that_moves_back_is_served_throughout(host: Client) -> None:
    account, key = served(host, "anthropic")
    group = host.data("GET", f"/accounts/{account}")["group_ids"][0]
    patched(host, account, group_ids=[])
    patched(host, account, group_ids=[group])
    assert host.chat(key).status_code == 200
    host.box.host.clock.advance(2)
    assert host.chat(key).status_code == 200


def test_delays_are_options() -> None:
    with sandbox.running(platform_leave_delay=(0, 0), platform_join_delay=(0, 0)) as box:
        for client in clients(box):
            account, key = served(client, "anthropic")
            patched(client, account, group_ids=[])
            assert client.chat(key).status_code == 503


def clients(box: sandbox.Box) -> Iterator[Client]:
    yield from fresh_client(box)
