"""The sandbox's gateway and its records, against captured exchanges; and: nearly all are compared."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox.wirekit import WIRE, Cases, World, both_worlds, compare

CASES = Cases()
case = CASES.case


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    with both_worlds() as found:
        yield found


# The gateway

CASES |= {
    "179-gateway-200-alias": lambda w: w.answers("chat_only"),
    "179-probe-race-gateway-auto": lambda w: w.answers("chat_only", mode=None),
    "179-gateway-503-empty-group": lambda w: w.chat(w.key(w.group())),
    "179-gateway-upstream-a401-try1": lambda w: w.answers("dead_key"),
    "179-gateway-upstream-a403-try1": lambda w: w.answers("healthy", status=403),
    "130-gateway-upstream-html403-try1": lambda w: w.answers("waf"),
    "179-gateway-upstream-a429-try1": lambda w: w.answers("rate_limited"),
    "179-gateway-upstream-a429-try2": lambda w: w.answers("rate_limited", 2),
    "179-gateway-upstream-a500-try1": lambda w: w.answers("healthy", status=500),
    "179-gateway-upstream-a500-try3": lambda w: w.answers("healthy", 3, status=500),
    "179-gateway-upstream-html200-try1": lambda w: w.answers("html_200"),
    "179-gateway-upstream-m404-try1": lambda w: w.answers("lying_list"),
    "130-gateway-upstream-m404-try1": lambda w: w.answers("lying_list"),
    "179-gateway-upstream-refused-try1": lambda w: w.answers("down"),
    "130-gateway-upstream-refused-try1": lambda w: w.answers("down"),
    "179-gateway-404-model-not-found": lambda w: w.chat(w.served("healthy")[1], "no-such-model"),
    "130-gateway-503-unknown-model": lambda w: w.chat(w.served("healthy")[1], "no-such-model"),
    "179-gateway-200-stream": lambda w: w.chat(w.served("healthy")[1], stream=True),
    "179-gateway-models": lambda w: w.call("GET", "/v1/models", Authorization=f"Bearer {w.served('healthy')[1]}"),
    "179-gateway-401-invalid-key": lambda w: w.replay("179-gateway-401-invalid-key"),
}


@case("179-gateway-200-after-failover-headers", "130-gateway-200-after-failover-headers")
def failover(w: World) -> requests.Response:
    group = w.group()
    for profile, priority in (("dead_key", 1), ("healthy", 2)):
        w.account(w.box.relay(profile), group, priority=priority)
    w.box.host.clock.advance(2)
    return w.chat(w.key(group), headers={"X_Request_ID": "probe-0001"})


@case("130-gateway-502-refused-account-no-failover")
def no_failover(w: World) -> requests.Response:
    group = w.group()
    for profile, priority in (("down", 1), ("healthy", 2)):
        w.account(w.box.relay(profile), group, priority=priority)
    w.box.host.clock.advance(2)
    return w.chat(w.key(group))


@case("179-gateway-503-after-clear-error-schedulable-false")
def cleared(w: World) -> requests.Response:
    account, key = w.served("dead_key")
    w.chat(key)
    w.data("POST", f"/accounts/{account}/clear-error")
    return w.chat(key)


@case("179-gateway-403-insufficient-balance")
def poor(w: World) -> requests.Response:
    user = w.user()
    return w.chat(w.key(w.group(), user, balance=0))


@case("179-gateway-403-subscription-not-found")
def unsubscribed(w: World) -> requests.Response:
    group = w.group()
    key = w.key(group)
    w.data("PUT", f"/groups/{group}", {"subscription_type": "subscription"})
    return w.chat(key)


@case("179-gateway-403-group-not-allowed")
def not_allowed(w: World) -> requests.Response:
    group = w.group()
    key = w.key(group)
    w.data("PUT", f"/groups/{group}", {"is_exclusive": True})
    return w.chat(key)


@case("179-gateway-429-invalid-auth")
def bad_keys(w: World) -> requests.Response:
    host = w.box.host
    host.options.bad_keys_per_minute = 2
    answers = [w.chat("sk-test-unknown") for _ in range(3)]
    host.options.bad_keys_per_minute = 120
    host.windows.clear()
    return answers[-1]


@case("179-gateway-429-concurrency")
def concurrency(w: World) -> requests.Response:
    group, user = w.group(), w.user(concurrency=1)
    w.account(w.box.relay("healthy", latency=0.3), group)
    key = w.key(group, user)
    w.box.host.options.user_queue_wait = 0.05
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: w.chat(key), range(2)))
    w.box.host.options.user_queue_wait = 30.0
    return max(answers, key=lambda answer: answer.status_code)


# Records


@case("179-usage-of-one-request")
def usage_new(w: World) -> requests.Response:
    answer = w.chat(w.served("healthy")[1])
    return w.admin("GET", f"/usage?request_id=client:{answer.headers['X-Client-Request-ID']}")


@case("130-usage-of-one-request")
def usage_old(w: World) -> requests.Response:
    _, key = w.served("healthy")
    w.chat(key)
    return w.admin("GET", f"/usage?api_key_id={w.key_id(key)}&page_size=1")


@case("179-ops-upstream-errors-failed-over-account")
def ops_recovered(w: World) -> requests.Response:
    failover(w)
    row = w.data("GET", "/ops/upstream-errors?view=all")["items"][0]
    assert row["request_id"] == "probe-0001"
    assert row["message"].startswith("Recovered upstream error 401: ")
    return w.admin("GET", f"/ops/upstream-errors?account_id={row['account_id']}&view=all")


@case("179-ops-error-detail")
def ops_detail(w: World) -> requests.Response:
    group = w.group()
    w.chat(w.key(group))
    mine = next(row for row in w.data("GET", "/ops/errors?view=all")["items"] if row["group_id"] == group)
    return w.admin("GET", f"/ops/errors/{mine['id']}")


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_sandbox_answers_as_the_real_host_did(worlds: dict[str, World], name: str) -> None:
    assert compare(CASES, name, worlds) == []


def test_nearly_all_captured_exchanges_are_compared() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_sandbox_wire*.py"))
    missing = {path.stem for path in WIRE.glob("*.json") if f'"{path.stem}"' not in text}
    assert missing == {"179-test-empty-" + "cc"}  # no relay of ours answers with an empty stream
