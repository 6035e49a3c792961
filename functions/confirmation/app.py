"""Confirm queue → the host's account test (stage confirm)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.domain.types import ItemStage
from batch_import.observability import door_logger, door_metrics
from batch_import.pipeline.confirmation import WORST_CASE
from batch_import.pipeline.doorstep import remaining, work_messages
from batch_import.wiring import wiring

logger = door_logger()
metrics = door_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    parts, left = wiring(), remaining(context)
    worker = parts.stage_worker(
        ItemStage.CONFIRM, handle=parts.confirmation().confirm_item, worst_case=WORST_CASE, admit=parts.gate.admit
    )
    return work_messages(event, parts.queues[ItemStage.CONFIRM], worker, left, metrics)
