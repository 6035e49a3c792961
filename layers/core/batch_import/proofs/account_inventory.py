"""What the host holds, as the decision needs it (docs/design.md#22-decide): fresh per provider, shared for the rest."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from batch_import.domain.account import ExistingAccount
from batch_import.domain.clock import Clock, iso
from batch_import.host.accounts import existing_account, provider_of
from batch_import.host.client import HostClient, Json

_KEPT = timedelta(seconds=300)
_NEWS_AFTER = timedelta(seconds=1)


class _Hints:
    """What one look at all accounts and those after it have told. Marked ones are asked for again before their use."""

    def __init__(self, rows: Iterable[Json], now: datetime) -> None:
        self.looked_at = now
        self.newest = 0
        self.marked: dict[str, set[int]] = defaultdict(set)  # ids by provider
        self.by_hand: dict[int, ExistingAccount] = {}
        self.add(rows, now)

    def add(self, rows: Iterable[Json], now: datetime) -> None:
        """All ``rows``, or none when the host fails meanwhile; one that two pages of the host show counts once."""
        found = {row["id"]: row for row in rows}
        self.heard_at, self.newest = now, max([self.newest, *found])
        by_hand = {}
        for account_id, row in found.items():
            if provider_id := provider_of(row):
                self.marked[provider_id].add(account_id)
            else:
                by_hand[account_id] = existing_account(row)
        self.by_hand = {**by_hand, **self.by_hand}


class AccountInventory:
    """Lives as long as the process. Only hints come from the shared look: accounts made by hand or renamed.

    The host cannot search by address. So a run's items share a look at all accounts that is newer than the run, and
    every second one at the accounts made since: what a person makes before or during the run is seen.
    """

    def __init__(self, host: HostClient, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._hints: _Hints | None = None

    def of_provider(self, provider_id: str, run_started_at: str) -> list[ExistingAccount]:
        """Call it under the provider's lease: what it says of our accounts is then true until the lease ends."""
        fresh = [existing_account(row) for row in self._host.accounts(provider_id)]
        known = {account.account_id for account in fresh}
        marked, by_hand = self._others(provider_id, run_started_at)
        renamed = (self._host.account(account_id) for account_id in marked if account_id not in known)
        return [
            *fresh,
            *(existing_account(row) for row in renamed if row),
            *(account for account in by_hand if account.account_id not in known),
        ]

    def _others(self, provider_id: str, run_started_at: str) -> tuple[list[int], list[ExistingAccount]]:
        """Ids of the provider's accounts, and all accounts made by hand."""
        with self._lock:
            now, hints = self._clock.now(), self._hints
            if hints is None or now - hints.looked_at > _KEPT or iso(hints.looked_at) <= run_started_at:
                hints = self._hints = _Hints(self._host.accounts(), now)
            elif now - hints.heard_at > _NEWS_AFTER:
                hints.add(self._host.accounts_after(hints.newest), now)
            return sorted(hints.marked.get(provider_id, ())), [*hints.by_hand.values()]
