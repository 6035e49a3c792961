"""How many may work on one thing at once, over all workers: rows that name the holders, each with its end.

See docs/design.md#21-probe.
"""

from collections.abc import Mapping
from datetime import timedelta

from batch_import.domain.clock import Clock, iso
from batch_import.store.dynamo import Row, Table

PERMIT_SECONDS = 150.0  # outlasts any invocation
_KEPT = timedelta(days=1)  # a row that nobody uses any more goes by the table's time to live
_USED = "used"
_HOLDER = "until "  # an attribute of each holder: how many permits it has; its name tells until when
_TAKE = "SET #mine = :count, used = if_not_exists(used, :none) + :count, expires_at = :expires"
_ROOM = "attribute_not_exists(#mine) AND (attribute_not_exists(used) OR used <= :room)"


class DistributedSemaphore:
    """``limit`` permits of each name at most. A holder that was killed loses its permits after ``seconds``."""

    def __init__(self, table: Table, clock: Clock, kind: str, limit: int, seconds: float = PERMIT_SECONDS) -> None:
        self._table = table
        self._clock = clock
        self._kind = kind
        self._limit = limit
        self._seconds = seconds

    def acquire(self, name: str, count: int, holder: str) -> tuple[int, str]:
        """Takes ``count`` permits of ``name``, or as many as there are: their number, and what gives them back.

        A ``holder`` takes permits of a name once.
        """
        mine = f"{_HOLDER}{iso(self._clock.now() + timedelta(seconds=self._seconds))} {holder}"
        wanted = min(count, self._limit)
        if self._take(name, mine, wanted):
            return wanted, mine
        row = self._table.get(*self._key(name)) or {}
        fitting = min(wanted, self._limit - int(row.get(_USED, 0)) + self._end_late(name, row))
        return (fitting if fitting > 0 and self._take(name, mine, fitting) else 0), mine

    def give_back(self, name: str, permit: str) -> None:
        """Harmless when it has run out, or was given back before."""
        self._table.update(
            *self._key(name), "SET used = used - #mine REMOVE #mine", {}, condition="attribute_exists(#mine)",
            names={"#mine": permit},
        )  # fmt: skip

    def _key(self, name: str) -> tuple[str, str]:
        """A key for each name: one for all of them would take the writes of all."""
        return f"permits#{self._kind}#{name}", name

    def _take(self, name: str, mine: str, count: int) -> bool:
        expires = int((self._clock.now() + _KEPT).timestamp())
        values = {":count": count, ":none": 0, ":expires": expires, ":room": self._limit - count}
        if self._table.update(*self._key(name), _TAKE, values, condition=_ROOM, names={"#mine": mine}):
            return True
        row = self._table.get(*self._key(name)) or {}
        return row.get(mine) == count  # the client repeated the call, whose answer was lost

    def _end_late(self, name: str, row: Mapping[str, Row]) -> int:
        """Give back the permits that ran out; returns how many."""
        now = f"{_HOLDER}{iso(self._clock.now())}"
        late = [holder for holder in row if holder.startswith(_HOLDER) and holder < now]
        for holder in late:
            self.give_back(name, holder)
        return sum(int(row[holder]) for holder in late)  # type: ignore[call-overload]
