"""What must hold whatever happens: lost answers, repeated messages, cancelling, strict mode, customers' safety."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
import requests
from batch_import.aws.queue import Work, WorkQueue
from batch_import.bootstrap import bootstrap
from batch_import.coordination.lease_pool import resource_facts
from batch_import.domain.entities import Item
from batch_import.domain.provider import key_digest
from batch_import.host import transport
from batch_import.proofs.completion_proof import account_of
from batch_import.store.items import ItemStore
from batch_import.store.leases import PROVIDER, Leases
from botocore.exceptions import ClientError

import sandbox
from sandbox.testkit import wait_for
from tests.conftest import CUSTOMER_KEY, Service, seed
from tests.flows.test_business_chains import account, bulk_update, creations, event_types
from tests.support.pump import Context, handler_of, sqs_event

KEY = "sk-test-0000000000000001"
ACCOUNTS = r"/api/v1/admin/accounts$"


def healthy(box: Any, count: int) -> list[dict[str, Any]]:
    return [{"base_url": box.relay("healthy", f"h{n}"), "api_key": f"sk-test-{n:04d}"} for n in range(count)]


# --- effect once


@pytest.mark.parametrize("fault", ["drop_after", "500_after", "drop_before", 500, 503])
def test_an_uncertain_creation_ends_in_one_account(service: Service, box: Any, fault: str | int) -> None:
    box.host.fail_next("POST", ACCOUNTS, fault)
    run_id, [item] = service.import_([{"base_url": box.relay("healthy"), "api_key": KEY}])
    assert (item["access_status"], item["account_resolution"]) == ("active", "created")
    ours = [a for a in box.host.accounts.values() if a["extra"].get("import_provider_id") == item["provider_id"]]
    assert [a["id"] for a in ours] == [service.item(run_id)["account_id"]]


def accounts_made(box: Any) -> list[int]:
    return [a["id"] for a in box.host.accounts.values() if a["extra"].get("import_provider_id")]


def test_a_creation_that_the_host_executes_late_makes_one_account(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 0.8)
    box.host.options.write_delay = 3.0  # real seconds: beyond the second try and its first wait
    _, [item] = service.import_([{"base_url": box.relay("healthy"), "api_key": KEY}])
    assert (item["access_status"], item["account_resolution"]) == ("active", "created")
    wait_for(lambda: all(record["state"] != "running" for record in box.host.idempotency.values()))
    assert len(accounts_made(box)) == 1


def test_a_key_that_the_host_knows_with_another_body_is_not_used(service: Service, box: Any) -> None:
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    known = f"POST /api/v1/admin/accounts bi-{run_id}-item_00001-1"
    box.host.idempotency[known] = {"state": "done", "print": "another body", "at": box.host.now()}
    service.pump.run()
    assert (service.item(run_id)["access_status"], service.item(run_id)["retry_count"]) == ("active", 0)
    assert len(accounts_made(box)) == 1


def test_an_account_that_a_person_deletes_before_its_answer_comes_is_made_again(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", 2.0)
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    box.host.fail_next("POST", ACCOUNTS, "timeout_after")
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(service.pump.deliver, "provision")
        [made] = wait_for(lambda: accounts_made(box))
        url = f"{box.host_url}/api/v1/admin/accounts/{made}"
        requests.delete(url, headers={"x-api-key": box.admin_key}, timeout=2).raise_for_status()
        assert trying.result() == 1
    service.pump.run()
    item = service.item(run_id)
    assert (item["access_status"], item["retry_count"]) == ("active", 1)
    assert accounts_made(box) == [item["account_id"]] != [made]


@pytest.mark.parametrize(
    "path",
    [r"/admin/groups$", r"/admin/channels$", r"/bulk-update$", r"/admin/api-keys/", r"/subscriptions/assign$",
             r"/admin/users$", r"/api/v1/keys$", r"/admin/groups/\d+$"]
)  # fmt: skip
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_any_lost_answer_of_the_host_is_survived(service: Service, box: Any, path: str, fault: str) -> None:
    box.host.fail_next("POST" if "api-keys" not in path and r"groups/\d" not in path else "PUT", path, fault)
    _, [item] = service.import_([{"base_url": box.relay("healthy"), "api_key": KEY}])
    assert item["access_status"] == "active"
    assert creations(box) == 1
    names = [group["name"] for group in box.host.groups.values()]
    assert len(names) == len(set(names))


def test_every_message_three_times_changes_nothing(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 3))
    service.pump.run()
    before = service.run(run_id), service.items(run_id), creations(box)
    queues = {"provision": "IMPORT", "confirmation": "CONFIRM", "validation": "VALIDATE"}
    sqs = boto3.client("sqs")
    for name, body in service.pump.delivered * 2:
        sqs.send_message(QueueUrl=service.aws.environment[f"{queues[name]}_QUEUE_URL"], MessageBody=body)
    service.pump.run()
    assert (service.run(run_id), service.items(run_id), creations(box)) == before


def test_a_worker_that_dies_after_creating_leaves_no_second_account(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the host's answer and our write; the message comes back."""
    service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    items = bootstrap().items
    real, died = items.write, []

    def dying(pending: Any) -> Any:
        if pending.item.current_stage == "confirm" and not died:
            died.append(pending.item.item_id)
            raise KeyboardInterrupt
        return real(pending)

    monkeypatch.setattr(items, "write", dying)
    with pytest.raises(KeyboardInterrupt):
        service.pump.deliver("provision")
    service.pump.run()
    assert died
    assert creations(box) == 1
    assert [i["access_status"] for i in service.items(next(iter(all_runs(service))))] == ["active"]


def all_runs(service: Service) -> list[str]:
    return [run["run_id"] for run in service.call("GET", "/api/batch-import/runs")["runs"]]


def test_a_message_received_again_is_split_and_its_items_end(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 3))
    url = service.aws.environment["IMPORT_QUEUE_URL"]
    sqs = boto3.client("sqs")
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    message["Attributes"]["ApproximateReceiveCount"] = "2"
    assert handler_of("provision")(sqs_event([message], "import"), Context()) == {"batchItemFailures": []}
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    service.pump.run()
    singles = [json.loads(body)["items"] for name, body in service.pump.delivered if name == "provision"]
    assert sorted(singles) == [["item_00001"], ["item_00002"], ["item_00003"]]
    assert service.run(run_id)["run"]["active_items"] == 3


def test_a_dead_letter_is_told_and_still_gets_its_verdict(service: Service, box: Any) -> None:
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    sqs = boto3.client("sqs")
    url = service.aws.environment["IMPORT_QUEUE_URL"]
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    event = sqs_event([message], "stack-DeadLetters-1")
    assert handler_of("dead_letter")(event, Context()) == {"batchItemFailures": []}
    service.pump.run()
    item = service.item(run_id)
    assert (item["access_status"], item["last_error_code"]) == ("degraded", "dead_lettered")
    assert "dead_lettered" in event_types(item)
    assert service.run(run_id)["run"]["state"] == "failed"
    assert creations(box) == 0


def test_reconcile_finds_a_lost_message_and_a_run_left_open(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 2))
    boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment["IMPORT_QUEUE_URL"])
    assert handler_of("reconcile")({}, Context())["items_requeued"] == 0
    service.clock.shift(16 * 60)
    assert handler_of("reconcile")({}, Context())["items_requeued"] == 2
    service.pump.run()
    assert service.run(run_id)["run"]["state"] == "completed"
    assert "requeued" in event_types(service.item(run_id))


def test_dead_letters_that_cannot_be_recorded_come_back_alone(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = service.start(healthy(box, 3))
    boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment["IMPORT_QUEUE_URL"])
    works = [Work(run_id, ("item_00001", "item_00002")), Work(run_id, ("item_00003",))]
    attributes = {"ApproximateReceiveCount": "1"}
    event = sqs_event(
        [{"MessageId": f"m{n}", "ReceiptHandle": "r", "Body": work.body(), "Attributes": attributes}
         for n, work in enumerate(works)], "stack-DeadLetters-1")  # fmt: skip
    transition = ItemStore.transition

    def failing(self: ItemStore, item: Item, *arguments: Any) -> Item:
        if item.item_id == "item_00002":
            raise ConnectionError("a table that does not answer")
        return transition(self, item, *arguments)

    monkeypatch.setattr(ItemStore, "transition", failing)
    assert handler_of("dead_letter")(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    service.pump.run()
    codes = [item["last_error_code"] for item in service.items(run_id)]
    assert codes == ["dead_lettered", None, "dead_lettered"]


def test_a_row_that_cannot_be_read_keeps_reconcile_from_no_other_one(service: Service, box: Any) -> None:
    """As after a version with a new code was taken back."""
    other, spoilt, unread = (service.start(healthy(box, 2)) for _ in range(3))
    rows = {spoilt: ("ITEMS_TABLE", f"{spoilt}#0000", "item_00001"), unread: ("RUNS_TABLE", unread, "run")}
    for table, pk, sk in rows.values():
        boto3.client("dynamodb").update_item(
            TableName=service.aws.environment[table],
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET access_mode = :new, current_stage = :new",
            ExpressionAttributeValues={":new": {"S": "of a later version"}},
            ConditionExpression="attribute_exists(pk)",
        )
    boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment["IMPORT_QUEUE_URL"])
    service.clock.shift(16 * 60)
    with pytest.raises(Exception, match="2 rows cannot be read"):
        handler_of("reconcile")({}, Context())
    service.pump.run()
    assert service.run(other)["run"]["state"] == "completed"
    assert bootstrap().items.get(spoilt, "item_00002").access_status == "active"


def test_reconcile_erases_keys_after_their_retention(service: Service, box: Any) -> None:
    service.import_([{"base_url": box.relay("dead_key"), "api_key": KEY}])
    assert handler_of("reconcile")({}, Context())["keys_erased"] == 0
    service.clock.shift(24 * 3600 + 1)
    assert handler_of("reconcile")({}, Context())["keys_erased"] == 1


def test_reconcile_takes_an_account_out_of_the_isolation_group_where_a_killed_worker_left_it(
    service: Service, box: Any
) -> None:
    pair = healthy(box, 1)
    service.import_(pair)
    run_id, _ = service.import_(pair)  # a serving account is proven in an isolation group
    host, account_id = bootstrap().host, service.item(run_id)["account_id"]
    leases, places = host.leases, account_of(host.client, account_id).group_ids
    [isolation_group] = resource_facts(leases.all("lane"))
    bulk_update(box, account_id, group_ids=[*places, isolation_group["group_id"]])
    leases.acquire("lane", "000", "a killed worker", 120)
    assert handler_of("reconcile")({}, Context())["groups_cleared"] == 0
    service.clock.shift(121)
    assert handler_of("reconcile")({}, Context())["groups_cleared"] == 1
    assert account_of(host.client, account_id).group_ids == places
    assert handler_of("reconcile")({}, Context())["groups_cleared"] == 0


@pytest.mark.parametrize("hindrance", ["host", "lease"])
def test_reconcile_tries_again_to_empty_a_group_that_it_could_not(service: Service, box: Any, hindrance: str) -> None:
    pair = healthy(box, 1)
    service.import_(pair)
    run_id, _ = service.import_(pair)
    host, account_id = bootstrap().host, service.item(run_id)["account_id"]
    held, [isolation_group] = account_of(host.client, account_id), resource_facts(host.leases.all("lane"))
    bulk_update(box, account_id, group_ids=[*held.group_ids, isolation_group["group_id"]])
    host.leases.acquire("lane", "000", "a killed worker", 120)
    service.clock.shift(121)
    if hindrance == "host":
        box.host.fail_next("GET", r"/admin/accounts$", 500, times=9)
    else:
        host.leases.acquire(PROVIDER, held.provider_id, "another worker", 60)
    assert handler_of("reconcile")({}, Context())["groups_cleared"] == 0
    box.host.faults.clear()
    service.clock.shift(151)
    assert handler_of("reconcile")({}, Context())["groups_cleared"] == 1
    assert account_of(host.client, account_id).group_ids == held.group_ids


def test_everything_shuffled_and_delivered_three_times_comes_to_the_same(service: Service, box: Any) -> None:
    """SQS promises neither order nor once."""
    pairs = [*healthy(box, 8), {"base_url": box.relay("dead_key"), "api_key": KEY}]
    run_id = service.start([*pairs, pairs[0]])
    sqs, dice = boto3.client("sqs"), random.Random(6)
    send = sqs.send_message_batch

    def thrice(self: Any, entries: Any) -> None:
        copies = [{**e, "Id": f"{e['Id']}-{n}", "DelaySeconds": dice.randint(0, 9)} for e in entries for n in range(3)]
        dice.shuffle(copies)
        for at in range(0, len(copies), 10):
            send(QueueUrl=self._url, Entries=copies[at : at + 10])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkQueue, "_send_batch", lambda self, bodies, delay: thrice(
            self, [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]))  # fmt: skip
        service.pump.run()
    run, items = service.run(run_id)["run"], service.items(run_id)
    assert [item["access_status"] for item in items] == ["active"] * 8 + ["broken", "active"]
    assert (run["completed_items"], run["active_items"], run["broken_items"]) == (10, 9, 1)
    assert run["state"] == "completed_with_warnings"
    assert creations(box) == 8
    for item in items:
        assert event_types(service.item(run_id, item["item_id"])).count("access_decided") == 1


# --- modes of a run


def test_cancel_stops_what_is_not_provisioned_and_ends_the_rest(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 2))
    box.host.fail_next("*", ".", 503)
    cancelled = service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")
    assert cancelled["state"] == "cancelled"
    service.pump.run()
    items = service.items(run_id)
    assert [(i["current_stage"], i["access_status"], i["last_error_code"]) for i in items] == [
        ("done", "unknown", "cancelled")
    ] * 2
    run = service.run(run_id)["run"]
    assert (run["state"], run["completed_items"]) == ("cancelled", 2)
    assert run["finished_at"] is not None
    assert creations(box) == 0
    assert box.host.faults.armed  # a verdict alone needs no host
    box.host.faults.clear()
    status, body = service.call("POST", f"/api/batch-import/runs/{service.import_(healthy(box, 1))[0]}/cancel")
    assert (status, body["error"]["code"]) == (409, "conflict")


def test_strict_mode_stops_after_the_first_broken_item(service: Service, box: Any) -> None:
    bad = {"base_url": box.relay("dead_key"), "api_key": KEY}
    run_id = service.start([bad, *healthy(box, 1)], mode="strict")
    url = service.aws.environment["IMPORT_QUEUE_URL"]
    sqs = boto3.client("sqs")
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    for item_id in ("item_00001", "item_00002"):  # one after the other, so that the first has ended
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"run_id": run_id, "items": [item_id]}))
        service.pump.run()
    items = service.items(run_id)
    assert [i["last_error_code"] for i in items] == ["auth_failed", "stopped_by_strict"]
    assert [i["access_status"] for i in items] == ["broken", "broken"]
    assert service.run(run_id)["run"]["state"] == "failed"
    assert creations(box) == 0


def stop_by_strict(service: Service, run_id: str) -> None:
    """The run's other item, whose key is dead, ends while this one waits for its retry."""
    assert service.run(run_id)["run"]["mode"] == "strict"


def cancel(service: Service, run_id: str) -> None:
    service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")


def dead_letter(service: Service, run_id: str) -> None:
    body = json.dumps({"run_id": run_id, "items": ["item_00001"]})
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": body, "Attributes": {}}
    handler_of("dead_letter")(sqs_event([message], "stack-DeadLetters-1"), Context())


STOPS = [(stop_by_strict, "stopped_by_strict"), (cancel, "cancelled"), (dead_letter, "dead_lettered")]


def begun(service: Service, box: Any, status: str, path: str) -> tuple[str, dict[str, Any]]:
    """A strict run that breaks off at ``path`` in switching on an account, which has two groups; and the account."""
    requests.post(
        f"{box.host_url}/api/v1/admin/groups",
        json={"name": "pool", "platform": "openai", "rate_multiplier": 1},
        headers={"x-api-key": box.admin_key},
        timeout=5,
    )
    first, [made] = service.import_(healthy(box, 1), join_groups=["pool"])
    account_id = service.item(first, made["item_id"])["account_id"]
    bulk_update(box, account_id, status=status)
    before = account(box, account_id)
    assert len(before["group_ids"]) == 2
    box.host.fail_next("POST", path, 503)
    run_id = service.start([*healthy(box, 1), {"base_url": box.relay("dead_key"), "api_key": KEY}], mode="strict")
    service.pump.deliver("provision")
    return run_id, before


@pytest.fixture
def half_woken(service: Service, box: Any) -> tuple[str, dict[str, Any]]:
    run_id, before = begun(service, box, "inactive", r"/recover-state$")
    now = account(box, before["id"])
    assert (now["extra"]["import_state"], len(now["group_ids"])) == ("unproven", 1)
    return run_id, before


def as_it_was(account: dict[str, Any]) -> dict[str, Any]:
    return {name: account[name] for name in ("status", "schedulable", "group_ids")} | {
        "state": account["extra"]["import_state"]
    }


@pytest.mark.parametrize(("stop", "code"), STOPS)
def test_an_item_that_stops_half_way_puts_its_account_back(
    service: Service, box: Any, half_woken: tuple[str, dict[str, Any]], stop: Any, code: str
) -> None:
    run_id, before = half_woken
    stop(service, run_id)
    service.pump.run()
    assert service.item(run_id)["last_error_code"] == code
    assert as_it_was(account(box, before["id"])) == as_it_was(before)
    item = bootstrap().items.get(run_id, "item_00001")
    assert item is not None
    assert "still_off" in [advisory.code for advisory in item.advisory_list]


def test_a_broken_account_that_was_half_repaired_waits_in_quarantine_and_an_undo_puts_it_back(
    service: Service, box: Any
) -> None:
    run_id, before = begun(service, box, "error", r"/recover-state$")
    cancel(service, run_id)
    service.pump.run()
    now = account(box, before["id"])
    assert (now["extra"]["import_state"], len(now["group_ids"])) == ("failed", 1)
    service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    service.pump.run()
    assert as_it_was(account(box, before["id"])) == as_it_was(before)


def test_an_account_that_nothing_was_done_to_stays_as_it_is_when_the_item_stops(service: Service, box: Any) -> None:
    run_id, before = begun(service, box, "error", r"/bulk-update$")
    cancel(service, run_id)
    service.pump.run()
    assert service.item(run_id)["account_resolution"] == "replaced"
    assert as_it_was(account(box, before["id"])) == as_it_was(before)


@pytest.mark.parametrize("answer", [503, "drop_after"])
@pytest.mark.parametrize(("stop", "code"), STOPS)
def test_an_account_is_put_back_when_the_host_answers_again(
    service: Service, box: Any, half_woken: tuple[str, dict[str, Any]], stop: Any, code: str, answer: int | str
) -> None:
    run_id, before = half_woken
    stop(service, run_id)
    box.host.fail_next("POST", r"/bulk-update$", answer)
    service.pump.run()
    assert as_it_was(account(box, before["id"])) == as_it_was(before)
    item = service.item(run_id)
    assert item["last_error_code"] == code
    told = [(event["event_type"], event["stage"]) for event in item["events"]]
    assert ("retry_scheduled", "validate") in told
    assert "did not put the account back" not in " ".join(item["advisory_messages"])


@pytest.mark.parametrize(("stop", "code"), STOPS)
def test_an_undo_puts_back_what_the_host_kept_an_item_from_putting_back(
    service: Service, box: Any, half_woken: tuple[str, dict[str, Any]], stop: Any, code: str
) -> None:
    run_id, before = half_woken
    stop(service, run_id)
    box.host.fail_next("POST", r"/bulk-update$", 503, times=50)
    service.pump.run()
    item = service.item(run_id)
    assert item["last_error_code"] == code
    assert "did not put the account back" in " ".join(item["advisory_messages"])
    assert [json.loads(e["payload_json"]).get("code") for e in item["events"]].count("not_put_back") == 1
    assert account(box, before["id"])["extra"]["import_state"] == "unproven"
    box.host.faults.clear()
    service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    service.pump.run()
    assert service.item(run_id)["undo_result"]["outcome"] == "restored"
    assert as_it_was(account(box, before["id"])) == as_it_was(before)


def test_self_service_proves_the_given_key_and_puts_it_back(service: Service, box: Any) -> None:
    ids = seed(box, "self@example.com", "sk-customer-self-service-01")
    before = box.host.keys[ids["api_key_id"]]["group_id"]
    run_id, items = service.import_(healthy(box, 2), access_mode="self_service", subscription_users=[],
                                    probe_api_key="sk-customer-self-service-01")  # fmt: skip
    assert [i["access_status"] for i in items] == ["active", "active"]
    assert service.run(run_id)["recent_warnings"] == []
    assert service.run(run_id)["run"]["state"] == "completed"
    assert box.host.keys[ids["api_key_id"]]["group_id"] == before
    used = [e for e in box.ledger() if e["path"] == f"/api/v1/admin/api-keys/{ids['api_key_id']}"]
    assert len(used) == 2  # bound once in the run, and put back
    run = bootstrap().runs.get(run_id)
    assert run is not None
    assert bootstrap().service.open_probe_key(run) is None


def test_a_given_key_that_stayed_bound_is_put_back_after_the_run_has_ended(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was killed between binding the key and putting it back, and another one ended the run."""
    ids = seed(box, "self@example.com", "sk-customer-self-service-01")
    key = box.host.keys[ids["api_key_id"]]
    run_id = service.start(healthy(box, 1), access_mode="self_service", subscription_users=[],
                           probe_api_key="sk-customer-self-service-01")  # fmt: skip
    runs, [bound] = bootstrap().runs, list(box.host.groups)[:1]
    digest = key_digest("sk-customer-self-service-01")
    facts = {
        "phase": "bound", "key_id": ids["api_key_id"], "key_digest": digest, "group_before": 0, "group_id": bound
    }  # fmt: skip
    assert runs.set_self_service(run_id, facts, None)
    key["group_id"] = bound
    service.pump.run()
    assert service.run(run_id)["run"]["state"] == "completed_with_warnings"
    [warning] = service.run(run_id)["recent_warnings"]
    assert "no proof came to its end" in warning
    assert key["group_id"] == bound

    service.clock.shift(16 * 60)
    box.host.fail_next("PUT", rf"/admin/api-keys/{ids['api_key_id']}$", 404)
    assert bootstrap().reconcile().sweep()["keys_put_back"] == 0  # the rest of the sweep is done all the same
    service.clock.shift(16 * 60)
    refused = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    with monkeypatch.context() as patch:
        patch.setattr(Leases, "acquire", Mock(side_effect=ClientError(refused, "UpdateItem")))
        assert bootstrap().reconcile().sweep()["keys_put_back"] == 0
    service.clock.shift(16 * 60)
    with monkeypatch.context() as patch:
        patch.setattr(Leases, "acquire", Mock(side_effect=ZeroDivisionError))
        with pytest.raises(ZeroDivisionError):
            bootstrap().reconcile().sweep()
    service.clock.shift(16 * 60)
    assert bootstrap().host.leases.acquire("given-key", digest, "a worker of another run", 59)
    assert bootstrap().reconcile().sweep()["keys_put_back"] == 0
    assert key["group_id"] == bound
    service.clock.shift(60)
    assert bootstrap().reconcile().sweep()["keys_put_back"] == 1
    assert key["group_id"] is None
    service.clock.shift(16 * 60)
    assert run_id not in runs.overdue(10)


def test_a_cancelled_run_erases_its_probe_key(service: Service, box: Any) -> None:
    run_id = service.start(healthy(box, 2), access_mode="self_service", subscription_users=[],
                           probe_api_key="sk-customer-self-service-01")  # fmt: skip
    run = bootstrap().runs.get(run_id)
    assert run is not None
    assert bootstrap().service.open_probe_key(run) == "sk-customer-self-service-01"
    service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")
    service.pump.run()
    assert bootstrap().service.open_probe_key(run) is None


def test_a_given_key_that_cannot_prove_is_a_warning_of_the_run(service: Service, box: Any) -> None:
    run_id, [item] = service.import_(healthy(box, 1), access_mode="self_service", subscription_users=[],
                                     probe_api_key="sk-nobody-knows-this-key-01")  # fmt: skip
    assert item["access_status"] == "active"
    [warning] = service.run(run_id)["recent_warnings"]
    assert "probe_api_key could not prove access" in warning
    assert service.run(run_id)["run"]["state"] == "completed_with_warnings"


# --- reuse and customers


@pytest.mark.parametrize(
    ("profile", "expected"), [("healthy", "confirmed"), ("stream_forbidden", "advisory"), ("dead_key", "failed")]
)
def test_how_reactivated_reads_after_each_confirmation(service: Service, box: Any, profile: str, expected: str) -> None:
    """A relay whose key died after the first import: the account stays off, and that is told."""
    url = box.relay("stream_forbidden" if profile == "stream_forbidden" else "healthy")
    run_id, _ = service.import_([{"base_url": url, "api_key": KEY}])
    account_id = service.item(run_id)["account_id"]
    places = account(box, account_id)["group_ids"]
    bulk_update(box, account_id, status="inactive")
    if expected == "failed":
        box.host.fail_next("POST", rf"/accounts/{account_id}/test$", 500, times=20)

    run_id, [item] = service.import_([{"base_url": url, "api_key": KEY}])

    assert (item["matched_account_state"], item["account_resolution"]) == ("disabled", "reactivated")
    assert item["confirmation_status"] == expected
    after = account(box, account_id)
    assert after["group_ids"] == places
    if expected == "failed":
        assert item["access_status"] == "degraded"
        assert any("still off" in text for text in item["advisory_messages"])
        assert after["status"] == "inactive"
    else:
        assert item["access_status"] == "active"
        assert (after["status"], after["schedulable"]) == ("active", True)


def test_reactivate_ours_leaves_a_persons_pause_alone(service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, _ = service.import_([pair])
    account_id = service.item(run_id)["account_id"]
    bulk_update(box, account_id, schedulable=False)
    writes = len(box.ledger())

    _, [item] = service.import_([pair], reactivate="ours")

    assert (item["matched_account_state"], item["account_resolution"]) == ("disabled", None)
    assert (item["confirmation_status"], item["access_status"]) == ("failed", "broken")
    assert item["last_error_code"] == "paused_by_operator"
    assert "schedulable" in item["advice"]
    assert box.ledger()[writes:] == []


def test_a_serving_account_keeps_its_customers_during_the_proof(service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, _ = service.import_([pair])
    account_id = service.item(run_id)["account_id"]
    [place] = account(box, account_id)["group_ids"]
    writes = len(box.ledger())

    service.import_([pair])

    moves = [e["body"]["group_ids"] for e in box.ledger()[writes:] if "group_ids" in (e["body"] or {})
             and e["path"].endswith("bulk-update")]  # fmt: skip
    assert len(moves) >= 2
    assert all(place in groups for groups in moves)
    assert account(box, account_id)["group_ids"] == [place]


def test_no_customer_reaches_an_account_before_it_is_proven(service: Service, box: Any) -> None:
    """Every write on the account before its completion keeps it in groups that only the service's keys can use."""
    service.import_([{"base_url": box.relay("healthy"), "api_key": KEY}])
    opened = False
    for entry in box.ledger():
        if entry["path"].startswith("/api/v1/admin/groups/") and entry["body"].get("is_exclusive") is False:
            opened = True
        if entry["path"] == "/api/v1/admin/subscriptions/assign":
            assert opened
    created = [e for e in box.ledger() if e["path"] == "/api/v1/admin/groups"]
    assert all(e["body"]["is_exclusive"] is True for e in created)


def test_join_groups_are_joined_last_and_an_unknown_one_is_an_advisory(service: Service, box: Any) -> None:
    headers = {"x-api-key": box.admin_key}
    body = {"name": "pool", "platform": "openai", "rate_multiplier": 1}
    pool = requests.post(f"{box.host_url}/api/v1/admin/groups", headers=headers, json=body, timeout=5).json()["data"]
    run_id, [item] = service.import_(healthy(box, 1), join_groups=["pool", "nowhere"])
    assert pool["id"] in account(box, service.item(run_id)["account_id"])["group_ids"]
    assert item["access_status"] == "active"
    assert any("nowhere" in text for text in item["advisory_messages"])


def test_an_unknown_subscription_user_is_told_and_the_others_are_served(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_import.http_api.use_cases.demand_known_customers", lambda *_: None)  # not asked in time
    _, [item] = service.import_(healthy(box, 1), subscription_users=["nobody@example.com", "customer@example.com"])
    assert item["access_status"] == "active"
    assert any("nobody@example.com" in text for text in item["advisory_messages"])
    assert len(box.host.subscriptions) == 1


def test_the_customers_key_works_after_the_import(service: Service, box: Any) -> None:
    ids = seed(box, "buyer@example.com", "sk-customer-buyer-000000001")
    run_id, [item] = service.import_(healthy(box, 1), subscription_users=["buyer@example.com"])
    group = account(box, service.item(run_id)["account_id"])["group_ids"][0]
    headers = {"x-api-key": box.admin_key}
    bound = requests.put(f"{box.host_url}/api/v1/admin/api-keys/{ids['api_key_id']}", headers=headers,
                         json={"group_id": group}, timeout=5)  # fmt: skip
    assert bound.status_code == 200
    answer = requests.post(
        f"{box.host_url}/v1/chat/completions", timeout=5,
        headers={"Authorization": "Bearer sk-customer-buyer-000000001"},
        json={"model": item["resolved_smoke_model"], "messages": [{"role": "user", "content": "hi"}]},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.json()["choices"]


def test_many_keys_of_one_provider_all_end(service: Service, box: Any) -> None:
    url = box.relay("healthy")
    run_id, items = service.import_([{"base_url": url, "api_key": f"sk-test-{n:04d}"} for n in range(12)])
    assert {i["access_status"] for i in items} == {"active"}
    assert creations(box) == 12
    assert service.run(run_id)["run"]["state"] == "completed"
    assert len({g["name"] for g in box.host.groups.values() if g["name"].startswith(items[0]["provider_id"])}) == 1


def test_the_host_without_credentials_is_a_clear_degraded_verdict(service: Service, box: Any) -> None:
    service.aws.put_host("", "")
    _, [item] = service.import_(healthy(box, 1))
    assert (item["access_status"], item["last_error_code"]) == ("degraded", "host_refuses_credentials")
    assert CUSTOMER_KEY not in str(item)


def test_another_host_is_not_taken_for_the_one_before(service: Service, box: Any) -> None:
    """Keys, isolation groups and groups that were found on one host mean nothing on the next."""
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    service.import_([pair])
    service.import_([pair])
    with sandbox.running(join_delay=(0, 0)) as other:
        seed(other, "customer@example.com", CUSTOMER_KEY)
        service.aws.put_host(other.host_url, other.admin_key)
        bootstrap.cache_clear()
        _, [item] = service.import_([pair])
        assert (item["access_status"], item["account_resolution"]) == ("active", "created")


def test_another_deployment_secret_makes_another_probe_user_in_a_warm_process(service: Service, box: Any) -> None:
    def probe_users() -> set[str]:
        return {user["email"] for user in box.host.users.values() if user["email"].startswith("probe-")}

    service.import_(healthy(box, 1))
    old = probe_users()
    boto3.client("secretsmanager").put_secret_value(SecretId="deployment", SecretString="another-" + "0" * 40)
    bootstrap()._kept_secrets.clear()  # as half a minute later
    _, [item] = service.import_(healthy(box, 1))
    assert item["access_status"] == "active"
    assert len(probe_users() - old) == 1


@pytest.mark.parametrize("what", ["keys", "lanes"])
def test_isolation_groups_and_keys_that_a_person_deleted_are_made_again(service: Service, box: Any, what: str) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    service.import_([pair])
    service.import_([pair])
    if what == "keys":
        probes = [k for k in box.host.keys.values() if k["name"].startswith("batch-import")]
        for key in probes:
            box.host.keys.pop(key["id"])
            box.host.key_ids.pop(key["key"])
    else:
        for group in [g for g in box.host.groups.values() if "lane" in g["name"]]:
            requests.delete(
                f"{box.host_url}/api/v1/admin/groups/{group['id']}", headers={"x-api-key": box.admin_key}, timeout=5
            )
    _, [item] = service.import_([pair])
    assert (item["access_status"], item["account_resolution"]) == ("active", "reused")
