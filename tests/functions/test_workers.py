"""The workers' handlers with their ``events/*.json``: what they answer, hand on and let come back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from batch_import.aws.queue import WorkQueue
from batch_import.bootstrap import bootstrap
from batch_import.consumer import stage_worker
from batch_import.domain.clock import iso, parse
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage
from batch_import.stages.confirm import ConfirmationWorker
from batch_import.stages.import_stage import ImportStage
from batch_import.store.items import ItemStore

from tests.conftest import Service
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of

EVENTS = Path(__file__).parents[2] / "events"
KEY = "sk-test-0000000000000001"
NOTHING_FAILED = {"batchItemFailures": []}
WORKERS = ("provision", "confirmation", "validation")


def event(name: str, **body: Any) -> dict[str, Any]:
    """The event of a handler; its messages name ``body`` when it is given."""
    loaded = json.loads((EVENTS / f"{name}.json").read_text())
    for record in loaded.get("Records", []) if body else []:
        record["body"] = json.dumps(body)
    return loaded


def failed(response: dict[str, Any]) -> list[str]:
    return [entry["itemIdentifier"] for entry in response["batchItemFailures"]]


def ids(sent: dict[str, Any]) -> list[str]:
    return [record["messageId"] for record in sent["Records"]]


def waiting(aws: Aws, variable: str) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=aws.environment[variable], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def listed(box: Any, *profiles: str) -> list[dict[str, Any]]:
    return [{"base_url": box.relay(profile, f"n{n}"), "api_key": f"{KEY}{n}"} for n, profile in enumerate(profiles)]


# --- the events as they are


@pytest.mark.parametrize("name", WORKERS)
def test_a_message_about_a_run_that_is_not_there_is_done(aws: Aws, name: str) -> None:
    assert handler_of(name)(event(name), Context()) == NOTHING_FAILED


def test_dead_letters_of_a_run_that_is_not_there_are_done(aws: Aws) -> None:
    assert handler_of("dead_letter")(event("dead_letter"), Context()) == NOTHING_FAILED


def test_the_scheduled_event_answers_with_what_was_done(aws: Aws) -> None:
    done = handler_of("reconcile")(event("reconcile"), Context())
    assert done.get("keys_erased") == 0
    assert all(isinstance(count, int) for count in done.values())


def test_each_stage_works_its_own_items_and_hands_them_on(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy"))
    body = {"run_id": run_id, "items": ["item_00001"]}
    for name, stage, queue in (
        ("provision", "confirm", "CONFIRM_QUEUE_URL"),
        ("confirmation", "validate", "VALIDATE_QUEUE_URL"),
        ("validation", "done", None),
    ):
        sent = event(name, **body)
        sent["Records"] = sent["Records"][-1:]
        assert handler_of(name)(sent, Context()) == NOTHING_FAILED
        assert service.item(run_id)["current_stage"] == stage
        assert queue is None or waiting(service.aws, queue) == [body]
    assert service.item(run_id)["access_status"] == "active"
    assert service.run(run_id)["run"]["state"] == "completed"


def test_a_message_of_another_stage_is_passed_on_and_not_worked(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy"))
    body = {"run_id": run_id, "items": ["item_00001"]}
    waiting(service.aws, "IMPORT_QUEUE_URL")
    assert handler_of("validation")(event("validation", **body), Context()) == NOTHING_FAILED
    assert service.item(run_id)["current_stage"] == "probe"
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == [body]


def test_work_is_done_although_the_visibility_of_its_message_cannot_be_changed(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionError

    run_id = service.start(listed(box, "healthy"))
    monkeypatch.setattr(WorkQueue, "lease_for", refuse)
    assert handler_of("provision")(event("provision", run_id=run_id, items=["item_00001"]), Context()) == NOTHING_FAILED
    assert service.item(run_id)["current_stage"] == "confirm"


def test_an_item_that_a_message_names_twice_is_worked_once(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy"))
    sent = event("provision", run_id=run_id, items=["item_00001"] * 2)
    sent["Records"] = sent["Records"][:1]
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    assert waiting(service.aws, "CONFIRM_QUEUE_URL") == [{"run_id": run_id, "items": ["item_00001"]}]


# --- what comes back


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '{"run_id": 7}', '{"run_id": "r", "items": [7]}', '{"items": []}']
)
@pytest.mark.parametrize("name", ["provision", "validation"])
def test_what_this_service_never_sent_goes_to_the_dead_letters(aws: Aws, name: str, body: str) -> None:
    sent = event(name)
    sent["Records"][0]["body"] = body
    assert failed(handler_of(name)(sent, Context())) == ids(sent)[:1]


def test_an_unreadable_dead_letter_is_not_delivered_for_ever(aws: Aws) -> None:
    sent = event("dead_letter")
    sent["Records"][0]["body"] = "{"
    assert handler_of("dead_letter")(sent, Context()) == NOTHING_FAILED


def test_with_too_little_time_left_an_item_is_handed_on_untouched(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy"))
    waiting(service.aws, "IMPORT_QUEUE_URL")
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    assert handler_of("provision")(sent, Context(milliseconds=12_000)) == NOTHING_FAILED
    item = service.item(run_id)
    assert (item["current_stage"], item["retry_count"], item["events"]) == ("probe", 0, [])
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == [{"run_id": run_id, "items": ["item_00001"]}]


def test_an_item_is_not_worked_before_it_is_due(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy"))
    waiting(service.aws, "IMPORT_QUEUE_URL")
    items = bootstrap().items
    item = items.get(run_id, "item_00001")
    assert item is not None
    items.transition(item, {"due_at": iso(datetime.now(UTC) + timedelta(seconds=10)), "attempt": 2})
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    shown = service.item(run_id)
    assert (shown["current_stage"], shown["events"]) == ("probe", [])
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == []
    service.clock.shift(11)
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == [{"run_id": run_id, "items": ["item_00001"]}]


def test_an_expansion_without_time_is_sent_anew(service: Service, box: Any) -> None:
    """The fifth delivery of its message would be a dead letter, and nobody would go on with the list."""
    run_id = service.start(listed(box, *["healthy"] * 95))
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == [{"run_id": run_id, "expand": True}]
    sent = event("provision", run_id=run_id, expand=True)
    sent["Records"] = sent["Records"][:1]
    assert handler_of("provision")(sent, Context(milliseconds=12_000)) == NOTHING_FAILED
    service.clock.shift(stage_worker.CRASH_PAUSE + 1)
    assert waiting(service.aws, "IMPORT_QUEUE_URL") == [{"run_id": run_id, "expand": True}]
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    assert len(service.items(run_id)) == 95


def test_a_record_that_lambda_passes_on_twice_is_worked_once(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.start(listed(box, "healthy"))
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    handled, handle = list[str](), ImportStage.handle

    def twice(stage: ImportStage, item: Item) -> Any:
        handled.append(item.item_id)
        if len(handled) == 1:
            assert handler_of("provision")(sent, Context("request-2")) == NOTHING_FAILED
        return handle(stage, item)

    monkeypatch.setattr(ImportStage, "handle", twice)
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    assert handled == ["item_00001"]
    assert service.item(run_id)["current_stage"] == "confirm"


def breaking(times: int, method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, which breaks off the first ``times`` times."""
    left = [times]

    def broken(*args: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise RuntimeError("a bug, or the table was not there for a moment")
        return method(*args)

    return broken


def test_an_item_alone_that_breaks_off_lets_its_message_come_back(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.start(listed(box, "healthy"))
    monkeypatch.setattr(ImportStage, "handle", breaking(1, ImportStage.handle))
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    assert failed(handler_of("provision")(sent, Context())) == ids(sent)


def test_an_item_among_others_that_breaks_off_takes_none_with_it(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.start(listed(box, "healthy", "healthy"))
    work = ImportStage.handle

    def broken(stages: ImportStage, item: Item) -> Any:
        if item.item_id == "item_00001":
            raise RuntimeError("a bug")
        return work(stages, item)

    monkeypatch.setattr(ImportStage, "handle", broken)
    sent = event("provision", run_id=run_id, items=["item_00001", "item_00002"])
    sent["Records"] = sent["Records"][:1]
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    assert [item["current_stage"] for item in service.items(run_id)] == ["probe", "confirm"]


@pytest.mark.parametrize(("stage", "method"), [(ImportStage, "handle"), (ConfirmationWorker, "handle")])
@pytest.mark.parametrize("items", [1, 2])
def test_a_passing_break_off_costs_seconds_and_needs_no_reconcile(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, stage: type, method: str, items: int
) -> None:
    monkeypatch.setattr(stage, method, breaking(1, getattr(stage, method)))
    run_id = service.start(listed(box, *["healthy"] * items))
    service.pump.run(horizon=timedelta(minutes=3))
    assert [item["access_status"] for item in service.items(run_id)] == ["active"] * items


def test_a_poisonous_item_fails_at_every_delivery_until_the_queue_gives_it_up(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.start(listed(box, "healthy"))
    monkeypatch.setattr(ImportStage, "handle", breaking(99, ImportStage.handle))
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    leased: list[int] = []
    pauses = []
    lease_for = WorkQueue.lease_for
    monkeypatch.setattr(WorkQueue, "lease_for", lambda *args: (leased.append(args[2]), lease_for(*args)))
    for delivery in range(1, 6):
        sent["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(delivery)
        assert failed(handler_of("provision")(sent, Context(f"request-{delivery}"))) == ids(sent)
        pauses.append(leased[-1])
        service.clock.shift(10)
    assert pauses == [10, 20, 40, 80, 160]  # five tries outlast an outage of some minutes


@pytest.mark.parametrize("left", [110_000, 105_999, 101_001])
def test_a_killed_workers_message_comes_back_when_the_leases_of_its_items_have_run_out(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    run_id = service.start(listed(box, "healthy"))
    hidden: list[int] = []
    leases: list[str] = []
    monkeypatch.setattr(WorkQueue, "lease_for", lambda _self, _handles, seconds: hidden.append(seconds))

    def killed(_stages: ImportStage, item: Item) -> Any:
        leases.append(item.lease_expires_at or "")
        raise RuntimeError("for this test as good as dead")

    monkeypatch.setattr(ImportStage, "handle", killed)
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    begun = datetime.now(UTC)
    handler_of("provision")(sent, Context(milliseconds=left))
    back = begun + timedelta(seconds=hidden[0])
    assert parse(leases[0]) + timedelta(seconds=2) < back <= begun + timedelta(minutes=2)


def test_a_table_that_fails_while_an_item_breaks_off_takes_no_other_with_it(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same outage often hits the work and the clearing up after it."""
    run_id = service.start(listed(box, "healthy", "healthy"))
    work = ImportStage.handle

    def broken(stages: ImportStage, item: Item) -> Any:
        if item.item_id == "item_00001":
            raise RuntimeError("the table was not there")
        return work(stages, item)

    monkeypatch.setattr(ImportStage, "handle", broken)
    monkeypatch.setattr(ItemStore, "release", breaking(9, ItemStore.release))
    sent = event("provision", run_id=run_id, items=["item_00001"])
    sent["Records"][1]["body"] = json.dumps({"run_id": run_id, "items": ["item_00002"]})
    assert failed(handler_of("provision")(sent, Context())) == ids(sent)[:1]
    assert waiting(service.aws, "CONFIRM_QUEUE_URL") == [{"run_id": run_id, "items": ["item_00002"]}]


def test_a_redelivered_message_of_several_items_is_split(service: Service, box: Any) -> None:
    run_id = service.start(listed(box, "healthy", "healthy"))
    waiting(service.aws, "IMPORT_QUEUE_URL")
    sent = event("provision", run_id=run_id, items=["item_00001", "item_00002"])
    sent["Records"] = sent["Records"][:1]
    sent["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"
    assert handler_of("provision")(sent, Context()) == NOTHING_FAILED
    bodies = waiting(service.aws, "IMPORT_QUEUE_URL")
    assert sorted(body["items"] for body in bodies) == [["item_00001"], ["item_00002"]]
    assert {item["current_stage"] for item in service.items(run_id)} == {"probe"}


# --- dead letters


@pytest.mark.parametrize(
    ("queue", "stage", "recorded"),
    [
        ("ImportQueue", "probe", True),
        ("ImportQueue", "provision", True),
        ("ConfirmQueue", "confirm", True),
        ("ValidateQueue", "validate", True),
        ("ImportQueue", "confirm", False),
        ("ConfirmQueue", "validate", False),
        ("ValidateQueue", "done", False),
        ("", "confirm", True),
        ("", "done", False),
    ],
)
def test_a_dead_letter_is_recorded_only_on_an_item_that_is_still_there(
    service: Service, box: Any, queue: str, stage: str, recorded: bool
) -> None:
    run_id = service.start(listed(box, "healthy"))
    item = bootstrap().items.get(run_id, "item_00001")
    assert item is not None
    if stage != "probe":
        bootstrap().items.transition(item, {"current_stage": stage})
    sent = event("dead_letter", run_id=run_id, items=["item_00001"])
    sent["Records"] = sent["Records"][:1]
    attributes = sent["Records"][0]["attributes"]
    attributes.pop("DeadLetterQueueSourceArn")
    if queue:
        attributes["DeadLetterQueueSourceArn"] = f"arn:aws:sqs:us-east-1:123456789012:batch-import-{queue}-AbC123"
    assert handler_of("dead_letter")(sent, Context()) == NOTHING_FAILED
    shown = service.item(run_id)
    assert shown["current_stage"] == ("validate" if recorded else stage)
    assert shown["last_error_code"] == ("dead_lettered" if recorded else None)
    assert ("dead_lettered" in [e["event_type"] for e in shown["events"]]) is recorded
    expected = [{"run_id": run_id, "items": ["item_00001"]}] if recorded else []
    assert [work for work in waiting(service.aws, "VALIDATE_QUEUE_URL") if "items" in work] == expected
    if recorded:
        assert shown["confirmation_status"] == ("pending" if stage == "validate" else "failed")


def test_a_dead_letter_waits_for_the_worker_that_has_its_item(service: Service, box: Any) -> None:
    """Another message of the item may have been sent meanwhile: its worker would meet a row that is not its own."""
    run_id = service.start(listed(box, "healthy", "healthy"))
    items = bootstrap().items
    item = items.get(run_id, "item_00001")
    assert item is not None
    items.lease_if_free(item, "another", 60, (ItemStage.PROBE, ItemStage.PROVISION))
    sent = event("dead_letter", run_id=run_id, items=["item_00001", "item_00002"])
    sent["Records"] = sent["Records"][:1]
    assert failed(handler_of("dead_letter")(sent, Context())) == ids(sent)
    assert [item["last_error_code"] for item in service.items(run_id)] == [None, "dead_lettered"]
    service.clock.shift(61)
    assert handler_of("dead_letter")(sent, Context()) == NOTHING_FAILED
    assert [item["last_error_code"] for item in service.items(run_id)] == ["dead_lettered"] * 2


def test_a_worker_reckons_with_the_memory_that_its_function_has(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mock()
    made.return_value.run.return_value = []
    monkeypatch.setattr(stage_worker, "StageWorker", made)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "200")
    bootstrap.cache_clear()
    assert bootstrap().work(Mock(), {"Records": []}, Context()) == NOTHING_FAILED
    assert made.call_args.args[-1] == 200
