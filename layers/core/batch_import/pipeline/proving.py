"""The proof in private (design §2.3, §2.5): a leased key, a room where no customer can be, one real completion."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from batch_import.domain.answers import Answer
from batch_import.domain.entities import Item
from batch_import.domain.gateway import GatewayDecision, Proof, judge_completion
from batch_import.domain.reuse_policy import HeldAccount, ImportState
from batch_import.host.accounts import held_account
from batch_import.host.client import HostClient, Json
from batch_import.host.errors import HostRejected, HostUnavailable
from batch_import.host.proving import HostProver
from batch_import.host.witness import Witness
from batch_import.pipeline.premises import GatewayKey, Premises
from batch_import.pipeline.slots import NoSlot, Slot, SlotPool
from batch_import.probe.capability import error_text
from batch_import.store.leases import Leases

WORST_CASE = 100.0  # a room, a key, joining, and a completion that takes its whole time-out
_SLOT_PATIENCE = 15.0
_JOIN_SECONDS = 3.0
_JOIN_POLL = 0.25
_VENUE_SECONDS = 150.0
_VENUE_POLL = 0.5


@dataclass(frozen=True)
class ProofResult:
    decision: GatewayDecision
    text: str
    where: str
    retry_after: float | None = None


class ProvingGround:
    """One per invocation: its pools of keys and lanes are shared by the invocation's threads."""

    def __init__(
        self,
        host: HostClient,
        prover: HostProver,
        witness: Witness,
        premises: Premises,
        leases: Leases,
        owner: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._prover = prover
        self._witness = witness
        self._premises = premises
        self._leases = leases
        self._keys: SlotPool = premises.keys(owner)
        self._lanes: SlotPool = premises.lanes(owner)
        self._sleep = sleep

    def close(self) -> None:
        self._keys.close()
        self._lanes.close()

    @contextmanager
    def proof(self, item: Item, account: HeldAccount) -> Iterator[ProofResult]:
        """Proves, and keeps the room until the caller has placed the account or taken it out again.

        Raises ``NoSlot`` when no room or key gets free in time, and ``HostError``.
        """
        keeps = serving_groups(account, self._premises.own_group_ids())
        with self._room(item, bool(keeps)) as (room, where), self._keys.borrow(_SLOT_PATIENCE) as slot:
            key = self._premises.gateway_key(slot.name, slot.facts)
            self._empty(room, account.account_id)
            self._bind(slot, key, room)
            self._enter(account.account_id, room, keeps)
            result = self._ask(item, account.account_id, room, keeps, key, where)
            if result.decision.code == "gateway_refused_key":
                self._keys.forget(slot)
            yield result

    def _bind(self, slot: Slot, key: GatewayKey, room: int) -> None:
        try:
            self._host.rebind_key(key.key_id, room)
        except HostRejected as error:
            if error.status != 404:
                raise
            self._keys.forget(slot)  # a person deleted our key: the next try makes or finds another
            raise HostUnavailable(f"the gateway key of slot {slot.name} is gone") from None

    @contextmanager
    def _room(self, item: Item, serves: bool) -> Iterator[tuple[int, str]]:
        """The provider's own group while it is private, one account at a time; otherwise a lane, alone.

        While the group is private nobody else may be in it: whoever is proven opens it.
        """
        group_id = item.group_id or 0
        private = self._hold_while_private(item, group_id)
        try:
            if private and not serves:
                yield group_id, "provider_group"
                return
            if private:
                self._empty(group_id, item.account_id or 0)  # it will be opened, and nobody unproven may be inside
            with self._lanes.borrow(_SLOT_PATIENCE) as lane:
                yield self._lane_group(lane), f"lane {lane.name}"
        finally:
            if private:
                self._leases.release("venue", str(group_id), str(item.lease_owner))

    def _lane_group(self, lane: Slot) -> int:
        """The lane's group, looked at: a person may have deleted it."""
        group_id = int(lane.facts["group_id"])
        try:
            self._host.group(group_id)
        except HostRejected:
            self._lanes.forget(lane)
            raise HostUnavailable(f"lane {lane.name} is gone") from None
        return group_id

    def _hold_while_private(self, item: Item, group_id: int) -> bool:
        """True: the group is private and ours for now. False: it has been opened."""
        for _ in range(int(_SLOT_PATIENCE / _VENUE_POLL)):
            if not is_private(self._host.group(group_id)):
                return False
            if self._leases.acquire(
                "venue", str(group_id), str(item.lease_owner), _VENUE_SECONDS, self._premises.rest()
            ):
                if is_private(self._host.group(group_id)):
                    return True
                self._leases.release("venue", str(group_id), str(item.lease_owner))
                return False
            self._sleep(_VENUE_POLL)
        raise NoSlot("venue")

    def _empty(self, room: int, account_id: int) -> None:
        """A worker that was killed in the middle of a proof left its account behind; an emptied room must rest."""
        left = [a for a in map(held_account, self._host.accounts(group_id=room)) if a.account_id != account_id]
        for account in left:
            stays = [g for g in account.group_ids if g != room] or [self._premises.quarantine_id()]
            self._host.bulk_update(account.account_id, group_ids=stays)
        if left:
            self._sleep(self._premises.rest())

    def _enter(self, account_id: int, room: int, keeps: tuple[int, ...]) -> None:
        self._host.bulk_update(account_id, group_ids=[*keeps, room])

    def _ask(
        self, item: Item, account_id: int, room: int, keeps: tuple[int, ...], key: GatewayKey, where: str
    ) -> ProofResult:
        """Joining a room used before takes up to 1 s; a lost scheduling update heals by repeating it (host-live A5)."""
        model, mark = item.resolved_smoke_model or "", self._witness.mark(key.key_id)
        for round_ in range(2):
            for poll in range(int(_JOIN_SECONDS / _JOIN_POLL)):
                request_id = f"{item.run_id}-{item.item_id}-{item.attempt}-{round_}{poll:02d}"
                answer = self._prover.complete(key.value, model, request_id)
                decision = self._of_our_account(judge_completion(answer), answer, account_id, key, mark, request_id)
                if decision.proof is not Proof.JOINING:
                    return ProofResult(decision, error_text(answer), where, answer.retry_after)
                self._sleep(_JOIN_POLL)
            self._enter(account_id, room, keeps)
        proof = Proof.FAIL if decision.code == "gateway_mis_mapped" else Proof.RETRY
        return ProofResult(GatewayDecision(proof, decision.code), error_text(answer), where, answer.retry_after)

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


def serving_groups(account: HeldAccount, own: frozenset[int]) -> tuple[int, ...]:
    """A proven account is never taken away from its customers; any other has no place yet."""
    if account.import_state != ImportState.PROVEN:
        return ()
    return tuple(group for group in account.group_ids if group not in own)


def account_of(host: HostClient, account_id: int) -> HeldAccount:
    row = host.account(account_id)
    if row is None:
        raise HostRejected("the account is gone", status=404)
    return held_account(row)
