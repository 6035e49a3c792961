"""An item that would wait without end is given up after a day, however it waits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.bootstrap import bootstrap
from batch_import.consumer.admission import RelayLimits
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage
from batch_import.store.items import ItemStore

from tests.conftest import Service
from tests.flows.test_business_chains import event_types
from tests.support.pump import Context, handler_of

KEY = "sk-test-0000000000000001"
START_OF_TIME = "1970-01-01T00:00:00.000+00:00"


@pytest.fixture
def never_admitted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """No item is admitted, until the returned function is called: each goes back to its queue, its row untouched."""
    with_limits = RelayLimits.admit
    monkeypatch.setattr(RelayLimits, "admit", lambda _, items: ([], {item.item_id: 8.0 for item in items}))
    return lambda: monkeypatch.setattr(RelayLimits, "admit", with_limits)


def reconcile(service: Service, later: timedelta) -> dict[str, int]:
    service.clock.shift(later)
    return handler_of("reconcile")({}, Context())


def test_an_item_that_a_limit_keeps_away_is_given_up_after_a_day(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    service.pump.deliver()
    assert reconcile(service, timedelta(hours=23))["items_given_up"] == 0
    assert service.item(run_id)["current_stage"] == "probe"
    assert reconcile(service, timedelta(hours=1, minutes=16))["items_given_up"] == 1
    service.pump.run()
    item = service.item(run_id)
    assert (item["access_status"], item["last_error_code"]) == ("degraded", "dead_lettered")
    assert service.run(run_id)["run"]["finished_at"] is not None


def test_an_item_whose_message_goes_round_is_given_up_after_a_day(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    """Something looks after it all the time, so it is no lost one."""
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    for hours in (0, 23):
        service.clock.shift(timedelta(hours=hours))
        service.pump.deliver()
        assert reconcile(service, timedelta(minutes=1))["items_given_up"] == 0
    service.clock.shift(timedelta(hours=1))
    service.pump.deliver()
    done = reconcile(service, timedelta(minutes=1))
    assert (done["items_given_up"], done["items_requeued"]) == (1, 0)
    service.pump.run()
    assert service.item(run_id)["last_error_code"] == "dead_lettered"


def test_an_item_that_a_limit_keeps_away_is_not_taken_for_a_lost_one(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    """Its message goes round: a second one would be sent each quarter of an hour, and an event written."""
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    for _ in range(200):
        service.pump.deliver()
        service.clock.shift(9)
    assert reconcile(service, timedelta(0))["items_requeued"] == 0
    assert "requeued" not in event_types(service.item(run_id))


def test_an_item_whose_message_is_lost_is_queued_again(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    service.pump.deliver()
    assert reconcile(service, timedelta(minutes=16))["items_requeued"] == 1


def test_an_item_whose_message_is_lost_is_found_though_its_run_is_repaired_meanwhile(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    """Both happen every fifteen minutes: the repair would take the item for one that it has looked after."""
    run_id = service.start([{"base_url": box.relay("healthy"), "api_key": KEY}])
    service.pump.deliver()
    bootstrap().runs.watch_again(run_id, START_OF_TIME)
    assert reconcile(service, timedelta(minutes=14))["items_requeued"] == 0
    assert reconcile(service, timedelta(minutes=2))["items_requeued"] == 1


def test_a_duplicate_that_waits_for_its_primary_is_not_given_up(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id = service.start([pair, pair])
    reconcile(service, timedelta(hours=25))
    first, second = service.items(run_id)
    assert (first["current_stage"], second["current_stage"]) == ("validate", "validate")
    assert [item["last_error_code"] for item in (first, second)] == ["dead_lettered", None]


def test_a_duplicate_is_not_given_up_right_after_the_end_of_a_primary_that_took_a_day(
    service: Service, box: Any, never_admitted: Callable[[], None]
) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id = service.start([pair, pair])
    service.pump.deliver()
    service.clock.shift(timedelta(hours=25))
    never_admitted()
    while service.item(run_id)["current_stage"] != "done":
        service.clock.shift(1)
        service.pump.deliver()
    done = reconcile(service, timedelta(0))
    assert (done["items_given_up"], done["items_requeued"]) == (0, 1)
    service.pump.run()
    assert [item["access_status"] for item in service.items(run_id)] == ["active", "active"]
    assert "dead_lettered" not in event_types(service.item(run_id, "item_00002"))


def lost(service: Service, box: Any, number: int) -> str:
    """A run whose messages are all lost, sixteen minutes ago."""
    pairs = [{"base_url": box.relay("healthy"), "api_key": f"{KEY}{n}"} for n in range(number)]
    run_id = service.start(pairs)
    boto3.client("sqs").purge_queue(QueueUrl=service.aws.environment["IMPORT_QUEUE_URL"])
    service.clock.shift(16 * 60)
    return run_id


def test_a_sweep_ends_in_time_and_the_next_one_goes_on(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With slow tables it would be cut off before it came to ended runs, keys and the metrics, minute after minute."""
    run_id, repaired = lost(service, box, 5), list[tuple[str, ...]]()
    monkeypatch.setattr(bootstrap().runs, "watch_again", lambda *run: repaired.append(run))
    left = iter([50.0, 50.0])
    monkeypatch.setattr("batch_import.runs.reconcile.seconds_to_end", lambda: next(left, 20.0))
    assert reconcile(service, timedelta(0))["items_requeued"] == 2
    assert repaired == [(run_id,)]
    monkeypatch.setattr("batch_import.runs.reconcile.seconds_to_end", lambda: 50.0)
    assert reconcile(service, timedelta(0))["items_requeued"] == 3


def test_a_sweep_that_breaks_off_has_told_what_it_did(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not told is chosen again, and what comes after it never is."""
    lost(service, box, 5)
    look_after, seen = ItemStore.look_after, list[str]()

    def throttled(store: ItemStore, item: Item, *, requeued: bool) -> None:
        seen.append(item.item_id)
        if len(seen) == 4:
            raise OutOfTime
        look_after(store, item, requeued=requeued)

    monkeypatch.setattr(ItemStore, "look_after", throttled)
    monkeypatch.setattr("batch_import.runs.reconcile._PUBLISHED_TOGETHER", 2)
    with pytest.raises(OutOfTime):
        reconcile(service, timedelta(0))
    bootstrap.cache_clear()  # another process
    seen.clear()
    monkeypatch.setattr(ItemStore, "look_after", look_after)
    assert reconcile(service, timedelta(0))["items_requeued"] < 5


def test_items_that_wait_for_others_leave_room_for_lost_ones(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, items = service.start([pair, pair, pair]), bootstrap().items
    service.clock.shift(timedelta(hours=25))
    primary = items.get(run_id, "item_00001")
    assert primary is not None
    items.lease_if_free(primary, "a worker", 3600, (ItemStage.PROBE, ItemStage.PROVISION))
    lost(service, box, 1)
    for item in items.get_many(run_id, [f"item_0000{n}" for n in (1, 2, 3)]):
        items.look_after(item, requeued=False)
    bootstrap().progress.publish()
    monkeypatch.setattr("batch_import.runs.reconcile.BATCH", 1)
    assert reconcile(service, timedelta(0))["items_requeued"] == 1
