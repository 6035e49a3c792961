"""Confirm queue → the host's account test (stage confirm)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger
from batch_import.bootstrap import bootstrap, load

load("stages.confirm", "consumer.sqs_batch", "store.items", "store.vault")
logger = handler_logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    parts = bootstrap()
    return parts.work(parts.confirm_stage(context.aws_request_id), event, context)
