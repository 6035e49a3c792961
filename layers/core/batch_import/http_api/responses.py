"""Headers that every answer has, and 304 for an answer that the caller has already (docs/design.md#33-responses)."""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from batch_import.http_api.checks import header

REQUEST_ID = "X-Request-Id"
LANGUAGE, ETAG = "Content-Language", "ETag"
SECURITY = {"X-Content-Type-Options": "nosniff", "Strict-Transport-Security": "max-age=31536000"}
OF_API = {"Cache-Control": "no-store", "Vary": "Accept-Language, Accept-Encoding"}
serialize = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def request_id(event: Mapping[str, Any]) -> str:
    """The gateway's id of the request, which the log has, too."""
    return str(event["requestContext"].get("requestId") or "")


def finished(event: Mapping[str, Any], answer: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The answer for the gateway, complete; ``language`` is that of its texts."""
    headers = {**SECURITY, REQUEST_ID: request_id(event)}
    if str(event["path"]).startswith("/api/"):
        headers |= {**OF_API, LANGUAGE: language}
        if event["httpMethod"] == "GET" and answer["statusCode"] == 200:
            headers[ETAG] = _etag(answer["body"])
    given = dict(answer.get("multiValueHeaders") or {})
    many = {**{name: [value] for name, value in headers.items()}, **given}
    if ETAG in headers and _has_already(header(event, "if-none-match"), headers[ETAG]):
        many.pop("Content-Type", None)
        return {**answer, "statusCode": 304, "body": "", "multiValueHeaders": many}
    return {**answer, "multiValueHeaders": many}


def _etag(body: str) -> str:
    """Weak: the gateway may compress the answer."""
    return f'W/"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def _has_already(if_none_match: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags
