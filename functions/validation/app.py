"""Validate queue → the real completion through the host's gateway, and the verdict (stage validate)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.domain.types import ItemStage
from batch_import.observability import door_logger, door_metrics
from batch_import.pipeline.doorstep import remaining, work_messages
from batch_import.pipeline.proving import WORST_CASE
from batch_import.wiring import wiring

logger = door_logger()
metrics = door_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    parts, left = wiring(), remaining(context)
    service = parts.validation(owner=context.aws_request_id)
    worker = parts.stage_worker(
        ItemStage.VALIDATE,
        handle=service.validate_item,
        worst_case=WORST_CASE,
        ended=service.ended,
        admit=parts.gate.admit,
    )
    try:
        return work_messages(event, parts.queues[ItemStage.VALIDATE], worker, left, metrics)
    finally:
        service.close()
