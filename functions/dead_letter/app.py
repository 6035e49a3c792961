"""The dead-letter queue of all stages → the failure is recorded and the item goes to validation."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import Metric, handler_logger
from batch_import.bootstrap import bootstrap, load
from batch_import.consumer.sqs_batch import in_time, record_dead_letters

load("stages.dead_letter", "store.items")
logger = handler_logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    parts = bootstrap()
    with in_time(context), parts.measured() as measures:
        recorder = parts.dead_letters()
        response = record_dead_letters(event, recorder.record)
        measures.count(Metric.ITEMS_DEAD_LETTERED, recorder.recorded)
        measures.count(Metric.MESSAGES_FAILED, len(response["batchItemFailures"]))
    return response
