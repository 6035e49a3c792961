"""The dead-letter queue of all stages → the failure is recorded and the item goes to validation."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger, handler_metrics
from batch_import.bootstrap import bootstrap, load
from batch_import.consumer.sqs_batch import in_time, record_dead_letters

load("stages.dead_letter", "store.items")
logger = handler_logger()
metrics = handler_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    with in_time(context):
        response, recorded = record_dead_letters(event, bootstrap().dead_letters().record)
    metrics.add_metric("ItemsDeadLettered", MetricUnit.Count, recorded)
    return response
