"""Error answers of the API: statuses, the envelope, and bodies that are refused before they are parsed."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

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
    UnsupportedMediaType,
)

JSON = "application/json"
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
_FIELDS = sorted({*api.CreateRunRequest.model_fields, *api.ItemRequest.model_fields})
_TOLD = 5  # wrong places


def refusal(error: BatchImportError, headers: Mapping[str, str] | None = None) -> Response[str]:
    return Response(HTTP_STATUS[error.code], JSON, _envelope(error), headers=dict(headers or {}))


def bad_request(found: Iterable[Mapping[str, Any]]) -> Response[str]:
    """The first few places that are wrong, by fields of the schema and positions.

    Nothing that the caller sent is repeated, not even a field's name: any of it may be a key.
    """
    errors = list(found)
    told = dict.fromkeys(f"{_place(error)}{_reason(error)}" for error in errors[:_TOLD])
    more = f" (and {len(errors) - _TOLD} more)" if len(errors) > _TOLD else ""
    return refusal(InvalidRequest("; ".join(told) + more))


def unreadable_body(event: dict[str, Any]) -> dict[str, Any] | None:
    """The refusal of a body that is too large or of another media type than JSON, before anything parses it.

    ``None`` for any other; the media type is then written in ``event`` as the parser knows it.
    """
    if _body_size(event) > api.MAX_BODY_BYTES:
        return _refused(TooLarge(f"the body may have at most {api.MAX_BODY_BYTES // 1024 // 1024} MiB"))
    if event.get("body") and _media_type(event) not in ("", JSON):
        return _refused(UnsupportedMediaType(f"the body must be JSON: send it with Content-Type: {JSON}"))
    for headers in (event.get("headers") or {}, event.get("multiValueHeaders") or {}):
        for name in [name for name in headers if name.lower() == "content-type"]:
            headers[name] = [JSON] if isinstance(headers[name], list) else JSON
    return None


def _media_type(event: Mapping[str, Any]) -> str:
    """Without parameters, in lower case; empty when the request names none."""
    named = (value for name, value in (event.get("headers") or {}).items() if name.lower() == "content-type")
    return str(next(named, "")).partition(";")[0].strip().lower()


def _refused(error: BatchImportError) -> dict[str, Any]:
    return {"statusCode": HTTP_STATUS[error.code].value, "headers": {"Content-Type": JSON}, "body": _envelope(error)}


def _envelope(error: BatchImportError) -> str:
    return api.ErrorEnvelope(error=api.ErrorBody(code=error.code, message=str(error))).model_dump_json()


def _body_size(event: Mapping[str, Any]) -> int:
    body = event.get("body") or ""
    return len(body) * 3 // 4 if event.get("isBase64Encoded") else len(body.encode())


def _place(error: Mapping[str, Any]) -> str:
    known = error["loc"][:-1] if error.get("type") == "extra_forbidden" else error["loc"]
    parts = [part for part in known if part not in ("body", "query", "path", "header")]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return f"{path.lstrip('.')}: " if path else ""


def _unknown_field(name: str) -> str:
    near = get_close_matches(name[:40], _FIELDS, n=1)
    return f"unknown field; did you mean {near[0]}?" if near else "unknown field"


def _reason(error: Mapping[str, Any]) -> str:
    kind, message = error.get("type"), str(error.get("msg", ""))
    if kind == "json_invalid":
        return "the body is not valid JSON"
    if kind == "extra_forbidden":
        return _unknown_field(str(error["loc"][-1]))
    return message.removeprefix("Value error, ")
