"""What every table needs: plain values in and out, conditional writes, and puts that many threads send together."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from batch_import.aws.retries import OutOfTime, Patience, is_throttle, seconds_to_end
from batch_import.domain.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

T = TypeVar("T")
Row = dict[str, Any]
Key = tuple[str, str]
MOST_PARTS = 100  # what DynamoDB takes in one transaction
_READ_AT_ONCE, _WRITTEN_AT_ONCE = 100, 25
_CONDITION, _CONFLICT = "ConditionalCheckFailed", "TransactionConflict"

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def encode(row: Mapping[str, Any]) -> Row:
    """A row for the wire; ``None`` is left out, tuples and enums become lists and strings."""
    return {name: _serialize(_plain(value)) for name, value in row.items() if value is not None}


def decode(row: Mapping[str, Any]) -> Row:
    return {name: value["S"] if "S" in value else _python(_deserialize(value)) for name, value in row.items()}


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

    def __init__(self, client: "DynamoDBClient", name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self.client = client
        self.name = name
        self._patience = Patience(clock)
        self._together = GroupWriter(self._write_batches)

    # --- reading

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Row | None:
        key = encode({"pk": pk, "sk": sk})
        answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key], *, consistent: bool = True) -> dict[Key, Row]:
        """Rows by key, in batches; what is not there is absent from the answer. Raises ``OutOfTime``, among others."""
        found: dict[Key, Row] = {}
        for start in range(0, len(keys), _READ_AT_ONCE):
            wanted = [encode({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + _READ_AT_ONCE]]
            tries = 0
            while wanted:
                request: Any = {self.name: {"Keys": wanted, "ConsistentRead": consistent}}
                answer: Any = self.client.batch_get_item(RequestItems=request)
                rows = [decode(row) for row in answer["Responses"].get(self.name, [])]
                found.update({(row["pk"], row["sk"]): row for row in rows})
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                tries = self._wait(tries, wanted)
        return found

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

    # --- writing one row

    def update(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str | None = None, names: Row | None = None
    ) -> bool:
        """Update one row; False when ``condition`` does not hold.

        The client repeats a call whose answer was lost. Where its first try changes what ``condition`` says, its second
        one is False: the caller must be able to tell its own change, or use ``update_once``.
        """
        return self._update(pk, sk, update, _expression(condition, values, names), "NONE") is not None

    def updated(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str | None = None, names: Row | None = None
    ) -> Row | None:
        """As ``update``; the row as it is then, or ``None`` when ``condition`` does not hold."""
        return self._update(pk, sk, update, _expression(condition, values, names), "ALL_NEW")

    def _update(
        self, pk: str, sk: str, update: str, expression: Row, returned: Literal["NONE", "ALL_NEW"]
    ) -> Row | None:
        """What is ``returned`` of the row (nothing: an empty one), or ``None``."""
        try:
            answer: Any = self.client.update_item(
                TableName=self.name,
                Key=encode({"pk": pk, "sk": sk}),
                UpdateExpression=update,
                ReturnValues=returned,
                **expression,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return None
        return decode(answer.get("Attributes", {}))

    def update_once(
        self, pk: str, sk: str, update: str, values: Row, *, condition: str | None = None, names: Row | None = None
    ) -> bool:
        """As ``update``, by a transaction of one, for twice its price.

        It carries a token: when the client repeats it after a lost answer, what its first try changed does not read as
        somebody else's win.
        """
        return self.write_together([self.updating(pk, sk, update, values, condition, names)])

    def delete(self, pk: str, sk: str) -> None:
        self.client.delete_item(TableName=self.name, Key=encode({"pk": pk, "sk": sk}))

    # --- writing many rows

    def put_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows, whatever stands there: by few calls, and together with those of other threads. Not atomic."""
        self._together.write({(row["pk"], row["sk"]): {"PutRequest": {"Item": encode(row)}} for row in rows})

    def delete_all(self, keys: Iterable[Key]) -> None:
        """As ``put_all``. A row that is not there is as good as deleted."""
        self._together.write({(pk, sk): {"DeleteRequest": {"Key": encode({"pk": pk, "sk": sk})}} for pk, sk in keys})

    def _write_batches(self, requests: "Requests") -> None:
        waiting, tries = list(requests.values()), 0
        while waiting:
            batch: Any = {self.name: waiting[:_WRITTEN_AT_ONCE]}
            answer: Any = self.client.batch_write_item(RequestItems=batch)
            left = answer.get("UnprocessedItems", {}).get(self.name, [])
            waiting = [*left, *waiting[_WRITTEN_AT_ONCE:]]
            tries = self._wait(tries, left)

    def _wait(self, tries: int, unprocessed: Sequence[Any]) -> int:
        """How often in a row a table had no capacity for all that was asked; waits before the next try."""
        if unprocessed and not self._patience.wait(tries + 1):
            raise OutOfTime("the table has no capacity for all the rows of a call")
        return tries + 1 if unprocessed else 0

    def write_together(self, parts: Sequence[Row]) -> bool:
        """Write all ``parts``, which may be of several tables, or nothing; False when a condition does not hold."""
        tries = 0
        while True:
            try:
                self.client.transact_write_items(TransactItems=parts)  # type: ignore[arg-type]
            except ClientError as error:
                codes = _reasons(error)
                if _CONDITION in codes:
                    return False
                tries += 1
                if not (is_throttle(error) or codes == {_CONFLICT}) or not self._patience.wait(tries):
                    raise
            else:
                return True

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


def readable(read: Callable[[list[str]], list[T]], ids: list[str], unreadable: set[str]) -> list[T]:
    """What can be read of ``ids``; the others are added to ``unreadable``.

    A row that another version of this service wrote may hold what this one does not know. No other row is at fault.
    """
    try:
        return read(ids)
    except ValueError:
        if len(ids) < 2:
            unreadable.update(ids)
            return []
    middle = len(ids) // 2
    return [*readable(read, ids[:middle], unreadable), *readable(read, ids[middle:], unreadable)]


Requests = Mapping[Key, Row]


class _Group:
    """What is written by one call, and what became of it."""

    def __init__(self) -> None:
        self.requests: dict[Key, Row] = {}
        self.written: Future[None] = Future()


class GroupWriter:
    """Requests that arrive during a call are sent with the next one. Each thread waits until its own are written."""

    def __init__(self, send: Callable[[Requests], None]) -> None:
        self._send = send
        self._turn = threading.Lock()  # held while a group is sent
        self._joining = threading.Lock()
        self._next = _Group()

    def write(self, requests: Requests) -> None:
        """Returns when all ``requests`` are written. Raises what the call raised, or ``OutOfTime``."""
        if not requests:
            return
        with self._joining:
            group = self._next
            group.requests.update(requests)
        left = seconds_to_end()
        if not self._turn.acquire(timeout=-1 if left == float("inf") else max(0.0, left)):
            raise OutOfTime("the writes before this one took all the time of the invocation")
        try:
            if not group.written.done():
                self._send_group(group)
        finally:
            self._turn.release()
        group.written.result()

    def _send_group(self, group: _Group) -> None:
        with self._joining:
            self._next = _Group()
        try:
            self._send(group.requests)
        except BaseException as error:
            group.written.set_exception(error)
        else:
            group.written.set_result(None)


def _reasons(error: ClientError) -> set[str]:
    """Why the parts of a cancelled transaction were cancelled."""
    answer: Any = error.response
    return {reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())} - {"None"}


def _expression(condition: str | None, values: Row | None, names: Row | None) -> Row:
    expression: Row = {}
    if condition:
        expression["ConditionExpression"] = condition
    if values:
        expression["ExpressionAttributeValues"] = encode(values)
    if names:
        expression["ExpressionAttributeNames"] = names
    return expression
