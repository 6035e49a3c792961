"""Import queue → probe, decide, provision (stages probe and provision); also expands stored lists."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.domain.types import ItemStage
from batch_import.observability import door_logger, door_metrics
from batch_import.pipeline.doorstep import remaining, work_messages
from batch_import.pipeline.import_stages import WORST_CASE
from batch_import.wiring import wiring

logger = door_logger()
metrics = door_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    parts, left = wiring(), remaining(context)
    stages = parts.import_stages(owner=context.aws_request_id)
    worker = parts.stage_worker(
        ItemStage.PROBE,
        ItemStage.PROVISION,
        handle=stages.work,
        worst_case=WORST_CASE,
        admit=stages.admit,
        prepare=stages.prepare,
        conclude=stages.conclude,
    )
    try:
        return work_messages(event, parts.queues[ItemStage.PROBE], worker, left, metrics, stages.expand)
    finally:
        stages.close()
