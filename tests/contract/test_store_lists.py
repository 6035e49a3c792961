"""Lists in their documented orders, their cursors, filters and search (docs/design.md#35-list-orders)."""

import zlib
from typing import Any

import pytest
from batch_import.aws.retries import ending
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.types import AccessStatus, ItemOrder, ItemStage
from batch_import.store.cursors import encode_cursor
from batch_import.store.item_index import ItemEntry, pages_of
from batch_import.store.listing import pack_search
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stores import Stores

STAGES = [stage for stage in ItemStage if stage is not ItemStage.DONE]
ENDS = list(AccessStatus)


def mixed_run(stores: Stores, count: int = 24) -> Run:
    """Items in every stage and with every end, changed in an order that is not that of the list."""
    run = stores.start(count)
    for position in sorted(range(count), key=lambda n: (n * 7) % count):
        stores.later(1)
        item = stores.item(run, position)
        if position % 2:
            changes: dict[str, Any] = {
                "current_stage": ItemStage.DONE,
                "access_status": ENDS[position // 2 % 4],
                "matched_account_state": [None, "active", "disabled", "deprecated", "broken"][position % 5],
                "account_resolution": ["created", "reused", "reactivated", "replaced"][position % 4],
                "has_warning": position % 3 == 0,
                "confirmation_status": ["confirmed", "advisory", "failed"][position % 3],
            }
        else:
            changes = {"current_stage": STAGES[position // 2 % 4]}
        stores.items.transition(item, changes)
    stores.progress.publish()
    return run


def pages(stores: Stores, run: Run, limit: int, **filters: Any) -> list[list[Item]]:
    found, cursor, _ = stores.listing.items(run, filters, limit, None)
    result = [found]
    while cursor is not None:
        assert len(result) < 100
        found, cursor, _ = stores.listing.items(run, filters, limit, cursor)
        result.append(found)
    return result


def everything(stores: Stores, run: Run, **filters: Any) -> list[Item]:
    return [item for page in pages(stores, run, 200, **filters) for item in page]


def rank(item: Item) -> tuple[int, str]:
    if item.current_stage is not ItemStage.DONE:
        return 2, item.updated_at
    return (1 if item.access_status in (AccessStatus.BROKEN, AccessStatus.DEGRADED) else 0), item.updated_at


# --- items


def test_items_not_done_come_first_then_broken_and_degraded_then_the_rest_newest_first(stores: Stores) -> None:
    run = mixed_run(stores)
    listed = everything(stores, run)
    assert len(listed) == 24
    assert listed == sorted(listed, key=rank, reverse=True)
    assert {item.access_status for item in listed if rank(item)[0] == 1} == {AccessStatus.BROKEN, AccessStatus.DEGRADED}


@pytest.mark.parametrize("limit", [1, 5, 24])
def test_walking_all_pages_gives_each_item_exactly_once(stores: Stores, limit: int) -> None:
    run = mixed_run(stores)
    walked = pages(stores, run, limit)
    assert [item for page in walked for item in page] == everything(stores, run)
    assert [len(page) for page in walked[:-1]] == [limit] * (len(walked) - 1)


FILTERS: list[dict[str, Any]] = [
    {"current_stage": "done"},
    {"current_stage": "confirm"},
    {"confirmation_status": "advisory"},
    {"access_status": "unknown"},
    {"access_status": "active"},
    {"access_status": "broken"},
    {"has_warning": True},
    {"has_warning": False},
    {"has_failed": True},
    {"has_failed": False, "current_stage": "done"},
    {"matched_account_state": "disabled"},
    {"matched_account_state": "broken"},
    {"account_resolution": "reactivated"},
    {"account_resolution": "created", "matched_account_state": "active"},
    {"access_status": "broken", "has_warning": True, "current_stage": "done"},
    {"q": "R1"},
    {"q": "item_00007"},
    {"q": "r3.example", "current_stage": "done"},
    {"q": "nowhere"},
]


def wanted(item: Item, filters: dict[str, Any]) -> bool:
    fields = item.model_dump() | {"access_status": item.shown_access, "has_failed": rank(item)[0] == 1}
    query = filters.get("q", "").lower()
    if query and not any(query in fields[name] for name in ("provider_id", "base_url", "item_id")):
        return False
    return all(fields[name] == value for name, value in filters.items() if name != "q")


def test_each_filter_gives_what_it_says_in_the_same_order_page_by_page(stores: Stores) -> None:
    run = mixed_run(stores)
    listed = everything(stores, run)
    for filters in FILTERS:
        found = [item for page in pages(stores, run, 3, **filters) for item in page]
        assert found == [item for item in listed if wanted(item, filters)], filters
        assert stores.listing.items(run, filters, 1, None).matching == len(found)
    assert everything(stores, run, provider_id=listed[3].provider_id) == [listed[3]]


def test_a_cursor_holds_when_rows_move(stores: Stores) -> None:
    run = mixed_run(stores)
    first, cursor, matching = stores.listing.items(run, {}, 5, None)
    stores.later(1)
    stores.items.transition(first[-1], {"current_stage": ItemStage.DONE, "access_status": AccessStatus.ACTIVE})
    stores.progress.publish()
    rest, _, still_matching = stores.listing.items(run, {}, 200, cursor)
    assert matching == still_matching == 24
    assert {item.item_id for item in first} | {item.item_id for item in rest} == {
        item.item_id for item in everything(stores, run)
    }


@pytest.mark.parametrize("position", ["2d0f", "-1", "1.5", "9" * 5_000, "1\n"])
@pytest.mark.parametrize("order", ItemOrder)
def test_a_cursor_that_somebody_made_is_refused(stores: Stores, position: str, order: ItemOrder) -> None:
    run = mixed_run(stores, 2)
    made = encode_cursor(position, {"list": "items", "run": run.run_id, "order": order})
    with pytest.raises(InvalidRequest):
        stores.listing.items(run, {}, 5, made, order)


def test_by_position_a_walk_meets_each_item_once_while_rows_move(stores: Stores) -> None:
    run = mixed_run(stores)
    met: list[int] = []
    cursor: str | None = None
    while True:
        page, cursor, _ = stores.listing.items(run, {}, 5, cursor, ItemOrder.POSITION)
        met += [item.position for item in page]
        for item in page[:2]:
            stores.later(1)
            stores.items.transition(stores.item(run, item.position), {"current_stage": ItemStage.CONFIRM})
        stores.progress.publish()
        if cursor is None:
            break
    assert met == list(range(24))


def test_a_row_that_moved_on_since_it_was_published_is_judged_as_it_is(stores: Stores) -> None:
    run = mixed_run(stores)
    [first, *_] = everything(stores, run, current_stage="confirm")
    stores.items.transition(first, {"current_stage": ItemStage.VALIDATE})
    assert first.item_id not in [item.item_id for item in everything(stores, run, current_stage="confirm")]


def test_items_are_found_by_the_code_of_their_error_and_by_platform(stores: Stores) -> None:
    run = stores.start(3)
    stores.items.transition(stores.item(run), {"last_error_code": "auth_failed", "platform": "anthropic"})
    stores.items.transition(stores.item(run, 1), {"last_error_code": "unreachable", "platform": "openai"})
    stores.progress.publish()
    found = [
        [item.position for item in everything(stores, run, **filters)]
        for filters in ({"code": "auth_failed"}, {"platform": "openai"}, {"code": "auth_failed", "platform": "openai"})
    ]
    assert found == [[0], [1], []]


def test_the_entry_of_an_item_is_read_as_it_was_written(stores: Stores) -> None:
    for item in everything(stores, mixed_run(stores)):
        entry = ItemEntry.of(item, 1_790_000_000_123)
        assert ItemEntry.read(item.position, entry.text()) == entry
        assert len(entry.text()) < 80


def test_items_of_another_run_are_not_listed(stores: Stores) -> None:
    one, other = stores.start(2), stores.start(1)
    assert [item.run_id for item in everything(stores, other)] == [other.run_id]
    assert len(everything(stores, one)) == 2


# --- runs


def started(stores: Stores) -> list[Run]:
    runs = []
    for number in range(7):
        stores.later(1)
        if number % 2:
            runs.append(stores.start(access_mode="self_service", probe_api_key="sk-probe"))
        else:
            runs.append(stores.start(number + 1))
    stores.runs.cancel(runs[2].run_id)
    stores.runs.cancel(runs[5].run_id)
    return [run for run in map(stores.runs.get, (run.run_id for run in runs)) if run is not None]


def run_ids(stores: Stores, limit: int = 50, **filters: Any) -> list[str]:
    found, cursor = stores.listing.runs(filters, limit, None)
    while cursor is not None:
        more, cursor = stores.listing.runs(filters, limit, cursor)
        found += more
    return [run.run_id for run in found]


def test_runs_come_newest_first_by_every_filter_and_page_size(stores: Stores) -> None:
    runs = started(stores)[::-1]
    for filters in (
        {},
        {"state": "running"},
        {"state": "cancelled"},
        {"state": "failed"},
        {"access_mode": "self_service"},
        {"state": "cancelled", "access_mode": "subscription"},
    ):
        expected = [r.run_id for r in runs if all(getattr(r, name) == value for name, value in filters.items())]
        for limit in (1, 2, 50):
            assert run_ids(stores, limit, **filters) == expected, (filters, limit)


def test_runs_are_found_by_their_id_and_by_provider_or_url_of_their_items(stores: Stores) -> None:
    runs = started(stores)
    provider = stores.item(runs[4], 3).provider_id
    assert run_ids(stores, q=runs[1].run_id[-6:].upper()) == [runs[1].run_id]
    assert run_ids(stores, q=provider) == [r.run_id for r in (runs[6], runs[4])]
    assert run_ids(stores, q="HTTPS://R6.example.com/v1") == [runs[6].run_id]
    assert run_ids(stores, q="r4.example", state="running") == [r.run_id for r in (runs[6], runs[4])]
    assert run_ids(stores, q="nowhere.example") == []


def test_of_many_runs_each_is_listed_once(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_import.store.run_index.RUNS_PER_PAGE", 3)
    runs = []
    for number in range(31):
        stores.later(1)
        runs.append(stores.start(number % 3 + 1).run_id)
    assert run_ids(stores, 7) == runs[::-1]
    assert run_ids(stores, 4, q="r2.example") == runs[2::3][::-1]


def test_of_a_long_list_every_address_is_searched(stores: Stores) -> None:
    run = stores.start(60)
    assert run_ids(stores, q="r59.example") == [run.run_id]
    assert run_ids(stores, q="r60.example") == []


def test_what_is_searched_in_is_read_of_many_runs_at_once(stores: Stores) -> None:
    runs, calls = [stores.start(20) for _ in range(6)], list[Any]()
    stores.runs_table.client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", lambda params, **_: calls.append(params)
    )
    assert set(run_ids(stores, q="r19.example")) == {run.run_id for run in runs}
    calls.clear()
    assert run_ids(stores, q="nowhere.example") == []
    assert len(calls) == 2  # the runs, and what is searched in


def long_runs(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Eight runs, oldest first, on five pages of the index; of each the rest of its text is searched."""
    monkeypatch.setattr("batch_import.store.run_index.RUNS_PER_PAGE", 2)
    runs = []
    for number in range(8):
        stores.later(1)
        runs.append(stores.start(20 if number in (1, 4) else 19).run_id)
    return runs


def test_a_search_that_has_read_many_rows_goes_on_by_its_cursor(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, walked, cursor = long_runs(stores, monkeypatch), list[list[str]](), None
    monkeypatch.setattr("batch_import.store.listing._MOST_SEARCHED", 2)
    while not walked or cursor is not None:
        found, cursor = stores.listing.runs({"q": "r19.example"}, 50, cursor)
        walked.append([run.run_id for run in found])
    assert [len(page) for page in walked[:3]] == [0, 1, 1]
    assert [run_id for page in walked for run_id in page] == [runs[4], runs[1]]
    assert len(stores.listing.runs({}, 50, None)[0]) == 8


def test_a_search_ends_before_its_invocation_does(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = long_runs(stores, monkeypatch)
    with ending(15):
        found, cursor = stores.listing.runs({"q": "r19.example"}, 50, None)
        assert found == []
        assert cursor is not None
        assert run_ids(stores, q="r19.example") == [runs[4], runs[1]]
    assert stores.listing.runs({"q": "nowhere.example"}, 50, None) == ([], None)


def test_runs_that_started_in_the_same_moment_are_all_listed(stores: Stores) -> None:
    runs = {stores.start().run_id for _ in range(5)}
    assert set(run_ids(stores, 2)) == runs


@given(st.lists(st.text(min_size=1, max_size=30).filter(lambda text: "\n" not in text), max_size=30))
def test_what_is_packed_for_the_search_can_be_found(texts: list[str]) -> None:
    packed = "\n".join(zlib.decompress(part).decode() for part in pack_search(texts))
    assert all(text.lower() in packed for text in texts)


@pytest.mark.parametrize(("total", "pages"), [(1, 1), (16, 1), (17, 2), (10_000, 625)])
def test_the_index_of_a_run_has_a_page_for_sixteen_items(total: int, pages: int) -> None:
    assert pages_of(total) == pages
