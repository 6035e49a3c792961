"""Where an account ends: its groups, with access given last, or back to quarantine or to what it was.

See docs/design.md#23-provision.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from batch_import.domain.account import ExistingAccount, ImportState, account_state
from batch_import.domain.advisories import Advisory
from batch_import.domain.clock import Clock, parse
from batch_import.domain.entities import Item, NewEvent, Run
from batch_import.domain.types import AccessMode, AccountResolution, EventType, MatchedAccountState, Platform
from batch_import.domain.undo import made_by
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostUncertain
from batch_import.host.transport import TIMEOUT
from batch_import.net.deadline import seconds_left
from batch_import.proofs.completion_proof import account_of, is_private, serving_groups
from batch_import.proofs.probe_resources import ProbeResources

_RUNS_KEPT = 20  # of those that use an account, beside the one that made it
_NAMED = 5  # users of an advisory
_AT_ONCE = 8  # calls to the host that give access, of all threads of the process
_FEW = 4  # users, for whom a call each costs less than to ask whom the group has; items wait for no thread for them
_GROUPS_KEPT = 1000


class AccessUnfinished(Exception):
    """Some users have got access, and others are left: the item waits in its queue, pays no attempt, and goes on."""


class Publication:
    """Lives as long as the process; users are looked up once."""

    def __init__(self, host: HostClient, resources: ProbeResources, clock: Clock) -> None:
        self._host = host
        self._resources = resources
        self._clock = clock
        self._pool = ThreadPoolExecutor(_AT_ONCE, "access")
        self._users: dict[str, int] = {}
        self._unknown: dict[tuple[str, int], list[str]] = {}  # by run and group whose other users have access

    def place(self, item: Item, run: Run, group: Json) -> tuple[list[int], list[NewEvent], list[Advisory]]:
        """Returns the account's groups, and what to tell.

        The last write on the account is a bulk-update, then the group is opened, access being the very last thing. Call
        it under the provider's lease: group lists are read, merged and written.
        """
        join, advisories = self._join_groups(run, item.of_platform)
        current = account_of(self._host, item.account_id or 0)
        serving = serving_groups(current, self._resources)
        groups = sorted({*item.prior_groups, *serving, int(group["id"]), *join})
        runs = [*(run_id for run_id in current.runs if run_id != run.run_id), run.run_id]
        if current.runs[:1] == (run.run_id,):
            runs = list(current.runs)  # the run that made it stays the first
        extra = {
            "import_state": ImportState.PROVEN.value,
            "import_prior_groups": [],
            "import_runs": [*runs[:1], *runs[1:][-_RUNS_KEPT:]],
        }
        self._host.bulk_update(current.account_id, group_ids=groups, extra=extra)
        if not set(groups) <= set(account_of(self._host, current.account_id).group_ids):
            raise HostUncertain("the account has not got its groups yet")
        events = [_event(EventType.ACCOUNT_PLACED, f"placed in {len(groups)} group(s)", group_ids=groups)]
        opened, more = self._open(run, group)
        return groups, [*events, *opened], [*advisories, *more]

    def give_up(self, item: Item) -> list[Advisory]:
        """A new account that stays half-made, for the host does not answer, is adopted by the next import."""
        account = account_of(self._host, item.account_id or 0)
        self._put_back(item, account)
        serves = account_state(account, self._clock.now()) is MatchedAccountState.ACTIVE
        was_off = item.account_resolution is AccountResolution.REACTIVATED
        return [Advisory("still_off")] if was_off and not serves else []

    def _put_back(self, item: Item, account: ExistingAccount) -> None:
        """The account was not proven. One that serves, whichever run proved it, only leaves the isolation group, also
        while a person pauses it. One that the host has set to ``error`` leaves its groups, which the marker remembers.

        A woken one is switched off again; any other waits in quarantine.
        """
        serving = serving_groups(account, self._resources)
        home = self._resources.quarantine_id(item.of_platform)
        remembered = {"import_prior_groups": list(serving)} if serving else {}
        if serving and account.status != "error":
            self._host.bulk_update(account.account_id, group_ids=list(serving))
        elif item.account_resolution is AccountResolution.REUSED:
            self._host.bulk_update(account.account_id, group_ids=[home], extra=remembered)
        elif item.account_resolution is AccountResolution.REACTIVATED:
            state = _off_again(item.matched_account_state)
            places = list(serving or item.prior_groups) or [home]
            self._host.bulk_update(account.account_id, status="inactive", extra={"import_state": state.value})
            self._host.bulk_update(account.account_id, group_ids=places)
        else:
            failed = {"import_state": ImportState.FAILED.value, **remembered}
            self._host.bulk_update(account.account_id, group_ids=[home], extra=failed)

    def leave_isolation(self, item: Item) -> None:
        """Between two tries of a proof: out of the isolation group. Another run may have woken it meanwhile."""
        now = account_of(self._host, item.account_id or 0)
        stays = serving_groups(now, self._resources) or (self._resources.quarantine_id(item.of_platform),)
        self._host.bulk_update(now.account_id, group_ids=list(stays))

    def wake(self, item: Item) -> None:
        """The host took the account out of service; but of platform openai it also stops scheduling it.

        See docs/host-api.md#platform-gateway-errors.
        """
        self.end_pause(item)
        if item.of_platform is not Platform.OPENAI:
            self._host.bulk_update(item.account_id or 0, status="active", schedulable=True)

    def end_pause(self, item: Item) -> None:
        """The host pauses an account for ten minutes after one connection that broke. What a person has switched off
        stays so (docs/host-api.md#what-upstream-answers-do).
        """
        self._host.recover_state(item.account_id or 0)

    def _open(self, run: Run, group: Json) -> tuple[list[NewEvent], list[Advisory]]:
        if is_private(group):
            kind = {"subscription_type": "subscription"} if run.access_mode is AccessMode.SUBSCRIPTION else {}
            self._host.update_group(group, {**kind, "is_exclusive": False})
        if run.access_mode is AccessMode.SELF_SERVICE:
            return [_event(EventType.ACCESS_GIVEN, "group open", group_id=group["id"])], []
        return self._subscribe(run, int(group["id"]))

    def _subscribe(self, run: Run, group_id: int) -> tuple[list[NewEvent], list[Advisory]]:
        unknown = self._unknown.get((run.run_id, group_id))
        if unknown is None:
            unknown = self._give_access(run, group_id)
            if len(self._unknown) >= _GROUPS_KEPT:
                self._unknown.clear()
            self._unknown[run.run_id, group_id] = unknown
        served = len(run.subscription_users) - len(unknown)
        told = [Advisory("subscription_user_unknown", {"user": _first(unknown)})] if unknown else []
        if not served:
            told.insert(0, Advisory("no_customer_has_access"))
        return [_event(EventType.ACCESS_GIVEN, f"{served} subscription(s)", group_id=group_id)], told

    def _give_access(self, run: Run, group_id: int) -> list[str]:
        """Assign those who have no subscription that is valid, each once, also where an id and an e-mail name the same
        user; returns the users whom the host does not know.

        The host leaves a valid one as it is, whatever is asked. Raises ``AccessUnfinished`` after progress only.
        """
        have = self._subscribers(group_id) if len(run.subscription_users) > _FEW else set[str]()
        unknown, given, named = list[str](), 0, dict[int, str]()

        def assign(name: str) -> bool:
            nonlocal given
            if given and seconds_left() < TIMEOUT:
                return False
            user_id = self._user(name)
            if user_id is None:
                unknown.append(name)
            elif str(user_id) not in have and named.setdefault(user_id, name) == name:
                self._host.assign_subscription(user_id, group_id, run.subscription_days, made_by(run.run_id))
                given += 1
            return True

        missing = [name for name in run.subscription_users if name.lower() not in have]
        done = [assign(name) for name in missing] if len(missing) <= _FEW else self._at_once(assign, missing)
        if not all(done):
            raise AccessUnfinished(f"{done.count(False)} user(s) are left")
        return [name for name in missing if name in unknown]

    def _at_once(self, assign: Callable[[str], bool], names: Sequence[str]) -> list[bool]:
        """By threads that all items of the process share."""
        asked = [self._pool.submit(copy_context().run, assign, name) for name in names]
        try:
            return [one.result() for one in asked]
        finally:
            wait([one for one in asked if not one.cancel()])

    def _subscribers(self, group_id: int) -> set[str]:
        """Users with a valid subscription, by id and by e-mail in small letters."""
        now, have = self._clock.now(), set[str]()
        for row in self._host.subscriptions_of_group(group_id):
            if row.get("expires_at") is None or parse(str(row["expires_at"])) > now:
                have |= {str(row["user_id"]), str((row.get("user") or {}).get("email", "")).lower()}
        return have

    def _user(self, name: str) -> int | None:
        """By id or e-mail; each is looked up once in the life of the process (an unknown one each time)."""
        if name not in self._users:
            user = {"id": int(name)} if name.isdecimal() else self._host.user_with_email(name)
            if user is None:
                return None
            self._users[name] = int(user["id"])
        return self._users[name]

    def _join_groups(self, run: Run, platform: Platform) -> tuple[list[int], list[Advisory]]:
        """In a group of another platform an account is never asked."""
        if not run.join_groups:
            return [], []
        by_name = {group["name"]: group for group in self._host.groups()}
        joined, left_out = [], []
        for name in run.join_groups:
            group = by_name.get(name)
            if group is None:
                left_out.append(Advisory("join_group_unknown", {"name": name}))
            elif group["platform"] != platform:
                platform_of_group = str(group["platform"])
                left_out.append(Advisory("join_group_of_other_platform", {"name": name, "platform": platform_of_group}))
            else:
                joined.append(int(group["id"]))
        return joined, left_out


def _first(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" (+{more})" if more > 0 else "")


def _off_again(matched: MatchedAccountState | None) -> ImportState:
    return ImportState.DEPRECATED if matched is MatchedAccountState.DEPRECATED else ImportState.PROVEN


def _event(kind: EventType, message: str, **payload: Any) -> NewEvent:
    return NewEvent(event_type=kind, message=message, payload=payload)
