"""Counts what a stack would be billed for in AWS: capacity units of DynamoDB by its own rules, and calls of services.

It is switched on by ``CAPACITY_FILE``, for ``make cost``: the file is written anew at most once a second.

The rules are those of AWS's "DynamoDB read and write capacity" and "Item sizes and formats": a write costs a unit for
each kilobyte of the larger of old and new row, twice in a transaction, and what each index takes; a read one for each
4 kB, half of it when it may be stale, twice in a transaction.
"""

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from embedded.ministack import DYNAMODB, Load, replace

Row = Mapping[str, Mapping[str, Any]]
Application = Callable[[Any, Any, Any], Awaitable[None]]
_KB = 1024
_READING = ("GetItem", "BatchGetItem", "Query", "TransactGetItems")


def row_size(row: Row) -> int:
    """Bytes of a row as DynamoDB counts them."""
    return sum(len(name.encode()) + _value_size(value) for name, value in row.items())


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.strip("-").replace(".", "")) // 2 + 2
    if kind == "B":
        return len(content) * 3 // 4
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: one}) for one in content)
    if kind == "L":
        return 3 + sum(1 + _value_size(inner) for inner in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(inner) for name, inner in content.items())
    return 1


class Capacity:
    """What was used since the start. Units are told apart by table, operation, and kind of row."""

    def __init__(self, file: Path, load: Load = import_module) -> None:
        self._file = file
        self._load = load
        self._written = 0.0
        self._request: list[tuple[str, str, int, int]] = []  # table, key, kilobytes, units of indexes
        self.writes: Counter[str] = Counter()
        self.reads: defaultdict[str, float] = defaultdict(float)
        self.keys: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def count(self, application: Application) -> Application:
        """Count in MiniStack's functions, before anything else replaces them, and the calls that come by HTTP."""
        replace(self._load, DYNAMODB, "_set_item", "table pk_val sk_val item", self._setting)
        replace(self._load, DYNAMODB, "_remove_item", "table pk_val sk_val", self._removing)
        replace(self._load, DYNAMODB, "handle_request", "method path headers body query_params", self._handling)

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            targets = [value for name, value in scope.get("headers", ()) if name == b"x-amz-target"]
            self.calls.update(target.decode("latin-1") for target in targets if not target.startswith(b"DynamoDB"))
            await application(scope, receive, send)

        return counted

    # --- rows

    def _setting(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def set_item(table: Any, pk_val: str, sk_val: str, item: Any) -> Any:
            self._note(table, pk_val, sk_val, item)
            return found(table, pk_val, sk_val, item)

        return set_item

    def _removing(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def remove_item(table: Any, pk_val: str, sk_val: str) -> Any:
            self._note(table, pk_val, sk_val, {})
            return found(table, pk_val, sk_val)

        return remove_item

    def _note(self, table: Any, pk: str, sk: str, row: Row) -> None:
        old = table["items"].get(pk, {}).get(sk, {})
        size = max(_kilobytes(row_size(old)), _kilobytes(row_size(row)))
        indexes = sum(_index_units(index, old, row) for index in table.get("GlobalSecondaryIndexes") or ())
        self._request.append((table["TableName"].rpartition("_import_")[2], f"{pk} {sk}", size, indexes))

    # --- requests

    def _handling(self, found: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any) -> Any:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            self._request = []
            answer = await found(method, path, headers, body, query_params)
            self._count(operation, json.loads(body or b"{}"), answer)
            return answer

        return handle

    def _count(self, operation: str, asked: Mapping[str, Any], answer: Any) -> None:
        self.calls[f"dynamodb {operation}"] += 1
        changes, self._request = self._request, []
        factor = 2 if operation == "TransactWriteItems" else 1
        for table, key, size, indexes in changes:
            units = factor * size + indexes
            self.writes[f"{table} {_kind(table, key)}"] += units
            self.keys[f"{table} {key.partition(' ')[0]}"] += units
        if answer[0] == 400 and b"ConditionalCheckFailed" in _bytes(answer[2]):
            self.writes["conditions that did not hold"] += factor
        if operation in _READING:
            for table, read in _read_units(operation, asked, json.loads(_bytes(answer[2]) or b"{}")):
                self.reads[f"{table.rpartition('_import_')[2]} {operation}"] += read
        self._write()

    def _write(self) -> None:
        if time.monotonic() - self._written > 1:
            self._written = time.monotonic()
            told = {"writes": self.writes, "reads": self.reads, "calls": self.calls, "keys": self.keys.most_common(20)}
            self._file.write_text(json.dumps(told), "utf-8")


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _kilobytes(size: int) -> int:
    return math.ceil(size / _KB) if size else 1


def _index_units(index: Mapping[str, Any], old: Row, new: Row) -> int:
    """Of an index of keys only: nothing while its keys stay, one for a new or a vanished entry, two for a moved one."""
    names = [key["AttributeName"] for key in index["KeySchema"]]
    before, after = ([row.get(name) for name in names] for row in (old, new))
    if before == after:
        return 0
    return (None not in before) + (None not in after)


def _kind(table: str, key: str) -> str:
    pk, _, sk = key.partition(" ")
    if table == "runs" and pk.startswith("lease#"):
        return f"lease of a {pk.split('#')[-1] if '#provider#' not in pk else 'provider'}"
    if table == "runs":
        return next(
            (kind for kind in ("index", "permits", "search", "list", "counter", "relays") if kind in key), "run"
        )
    if table == "run_item_events":
        return "profile" if sk.startswith("profile") else "events"
    return "rows"


def _read_units(operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    if operation == "Query":
        size = sum(row_size(row) for row in answer.get("Items", ()))
        yield asked["TableName"], _four(size, asked.get("ConsistentRead"))
    elif operation == "GetItem":
        yield asked["TableName"], _four(row_size(answer.get("Item", {})), asked.get("ConsistentRead"))
    elif operation == "BatchGetItem":
        for table, wanted in asked["RequestItems"].items():
            rows = answer.get("Responses", {}).get(table, ())
            missing = len(wanted["Keys"]) - len(rows)
            consistent = wanted.get("ConsistentRead")
            yield table, sum(_four(row_size(row), consistent) for row in rows) + missing * _four(0, consistent)


def _four(size: int, consistent: bool | None) -> float:
    return max(1, math.ceil(size / (4 * _KB))) * (1.0 if consistent else 0.5)
