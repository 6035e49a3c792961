"""The few things that every table here needs: plain values in and out, and transactions that tell a lost answer."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Row = dict[str, Any]
_READ_AT_ONCE = 100

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def encode(row: Mapping[str, Any]) -> Row:
    """A row for the wire; ``None`` is left out, tuples and enums become lists and strings."""
    return {name: _serialize(_plain(value)) for name, value in row.items() if value is not None}


def decode(row: Mapping[str, Any]) -> Row:
    return {name: _python(_deserialize(value)) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value


def _python(value: Any) -> Any:
    if isinstance(value, Binary):
        return value.value  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {key: _python(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_python(inner) for inner in value]
    return int(value) if value.__class__.__name__ == "Decimal" and value == value.to_integral_value() else value


class Table:
    """One table by name. ``client`` is shared by all threads (botocore's clients are thread-safe)."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.client = client
        self.name = name

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Row | None:
        key = encode({"pk": pk, "sk": sk})
        answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]], *, consistent: bool = True) -> dict[tuple[str, str], Row]:
        """Rows by key, in batches; what is not there is absent from the answer."""
        found: dict[tuple[str, str], Row] = {}
        for start in range(0, len(keys), _READ_AT_ONCE):
            wanted = [encode({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + _READ_AT_ONCE]]
            while wanted:
                request: Any = {self.name: {"Keys": wanted, "ConsistentRead": consistent}}
                answer: Any = self.client.batch_get_item(RequestItems=request)
                rows = [decode(row) for row in answer["Responses"].get(self.name, [])]
                found.update({(row["pk"], row["sk"]): row for row in rows})
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
        return found

    def put(self, row: Mapping[str, Any], *, condition: str | None = None, values: Row | None = None) -> bool:
        """Write one row; False when ``condition`` does not hold."""
        return self._conditional(self.client.put_item, Item=encode(row), **_expression(condition, values, None))

    def update(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str | None = None, names: Row | None = None
    ) -> bool:
        return self._conditional(
            self.client.update_item,
            Key=encode({"pk": pk, "sk": sk}),
            UpdateExpression=update,
            **_expression(condition, values, names),
        )

    def update_once(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str, names: Row | None = None
    ) -> bool:
        """An update whose answer decides who goes on. A transaction carries a token: when the client repeats it
        after a lost answer, what its first try changed does not read as somebody else's win.
        """
        return transact(self.client, [self.updating(pk, sk, update, values, condition, names)])

    def delete(self, pk: str, sk: str, *, condition: str | None = None, values: Row | None = None) -> bool:
        key = encode({"pk": pk, "sk": sk})
        return self._conditional(self.client.delete_item, Key=key, **_expression(condition, values, None))

    def _conditional(self, call: Any, **arguments: Any) -> bool:
        try:
            _past_conflicts(lambda: call(TableName=self.name, **arguments))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def query(self, **arguments: Any) -> tuple[list[Row], Row | None]:
        """One page: rows and where to go on. ``Values`` are plain."""
        arguments["ExpressionAttributeValues"] = encode(arguments["ExpressionAttributeValues"])
        start = arguments.pop("ExclusiveStartKey", None)
        if start:
            arguments["ExclusiveStartKey"] = encode(start)
        answer = self.client.query(TableName=self.name, **arguments)
        last = answer.get("LastEvaluatedKey")
        return [decode(row) for row in answer["Items"]], decode(last) if last else None

    def query_all(self, **arguments: Any) -> Iterator[Row]:
        """Every row, page by page: for what is bounded by itself."""
        rows, more = self.query(**arguments)
        yield from rows
        while more is not None:
            rows, more = self.query(**arguments, ExclusiveStartKey=more)
            yield from rows

    # --- parts of a transaction

    def putting(self, row: Mapping[str, Any], condition: str | None = None, values: Row | None = None) -> Row:
        return {"Put": {"TableName": self.name, "Item": encode(row), **_expression(condition, values, None)}}

    def updating(
        self, pk: str, sk: str, update: str, values: Row, condition: str | None = None, names: Row | None = None
    ) -> Row:
        return {
            "Update": {
                "TableName": self.name,
                "Key": encode({"pk": pk, "sk": sk}),
                "UpdateExpression": update,
                **_expression(condition, values, names),
            }
        }

    def deleting(self, pk: str, sk: str) -> Row:
        return {"Delete": {"TableName": self.name, "Key": encode({"pk": pk, "sk": sk})}}


def transact(client: "DynamoDBClient", parts: Iterable[Row]) -> bool:
    """Write all or nothing; False when a condition does not hold."""
    items: Any = list(parts)
    try:
        _past_conflicts(lambda: client.transact_write_items(TransactItems=items))
    except ClientError as error:
        if "ConditionalCheckFailed" in _cancellation(error):
            return False
        raise
    return True


def _past_conflicts(write: Callable[[], Any], tries: int = 8) -> None:
    """A transaction and another write that meet on one row (a counter, say) conflict without either being wrong."""
    for attempt in range(tries):
        try:
            write()
            return
        except ClientError as error:
            alone = error.response["Error"]["Code"] == "TransactionConflictException"
            if not (alone or _cancellation(error) == {"TransactionConflict"}) or attempt == tries - 1:
                raise
            time.sleep(0.01 * 2**attempt * (0.5 + random.random()))


def _cancellation(error: ClientError) -> set[str]:
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        return set()
    reasons: list[Row] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return {reason.get("Code", "None") for reason in reasons} - {"None"}


def _expression(condition: str | None, values: Row | None, names: Row | None) -> Row:
    expression: Row = {}
    if condition:
        expression["ConditionExpression"] = condition
    if values:
        expression["ExpressionAttributeValues"] = encode(values)
    if names:
        expression["ExpressionAttributeNames"] = names
    return expression
