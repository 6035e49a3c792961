"""Index pages: rows that hold short entries of many things, so that a list or a sum reads few rows.

An entry says what a thing's own row says. Whoever changes the row sets the entry afterwards; what a crash left out is
set when the row is next looked at. See docs/decisions/0023-tables.md.
"""

from collections.abc import Iterator, Mapping

from batch_import.store.dynamo import Row, Table

Entries = dict[str, str]
_KEYS = ("pk", "sk")


class IndexPages:
    """Entries are compared as texts: one that is less than the one that stands there is older, and is left out."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def set(self, pk: str, sk: str, entries: Mapping[str, str]) -> Entries:
        """Set those of ``entries``, by name, that are not older; returns all entries of the page as they are then."""
        page = self._set(pk, sk, entries)
        if page is None:
            for name, entry in entries.items():
                self._set(pk, sk, {name: entry})
            page = self._table.get(pk, sk) or {}
        return _entries(page)

    def _set(self, pk: str, sk: str, entries: Mapping[str, str]) -> Row | None:
        numbered = list(enumerate(entries.items()))
        names = {f"#{n}": name for n, (name, _) in numbered}
        values = {f":{n}": entry for n, (_, entry) in numbered}
        update = "SET " + ", ".join(f"#{n} = :{n}" for n, _ in numbered)
        condition = " AND ".join(f"(attribute_not_exists(#{n}) OR #{n} <= :{n})" for n, _ in numbered)
        return self._table.updated(pk, sk, update, values, condition=condition, names=names)

    def pages(
        self, pk: str, *, newest_first: bool = False, consistent: bool = False, first: int | None = None
    ) -> Iterator[tuple[str, Entries]]:
        """All pages of a key, by name, in the order of their names or backwards.

        They are read a megabyte at a time, when they are asked for; the ``first`` so many by themselves.
        """
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": pk},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        rows, more = self._table.query(**query, **({"Limit": first} if first else {}))
        while rows:
            for row in rows:
                yield row["sk"], _entries(row)
            rows, more = self._table.query(**query, ExclusiveStartKey=more) if more else ([], None)


def _entries(row: Mapping[str, str]) -> Entries:
    return {name: entry for name, entry in row.items() if name not in _KEYS}
