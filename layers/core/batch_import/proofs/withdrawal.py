"""Takes back what a run has left of one provider in the host: access, accounts, channel and group.

Every step looks at the host first, so that any of it may be repeated. See docs/design.md#37-undo.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from batch_import.domain.account import ExistingAccount, accounts_of_pair
from batch_import.domain.clock import parse
from batch_import.domain.entities import Before, Item, NewEvent, Run
from batch_import.domain.provider import account_name, group_name
from batch_import.domain.terms import terms_before
from batch_import.domain.types import AccessMode, EventType, Platform
from batch_import.domain.undo import (
    Fate,
    added_groups,
    fate,
    groups_before,
    is_made_by,
    made_by,
    mapping_before,
    served_before,
)
from batch_import.domain.undo_results import UndoOutcome, UndoReason, UndoResult, kept
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient, Json
from batch_import.proofs.probe_resources import ProbeResources
from batch_import.proofs.usage import UsageRecords

_PROOF_LAGS = timedelta(seconds=60)  # behind an item's end: the host notes the last use of an account late
Decided = tuple[UndoResult, list[NewEvent]]


class Withdrawal:
    """One run and its host. Call it under the provider's lease."""

    def __init__(
        self,
        host: HostClient,
        resources: ProbeResources,
        records: UsageRecords,
        run: Run,
        runs_named: Callable[[list[str]], list[Run]],
    ) -> None:
        self._host = host
        self._resources = resources
        self._records = records
        self._run = run
        self._runs_named = runs_named

    # --- access

    def unused_access(self, provider_id: str, platform: Platform) -> list[Json]:
        """The subscriptions of the provider's group that this run made, nobody used, and no other run asks for."""
        group = self._group(provider_id, platform)
        if group is None or self._run.access_mode is not AccessMode.SUBSCRIPTION:
            return []
        group_id = int(group["id"])
        others = self._other_users(group_id)
        return [
            row
            for row in self._host.subscriptions_of_group(group_id)
            if row.get("notes") == made_by(self._run.run_id) and not self._is_wanted(row, others, group_id)
        ]

    def take(self, access: Sequence[Json]) -> None:
        for row in access:
            self._host.revoke_subscription(int(row["id"]))

    def _is_wanted(self, row: Json, others: set[str], group_id: int) -> bool:
        user = str(row["user_id"]), str((row.get("user") or {}).get("email", "")).lower()
        if others.intersection(user):
            return True
        rows = self._host.usage(user_id=int(row["user_id"]), group_id=group_id)
        return self._records.used(rows, parse(str(row["created_at"])))

    def _other_users(self, group_id: int) -> set[str]:
        """Users of the other runs whose accounts are in the group, by id and e-mail as they were asked for."""
        held = map(existing_account, self._host.accounts(group_id=group_id))
        others = sorted({run_id for account in held for run_id in account.runs} - {self._run.run_id})
        found = [run for run in self._runs_named(others) if run.access_mode is AccessMode.SUBSCRIPTION]
        return {user.lower() for run in found for user in run.subscription_users}

    # --- accounts

    def withdraw(self, item: Item) -> Decided:
        """Remove or restore the account of an item that has one, unless somebody uses it."""
        row = self._account_row(item)
        if row is None:
            return self._gone(item)
        account = existing_account(row)
        match fate(item, account):
            case Fate.REMOVE:
                return self._remove(item, account, row)
            case Fate.RESTORE:
                return self._restore(item, account)
            case Fate.OF_ANOTHER_RUN:
                return kept(UndoReason.REUSED_BY_ANOTHER_RUN), []
            case Fate.CHANGED:
                return kept(UndoReason.CHANGED_SINCE), []
            case Fate.RELEASE | Fate.IS_RESTORED:
                self._release(account)
                return UndoResult(UndoOutcome.RESTORED), []

    def _gone(self, item: Item) -> Decided:
        if item.account_id is None:
            return UndoResult(UndoOutcome.NOTHING), []
        return UndoResult(UndoOutcome.REMOVED), [_event(EventType.ACCOUNT_REMOVED, "gone", account_id=item.account_id)]

    def _account_row(self, item: Item) -> Json | None:
        """By its id; by its name when the run broke off before it knew the id."""
        known = item.account_id or item.reused_from_account_id
        if known is not None:
            return self._host.account(known)
        name = account_name(item.provider_id, item.key_digest, item.of_platform)
        rows = list(self._host.accounts(name))
        ours = accounts_of_pair(map(existing_account, rows), item.provider_id, item.key_digest, item.of_platform)
        mine = {account.account_id for account in ours if account.runs == (item.run_id,)}
        return next((row for row in rows if row["id"] in mine), None)

    def _remove(self, item: Item, account: ExistingAccount, row: Json) -> Decided:
        """Out of the reach of customers first: one who came a moment before is seen then."""
        account_id, home = account.account_id, self._resources.quarantine_id(item.of_platform)
        if self._is_used(item, row):
            return self._keep(account, sorted(set(account.group_ids) - {home}) or list(item.placed_groups))
        if account.group_ids != (home,):
            self._host.bulk_update(account_id, group_ids=[home])
            if self._is_used(item, row):
                return self._keep(account, list(account.group_ids))
        self._host.delete_account(account_id)
        event = _event(EventType.ACCOUNT_REMOVED, f"account {account.name}", account_id=account_id)
        return UndoResult(UndoOutcome.REMOVED), [event]

    def _keep(self, account: ExistingAccount, groups: Sequence[int]) -> Decided:
        """It serves: an undo that broke off may have taken it out of its groups."""
        if groups and set(groups) != set(account.group_ids):
            self._host.bulk_update(account.account_id, group_ids=self._existing(groups))
        return kept(UndoReason.USED), []

    def _is_used(self, item: Item, row: Json) -> bool:
        """Old hosts may write no usage row (docs/host-api.md#usage-on-old-hosts): there the last use counts as well."""
        last = row.get("last_used_at")
        late = last is not None and parse(str(last)) > parse(item.updated_at) + _PROOF_LAGS
        if late and not self._host.at_least(0, 1, 133):
            return True
        return self._records.used(self._host.usage(account_id=int(row["id"])))

    def _restore(self, item: Item, account: ExistingAccount) -> Decided:
        before = item.known_before or Before(status=account.status, schedulable=account.schedulable)
        if self._is_relied_on(item, before, account.account_id):
            return kept(UndoReason.USED), []
        served = served_before(item)
        if not served and before.expires_at is not None and account.expires_at is None:
            self._host.set_expiry(account.account_id, before.expires_at)
        fields: dict[str, Any] = {"extra": {"import_runs": self._without_run(account)}}
        if before.added or before.replaced:
            fields["credentials"] = {"model_mapping": mapping_before(before, account.model_mapping)}
        fields |= terms_before(before.terms, account.terms)
        if not served:
            fields |= {"status": before.status, "schedulable": before.schedulable}
            marks = {"import_state": before.state, "import_prior_groups": list(before.prior_groups)}
            fields["extra"] |= marks
        self._host.bulk_update(account.account_id, **fields)
        groups = self._existing(groups_before(item, before, account.group_ids))
        self._host.bulk_update(
            account.account_id, group_ids=groups or [self._resources.quarantine_id(item.of_platform)]
        )
        event = _event(EventType.ACCOUNT_RESTORED, f"account {account.name}", account_id=account.account_id)
        return UndoResult(UndoOutcome.RESTORED), [event]

    def _is_relied_on(self, item: Item, before: Before, account_id: int) -> bool:
        """Since the run; of an account that served before, only by what the run added to it."""
        groups, names = added_groups(item, before), set(before.added)

        def counts(row: Json) -> bool:
            return row.get("group_id") in groups or row.get("model") in names

        since, rows = parse(self._run.started_at), self._host.usage(account_id=account_id)
        if served_before(item):
            return self._records.used(rows, since, counts)
        return self._records.used(rows, since)

    def _release(self, account: ExistingAccount) -> None:
        if self._run.run_id in account.runs:
            self._host.bulk_update(account.account_id, extra={"import_runs": self._without_run(account)})

    def _without_run(self, account: ExistingAccount) -> list[str]:
        return [run_id for run_id in account.runs if run_id != self._run.run_id]

    def _existing(self, groups: Sequence[int]) -> list[int]:
        known = {int(group["id"]) for group in self._host.groups()}
        return [group for group in groups if group in known]

    # --- channel and group

    def clear(self, provider_id: str, platform: Platform) -> tuple[UndoReason | None, list[NewEvent]]:
        """Remove the provider's group and channel if this run made them and they are empty; or why they stay."""
        group = self._group(provider_id, platform)
        if group is None or not is_made_by(group.get("description"), self._run.run_id):
            return None, []
        reason = self._why_kept(int(group["id"]))
        if reason is not None:
            return reason, []
        return None, list(self._cleared(group))

    def _why_kept(self, group_id: int) -> UndoReason | None:
        if any(True for _ in self._host.subscriptions_of_group(group_id)):
            return UndoReason.USED
        if self._host.in_group(group_id):
            return UndoReason.USED
        if any(not self._records.is_own_key(int(key["id"])) for key in self._host.keys_of_group(group_id)):
            return UndoReason.KEYS_BOUND
        return UndoReason.USED if self._records.used(self._host.usage(group_id=group_id)) else None

    def _cleared(self, group: Json) -> Iterator[NewEvent]:
        name, group_id = str(group["name"]), int(group["id"])
        channel = self._host.channel_named(name)
        if channel is not None and is_made_by(channel.get("description"), self._run.run_id):
            self._host.delete_channel(int(channel["id"]))
            yield _event(EventType.CHANNEL_REMOVED, f"channel {name}", channel_id=int(channel["id"]))
        self._host.delete_group(group_id)
        yield _event(EventType.GROUP_REMOVED, f"group {name}", group_id=group_id)

    def _group(self, provider_id: str, platform: Platform) -> Json | None:
        return self._host.group_named(group_name(provider_id, self._run.access_mode, platform))


def _event(kind: EventType, message: str, **payload: Any) -> NewEvent:
    return NewEvent(event_type=kind, message=message, payload=payload)
