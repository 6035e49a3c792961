"""Items, events, counters and runs in DynamoDB: every transition is a conditional write with its events.

See docs/design.md#4-state.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from batch_import.aws.retries import OutOfTime, ending, seconds_to_end
from batch_import.bootstrap import CompositionRoot
from batch_import.domain.entities import ItemProfile, NewEvent
from batch_import.domain.errors import LeaseLost, StaleWrite
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AccessStatus, EventType, ItemStage, RunState
from batch_import.net.deadline import seconds_left
from batch_import.store.dynamo import decode
from batch_import.store.item_index import ITEMS_PER_PAGE, DonePage, ItemIndex
from batch_import.store.items import LONGEST_IN_STAGE, STAGE_PATIENCE, PendingWrite, item_id_at, position_of
from batch_import.store.secrets import PROBE_KEY, SecretStore
from botocore.client import BaseClient

from tests.support.stores import KEY, Stores, event_history

PROBING = (ItemStage.PROBE, ItemStage.PROVISION)
CONFIRM = (ItemStage.CONFIRM, ItemStage.CONFIRM)
BROKEN = {"current_stage": ItemStage.DONE, "access_status": AccessStatus.BROKEN}
TOLD = NewEvent(event_type=EventType.MODELS_DISCOVERED, message="3 models listed", payload={"b": 1, "a": "é"})


def rows(table: str) -> list[dict[str, Any]]:
    return boto3.client("dynamodb").scan(TableName=table)["Items"]


# --- leases


def test_one_of_two_owners_gets_an_item(stores: Stores) -> None:
    run = stores.start()
    stores.items.lease(stores.item(run), "one", 60, PROBING)
    with pytest.raises(LeaseLost):
        stores.items.lease(stores.item(run), "other", 60, PROBING)


def test_the_same_owner_is_admitted_again(stores: Stores) -> None:
    run = stores.start()
    first = stores.items.lease(stores.item(run), "one", 60, PROBING)
    again = stores.items.lease(stores.item(run), "one", 90, PROBING)
    assert again.lease_owner == "one"
    assert (again.lease_expires_at or "") > (first.lease_expires_at or "")


@pytest.mark.parametrize(("seconds", "free"), [(59.9, False), (60.1, True)])
def test_a_lease_is_free_again_once_it_has_expired(stores: Stores, seconds: float, free: bool) -> None:
    run = stores.start()
    stores.items.lease(stores.item(run), "one", 60, PROBING)
    stores.later(seconds)
    if free:
        assert stores.items.lease(stores.item(run), "other", 60, PROBING).lease_owner == "other"
    else:
        with pytest.raises(LeaseLost):
            stores.items.lease(stores.item(run), "other", 60, PROBING)


def test_an_item_that_has_moved_on_is_not_leased(stores: Stores) -> None:
    run = stores.start()
    seen = stores.item(run)
    stores.items.transition(seen, {"current_stage": ItemStage.CONFIRM})
    for item in (seen, stores.item(run)):
        with pytest.raises(LeaseLost):
            stores.items.lease(item, "one", 60, PROBING)


def test_of_many_workers_that_read_the_same_row_one_wins(stores: Stores) -> None:
    run = stores.start()
    seen = stores.item(run)

    def attempt(number: int) -> bool:
        try:
            return stores.items.lease(seen, f"worker-{number}", 60, PROBING).lease_owner is not None
        except LeaseLost:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_lease_is_no_change(stores: Stores) -> None:
    run = stores.start()
    stores.later(30)
    before = stores.item(run)
    leased = stores.items.lease(before, "one", 60, PROBING)
    assert (leased.updated_at, leased.version) == (before.updated_at, before.version)
    assert event_history(stores, leased) == []


def test_the_lease_is_told_with_the_first_write_under_it(stores: Stores) -> None:
    run = stores.start()
    item = stores.items.lease(stores.item(run), "one", 60, PROBING)
    stores.later(2)
    item = stores.items.transition(item, {"retry_count": 1}, [TOLD])
    stores.items.transition(item, {"retry_count": 2}, [TOLD])
    told = stores.items.events(stores.item(run), 200)
    assert [event.event_type.value for event in told] == ["lease_acquired", "models_discovered", "models_discovered"]
    assert told[0].created_at < told[1].created_at
    assert "lease_expires_at" in told[0].payload_json


def test_a_write_without_the_lease_that_another_worker_took_meanwhile_is_refused(stores: Stores) -> None:
    run = stores.start()
    seen = stores.item(run)
    stores.items.lease(seen, "other", 60, PROBING)
    with pytest.raises(StaleWrite):
        stores.items.transition(seen, {"retry_count": 1}, [TOLD])


def test_a_write_under_a_lease_that_ran_out_and_went_to_another_worker_is_refused(stores: Stores) -> None:
    run = stores.start()
    mine = stores.items.lease(stores.item(run), "one", 60, PROBING)
    stores.later(61)
    stores.items.lease(stores.item(run), "other", 60, PROBING)
    with pytest.raises(StaleWrite):
        stores.items.transition(mine, {"retry_count": 1})


# --- transitions


def test_a_stale_row_is_refused_and_nothing_of_the_change_is_written(stores: Stores) -> None:
    run = stores.start()
    stale = stores.item(run)
    stores.items.transition(stale, {"retry_count": 1})
    with pytest.raises(StaleWrite):
        stores.items.transition(stale, {"retry_count": 7}, [TOLD], ItemProfile(raw_models=("m",)))
    now = stores.item(run)
    assert (now.retry_count, event_history(stores, now)) == (1, [])
    assert stores.items.profile(now).raw_models == ()


def test_of_writes_that_race_the_history_has_the_events_of_the_one_that_won(stores: Stores) -> None:
    """Whoever loses has put its events before: they are never read, also when the same number was theirs."""
    run = stores.start()
    seen = stores.item(run)
    for count in range(3):
        lost = NewEvent(event_type=EventType.RETRY_SCHEDULED, message=f"lost {count}")
        won = NewEvent(event_type=EventType.MODELS_DISCOVERED, message=f"won {count}")
        now = stores.items.transition(seen, {"retry_count": count}, [won])
        with pytest.raises(StaleWrite):
            stores.items.transition(seen, {"retry_count": 9}, [lost], ItemProfile(raw_models=("lost",)))
        seen = now
    assert [event.message for event in stores.items.events(seen, 200)] == ["won 0", "won 1", "won 2"]
    assert stores.items.profile(seen) == ItemProfile()


def test_a_write_of_which_only_the_events_were_put_did_not_happen(stores: Stores) -> None:
    class DiesInBetween:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def update_item(self, **_: Any) -> Any:
            raise KeyboardInterrupt

    run = stores.start()
    with pytest.raises(KeyboardInterrupt):
        stores.over(DiesInBetween).transition(stores.item(run), {"retry_count": 1}, [TOLD])
    assert len(rows("import_run_item_events")) == 1
    moved = stores.items.transition(stores.item(run), {"retry_count": 2}, [TOLD])
    assert event_history(stores, moved) == ["models_discovered"]


def test_events_come_oldest_first_with_stage_and_attempt_as_they_happened(stores: Stores) -> None:
    run = stores.start()
    item = stores.items.lease(stores.item(run), "one", 60, PROBING)
    stores.later(1)
    item = stores.items.transition(item, {"current_stage": ItemStage.CONFIRM, "attempt": 1}, [TOLD, TOLD])
    stores.later(1)
    stores.items.transition(item, {"attempt": 2}, [TOLD])
    item = stores.item(run)
    events = stores.items.events(item, 200)
    assert [(e.stage.value, e.attempt) for e in events] == [("probe", 1)] * 3 + [("confirm", 1)]
    assert [e.event_id for e in events] == sorted({e.event_id for e in events})
    assert [e.created_at for e in events] == sorted(e.created_at for e in events)
    assert events[-1].payload_json == '{"a":"é","b":1}'
    assert len(stores.items.events(item, 2)) == 2


def test_what_was_asked_afterwards_comes_at_its_time(stores: Stores) -> None:
    run = stores.start()
    found = stores.items.transition(stores.item(run), {"retry_count": 1}, [TOLD], ItemProfile(raw_models=("m",)))
    stores.later(1)
    stores.items.transition(found, {"current_stage": ItemStage.CONFIRM}, [TOLD])
    stores.later(1)
    asked = NewEvent(event_type=EventType.CAPABILITY_PROBED, message="asked afterwards")
    stores.items.add_to_profiles([(found, ItemProfile(raw_models=("m", "n")), asked)])
    item = stores.item(run)
    events = stores.items.events(item, 200)
    assert [event.event_type.value for event in events] == [
        "models_discovered", "models_discovered", "capability_probed",
    ]  # fmt: skip
    assert [event.event_id for event in events] == sorted(event.event_id for event in events)
    assert stores.items.profile(item).raw_models == ("m", "n")


def test_values_come_back_as_they_went(stores: Stores) -> None:
    run = stores.start()
    changes = {"prior_groups": (3, 4), "advisories": ({"code": "still_off", "params": {}},), "account_id": 7,
               "has_warning": True, "last_error": "", "due_at": "2026-11-25T12:00:01.000+00:00"}  # fmt: skip
    returned = stores.items.transition(stores.item(run), changes)
    assert stores.item(run) == returned
    stores.items.transition(returned, {"due_at": None, "account_id": None})
    assert (stores.item(run).due_at, stores.item(run).account_id) == (None, None)


def test_a_profile_is_a_row_of_its_own(stores: Stores) -> None:
    run = stores.start()
    profile = ItemProfile(raw_models=tuple(f"model-{n}" for n in range(500)), model_mapping={"a": "b"})
    item = stores.items.transition(stores.item(run), {}, profile=profile)
    assert stores.items.profile(item) == profile
    other = stores.item(stores.start())
    assert stores.items.profiles([other]) == {other.item_id: ItemProfile()}
    pending = PendingWrite(other).adding({}, profile=profile).adding({"attempt": 2})
    assert stores.items.profile(stores.items.write(pending)) == profile


PROVISIONED = {
    "current_stage": ItemStage.CONFIRM,
    "lease_owner": None,
    "lease_expires_at": None,
    "matched_account_state": "active",
    "account_resolution": "reused",
    "resolved_smoke_model": "kimi-k2.6",
    "responses_mode": "force_chat_completions",
    "account_id": 41,
    "channel_id": 12,
    "group_id": 7,
    "api_root": "https://kimi.a7m.com.cn/v1",
    "advisories": ({"code": "responses_unsupported_but_chat_ok", "params": {}},),
}
OWNER = "3f0c6f1e-1111-2222-3333-444455556666:1:item_00001"


@pytest.mark.parametrize("leased", [False, True])
def test_a_typical_item_row_stays_below_one_kilobyte(stores: Stores, leased: bool) -> None:
    listed = {"base_url": "https://kimi.a7m.com.cn/v1", "api_key": KEY, "requested_models": ["kimi 2.6"]}
    run = stores.start(items=[listed])
    item = stores.items.lease(stores.item(run), OWNER, 60, PROBING)
    item = stores.items.transition(item, PROVISIONED)
    if leased:
        stores.items.lease(item, OWNER, 60, CONFIRM)
    [row] = [r for r in rows("import_run_items") if r["sk"] == {"S": item.item_id}]
    sizes = {name: len(name) + _size(value) for name, value in row.items()}
    assert sum(sizes.values()) <= 1024, sizes


def _size(value: dict[str, Any]) -> int:
    """A value's size as DynamoDB counts it, near enough."""
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + sum(len(name) + 1 + _size(inner) for name, inner in content.items())
    if kind == "L":
        return 3 + sum(1 + _size(inner) for inner in content)
    return len(content) if kind in ("S", "B") else len(content) // 2 + 2 if kind == "N" else 1


# --- lost answers


class AnswersTwice:
    """A client that repeats an update which was applied, as botocore does after a lost answer."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        self._client.update_item(**request)
        return self._client.update_item(**request)


def test_a_silent_repetition_by_the_client_is_success_and_no_second_event(stores: Stores) -> None:
    run = stores.start()
    store = stores.over(AnswersTwice)
    leased = store.lease(stores.item(run), "one", 60, PROBING)
    moved = store.transition(leased, {"current_stage": ItemStage.CONFIRM}, [TOLD])
    assert stores.item(run) == moved
    assert event_history(stores, moved) == ["lease_acquired", "models_discovered"]


def test_somebody_elses_write_is_not_taken_for_ours(stores: Stores) -> None:
    run = stores.start()
    item = stores.item(run)
    stores.items.lease(item, "other", 60, PROBING)
    with pytest.raises(LeaseLost):
        stores.items.lease(item, "one", 60, PROBING)


# --- counters and closing


def test_an_item_that_ends_again_is_counted_once(stores: Stores) -> None:
    run = stores.start(2)
    item = stores.item(run)
    stores.end(item, run)
    for _ in range(3):
        stores.later(0.001)
        with pytest.raises(StaleWrite):
            stores.end(item, run)
    counters = stores.runs.counters(run)
    assert (counters.completed_items, counters.active_items) == (1, 1)


def test_counters_are_exact_over_all_pages_and_threads(stores: Stores) -> None:
    run = stores.start(60)
    kinds = [AccessStatus.ACTIVE, AccessStatus.DEGRADED, AccessStatus.BROKEN, AccessStatus.UNKNOWN]

    def end(position: int) -> None:
        stores.end(stores.item(run, position), run, kinds[position % 4])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(end, range(60)))
    closed = stores.runs.get(run.run_id)
    assert closed is not None
    assert closed.finished_at is not None
    assert stores.runs.counters(closed) == closed.totals
    assert stores.runs.counters(run).model_dump(exclude={"causes"}) == {
        "completed_items": 60, "active_items": 15, "degraded_items": 15, "broken_items": 15, "warning_items": 0,
    }  # fmt: skip


def test_causes_are_counted_over_the_items_that_failed_the_most_frequent_first(stores: Stores) -> None:
    run = stores.start(20)
    ends = [(AccessStatus.BROKEN, Code.AUTH_FAILED), (AccessStatus.DEGRADED, Code.UNREACHABLE)]
    ends += [(AccessStatus.BROKEN, Code.UNREACHABLE), (AccessStatus.ACTIVE, Code.RATE_LIMITED)]
    for position in range(19):
        access, code = ends[position % 4]
        stores.end(stores.item(run, position), run, access, last_error_code=code)
    stores.items.transition(stores.item(run, 19), {"last_error_code": Code.RATE_LIMITED})
    stores.progress.publish()
    assert [cause.model_dump() for cause in stores.runs.counters(run).causes] == [
        {"code": "unreachable", "broken_items": 5, "degraded_items": 5},
        {"code": "auth_failed", "broken_items": 5, "degraded_items": 0},
    ]


def test_an_entry_that_arrives_late_changes_nothing(stores: Stores) -> None:
    """Another worker ended the item, and published that, before this one published what it had written."""
    run = stores.start()
    late = ItemIndex(stores.runs_table, stores.clock)
    late.note(stores.item(run))
    stores.end(stores.item(run), run)
    late.note(stores.item(stores.start()))
    done: list[DonePage] = []
    late.flush(done.append)
    assert [page.items for page in done] == [1]
    assert stores.runs.counters(run).completed_items == 1


def test_what_could_not_be_published_is_published_later(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stores.start()
    stores.items.transition(stores.item(run), {"current_stage": ItemStage.DONE, "access_status": "active"})
    with monkeypatch.context() as patch:
        patch.setattr(type(stores.runs_table), "updated", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stores.progress.publish()
    assert stores.runs.counters(run).completed_items == 0
    assert stores.progress.publish() == 1
    assert stores.runs.counters(run).completed_items == 1


def test_a_page_that_could_not_be_ended_is_ended_later(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two pages in one call, whichever comes first."""
    run = stores.start(ITEMS_PER_PAGE + 1)
    for position in range(run.total_items):
        stores.items.transition(
            stores.item(run, position), {"current_stage": ItemStage.DONE, "access_status": "active"}
        )
    with monkeypatch.context() as patch:
        patch.setattr(type(stores.runs), "page_done", lambda *_: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                stores.progress.publish()
    assert stores.progress.publish() == 1


def test_a_run_closes_exactly_once_and_keeps_its_end(stores: Stores) -> None:
    run = stores.start(2)
    stores.end(stores.item(run), run)
    assert not stores.runs.close(run)
    stores.later(5)
    stores.end(stores.item(run, 1), run)
    assert [stores.runs.close(run) for _ in range(2)] == [False, False]
    closed = stores.runs.get(run.run_id)
    assert closed is not None
    assert (closed.state, closed.finished_at) == (RunState.COMPLETED, "2026-11-25T12:00:05.000+00:00")


def test_a_cancelled_run_ends_as_cancelled(stores: Stores) -> None:
    run = stores.start()
    assert stores.runs.cancel(run.run_id)
    stores.end(stores.item(run), run)
    ended = stores.runs.get(run.run_id)
    assert ended is not None
    assert ended.state is RunState.CANCELLED
    assert not stores.runs.cancel(run.run_id)


def test_a_cancel_at_the_moment_of_closing_does_not_leave_the_run_open(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stores.start()
    counters = ItemIndex.counters

    def cancelled_meanwhile(index: ItemIndex, of: Any, *, consistent: bool = False) -> Any:
        stores.runs.cancel(of.run_id)
        return counters(index, of, consistent=consistent)

    monkeypatch.setattr(ItemIndex, "counters", cancelled_meanwhile)
    stores.end(stores.item(run), run)
    ended = stores.runs.get(run.run_id)
    assert ended is not None
    assert ended.finished_at is not None


def test_warnings_of_a_run_are_told_once_each(stores: Stores) -> None:
    run = stores.start()
    for code in ("host_simple_mode", "self_service_not_proven", "host_simple_mode"):
        stores.runs.warn(run.run_id, code, {"reason": "x"})
    warned = stores.runs.get(run.run_id)
    assert warned is not None
    assert [w["code"] for w in warned.warnings] == ["host_simple_mode", "self_service_not_proven"]


def test_the_phase_of_a_proof_moves_only_from_the_one_expected(stores: Stores) -> None:
    run = stores.start()
    begun = {"phase": "bound", "key_id": 1, "group_before": 0}
    assert stores.runs.set_self_service(run.run_id, begun, None)
    assert not stores.runs.set_self_service(run.run_id, begun, None)
    assert not stores.runs.set_self_service(run.run_id, {"phase": "put_back"}, "other")
    assert stores.runs.set_self_service(run.run_id, {"phase": "put_back"}, "bound")


# --- expansion


def test_expanding_again_is_harmless(stores: Stores) -> None:
    run = stores.start(95)
    stores.service.expand(run)
    before = sorted(map(str, rows("import_run_items")))
    assert stores.service.expand(run)
    assert sorted(map(str, rows("import_run_items"))) == before
    assert len(before) == 95


def test_a_part_that_was_expanded_before_a_crash_overwrites_no_item(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stores.start(120)
    with monkeypatch.context() as patch:
        patch.setattr(type(stores.runs), "move_pointer", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stores.service.expand(run)
    ended = stores.end(stores.item(run), run)
    assert stores.service.expand(run)
    assert stores.item(run) == ended
    assert len(rows("import_run_items")) == 120
    assert stores.service.open_keys(run.run_id, ["item_00001", "item_00002"]) == {"item_00002": f"{KEY}1"}


def test_of_items_some_of_which_are_there_the_others_are_added(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    there = stores.item(stores.start())
    new = there.model_copy(update={"item_id": "item_00002", "position": 1})
    assert stores.items.add([there, new]) == [there]
    assert stores.items.get(new.run_id, new.item_id) == new
    assert stores.items.add([there, new]) == [there, new]
    monkeypatch.setattr(stores.items, "get_many", lambda *_: [])  # read before another worker has listed them
    with pytest.raises(StaleWrite):
        stores.items.add([there, new])


def test_what_was_expanded_is_queued_before_the_list_is_given_up(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the two would leave items that nothing works on."""
    run = stores.start(120)
    queued: list[str] = []
    queue = type(stores.queues[ItemStage.PROBE])
    monkeypatch.setattr(queue, "send_items", lambda _self, _run, item_ids, *_: queued.extend(item_ids))
    with monkeypatch.context() as patch:
        patch.setattr(type(stores.runs), "move_pointer", _dies_at_the_end)
        with pytest.raises(ZeroDivisionError):
            stores.service.expand(run)
    assert len(queued) == 120


def _dies_at_the_end(store: Any, run_id: str, number: int, start: int, end: int | None) -> None:
    if end is None:
        raise ZeroDivisionError


def test_an_expansion_that_runs_out_of_time_goes_on_where_it_stopped(stores: Stores) -> None:
    run = stores.start(120)
    turns = iter([True, False])
    assert not stores.service.expand(run, lambda: next(turns))
    assert len(rows("import_run_items")) == 100
    assert stores.service.expand(run)
    assert len(rows("import_run_items")) == 120


def test_a_list_is_gone_once_it_is_expanded(stores: Stores) -> None:
    run = stores.start(3)
    assert not [r for r in rows("import_runs") if r["sk"]["S"].startswith("list#")]
    assert not [r for r in rows("import_secrets") if "list#" in r["pk"]["S"]]
    assert stores.service.open_keys(run.run_id, ["item_00002"]) == {"item_00002": f"{KEY}1"}


def test_a_run_that_is_being_expanded_knows_its_total_and_cannot_close(stores: Stores) -> None:
    run = stores.start(95)
    assert (run.total_items, stores.runs.close(run)) == (95, False)


# --- what nothing works on


def test_what_stands_still_is_queued_again_and_told(stores: Stores) -> None:
    run = stores.start(3)
    stores.end(stores.item(run, 2), run)
    stores.later(60)
    stores.items.transition(stores.item(run, 0), {"current_stage": ItemStage.CONFIRM})
    stores.progress.publish()
    stores.later(STAGE_PATIENCE.total_seconds() - 30)
    reconcile = stores.reconcile()
    assert reconcile.sweep()["items_requeued"] == 1
    assert reconcile.sweep()["items_requeued"] == 0
    assert [event_history(stores, stores.item(run, n)) for n in range(3)] == [[], ["requeued"], []]


def test_keys_of_what_failed_are_erased_after_their_retention_and_not_before(stores: Stores) -> None:
    run = stores.start(2)
    stores.end(stores.item(run), run, AccessStatus.BROKEN)
    stores.end(stores.item(run, 1), run)
    reconcile, held = stores.reconcile(), ["item_00001", "item_00002"]
    assert [reconcile.sweep()["keys_erased"] for _ in range(2)] == [0, 0]
    assert set(stores.service.open_keys(run.run_id, held)) == {"item_00001"}
    stores.later(24 * 3600 + 1)
    assert stores.service.open_keys(run.run_id, held) == {}
    assert reconcile.sweep()["keys_erased"] == 1
    assert rows("import_secrets") == []
    assert stores.runs.watched() == []


def keys_over(stores: Stores, count: int) -> list[str]:
    """Runs whose keys' retention is over, the one that ended first first."""
    runs = []
    for _ in range(count):
        stores.later(1)
        run = stores.start()
        stores.end(stores.item(run), run, AccessStatus.BROKEN)
        runs.append(run.run_id)
    stores.later(1)
    assert stores.reconcile().sweep()["keys_erased"] == 0
    stores.later(24 * 3600 + 1)
    return runs


def erased(stores: Stores, runs: list[str]) -> list[str]:
    left = {row["pk"]["S"].partition("#")[0] for row in rows("import_secrets")}
    return [run_id for run_id in runs if run_id not in left]


def test_a_sweep_leaves_ended_runs_for_the_next_one_when_its_time_is_over(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the runs of a bad day, whose keys are all over a day later, would leave no time for the metrics."""
    runs = keys_over(stores, 3)
    left = iter([50.0, 50.0])
    monkeypatch.setattr("batch_import.runs.reconcile.seconds_to_end", lambda: next(left, 16.0))
    assert stores.reconcile().sweep()["keys_erased"] == 2
    assert erased(stores, runs) == runs[:2]
    assert stores.reconcile().sweep()["keys_erased"] == 0
    monkeypatch.setattr("batch_import.runs.reconcile.seconds_to_end", lambda: 50.0)
    assert stores.reconcile().sweep()["keys_erased"] == 1
    assert stores.runs.watched() == []


def test_a_run_that_takes_too_long_is_looked_at_again_after_the_others(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, erase, tried = keys_over(stores, 2), SecretStore.erase_run, list[tuple[str, float]]()

    def slow(store: SecretStore, run_id: str, places: Iterable[str]) -> None:
        tried.append((run_id, max(seconds_to_end(), seconds_left())))
        if run_id == runs[0]:
            raise OutOfTime
        erase(store, run_id, places)

    monkeypatch.setattr(SecretStore, "erase_run", slow)
    with ending(49):
        assert stores.reconcile().sweep()["keys_erased"] == 1
        stores.later(60)
        stores.reconcile().sweep()
    assert [run_id for run_id, _ in tried] == [runs[0], runs[1], runs[0]]
    assert max(seconds for _, seconds in tried) < 40  # what is left is for isolation groups and metrics
    monkeypatch.setattr(SecretStore, "erase_run", erase)
    stores.later(60)
    assert stores.reconcile().sweep()["keys_erased"] == 1


def test_the_keys_of_a_run_that_fit_no_sweep_are_erased_by_several(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep has time for four calls that erase, which are 100 rows."""
    run = stores.start(95)
    stores.service.expand(run, lambda: True)
    for number in range(95):
        stores.items.transition(stores.item(run, number), BROKEN)
    stores.progress.publish()
    stores.later(1)
    assert stores.reconcile().sweep()["keys_erased"] == 0
    stores.later(24 * 3600 + 1)
    send, calls, left = BaseClient._make_api_call, list[int](), list[int]()

    def slow(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "BatchWriteItem":
            if len(calls) == 4:
                raise OutOfTime
            calls.append(len(arguments["RequestItems"]))
        return send(client, operation, arguments)

    monkeypatch.setattr("batch_import.runs.reconcile._ERASED_TOGETHER", 25)
    monkeypatch.setattr(BaseClient, "_make_api_call", slow)
    while stores.runs.watched():
        calls.clear()
        stores.reconcile().sweep()
        stores.later(60)
        left.append(len(rows("import_secrets")))
        assert len(left) < 5
        assert stores.secret_store.open(run.run_id, "item_00095") is None  # the data key goes first
    assert left == [45, 0]


def test_keys_of_a_run_that_never_ends_go_in_the_end(stores: Stores) -> None:
    """What reconcile would do comes never: no key outlasts what an item may take, and the retention."""
    run = stores.start(access_mode="self_service", probe_api_key=KEY + "-probe")
    longest = len(ItemStage) * LONGEST_IN_STAGE.total_seconds() + 24 * 3600
    assert {int(decode(row)["expires_at"] - stores.now.timestamp()) for row in rows("import_secrets")} == {longest}
    stores.later(longest - 1)
    assert list(stores.service.open_keys(run.run_id, ["item_00001"])) == ["item_00001"]
    stores.later(2)
    assert stores.service.open_keys(run.run_id, ["item_00001"]) == {}
    assert stores.service.open_probe_key(run) is None


def test_with_the_last_key_of_a_run_its_data_key_goes(stores: Stores) -> None:
    run = stores.start(2)
    stores.end(stores.item(run), run)
    assert len(rows("import_secrets")) == 2
    stores.end(stores.item(run, 1), run)
    assert rows("import_secrets") == []


def test_runs_that_stay_open_are_found_and_closed_ones_are_not(stores: Stores) -> None:
    run, closed = stores.start(), stores.start()
    stores.end(stores.item(closed), closed)
    stores.later(1)
    assert stores.runs.overdue(10) == [closed.run_id]  # once more, in case that a crash cut its end off
    stores.reconcile().sweep()
    stores.later(16 * 60)
    assert stores.runs.overdue(10) == [run.run_id]
    stores.runs.watch_again(run.run_id)
    stores.runs.watch_again(closed.run_id)
    assert stores.runs.overdue(10) == []
    stores.later(16 * 60)
    assert stores.runs.overdue(10) == [run.run_id]


# --- named leases


@pytest.mark.parametrize(("seconds", "taken"), [(59, True), (61, False)])
def test_a_row_shows_whether_somebody_else_has_the_lease(stores: Stores, seconds: float, taken: bool) -> None:
    leases = stores.leases
    assert not leases.taken({}, "one")
    assert leases.acquire("lane", "000", "one", 60)
    (row,) = leases.all("lane")
    stores.later(seconds)
    assert leases.taken(row, "other") is taken
    assert not leases.taken(row, "one")
    assert leases.acquire("lane", "000", "other", 60) is not taken


def test_a_named_lease_has_one_owner_until_it_expires_or_is_released(stores: Stores) -> None:
    leases = stores.leases
    assert leases.acquire("lane", "000", "one", 60)
    assert not leases.acquire("lane", "000", "other", 60)
    assert leases.acquire("lane", "000", "one", 60)
    assert leases.acquire("lane", "001", "other", 60)
    leases.release("lane", "000", "other")
    assert not leases.acquire("lane", "000", "other", 60)
    leases.release("lane", "000", "one")
    assert leases.acquire("lane", "000", "other", 60)
    stores.later(61)
    assert leases.acquire("lane", "000", "one", 60)


def test_a_lane_rests_after_it_was_left(stores: Stores) -> None:
    leases = stores.leases
    leases.acquire("lane", "000", "one", 60)
    leases.release("lane", "000", "one")
    stores.later(1.9)
    assert not leases.acquire("lane", "000", "other", 60, cooldown=2)
    stores.later(0.1)
    assert leases.acquire("lane", "000", "other", 60, cooldown=2)


def test_facts_stay_on_a_lease_for_whoever_holds_it_next(stores: Stores) -> None:
    leases = stores.leases
    leases.acquire("key", "000", "one", 60)
    leases.remember("key", "000", {"key_id": 7, "made": True})
    leases.release("key", "000", "one")
    leases.acquire("key", "000", "other", 60)
    assert leases.facts("key", "000")["key_id"] == 7
    assert [row["sk"] for row in leases.all("key")] == ["000"]


def test_probe_key_has_a_row_with_a_time_to_live_and_goes_with_the_end_of_its_run(stores: Stores) -> None:
    run = stores.start(1, access_mode="self_service", probe_api_key=KEY + "-probe")
    [row] = [row for row in map(decode, rows("import_secrets")) if row["pk"].endswith(PROBE_KEY)]
    assert row["expires_at"] > stores.clock.now().timestamp()
    assert stores.service.open_probe_key(run) == KEY + "-probe"
    stores.end(stores.item(run), run, AccessStatus.BROKEN)
    assert stores.service.open_probe_key(run) is None
    assert not [row for row in map(decode, rows("import_secrets")) if row["pk"].endswith(PROBE_KEY)]


def test_what_cannot_be_opened_any_more_reads_as_erased(stores: Stores, caplog: pytest.LogCaptureFixture) -> None:
    """After a backup without secrets has come back: the keys that sealed them are others."""
    run = stores.start(1, access_mode="self_service", probe_api_key=KEY + "-probe")
    assert stores.service.open_keys(run.run_id, ["item_00001"]) != {}
    stores.secret_store.new_run(run.run_id, {}, run.keys_until or 0)  # another data key
    restored = CompositionRoot(stores.settings, stores.clock)
    assert restored.service.open_keys(run.run_id, ["item_00001"]) == {}
    assert restored.service.open_probe_key(run) is None
    assert {record.getMessage() for record in caplog.records} == {"a stored secret cannot be opened"}
    assert KEY not in caplog.text


def test_no_row_of_any_table_holds_a_key_in_the_open(stores: Stores) -> None:
    stores.start(95, access_mode="self_service", probe_api_key=KEY + "-probe")
    names = ("import_runs", "import_run_items", "import_run_item_events", "import_secrets")
    tables = [decode(row) for name in names for row in rows(name)]
    assert tables
    assert KEY not in str(tables)


# --- ids


@pytest.mark.parametrize("position", [0, 15, 16, 9_999, 99_999, 123_456])
def test_an_items_id_tells_its_position(position: int) -> None:
    assert position_of(item_id_at(position)) == position
    assert ITEMS_PER_PAGE > 1


@pytest.mark.parametrize(
    "item_id",
    ["", "item_", "item_0", "item_00000", "item_1", "item_000001", "item_-0001", "item_٠٠٠٠١", "run_1", "x" * 900],
)
def test_another_text_is_no_items_id(stores: Stores, item_id: str) -> None:
    assert position_of(item_id) is None
    assert stores.items.get("run_20261125_one", item_id) is None
