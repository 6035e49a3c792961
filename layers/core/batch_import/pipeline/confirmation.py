"""ConfirmationWorker (docs/design.md#24-confirm): does the host reach the relay, by its own account test?"""

from collections.abc import Callable

from batch_import.domain.advisories import Advisory
from batch_import.domain.entities import Item, NewEvent
from batch_import.domain.host_test import Next, TestDecision, decide
from batch_import.domain.routing import ResponsesMode
from batch_import.domain.types import ConfirmationStatus, EventType, ItemStage
from batch_import.host.errors import HostError
from batch_import.host.proving import TEST_TIMEOUT, HostProver
from batch_import.host.transport import TIMEOUT
from batch_import.pipeline.placing import Placing
from batch_import.pipeline.steps import HandOn, Steps, advisory_events, warned

WORST_CASE = TEST_TIMEOUT + TIMEOUT  # the account test, and what is written to the host after it

HostParts = tuple[HostProver, Placing]


class ConfirmationWorker:
    """Ends in ``confirmed``, ``advisory`` or ``failed``; every decision leaves an event.

    ``make_host_parts`` may raise a ``HostError``: a host without credentials is a retry like any other.
    """

    def __init__(self, steps: Steps, make_host_parts: Callable[[], HostParts]) -> None:
        self._steps = steps
        self._make_host_parts = make_host_parts

    def confirm_item(self, item: Item) -> HandOn:
        if item.account_id is None or item.resolved_smoke_model is None:
            return self._steps.fail(item, "internal_error", "the item has no account to test")
        try:
            prover, _ = self._make_host_parts()
            report = prover.test_account(item.account_id, item.resolved_smoke_model)
        except HostError as error:
            again = self._steps.host_failed(item, error)
            return again or self._fail(item, error.code, str(error))
        forced = item.responses_mode not in (None, ResponsesMode.AUTO)
        return self._follow(item, decide(report, mode_forced=forced), report.error)

    def _follow(self, item: Item, decision: TestDecision, error: str) -> HandOn:
        if decision.next is Next.CONFIRM:
            advisory = Advisory(decision.advisory) if decision.advisory else None
            status = ConfirmationStatus.ADVISORY if advisory else ConfirmationStatus.CONFIRMED
            return self._decide(item, status, advisory)
        if decision.next is Next.RETRY:
            again = self._steps.retry(item, decision.code, decision.policy, error)
            if again is not None:
                return again
            if decision.exhausted is Next.ADVISE:
                return self._decide(
                    item, ConfirmationStatus.ADVISORY, Advisory(decision.advisory), decision.code, error
                )
        return self._fail(item, decision.code, error)

    def _fail(self, item: Item, code: str, error: str) -> HandOn:
        try:
            told = self._make_host_parts()[1].give_up(item)
        except HostError:
            told = []
        return self._steps.fail(item, code, error, **warned(item, *told))

    def _decide(
        self, item: Item, status: ConfirmationStatus, advisory: Advisory | None, code: str = "", error: str = ""
    ) -> HandOn:
        told = (advisory,) if advisory else ()
        changes = {"confirmation_status": status, **warned(item, *told)}
        if error:
            error = self._steps.clean(item, error)
            changes |= {"last_error_stage": item.current_stage, "last_error": error[:500], "last_error_code": code}
        event = NewEvent(
            event_type=EventType.CONFIRMATION_DECIDED,
            message=f"confirmation {status}",
            payload={"confirmation_status": status.value},
        )
        return self._steps.move_on(item, ItemStage.VALIDATE, changes, [event, *advisory_events(item, *told)])
