"""What the host holds, as the decision needs it (docs/design.md#22-decide): fresh per provider, shared for the rest."""

import threading
from datetime import datetime, timedelta

from batch_import.domain.clock import Clock, iso
from batch_import.domain.reuse_policy import ExistingAccount
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient

_KEPT = timedelta(seconds=300)
_NEWS_AFTER = timedelta(seconds=1)


class AccountInventory:
    """Lives as long as the process. Only hints come from the shared look: accounts made by hand or renamed.

    The host cannot search by address. So a run's items share a look at all accounts that is newer than the run, and
    every second one at the accounts made since: what a person makes before or during the run is seen.
    """

    def __init__(self, host: HostClient, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._everything: list[ExistingAccount] = []
        self._looked_at: datetime | None = None
        self._heard_at: datetime | None = None

    def of_provider(self, provider_id: str, run_started_at: str) -> list[ExistingAccount]:
        """Call it under the provider's lease: what it says of our accounts is then true until the lease ends."""
        fresh = [existing_account(row) for row in self._host.accounts(provider_id)]
        known = {account.account_id for account in fresh}
        hints = [account for account in self._all(run_started_at) if account.account_id not in known]
        renamed = (self._host.account(a.account_id) for a in hints if a.provider_id == provider_id)
        return [*fresh, *(existing_account(row) for row in renamed if row), *(a for a in hints if not a.provider_id)]

    def _all(self, run_started_at: str) -> list[ExistingAccount]:
        with self._lock:
            now = self._clock.now()
            looked_at = self._looked_at
            if looked_at is None or now - looked_at > _KEPT or iso(looked_at) <= run_started_at:
                self._everything = [existing_account(row) for row in self._host.accounts()]
                self._looked_at = self._heard_at = now
            elif self._heard_at is None or now - self._heard_at > _NEWS_AFTER:
                newest = max((account.account_id for account in self._everything), default=0)
                made = {row["id"]: existing_account(row) for row in self._host.accounts_after(newest)}
                self._everything, self._heard_at = [*made.values(), *self._everything], now
            return self._everything
