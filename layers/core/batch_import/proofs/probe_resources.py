"""The service's own things in the host: a quarantine, gateway keys for proofs, a few private isolation groups.

Each is found again by its name or derived value, so a redeployment makes nothing twice (docs/design.md#23-provision).
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from batch_import.coordination.lease_pool import KeyCache, LeasePool, Resource, resource_facts
from batch_import.coordination.provider_lock import ProviderBusy
from batch_import.domain.clock import Clock
from batch_import.domain.outcomes import Code
from batch_import.domain.provider import key_digest, of_platform
from batch_import.domain.types import Platform
from batch_import.host.accounts import existing_account, provider_of
from batch_import.host.client import HostClient, may_exist
from batch_import.host.errors import HostError, HostRefusesCredentials, HostRejected
from batch_import.store.leases import Leases

T = TypeVar("T")
HoldProvider = Callable[[str], AbstractContextManager[Any]]
_OURS = "batch-import-"
QUARANTINE = f"{_OURS}quarantine"
_KEYS_OF_A_USER = 192  # a host lets a user make 240 in a minute (docs/host-api.md#user-call-limit)
_PROBE_USERS = 2
MAX_KEYS = _KEYS_OF_A_USER * _PROBE_USERS  # as many proofs at once
_KEYS_TOGETHER = 16
MAX_ISOLATION_GROUPS = 16
# The account that left a group answers for up to 1 s more: of platform openai on hosts before 0.1.137, of the others on
# every host (docs/host-api.md#joining-and-leaving).
_COOLDOWN = 2.0
RESOURCE_SECONDS = 150.0  # outlasts any invocation
_USER_CONCURRENCY = 200
_USER_BALANCE = 1_000_000
_TRUSTED_SECONDS = 60.0  # a person may delete the quarantine under a worker that is warm


class NoProbeKey(HostError):
    """The host lets no probe user or key be made: the operator can supply keys instead (docs/operations.md)."""

    code = Code.GATEWAY_REFUSED_KEY


@dataclass(frozen=True)
class GatewayKey:
    key_id: int
    value: str


def is_for_proofs(group_name: str) -> bool:
    """Whether a group is one of ours that no customer uses: quarantine and isolation groups."""
    return group_name.startswith(_OURS)


class ProbeResources:
    """Made lazily, once per process; ``secret`` is the deployment's, from which user, password and keys derive."""

    def __init__(
        self,
        host: HostClient,
        leases: Leases,
        secret: bytes,
        clock: Clock,
        supplied_keys: Sequence[str] = (),
    ) -> None:
        self._clock = clock
        self._host = host
        self._leases = leases
        self._secret = secret
        self._supplied = tuple(supplied_keys)
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._asking_mode = threading.Lock()
        self.opened: set[int] = set()  # ids of providers' groups that were open: only a person closes one again
        self._quarantines: dict[Platform, tuple[int, float]] = {}  # with the moment of the look
        self._users = [self._probe_user(number) for number in range(_PROBE_USERS)]
        self._mode: str | None = None

    def quarantine_id(self, platform: Platform) -> int:
        """The private group in which every account of the platform is born and waits (docs/design.md#23-provision)."""
        with self._lock:
            group_id, looked_at = self._quarantines.get(platform, (0, 0.0))
            if not group_id or self._clock.monotonic() - looked_at > _TRUSTED_SECONDS:
                group, _ = self._host.ensure_private_group(
                    of_platform(QUARANTINE, platform), "Batch Auto-Import: accounts not proven yet", platform
                )
                group_id = int(group["id"])
                self._quarantines[platform] = group_id, self._clock.monotonic()
            return group_id

    def keys(self, owner: str) -> LeasePool:
        limit = len(self._supplied) or MAX_KEYS
        together = 1 if self._supplied else _KEYS_TOGETHER
        return LeasePool(
            self._leases,
            "key",
            limit,
            self._make_key,
            self._clock,
            owner=owner,
            seconds=RESOURCE_SECONDS,
            together=together,
            mark=self._mark_of_key,
        )

    def isolation_groups(self, owner: str, platform: Platform) -> LeasePool:
        return LeasePool(
            self._leases,
            _lanes(platform),
            MAX_ISOLATION_GROUPS,
            partial(self._make_isolation_group, platform),
            self._clock,
            owner=owner,
            seconds=RESOURCE_SECONDS,
            cooldown=self.cooldown(platform),
        )

    def cooldown(self, platform: Platform) -> float:
        """Seconds that a group must stand empty before the next account may be asked in it."""
        at_once = platform is Platform.OPENAI and self._host.at_least(0, 1, 137)
        return 0.0 if at_once else _COOLDOWN

    def own_group_ids(self, platform: Platform) -> frozenset[int]:
        """Quarantine and isolation groups of the platform: an account never stays in them."""
        groups = resource_facts(self._leases.all(_lanes(platform)))
        return frozenset((self.quarantine_id(platform), *(int(group["group_id"]) for group in groups)))

    def own_key_ids(self) -> frozenset[int]:
        """Of the gateway keys that proofs use."""
        return frozenset(int(key["key_id"]) for key in resource_facts(self._leases.all("key")))

    def empty(self, group_id: int, platform: Platform, hold: HoldProvider, account_id: int = 0) -> int:
        """Take all accounts but ``account_id`` out of a group, which a killed worker may have left there.

        Each is read again under its provider's lease, which ``hold`` holds by the provider's id: another worker may
        have given it other groups since. Returns how many, and waits for the group's cooldown if there were any.
        Raises ``ProviderBusy``.
        """
        left = [row for row in self._host.accounts(group_id=group_id) if int(row["id"]) != account_id]
        taken_out = 0
        for row in left:
            provider_id = provider_of(row)
            with hold(provider_id) if provider_id else nullcontext():
                taken_out += self._take_out(int(row["id"]), group_id, platform)
        if left:
            self._clock.sleep(self.cooldown(platform))
        return taken_out

    def _take_out(self, account_id: int, group_id: int, platform: Platform) -> bool:
        """Whether it was still in the group."""
        row = self._host.account(account_id)
        groups = existing_account(row).group_ids if row else ()
        if group_id not in groups:
            return False
        stays = [group for group in groups if group != group_id] or [self.quarantine_id(platform)]
        self._host.bulk_update(account_id, group_ids=stays)
        return True

    def clear_abandoned_groups(self, owner: str, hold: HoldProvider) -> int:
        """Empty the isolation groups whose lease ran out under a killed worker; returns how many accounts left."""
        return sum(self._clear_abandoned(owner, hold, platform) for platform in Platform)

    def _clear_abandoned(self, owner: str, hold: HoldProvider, platform: Platform) -> int:
        """A group that could not be emptied stays leased, and a sweep after the lease's end tries again: once given
        back, the group would read as free.
        """
        cleared, kind = 0, _lanes(platform)
        for row in self._leases.all(kind):
            abandoned = row.get("lease_owner") and not self._leases.taken(row)
            if abandoned and self._leases.acquire(kind, str(row["sk"]), owner, RESOURCE_SECONDS):
                with suppress(ProviderBusy):
                    for group in resource_facts([row]):
                        cleared += self.empty(int(group["group_id"]), platform, hold)
                    self._leases.release(kind, str(row["sk"]), owner)
        return cleared

    def gateway_key(self, resource: Resource) -> GatewayKey:
        return GatewayKey(int(resource.facts["key_id"]), self._key_value(resource.name))

    # --- making

    def _make_isolation_group(self, platform: Platform, name: str, _cache: KeyCache) -> Mapping[str, Any]:
        group, _ = self._host.ensure_private_group(
            f"{_OURS}{_lanes(platform)}-{name}", "Batch Auto-Import: isolation group for proofs", platform
        )
        return {"group_id": int(group["id"])}

    def _make_key(self, name: str, cache: KeyCache) -> Mapping[str, Any]:
        value = self._key_value(name)
        if self._supplied:
            return {"key_id": self._find_key(value)}
        try:
            return {"key_id": self._create_key(name, value, cache)}
        except HostRejected as error:
            raise NoProbeKey(f"no gateway key for proofs: {error}", status=error.status) from None

    def _create_key(self, name: str, value: str, cache: KeyCache) -> int:
        """Look for the key first: twenty refused creations lock a user out of making keys for a day.

        One list serves all keys of a bundle, since nobody else makes them while it is leased.
        """
        user = self._users[int(name) // _KEYS_OF_A_USER]
        with self._listing:
            if "keys" not in cache:
                cache["keys"] = self._keys_of(user.user_id())
        keys: dict[str, int] = cache["keys"]
        if value not in keys:
            keys[value] = self._made_key(user, f"batch-import-{name}", value)
        return keys[value]

    def _made_key(self, user: "ProbeUser", name: str, value: str) -> int:
        try:
            return int(user.do(lambda token: self._host.create_key(token, name, value))["id"])
        except HostError as error:
            found = self._keys_of(user.user_id()).get(value) if may_exist(error, "API_KEY_EXISTS") else None
            if found is None:
                raise
            return found

    def _find_key(self, value: str) -> int:
        found = self._host.key_of_anyone(value)
        if found is None:
            raise NoProbeKey("a supplied probe key is unknown to the host")
        return int(found["id"])

    def _keys_of(self, user_id: int) -> dict[str, int]:
        """Ids by value."""
        return {str(key.get("key", "")): int(key["id"]) for key in self._host.user_keys(user_id)}

    def simple_mode(self) -> bool:
        """In ``RUN_MODE=simple`` groups mean nothing to the host. Asked once a deployment.

        See docs/host-api.md#simple-mode.
        """
        if self._supplied:
            return False  # without a user of ours nobody can be asked
        with self._asking_mode:
            if self._mode is None:
                self._mode = self._leases.facts("host", "mode").get("run_mode") or self._asked_mode()
        return self._mode == "simple"

    def _asked_mode(self) -> str:
        mode = self._users[0].do(self._host.run_mode)
        self._leases.remember("host", "mode", {"run_mode": mode})
        return mode

    def _probe_user(self, number: int) -> "ProbeUser":
        suffix = f"/{number}" if number else ""
        email = f"probe-{self._derive(f'user{suffix}')[:12]}@batch-import.example.com"
        return ProbeUser(self._host, email, self._derive(f"password{suffix}"))

    def _mark_of_key(self, name: str) -> Mapping[str, Any]:
        """Another secret, or other supplied keys, give the same name another value."""
        return {"value_digest": key_digest(self._key_value(name))[:12]}

    def _key_value(self, name: str) -> str:
        return self._supplied[int(name)] if self._supplied else f"sk-bi-{self._derive(f'key/{name}')[:48]}"

    def _derive(self, purpose: str) -> str:
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).hexdigest()


def _lanes(platform: Platform) -> str:
    """The kind of lease of the platform's isolation groups."""
    return of_platform("lane", platform)


class ProbeUser:
    """A user of the host that owns gateway keys: made or found when first needed, shared by all threads."""

    def __init__(self, host: HostClient, email: str, password: str) -> None:
        self._host = host
        self._email = email
        self._password = password
        self._lock = threading.Lock()
        self._user: Mapping[str, Any] | None = None
        self._token = ""

    def user_id(self) -> int:
        """Of a user that exists and has money."""
        with self._lock:
            if self._user is None:
                user = self._host.ensure_user(self._email, self._password, _USER_CONCURRENCY)
                if float(user.get("balance") or 0) < _USER_BALANCE / 10:
                    self._host.set_balance(int(user["id"]), _USER_BALANCE)
                self._user = user
            return int(self._user["id"])

    def do(self, call: Callable[[str], T]) -> T:
        """``call`` with the user's token, and once more with a new one when that has expired."""
        self.user_id()
        try:
            return call(self._login())
        except HostRefusesCredentials:
            with self._lock:
                self._token = ""
            return call(self._login())

    def _login(self) -> str:
        """Cached: the host allows twenty logins a minute (docs/host-api.md#login-limit)."""
        with self._lock:
            if not self._token:
                self._token = self._host.login(self._email, self._password)
            return self._token
