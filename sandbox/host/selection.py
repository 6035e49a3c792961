"""The filters of the account list, shared by bulk updates (docs/host-api.md#account-list)."""

from collections.abc import Mapping
from typing import Any

from sandbox.host.errors import Refusal
from sandbox.host.state import Host
from sandbox.host.templates import Row

_SORTS = (
    "name",
    "id",
    "status",
    "schedulable",
    "priority",
    "rate_multiplier",
    "last_used_at",
    "expires_at",
    "created_at",
)


class Filter:
    """`platform`, `type`, `status`, `search`, `group` and the order of a list of accounts."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.query = query
        self.exact = {name: query[name] for name in ("platform", "type") if query.get(name)}
        self.status = query.get("status", "")
        self.search = query.get("search", "").strip()[:100].lower()
        self.group = self._group(query.get("group", ""))

    @staticmethod
    def _group(written: str) -> int | None:
        """A group's id, 0 for ungrouped, None for no filter."""
        if written in ("", "ungrouped"):
            return 0 if written else None
        if not written.isdigit() or not int(written):
            raise Refusal.envelope(400, "invalid group filter", "INVALID_GROUP_FILTER")
        return int(written)

    def apply(self, host: Host) -> list[Row]:
        rows = [row for row in self._candidates(host) if self._matches(row) and self._in_state(host, row)]
        return sorted(rows, key=self._order, reverse=self.query.get("sort_order", "asc").lower() == "desc")

    def _order(self, row: Row) -> tuple[bool, Any, int]:
        """By name unless the query says otherwise; rows without the value come first."""
        wanted = self.query.get("sort_by", "")
        value = row[wanted if wanted in _SORTS else "name"]
        return value is not None, value if value is not None else 0, row["id"]

    def _candidates(self, host: Host) -> list[Row]:
        """The accounts of the group, or of a matching name, from an index: each import searches thousands."""
        if not self.group:
            return host.containing("accounts", self.search)
        return [host.accounts[number] for number in host.scheduler.members.get(self.group, ())]

    def _matches(self, row: Row) -> bool:
        return (
            self.search in row["name"].lower()
            and all(row[name] == value for name, value in self.exact.items())
            and (self.group != 0 or not row["_groups"])
        )

    def _in_state(self, host: Host, row: Row) -> bool:
        """True when the account is in this state: `active` serves now, the others name why it does not."""
        now = host.now()
        limited = (row["rate_limit_reset_at"] or 0) > now
        paused = (row["temp_unschedulable_until"] or 0) > now
        active = row["status"] == "active"
        special = {
            "": True,
            "active": active and row["schedulable"] and not limited and not paused,
            "rate_limited": active and limited,
            "temp_unschedulable": active and paused,
            "unschedulable": active and not row["schedulable"],
        }
        return bool(special.get(self.status, row["status"] == self.status))
