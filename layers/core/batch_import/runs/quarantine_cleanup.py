"""Quarantine cleanup: which accounts ended there failed, and the removal of those that never served.

See docs/design.md#23-provision.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_import.coordination.provider_lock import ProviderBusy, ProviderLocks
from batch_import.domain.account import ExistingAccount, ImportState
from batch_import.domain.clock import Clock
from batch_import.domain.contract import KeptReason
from batch_import.domain.provider import of_platform
from batch_import.domain.types import Platform
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.proofs.probe_resources import QUARANTINE

_SECONDS = 18.0  # the gateway waits 29: what is not reached by then is left for the next call


@dataclass(frozen=True)
class FailedAccount:
    account: ExistingAccount
    never_served: bool


@dataclass
class Cleaned:
    removed: list[int] = field(default_factory=list)
    kept: dict[int, KeptReason] = field(default_factory=dict)


class QuarantineCleanup:
    """One per request. It looks at accounts of ours whose only group is the quarantine and that ended ``failed``.

    ``never_served`` is said only when both witnesses agree. The marker remembers the groups of an account that once
    had its place (``import_prior_groups``, written when it was taken out of them and emptied only by placing it again),
    and the host shows ``last_used_at`` after a good answer through the gateway. That answer may have been to our own
    proof; the host does not say whose it was, so such an account stays as well.
    """

    def __init__(self, host: HostClient, locks: ProviderLocks, clock: Clock) -> None:
        self._host = host
        self._locks = locks
        self._clock = clock

    def failed_accounts(self) -> list[FailedAccount]:
        """Nothing is made by looking: a host without a quarantine has nothing in it."""
        return self._failed_in(self._homes())

    def remove(self) -> Cleaned:
        """Removes all that qualify. Repeatable: what is kept for lack of time or peace is found again.

        A running import decides and marks under its provider's lease, so each account is read again under it.
        """
        until, homes, cleaned = self._clock.monotonic() + _SECONDS, self._homes(), Cleaned()
        by_provider: dict[str, list[int]] = defaultdict(list)
        for found in self._failed_in(homes):
            if found.never_served:
                by_provider[found.account.provider_id].append(found.account.account_id)
            else:
                cleaned.kept[found.account.account_id] = KeptReason.SERVED_BEFORE
        for provider_id, account_ids in by_provider.items():
            self._remove_of_provider(provider_id, account_ids, homes, until, cleaned)
        return cleaned

    def _remove_of_provider(
        self, provider_id: str, account_ids: list[int], homes: set[int], until: float, cleaned: Cleaned
    ) -> None:
        if self._clock.monotonic() > until:
            cleaned.kept |= dict.fromkeys(account_ids, KeptReason.NOT_REACHED)
            return
        try:
            with self._locks.hold(provider_id):
                for account_id in account_ids:
                    late = self._clock.monotonic() > until
                    reason = KeptReason.NOT_REACHED if late else self._remove_one(account_id, homes)
                    if reason is None:
                        cleaned.removed.append(account_id)
                    else:
                        cleaned.kept[account_id] = reason
        except ProviderBusy:
            cleaned.kept |= dict.fromkeys(account_ids, KeptReason.PROVIDER_BUSY)

    def _remove_one(self, account_id: int, homes: set[int]) -> KeptReason | None:
        """``None`` once it is gone, by this call or by somebody else's."""
        try:
            row = self._host.account(account_id)
            if row is None:
                return None
            found = next(_failed([row], homes), None)
            if found is None:
                return KeptReason.CHANGED_MEANWHILE
            if not found.never_served:
                return KeptReason.SERVED_BEFORE
            self._host.delete_account(account_id)
        except HostError:
            return KeptReason.HOST_FAILED
        return None

    def _failed_in(self, homes: set[int]) -> list[FailedAccount]:
        failed = [account for home in homes for account in _failed(self._host.accounts(group_id=home), homes)]
        return sorted(failed, key=lambda found: found.account.account_id)

    def _homes(self) -> set[int]:
        """The quarantines that there are, one of each platform."""
        groups = (self._host.group_named(of_platform(QUARANTINE, platform)) for platform in Platform)
        return {int(group["id"]) for group in groups if group}


def _failed(rows: Iterable[Mapping[str, Any]], homes: set[int]) -> Iterator[FailedAccount]:
    for row in rows:
        account = existing_account(row)
        ours = bool(account.digest and account.provider_id)
        at_home = len(account.group_ids) == 1 and account.group_ids[0] in homes
        if ours and at_home and account.import_state == ImportState.FAILED:
            yield FailedAccount(account, not account.prior_groups and not row.get("last_used_at"))
