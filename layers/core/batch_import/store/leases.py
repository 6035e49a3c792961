"""Named leases: providers, the host's set-up, gateway keys, isolation groups (docs/design.md#23-provision)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from batch_import.domain.clock import Clock, iso
from batch_import.store.dynamo import Row, Table

PROVIDER = "provider"
_FREE = "attribute_not_exists(lease_owner) OR lease_expires_at < :now OR lease_owner = :mine"


class Leases:
    """Rows ``(kind, name)`` of the runs table; whoever holds one is its ``lease_owner`` until it expires.

    The same owner is admitted again: a client that repeats an applied write must not lose its own lease.
    """

    def __init__(self, table: Table, clock: Clock, scope: str = "") -> None:
        """``scope`` names the host, since what was found on one host does not hold for another."""
        self._table = table
        self._clock = clock
        self._prefix = f"lease#{scope}#" if scope else "lease#"

    def _key(self, kind: str, name: str) -> tuple[str, str]:
        """Providers are many, and one key would take the writes of all; nobody lists them."""
        return self._prefix + (f"{kind}#{name}" if kind == PROVIDER else kind), name

    def acquire(self, kind: str, name: str, owner: str, seconds: float, cooldown: float = 0.0) -> bool:
        """Take the lease for ``seconds``; ``False`` when another owner has it, or before its ``cooldown`` is over.

        The cooldown counts in seconds from the last release.
        """
        return self.acquired(kind, name, owner, seconds, cooldown) is not None

    def acquired(self, kind: str, name: str, owner: str, seconds: float, cooldown: float = 0.0) -> Row | None:
        """As ``acquire``; the lease's row with the facts that are remembered on it, or ``None``."""
        now = self._clock.now()
        condition = f"({_FREE}) AND (attribute_not_exists(free_at) OR free_at <= :rested OR lease_owner = :mine)"
        values = {
            ":mine": owner,
            ":now": iso(now),
            ":until": iso(now + timedelta(seconds=seconds)),
            ":rested": iso(now - timedelta(seconds=cooldown)),
        }
        update = "SET lease_owner = :mine, lease_expires_at = :until"
        try:
            return self._table.updated(*self._key(kind, name), update, values, condition=condition)
        except Exception:
            with suppress(Exception):  # it may have been given all the same, and nobody would know that it is ours
                self.release(kind, name, owner)
            raise

    def taken(self, row: Mapping[str, Any], owner: str = "") -> bool:
        """Whether another owner than ``owner`` has the lease, as ``row`` was read, and it has not run out."""
        return row.get("lease_owner") not in (None, owner) and str(row["lease_expires_at"]) >= iso(self._clock.now())

    def release(self, kind: str, name: str, owner: str) -> None:
        values = {":mine": owner, ":now": iso(self._clock.now())}
        update = "REMOVE lease_owner, lease_expires_at SET free_at = :now"
        self._table.update(*self._key(kind, name), update, values, condition="lease_owner = :mine")

    def remember(
        self, kind: str, name: str, facts: Mapping[str, Any], unchanged: tuple[str, Any] | None = None
    ) -> bool:
        """Facts kept on a lease's row, for whoever holds it next.

        ``unchanged`` is a fact as it was seen, ``None`` for absent: False when it is another one by now.
        """
        names = {f"#{index}": key for index, key in enumerate(facts)}
        values = {f":{index}": value for index, value in enumerate(facts.values())}
        update = "SET " + ", ".join(f"{name_} = :{name_[1:]}" for name_ in names)
        if unchanged is None:
            return self._table.update(*self._key(kind, name), update, values, names=names)
        fact, seen = unchanged
        names["#seen"] = fact
        condition = "attribute_not_exists(#seen)" if seen is None else "#seen = :seen"
        values |= {} if seen is None else {":seen": seen}
        return self._table.update_once(*self._key(kind, name), update, values, condition=condition, names=names)

    def facts(self, kind: str, name: str) -> Row:
        return self._table.get(*self._key(kind, name)) or {}

    def all(self, kind: str) -> list[Row]:
        """Every row of a kind (kinds are small: tens of keys, a handful of isolation groups)."""
        rows, _ = self._table.query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": self._prefix + kind},
            ConsistentRead=True,
        )
        return rows
