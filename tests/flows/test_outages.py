"""Limits and outages over many items: waiting costs no attempt (docs/design.md#21-probe)."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import boto3
import pytest
from batch_import.aws.queue import Work
from batch_import.bootstrap import bootstrap
from batch_import.domain.clock import parse
from batch_import.host import transport
from batch_import.stages.probe import Prober

from tests.conftest import Service
from tests.flows.test_business_chains import creations, event_types
from tests.support.pump import Context, handler_of

KEYS = 8


def one_provider(box: Any, count: int = KEYS) -> list[dict[str, Any]]:
    url = box.relay("healthy")
    return [{"base_url": url, "api_key": f"sk-test-{n:04d}"} for n in range(count)]


@pytest.fixture(autouse=True)
def no_pause_between_safe_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PAUSE", 0.0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many items of each provider are being probed, and the most there ever were (``most``)."""
    seen: Counter[str] = Counter()
    lock, probe = threading.Lock(), Prober.probe

    def counted(prober: Prober, to: Any, *more: Any) -> Any:
        item = to.item
        with lock:
            seen[item.provider_id] += 1
            seen["most"] = max(seen["most"], seen[item.provider_id])
        try:
            return probe(prober, to, *more)
        finally:
            with lock:
                seen[item.provider_id] -= 1

    monkeypatch.setattr(Prober, "probe", counted)
    return seen


@pytest.mark.parametrize(
    ("name", "value", "most"), [("PROVIDER_CONCURRENCY", 3, 3), ("ORIGIN_CONCURRENCY", 3, 3), ("ORIGIN_SPACING", 1, 1)]
)
def test_no_more_keys_are_probed_at_once_than_the_limit_says(
    service: Service, box: Any, at_once: Counter[str], monkeypatch: pytest.MonkeyPatch, name: str, value: int, most: int
) -> None:
    monkeypatch.setenv(name, str(value))
    bootstrap.cache_clear()
    run_id, items = service.import_(one_provider(box))
    assert {item["access_status"] for item in items} == {"active"}
    assert at_once["most"] == most
    assert {service.item(run_id, item["item_id"])["retry_count"] for item in items} == {0}
    assert "permits" not in str(service.item(run_id))


def test_keys_are_held_until_the_run_has_ended_and_then_for_their_retention(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker runs for longer than the retention: the machine sleeps, or the account has no concurrency left."""
    monkeypatch.setenv("KEY_RETENTION_HOURS", "1")
    bootstrap.cache_clear()
    dead = {"base_url": box.relay("dead_key"), "api_key": "sk-test-dead-0001"}
    run_id = service.start([*one_provider(box, 1), dead])
    for _ in range(7):
        handler_of("reconcile")({}, Context())
        service.clock.shift(10 * 60)
    service.pump.run()
    assert [item["access_status"] for item in service.items(run_id)] == ["active", "broken"]
    assert service.items(run_id)[1]["last_error_code"] == "auth_failed"

    ended = parse(service.run(run_id)["run"]["finished_at"])
    for seconds, held, erased in [(3_599, ["item_00002"], 0), (3_601, [], 1)]:
        service.clock.move_to(ended + timedelta(seconds=seconds))
        bootstrap.cache_clear()
        assert list(bootstrap().service.open_keys(run_id, ["item_00001", "item_00002"])) == held
        assert handler_of("reconcile")({}, Context())["keys_erased"] == erased
    assert boto3.client("dynamodb").scan(TableName=service.aws.environment["SECRETS_TABLE"])["Items"] == []


def test_an_outage_of_the_host_pauses_everything_and_burns_no_attempts(service: Service, box: Any) -> None:
    run_id = service.start(one_provider(box))
    box.host.fail_next("GET", r"/api/v1/admin/", 503, times=10_000)
    for _ in range(40):  # two minutes: more than all the tries of an item
        service.pump.deliver()
        service.clock.shift(3)
    tries = [service.item(run_id, item["item_id"])["retry_count"] for item in service.items(run_id)]
    assert sum(tries) <= KEYS  # one pays for each pause, not all
    assert {item["current_stage"] for item in service.items(run_id)} == {"provision"}
    box.host.faults.clear()
    service.pump.run()
    assert {item["access_status"] for item in service.items(run_id)} == {"active"}
    assert creations(box) == KEYS


def test_an_outage_of_the_host_that_does_not_end_is_a_verdict(service: Service, box: Any) -> None:
    run_id = service.start(one_provider(box, 2))
    box.host.fail_next("GET", r"/api/v1/admin/", 503, times=100_000)
    service.pump.run(horizon=timedelta(hours=3), step=20)
    items = service.items(run_id)
    assert {(item["access_status"], item["last_error_code"]) for item in items} == {("degraded", "host_unavailable")}
    assert "retry_scheduled" in event_types(service.item(run_id))


def test_the_keys_of_a_dead_relay_end_together_after_its_tries_and_not_each_after_its_own(
    service: Service, box: Any
) -> None:
    pairs = [{"base_url": f"{box.down_url}/v1", "api_key": f"sk-test-{n:04d}"} for n in range(KEYS)]
    run_id, items = service.import_(pairs)
    assert {(item["access_status"], item["last_error_code"]) for item in items} == {("degraded", "unreachable")}
    assert sum(service.item(run_id, item["item_id"])["retry_count"] for item in items) <= 3


def test_an_item_in_two_messages_of_one_invocation_is_probed_once_and_holds_one_permit(
    service: Service, box: Any, at_once: Counter[str]
) -> None:
    run_id = service.start(one_provider(box, 1))
    url = service.aws.environment["IMPORT_QUEUE_URL"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=Work(run_id, ("item_00001",)).body())
    service.pump.run()
    history = event_types(service.item(run_id))
    assert (at_once["most"], history.count("models_discovered"), history.count("access_decided")) == (1, 1, 1)
    assert service.item(run_id)["access_status"] == "active"


def confirmed(service: Service, box: Any, platform: str) -> tuple[str, list[dict[str, Any]]]:
    """A run whose items only want their proof, and their accounts in the host."""
    run_id = service.start([{**pair, "platform": platform} for pair in one_provider(box, 1)])
    while any(item["current_stage"] != "validate" for item in service.items(run_id)):
        service.pump.deliver("provision")
        service.pump.deliver("confirmation")
        service.clock.shift(1)
    return run_id, [*box.host.accounts.values()]


@pytest.mark.parametrize("platform", ["openai", "anthropic"])
def test_an_account_that_the_host_has_paused_is_proven_all_the_same(service: Service, box: Any, platform: str) -> None:
    """A connection that breaks once, say while the proof's worker dies, pauses the account for ten minutes."""
    run_id, accounts = confirmed(service, box, platform)
    for account in accounts:
        box.host.health.pause(account, "connection reset by peer")
    service.pump.run(horizon=timedelta(minutes=2))
    assert {item["access_status"] for item in service.items(run_id)} == {"active"}
    assert not any(account["temp_unschedulable_until"] for account in accounts)


@pytest.mark.parametrize("platform", ["openai", "anthropic"])
def test_an_account_that_a_person_switches_off_before_its_proof_stays_off(
    service: Service, box: Any, platform: str
) -> None:
    run_id, accounts = confirmed(service, box, platform)
    for account in accounts:
        account["schedulable"] = False
    service.pump.run(horizon=timedelta(minutes=2))
    assert {item["last_error_code"] for item in service.items(run_id)} == {"gateway_no_account"}
    assert not any(account["schedulable"] for account in accounts)
