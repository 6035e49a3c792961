"""The index of relays, and the lists that read it (docs/decisions/0036-compare.md)."""

import json
import random
import string
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from batch_import.domain.errors import InvalidRequest, StaleWrite
from batch_import.domain.finding import Finding
from batch_import.domain.types import ModelOrder, RelayOrder
from batch_import.store.comparing import ComparedPage, Comparing
from batch_import.store.cursors import encode_cursor
from batch_import.store.dynamo import Table
from batch_import.store.packing import pack
from batch_import.store.relay_index import RelayIndex

from tests.support.stores import Stores


def finding(number: int = 1, **fields: Any) -> Finding:
    base = Finding(
        relay=f"{number:016x}"[::-1],
        seen_at=1_000 + number,
        run_id="run_1",
        item_id=f"item_{number:05d}",
        access_status="active",
        code=None,
        proved_at=1_000 + number,
        base_url=f"https://relay{number}.example.com/v1",
        provider_id=f"relay{number}-0000",
        platform="openai",
        account_id=number,
        multiplier=None,
        balance=None,
        currency=None,
        tested="kimi-k2.6",
        first_token_ms=None,
        tokens_per_second=None,
        latency_ms=None,
        identity=None,
        passthrough=None,
        families=["kimi-k2.6", "glm-5"],
    )
    return base._replace(**fields)


def put(index: RelayIndex, *findings: Finding) -> None:
    index.change({one.relay: partial(_always, one) for one in findings})


def _always(finding: Finding, _: Finding | None) -> Finding:
    return finding


@pytest.fixture
def index(stores: Stores) -> RelayIndex:
    return RelayIndex(stores.runs_table)


def known(index: RelayIndex) -> dict[str, Finding]:
    return {one.relay: one for one in index.findings()}


@pytest.mark.parametrize("written", [list(finding(1))[:-2], [*finding(1), "more"]], ids=["before", "later"])
def test_rows_of_another_version_are_read(stores: Stores, index: RelayIndex, written: list[Any]) -> None:
    put(index, finding(1))
    [row] = [row for n in range(4) for row in stores.runs_table.query_all(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"relays#{n}"})]  # fmt: skip
    old = pack(json.dumps([written]))
    stores.runs_table.update(
        row["pk"], row["sk"], "SET findings = :old, version = :next", {":old": old, ":next": row["version"] + 1}
    )
    assert known(index) == {finding(1).relay: finding(1)}


def test_what_is_put_is_read_changed_and_taken_out(index: RelayIndex) -> None:
    many = [finding(number) for number in range(300)]
    put(index, *many)
    assert known(index) == {one.relay: one for one in many}
    seen: list[Finding | None] = []

    def dearer(before: Finding | None) -> Finding | None:
        seen.append(before)
        return many[7]._replace(multiplier=2.0)

    index.change({many[7].relay: dearer, many[8].relay: lambda _: None, "ffff": lambda _: None})
    assert seen == [many[7]]
    after = known(index)
    assert len(after) == 299
    assert after[many[7].relay].multiplier == 2.0
    assert many[8].relay not in after


def test_nothing_is_written_where_nothing_changes(stores: Stores, index: RelayIndex) -> None:
    put(index, finding())
    before = [row["version"] for row in rows(stores)]
    put(index, finding())
    index.change({"ffff": lambda _: None})
    assert [row["version"] for row in rows(stores)] == before == [1]


def rows(stores: Stores) -> list[dict[str, Any]]:
    queries = (
        stores.runs_table.query_all(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"relays#{key}"}
        )
        for key in range(4)
    )
    return [row for query in queries for row in query]


def test_two_writers_of_a_row_lose_nothing(stores: Stores, index: RelayIndex) -> None:
    first, second = finding(1), finding(1)._replace(relay=finding(1).relay[:4] + "f" * 12)
    written: list[int] = []

    def meanwhile(_: Finding | None) -> Finding:
        if not written:
            written.append(1)
            put(index, second)
        return first

    index.change({first.relay: meanwhile})
    assert known(index) == {one.relay: one for one in (first, second)}


def test_a_row_that_others_always_win_is_left_to_a_later_delivery(index: RelayIndex) -> None:
    number = iter(range(100))

    def meanwhile(_: Finding | None) -> Finding:
        put(index, finding(1, account_id=next(number)))
        return finding(1, account_id=-1)

    with pytest.raises(StaleWrite):
        index.change({finding(1).relay: meanwhile})


def test_a_row_that_fails_keeps_no_other_from_being_written(index: RelayIndex) -> None:
    number, others = iter(range(100)), [finding(1, relay="0000a"), finding(2, relay="0002b")]

    def meanwhile(_: Finding | None) -> Finding:
        put(index, finding(1, relay="0001c", account_id=next(number)))
        return finding(1, relay="0001c", account_id=-1)

    with pytest.raises(StaleWrite):
        index.change({"0001c": meanwhile, **{one.relay: partial(_always, one) for one in others}})
    assert set(known(index)) == {"0000a", "0001c", "0002b"}


def test_a_row_has_room_whatever_relays_list(stores: Stores, index: RelayIndex) -> None:
    """First the oldest relays keep only the model that was tested there; when that is not enough, they go."""
    letters = random.Random(1)
    many = [finding(n, relay=f"0001{n}", families=["kimi-k2.6", *names(letters, 100)]) for n in range(60)]
    put(index, *many, finding(99, relay="0002b"))
    put(index, *many)
    assert max(len(row["findings"]) for row in rows(stores)) < 400_000
    assert [row["version"] for row in rows(stores)] == [1, 1]
    found = known(index)
    assert len(found) == 61
    assert found["000159"] == many[59]
    assert found["00010"] == many[0]._replace(families=["kimi-k2.6"])
    longer = [finding(200 + n, relay=f"0001b{n}", base_url="".join(names(letters, 100))) for n in range(60)]
    put(index, *longer)
    assert max(len(row["findings"]) for row in rows(stores)) < 400_000
    assert {"0001b59", "0002b"} <= set(known(index))
    assert "00010" not in known(index)


def names(letters: random.Random, count: int) -> list[str]:
    return ["".join(letters.choices(string.ascii_lowercase, k=100)) for _ in range(count)]


# --- lists


@pytest.fixture
def comparing(index: RelayIndex) -> Comparing:
    put(
        index,
        finding(
            1, tokens_per_second=30.0, first_token_ms=500, latency_ms=700, multiplier=1.0, balance=5.0, currency="USD"
        ),
        finding(
            2, tokens_per_second=90.0, first_token_ms=900, latency_ms=100, multiplier=0.5, balance=0.0, currency="USD"
        ),
        finding(3, balance=5.0, currency="USD"),
        finding(4, tested="glm-5", tokens_per_second=400.0, families=["glm-5"], multiplier=0.5, platform="anthropic"),
        finding(5, access_status="broken", tokens_per_second=60.0, families=["kimi-k2.6", "gpt-5"]),
    )
    return Comparing(index)


def relays(comparing: Comparing, model: str, order: RelayOrder, **filters: Any) -> list[int]:
    found = comparing.relays(model, filters, order, 50, None)
    assert found is not None
    return [one.account_id for one in found[1].rows]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (RelayOrder.TOKENS_PER_SECOND, [2, 5, 1, 3]),
        (RelayOrder.FIRST_TOKEN, [1, 2, 3, 5]),
        (RelayOrder.LATENCY, [2, 1, 3, 5]),
        (RelayOrder.MULTIPLIER, [2, 1, 3, 5]),
        (RelayOrder.BALANCE, [1, 3, 2, 5]),
        (RelayOrder.SEEN, [5, 3, 2, 1]),
    ],
)
def test_relays_stand_in_their_orders_with_what_is_unknown_last(
    comparing: Comparing, order: RelayOrder, expected: list[int]
) -> None:
    assert relays(comparing, "kimi-k2.6", order) == expected


def test_an_amount_of_unknown_currency_stands_with_the_unknown(index: RelayIndex) -> None:
    put(
        index,
        finding(1, balance=90_000.0),
        finding(2, balance=3.0, currency="USD"),
        finding(3, balance=4.0, currency="USD"),
        finding(4),
    )
    ordered = relays(Comparing(index), "kimi-k2.6", RelayOrder.BALANCE)
    assert ordered == [3, 2, 1, 4]


def test_balances_stand_by_currency_dollars_first(index: RelayIndex) -> None:
    put(
        index,
        finding(1, balance=10.0, currency="CNY"),
        finding(2, balance=5.0, currency="USD"),
        finding(3, balance=900.0, currency="AUD"),
        finding(4, balance=30.0, currency="CNY"),
        finding(5, balance=6.0, currency="USD"),
        finding(6),
    )
    comparing = Comparing(index)
    assert relays(comparing, "kimi-k2.6", RelayOrder.BALANCE) == [5, 2, 3, 4, 1, 6]
    pages = walked(comparing, RelayOrder.BALANCE, 1)
    assert [one.account_id for page in pages for one in page.rows] == [5, 2, 3, 4, 1, 6]


def test_a_price_of_peak_hours_orders_where_it_is_higher(index: RelayIndex) -> None:
    put(
        index,
        finding(1, multiplier=0.5, peak_multiplier=2.5),
        finding(2, multiplier=0.6),
        finding(3, multiplier=0.7, peak_multiplier=0.1),
        finding(4, multiplier=0.8),
        finding(5),
    )
    comparing = Comparing(index)
    assert relays(comparing, "kimi-k2.6", RelayOrder.MULTIPLIER) == [2, 3, 4, 1, 5]
    [model] = [one for one in comparing.models({}, ModelOrder.NAME, 50, None).rows if one.model == "kimi-k2.6"]
    assert model.lowest_multiplier == 0.5


def test_of_those_without_a_value_the_relays_that_were_tested_with_the_model_come_first(index: RelayIndex) -> None:
    others = [finding(number, tested="glm-5", families=["glm-5", "kimi-k2.6"]) for number in (1, 2, 3, 5)]
    put(index, *others, finding(4), finding(6, tokens_per_second=30.0))
    assert relays(Comparing(index), "kimi-k2.6", RelayOrder.TOKENS_PER_SECOND) == [6, 4, 1, 2, 3, 5]


def test_figures_of_another_model_do_not_order(comparing: Comparing) -> None:
    """Relay 2 is quick with the model that was asked there, of glm-5 nothing is known."""
    assert relays(comparing, "glm-5", RelayOrder.TOKENS_PER_SECOND) == [4, 1, 2, 3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"q": "RELAY2."}, {2}),
        ({"q": "relay3-0"}, {3}),
        ({"access_status": "broken"}, {5}),
        ({"platform": "anthropic"}, set()),
        ({"tested": True}, {1, 2, 3, 5}),
        ({"tested": False}, set()),
        ({"q": None, "access_status": "active"}, {1, 2, 3}),
    ],
)
def test_relays_are_filtered(comparing: Comparing, filters: dict[str, Any], expected: set[int]) -> None:
    assert set(relays(comparing, "kimi-k2.6", RelayOrder.SEEN, **filters)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (ModelOrder.RELAYS, ["glm-5", "kimi-k2.6", "gpt-5"]),
        (ModelOrder.TOKENS_PER_SECOND, ["glm-5", "kimi-k2.6", "gpt-5"]),
        (ModelOrder.FIRST_TOKEN, ["kimi-k2.6", "glm-5", "gpt-5"]),
        (ModelOrder.NAME, ["glm-5", "gpt-5", "kimi-k2.6"]),
    ],
)
def test_models_stand_in_their_orders(comparing: Comparing, order: ModelOrder, expected: list[str]) -> None:
    assert [one.model for one in comparing.models({}, order, 50, None).rows] == expected


def test_models_are_searched(comparing: Comparing) -> None:
    page = comparing.models({"q": "GPT"}, ModelOrder.RELAYS, 50, None)
    assert ([one.model for one in page.rows], page.matching) == (["gpt-5"], 1)


def test_a_model_that_no_relay_serves_has_no_list(comparing: Comparing) -> None:
    assert comparing.relays("gpt-6", {}, RelayOrder.SEEN, 50, None) is None


def walked(comparing: Comparing, order: RelayOrder, limit: int) -> Iterator[ComparedPage]:
    cursor: str | None = None
    for _ in range(20):
        found = comparing.relays("kimi-k2.6", {}, order, limit, cursor)
        assert found is not None
        yield found[1]
        cursor = found[1].next_cursor
        if cursor is None:
            return
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("order", list(RelayOrder))
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_pages_follow_one_another(comparing: Comparing, order: RelayOrder, limit: int) -> None:
    pages = list(walked(comparing, order, limit))
    assert [one.account_id for page in pages for one in page.rows] == relays(comparing, "kimi-k2.6", order)
    assert {page.matching for page in pages} == {4}


@pytest.mark.parametrize(
    "position",
    ["x", "0usd 1.000000 a", "1USD 1.000000 a", "0 nan a", "2 1.000000 a", "0 1e9 a", "1 0.000000 ", "0 1.000000 a"],
)
def test_cursors_of_others_and_made_up_ones_are_refused(comparing: Comparing, position: str) -> None:
    scope = {"list": "relays", "model": "glm-5", "order": RelayOrder.SEEN}
    with pytest.raises(InvalidRequest):
        comparing.relays("kimi-k2.6", {}, RelayOrder.SEEN, 1, encode_cursor(position, scope))
    if position == "0 1.000000 a":
        return
    with pytest.raises(InvalidRequest):
        comparing.relays("glm-5", {}, RelayOrder.SEEN, 1, encode_cursor(position, scope))


def test_a_cursor_belongs_to_its_list_with_its_filters_and_order(comparing: Comparing) -> None:
    cursor = comparing.models({}, ModelOrder.RELAYS, 1, None).next_cursor
    for filters, order in (({"q": "g"}, ModelOrder.RELAYS), ({}, ModelOrder.NAME)):
        with pytest.raises(InvalidRequest):
            comparing.models(filters, order, 1, cursor)
    found = comparing.relays("kimi-k2.6", {}, RelayOrder.SEEN, 1, None)
    assert found is not None
    others: list[tuple[str, dict[str, str], RelayOrder]] = [
        ("glm-5", {}, RelayOrder.SEEN),
        ("kimi-k2.6", {"platform": "openai"}, RelayOrder.SEEN),
        ("kimi-k2.6", {}, RelayOrder.LATENCY),
    ]
    for model, of_relays, by in others:
        with pytest.raises(InvalidRequest):
            comparing.relays(model, of_relays, by, 1, found[1].next_cursor)


def test_reading_all_takes_one_query_a_key(stores: Stores, index: RelayIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    put(index, *(finding(number) for number in range(200)))
    asked: list[Any] = []
    query = Table.query
    monkeypatch.setattr(Table, "query", lambda table, **given: asked.append(given) or query(table, **given))
    assert len(list(index.findings())) == 200
    assert len(asked) == 4
