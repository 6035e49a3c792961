"""The index of relays: what was found out about each one that was proved, for comparing them.

Rows hold the findings of some relays each, chosen by a hash of the relay, compressed: relays list much the same models.
See docs/decisions/0036-compare.md.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from batch_import.domain.errors import StaleWrite
from batch_import.domain.finding import Finding
from batch_import.store.dynamo import Row, Table
from batch_import.store.packing import pack, unpack

_ROWS = 128  # at 10,000 relays eighty findings stand in a row
_KEYS = 4  # over which the rows are spread
_TRIES = 5
_LONGEST = 150_000  # bytes of a row's findings; DynamoDB takes 400 kB a row, and a list reads all rows

Change = Callable[[Finding | None], Finding | None]


class RelayIndex:
    def __init__(self, runs: Table) -> None:
        self._table = runs
        self._kept: dict[str, tuple[int, list[Finding]]] = {}  # by row, with its version

    def findings(self) -> Iterator[Finding]:
        """All of them, in no order. What this process has unpacked before is kept: that takes half of the time."""
        for spread in range(_KEYS):
            rows = self._table.query_all(
                KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"relays#{spread}"}
            )
            for row in rows:
                kept = self._kept.get(row["sk"])
                if kept is None or kept[0] != row["version"]:
                    kept = self._kept[row["sk"]] = row["version"], list(_read(row).values())
                yield from kept[1]

    def change(self, changes: Mapping[str, Change]) -> None:
        """Apply each change, by relay, to what is known of it; ``None`` is nothing. Rows that stay are not written.

        Raises ``StaleWrite`` when others write the same rows all the time, among others; all other rows are written.
        """
        by_row: dict[int, dict[str, Change]] = defaultdict(dict)
        for relay, change in changes.items():
            by_row[int(relay[:4], 16) % _ROWS][relay] = change
        failed: list[Exception] = []
        for number, of_row in sorted(by_row.items()):
            try:
                if not any(self._change(number, of_row) for _ in range(_TRIES)):
                    raise StaleWrite(f"relays {number}")
            except Exception as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _change(self, number: int, changes: Mapping[str, Change]) -> bool:
        key = f"relays#{number % _KEYS}", f"{number:03d}"
        row = self._table.get(*key) or {}
        known = _read(row)
        after = known | {relay: change(known.get(relay)) for relay, change in changes.items()}
        found, packed = _fitting(finding for finding in after.values() if finding is not None)
        if {finding.relay: finding for finding in found} == known:
            return True
        values: Row = {":findings": packed, ":next": row.get("version", 0) + 1}
        condition = "attribute_not_exists(version)"
        if row:
            condition, values[":seen"] = "version = :seen", row["version"]
        return self._table.update(*key, "SET findings = :findings, version = :next", values, condition=condition)


def _fitting(findings: Iterable[Finding]) -> tuple[list[Finding], bytes]:
    """What a row can hold, and as it holds it. When it is too long, the oldest findings keep only the family that was
    tested; when that is not enough, they go.
    """
    found = sorted(findings, key=lambda finding: finding.seen_at, reverse=True)
    packed, whole = _packed(found), len(found)
    while len(packed) > _LONGEST and found:
        if whole:
            whole = whole * 3 // 4
            found = [*found[:whole], *(one._replace(families=[one.tested]) for one in found[whole:])]
        else:
            found = found[: len(found) * 3 // 4]
        packed = _packed(found)
    return found, packed


def _packed(findings: list[Finding]) -> bytes:
    return pack(json.dumps(findings, ensure_ascii=False, separators=(",", ":")))


def _read(row: Row) -> dict[str, Finding]:
    if not row:
        return {}
    fields = len(Finding._fields)  # a later version of this service may have written more
    found = (Finding(*values[:fields]) for values in json.loads(unpack(row["findings"])))
    return {finding.relay: finding for finding in found}
