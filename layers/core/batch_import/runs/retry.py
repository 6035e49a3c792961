"""A new run over what did not end active in another one, or over a choice of it (docs/design.md#31-routes)."""

from collections.abc import Sequence

from batch_import.domain.contract import RetryRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict, InvalidRequest
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AccessStatus, RunSource
from batch_import.runs.create import Asked, BatchImportService, Started
from batch_import.runs.follow_up import FollowUp
from batch_import.runs.item_list import idempotency_facts

_FAILED = (AccessStatus.DEGRADED, AccessStatus.BROKEN)


class RunRetry:
    def __init__(self, follow_up: FollowUp, service: BatchImportService) -> None:
        self._follow_up = follow_up
        self._service = service

    def retry(self, run: Run, request: RetryRequest, idempotency_key: str | None = None) -> Started:
        """Import again what ``request`` chooses of what ended degraded, broken or cancelled in ``run``.

        The same ``idempotency_key`` again answers the first new run. ``Conflict`` when there is nothing to retry, or
        when another retry that has not ended holds the same items. ``InvalidRequest`` when a run of self_service comes
        without its ``probe_api_key``, or for ids that are none of the retried items.
        """
        facts = idempotency_facts(lambda: f"retry {run.run_id} {request.model_dump_json()}", idempotency_key)
        return self._service.start(lambda: self._ask(run.run_id, request), facts)

    def _ask(self, run_id: str, request: RetryRequest) -> Asked:
        run = self._follow_up.ended(run_id)
        chosen = _chosen(run, self._follow_up.items_of(run), request)
        if not request.api_keys.keys() <= {item.item_id for item in chosen}:
            raise InvalidRequest(
                "api_keys: one is for an item that is not retried", "api_keys：其中有不在重试之列的条目的密钥"
            )
        asked, source, _ = self._follow_up.ask(run, chosen, request.api_keys, request.probe_api_key)
        return Asked(asked, source, RunSource.RETRY)


def _chosen(run: Run, items: Sequence[Item], request: RetryRequest) -> list[Item]:
    known, wanted = {item.item_id: item for item in items}, set(request.item_ids)
    for index, item_id in enumerate(request.item_ids):
        if item_id not in known:
            raise InvalidRequest(
                f"item_ids[{index}]: run {run.run_id} has no such item",
                f"item_ids[{index}]：批次 {run.run_id} 没有该条目",
            )
    chosen = [
        item
        for item in items
        if _may_come_again(item)
        and (not wanted or item.item_id in wanted)
        and (not request.codes or item.last_error_code in request.codes)
        and (not request.access_status or item.shown_access in request.access_status)
    ]
    if not chosen:
        raise Conflict(
            f"run {run.run_id} has no such item that ended degraded, broken or cancelled",
            f"批次 {run.run_id} 没有这样的 degraded、broken 或已取消的条目",
        )
    return chosen


def _may_come_again(item: Item) -> bool:
    return item.access_status in _FAILED or item.failure_code is Code.CANCELLED
