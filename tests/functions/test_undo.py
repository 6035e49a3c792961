"""The undo route, and the worker when the host fails (docs/design.md#37-undo)."""

from typing import Any
from unittest.mock import Mock
from urllib.parse import urljoin

import boto3
import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.bootstrap import bootstrap
from batch_import.domain.errors import OutOfResources
from batch_import.domain.types import AccessStatus
from batch_import.proofs.withdrawal import Withdrawal
from batch_import.runs import undo as undo_worker

from tests.conftest import Service
from tests.functions.test_api import BODY, RUNS, call, queued, stored
from tests.functions.test_retry import ended
from tests.support.aws import Aws
from tests.support.pump import Context, handler_of

BROKEN, UNKNOWN = AccessStatus.BROKEN, AccessStatus.UNKNOWN


def undo(run_id: str, **more: Any) -> Any:
    return call("POST", f"{RUNS}/{run_id}/undo", **more)


def test_the_answer_says_where_to_look_and_whether_it_was_given_before(aws: Aws) -> None:
    run_id = ended([BROKEN])
    first, again = (undo(run_id, Idempotency_Key="once") for _ in range(2))
    assert urljoin(f"{RUNS}/{run_id}/undo", first.headers["Location"]) == f"{RUNS}/{run_id}"
    assert int(first.headers["Retry-After"]) > 0
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_it_is_only_queued_and_the_run_says_so(aws: Aws) -> None:
    run_id = ended([BROKEN])
    before = queued(aws)
    answer = undo(run_id)
    assert answer.status == 202
    assert answer.json["undo_asked_at"] is not None
    assert answer.json["undone_at"] is None
    assert answer.json == call("GET", f"{RUNS}/{run_id}").json["run"]
    assert queued(aws) == before + 1


def test_a_second_call_goes_on_with_the_same_undo(aws: Aws) -> None:
    run_id = ended([BROKEN])
    assert undo(run_id).json == undo(run_id).json


def test_the_same_idempotency_key_begins_no_second_undo(aws: Aws) -> None:
    run_id, other = ended([BROKEN]), ended([BROKEN])
    first = undo(run_id, Idempotency_Key="once").json
    run = bootstrap().runs.get(run_id)
    assert run is not None
    bootstrap().runs.end_undo(run)
    again = undo(run_id, Idempotency_Key="once").json
    assert (again["undo_asked_at"], again["undone_at"] is None) == (first["undo_asked_at"], False)
    assert undo(other, Idempotency_Key="once").error[:2] == (409, "conflict")
    assert undo(run_id).json["undone_at"] is None


def test_an_idempotency_key_that_expired_is_free_again_although_its_row_is_still_there(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, other = ended([BROKEN]), ended([BROKEN])
    with monkeypatch.context() as patch:
        patch.setattr("batch_import.store.runs._IDEMPOTENCY_HOURS", 0)
        assert undo(run_id, Idempotency_Key="once").status == 202
    assert undo(other, Idempotency_Key="once").status == 202
    assert undo(run_id, Idempotency_Key="once").error[:2] == (409, "conflict")


def test_what_cannot_be_undone_is_told(aws: Aws) -> None:
    running = str(call("POST", RUNS, BODY).json["run_id"])
    dry = ended([UNKNOWN], dry_run=True)
    before = stored()
    told = [undo(run_id).error for run_id in (running, dry, "run_nowhere")]
    assert [status for status, _, _ in told] == [409, 409, 404]
    assert "has not ended" in told[0][2]
    assert "dry run" in told[1][2]
    assert [undo(running, role=role).status for role in ("viewer", "")] == [403, 403]
    assert stored() == before


@pytest.mark.parametrize("error", [OutOfTime(), OutOfResources("no descriptor left")])
def test_a_fault_of_our_own_is_never_told_as_the_hosts(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run_id, _ = service.import_([{"base_url": box.relay("healthy"), "api_key": "sk-test-undo"}])
    service.call("POST", f"{RUNS}/{run_id}/undo")
    service.clock.shift(3700)
    with monkeypatch.context() as patch:
        patch.setattr(Withdrawal, "withdraw", Mock(side_effect=error))
        service.pump.deliver()
    assert service.items(run_id)[0]["undo_result"] is None
    service.pump.run()
    assert service.items(run_id)[0]["undo_result"]["outcome"] != "kept"


def test_an_undo_that_takes_long_is_not_told_as_the_hosts_failure(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider with thousands of keys takes more than an hour; here each invocation has time for one account."""
    base = box.relay("healthy")
    run_id, _ = service.import_([{"base_url": base, "api_key": f"sk-test-undo-{n}"} for n in range(3)])
    service.call("POST", f"{RUNS}/{run_id}/undo")
    service.clock.shift(3700)
    monkeypatch.setattr(undo_worker, "_ONE_MORE", 1_000.0)
    done = []
    for _ in range(3):
        service.pump.deliver()
        done.append(sum(item["undo_result"] is not None for item in service.items(run_id)))
    assert done == [1, 2, 3]
    assert {item["undo_result"]["outcome"] for item in service.items(run_id)} == {"removed"}


def test_a_host_that_fails_is_waited_for_an_hour_and_then_told(service: Service, box: Any) -> None:
    run_id, _ = service.import_([{"base_url": box.relay("healthy"), "api_key": "sk-test-undo"}])
    service.aws.put_host("http://127.0.0.1:9", "admin-key")
    bootstrap.cache_clear()
    service.call("POST", f"{RUNS}/{run_id}/undo")
    service.pump.deliver()
    assert service.items(run_id)[0]["undo_result"] is None
    service.clock.shift(3700)
    service.pump.run()
    [item] = service.items(run_id)
    assert (item["undo_result"]["outcome"], item["undo_result"]["reason"]) == ("kept", "host_failed")
    assert service.run(run_id)["run"]["undone_at"] is not None

    service.aws.put_host(box.host_url, box.admin_key)
    bootstrap.cache_clear()
    service.clock.shift(3600)
    service.call("POST", f"{RUNS}/{run_id}/undo")
    service.pump.run()
    assert service.items(run_id)[0]["undo_result"]["outcome"] == "removed"


def test_reconcile_queues_a_lost_undo_again_and_stops_watching_at_its_end(service: Service, box: Any) -> None:
    run_id, _ = service.import_([{"base_url": box.relay("healthy"), "api_key": "sk-test-undo"}])
    service.call("POST", f"{RUNS}/{run_id}/undo")
    boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment["IMPORT_QUEUE_URL"])
    service.clock.shift(16 * 60)
    assert handler_of("reconcile")({}, Context())["undos_requeued"] == 1
    service.pump.run()
    assert service.run(run_id)["run"]["undone_at"] is not None
    service.clock.shift(16 * 60)
    assert handler_of("reconcile")({}, Context())["undos_requeued"] == 0
    assert bootstrap().runs.watched() == []
