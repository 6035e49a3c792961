"""The three dead-letter queues → the failure is recorded and the item goes to validation."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.observability import door_logger, door_metrics
from batch_import.pipeline.doorstep import bury_messages
from batch_import.wiring import wiring

logger = door_logger()
metrics = door_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    response, buried = bury_messages(event, wiring().dead_letters())
    metrics.add_metric("ItemsDeadLettered", MetricUnit.Count, buried)
    return response
