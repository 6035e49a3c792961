"""What every table needs: plain values in and out, and writes that many threads send together (a group commit)."""

import random
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from batch_import.aws.retries import THROTTLES, OutOfTime, Patience, is_throttle, seconds_to_end
from batch_import.domain.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Part = dict[str, Any]
MOST_PARTS = 100  # what DynamoDB takes in one transaction
_TRIES = 8
_CONDITION, _CONFLICT = "ConditionalCheckFailed", "TransactionConflict"
_OF_ONE = ("TransactionCanceledException", "ValidationException")  # the others of a group may not be to blame


class Transactions:
    """One for each client. Writes that arrive during a call are queued and sent with the next.

    Each caller hears of its own write: a condition that does not hold fails no other write.
    """

    def __init__(self, client: "DynamoDBClient", clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = client
        self._clock = clock
        self._patience = Patience(clock)
        self._guard = threading.Lock()
        self._waiting: list[_Transaction] = []
        self._writing = False

    def write(self, parts: Iterable[Part]) -> bool:
        """Write all ``parts`` or nothing; False when a condition does not hold. Raises ``OutOfTime``, among others."""
        mine = _Transaction(parts)
        with self._guard:
            self._waiting.append(mine)
            wait, self._writing = self._writing, True
        if wait:
            self._await_turn(mine)
        if not mine.decided:
            self._write_all(mine)
        if mine.error is not None:
            raise mine.error
        return bool(mine.written)

    def _await_turn(self, mine: "_Transaction") -> None:
        left = seconds_to_end()
        if mine.turn.wait(None if left == float("inf") else max(0.0, left)):
            return
        with self._guard:
            if mine.turn.is_set():  # it came just now, and perhaps with the duty to write for the others
                return
            self._waiting = [other for other in self._waiting if other is not mine]
        raise OutOfTime("the writes before this one took all the time of the invocation")

    def _write_all(self, mine: "_Transaction") -> None:
        """Commit ``mine`` and queued writes, tell their callers, and let the next queued write begin."""
        group = self._gathered(mine)
        try:
            self._commit(group)
        except BaseException as error:
            for one in group:
                if one.written is None:
                    one.error = one.error or error
        finally:
            with self._guard:
                following = self._waiting[:1]
                self._writing = bool(following)
                for one in following:  # under the lock: one that gives up waiting must see its turn
                    one.turn.set()
            for one in group:
                one.turn.set()

    def _gathered(self, mine: "_Transaction") -> "list[_Transaction]":
        """``mine`` and the queued writes that fit into one call, which may write no row twice."""
        with self._guard:
            group: list[_Transaction] = []
            parts, rows = 0, set[tuple[str, str, str]]()
            for one in (mine, *(other for other in self._waiting if other is not mine)):
                if not group or (parts + len(one.parts) <= MOST_PARTS and rows.isdisjoint(one.rows)):
                    group.append(one)
                    parts += len(one.parts)
                    rows |= one.rows
            self._waiting = [one for one in self._waiting if one not in group]
            return group

    def _commit(self, group: "Sequence[_Transaction]") -> None:
        conflicts = throttled = 0
        while group:
            parts: Any = [part for one in group for part in one.parts]
            try:
                self._client.transact_write_items(TransactItems=parts)
            except ClientError as error:
                left = _untouched(group, error)
                if is_throttle(error):  # the table has no capacity left at the moment: the group stays together
                    throttled += 1
                    if not self._patience.wait(throttled):
                        raise
                elif left is None or (len(left) == len(group) and conflicts == _TRIES - 1):
                    if len(group) == 1 or error.response["Error"]["Code"] not in _OF_ONE:
                        raise
                    return self._commit_singly(group)
                elif len(left) == len(group):  # a meeting with another transaction on one row: nobody is wrong
                    self._clock.sleep(0.01 * 2**conflicts * (0.5 + random.random()))
                    conflicts += 1
                left = list(group) if left is None else left
                for one in group:
                    one.written = None if one in left else False
                group = left
            else:
                for one in group:
                    one.written = True
                return None
        return None

    def _commit_singly(self, group: "Sequence[_Transaction]") -> None:
        for one in group:
            try:
                self._commit([one])
            except Exception as error:
                one.error = error


class _Transaction:
    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = list(parts)
        self.rows = {_row_of(part) for part in self.parts}
        self.turn = threading.Event()  # it has been decided, or is to be written now
        self.written: bool | None = None
        self.error: BaseException | None = None

    @property
    def decided(self) -> bool:
        return self.written is not None or self.error is not None


def _row_of(part: Part) -> tuple[str, str, str]:
    operation = next(iter(part.values()))
    key = operation.get("Key") or operation["Item"]
    return operation["TableName"], key["pk"]["S"], key["sk"]["S"]


def _reasons(error: ClientError) -> list[str]:
    """Of a cancelled transaction, one for each part: why it was cancelled, or ``None`` as a word."""
    answer: Any = error.response
    return [reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())]


def _untouched(group: "Sequence[_Transaction]", error: ClientError) -> "list[_Transaction] | None":
    """The writes of a cancelled ``group`` whose own conditions hold; ``None`` when the answer does not tell."""
    reasons = _reasons(error)
    codes = set(reasons) - {"None"} - THROTTLES
    if codes == {_CONFLICT}:
        return list(group)
    if not codes or not codes <= {_CONFLICT, _CONDITION}:
        return None
    if len(group) == 1:
        return []
    if len(reasons) != sum(len(one.parts) for one in group):
        return None
    mine = iter(reasons)
    failed = {id(one) for one in group if _CONDITION in [next(mine) for _ in one.parts]}
    return [one for one in group if id(one) not in failed]


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

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        transactions: Transactions | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``transactions`` is shared by the tables of one client, so that their writes are sent together."""
        self.client = client
        self.name = name
        self.transact = (transactions or Transactions(client)).write
        self._patience = Patience(clock)

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Row | None:
        key = encode({"pk": pk, "sk": sk})
        answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]], *, consistent: bool = True) -> dict[tuple[str, str], Row]:
        """Rows by key, in batches; what is not there is absent from the answer. Raises ``OutOfTime``, among others."""
        found: dict[tuple[str, str], Row] = {}
        for start in range(0, len(keys), _READ_AT_ONCE):
            wanted = [encode({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + _READ_AT_ONCE]]
            tries = 0
            while wanted:
                request: Any = {self.name: {"Keys": wanted, "ConsistentRead": consistent}}
                answer: Any = self.client.batch_get_item(RequestItems=request)
                rows = [decode(row) for row in answer["Responses"].get(self.name, [])]
                found.update({(row["pk"], row["sk"]): row for row in rows})
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                tries += 1
                if wanted and not self._patience.wait(tries):
                    raise OutOfTime("the table has no capacity for all the rows that were asked for")
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

    def deleting(self, pk: str, sk: str, condition: str | None = None, values: Row | None = None) -> Row:
        key = encode({"pk": pk, "sk": sk})
        return {"Delete": {"TableName": self.name, "Key": key, **_expression(condition, values, None)}}


def _expression(condition: str | None, values: Row | None, names: Row | None) -> Row:
    expression: Row = {}
    if condition:
        expression["ConditionExpression"] = condition
    if values:
        expression["ExpressionAttributeValues"] = encode(values)
    if names:
        expression["ExpressionAttributeNames"] = names
    return expression
