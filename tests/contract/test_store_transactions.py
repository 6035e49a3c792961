"""Group commit against a table: many threads at once, and each condition holds for one."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from batch_import.store.dynamo import Table

from tests.support.aws import Aws

THREADS, ROWS = 60, 12


@pytest.mark.parametrize("parts", [1, 3])
def test_of_those_that_want_the_same_row_one_gets_it(aws: Aws, parts: int) -> None:
    table = Table(boto3.client("dynamodb"), aws.environment["RUNS_TABLE"])

    def take(number: int) -> bool:
        rows = [{"pk": f"taken-{parts}", "sk": f"{number % ROWS:02d}#{part}"} for part in range(parts)]
        return table.transact(
            [table.putting({**row, "owner": number}, "attribute_not_exists(pk)") for row in rows],
        )

    with ThreadPoolExecutor(THREADS) as pool:
        won = [number for number, mine in enumerate(pool.map(take, range(THREADS))) if mine]
    rows = list(table.query_all(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"taken-{parts}"}))
    assert sorted(number % ROWS for number in won) == list(range(ROWS))
    assert len(rows) == ROWS * parts
    assert {row["owner"] for row in rows} == set(won)
