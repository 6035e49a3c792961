"""ValidationService (docs/design.md#25-validate): the only writer of ``access_status``, and the one who closes runs."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from batch_import.consumer.admission import HostGate
from batch_import.consumer.next_step import NextStep
from batch_import.consumer.stage_worker import Admitted, SecondsLeft, Stage, demand_time
from batch_import.coordination.lease_pool import NoResource
from batch_import.coordination.provider_lock import ProviderBusy, ProviderLocks
from batch_import.domain.advisories import Advisory
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Run
from batch_import.domain.gateway import Proof
from batch_import.domain.outcomes import Code, outcome
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    EventType,
    ItemStage,
    MatchedAccountState,
    RunMode,
)
from batch_import.domain.undo import is_half_woken
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.proofs.completion_proof import WORST_CASE, CompletionProof, ProofResult, UnderLease
from batch_import.proofs.probe_resources import ProbeResources
from batch_import.proofs.publication import AccessUnfinished, Publication
from batch_import.proofs.self_service import SelfServiceProof
from batch_import.stages.transitions import (
    RELEASED,
    ItemTransitions,
    TransitionWriter,
    advisory_events,
    failure,
    stage_failed,
    warned,
)
from batch_import.store.items import ItemStore
from batch_import.store.runs import RunStore

_WAIT_FOR_PRIMARY = 15.0
_COPIED = (
    "platform",
    "auth_style",
    "api_root",
    "resolved_smoke_model",
    "responses_mode",
    "plan",
    "served_model",
    "latency_ms",
    "account_id",
    "channel_id",
    "group_id",
    "confirmation_status",
    "last_error",
    "last_error_code",
    "last_error_stage",
    "failure_code",
)


class ProofServices(NamedTuple):
    """What a proof needs of the host; one per invocation."""

    client: HostClient
    resources: ProbeResources
    proof: CompletionProof
    publication: Publication
    self_service: SelfServiceProof
    locks: ProviderLocks


class ValidationService(Stage):
    """One per invocation; the only writer of ``access_status``.

    ``make_services`` is called when the host is first needed, which most verdicts alone do without; it may raise a
    ``HostError``. ``send_on`` queues items of the validate stage: the duplicates of an item that has ended.
    """

    lease_stages = (ItemStage.VALIDATE, ItemStage.VALIDATE)
    worst_case = WORST_CASE

    def __init__(
        self,
        items: ItemStore,
        transitions: TransitionWriter,
        runs: RunStore,
        gate: HostGate,
        make_services: Callable[[], ProofServices],
        open_probe_key: Callable[[Run], str | None],
        erase_key: Callable[[Item], None],
        send_on: Callable[[str, Sequence[str]], None],
        compare: Callable[[str, int, SecondsLeft], None],
    ) -> None:
        self._compare = compare
        self._items = items
        self._transitions = transitions
        self._runs = runs
        self._gate = gate
        self._make_services = make_services
        self._open_probe_key = open_probe_key
        self._erase_key = erase_key
        self._send_on = send_on
        self._made: ProofServices | None = None
        self._guard = threading.Lock()

    def admit(self, items: Sequence[Item]) -> Admitted:
        return self._gate.admit(items)

    def close(self) -> None:
        """Give gateway keys, isolation groups and provider leases back."""
        if self._made is not None:
            self._made.proof.close()
            self._made.locks.close()

    def compare(self, run_id: str, start: int, seconds_left: SecondsLeft) -> None:
        self._compare(run_id, start, seconds_left)

    def _services(self) -> ProofServices:
        with self._guard:
            if self._made is None:
                self._made = self._make_services()
            return self._made

    def handle(self, item: Item) -> NextStep:
        run = self._runs.recent(item.run_id)
        demand_time(self.worst_case)
        if run is None:
            return NextStep(ItemStage.DONE)
        return self._validate(self._transitions.begin(item), run)

    def _validate(self, to: ItemTransitions, run: Run) -> NextStep:
        item = to.item
        if item.duplicate_of is not None:
            return self._like_primary(to, run, item.duplicate_of)
        if item.failure_code is not None:
            return self._end_failed(to, run, item.failure_code)
        if run.dry_run:
            return self._write_verdict(to, run, AccessStatus.UNKNOWN)
        try:
            return self._prove(to, run)
        except (NoResource, ProviderBusy, AccessUnfinished):
            return to.hand_back(2)
        except HostError as error:
            return to.host_failed(error) or self._give_up(to, run, error.code, str(error))

    def _prove(self, to: ItemTransitions, run: Run) -> NextStep:
        item, host = to.item, self._services()
        if host.resources.simple_mode():
            self._runs.warn(run.run_id, "host_simple_mode", {})
        with host.proof.proof(item) as result:
            if result.decision.proof is not Proof.PROVEN:
                return self._not_proven(to, run, result)
            with result.group.under_lease():
                placed, events, advisories = host.publication.place(item, run, result.group.provider_group)
        if run.access_mode is AccessMode.SELF_SERVICE and run.self_service is None:
            probe_api_key = self._open_probe_key(run)
            host.self_service.prove_once(run, item, probe_api_key or "", item.group_id or 0)
        proven = NewEvent(
            event_type=EventType.COMPLETION_PROVEN,
            message="the gateway answered with a completion",
            payload={"where": result.group.where, "model": item.resolved_smoke_model},
        )
        changes = {"latency_ms": result.latency_ms, "placed_groups": placed}
        return self._write_verdict(to, run, AccessStatus.ACTIVE, [proven, *events], advisories, changes)

    def _not_proven(self, to: ItemTransitions, run: Run, result: ProofResult) -> NextStep:
        item, decision, host = to.item, result.decision, self._services()
        if decision.parked:
            host.publication.wake(item)  # else retries would only meet the host's pause
        elif decision.code == Code.GATEWAY_NO_ACCOUNT:
            host.publication.end_pause(item)  # the host may have begun one since the account's good test
        if decision.proof is Proof.RETRY:
            with result.group.under_lease():
                host.publication.leave_isolation(item)
            again = to.retry(decision.code, decision.code, result.text, result.retry_after)
            if again is not None:
                return again
        return self._give_up(to, run, decision.code, result.text, result.group.under_lease)

    def _give_up(
        self, to: ItemTransitions, run: Run, code: Code, text: str, under_lease: UnderLease | None = None
    ) -> NextStep:
        try:
            host = self._services()
            with under_lease() if under_lease else host.locks.hold(to.item.provider_id):
                told = host.publication.give_up(to.item)
        except (HostError, ProviderBusy):
            if to.item.wakes_account:
                return to.fail(code, text)
            told = []  # the next proof in that group takes it out (CompletionProof)
        text = to.redacted(text)
        return self._write_verdict(
            to, run, outcome(code).access, [stage_failed(code, text)], told, failure(to.item, code, text)
        )

    # --- ending

    def _end_failed(self, to: ItemTransitions, run: Run, code: Code) -> NextStep:
        """Before the verdict, what a stopped item has half-way switched on is put back. A host that stays away keeps
        the verdict back no longer than it keeps others waiting.
        """
        try:
            told = self._put_half_woken_back(to.item)
        except ProviderBusy:
            return to.hand_back(2)
        except HostError as error:
            again = to.host_failed(error)
            if again is not None:
                return again
            told = [Advisory("not_put_back")]
        return self._write_verdict(to, run, outcome(code).access, advisories=told)

    def _put_half_woken_back(self, item: Item) -> list[Advisory]:
        """What stopped the item may have come between two writes to an account that existed: a crash, the end of the
        run's writes, a host that did not answer.
        """
        if not item.wakes_account:
            return []
        item = item.model_copy(update={"account_id": item.reused_from_account_id})
        host = self._services()
        with host.locks.hold(item.provider_id):
            row = host.client.account(item.account_id or 0)
            half_woken = row is not None and is_half_woken(item, existing_account(row))
            return host.publication.give_up(item) if half_woken else []

    def _write_verdict(
        self,
        to: ItemTransitions,
        run: Run,
        access: AccessStatus,
        events: Sequence[NewEvent] = (),
        advisories: Sequence[Advisory] = (),
        changes: dict[str, Any] | None = None,
        profile: ItemProfile | None = None,
    ) -> NextStep:
        """Verdict and event, then the key's erasure when it is no longer needed."""
        item = to.item
        final = {
            **(changes or {}),
            **warned(item, *advisories),
            **RELEASED,
            "due_at": None,
            "current_stage": ItemStage.DONE,
            "access_status": access,
        }
        decided = NewEvent(
            event_type=EventType.ACCESS_DECIDED,
            message=f"access {access}",
            payload={"access_status": access.value, "code": final.get("failure_code") or item.failure_code},
        )
        history = [*events, *advisory_events(item, *advisories), decided]
        written = to.write(final, history, profile)
        self._after_verdict(written, run)
        return NextStep(ItemStage.DONE, item=written, accepted_at=run.started_at)

    def ended(self, item: Item) -> None:
        """For an item already done: what follows its end is repeated, in case a crash cut it off. Harmless."""
        run = self._runs.get(item.run_id)
        if run is not None and run.finished_at is None:
            self._after_verdict(item, run)

    def _after_verdict(self, item: Item, run: Run) -> None:
        if not item.needs_key:
            self._erase_key(item)
        if item.access_status is AccessStatus.BROKEN and run.mode is RunMode.STRICT and not run.dry_run:
            self._runs.stop_strictly(run.run_id)
        if item.duplicates:
            self._send_on(run.run_id, item.duplicates)

    def _like_primary(self, to: ItemTransitions, run: Run, primary_id: str) -> NextStep:
        """The same pair twice in a list is one account, and is told (docs/design.md#32-requests-and-errors)."""
        primary = self._items.get(run.run_id, primary_id)
        if primary is None or primary.current_stage is not ItemStage.DONE:
            return to.hand_back(_WAIT_FOR_PRIMARY)
        copied = {name: getattr(primary, name) for name in _COPIED}
        if primary.access_status is AccessStatus.ACTIVE:
            copied |= {
                "matched_account_state": MatchedAccountState.ACTIVE,
                "account_resolution": AccountResolution.REUSED,
                "provision_reused": True,
                "reused_from_account_id": primary.account_id,
                "reused_from_provider_id": primary.provider_id,
            }
        told = [Advisory("same_pair_in_list", {"item_id": primary_id})]
        profile = self._items.profile(primary)
        return self._write_verdict(to, run, primary.shown_access, (), told, copied, profile)
