"""Around the routes of the API: time, roles, languages, unknown routes, and the files of the result page."""

import mimetypes
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from batch_import.domain import contract as api
from batch_import.domain.errors import MethodNotAllowed, NotFound
from batch_import.http_api.authorization import demand_operator as _demand_operator
from batch_import.http_api.errors import JSON, refusal
from batch_import.net.deadline import deadline
from batch_import.store.listing import DEFAULT_LIMIT, MAX_LIMIT

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT"]

_ANSWER_SECONDS = 4.0  # of the function's time, for the answer
_ASSET = re.compile(r"[a-z0-9-]+\.(html|js|css|svg)")
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def resolve(app: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The routes' answer. What they ask the host ends in time for the answer to be sent."""
    with deadline(context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS):
        return app.resolve(event, context)


def demand_operator(app: APIGatewayRestResolver) -> None:
    context = app.current_event.request_context.authorizer
    _demand_operator(context.get("role") if context else None)


def language_of(accept_language: str | None) -> str:
    """``en`` when English is asked for first; Chinese otherwise, and without the header (docs/design.md#34-badges)."""
    first = (accept_language or "zh").split(",")[0].split(";")[0].strip().lower()
    return "en" if first.startswith("en") else "zh"


def answers(model: type[BaseModel], *statuses: int, success: int = 200) -> dict[int, Any]:
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
    if allowed := methods_at(app, app.current_event.path):
        error = MethodNotAllowed("this method is not allowed here")
        return refusal(error, {"Allow": ", ".join(allowed)})
    return refusal(NotFound("nothing is here"))


def page(folder: Path, address: str) -> Response[str]:
    """The page. It names its assets relative to its own address, so that it works behind any stage or prefix."""
    below = address.rpartition("/batch-import")[2]
    return static_file(
        folder, "index.html", "../" * (below.count("/") - 1) + "assets" if below else "batch-import/assets"
    )


def static_file(folder: Path, name: str, assets: str = "") -> Response[str]:
    path = folder / name
    if not _ASSET.fullmatch(name) or not path.is_file():
        return refusal(NotFound("nothing is here"))
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    text = path.read_text("utf-8").replace("{{assets}}", assets)
    return Response(200, f"{kind}; charset=utf-8", text, headers=_PAGE_HEADERS)
