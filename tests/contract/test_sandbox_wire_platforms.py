"""Accounts and groups of the platforms anthropic and gemini, against captured exchanges of both versions."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.testkit import MODEL
from sandbox.wirekit import Cases, World, both_worlds, compare

CASES = Cases()
case = CASES.case
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    with both_worlds() as found:
        yield found


def claude(w: World, profile: str = "messages_x_api_key", **more: Any) -> tuple[int, str]:
    return w.served(profile, platform="anthropic", **more)


def google(w: World, profile: str = "gemini_native", **more: Any) -> tuple[int, str]:
    return w.served(profile, platform="gemini", **more)


def asked(serve: Callable[..., tuple[int, str]], profile: str, **more: Any) -> Callable[[World], requests.Response]:
    """One chat of a key whose group has one account, at a relay of this profile."""

    def arrange(w: World) -> requests.Response:
        body = {name: more[name] for name in ("model", "stream", "tools", "tool_choice") if name in more}
        return w.chat(serve(w, profile, **{name: more[name] for name in more.keys() - body.keys()})[1], **body)

    return arrange


# The gateway of an anthropic group

CASES |= {
    "179-anthropic-gateway-200": asked(claude, "messages_x_api_key"),
    "130-anthropic-gateway-200": asked(claude, "messages_x_api_key"),
    "179-anthropic-gateway-200-stream": asked(claude, "messages_x_api_key", stream=True),
    "179-anthropic-gateway-200-no-content": asked(claude, "messages_no_text"),
    "179-anthropic-gateway-200-tool-call-bad-arguments": asked(
        claude, "messages_x_api_key", tools=[WEATHER], tool_choice="required"
    ),
    "179-anthropic-gateway-404-model-not-found": asked(claude, "messages_x_api_key", model="unknown-model"),
    "130-anthropic-gateway-503-unknown-model": asked(claude, "messages_x_api_key", model="unknown-model"),
    "179-anthropic-gateway-503-empty-group": lambda w: w.chat(w.key(w.group(platform="anthropic"))),
    "179-anthropic-gateway-upstream-a401-try1": asked(claude, "messages_x_api_key", status=401),
    "130-anthropic-gateway-upstream-a401-try1": asked(claude, "messages_x_api_key", status=401),
    "179-anthropic-gateway-upstream-a403-try1": asked(claude, "messages_x_api_key", status=403),
    "179-anthropic-gateway-upstream-a429-try1": asked(claude, "messages_x_api_key", status=429),
    "130-anthropic-gateway-upstream-a429-try1": asked(claude, "messages_x_api_key", status=429),
    "179-anthropic-gateway-upstream-a500-try1": asked(claude, "messages_x_api_key", status=500),
    "179-anthropic-gateway-upstream-a503-try1-after-20s": asked(claude, "messages_x_api_key", status=503),
    "179-anthropic-gateway-upstream-a529-try1": asked(claude, "messages_x_api_key", status=529),
    "179-anthropic-gateway-upstream-credit400-try1": asked(claude, "messages_no_money"),
    "179-anthropic-gateway-upstream-m404-try1": asked(claude, "lying_list"),
    "130-anthropic-gateway-upstream-m404-try1": asked(claude, "lying_list"),
    "179-anthropic-gateway-upstream-refused-try1": asked(claude, "down"),
    "179-anthropic-gateway-upstream-json-instead-of-sse-502": asked(claude, "messages_no_stream"),
    "179-anthropic-gateway-upstream-json-instead-of-sse-stream-200-empty": asked(
        claude, "messages_no_stream", stream=True
    ),
    "130-anthropic-gateway-upstream-compact-sse-502": asked(claude, "messages_compact"),
}


@case("130-anthropic-gateway-bearer-scheme-ignored-401")
def bearer_ignored(w: World) -> requests.Response:
    account, key = claude(w, "messages_bearer")
    w.box.host.accounts[account]["extra"]["anthropic_apikey_auth_scheme"] = "authorization_bearer"
    return w.chat(key)


@case("179-anthropic-gateway-503-account-in-openai-group")
def foreign_group(w: World) -> requests.Response:
    group = w.group()
    w.account(w.box.relay("messages_x_api_key"), group, platform="anthropic")
    return w.chat(w.key(group))


@case("179-anthropic-gateway-503-channel-priced-for-openai")
def foreign_price(w: World) -> requests.Response:
    account, key = claude(w)
    group = w.box.host.accounts[account]["_groups"][0]["group_id"]
    prices = [{"platform": "openai", "models": [MODEL], "input_price": 6e-7}]
    channel = {"name": f"priced-{group}", "group_ids": [group], "restrict_models": True, "model_pricing": prices}
    w.data("POST", "/channels", channel)
    return w.chat(key)


def said(w: World, key: str, path: str, **body: Any) -> requests.Response:
    return w.call("POST", path, {"model": MODEL, **body}, Authorization=f"Bearer {key}")


MESSAGE = {"max_tokens": 16, "messages": [{"role": "user", "content": "Say hi"}]}
CASES |= {
    "179-anthropic-gateway-messages-native": lambda w: said(w, claude(w)[1], "/v1/messages", **MESSAGE),
    "179-anthropic-gateway-messages-upstream-a401": lambda w: said(
        w, claude(w, status=401)[1], "/v1/messages", **MESSAGE
    ),
    "179-anthropic-gateway-responses": lambda w: said(w, claude(w)[1], "/v1/responses", input="Say hi"),
}


# The gateway of a gemini group

CASES |= {
    "179-gemini-gateway-200": asked(google, "gemini_native"),
    "130-gemini-gateway-200": asked(google, "gemini_native"),
    "179-gemini-gateway-200-stream": asked(google, "gemini_native", stream=True),
    "179-gemini-gateway-upstream-a429-after-15s": asked(google, "gemini_native", status=429),
    "179-gemini-gateway-upstream-bad-key-400": asked(google, "gemini_query_key"),
    "130-gemini-gateway-upstream-bad-key-400": asked(google, "gemini_query_key"),
    "179-gemini-gateway-upstream-refused-leaks-url": asked(google, "down"),
}


# Accounts and their tests


for _name in ("179-anthropic-account-create", "179-anthropic-account-create-bearer", "179-gemini-account-create"):
    CASES[_name] = lambda w, name=_name: w.replay(name, group_ids=[w.group()])

CASES |= {
    "179-anthropic-account-create-header-override-visible": lambda w: w.replay(
        "179-anthropic-account-create-header-override-visible"
    ),
    "179-anthropic-test-healthy": lambda w: w.tested("messages_x_api_key", platform="anthropic"),
    "130-anthropic-test-healthy": lambda w: w.tested("messages_x_api_key", platform="anthropic"),
    "179-anthropic-test-a401": lambda w: w.tested("messages_x_api_key", platform="anthropic", status=401),
    "179-anthropic-test-a403": lambda w: w.tested("messages_x_api_key", platform="anthropic", status=403),
    "130-anthropic-test-a403": lambda w: w.tested("messages_x_api_key", platform="anthropic", status=403),
    "179-anthropic-test-html200-passes": lambda w: w.tested("messages_x_api_key", platform="anthropic", status="html"),
    "179-gemini-test-healthy": lambda w: w.tested("gemini_native", platform="gemini"),
}


@case("179-anthropic-account-get")
def account_get(w: World) -> requests.Response:
    group = w.group(platform="anthropic")
    account = w.replay("179-anthropic-account-create", group_ids=[group]).json()["data"]["id"]
    return w.admin("GET", f"/accounts/{account}")


@case("179-anthropic-bulk-update-openai-mode-400")
def openai_mode(w: World) -> requests.Response:
    w.box.host.last_ids["accounts"] = 398  # the captured answer names the account
    assert claude(w)[0] == 399
    w.box.host.last_ids["accounts"] = 1000
    return w.replay("179-anthropic-bulk-update-openai-mode-400")


@case("179-anthropic-account-get-error-after-test-403")
def switched_off_by_a_test(w: World) -> requests.Response:
    account = w.account(w.box.relay("messages_x_api_key", status=403), platform="anthropic")
    w.retest(account)
    return w.admin("GET", f"/accounts/{account}")


@case("179-gemini-account-get-rate-limited-until-midnight")
def paused_until_midnight(w: World) -> requests.Response:
    account, key = google(w, status=429)
    assert w.chat(key).status_code == 429
    answer = w.admin("GET", f"/accounts/{account}")
    assert answer.json()["data"]["rate_limit_reset_at"].endswith("T08:00:00.000000Z")
    return answer


@case("179-anthropic-test-base-url-v1-404")
def doubled_version(w: World) -> requests.Response:
    account, _ = claude(w)
    w.box.host.accounts[account]["credentials"]["base_url"] += "/v1"
    return w.retest(account)


@case("179-anthropic-bulk-update-into-openai-group-200")
def into_openai_group(w: World) -> requests.Response:
    body = {"account_ids": [claude(w)[0]], "group_ids": [w.group()]}
    return w.replay("179-anthropic-bulk-update-into-openai-group-200", **body)


# Records


@case("179-anthropic-usage-of-one-request")
def usage_new(w: World) -> requests.Response:
    answer = w.chat(claude(w)[1])
    found = w.admin("GET", f"/usage?request_id=client:{answer.headers['X-Client-Request-ID']}")
    assert found.json()["data"]["items"][0]["upstream_endpoint"] == "/v1/messages"
    return found


@case("130-anthropic-usage-of-one-request")
def usage_old(w: World) -> requests.Response:
    _, key = claude(w)
    w.chat(key)
    return w.admin("GET", f"/usage?api_key_id={w.key_id(key)}&page_size=1")


@case("179-anthropic-ops-upstream-errors-failed-over-account")
def ops_recovered(w: World) -> requests.Response:
    group = w.group(platform="anthropic")
    first = w.account(w.box.relay("messages_x_api_key", status=401), group, priority=1, platform="anthropic")
    w.account(w.box.relay("messages_x_api_key", "b"), group, priority=2, platform="anthropic")
    w.box.host.clock.advance(2)
    answer = w.chat(w.key(group), headers={"X_Request_ID": "probe-failover-0001"})
    assert answer.status_code == 200
    found = w.admin("GET", "/ops/upstream-errors?time_range=1h&page_size=5&view=all&q=probe-failover-0001")
    assert found.json()["data"]["items"][0]["account_id"] == first
    return found


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_sandbox_answers_as_the_real_host_did(worlds: dict[str, World], name: str) -> None:
    assert compare(CASES, name, worlds) == []
