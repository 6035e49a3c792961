"""What the API door needs beyond its routes: use cases bound to a language, the error envelope, static files."""

import mimetypes
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from batch_import.authorization import demand_operator as _demand_operator
from batch_import.deadline import deadline
from batch_import.domain import contract as api
from batch_import.domain.entities import Run
from batch_import.domain.errors import (
    HTTP_STATUS,
    BatchImportError,
    HostUnreachable,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
)
from batch_import.domain.export import exported
from batch_import.domain.projection import EVENTS_SHOWN, ResultProjection
from batch_import.domain.types import RunState
from batch_import.host.errors import HostError
from batch_import.store.listing import DEFAULT_LIMIT, MAX_LIMIT
from batch_import.wiring import Wiring

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT"]

JSON = "application/json"
_FIELDS = sorted({*api.CreateRunRequest.model_fields, *api.ItemRequest.model_fields})
_POLL_SECONDS = 0.25
_ANSWER_SECONDS = 4.0  # of the function's time, for the answer
_HEALTH_SECONDS = 5.0
_TOLD = 5  # wrong places
_ASSET = re.compile(r"[a-z0-9-]+\.(html|js|css|svg)")
_METHODS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), methods)
    for pattern, methods in (
        (r"/api/batch-import/runs", ("GET", "POST")),
        (r"/api/batch-import/runs/[^/]+", ("GET",)),
        (r"/api/batch-import/runs/[^/]+/items", ("GET",)),
        (r"/api/batch-import/runs/[^/]+/items/[^/]+", ("GET",)),
        (r"/api/batch-import/runs/[^/]+/cancel", ("POST",)),
        (r"/api/batch-import/runs/[^/]+/retry", ("POST",)),
        (r"/api/batch-import/runs/[^/]+/export", ("GET",)),
        (r"/api/batch-import/quarantine", ("GET", "DELETE")),
        (r"/api/health", ("GET",)),
        (r"/batch-import", ("GET",)),
        (r"/batch-import/runs/[^/]+", ("GET",)),
        (r"/batch-import/assets/[^/]+", ("GET",)),
    )
)
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class ApiUseCases:
    def __init__(self, parts: Wiring, language: str) -> None:
        self._parts = parts
        self._show = ResultProjection(language)

    def create(self, request: api.CreateRunRequest, idempotency_key: str | None) -> api.RunCreated:
        """Waits up to ``confirm_timeout_ms`` for the items to end; the counters are those of that moment."""
        run = self._parts.service.start_run(request, idempotency_key)
        run = self._wait(run, request.confirm_timeout_ms / 1000)
        return self._show.created(run, self._parts.runs.counters(run))

    def runs(self, filters: Mapping[str, Any], limit: int, cursor: str | None) -> api.RunList:
        found, next_cursor = self._parts.listing.runs(filters, limit, cursor)
        counters = self._parts.runs.counters_of(found)
        return api.RunList(runs=[self._show.run(run, counters[run.run_id]) for run in found], next_cursor=next_cursor)

    def run(self, run_id: str) -> api.RunDetail:
        run = self._run(run_id)
        return self._show.run_detail(run, self._parts.runs.counters(run))

    def items(self, run_id: str, filters: Mapping[str, Any], limit: int, cursor: str | None) -> api.ItemList:
        self._run(run_id)
        found, next_cursor = self._parts.listing.items(run_id, filters, limit, cursor)
        profiles = self._parts.items.profiles(run_id, [item.item_id for item in found])
        return api.ItemList(
            items=[self._show.item(item, profiles[item.item_id]) for item in found], next_cursor=next_cursor
        )

    def item(self, run_id: str, item_id: str) -> api.ItemDetail:
        item = self._parts.items.get(run_id, item_id) if item_id.startswith("item_") else None
        if item is None:
            raise NotFound("this run has no such item")
        events = self._parts.items.events(run_id, item_id, EVENTS_SHOWN)
        return self._show.item_detail(item, self._parts.items.profile(run_id, item_id), events)

    def cancel(self, run_id: str) -> api.RunSummary:
        run = self._parts.service.cancel(run_id)
        return self._show.run(run, self._parts.runs.counters(run))

    def retry(self, run_id: str, request: api.RetryRequest, idempotency_key: str | None) -> api.RunRetried:
        run = self._parts.retrying.retry(self._run(run_id), request.probe_api_key, idempotency_key)
        return self._show.retried(run, self._parts.runs.counters(run))

    def export(self, run_id: str, limit: int, cursor: str | None) -> api.RunExport:
        run = self._run(run_id)
        found, next_cursor = self._parts.listing.items(run_id, {}, limit, cursor)
        return exported(run, found, next_cursor)

    def quarantine(self) -> api.Quarantine:
        with _needing_the_host():
            found = self._parts.cleanup().failed_accounts()
        return api.Quarantine(
            accounts=[
                api.QuarantinedAccount(
                    account_id=one.account.account_id,
                    name=one.account.name,
                    provider_id=one.account.provider_id,
                    base_url=one.account.base_url,
                    import_state=one.account.import_state,
                    never_served=one.never_served,
                )
                for one in found
            ]
        )

    def clean_quarantine(self) -> api.QuarantineCleaned:
        with _needing_the_host():
            cleaned = self._parts.cleanup().remove()
        kept = [api.KeptAccount(account_id=account_id, reason=reason) for account_id, reason in cleaned.kept.items()]
        return api.QuarantineCleaned(removed=cleaned.removed, kept=kept)

    def health(self) -> api.Health:
        host: dict[str, str | bool | None] = {"reachable": False, "version": None, "error": None}
        try:
            with deadline(time.monotonic() + _HEALTH_SECONDS):
                host |= {"version": self._parts.host.client.version(), "reachable": True}
        except HostError as error:
            host |= {"error": str(error)}
        return api.Health(status="ok" if host["reachable"] else "degraded", version=own_version(), host=host)

    def _run(self, run_id: str) -> Run:
        run = self._parts.runs.get(run_id) if run_id.startswith("run_") else None
        if run is None:
            raise NotFound("there is no such run")
        return run

    def _wait(self, run: Run, seconds: float) -> Run:
        until = time.monotonic() + seconds
        while run.state is RunState.RUNNING and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            run = self._parts.runs.get(run.run_id) or run
        return run


@contextmanager
def _needing_the_host() -> Iterator[None]:
    try:
        yield
    except HostError as error:
        raise HostUnreachable(str(error)) from None


def resolve(app: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The routes' answer. What they ask the host ends in time for the answer to be sent."""
    with deadline(time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS):
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


def refusal(error: BatchImportError, headers: Mapping[str, str] | None = None) -> Response[str]:
    body = api.ErrorEnvelope(error=api.ErrorBody(code=error.code, message=str(error)))
    return Response(HTTP_STATUS[error.code], JSON, body.model_dump_json(), headers=dict(headers or {}))


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
    body = api.ErrorEnvelope(error=api.ErrorBody(code=error.code, message=str(error))).model_dump_json()
    return {"statusCode": HTTP_STATUS[error.code].value, "headers": {"Content-Type": JSON}, "body": body}


def _body_size(event: Mapping[str, Any]) -> int:
    body = event.get("body") or ""
    return len(body) * 3 // 4 if event.get("isBase64Encoded") else len(body.encode())


def no_route(app: APIGatewayRestResolver) -> Response[str]:
    """405 with ``Allow`` for a known path, 404 otherwise, both in the envelope."""
    path, method = app.current_event.path, app.current_event.http_method
    allowed = next((methods for pattern, methods in _METHODS if pattern.fullmatch(path)), ())
    if allowed and method not in allowed:
        error = MethodNotAllowed(f"{method} is not allowed here")
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


def own_version() -> str:
    """The installed package's version; a layer has no metadata, and says so."""
    try:
        return version("batch-auto-import")
    except PackageNotFoundError:
        return "0.1.0"


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
