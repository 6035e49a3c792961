"""A new run that imports what a dry run has planned (docs/design.md#31-routes)."""

from batch_import.domain.contract import ApplyRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict
from batch_import.domain.types import AccessStatus, RunSource
from batch_import.runs.create import Asked, BatchImportService, Started
from batch_import.runs.follow_up import FollowUp
from batch_import.runs.item_list import idempotency_facts


class PlanApplication:
    def __init__(self, follow_up: FollowUp, service: BatchImportService) -> None:
        self._follow_up = follow_up
        self._service = service

    def apply(self, run: Run, request: ApplyRequest, idempotency_key: str | None = None) -> Started:
        """Import the items that ``run`` has planned. Each is decided again; one whose decision differs stops.

        The same ``idempotency_key`` again answers the first new run. ``Conflict`` when ``run`` is no dry run, has not
        ended or planned nothing, when no key is held any more, or while another run applies the same plan.
        """
        facts = idempotency_facts(lambda: f"apply {run.run_id} {request.model_dump_json()}", idempotency_key)
        return self._service.start(lambda: self._ask(run.run_id, request), facts)

    def _ask(self, run_id: str, request: ApplyRequest) -> Asked:
        run = self._follow_up.ended(run_id)
        if not run.dry_run:
            raise Conflict(f"run {run_id} is no dry run", f"批次 {run_id} 不是试运行")
        planned = [item for item in self._follow_up.items_of(run) if _is_planned(item)]
        if not planned:
            raise Conflict(f"run {run_id} has planned no item", f"批次 {run_id} 没有可执行的计划")
        asked, source, kept = self._follow_up.ask(run, planned, {}, request.probe_api_key)
        plans = [item.plan or {} for item in kept]
        return Asked(asked.model_copy(update={"dry_run": False}), source._replace(plans=plans), RunSource.PLAN)


def _is_planned(item: Item) -> bool:
    return item.plan is not None and item.access_status is AccessStatus.UNKNOWN
