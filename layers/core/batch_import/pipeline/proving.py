"""The proof in private: a leased key, a room where no customer can be, one real completion.

See docs/design.md#25-validate.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from batch_import.domain.answers import Answer
from batch_import.domain.entities import Item
from batch_import.domain.gateway import GatewayDecision, Proof, judge_completion
from batch_import.domain.reuse_policy import HeldAccount, ImportState
from batch_import.host.accounts import held_account
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostError, HostRejected, HostUnavailable
from batch_import.host.proving import HostProver
from batch_import.host.transport import TIMEOUT
from batch_import.host.witness import Witness
from batch_import.pipeline.premises import GatewayKey, Premises
from batch_import.pipeline.provider_locks import PATIENCE, ProviderLocks
from batch_import.pipeline.slots import Slot, SlotPool
from batch_import.probe.capability import error_text
from batch_import.probe.relay import COMPLETION_TIMEOUT

UnderLease = Callable[[], AbstractContextManager[Any]]
SLOT_PATIENCE = 12.0
# The waits for the provider's lease, a room and a key; as much time for the relay as the probe gives it; what is then
# written to the host. Without waits the completion may take its whole time-out.
WORST_CASE = PATIENCE + 2 * SLOT_PATIENCE + COMPLETION_TIMEOUT + TIMEOUT
_JOIN_SECONDS = 3.0
_JOIN_POLL = 0.25


@dataclass(frozen=True)
class ProofResult:
    decision: GatewayDecision
    text: str
    room: "Room"
    retry_after: float | None = None


class Room(NamedTuple):
    """``tenure`` is the provider's lease, to place the account under; a private ``provider_group`` came along with it.

    That group is as it was seen then: once open, it stays so.
    """

    group_id: int
    where: str
    provider_group: Json
    tenure: UnderLease


class ProvingGround:
    """One per invocation: its pools of keys and lanes are shared by the invocation's threads."""

    def __init__(
        self,
        host: HostClient,
        prover: HostProver,
        witness: Witness,
        premises: Premises,
        locks: ProviderLocks,
        owner: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._prover = prover
        self._witness = witness
        self._premises = premises
        self._locks = locks
        self._keys: SlotPool = premises.keys(owner)
        self._lanes: SlotPool = premises.lanes(owner)
        self._sleep = sleep

    def close(self) -> None:
        self._keys.close()
        self._lanes.close()

    @contextmanager
    def proof(self, item: Item, account: HeldAccount) -> Iterator[ProofResult]:
        """Proves, and keeps the room until the caller has placed the account or taken it out again.

        Raises ``NoSlot`` or ``ProviderBusy`` when no room or key gets free in time, and ``HostError``.
        """
        keeps = serving_groups(account, self._premises.own_group_ids)
        with self._room(item, bool(keeps)) as room:
            self._premises.empty(room.group_id, account.account_id)
            with self._keys.borrow(SLOT_PATIENCE) as slot:
                result = self._prove(item, account, room, keeps, slot)
            yield result

    def _prove(self, item: Item, account: HeldAccount, room: Room, keeps: tuple[int, ...], slot: Slot) -> ProofResult:
        key = self._premises.gateway_key(slot.name, slot.facts)
        self._bind(slot, key, room.group_id)
        self._enter(account.account_id, room.group_id, keeps)
        result = self._ask(item, account.account_id, room, keeps, key)
        if result.decision.code == "gateway_refused_key":
            self._keys.forget(slot)
        return result

    def _bind(self, slot: Slot, key: GatewayKey, room: int) -> None:
        try:
            self._host.rebind_key(key.key_id, room)
        except HostRejected as error:
            if error.status != 404:
                raise
            self._keys.forget(slot)  # a person deleted our key: the next try makes or finds another
            raise HostUnavailable(f"the gateway key of slot {slot.name} is gone") from None

    @contextmanager
    def _room(self, item: Item, serves: bool) -> Iterator[Room]:
        """The provider's own group while it is private, one account at a time; otherwise a lane, alone.

        While the group is private its provider's lease is held: whoever is proven opens it, with nobody else inside.
        """
        group_id, tenure = item.group_id or 0, partial(self._locks.hold, item.provider_id)
        group = self._seen_open(group_id)
        if group is None:
            with tenure():
                group = self._host.group(group_id)
                if is_private(group):
                    with self._while_private(item, group, serves=serves) as room:
                        yield room
                    return
            self._premises.opened.add(group_id)
        with self._lane(group, tenure) as room:
            yield room

    def _seen_open(self, group_id: int) -> Json | None:
        """A provider's group that was open before, as it is now; ``None`` when it may be private."""
        group = self._host.group(group_id) if group_id in self._premises.opened else None
        return None if group is None or is_private(group) else group

    @contextmanager
    def _while_private(self, item: Item, group: Json, *, serves: bool) -> Iterator[Room]:
        """It will be opened by the one who is proven, and nobody unproven may be inside then."""
        if serves:
            self._premises.empty(group["id"], item.account_id or 0)
            with self._lane(group, nullcontext) as room:
                yield room
            return
        try:
            yield Room(group["id"], "provider_group", group, nullcontext)
        finally:
            self._let_rest(group["id"])

    @contextmanager
    def _lane(self, group: Json, tenure: UnderLease) -> Iterator[Room]:
        with self._lanes.borrow(SLOT_PATIENCE) as lane:
            yield Room(self._lane_group(lane), f"lane {lane.name}", group, tenure)

    def _let_rest(self, group_id: int) -> None:
        """An old host answers a moment longer from the account that has just left without being proven."""
        rest = self._premises.rest()
        with suppress(HostError):
            if rest and is_private(self._host.group(group_id)):
                self._sleep(rest)

    def _lane_group(self, lane: Slot) -> int:
        """The lane's group, looked at: a person may have deleted it."""
        group_id = int(lane.facts["group_id"])
        try:
            self._host.group(group_id)
        except HostRejected:
            self._lanes.forget(lane)
            raise HostUnavailable(f"lane {lane.name} is gone") from None
        return group_id

    def _enter(self, account_id: int, room: int, keeps: tuple[int, ...]) -> None:
        self._host.bulk_update(account_id, group_ids=[*keeps, room])

    def _ask(self, item: Item, account_id: int, room: Room, keeps: tuple[int, ...], key: GatewayKey) -> ProofResult:
        """Joining a room used before takes up to 1 s; a lost scheduling update heals by repeating it.

        See docs/host-api.md#bulk-update-last.
        """
        model, mark = item.resolved_smoke_model or "", self._witness.mark(key.key_id)
        for round_ in range(2):
            for poll in range(int(_JOIN_SECONDS / _JOIN_POLL)):
                request_id = f"{item.run_id}-{item.item_id}-{item.attempt}-{round_}{poll:02d}"
                answer = self._prover.complete(key.value, model, request_id)
                decision = self._of_our_account(judge_completion(answer), answer, account_id, key, mark, request_id)
                if decision.proof is not Proof.JOINING:
                    return ProofResult(decision, error_text(answer), room, answer.retry_after)
                self._sleep(_JOIN_POLL)
            self._enter(account_id, room.group_id, keeps)
        proof = Proof.FAIL if decision.code == "gateway_mis_mapped" else Proof.RETRY
        decision = GatewayDecision(proof, decision.code)
        return ProofResult(decision, error_text(answer), room, answer.retry_after)

    def _of_our_account(
        self,
        decision: GatewayDecision,
        answer: Answer,
        account_id: int,
        key: GatewayKey,
        mark: int | None,
        request_id: str,
    ) -> GatewayDecision:
        """An answer of an account that has just left the room says nothing of ours: ask again in a moment."""
        if decision.proof is Proof.PROVEN:
            spoke = self._witness.served_by(answer, key.key_id, mark)
        elif decision.proof is not Proof.JOINING and answer.status >= 500:
            spoke = self._witness.failed_on(request_id)
        else:
            return decision
        return decision if spoke in (None, account_id) else GatewayDecision(Proof.JOINING, "gateway_no_account")


def is_private(group: Json) -> bool:
    return bool(group.get("is_exclusive")) and group.get("subscription_type") == "standard"


def serving_groups(account: HeldAccount, own_group_ids: Callable[[], frozenset[int]]) -> tuple[int, ...]:
    """A proven account is never taken away from its customers; any other has no place yet."""
    if account.import_state != ImportState.PROVEN:
        return ()
    own = own_group_ids()
    return tuple(group for group in account.group_ids if group not in own)


def account_of(host: HostClient, account_id: int) -> HeldAccount:
    row = host.account(account_id)
    if row is None:
        raise HostRejected("the account is gone", status=404)
    return held_account(row)
