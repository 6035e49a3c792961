"""Every minute → what nothing is working on is found and set going again; old keys are erased.

``{"restarted": true}``, which the embedded stack sends when it has started → all that is not done is queued.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import Metric, handler_logger
from batch_import.bootstrap import bootstrap, load
from batch_import.consumer.sqs_batch import in_time

load("runs.reconcile", "stages.dead_letter")
logger = handler_logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    parts = bootstrap()
    with in_time(context), parts.measured() as measures:
        reconcile = parts.reconcile()
        done = reconcile.restart() if event.get("restarted") else reconcile.sweep()
        measures.count(Metric.ITEMS_DEAD_LETTERED, done["items_given_up"])
        parts.watch(measures)
    logger.info("reconciled", extra=done)
    if done["rows_unreadable"]:  # all else is done: this is for the alarm
        raise UnreadableRows(f"{done['rows_unreadable']} rows cannot be read; the lines before this one name them")
    return done


class UnreadableRows(Exception):
    """Rows that another version of this service wrote, or a person."""
