"""Tables with a tenth of the capacity that a run needs slow the run, and nothing else."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.stack import Embedded
from tests.flows.test_faults import call, set_variables
from tests.support.faults import Capacity, FaultProxy, fault_proxy

pytestmark = [pytest.mark.embedded, pytest.mark.long, pytest.mark.timeout(600)]
RELAYS, LONGEST = 40, 480.0


@pytest.fixture
def stack(open_embedded: Embedded) -> Embedded:
    return open_embedded


@pytest.fixture
def aws(stack: Embedded) -> Iterator[FaultProxy]:
    client = stack.emulator.client("lambda")
    before = {f["FunctionName"]: f["Environment"]["Variables"] for f in client.list_functions()["Functions"]}
    with fault_proxy(stack.settings.endpoint) as proxy:
        for name, variables in before.items():
            set_variables(client, name, {**variables, "AWS_ENDPOINT_URL": proxy.url})
        yield proxy
        for name, variables in before.items():
            set_variables(client, name, variables)


def imported(stack: Embedded, name: str) -> tuple[float, dict[str, Any]]:
    """Seconds that a list took, and the run's summary."""
    items = [
        {
            "base_url": f"http://127.0.0.1:{stack.settings.relay_port}/healthy/{name}{n}/v1",
            "api_key": f"sk-{name}-{n:06}",
        }
        for n in range(RELAYS)
    ]
    wanted = {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}
    started = time.monotonic()
    run_id = call(stack, "POST", "runs", json=wanted, headers={"Idempotency-Key": name})["run_id"]
    while (run := call(stack, "GET", f"runs/{run_id}")["run"])["state"] == "running":
        assert time.monotonic() - started < LONGEST, run
        time.sleep(2)
    return time.monotonic() - started, run


def test_a_tenth_of_the_capacity_slows_a_run_and_nothing_else(stack: Embedded, aws: FaultProxy) -> None:
    enough = Capacity()
    aws.limit(enough)
    usual, first = imported(stack, "usual")
    scarce = Capacity(enough.used / usual / 10)
    aws.limit(scarce)
    slow, second = imported(stack, "throttled")
    print(f"{usual:.0f} s for {enough.used} rows; {slow:.0f} s with a tenth, {scarce.throttled} calls throttled")
    assert scarce.throttled > 100
    for run in (first, second):
        assert (run["state"], run["active_items"], run["warning_items"]) == ("completed", RELAYS, 0)
