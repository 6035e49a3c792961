"""Taking back what a run has left in the host: what each account's fate is (docs/design.md#37-undo). Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from batch_import.domain.account import ExistingAccount, ImportState
from batch_import.domain.entities import Before, Item
from batch_import.domain.terms import terms_before
from batch_import.domain.types import AccessStatus, AccountResolution

SERVICE = "Batch Auto-Import"


class Fate(StrEnum):
    """What the account itself allows, before anybody asks whether it was used."""

    REMOVE = "remove"
    RESTORE = "restore"
    RELEASE = "release"  # nothing of it was changed; only this run's mark goes
    IS_RESTORED = "is_restored"
    OF_ANOTHER_RUN = "of_another_run"
    CHANGED = "changed"


def made_by(run_id: str) -> str:
    """The mark on what a run makes in the host: the beginning of a description or of notes."""
    return f"{SERVICE} {run_id}"


def is_made_by(text: object, run_id: str) -> bool:
    return str(text).split(":")[0] == made_by(run_id)


def left_nothing(item: Item) -> bool:
    """Nothing was decided of it, or its primary has the account."""
    return item.duplicate_of is not None or item.account_resolution is None


def served_before(item: Item) -> bool:
    """Whether the account served when the run used it: reused, or in service again since the decision. Older rows say
    so by the decision alone.
    """
    before = item.known_before
    return before is not None and (before.served or not item.wakes_account)


def is_used_since(before: Before, account: ExistingAccount) -> bool:
    """Whether another run has placed or adopted the account since ``before`` was written; older rows do not say."""
    return before.used_by is not None and account.runs[-1:] != (before.used_by,)


def fate(item: Item, account: ExistingAccount) -> Fate:
    """What becomes of ``account``, which the item made, reused or switched on, if nobody has used it."""
    if account.digest != item.key_digest or not account.runs:
        return Fate.CHANGED
    before = item.known_before
    if item.account_resolution is AccountResolution.CREATED:
        if account.runs == (item.run_id,):
            return Fate.REMOVE
        if before is None:
            return Fate.OF_ANOTHER_RUN
    if before is None or not _changed(item, before, account):
        return Fate.RELEASE
    if _is_as(before, account):
        return Fate.IS_RESTORED
    if item.run_id in account.runs[:-1]:
        return Fate.OF_ANOTHER_RUN
    return Fate.RESTORE if _as_left(item, before, account) else Fate.CHANGED


def added_groups(item: Item, before: Before) -> set[int]:
    return set(item.placed_groups) - set(before.groups)


def groups_before(item: Item, before: Before, now: Sequence[int]) -> list[int]:
    """Where an account goes back to: groups that people have given it since stay, unless it goes back to being off."""
    if served_before(item):
        return sorted(set(now) - added_groups(item, before))
    return sorted(before.groups)


def mapping_before(before: Before, now: Mapping[str, str]) -> dict[str, str]:
    """The model mapping without the names that the run added, and with the targets that it replaced."""
    kept = {name: target for name, target in now.items() if name not in before.added}
    return {**kept, **{name: target for name, target in before.replaced.items() if name in kept}}


def is_half_woken(item: Item, account: ExistingAccount) -> bool:
    """Whether the item's run took an account that was off or broken out of its groups, and neither proved it nor put it
    back to its end; and no other run has adopted it since.
    """
    before = item.known_before
    if before is None or served_before(item) or is_used_since(before, account):
        return False
    put_back_half = (
        item.account_resolution is AccountResolution.REACTIVATED
        and account.status == "inactive"
        and not set(item.prior_groups) <= set(account.group_ids)
    )
    return put_back_half or account.import_state == ImportState.UNPROVEN


def _changed(item: Item, before: Before, account: ExistingAccount) -> bool:
    if served_before(item):
        return bool(before.added or added_groups(item, before) or before.terms)
    if item.account_resolution is AccountResolution.REACTIVATED:
        return item.access_status is AccessStatus.ACTIVE or is_half_woken(item, account)
    return True


def _is_as(before: Before, account: ExistingAccount) -> bool:
    same_names = not set(account.model_mapping) & set(before.added)
    same = same_names and not terms_before(before.terms, account.terms)
    return _is_switched_as(before, account) and set(account.group_ids) == set(before.groups) and same


def _is_switched_as(before: Before, account: ExistingAccount) -> bool:
    expiry = int(account.expires_at.timestamp()) if account.expires_at else None
    now = account.status, account.schedulable, account.import_state, expiry
    return now == (before.status, before.schedulable, before.state, before.expires_at)


def _as_left(item: Item, before: Before, account: ExistingAccount) -> bool:
    """Whether the account is still as the run left it, or half as it was before.

    The host itself switches an account off when its relay dies. Of one that served the switches were never touched.
    """
    if served_before(item) or _is_switched_as(before, account):
        return True
    if item.access_status is not AccessStatus.ACTIVE:
        return account.import_state == ImportState.FAILED or is_half_woken(item, account)
    return account.status == "active" and account.schedulable and account.import_state == ImportState.PROVEN
