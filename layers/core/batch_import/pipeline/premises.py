"""The service's own rooms in the host: a quarantine, gateway keys for proofs, a few private lanes
(docs/design.md#23-provision).

Everything is found again by name or by derived value: after a redeploy nothing is made twice.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_import.host.accounts import held_account
from batch_import.host.client import HostClient, may_exist
from batch_import.host.errors import HostError, HostRejected
from batch_import.pipeline.probe_user import ProbeUser
from batch_import.pipeline.slots import Memory, SlotPool, slot_facts
from batch_import.store.leases import Leases

QUARANTINE = "batch-import-quarantine"
_KEYS_OF_A_USER = 192  # a host lets a user make 240 in a minute (docs/host-api.md#user-call-limit)
_PROBE_USERS = 2
MAX_KEYS = _KEYS_OF_A_USER * _PROBE_USERS  # as many proofs at once
_KEYS_TOGETHER = 16
MAX_LANES = 16
# hosts before 0.1.137 answer from the account that left for up to 1 s (docs/host-api.md#joining-and-leaving)
_OLD_HOSTS_REST = 2.0
SLOT_SECONDS = 120.0  # outlasts any invocation
_TRUSTED_SECONDS = 60.0  # a person may delete the quarantine under a worker that is warm


class NoProbeKey(HostError):
    """The host lets no probe user or key be made: the operator can supply keys instead (docs/operations.md)."""

    code = "gateway_refused_key"


@dataclass(frozen=True)
class GatewayKey:
    key_id: int
    value: str


class Premises:
    """Made lazily, once per process; ``secret`` is the deployment's, from which user, password and keys derive."""

    def __init__(
        self,
        host: HostClient,
        leases: Leases,
        secret: bytes,
        supplied_keys: Sequence[str] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._host = host
        self._leases = leases
        self._secret = secret
        self._supplied = tuple(supplied_keys)
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self.opened: set[int] = set()  # providers' groups that were seen open: they stay so, unless a person closes one
        self._quarantine: int | None = None
        self._looked_at = 0.0
        self._users = [self._probe_user(number) for number in range(_PROBE_USERS)]
        self._mode: str | None = None

    def quarantine_id(self) -> int:
        """The private group in which every account is born and waits (docs/design.md#23-provision)."""
        with self._lock:
            if self._quarantine is None or time.monotonic() - self._looked_at > _TRUSTED_SECONDS:
                group, _ = self._host.ensure_private_group(QUARANTINE, "Batch Auto-Import: accounts not proven yet")
                self._quarantine, self._looked_at = int(group["id"]), time.monotonic()
            return self._quarantine

    def keys(self, owner: str) -> SlotPool:
        limit = len(self._supplied) or MAX_KEYS
        together = 1 if self._supplied else _KEYS_TOGETHER
        return SlotPool(
            self._leases, "key", limit, self._make_key, owner=owner, seconds=SLOT_SECONDS, together=together
        )

    def lanes(self, owner: str) -> SlotPool:
        return SlotPool(
            self._leases, "lane", MAX_LANES, self._make_lane, owner=owner, seconds=SLOT_SECONDS, rest=self.rest()
        )

    def rest(self) -> float:
        """Seconds that a room must stand empty before the next account is proven in it."""
        return 0.0 if self._host.at_least(0, 1, 137) else _OLD_HOSTS_REST

    def own_group_ids(self) -> frozenset[int]:
        """Quarantine and lanes: never a place that an account keeps."""
        lanes = slot_facts(self._leases.all("lane"))
        return frozenset((self.quarantine_id(), *(int(lane["group_id"]) for lane in lanes)))

    def empty(self, room: int, account_id: int = 0) -> int:
        """All but ``account_id`` out of a room: what a killed worker left behind. An emptied room must rest."""
        left = [a for a in map(held_account, self._host.accounts(group_id=room)) if a.account_id != account_id]
        for account in left:
            stays = [g for g in account.group_ids if g != room] or [self.quarantine_id()]
            self._host.bulk_update(account.account_id, group_ids=stays)
        if left:
            self._sleep(self.rest())
        return len(left)

    def clear_abandoned_lanes(self, owner: str) -> int:
        """Lanes whose lease ran out were left by a killed worker: accounts are taken out; how many there were."""
        cleared = 0
        for row in self._leases.all("lane"):
            abandoned = row.get("lease_owner") and not self._leases.taken(row)
            if abandoned and self._leases.acquire("lane", str(row["sk"]), owner, SLOT_SECONDS):
                cleared += sum(self.empty(int(lane["group_id"])) for lane in slot_facts([row]))
                self._leases.release("lane", str(row["sk"]), owner)
        return cleared

    def gateway_key(self, slot_name: str, facts: Mapping[str, Any]) -> GatewayKey:
        return GatewayKey(int(facts["key_id"]), self._key_value(slot_name))

    # --- making

    def _make_lane(self, name: str, _memory: Memory) -> Mapping[str, Any]:
        group, _ = self._host.ensure_private_group(f"batch-import-lane-{name}", "Batch Auto-Import: proving lane")
        return {"group_id": int(group["id"])}

    def _make_key(self, name: str, memory: Memory) -> Mapping[str, Any]:
        value = self._key_value(name)
        if self._supplied:
            return {"key_id": self._find_key(value)}
        try:
            return {"key_id": self._create_key(name, value, memory)}
        except HostRejected as error:
            raise NoProbeKey(f"no gateway key for proofs: {error}", status=error.status) from None

    def _create_key(self, name: str, value: str, memory: Memory) -> int:
        """Looked for first: twenty refused creations lock a user out of making keys for a day.

        One look serves all keys of a lease, for nobody else makes them meanwhile.
        """
        user = self._users[int(name) // _KEYS_OF_A_USER]
        with self._listing:
            if "keys" not in memory:
                memory["keys"] = self._keys_of(user.user_id())
        keys: dict[str, int] = memory["keys"]
        if value not in keys:
            keys[value] = self._made_key(user, f"batch-import-{name}", value)
        return keys[value]

    def _made_key(self, user: ProbeUser, name: str, value: str) -> int:
        try:
            return int(user.do(lambda token: self._host.create_key(token, name, value))["id"])
        except HostError as error:
            found = self._keys_of(user.user_id()).get(value) if may_exist(error, "API_KEY_EXISTS") else None
            if found is None:
                raise
            return found

    def _find_key(self, value: str) -> int:
        user = self._host.user_matching(value, email=False)
        found = self._keys_of(int(user["id"])).get(value) if user else None
        if found is None:
            raise NoProbeKey("a supplied probe key is unknown to the host")
        return found

    def _keys_of(self, user_id: int) -> dict[str, int]:
        """Ids by value."""
        return {str(key.get("key", "")): int(key["id"]) for key in self._host.user_keys(user_id)}

    def simple_mode(self) -> bool:
        """In ``RUN_MODE=simple`` groups mean nothing to the host. Asked once a deployment.

        See docs/host-api.md#simple-mode.
        """
        if self._supplied:
            return False  # without a user of ours nobody can be asked
        mode = self._leases.facts("host", "mode").get("run_mode") if self._mode is None else self._mode
        if mode is None:
            mode = self._users[0].do(self._host.run_mode)
            self._leases.remember("host", "mode", {"run_mode": mode})
        self._mode = str(mode)
        return self._mode == "simple"

    def _probe_user(self, number: int) -> ProbeUser:
        """The first as earlier releases made it."""
        suffix = f"/{number}" if number else ""
        email = f"probe-{self._derive(f'user{suffix}')[:12]}@batch-import.example.com"
        return ProbeUser(self._host, email, self._derive(f"password{suffix}"))

    def _key_value(self, name: str) -> str:
        return self._supplied[int(name)] if self._supplied else f"sk-bi-{self._derive(f'key/{name}')[:48]}"

    def _derive(self, purpose: str) -> str:
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).hexdigest()
