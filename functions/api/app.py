"""The HTTP API (docs/design.md#3-http-api) and the result page. Parse, call one use case, map the result."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger
from batch_import.aws.retries import ending
from batch_import.bootstrap import bootstrap, load
from batch_import.domain import contract as api
from batch_import.domain.errors import BatchImportError, InvalidRequest
from batch_import.domain.outcomes import Code
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemOrder,
    ItemStage,
    MatchedAccountState,
    ModelOrder,
    Platform,
    RelayOrder,
    RunState,
)
from batch_import.http_api import reasons, routing
from batch_import.http_api.checks import JSON, operators_alone
from batch_import.http_api.json_body import decode
from batch_import.http_api.openapi import OpenApi, document
from batch_import.http_api.responses import request_id, serialize
from batch_import.http_api.use_cases import ApiUseCases

load("http_api.use_cases", "store.vault")
logger = handler_logger()
app = APIGatewayRestResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=decode,
    serializer=serialize,
)
PAGES = Path(__file__).parent / "web"

Limit = Annotated[int, Query(ge=1, le=routing.MAX_LIMIT, description="At most so many rows")]
Search = Annotated[str | None, Query(max_length=200, description="A part of it, in any case")]
Cursor = Annotated[str | None, Query(max_length=2000, description="next_cursor of the page before, unchanged")]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="Makes the call repeatable for 24 hours")
]


@app.post(
    "/api/batch-import/runs",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunCreated, 400, 401, 403, 409, 413, 415, success=202),
)
@operators_alone
def create_run(
    request: Annotated[api.CreateRunRequest, Body()],
    idempotency_key: IdempotencyKey = None,
) -> Response[api.RunCreated]:
    """Import a list.

    The run is accepted, not done: `state` is `running`, and `Location` tells where to look. `confirm_timeout_ms` waits
    so long for items to end, and the counters are those of that moment. `subscription_users` whom the host does not
    know are refused.
    """
    run, replayed = use_cases().create(request, idempotency_key)
    return routing.accepted(run, f"runs/{run.run_id}", replayed=replayed)


@app.post("/api/batch-import/parse", responses=routing.answers(api.ParseResult, 400, 401, 403, 413, 415, 502))
@operators_alone
def parse_text(request: Annotated[api.ParseRequest, Body()]) -> api.ParseResult:
    """See what a pasted text is read as.

    Row by row, keys masked; nothing is stored.
    """
    return use_cases().parse(request)


@app.get("/api/batch-import/runs", responses=routing.answers(api.RunList, 400, 401, 403))
def list_runs(
    state: RunState | None = None,
    access_mode: AccessMode | None = None,
    q: Search = None,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.RunList:
    """List runs, newest first.

    `q` searches run ids, and provider ids and base URLs of their items.
    """
    return use_cases().runs({"state": state, "access_mode": access_mode, "q": q}, limit, cursor)


@app.get("/api/batch-import/runs/<run_id>", responses=routing.answers(api.RunDetail, 401, 403, 404))
def get_run(run_id: str) -> api.RunDetail:
    """Get a run, with its recent warnings, why items failed, and the runs made of its items."""
    return use_cases().run(run_id)


@app.get("/api/batch-import/runs/<run_id>/items", responses=routing.answers(api.ItemList, 400, 401, 403, 404))
def list_items(
    run_id: str,
    current_stage: ItemStage | None = None,
    confirmation_status: ConfirmationStatus | None = None,
    access_status: AccessStatus | None = None,
    has_warning: bool | None = None,
    has_failed: bool | None = None,
    provider_id: Search = None,
    matched_account_state: MatchedAccountState | None = None,
    account_resolution: AccountResolution | None = None,
    code: Code | None = None,
    platform: Platform | None = None,
    q: Search = None,
    order: ItemOrder = ItemOrder.STATUS,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.ItemList:
    """List the items of a run.

    Not done first, then broken and degraded together, then the rest, newest update first in each; or with
    `order=position` as they stand in the list. `q` searches provider ids, base URLs and item ids. `code` is that of an
    item's latest error, also where the item went on; `has_failed` are those that ended degraded or broken.
    """
    filters = {
        "current_stage": current_stage,
        "confirmation_status": confirmation_status,
        "access_status": access_status,
        "has_warning": has_warning,
        "has_failed": has_failed,
        "provider_id": provider_id,
        "matched_account_state": matched_account_state,
        "account_resolution": account_resolution,
        "code": code,
        "platform": platform,
        "q": q,
    }
    return use_cases().items(run_id, filters, order, limit, cursor)


@app.get("/api/batch-import/runs/<run_id>/items/<item_id>", responses=routing.answers(api.ItemDetail, 401, 403, 404))
def get_item(run_id: str, item_id: str) -> api.ItemDetail:
    """Get an item, with its capability profile and events, oldest first, at most 200."""
    return use_cases().item(run_id, item_id)


@app.post("/api/batch-import/runs/<run_id>/cancel", responses=routing.answers(api.RunSummary, 401, 403, 404, 409))
@operators_alone
def cancel_run(run_id: str) -> api.RunSummary:
    """Cancel a run.

    Items that are not provisioned yet stop; those in flight end safely. Again is harmless.
    """
    return use_cases().cancel(run_id)


@app.post(
    "/api/batch-import/runs/<run_id>/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunRetried, 400, 401, 403, 404, 409, success=202),
)
@operators_alone
def retry_run(
    run_id: str,
    request: Annotated[api.RetryRequest | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[api.RunRetried]:
    """Import again what ended degraded, broken or cancelled, or a choice of it.

    A new run, with the keys that are still held or with new ones. A run of `self_service` needs its `probe_api_key`
    again.
    """
    run, replayed = use_cases().retry(run_id, request or api.RetryRequest(), idempotency_key)
    return routing.accepted(run, f"../{run.run_id}", replayed=replayed)


@app.post(
    "/api/batch-import/runs/<run_id>/apply",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunApplied, 400, 401, 403, 404, 409, success=202),
)
@operators_alone
def apply_plan(
    run_id: str,
    request: Annotated[api.ApplyRequest | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[api.RunApplied]:
    """Import what a dry run has planned.

    A new run, while the keys are still held. Each item is decided again; one whose decision differs stops.
    """
    run, replayed = use_cases().apply(run_id, request or api.ApplyRequest(), idempotency_key)
    return routing.accepted(run, f"../{run.run_id}", replayed=replayed)


@app.post(
    "/api/batch-import/runs/<run_id>/undo",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunSummary, 400, 401, 403, 404, 409, success=202),
)
@operators_alone
def undo_run(run_id: str, idempotency_key: IdempotencyKey = None) -> Response[api.RunSummary]:
    """Undo what a run made in the host and nobody has used since.

    A worker does it: `undone_at` says when it was done. Again looks once more at what stayed.
    """
    run, replayed = use_cases().undo(run_id, idempotency_key)
    return routing.accepted(run, f"../{run.run_id}", replayed=replayed)


@app.get("/api/batch-import/runs/<run_id>/export", responses=routing.answers(api.RunExport, 400, 401, 403, 404))
@operators_alone
def export_run(run_id: str, limit: Limit = routing.DEFAULT_LIMIT, cursor: Cursor = None) -> api.RunExport:
    """Export what a run left in the host, with links to the earlier system."""
    return use_cases().export(run_id, limit, cursor)


@app.get("/api/batch-import/models", responses=routing.answers(api.ModelList, 400, 401, 403))
def list_models(
    q: Search = None,
    order: ModelOrder = ModelOrder.RELAYS,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.ModelList:
    """List the models that relays serve which were proved.

    Those of the most active relays first, or in another `order`: `tokens_per_second` and `first_token` by the best
    relay, `name` by name. `q` searches names. A run is entered when it has ended.
    """
    return use_cases().models({"q": q}, order, limit, cursor)


@app.get("/api/batch-import/models/<model>", responses=routing.answers(api.ModelRelays, 400, 401, 403, 404))
def compare_relays(
    model: str,
    q: Search = None,
    access_status: AccessStatus | None = None,
    platform: Platform | None = None,
    tested: bool | None = None,
    without_addresses: bool = False,
    order: RelayOrder = RelayOrder.TOKENS_PER_SECOND,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.ModelRelays:
    """Compare one model over all relays that were proved and serve it.

    `model` is a family or any spelling of it, with `~` for what a path cannot hold. Most tokens a second first, or by
    another `order`: shortest `first_token` or `latency`, lowest `multiplier`, highest `balance` by currency with
    USD first, latest `seen`; what is not known comes last, relays that were tested with this model before others. `q`
    searches base URLs and provider ids; `tested` are relays of which it was the test model. `without_addresses` leaves
    base URLs and provider ids out. No answer has a key.
    """
    filters = {"q": q, "access_status": access_status, "platform": platform, "tested": tested}
    cases = use_cases()
    return cases.model_relays(unquote(model), filters, order, limit, cursor, with_addresses=not without_addresses)


@app.get("/api/batch-import/quarantine", responses=routing.answers(api.Quarantine, 401, 403, 502))
def list_quarantine() -> api.Quarantine:
    """List accounts that ended failed in quarantine."""
    return use_cases().quarantine()


@app.delete("/api/batch-import/quarantine", responses=routing.answers(api.QuarantineCleaned, 401, 403, 502))
@operators_alone
def clean_quarantine() -> api.QuarantineCleaned:
    """Remove the accounts in quarantine that never served."""
    return use_cases().clean_quarantine()


@app.get("/api/batch-import/host/users", responses=routing.answers(api.HostUsers, 400, 401, 403, 502))
@operators_alone
def list_host_users(q: Search = None) -> api.HostUsers:
    """Find users of the host, for subscription_users."""
    return use_cases().host_users(q or "")


@app.get("/api/batch-import/host/groups", responses=routing.answers(api.HostGroups, 401, 403, 502))
@operators_alone
def list_host_groups() -> api.HostGroups:
    """List groups of the host, for join_groups."""
    return use_cases().host_groups()


@app.get("/api/health", responses=routing.answers(api.Health, 401, 403))
def health() -> api.Health:
    """Say what the deployment is, and whether the host is reachable."""
    return use_cases().health()


@app.get("/api/openapi.json", responses=routing.answers(OpenApi))
def get_document() -> Response[OpenApi]:
    """Get this document."""
    return Response(HTTPStatus.OK, JSON, document(app))


@app.get("/batch-import", include_in_schema=False)
@app.get("/batch-import/new", include_in_schema=False)
@app.get("/batch-import/models", include_in_schema=False)
@app.get("/batch-import/models/<model>", include_in_schema=False)
@app.get("/batch-import/runs/<run_id>", include_in_schema=False)
def page(run_id: str = "", model: str = "") -> Response[str]:
    return routing.page(PAGES, app.current_event.path)


@app.get("/batch-import/assets/<version>/<name>", include_in_schema=False)
def asset(version: str, name: str) -> Response[str]:
    return routing.asset(PAGES, version, name)


@app.not_found
def nothing_here(_: Exception) -> Response[str]:
    return routing.no_route(app)


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def bad_request(error: RequestValidationError) -> Response[str]:
    return routing.refused(app, reasons.invalid(error.errors()))


@app.exception_handler(UnicodeDecodeError)  # type: ignore[untyped-decorator]
def unreadable(_: Exception) -> Response[str]:
    return routing.refused(app, InvalidRequest("the body is not UTF-8", "请求体不是 UTF-8"))


@app.exception_handler(BatchImportError)  # type: ignore[untyped-decorator]
def refused(error: BatchImportError) -> Response[str]:
    return routing.refused(app, error)


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def broken(error: Exception) -> Response[str]:
    logger.exception("unhandled", exc_info=error)
    return routing.broken(app, error)


def use_cases() -> ApiUseCases:
    return bootstrap().api(routing.answer_language(app.current_event.raw_event))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(request_id=request_id(event))
    with ending(context.get_remaining_time_in_millis() / 1000 - 1):
        answer = routing.answer(app, event, context)
    logger.info("answered", extra=routing.log_fields(app, event, answer))
    return answer
