"""Every minute → what nothing is working on is found and set going again; old keys are erased.

``{"restarted": true}``, which the embedded stack sends when it has started → all that is not done is queued.
"""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger, handler_metrics
from batch_import.bootstrap import bootstrap, load
from batch_import.consumer.sqs_batch import in_time

load("runs.reconcile", "stages.dead_letter")
logger = handler_logger()
metrics = handler_metrics()


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    with in_time(context):
        reconcile = bootstrap().reconcile()
        done = reconcile.restart() if event.get("restarted") else reconcile.sweep()
    for name, count in done.items():
        metrics.add_metric("".join(word.title() for word in name.split("_")), MetricUnit.Count, count)
    logger.info("reconciled", extra=done)
    return done
