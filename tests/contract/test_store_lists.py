"""Lists in their documented orders, their cursors, filters and search (docs/design.md#35-list-orders)."""

import zlib
from typing import Any

import pytest
from batch_import.domain.entities import Item, Run
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.store.listing import _ROWS_PER_REQUEST, pack_search
from batch_import.store.runs import shards_for
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
    return run


def pages(stores: Stores, run: Run, limit: int, **filters: Any) -> list[list[Item]]:
    found, cursor = stores.listing.items(run.run_id, filters, limit, None)
    result = [found]
    while cursor is not None:
        assert len(result) < 100
        found, cursor = stores.listing.items(run.run_id, filters, limit, cursor)
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
    fields = item.model_dump() | {"access_status": item.shown_access}
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
    assert everything(stores, run, provider_id=listed[3].provider_id) == [listed[3]]


def test_a_cursor_holds_when_rows_move(stores: Stores) -> None:
    run = mixed_run(stores)
    first, cursor = stores.listing.items(run.run_id, {}, 5, None)
    stores.later(1)
    stores.items.transition(first[-1], {"current_stage": ItemStage.DONE, "access_status": AccessStatus.ACTIVE})
    rest, _ = stores.listing.items(run.run_id, {}, 200, cursor)
    assert {item.item_id for item in first} | {item.item_id for item in rest} == {
        item.item_id for item in everything(stores, run)
    }


def test_a_page_reads_a_bounded_number_of_rows_and_says_how_to_go_on(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_import.store.listing._ROWS_PER_REQUEST", 10)
    run = mixed_run(stores)
    found, cursor = stores.listing.items(run.run_id, {"q": "nowhere"}, 50, None)
    assert (found, cursor is not None) == ([], True)
    assert [item for page in pages(stores, run, 50, current_stage="done") for item in page] == everything(
        stores, run, current_stage="done"
    )
    assert _ROWS_PER_REQUEST <= 2_000


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


def test_runs_that_started_in_the_same_moment_are_all_listed(stores: Stores) -> None:
    runs = {stores.start().run_id for _ in range(5)}
    assert set(run_ids(stores, 2)) == runs


@given(st.lists(st.text(min_size=1, max_size=30).filter(lambda text: "\n" not in text), max_size=30))
def test_what_is_packed_for_the_search_can_be_found(texts: list[str]) -> None:
    packed = "\n".join(zlib.decompress(part).decode() for part in pack_search(texts))
    assert all(text.lower() in packed for text in texts)


@pytest.mark.parametrize(("total", "shards"), [(1, 1), (50, 1), (51, 2), (1_600, 32), (10_000, 32)])
def test_a_large_run_spreads_its_counters(total: int, shards: int) -> None:
    assert shards_for(total) == shards
