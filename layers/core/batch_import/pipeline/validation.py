"""ValidationService (docs/design.md#25-validate): the only writer of ``access_status``, and the one who closes runs."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from batch_import.domain.advisories import Advisory
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Run
from batch_import.domain.gateway import Proof
from batch_import.domain.outcomes import outcome
from batch_import.domain.reuse_policy import HeldAccount
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    EventType,
    ItemStage,
    MatchedAccountState,
    RunMode,
)
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError
from batch_import.pipeline.placing import Placing
from batch_import.pipeline.premises import Premises
from batch_import.pipeline.provider_locks import ProviderBusy, ProviderLocks
from batch_import.pipeline.proving import ProofResult, ProvingGround, UnderLease, account_of
from batch_import.pipeline.self_service import SelfServiceProof
from batch_import.pipeline.slots import NoSlot
from batch_import.pipeline.steps import RELEASED, HandOn, Steps, advisory_events, warned
from batch_import.store.runs import RunStore

_WAIT_FOR_PRIMARY = 15.0
_COPIED = (
    "api_root",
    "resolved_smoke_model",
    "responses_mode",
    "account_id",
    "channel_id",
    "group_id",
    "confirmation_status",
    "last_error",
    "last_error_code",
    "last_error_stage",
    "failure_code",
)


class HostParts(NamedTuple):
    """What a proof needs of the host; one per invocation."""

    client: HostClient
    premises: Premises
    ground: ProvingGround
    placing: Placing
    self_service: SelfServiceProof
    locks: ProviderLocks


class ValidationService:
    """One per invocation. ``make_host_parts`` is called when a proof is first needed (verdicts alone need no host, and
    it may raise a ``HostError``); ``send_on`` queues items of the validate stage (the twins of an item that ended).
    """

    def __init__(
        self,
        steps: Steps,
        runs: RunStore,
        make_host_parts: Callable[[], HostParts],
        open_probe_key: Callable[[Run], str | None],
        send_on: Callable[[str, Sequence[str]], None],
    ) -> None:
        self._steps = steps
        self._runs = runs
        self._make_host_parts = make_host_parts
        self._open_probe_key = open_probe_key
        self._send_on = send_on
        self._parts: HostParts | None = None
        self._guard = threading.Lock()
        self._at_work: Counter[str] = Counter()

    def close(self) -> None:
        """Give keys and lanes back, at the end of the invocation."""
        if self._parts is not None:
            self._parts.ground.close()
            self._parts.locks.close()

    def _host_parts(self) -> HostParts:
        with self._guard:
            if self._parts is None:
                self._parts = self._make_host_parts()
            return self._parts

    def validate_item(self, item: Item) -> HandOn:
        run = self._runs.recent(item.run_id)
        if run is None:
            return HandOn(ItemStage.DONE)
        with self._closing(run):
            return self._validate(item, run)

    def _validate(self, item: Item, run: Run) -> HandOn:
        if item.duplicate_of is not None:
            return self._like_primary(item, run, item.duplicate_of)
        if item.failure_code is not None:
            return self._end(item, run, outcome(item.failure_code).access)
        try:
            return self._prove(item, run)
        except (NoSlot, ProviderBusy):
            return self._steps.hand_back(item, 2)
        except HostError as error:
            again = self._steps.host_failed(item, error)
            return again or self._give_up(item, run, error.code, str(error))

    def _prove(self, item: Item, run: Run) -> HandOn:
        host = self._host_parts()
        if host.premises.simple_mode():
            self._runs.warn(run.run_id, "host_simple_mode", {})
        account = account_of(host.client, item.account_id or 0)
        with host.ground.proof(item, account) as result:
            if result.decision.proof is not Proof.PROVEN:
                return self._not_proven(item, run, account, result)
            with result.room.tenure():
                events, advisories = host.placing.place(item, run, account, result.room.provider_group)
        if run.access_mode is AccessMode.SELF_SERVICE:
            probe_api_key = self._open_probe_key(run)
            host.self_service.prove_once(run, item, probe_api_key or "", item.group_id or 0)
        proven = NewEvent(
            event_type=EventType.COMPLETION_PROVEN,
            message="the gateway answered with a completion",
            payload={"where": result.room.where, "model": item.resolved_smoke_model},
        )
        return self._end(item, run, AccessStatus.ACTIVE, [proven, *events], advisories)

    def _not_proven(self, item: Item, run: Run, account: HeldAccount, result: ProofResult) -> HandOn:
        decision = result.decision
        host = self._host_parts()
        if decision.parked:
            host.client.recover_state(account.account_id)  # else retries would only see the host's ten-minute pause
        if decision.proof is Proof.RETRY:
            with result.room.tenure():
                host.placing.leave_room(account.account_id)
            return self._again_or_end(item, run, decision.code, result.text, result.retry_after, result.room.tenure)
        return self._give_up(item, run, decision.code, result.text, result.room.tenure)

    def _again_or_end(
        self,
        item: Item,
        run: Run,
        code: str,
        text: str,
        retry_after: float | None = None,
        tenure: UnderLease | None = None,
    ) -> HandOn:
        again = self._steps.retry(item, code, code, text, retry_after)
        return again or self._give_up(item, run, code, text, tenure)

    def _give_up(self, item: Item, run: Run, code: str, text: str, tenure: UnderLease | None = None) -> HandOn:
        told, text = self._put_back(item, tenure), self._steps.clean(item, text)
        failed = {
            "failure_code": code,
            "last_error_stage": item.current_stage,
            "last_error": text[:500],
            "last_error_code": code,
        }
        event = NewEvent(event_type=EventType.STAGE_FAILED, message=text or code, payload={"code": code})
        return self._end(item, run, outcome(code).access, [event], told, failed)

    def _put_back(self, item: Item, tenure: UnderLease | None) -> list[Advisory]:
        try:
            host = self._host_parts()
            with tenure() if tenure else host.locks.hold(item.provider_id):
                return host.placing.give_up(item)
        except (HostError, ProviderBusy):  # whoever enters the room next takes it out (ProvingGround)
            return []

    # --- ending

    @contextmanager
    def _closing(self, run: Run) -> Iterator[None]:
        """Whoever ends the last item closes the run; of those at work here the last one looks, for all of them.

        Should it never come to that, the item's message comes again and ``ended`` closes the run.
        """
        with self._guard:
            self._at_work[run.run_id] += 1
        try:
            yield
        finally:
            with self._guard:
                self._at_work[run.run_id] -= 1
                others = self._at_work[run.run_id]
            if not others:
                self._runs.close(run)

    def _end(
        self,
        item: Item,
        run: Run,
        access: AccessStatus,
        events: Sequence[NewEvent] = (),
        advisories: Sequence[Advisory] = (),
        changes: dict[str, Any] | None = None,
        profile: ItemProfile | None = None,
    ) -> HandOn:
        """One transaction: verdict, event, counters, and the key's erasure when it is no longer needed."""
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
        trail = [*events, *advisory_events(item, *advisories), decided]
        counted = self._steps.items.add_to_counters(item.model_copy(update=final), run)
        also = [counted, self._steps.items.erasing_key(item)] if access is AccessStatus.ACTIVE else [counted]
        self._steps.items.transition(item, final, trail, also=also, profile=profile)
        self._after_end(item, run, access)
        return HandOn(ItemStage.DONE)

    def ended(self, item: Item) -> None:
        """For an item already done: what follows its end is repeated, in case a crash cut it off. Harmless."""
        run = self._runs.get(item.run_id)
        if run is not None and run.finished_at is None:
            self._after_end(item, run, item.shown_access)
            self._runs.close(run)

    def _after_end(self, item: Item, run: Run, access: AccessStatus) -> None:
        if access is AccessStatus.BROKEN and run.mode is RunMode.STRICT:
            self._runs.stop_strictly(run.run_id)
        if item.duplicates:
            self._send_on(run.run_id, item.duplicates)

    def _like_primary(self, item: Item, run: Run, primary_id: str) -> HandOn:
        """The same pair twice in a list is one account, and is told (docs/design.md#32-requests-and-errors)."""
        primary = self._steps.items.get(run.run_id, primary_id)
        if primary is None or primary.current_stage is not ItemStage.DONE:
            return self._steps.hand_back(item, _WAIT_FOR_PRIMARY)
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
        profile = self._steps.items.profile(run.run_id, primary_id)
        return self._end(item, run, primary.shown_access, (), told, copied, profile)
