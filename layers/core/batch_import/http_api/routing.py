"""Around the routes of the API: time, roles, languages, unknown routes, and the files of the result page."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.utilities.typing import LambdaContext

from batch_import.aws.retries import is_outage
from batch_import.domain import contract as api
from batch_import.domain.errors import BatchImportError, MethodNotAllowed, NotFound, Unavailable
from batch_import.http_api import languages
from batch_import.http_api.checks import JSON, check, header, read_as_json
from batch_import.http_api.errors import refusal
from batch_import.http_api.responses import finished
from batch_import.net.deadline import deadline
from batch_import.store.listing import DEFAULT_LIMIT, MAX_LIMIT

Accepted = TypeVar("Accepted", api.RunCreated, api.RunRetried, api.RunApplied, api.RunSummary)
__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT"]

BROKEN = BatchImportError(
    "something went wrong; the log has it under this request's id", "出错了；请按请求 id 查看日志"
)
BUSY = Unavailable(
    "the tables do not answer in time; try again in a moment", "数据表暂时没有及时应答，请稍后重试", retry_after=5
)
_ANSWER_SECONDS = 4.0  # of the function's time, for the answer
_ASSET = re.compile(r"[a-z0-9-]+\.(html|js|css|svg)")
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
_ASKED_EACH_TIME, _KEPT = "no-cache", "public, max-age=31536000, immutable"


def answer(app: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The answer to the gateway's event. What a route asks the host ends in time for the answer to be sent."""
    try:
        check(event, _route_of(app, event))
        read_as_json(event)
        with deadline(context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS):
            found = app.resolve(event, context)
    except BatchImportError as error:
        refused = refusal(error, error_language(event))
        found = {
            "statusCode": int(refused.status_code),
            "body": refused.body,
            "isBase64Encoded": False,
            "multiValueHeaders": {name: [value] for name, value in refused.headers.items()},
        }
    is_error = int(found["statusCode"]) >= HTTPStatus.BAD_REQUEST
    return finished(event, found, error_language(event) if is_error else answer_language(event))


def refused(app: APIGatewayRestResolver, error: BatchImportError) -> Response[str]:
    return refusal(error, error_language(app.current_event.raw_event))


def broken(app: APIGatewayRestResolver, error: Exception) -> Response[str]:
    """For what no route expects: 503 when AWS throttled a call or did not answer it, else 500."""
    return refused(app, BUSY if is_outage(error) else BROKEN)


def answer_language(event: Mapping[str, Any]) -> str:
    return languages.preferred(header(event, "accept-language")) or languages.ANSWERS


def error_language(event: Mapping[str, Any]) -> str:
    return languages.preferred(header(event, "accept-language")) or languages.ERRORS


def accepted(run: Accepted, location: str, *, replayed: bool) -> Response[Accepted]:
    """202 with where to look and how soon; ``location`` is relative, so that it resolves behind any stage or prefix."""
    again = {"Idempotent-Replayed": "true"} if replayed else {}
    headers = {"Location": location, "Retry-After": str(api.POLL_SECONDS), **again}
    return Response(HTTPStatus.ACCEPTED, JSON, run, headers=headers)


def answers(model: Any, *statuses: int, success: int = 200) -> dict[int, Any]:
    """A route's answers for OpenAPI: its model, and the error envelope for the other statuses."""
    wanted = {success: model, **dict.fromkeys(statuses, api.ErrorEnvelope)}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {JSON: {"model": shown}}}
        for status, shown in wanted.items()
    }


def methods_at(app: APIGatewayRestResolver, path: str) -> tuple[str, ...]:
    """Methods of the routes that ``app`` has for ``path``; empty for a path that no route matches."""
    return tuple(sorted({route.method for route in _routes_at(app, path)}))


def route_at(app: APIGatewayRestResolver, path: str) -> str:
    """The route that ``path`` matches, with names for its ids; a path itself may hold anything, so it is not logged."""
    return next((str(route.path) for route in _routes_at(app, path)), "unknown")


def _route_of(app: APIGatewayRestResolver, event: Mapping[str, Any]) -> Route | None:
    return next((route for route in _routes_at(app, event["path"]) if route.method == event["httpMethod"]), None)


def log_fields(app: APIGatewayRestResolver, event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What the log says of a request. The gateway's id of it is what callers see in ``x-amzn-RequestId``."""
    context = event.get("requestContext") or {}
    return {
        "method": event["httpMethod"],
        "route": route_at(app, event["path"]),
        "status": answer["statusCode"],
        "gateway_request_id": context.get("requestId"),
        "caller": (context.get("authorizer") or {}).get("principalId"),
    }


def _routes_at(app: APIGatewayRestResolver, path: str) -> list[Route]:
    return [route for route in (*app._static_routes, *app._dynamic_routes) if route.rule.match(path)]


def no_route(app: APIGatewayRestResolver) -> Response[str]:
    """405 with ``Allow`` for a known path, 404 otherwise, both in the envelope."""
    language = error_language(app.current_event.raw_event)
    if allowed := methods_at(app, app.current_event.path):
        error = MethodNotAllowed("this method is not allowed here", "此处不允许该方法")
        return refusal(error, language, {"Allow": ", ".join(allowed)})
    return refusal(_nothing_here(), language)


def page(folder: Path, address: str) -> Response[str]:
    """The page. It names its assets relative to its own address, so that it works behind any stage or prefix."""
    below = address.rpartition("/batch-import")[2]
    assets = "../" * (below.count("/") - 1) + "assets" if below else "batch-import/assets"
    return _file(folder, "index.html", _ASKED_EACH_TIME, f"{assets}/{_version(folder)}")


def asset(folder: Path, version: str, name: str) -> Response[str]:
    """A file that the page or one of its modules names. Browsers keep it.

    During a deployment a page may ask for another ``version`` than this process has. It gets the file of this one.
    """
    return _file(folder, name, _KEPT if version == _version(folder) else _ASKED_EACH_TIME)


@cache
def _version(folder: Path) -> str:
    """Changes with any file: modules import each other, so all have one version."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    digests = (path.name.encode() + hashlib.sha256(path.read_bytes()).digest() for path in files)
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16]


def _nothing_here() -> NotFound:
    return NotFound("nothing is here", "这里没有内容")


def _file(folder: Path, name: str, caching: str, assets: str = "") -> Response[str]:
    path = folder / name
    if not _ASSET.fullmatch(name) or not path.is_file():
        raise _nothing_here()
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    text = path.read_text("utf-8").replace("{{assets}}", assets)
    return Response(200, f"{kind}; charset=utf-8", text, headers={**_PAGE_HEADERS, "Cache-Control": caching})
