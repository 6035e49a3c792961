"""The rows of MiniStack's tables on disk: a change is in the journal before the request that made it is answered."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from embedded.journal import Change, Journal, NotWritten, Rows, portions
from embedded.ministack import DYNAMODB, Load, replace

READING = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List")
HOST_CALL_SECONDS = 16.0  # the longest call of the host's admin API, TIMEOUT of batch_import.host.transport, and a bit

STORES = (
    *("tags", "ttl_settings", "pitr_settings", "kinesis_destinations", "contributor_insights"),
    *("backups", "resource_policies", "exports", "imports"),
)

Answer = tuple[int, dict[str, str], Any]


class Tables:
    """Rows are known by their table's id: those of a table that was deleted, or never deployed to the end, are gone."""

    def __init__(self, folder: Path, say: Callable[[str], None], load: Load = import_module) -> None:
        self._dynamodb = load(DYNAMODB)
        self._changes: list[Change] = []
        self._journal = Journal(folder, self._rows_now, say)
        self._load = load
        self._rows: Rows = {}

    def open(self) -> None:
        """Read the rows, and journal all changes from now on. Raises EmbeddedError."""
        self._rows = self._journal.open()
        end_leases(self._rows, datetime.now(UTC))
        replace(self._load, DYNAMODB, "_set_item", "table pk_val sk_val item", self._setting)
        replace(self._load, DYNAMODB, "_remove_item", "table pk_val sk_val", self._removing)
        replace(self._load, DYNAMODB, "_items_replaced", "table", self._replacing)
        replace(self._load, DYNAMODB, "get_state", "", lambda _: self._definitions)
        replace(self._load, DYNAMODB, "handle_request", "method path headers body query_params", self._handling)

    def close(self) -> None:
        self._journal.close()

    def cannot_write(self) -> str | None:
        """A sentence while nothing can be written."""
        return self._journal.failure

    # --- with the definitions of the tables, which are a part of the other state

    def _definitions(self) -> dict[str, Any]:
        """In place of ``get_state``: the state of DynamoDB without rows, and not copied, for it is written at once."""
        inner = self._dynamodb
        tables = type(inner._tables)()
        for key, table in list(inner._tables.all_items()):
            kept = {name: value for name, value in table.items() if name not in ("items", inner._INDEX_MEMBERS)}
            tables.set_scoped(*key, kept)
        return {"tables": tables, **{name: getattr(inner, f"_{name}") for name in STORES}}

    def fill(self, state: dict[str, Any]) -> None:
        """Put the rows into a state of DynamoDB that was kept without them."""
        for table in state["tables"]._data.values():
            table["items"] = defaultdict(dict, self._rows.pop(table["TableId"], {}))
            self._dynamodb._update_counts(table)
        self._rows = {}

    def _rows_now(self) -> Iterator[list[Change]]:
        return portions(
            [table["TableId"], pk, sk, row]
            for table in list(self._dynamodb._tables._data.values())
            for pk, rows in list(table["items"].items())
            for sk, row in list(rows.items())
        )

    # --- what stands in the place of MiniStack's functions

    def _setting(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def set_item(table: Any, pk_val: str, sk_val: str, item: Any) -> Any:
            self._changes.append((table["TableId"], pk_val, sk_val, item))
            return found(table, pk_val, sk_val, item)

        return set_item

    def _removing(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def remove_item(table: Any, pk_val: str, sk_val: str) -> Any:
            self._changes.append((table["TableId"], pk_val, sk_val, None))
            return found(table, pk_val, sk_val)

        return remove_item

    def _replacing(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def items_replaced(table: Any) -> None:
            found(table)
            self._changes.append((table["TableId"], None, None, None))
            rows = ((pk, sk, row) for pk, part in table["items"].items() for sk, row in part.items())
            self._changes += [(table["TableId"], *row) for row in rows]

        return items_replaced

    def _handling(self, found: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any) -> Any:
            try:
                if self._journal.failure and not _reads(headers):
                    await self._on_disk([])  # before anything is changed
                answer = await found(method, path, headers, body, query_params)
                changes, self._changes = self._changes, []
                if changes:
                    await self._on_disk(changes)
            except NotWritten as problem:
                return refused(problem)
            return answer

        return handle

    async def _on_disk(self, changes: list[Change]) -> None:
        group = self._journal.append(changes)
        if group.waiter is None:
            group.waiter = asyncio.wrap_future(group.future)
        await asyncio.shield(group.waiter)


def _reads(headers: Mapping[str, str]) -> bool:
    return headers.get("x-amz-target", "").rpartition(".")[2].startswith(READING)


def refused(problem: Exception) -> Answer:
    """The answer of DynamoDB to what may be repeated later: its outcome is uncertain."""
    body = {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": str(problem)}
    return 500, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body).encode()


def end_leases(rows: Rows, now: datetime) -> None:
    """End the leases of the functions' processes, none of which outlives the emulator.

    An item is free at once. Other leases guard what the host is told: a call that was under way may still take effect,
    so they last until it would have timed out.
    """
    latest = (now + timedelta(seconds=HOST_CALL_SECONDS)).astimezone(UTC).isoformat(timespec="milliseconds")
    for partitions in rows.values():
        for partition in partitions.values():
            for row in partition.values():
                if "lease_owner" not in row:
                    continue
                if "current_stage" in row:
                    del row["lease_owner"], row["lease_expires_at"]
                else:
                    row["lease_expires_at"] = {"S": min(row["lease_expires_at"]["S"], latest)}
