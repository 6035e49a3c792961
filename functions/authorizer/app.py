"""Bearer token → role: the REST API's token authorizer (docs/design.md#31-routes)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.authorization import authorize
from batch_import.observability import door_logger
from batch_import.wiring import wiring

logger = door_logger()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    policy = authorize(event, wiring().token_hashes())
    if policy is None:
        logger.info("refused", extra={"request_id": context.aws_request_id})
        raise Exception("Unauthorized")  # API Gateway's contract: this very text makes it answer 401
    return policy
