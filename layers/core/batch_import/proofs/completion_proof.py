"""The proof in private: a leased key, a group that no customer can reach, one real completion.

See docs/design.md#25-validate.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from batch_import.coordination.lease_pool import LeasePool, Resource
from batch_import.coordination.provider_lock import PATIENCE, ProviderLocks
from batch_import.domain.account import ExistingAccount, ImportState
from batch_import.domain.answers import Answer, error_text
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item
from batch_import.domain.gateway import GatewayDecision, Proof, judge_completion, proof_demands
from batch_import.domain.outcomes import Code
from batch_import.domain.redaction import redacted
from batch_import.domain.types import Platform
from batch_import.host.accounts import existing_account
from batch_import.host.checks import COMPLETION_TIMEOUT, HostChecks
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostError, HostRejected, HostUnavailable
from batch_import.host.served_by import ServedByLookup
from batch_import.host.transport import TIMEOUT
from batch_import.proofs.probe_resources import GatewayKey, ProbeResources

UnderLease = Callable[[], AbstractContextManager[Any]]
RESOURCE_PATIENCE = 8.0
# The waits for the provider's lease, an isolation group and a key; a completion that takes its whole time-out; what is
# then written to the host. Whoever waits for the lease again has less time for the completion (HostChecks.complete).
WORST_CASE = PATIENCE + 2 * RESOURCE_PATIENCE + COMPLETION_TIMEOUT + TIMEOUT
JOIN_SECONDS = 3.0
JOIN_POLL = 0.25


class IsolationGroup(NamedTuple):
    """A group that no customer can reach, held for one account.

    ``where`` tells of it in an event. ``provider_group`` is the provider's group as it was read; once open, it stays
    open. ``under_lease`` holds the provider's lease, under which the account enters, is placed or put back.
    """

    group_id: int
    where: str
    provider_group: Json
    under_lease: UnderLease


@dataclass(frozen=True)
class ProofResult:
    decision: GatewayDecision
    text: str
    group: IsolationGroup
    retry_after: float | None = None
    latency_ms: int | None = None


class CompletionProof:
    """One per invocation: its pools of gateway keys and isolation groups are shared by the invocation's threads."""

    def __init__(
        self,
        host: HostClient,
        checks: HostChecks,
        served_by: ServedByLookup,
        resources: ProbeResources,
        locks: ProviderLocks,
        owner: str,
        clock: Clock,
    ) -> None:
        self._host = host
        self._checks = checks
        self._served_by = served_by
        self._resources = resources
        self._locks = locks
        self._keys: LeasePool = resources.keys(owner)
        self._groups = {platform: resources.isolation_groups(owner, platform) for platform in Platform}
        self._clock = clock

    def close(self) -> None:
        self._keys.close()
        for groups in self._groups.values():
            groups.close()

    @contextmanager
    def proof(self, item: Item) -> Iterator[ProofResult]:
        """Prove the account, and hold its isolation group until the caller has placed it or put it back.

        Raises ``NoResource`` or ``ProviderBusy`` when no group or key gets free in time, and ``HostError``.
        """
        with self._isolation_group(item) as group:
            self._empty(item, group.group_id, group.under_lease)
            with self._keys.borrow(RESOURCE_PATIENCE) as resource:
                result = self._prove(item, group, resource)
            yield result

    def _prove(self, item: Item, group: IsolationGroup, resource: Resource) -> ProofResult:
        key = self._resources.gateway_key(resource)
        self._bind(resource, key, group.group_id)
        self._enter(item, group)
        result = self._ask(item, group, key)
        if result.decision.code == Code.GATEWAY_REFUSED_KEY:
            self._keys.forget(resource)
        return result

    def _bind(self, resource: Resource, key: GatewayKey, group_id: int) -> None:
        try:
            self._host.rebind_key(key.key_id, group_id)
        except HostRejected as error:
            if error.status != 404:
                raise
            self._keys.forget(resource)  # a person deleted our key: the next try makes or finds another
            raise HostUnavailable(f"the gateway key {resource.name} is gone") from None

    @contextmanager
    def _isolation_group(self, item: Item) -> Iterator[IsolationGroup]:
        """The provider's own group while it is private, one account at a time; otherwise an isolation group.

        While the provider's group is private its lease is held: the proof opens it, with no other account inside.
        """
        group_id, under_lease = item.group_id or 0, partial(self._locks.hold, item.provider_id)
        group = self._open_group(group_id)
        if group is None:
            with under_lease():
                group = self._host.group(group_id)
                if is_private(group):
                    with self._while_private(item, group) as held:
                        yield held
                    return
            self._resources.opened.add(group_id)
        with self._leased_group(item, group, under_lease) as held:
            yield held

    def _open_group(self, group_id: int) -> Json | None:
        """A provider's group that was open before, as it is now; ``None`` when it may be private."""
        group = self._host.group(group_id) if group_id in self._resources.opened else None
        return None if group is None or is_private(group) else group

    @contextmanager
    def _while_private(self, item: Item, group: Json) -> Iterator[IsolationGroup]:
        """The proof will open the group, and no unproven account may be inside then."""
        if serving_groups(account_of(self._host, item.account_id or 0), self._resources):
            self._empty(item, group["id"], nullcontext)
            with self._leased_group(item, group, nullcontext) as held:
                yield held
            return
        try:
            yield IsolationGroup(group["id"], "provider_group", group, nullcontext)
        finally:
            self._cool_down(group["id"], item.of_platform)

    @contextmanager
    def _leased_group(self, item: Item, group: Json, under_lease: UnderLease) -> Iterator[IsolationGroup]:
        groups = self._groups[item.of_platform]
        with groups.borrow(RESOURCE_PATIENCE) as resource:
            yield IsolationGroup(
                self._existing(groups, resource), f"isolation group {resource.name}", group, under_lease
            )

    def _cool_down(self, group_id: int, platform: Platform) -> None:
        """The host may answer for a moment longer from an account that has left without being proven."""
        seconds = self._resources.cooldown(platform)
        with suppress(HostError):
            if seconds and is_private(self._host.group(group_id)):
                self._clock.sleep(seconds)

    def _existing(self, groups: LeasePool, resource: Resource) -> int:
        """The id of the isolation group, which a person may have deleted."""
        group_id = int(resource.facts["group_id"])
        try:
            self._host.group(group_id)
        except HostRejected:
            groups.forget(resource)
            raise HostUnavailable(f"isolation group {resource.name} is gone") from None
        return group_id

    def _empty(self, item: Item, group_id: int, under_lease: UnderLease) -> None:
        """``under_lease`` holds the lease of the item's provider, which this thread may have already."""

        def hold(provider_id: str) -> AbstractContextManager[Any]:
            return under_lease() if provider_id == item.provider_id else self._locks.hold(provider_id)

        self._resources.empty(group_id, item.of_platform, hold, item.account_id or 0)

    def _enter(self, item: Item, group: IsolationGroup) -> None:
        """Beside the groups in which the account serves at this moment: while this proof waits, another run may give
        it groups, or take it out of all of them to switch it on.
        """
        with group.under_lease():
            account = account_of(self._host, item.account_id or 0)
            keeps = serving_groups(account, self._resources)
            self._host.bulk_update(account.account_id, group_ids=[*keeps, group.group_id])

    def _ask(self, item: Item, group: IsolationGroup, key: GatewayKey) -> ProofResult:
        """Joining a group takes up to 1 s; a lost scheduling update is made good by repeating the write.

        See docs/host-api.md#bulk-update-last.
        """
        model, mark = item.resolved_smoke_model or "", self._served_by.mark(key.key_id)
        demands = proof_demands(item.demands, item.responses_mode)
        for round_ in range(2):
            for poll in range(int(JOIN_SECONDS / JOIN_POLL)):
                request_id = f"{item.run_id}-{item.item_id}-{item.attempt}-{round_}{poll:02d}"
                began = self._clock.monotonic()
                answer = self._checks.complete(key.value, model, request_id, demands)
                latency = round((self._clock.monotonic() - began) * 1000)
                judged = judge_completion(answer, streamed=demands.stream, platform=item.of_platform)
                decision = self._of_our_account(judged, answer, item.account_id, key, mark, request_id)
                if decision.proof is not Proof.JOINING:
                    said = "" if decision.proof is Proof.PROVEN else redacted(error_text(answer), key.value)
                    return ProofResult(decision, said, group, answer.retry_after, latency)
                self._clock.sleep(JOIN_POLL)
            self._enter(item, group)
        proof = Proof.FAIL if decision.code == Code.GATEWAY_MIS_MAPPED else Proof.RETRY
        decision = GatewayDecision(proof, decision.code)
        return ProofResult(decision, redacted(error_text(answer), key.value), group, answer.retry_after)

    def _of_our_account(
        self,
        decision: GatewayDecision,
        answer: Answer,
        account_id: int | None,
        key: GatewayKey,
        mark: int | None,
        request_id: str,
    ) -> GatewayDecision:
        """An answer of an account that has just left the group says nothing about ours: ask again in a moment."""
        if decision.proof is Proof.JOINING or answer.trouble is not None:
            return decision
        if answer.ok:
            served_by = self._served_by.served_by(answer, key.key_id, mark)
        else:
            served_by = self._served_by.failed_on(request_id)
        return decision if served_by in (None, account_id) else GatewayDecision(Proof.JOINING, Code.GATEWAY_NO_ACCOUNT)


def is_private(group: Json) -> bool:
    return bool(group.get("is_exclusive")) and group.get("subscription_type") == "standard"


def serving_groups(account: ExistingAccount, resources: ProbeResources) -> tuple[int, ...]:
    """A proven account is never taken away from its customers; any other has no place yet."""
    if account.import_state != ImportState.PROVEN:
        return ()
    own = resources.own_group_ids(Platform(account.platform))
    return tuple(group for group in account.group_ids if group not in own)


def account_of(host: HostClient, account_id: int) -> ExistingAccount:
    row = host.account(account_id)
    if row is None:
        raise HostRejected("the account is gone", status=404)
    return existing_account(row)
