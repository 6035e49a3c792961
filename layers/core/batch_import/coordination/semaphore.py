"""How many may work on one thing at once, over all workers: rows that name the holders, each with its end.

See docs/design.md#21-probe.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from batch_import.domain.clock import Clock, iso
from batch_import.store.dynamo import Row, Table

PERMIT_SECONDS = 150.0  # outlasts any invocation
_KEPT = timedelta(days=1)  # a row that nobody uses any more goes by the table's time to live
_ADD = "ADD holders :mine SET expires_at = :expires"
_ROOM = "attribute_not_exists(holders) OR size(holders) <= :room"


class DistributedSemaphore:
    """``limit`` holders of each name at most. A holder that was killed loses its permit after ``seconds``."""

    def __init__(self, table: Table, clock: Clock, kind: str, limit: int, seconds: float = PERMIT_SECONDS) -> None:
        self._table = table
        self._clock = clock
        self._pk = f"permits#{kind}"
        self._limit = limit
        self._seconds = seconds

    def acquire(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Permits by holder, for the holders of ``wanted`` (by name) that there is room for.

        One call while there is room for all; otherwise each name is read and filled by itself.
        """
        until = iso(self._clock.now() + timedelta(seconds=self._seconds))
        permits = {name: [f"{until}|{holder}" for holder in holders] for name, holders in wanted.items()}
        parts = [self._adding(name, tokens) for name, tokens in permits.items() if len(tokens) <= self._limit]
        if len(parts) < len(permits) or not self._table.transact(parts):
            permits = {name: self._as_many_as_fit(name, tokens) for name, tokens in permits.items()}
        return {token.partition("|")[2]: token for tokens in permits.values() for token in tokens}

    def returning(self, name: str, permit: str) -> Row:
        """The part of a transaction that gives a permit back; harmless when it has run out."""
        return self._table.updating(self._pk, name, "DELETE holders :mine", {":mine": {permit}})

    def give_back(self, name: str, permit: str) -> None:
        self._table.transact([self.returning(name, permit)])

    def _adding(self, name: str, tokens: list[str]) -> Row:
        expires = int((self._clock.now() + _KEPT).timestamp())
        values = {":mine": set(tokens), ":expires": expires, ":room": self._limit - len(tokens)}
        return self._table.updating(self._pk, name, _ADD, values, _ROOM)

    def _as_many_as_fit(self, name: str, tokens: list[str]) -> list[str]:
        """The condition is checked again: another worker may take the room that was read."""
        now = iso(self._clock.now())
        holders = set((self._table.get(self._pk, name) or {}).get("holders", ()))
        late = {token for token in holders if token.partition("|")[0] < now}
        if late:
            self._table.update(self._pk, name, "DELETE holders :late", {":late": late})
        room = self._limit - len(holders - late)
        fitting = tokens[: max(0, room)]
        if not fitting:
            return []
        return fitting if self._table.transact([self._adding(name, fitting)]) else []
