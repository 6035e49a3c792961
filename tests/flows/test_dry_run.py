"""A dry run finds out and decides and writes nothing to the host; its plan is applied as a new run.

See docs/design.md#31-routes.
"""

from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.host.accounts import existing_account

from sandbox.relays.profiles import DeadKey, Healthy
from tests.conftest import Service
from tests.flows.test_business_chains import creations
from tests.support.place import REAL_URL, Place

RUNS = "/api/batch-import/runs"
pytestmark = pytest.mark.timeout(300 if REAL_URL else 60)


def pair(box: Any, profile: str, name: str = "", **more: Any) -> dict[str, Any]:
    return {"base_url": box.relay(profile, name or profile), "api_key": f"sk-test-{name or profile}", **more}


def planned(service: Service, *pairs: dict[str, Any], **fields: Any) -> tuple[str, list[dict[str, Any]]]:
    return service.import_(list(pairs), dry_run=True, **fields)


def apply(service: Service, run_id: str, body: Any = None) -> tuple[Any, list[dict[str, Any]]]:
    answer = service.call("POST", f"{RUNS}/{run_id}/apply", body)
    if isinstance(answer, tuple):
        return answer, []
    service.pump.run()
    return answer, service.items(answer["run_id"])


def test_nothing_is_written_to_the_host_and_every_item_has_its_plan(service: Service, box: Any) -> None:
    before = len(box.ledger())
    run_id, items = planned(
        service, pair(box, "healthy"), pair(box, "messages_x_api_key"), pair(box, "dead_key"), mode="strict"
    )
    assert len(box.ledger()) == before

    run = service.run(run_id)["run"]
    assert (run["state"], run["dry_run"], run["completed_items"]) == ("completed_with_warnings", True, 3)
    assert [item["access_status"] for item in items] == ["unknown", "unknown", "broken"]
    assert {(item["current_stage"], item["account_resolution"]) for item in items} == {("done", None)}
    healthy, claude, dead = (item["plan"] for item in items)
    assert healthy["models"]
    assert healthy["models_total"] == len(healthy["models"])
    provider = items[0]["provider_id"]
    assert {name: healthy[name] for name in healthy if not name.startswith("models")} == {
        "resolution": "created", "matched_account_state": None, "platform": "openai", "account_id": None,
        "group": f"{provider}-sub", "new_models": [],
    }  # fmt: skip
    assert claude["platform"] == "anthropic"
    assert dead is None
    kinds = [event["event_type"] for event in service.item(run_id)["events"]]
    assert [kind for kind in kinds if kind.endswith("decided")] == ["reuse_decided", "access_decided"]


def test_it_ends_completed_when_all_could_be_planned_and_never_failed(service: Service, box: Any) -> None:
    good, _ = planned(service, pair(box, "healthy", "one"), pair(box, "healthy", "two"))
    bad, _ = planned(service, pair(box, "dead_key"))
    assert [service.run(run_id)["run"]["state"] for run_id in (good, bad)] == ["completed", "completed_with_warnings"]


def test_a_plan_names_the_account_that_would_be_used_and_is_carried_out(service: Service, box: Any) -> None:
    held, _ = service.import_([pair(box, "healthy", "held")])
    account_id = service.item(held)["account_id"]
    made = creations(box)

    run_id, items = planned(service, pair(box, "healthy", "held"), pair(box, "healthy", "new"), pair(box, "dead_key"))
    assert [item["plan"] and item["plan"]["resolution"] for item in items] == ["reused", "created", None]
    assert items[0]["plan"]["account_id"] == account_id
    assert items[0]["plan"]["matched_account_state"] == "active"

    answer, items = apply(service, run_id)
    assert (answer["plan_of"], answer["total_items"], answer["left_out_items"]) == (run_id, 2, 0)
    assert [item["access_status"] for item in items] == ["active", "active"]
    assert [item["account_resolution"] for item in items] == ["reused", "created"]
    assert creations(box) == made + 1
    run = service.run(answer["run_id"])["run"]
    assert (run["dry_run"], run["plan_of"], run["retry_of"]) == (False, run_id, None)


def test_an_item_whose_decision_is_another_by_now_stops_and_others_go_on(service: Service, box: Any) -> None:
    both = pair(box, "healthy", "changed"), pair(box, "healthy", "same")
    run_id, _ = planned(service, *both)
    service.import_([both[0]])
    made = creations(box)

    answer, [changed, same] = apply(service, run_id)
    assert (changed["access_status"], changed["last_error_code"]) == ("broken", "plan_changed")
    assert changed["last_error"].startswith("planned: created account to be made")
    assert changed["account_resolution"] is None
    assert (same["access_status"], creations(box)) == ("active", made + 1)

    again = service.call("POST", f"{RUNS}/{answer['run_id']}/retry")  # whoever wants it all the same
    service.pump.run()
    [retried] = service.items(again["run_id"])
    assert (retried["access_status"], retried["account_resolution"]) == ("active", "reused")


def test_the_same_pair_twice_is_planned_and_entered_once(service: Service, box: Any) -> None:
    run_id, items = planned(service, pair(box, "healthy"), pair(box, "healthy"))
    assert [item["plan"]["resolution"] for item in items] == ["created", "created"]
    made = creations(box)
    _, items = apply(service, run_id)
    assert [item["account_resolution"] for item in items] == ["created", "reused"]
    assert creations(box) == made + 1


def test_what_cannot_be_applied_is_a_conflict(service: Service, box: Any) -> None:
    real, _ = service.import_([pair(box, "dead_key")])
    failed, _ = planned(service, pair(box, "dead_key"))
    running = service.start([pair(box, "healthy")], dry_run=True)
    told = [apply(service, run_id)[0] for run_id in (real, failed, running, "run_nowhere")]
    assert [status for status, _ in told] == [409, 409, 409, 404]
    texts = [body["error"]["message"] for _, body in told]
    assert ["no dry run" in texts[0], "planned no item" in texts[1], "has not ended" in texts[2]] == [True] * 3

    service.pump.run()
    first = service.call("POST", f"{RUNS}/{running}/apply", **{"Idempotency-Key": "once"})
    assert service.call("POST", f"{RUNS}/{running}/apply", **{"Idempotency-Key": "once"}) == first
    status, body = service.call("POST", f"{RUNS}/{running}/apply")
    assert status == 409
    assert first["run_id"] in body["error"]["message"]
    assert service.raw("POST", f"{RUNS}/{running}/apply", role="viewer")[0] == 403


def test_a_plan_lives_as_long_as_its_keys_and_self_service_brings_its_own(service: Service, box: Any) -> None:
    fields = {"access_mode": "self_service", "probe_api_key": "sk-customer-0000000000001", "subscription_users": []}
    run_id, _ = planned(service, pair(box, "healthy", "one"), pair(box, "healthy", "two"), **fields)
    assert apply(service, run_id)[0][0] == 400
    bootstrap().secret_store.erase(run_id, ["item_00001"])
    answer, items = apply(service, run_id, {"probe_api_key": "sk-customer-0000000000001"})
    assert (answer["left_out_items"], [item["access_status"] for item in items]) == (1, ["active"])
    bootstrap().secret_store.erase(run_id, ["item_00002"])
    status, body = apply(service, run_id, {"probe_api_key": "sk-customer-0000000000001"})[0]
    assert (status, "no key" in body["error"]["message"]) == (409, True)


def test_a_retry_of_a_dry_run_is_a_dry_run(service: Service, box: Any) -> None:
    run_id, _ = planned(service, pair(box, "dead_key"), pair(box, "healthy"))
    before = len(box.ledger())
    answer = service.call("POST", f"{RUNS}/{run_id}/retry")
    service.pump.run()
    assert (answer["total_items"], service.run(answer["run_id"])["run"]["dry_run"]) == (1, True)
    assert len(box.ledger()) == before


# --- on hosts of both versions, or on a real one


def test_plan_and_application_on_every_host(place: Place) -> None:
    pairs = [place.pair("healthy", "held"), place.pair("messages_x_api_key", "new"), place.pair("healthy", "other")]
    place.import_(pairs[0])
    before = [existing_account(row) for row in place.accounts()]
    run_id, items = place.start(*pairs, dry_run=True)
    assert [item["plan"]["resolution"] for item in items] == ["reused", "created", "created"]
    assert [item["plan"]["account_id"] for item in items] == [before[0].account_id, None, None]
    assert [existing_account(row) for row in place.accounts()] == before
    assert [place.host.group_named(item["plan"]["group"]) is None for item in items] == [False, True, True]

    place.import_(pairs[2])
    answer = place.service.call("POST", f"{RUNS}/{run_id}/apply")
    place.service.pump.run()
    items = place.service.items(answer["run_id"])
    assert [item["access_status"] for item in items] == ["active", "active", "broken"]
    assert items[2]["last_error_code"] == "plan_changed"
    assert [item["platform"] for item in items[:2]] == [item["plan"]["platform"] for item in items[:2]]
    assert len(place.accounts()) == 3


def test_a_chosen_retry_on_every_host(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, items = place.start(*(place.pair("dead_key", f"shut-{n}") for n in range(3)), place.pair("healthy", "good"))
    assert [item["last_error_code"] for item in items] == ["auth_failed"] * 3 + [None]
    monkeypatch.setattr(DeadKey, "accepts", Healthy.accepts)
    keys = {"item_00002": f"sk-test-{place.word}-fresh"}
    body = {"codes": ["auth_failed"], "item_ids": ["item_00001", "item_00002"], "api_keys": keys}
    answer = place.service.call("POST", f"{RUNS}/{run_id}/retry", body)
    assert place.service.call("POST", f"{RUNS}/{run_id}/retry", {"item_ids": ["item_00002"]})[0] == 409
    place.service.pump.run()
    again = place.service.items(answer["run_id"])
    assert [item["access_status"] for item in again] == ["active", "active"]
    assert again[0]["api_key_fingerprint"] == items[0]["api_key_fingerprint"]
    assert again[1]["api_key_fingerprint"] != items[1]["api_key_fingerprint"]
    assert len(place.accounts()) == 3
