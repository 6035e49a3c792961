"""One line of the log, and the metrics, for each item that a worker has worked on.

docs/operations.md lists the fields, and the saved queries of the template use them.
"""

import logging
from typing import Any

from batch_import.aws.observability import Measures, Metric
from batch_import.consumer.next_step import NextStep
from batch_import.domain.clock import parse
from batch_import.domain.entities import Item
from batch_import.domain.types import AccessStatus

logger = logging.getLogger(__name__)

_VERDICTS = {
    AccessStatus.ACTIVE: Metric.ITEMS_ACTIVE,
    AccessStatus.DEGRADED: Metric.ITEMS_DEGRADED,
    AccessStatus.BROKEN: Metric.ITEMS_BROKEN,
}


def tell_step(item: Item, step: NextStep, seconds: float, measures: Measures) -> None:
    """``item`` as it was when the work on it began, which took so many ``seconds``."""
    after = step.item or item
    fields: dict[str, Any] = {
        "run_id": item.run_id,
        "item_id": item.item_id,
        "stage": item.current_stage,
        "next_stage": step.stage,
        "code": _code(item, after),
        "seconds": round(seconds, 3),
        "provider_id": item.provider_id,
        "platform": after.platform,
        "attempt": item.attempt,
        "delay_seconds": round(step.delay, 1) or None,
    }
    if step.accepted_at is not None:
        fields |= _verdict(after, step.accepted_at, measures)
    logger.info("step", extra={name: value for name, value in fields.items() if value is not None})


def _code(before: Item, after: Item) -> str | None:
    """Why the item failed, or is tried again; ``None`` when it only went on."""
    tried_again = after is not before and after.attempt > before.attempt
    return after.failure_code or (after.last_error_code if tried_again else None)


def _verdict(after: Item, accepted_at: str, measures: Measures) -> dict[str, Any]:
    seconds = (parse(after.updated_at) - parse(accepted_at)).total_seconds()
    if after.access_status in _VERDICTS:
        measures.count(_VERDICTS[after.access_status])
        measures.observe(Metric.SECONDS_TO_VERDICT, seconds)
    return {**after.model_dump(include={"access_status", "account_id"}), "seconds_to_verdict": round(seconds, 3)}
