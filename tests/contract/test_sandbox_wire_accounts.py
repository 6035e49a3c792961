"""Accounts and their tests on the sandbox's host, against captured exchanges."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.testkit import wait_for
from sandbox.wirekit import ADMIN, Cases, World, both_worlds, captured, compare

CASES = Cases()
case = CASES.case


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    with both_worlds() as found:
        yield found


# Accounts: creation


@case("179-account-create", "130-account-create")
def account_create(w: World) -> requests.Response:
    w.box.host.idempotency.clear()
    return w.create(f"{w.box.host.options.host_version[-3:]}-account-create", group_ids=[w.group()])


@case("179-account-create-idempotency-replay")
def account_replay(w: World) -> requests.Response:
    w.box.host.idempotency.clear()
    groups = [w.group()]
    first = w.create("179-account-create", group_ids=groups)
    again = w.create("179-account-create-idempotency-replay", group_ids=groups)
    assert first.json()["data"] == again.json()["data"]
    return again


@case("179-account-create-idempotency-conflict")
def account_conflict(w: World) -> requests.Response:
    w.box.host.idempotency.clear()
    w.create("179-account-create", group_ids=[w.group()])
    return w.create("179-account-create-idempotency-conflict")


@case("179-account-create-bad-group-500")
def bad_group(w: World) -> requests.Response:
    w.box.host.idempotency.clear()
    return w.create("179-account-create-bad-group-500")


@case("179-account-create-bad-group-row-exists")
def bad_group_row(w: World) -> requests.Response:
    bad_group(w)
    return w.replay("179-account-create-bad-group-row-exists")


@case("179-idempotency-retry-backoff")
def backoff(w: World) -> requests.Response:
    bad_group(w)
    return w.create("179-idempotency-retry-backoff")


@case("179-idempotency-in-progress")
def in_progress(w: World) -> requests.Response:
    w.box.host.options.write_delay = 0.2
    body = w.account_body(w.box.relay("healthy"))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: w.admin("POST", "/accounts", body, Idempotency_Key="race"), range(2)))
    w.box.host.options.write_delay = 0.0
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    return max(answers, key=lambda answer: answer.status_code)


@case("179-accounts-batch-create-one-bad-group")
def batch(w: World) -> requests.Response:
    bodies = [w.account_body(w.box.relay("healthy"), group) for group in (w.group(), 999999)]
    return w.admin("POST", "/accounts/batch", {"accounts": bodies})


# Accounts: reading and changing


@case("179-account-get", "179-account-get-after-probe", "130-account-get-after-probe")
def account_get(w: World) -> requests.Response:
    number = account_create(w).json()["data"]["id"]
    wait_for(lambda: not w.box.host.tasks)
    return w.admin("GET", f"/accounts/{number}")


@case("179-accounts-list-search")
def account_list(w: World) -> requests.Response:
    account_get(w)
    return w.replay("179-accounts-list-search")


@case("179-accounts-list-304")
def account_list_unchanged(w: World) -> requests.Response:
    tag = account_list(w).headers["ETag"]
    path = captured("179-accounts-list-304")["request"]["path"]
    return w.call("GET", path, x_api_key=w.box.admin_key, If_None_Match=tag)


@case("179-accounts-page-size-out-of-range")
def page_size(w: World) -> requests.Response:
    bodies = [{**w.account_body(w.box.relay("chat_only", "c1"), w.group()), "name": f"100% {n}"} for n in range(21)]
    w.data("POST", "/accounts/batch", {"accounts": [{**body, "extra": {}} for body in bodies]})
    wait_for(lambda: not w.box.host.tasks)
    first = w.data("GET", "/accounts?page_size=1")["items"][0]["id"]
    w.data("POST", "/accounts/bulk-update", {"account_ids": [first], "extra": {"openai_responses_mode": "auto"}})
    answer = w.replay("179-accounts-page-size-out-of-range")
    assert len(answer.json()["data"]["items"]) == answer.json()["data"]["page_size"] == 20
    return answer


def broken(w: World) -> int:
    """An account that a 401 through the gateway has disabled."""
    account, key = w.served("dead_key")
    assert w.chat(key).status_code == 502
    return account


CASES |= {
    "179-account-get-error-after-401": lambda w: w.admin("GET", f"/accounts/{broken(w)}"),
    "179-account-clear-error": lambda w: w.admin("POST", f"/accounts/{broken(w)}/clear-error"),
    "179-account-recover-state": lambda w: w.admin("POST", f"/accounts/{broken(w)}/recover-state"),
    "179-account-schedulable-true": lambda w: w.replay(
        "179-account-schedulable-true", f"{ADMIN}/accounts/{broken(w)}/schedulable"
    ),
    "179-bulk-update-extra-merge": lambda w: w.replay(
        "179-bulk-update-extra-merge", account_ids=[w.served("healthy")[0]]
    ),
    "179-bulk-update-model-mapping": lambda w: w.replay(
        "179-bulk-update-model-mapping", account_ids=[w.served("healthy")[0]]
    ),
    "179-bulk-update-unknown-id": lambda w: w.replay(
        "179-bulk-update-unknown-id", account_ids=[w.served("healthy")[0], 999999]
    ),
    "179-sync-upstream-preview-healthy": lambda w: w.replay(
        "179-sync-upstream-preview-healthy", base_url=w.box.relay("healthy")
    ),
    "130-sync-upstream-preview-404": lambda w: w.replay(
        "130-sync-upstream-preview-404", base_url=w.box.relay("healthy")
    ),
    "179-sync-upstream-preview-nomodels": lambda w: w.replay(
        "179-sync-upstream-preview-nomodels", base_url=w.box.relay("empty_list")
    ),
}


@case("179-account-put-extra-replaces")
def put_extra(w: World) -> requests.Response:
    account, _ = w.served("chat_only")
    w.data("PUT", f"/accounts/{account}", {"notes": "keep me"})
    marked = {"custom_marker": "mm", "user_agent": "ua-x"}
    w.data("POST", "/accounts/bulk-update", {"account_ids": [account], "credentials": marked})
    return w.replay("179-account-put-extra-replaces", f"{ADMIN}/accounts/{account}")


@case("179-account-temp-unschedulable-get")
def pause(w: World) -> requests.Response:
    account, key = w.served("down")
    w.chat(key)
    return w.admin("GET", f"/accounts/{account}/temp-unschedulable")


# Account tests

CASES |= {
    "179-test-healthy-cc": lambda w: w.tested("healthy"),
    "179-test-a401-cc": lambda w: w.tested("dead_key"),
    "179-test-a403-cc": lambda w: w.tested("healthy", status=403),
    "179-test-a429-cc": lambda w: w.tested("healthy", status=429),
    "179-test-a500-cc": lambda w: w.tested("healthy", status=500),
    "179-test-a503na-cc": lambda w: w.tested("flaky"),
    "179-test-m404-cc": lambda w: w.tested("lying_list"),
    "179-test-html200-cc": lambda w: w.tested("html_200"),
    "179-test-connection-refused": lambda w: w.tested("down"),
    "179-test-chatonly-resp": lambda w: w.tested("chat_only", "force_responses"),
    "179-probe-race-test-after-flag": lambda w: w.tested("chat_only", None),
    "130-probe-race-fast-first-test": lambda w: w.tested("chat_only", None),
}


@case("179-test-invalid-base-url")
def bad_url(w: World) -> requests.Response:
    return w.retest(w.account("not a url", real="m"))


@case("179-probe-race-fast-first-test")
def race(w: World) -> requests.Response:
    """The relay takes its time, so the test is there before the probe has its answer."""
    body = w.account_body(w.box.relay("chat_only", latency=0.1))
    return w.retest(w.data("POST", "/accounts", body)["id"])


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_sandbox_answers_as_the_real_host_did(worlds: dict[str, World], name: str) -> None:
    assert compare(CASES, name, worlds) == []
