"""The accounts that the gateway sees in a group: the host's delays between a write and its effect."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.host.templates import Row

if TYPE_CHECKING:
    from sandbox.host.state import Host

REBUILD = 300.0  # the full rebuild, which brings back what an older host has lost
SLOW = ("anthropic", "gemini")  # platforms whose accounts leave late on every version
DEDUPE = 1.0  # an older host drops the second event of an account within this time


class Scheduler:
    """The gateway's own view of groups, which follows the tables with a delay (docs/host-api.md#scheduling-delays)."""

    def __init__(self, host: "Host") -> None:
        self.host = host
        self.members: dict[int, dict[int, float]] = {}  # group -> account -> visible from
        self.used: set[int] = set()  # groups that have had an account before
        self.leaving: dict[int, dict[int, float]] = {}  # group -> account -> answers until
        self.fading: dict[int, float] = {}  # account switched off by bulk update -> answers until
        self.events: dict[int, float] = {}  # account -> time of its last single write
        self.mappings: dict[int, tuple[dict[str, str], float]] = {}  # account -> former mapping, seen until

    def move(self, account: Row, before: Iterable[int], after: Iterable[int], *, bulk: bool = False) -> None:
        """Notes changed groups: the account appears after the delay, and disappears at once.

        On old hosts, and for anthropic and gemini, it disappears later (docs/host-api.md#platform-delays).
        """
        old, new, lost = set(before), set(after), self._event(account, bulk=bulk)
        for group in old - new:
            self.members.get(group, {}).pop(account["id"], None)
            self._linger(group, account)
        for group in new - old:
            self.members.setdefault(group, {})[account["id"]] = self._visible(group, account, lost=lost)
            self.used.add(group)

    def woken(self, account: Row, *, bulk: bool = False) -> None:
        """Notes that an account is schedulable again: its groups see it after the delay."""
        lost = self._event(account, bulk=bulk)
        for group in (binding["group_id"] for binding in account["_groups"]):
            self.members.setdefault(group, {})[account["id"]] = self._visible(group, account, lost=lost)

    def faded(self, account: Row) -> None:
        """Notes that a bulk update has switched an account off: anthropic and gemini still answer for a while."""
        if account["platform"] in SLOW:
            self.fading[account["id"]] = self._platform_end()

    def written(self, account: Row, *, bulk: bool = False) -> None:
        """Notes any other write: it brings back a lost event, and an older host loses the next one within a second."""
        self._event(account, bulk=bulk)

    def remap(self, account: Row, former: dict[str, str]) -> None:
        """Notes a mapping changed by bulk update: the former one is seen for a while (a PUT's is seen at once)."""
        if account["_groups"]:
            self.mappings[account["id"]] = (former, self.host.now() + self._delay())

    def forget(self, account: Row) -> None:
        """Removes a deleted account from all groups."""
        for binding in account["_groups"]:
            self.members.get(binding["group_id"], {}).pop(account["id"], None)
        for former in self.leaving.values():
            former.pop(account["id"], None)

    def visible(self, group_id: int) -> list[Row]:
        """The accounts that the gateway knows in a group, whatever their state."""
        now, host = self.host.now(), self.host
        if host.options.run_mode == "simple":
            return list(host.accounts.values())
        ids = [account for account, since in self.members.get(group_id, {}).items() if since <= now]
        ids += [account for account, until in self.leaving.get(group_id, {}).items() if until > now]
        return [host.accounts[account] for account in ids if account in host.accounts]

    def mapping(self, account: Row) -> dict[str, str]:
        """The model mapping that the gateway sees."""
        former, until = self.mappings.get(account["id"], ({}, 0.0))
        if until > self.host.now():
            return former
        mapping: dict[str, str] = account["credentials"].get("model_mapping") or {}
        return mapping

    def _visible(self, group: int, account: Row, *, lost: bool) -> float:
        if account["platform"] in SLOW:
            return self._platform_visible(group, account)
        if group not in self.used:
            return 0.0  # no snapshot yet: the host reads its database
        return self.host.now() + (REBUILD if lost else self._delay())

    def _platform_visible(self, group: int, account: Row) -> float:
        """At once in an empty group or moved back; otherwise after a delay, and not before a leaving account ends."""
        now, number = self.host.now(), account["id"]
        leaving = self.leaving.get(group, {})
        if leaving.pop(number, 0.0) > now:
            return 0.0
        others = [row for row in self.visible(group) if row["id"] != number and self.host.health.schedulable(row)]
        delay = self.host.random.uniform(*self.host.options.platform_join_delay) if others else 0.0
        return max([now + delay, *leaving.values()])

    def _platform_end(self) -> float:
        return self.host.now() + self.host.random.uniform(*self.host.options.platform_leave_delay)

    def _delay(self) -> float:
        return self.host.random.uniform(*self.host.options.join_delay)

    def _event(self, account: Row, *, bulk: bool) -> bool:
        """Notes a write; True when an older host loses it, until a later write. A bulk update is never lost."""
        now = self.host.now()
        if not bulk and self.host.old and self.host.options.lost_events:
            if now - self.events.get(account["id"], 0.0) < DEDUPE:
                return True
            self.events[account["id"]] = now
        self._heal(account)
        return False

    def _heal(self, account: Row) -> None:
        if account["platform"] in SLOW:
            return  # nothing of theirs is lost
        for binding in account["_groups"]:
            seen = self.members.get(binding["group_id"], {})
            if seen.get(account["id"], 0.0) > self.host.now() + self.host.options.join_delay[1]:
                seen[account["id"]] = self.host.now() + self._delay()

    def _linger(self, group: int, account: Row) -> None:
        """An account that was off before it left does not answer any more (seen on a real 0.1.130)."""
        if account["platform"] in SLOW:
            serves, until = self.host.health.schedulable(account), self._platform_end()
        else:
            serves = self.host.old and account["status"] == "active" and account["schedulable"]
            until = self.host.now() + self.host.options.leave_delay
        if serves:
            self.leaving.setdefault(group, {})[account["id"]] = until
