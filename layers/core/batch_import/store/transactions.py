"""Writes of several rows, all or nothing; those of many threads travel together (a group commit)."""

import random
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

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
        self._guard = threading.Lock()
        self._waiting: list[_Transaction] = []
        self._writing = False

    def write(self, parts: Iterable[Part]) -> bool:
        """Write all ``parts`` or nothing; False when a condition does not hold."""
        mine = _Transaction(parts)
        with self._guard:
            self._waiting.append(mine)
            wait, self._writing = self._writing, True
        if wait:
            mine.turn.wait()
        if not mine.decided:
            self._write_all(mine)
        if mine.error is not None:
            raise mine.error
        return bool(mine.written)

    def _write_all(self, mine: "_Transaction") -> None:
        """``mine`` and what waits; then those hear of it, and the first of the others has its turn."""
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
            for one in (*group, *following):
                one.turn.set()

    def _gathered(self, mine: "_Transaction") -> "list[_Transaction]":
        """``mine`` and what fits beside it: no row may be written twice."""
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
        conflicts = 0
        while group:
            parts: Any = [part for one in group for part in one.parts]
            try:
                self._client.transact_write_items(TransactItems=parts)
            except ClientError as error:
                left = _untouched(group, error)
                if left is None or (len(left) == len(group) and conflicts == _TRIES - 1):
                    if len(group) == 1 or error.response["Error"]["Code"] not in _OF_ONE:
                        raise
                    return self._commit_singly(group)
                if len(left) == len(group):  # a meeting with another transaction on one row: nobody is wrong
                    self._clock.sleep(0.01 * 2**conflicts * (0.5 + random.random()))
                    conflicts += 1
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


def _untouched(group: "Sequence[_Transaction]", error: ClientError) -> "list[_Transaction] | None":
    """Those of a cancelled ``group`` whose own conditions hold; ``None`` when it cannot be said."""
    answer: Any = error.response
    reasons = [reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())]
    codes = set(reasons) - {"None"}
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
