"""Stage confirm: does the host reach the relay, by its own account test? (docs/design.md#24-confirm)"""

import threading
from collections.abc import Callable, Sequence

from batch_import.consumer.admission import HostGate
from batch_import.consumer.next_step import NextStep
from batch_import.consumer.stage_worker import Admitted, Stage
from batch_import.coordination.provider_lock import PATIENCE, ProviderBusy, ProviderLocks
from batch_import.domain.account import ResponsesMode
from batch_import.domain.account_check import CheckDecision, Next, decide
from batch_import.domain.advisories import Advisory
from batch_import.domain.entities import Item, NewEvent
from batch_import.domain.outcomes import Code
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage, Platform
from batch_import.host.checks import TEST_TIMEOUT, HostChecks
from batch_import.host.errors import HostError
from batch_import.host.transport import TIMEOUT
from batch_import.proofs.publication import Publication
from batch_import.stages.transitions import ItemTransitions, TransitionWriter, advisory_events, last_error, warned

WORST_CASE = TEST_TIMEOUT + PATIENCE + TIMEOUT  # the account test, the provider's lease, and what is then written


class ConfirmationWorker(Stage):
    """One per invocation. Ends in ``confirmed``, ``advisory`` or ``failed``; every decision leaves an event.

    ``checks`` and ``publication`` are asked for with each item, ``make_locks`` when an account is first put back. They
    may raise a ``HostError``: a host without credentials is a retry like any other.
    """

    lease_stages = (ItemStage.CONFIRM, ItemStage.CONFIRM)
    worst_case = WORST_CASE

    def __init__(
        self,
        transitions: TransitionWriter,
        gate: HostGate,
        checks: Callable[[], HostChecks],
        publication: Callable[[], Publication],
        make_locks: Callable[[], ProviderLocks],
    ) -> None:
        self._transitions = transitions
        self._checks = checks
        self._publication = publication
        self._gate = gate
        self._make_locks = make_locks
        self._made: ProviderLocks | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        """Give provider leases back."""
        if self._made is not None:
            self._made.close()

    def admit(self, items: Sequence[Item]) -> Admitted:
        return self._gate.admit(items)

    def handle(self, item: Item) -> NextStep:
        to = self._transitions.begin(item)
        if item.account_id is None or item.resolved_smoke_model is None:
            return to.fail(Code.INTERNAL_ERROR, "the item has no account to test")
        try:
            report = self._checks().test_account(item.account_id, item.resolved_smoke_model)
        except HostError as error:
            return to.host_failed(error) or self._fail(to, error.code, str(error))
        forced = item.responses_mode not in (None, ResponsesMode.AUTO)
        return self._follow(to, decide(report, mode_forced=forced, platform=item.of_platform), report.error)

    def _follow(self, to: ItemTransitions, decision: CheckDecision, error: str) -> NextStep:
        if decision.next is Next.CONFIRM:
            return self._decide(to, decision.advisory)
        if decision.next is Next.ADVISE:
            return self._advise(to, decision, error)
        if decision.next is Next.RETRY:
            again = to.retry(decision.code, decision.policy, error)
            if again is not None:
                return again
            if decision.exhausted is Next.ADVISE:
                return self._advise(to, decision, error)
        return self._fail(to, decision.code, error)

    def _fail(self, to: ItemTransitions, code: Code, error: str) -> NextStep:
        """Group lists are read, merged and written: another run may be placing the same account."""
        try:
            with self._locks().hold(to.item.provider_id):
                told = self._publication().give_up(to.item)
        except ProviderBusy:
            return to.hand_back(2)
        except HostError:
            told = []
        return to.fail(code, error, **warned(to.item, *told))

    def _locks(self) -> ProviderLocks:
        with self._guard:
            if self._made is None:
                self._made = self._make_locks()
            return self._made

    def _advise(self, to: ItemTransitions, decision: CheckDecision, error: str) -> NextStep:
        """A refused test may have switched the account off: the gateway shall decide over one that is on."""
        if to.item.of_platform is not Platform.OPENAI:
            try:
                self._publication().wake(to.item)
            except HostError as failed:
                return to.host_failed(failed) or self._fail(to, failed.code, str(failed))
        return self._decide(to, decision.advisory, decision.code, error)

    def _decide(
        self, to: ItemTransitions, advisory: str, code: Code = Code.INTERNAL_ERROR, error: str = ""
    ) -> NextStep:
        item, told = to.item, [Advisory(advisory)] if advisory else []
        status = ConfirmationStatus.ADVISORY if told else ConfirmationStatus.CONFIRMED
        changes = {"confirmation_status": status, **warned(item, *told)}
        if error:
            changes |= last_error(item, code, to.redacted(error))
        event = NewEvent(
            event_type=EventType.CONFIRMATION_DECIDED,
            message=f"confirmation {status}",
            payload={"confirmation_status": status.value},
        )
        return to.move_on(ItemStage.VALIDATE, changes, [event, *advisory_events(item, *told)])
