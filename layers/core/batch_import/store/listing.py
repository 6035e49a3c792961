"""Lists in their documented orders: bounded reads, opaque cursors bound to their filter.

See docs/design.md#35-list-orders.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import InvalidRequest
from batch_import.store.dynamo import Row, Table
from batch_import.store.items import ItemStore
from batch_import.store.runs import RunStore

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_ROWS_PER_REQUEST = 2_000  # a request never looks at more rows, whatever the size of the run
_RUNS_PER_SEARCH = 100
_CHUNK = 500
SEARCH_ROW_BYTES = 300_000

Filter = Mapping[str, Any]


def encode_cursor(position: str, filters: Filter) -> str:
    raw = json.dumps([position, _digest(filters)])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, filters: Filter) -> str | None:
    """The position that ``cursor`` holds; raises ``InvalidRequest`` when it is damaged or of another filter."""
    if cursor is None:
        return None
    try:
        position, digest = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise InvalidRequest("cursor is not valid") from None
    if digest != _digest(filters) or not isinstance(position, str):
        raise InvalidRequest("cursor belongs to another filter")
    return position


def _digest(filters: Filter) -> str:
    text = json.dumps({k: str(v) for k, v in filters.items() if v is not None}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def pack_search(texts: list[str]) -> list[bytes]:
    """What ``q`` searches for runs: compressed lines, split so that each fits a row."""
    lines, packed, size = [], [], 0
    for text in texts:
        lines.append(text.lower())
        size += len(text.encode()) + 1
        if size > SEARCH_ROW_BYTES:
            packed.append(zlib.compress("\n".join(lines).encode()))
            lines, size = [], 0
    return [*packed, zlib.compress("\n".join(lines).encode())] if lines else packed


class Listing:
    def __init__(self, runs_table: Table, items_table: Table, runs: RunStore, items: ItemStore) -> None:
        self._runs_table = runs_table
        self._items_table = items_table
        self._runs = runs
        self._items = items

    def runs(self, filters: Filter, limit: int, cursor: str | None) -> tuple[list[Run], str | None]:
        """``started_at`` descending; filters ``state``, ``access_mode``, ``q`` (run id, and items' provider or URL)."""
        state = filters.get("state")
        index = {"IndexName": "by_state" if state else "by_start"}
        key = ("state_pk", str(state)) if state else ("list_pk", "runs")
        budget = _RUNS_PER_SEARCH if filters.get("q") else _ROWS_PER_REQUEST
        rows, position = self._walk(
            self._runs_table,
            index,
            key,
            "list_sk",
            budget,
            limit,
            decode_cursor(cursor, filters),
            lambda row: self._run_matches(row, filters),
        )
        found = self._runs.get_many([row["pk"] for row in rows])
        return found, encode_cursor(position, filters) if position else None

    def items(self, run_id: str, filters: Filter, limit: int, cursor: str | None) -> tuple[list[Item], str | None]:
        """The order of docs/design.md#35-list-orders. A filter that few rows meet may give short pages:
        ``next_cursor`` then goes on.
        """
        rows, position = self._walk(
            self._items_table,
            {"IndexName": "by_order"},
            ("order_pk", run_id),
            "order_sk",
            _ROWS_PER_REQUEST,
            limit,
            decode_cursor(cursor, filters),
            lambda row: _item_matches(row, filters),
        )
        found = self._items.get_many(run_id, [row["sk"] for row in rows])
        return found, encode_cursor(position, filters) if position else None

    def _walk(
        self,
        table: Table,
        index: Row,
        key: tuple[str, str],
        range_key: str,
        budget: int,
        limit: int,
        position: str | None,
        matches: Callable[[Row], bool],
    ) -> tuple[list[Row], str | None]:
        found: list[Row] = []
        while budget > 0:
            rows, more = self._page(table, index, key, range_key, min(_CHUNK, budget, max(limit + 1, 25)), position)
            budget -= len(rows)
            for row in rows:
                if matches(row):
                    if len(found) == limit:
                        return found, position
                    found.append(row)
                position = row[range_key]
            if not more:
                return found, None
        return found, position

    def _page(
        self, table: Table, index: Row, key: tuple[str, str], range_key: str, size: int, position: str | None
    ) -> tuple[list[Row], bool]:
        """Rows after ``position`` by value, so a cursor holds even when its row has moved."""
        condition, values = f"{key[0]} = :key", {":key": key[1]}
        if position is not None:
            condition, values[":position"] = f"{condition} AND {range_key} < :position", position
        rows, more = table.query(
            **index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=size,
        )
        return rows, more is not None

    def _run_matches(self, row: Row, filters: Filter) -> bool:
        if filters.get("access_mode") not in (None, row["access_mode"]):
            return False
        query = (filters.get("q") or "").lower()
        if not query or query in row["pk"].lower():
            return True
        texts = self._runs.search_texts(row["pk"], row.get("search_rows", 0))
        return any(query in zlib.decompress(text).decode() for text in texts)


_ITEM_FILTERS = ("current_stage", "confirmation_status", "provider_id", "matched_account_state", "account_resolution")


def _item_matches(row: Row, filters: Filter) -> bool:
    if any(filters.get(name) not in (None, row.get(name)) for name in _ITEM_FILTERS):
        return False
    if filters.get("access_status") not in (None, row.get("access_status", "unknown")):
        return False
    if filters.get("has_warning") not in (None, row.get("has_warning", False)):
        return False
    query = (filters.get("q") or "").lower()
    return not query or any(query in row[name].lower() for name in ("provider_id", "base_url", "item_id"))
