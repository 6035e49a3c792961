"""Error answers of the API: statuses and the envelope."""

from collections.abc import Mapping
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from batch_import.domain import contract as api
from batch_import.domain.errors import (
    BatchImportError,
    Conflict,
    Forbidden,
    HostUnreachable,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from batch_import.http_api.checks import JSON

HTTP_STATUS: dict[str, HTTPStatus] = {
    InvalidRequest.code: HTTPStatus.BAD_REQUEST,
    Forbidden.code: HTTPStatus.FORBIDDEN,
    NotFound.code: HTTPStatus.NOT_FOUND,
    MethodNotAllowed.code: HTTPStatus.METHOD_NOT_ALLOWED,
    Conflict.code: HTTPStatus.CONFLICT,
    TooLarge.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType.code: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HostUnreachable.code: HTTPStatus.BAD_GATEWAY,
    BatchImportError.code: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def refusal(error: BatchImportError, language: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    """The error's answer in ``language``, with ``Retry-After`` when it soon passes."""
    soon = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    body = api.ErrorEnvelope(error=api.ErrorBody(code=api.ErrorCode(error.code), message=error.text(language)))
    status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Unavailable) else HTTP_STATUS[error.code]
    return Response(status, JSON, body.model_dump_json(), headers={**soon, **(headers or {})})
