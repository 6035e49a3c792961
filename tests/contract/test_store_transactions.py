"""Writes of many threads against a table: each condition holds for one, and what is put together arrives."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import boto3
import pytest
from batch_import.store.dynamo import Table
from botocore.client import BaseClient

from tests.support.aws import Aws

THREADS, ROWS = 60, 12


@pytest.fixture
def table(aws: Aws) -> Table:
    return Table(boto3.client("dynamodb"), aws.environment["RUNS_TABLE"])


@pytest.mark.parametrize("parts", [1, 3])
def test_of_those_that_want_the_same_row_one_gets_it(table: Table, parts: int) -> None:
    def take(number: int) -> bool:
        rows = [{"pk": f"taken-{parts}", "sk": f"{number % ROWS:02d}#{part}", "owner": number} for part in range(parts)]
        return table.write_together([table.putting(row, "attribute_not_exists(pk)") for row in rows])

    with ThreadPoolExecutor(THREADS) as pool:
        won = [number for number, mine in enumerate(pool.map(take, range(THREADS))) if mine]
    rows = list(table.query_all(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"taken-{parts}"}))
    assert sorted(number % ROWS for number in won) == list(range(ROWS))
    assert len(rows) == ROWS * parts
    assert {row["owner"] for row in rows} == set(won)


def test_rows_that_threads_put_at_the_same_time_share_calls(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call ends when all threads have begun."""
    calls: Counter[str] = Counter()
    call, begun, all_have_begun = BaseClient._make_api_call, list[int](), Event()

    def counted(self: Any, operation: str, parameters: Any) -> Any:
        calls[operation] += 1
        assert all_have_begun.wait(60)
        return call(self, operation, parameters)

    def put(number: int) -> None:
        begun.append(number)
        if len(begun) == THREADS:
            all_have_begun.set()
        table.put_all([{"pk": "together", "sk": f"{number:02d}#{part}"} for part in range(3)])

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, range(THREADS)))
    found = table.get_many([("together", f"{n:02d}#{part}") for n in range(THREADS) for part in range(3)])
    assert len(found) == 3 * THREADS
    assert calls["BatchWriteItem"] <= THREADS / 2


def test_of_rows_put_together_each_thread_hears_of_a_failure(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table.client, "batch_write_item", lambda **_: 1 / 0)

    def fails(number: int) -> bool:
        try:
            table.put_all([{"pk": "failed", "sk": str(number)}])
        except ZeroDivisionError:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(fails, range(8)))


def test_what_a_table_had_no_capacity_for_is_written_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS answers with the rows that it left out."""
    write, asked = table.client.batch_write_item, []

    def half(**request: Any) -> Any:
        (rows,) = request["RequestItems"].values()
        asked.append(len(rows))
        written = rows[: max(1, len(rows) // 2)]
        write(RequestItems={table.name: written})
        return {"UnprocessedItems": {table.name: rows[len(written) :]} if len(written) < len(rows) else {}}

    monkeypatch.setattr(table.client, "batch_write_item", half)
    monkeypatch.setattr(table._patience, "wait", lambda _: True)
    table.put_all([{"pk": "halved", "sk": f"{n:02d}"} for n in range(30)])
    assert len(table.get_many([("halved", f"{n:02d}") for n in range(30)])) == 30
    assert max(asked) <= 25
