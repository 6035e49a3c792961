"""Bearer token → role: the REST API's token authorizer (docs/design.md#31-routes)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger
from batch_import.aws.retries import ending
from batch_import.bootstrap import bootstrap
from batch_import.http_api.authorization import authorize

logger = handler_logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    with ending(context.get_remaining_time_in_millis() / 1000 - 1):
        policy = authorize(event, bootstrap().tokens())
    if policy is None:
        logger.info("refused", extra={"request_id": context.aws_request_id})
        raise Exception("Unauthorized")  # API Gateway's contract: this very text makes it answer 401
    return policy
