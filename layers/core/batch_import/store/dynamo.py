"""The few things that every table here needs: plain values in and out; every write is a transaction."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from batch_import.store.transactions import Transactions

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

    def __init__(self, client: "DynamoDBClient", name: str, transactions: Transactions | None = None) -> None:
        """``transactions`` is shared by the tables of one client: what they write travels together."""
        self.client = client
        self.name = name
        self.transact = (transactions or Transactions(client)).write

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

    def update(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str | None = None, names: Row | None = None
    ) -> bool:
        """Update one row; False when ``condition`` does not hold.

        A transaction carries a token: when the client repeats it after a lost answer, what its first try changed does
        not read as somebody else's win.
        """
        return self.transact([self.updating(pk, sk, update, values, condition, names)])

    def delete(self, pk: str, sk: str) -> None:
        self.transact([self.deleting(pk, sk)])

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


def _expression(condition: str | None, values: Row | None, names: Row | None) -> Row:
    expression: Row = {}
    if condition:
        expression["ConditionExpression"] = condition
    if values:
        expression["ExpressionAttributeValues"] = encode(values)
    if names:
        expression["ExpressionAttributeNames"] = names
    return expression
