"""Errors are types with public codes; one table maps them to HTTP (docs/design.md#32-requests-and-errors)."""

from http import HTTPStatus


class BatchImportError(Exception):
    """Base of what a caller may be told. ``str(error)`` is a public sentence: it never holds a key or a token."""

    code = "internal_error"


class InvalidRequest(BatchImportError):
    code = "invalid_request"


class NotFound(BatchImportError):
    code = "not_found"


class Conflict(BatchImportError):
    code = "conflict"


class MethodNotAllowed(BatchImportError):
    code = "method_not_allowed"


class TooLarge(BatchImportError):
    code = "too_large"


class UnsupportedMediaType(BatchImportError):
    code = "unsupported_media_type"


class Forbidden(BatchImportError):
    code = "forbidden"


class HostUnreachable(BatchImportError):
    """A call that needs the host's answer did not get one; the message holds the host's own words."""

    code = "host_unavailable"


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


class StaleWrite(Exception):
    """Another worker changed the row first: whoever lost stops working on it."""


class LeaseLost(StaleWrite):
    """The row is leased by somebody else."""
