"""After a start with empty queues, which the embedded stack has after a crash, everything is queued again."""

from typing import Any

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.store.vault import KeyVault
from cryptography.exceptions import InvalidTag

from tests.conftest import Service
from tests.flows.test_business_chains import creations
from tests.flows.test_guarantees import healthy
from tests.support.pump import STAGES, Context, handler_of


def restart(service: Service, *, lost: bool = True) -> Any:
    for variable, _ in STAGES if lost else ():
        boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment[variable])
    return handler_of("reconcile")({"restarted": True}, Context())


@pytest.mark.parametrize("delivered", [[], ["provision"], ["provision", "confirmation"]])
def test_lost_messages_are_made_anew_at_once(service: Service, box: Any, delivered: list[str]) -> None:
    run_id = service.start(healthy(box, 3))
    for name in delivered:
        service.pump.deliver(name)
    assert restart(service)["items_requeued"] == 3
    service.pump.run()
    assert [item["access_status"] for item in service.items(run_id)] == ["active"] * 3
    assert service.run(run_id)["run"]["state"] == "completed"
    assert creations(box) == 3


def test_a_list_that_was_not_expanded_yet_is_expanded(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 120))
    assert restart(service)["lists_requeued"] == 1
    service.pump.deliver("provision")
    assert len(service.items(run_id, current_stage="probe")) > 0


def test_a_list_that_cannot_be_opened_any_more_ends_without_keys(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the restoring of a backup without secrets."""
    monkeypatch.setattr("batch_import.runs.create.EXPAND_AT_ONCE", 1)
    run_id = service.start(healthy(box, 3))
    monkeypatch.setattr(KeyVault, "open", a_key_that_does_not_fit)
    restart(service)
    service.pump.run()
    items = service.items(run_id)
    assert {(item["access_status"], item["last_error_code"]) for item in items} == {("broken", "key_erased")}
    assert [item["base_url"] for item in sorted(items, key=by_id)] == [one["base_url"] for one in healthy(box, 3)]
    assert service.run(run_id)["run"]["state"] == "failed"
    assert restart(service, lost=False)["lists_requeued"] == 0


def a_key_that_does_not_fit(*_: Any) -> bytes:
    raise InvalidTag


def by_id(item: dict[str, Any]) -> str:
    return str(item["item_id"])


def test_a_run_that_nobody_has_closed_is_closed(service: Service, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = service.start(healthy(box, 1))
    with monkeypatch.context() as patch:
        patch.setattr(type(bootstrap().runs), "close", lambda *_: False)
        service.pump.run()
    assert service.run(run_id)["run"]["state"] == "running"
    assert restart(service)["runs_closed"] == 1
    assert service.run(run_id)["run"]["state"] == "completed"


def test_more_than_a_page_of_items_is_queued_and_a_second_restart_does_no_harm(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batch_import.runs.reconcile._READ_TOGETHER", 3)
        assert [restart(service, lost=lost)["items_requeued"] for lost in (True, False)] == [8, 8]
    service.pump.run()
    assert creations(box) == 8
    assert service.run(run_id)["run"]["state"] == "completed"
    assert restart(service, lost=False)["items_requeued"] == 0
