"""AWS at its worst: a third of the functions' calls fail, before or after they were applied, and a list ends right."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
import requests
from batch_import.domain.provider import key_digest
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient
from batch_import.host.transport import HostTransport
from batch_import.store.items import item_id_at
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from embedded.stack import Embedded
from tests.support.crashes import all_are_tried
from tests.support.faults import KINDS, FaultProxy, everywhere, fault_proxy

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(360)]
RELAYS, DEAD_EVERY = 200 if all_are_tried() else 60, 20
LONGEST_RUN = 240.0
LONGEST_WAIT = 90.0  # seconds; the shortest lease lasts longer, so whoever waited for one to run out is found
HEALTHY = (
    *("models_discovered", "capability_probed", "reuse_decided", "group_created", "channel_created"),
    *("account_created", "confirmation_decided", "completion_proven", "account_placed", "access_given"),
    "access_decided",
)
DEAD = ("stage_failed", "access_decided")


@pytest.fixture(scope="module")
def stack(open_embedded: Embedded) -> Embedded:
    """Without enforced roles: a signature names the address that it was made for, which is the proxy's."""
    return open_embedded


@pytest.fixture(scope="module")
def aws(stack: Embedded) -> Iterator[FaultProxy]:
    """What the functions, and only they, take for AWS."""
    client = stack.emulator.client("lambda")
    before = {f["FunctionName"]: f["Environment"]["Variables"] for f in client.list_functions()["Functions"]}
    with fault_proxy(stack.settings.endpoint, seed=20261125) as proxy:
        for name, variables in before.items():
            set_variables(client, name, {**variables, "AWS_ENDPOINT_URL": proxy.url})
        yield proxy
        for name, variables in before.items():
            set_variables(client, name, variables)


def set_variables(client: Any, function: str, variables: dict[str, str]) -> None:
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


@pytest.fixture(scope="module")
def pairs(stack: Embedded) -> list[dict[str, str]]:
    def pair(number: int) -> dict[str, str]:
        profile = "healthy" if number % DEAD_EVERY else "dead_key"
        base_url = f"http://127.0.0.1:{stack.settings.relay_port}/{profile}/r{number}/v1"
        return {"base_url": base_url, "api_key": f"sk-fault-{number:06d}"}

    return [pair(number) for number in range(RELAYS)]


@pytest.fixture(scope="module")
def ended(stack: Embedded, aws: FaultProxy, pairs: list[dict[str, str]]) -> dict[str, Any]:
    """The run's summary after all of ``pairs`` were imported over a failing AWS, which is well again by then."""
    wanted = {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": pairs}
    aws.obey(*everywhere(0.3))
    started = time.monotonic()
    run_id = call(stack, "POST", "runs", json=wanted, headers={"Idempotency-Key": "faults"})["run_id"]
    while (run := call(stack, "GET", f"runs/{run_id}")["run"])["state"] == "running":
        assert time.monotonic() - started < LONGEST_RUN, (run, aws.faults)
        time.sleep(0.5)
    print(f"ended after {time.monotonic() - started:.0f} s; calls {dict(aws.calls)}, faults {dict(by_kind(aws))}")
    aws.obey()
    return dict(run)


def call(stack: Embedded, method: str, path: str, **arguments: Any) -> Any:
    """Like a good client: asks again after a 5xx."""
    again = Retry(total=10, backoff_factor=0.1, status_forcelist=[500, 502, 503, 504], allowed_methods=None)
    saved = stack.settings.saved()
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=again))
        session.headers["Authorization"] = f"Bearer {saved['BATCH_IMPORT_TOKEN']}"
        url = f"{saved['BATCH_IMPORT_URL']}/api/batch-import/{path}"
        answer = session.request(method, url, timeout=60, **arguments)
    answer.raise_for_status()
    return answer.json()


def by_kind(aws: FaultProxy) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for (_, _, kind), count in aws.faults.items():
        kinds[kind] += count
    return kinds


@pytest.fixture(scope="module")
def event_histories(stack: Embedded, ended: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The events of each item, without what was asked afterwards: it comes at any time."""
    items = f"runs/{ended['run_id']}/items"
    details = [call(stack, "GET", f"{items}/{item_id_at(position)}") for position in range(RELAYS)]
    return [[event for event in detail["events"] if event["message"] != "asked afterwards"] for detail in details]


def test_every_kind_of_fault_was_met_and_a_third_of_the_calls(aws: FaultProxy, ended: dict[str, Any]) -> None:
    assert set(by_kind(aws)) == KINDS
    assert {service for service, _, _ in aws.faults} >= {
        "dynamodb",
        "sqs",
    }  # KMS is asked a few times only, maybe without a fault
    assert 0.27 < aws.faults.total() / (aws.calls.total() - aws.calls["secretsmanager"]) < 0.4


def test_the_run_ends_with_exact_counts(stack: Embedded, ended: dict[str, Any]) -> None:
    dead = RELAYS // DEAD_EVERY
    names = ("total_items", "completed_items", "active_items", "broken_items", "degraded_items")
    assert ended["state"] == "completed_with_warnings"
    assert [ended[name] for name in names] == [RELAYS, RELAYS, RELAYS - dead, dead, 0]
    items = call(stack, "GET", f"runs/{ended['run_id']}/items", params={"limit": RELAYS})["items"]
    assert Counter((item["current_stage"], item["access_status"]) for item in items) == {
        ("done", "active"): RELAYS - dead,
        ("done", "broken"): dead,
    }


def test_no_pair_has_a_second_account(stack: Embedded, ended: dict[str, Any], pairs: list[dict[str, str]]) -> None:
    with closing(HostTransport(*stack.sandbox.credentials)) as transport:
        host = HostClient(transport)
        held = [account.digest for account in map(existing_account, host.accounts())]
    assert sorted(held) == sorted(key_digest(pair["api_key"]) for pair in pairs if "/healthy/" in pair["base_url"])


def test_each_event_history_is_complete_in_order_and_without_repetition(
    event_histories: list[list[dict[str, Any]]],
) -> None:
    told = [[event["event_type"] for event in history] for history in event_histories]
    assert Counter(tuple(one for one in types if one != "lease_acquired") for types in told) == {
        HEALTHY: RELAYS - RELAYS // DEAD_EVERY,
        DEAD: RELAYS // DEAD_EVERY,
    }


def test_no_item_waited_for_a_lease_to_run_out(event_histories: list[list[dict[str, Any]]]) -> None:
    times = [[datetime.fromisoformat(event["created_at"]) for event in history] for history in event_histories]
    waits = [(later - earlier).total_seconds() for history in times for earlier, later in pairwise(history)]
    assert min(waits) >= 0
    assert max(waits) < LONGEST_WAIT
