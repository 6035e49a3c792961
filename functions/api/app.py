"""The HTTP API (docs/design.md#3-http-api) and the result page. Parse, call one use case, map the result."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Query
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from batch_import.aws.observability import handler_logger, handler_metrics
from batch_import.aws.retries import ending
from batch_import.bootstrap import bootstrap, load
from batch_import.domain import contract as api
from batch_import.domain.errors import BatchImportError, InvalidRequest
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemOrder,
    ItemStage,
    MatchedAccountState,
    Platform,
    RunState,
)
from batch_import.http_api import errors, routing
from batch_import.http_api.use_cases import ApiUseCases

load("http_api.use_cases", "store.vault")
logger = handler_logger()
metrics = handler_metrics()
app = APIGatewayRestResolver(
    enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
)
PAGES = Path(__file__).parent / "web"

Limit = Annotated[int, Query(ge=1, le=routing.MAX_LIMIT)]
Search = Annotated[str | None, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=2000)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key")]


@app.post(
    "/api/batch-import/runs",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunCreated, 400, 401, 403, 409, 413, 415, success=202),
)
def create_run(
    request: Annotated[api.CreateRunRequest, Body()],
    idempotency_key: IdempotencyKey = None,
) -> api.RunCreated:
    routing.demand_operator(app)
    return use_cases().create(request, idempotency_key)


@app.post("/api/batch-import/parse", responses=routing.answers(api.ParseResult, 400, 401, 403, 413, 415, 502))
def parse_text(request: Annotated[api.ParseRequest, Body()]) -> api.ParseResult:
    routing.demand_operator(app)
    return use_cases().parse(request)


@app.get("/api/batch-import/runs", responses=routing.answers(api.RunList, 400, 401, 403))
def list_runs(
    state: RunState | None = None,
    access_mode: AccessMode | None = None,
    q: Search = None,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.RunList:
    return use_cases().runs({"state": state, "access_mode": access_mode, "q": q}, limit, cursor)


@app.get("/api/batch-import/runs/<run_id>", responses=routing.answers(api.RunDetail, 401, 403, 404))
def get_run(run_id: str) -> api.RunDetail:
    return use_cases().run(run_id)


@app.get("/api/batch-import/runs/<run_id>/items", responses=routing.answers(api.ItemList, 400, 401, 403, 404))
def list_items(
    run_id: str,
    current_stage: ItemStage | None = None,
    confirmation_status: ConfirmationStatus | None = None,
    access_status: AccessStatus | None = None,
    has_warning: bool | None = None,
    provider_id: Search = None,
    matched_account_state: MatchedAccountState | None = None,
    account_resolution: AccountResolution | None = None,
    code: Search = None,
    platform: Platform | None = None,
    q: Search = None,
    order: ItemOrder = ItemOrder.STATUS,
    limit: Limit = routing.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> api.ItemList:
    filters = {
        "current_stage": current_stage,
        "confirmation_status": confirmation_status,
        "access_status": access_status,
        "has_warning": has_warning,
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
    return use_cases().item(run_id, item_id)


@app.post("/api/batch-import/runs/<run_id>/cancel", responses=routing.answers(api.RunSummary, 401, 403, 404, 409))
def cancel_run(run_id: str) -> api.RunSummary:
    routing.demand_operator(app)
    return use_cases().cancel(run_id)


@app.post(
    "/api/batch-import/runs/<run_id>/retry",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunRetried, 400, 401, 403, 404, 409, success=202),
)
def retry_run(
    run_id: str,
    request: Annotated[api.RetryRequest | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> api.RunRetried:
    routing.demand_operator(app)
    return use_cases().retry(run_id, request or api.RetryRequest(), idempotency_key)


@app.post(
    "/api/batch-import/runs/<run_id>/apply",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunApplied, 400, 401, 403, 404, 409, success=202),
)
def apply_plan(
    run_id: str,
    request: Annotated[api.ApplyRequest | None, Body()] = None,
    idempotency_key: IdempotencyKey = None,
) -> api.RunApplied:
    routing.demand_operator(app)
    return use_cases().apply(run_id, request or api.ApplyRequest(), idempotency_key)


@app.post(
    "/api/batch-import/runs/<run_id>/undo",
    status_code=HTTPStatus.ACCEPTED,
    responses=routing.answers(api.RunSummary, 400, 401, 403, 404, 409, success=202),
)
def undo_run(run_id: str, idempotency_key: IdempotencyKey = None) -> api.RunSummary:
    routing.demand_operator(app)
    return use_cases().undo(run_id, idempotency_key)


@app.get("/api/batch-import/runs/<run_id>/export", responses=routing.answers(api.RunExport, 400, 401, 403, 404))
def export_run(run_id: str, limit: Limit = routing.DEFAULT_LIMIT, cursor: Cursor = None) -> api.RunExport:
    routing.demand_operator(app)
    return use_cases().export(run_id, limit, cursor)


@app.get("/api/batch-import/quarantine", responses=routing.answers(api.Quarantine, 401, 403, 502))
def list_quarantine() -> api.Quarantine:
    return use_cases().quarantine()


@app.delete("/api/batch-import/quarantine", responses=routing.answers(api.QuarantineCleaned, 401, 403, 502))
def clean_quarantine() -> api.QuarantineCleaned:
    routing.demand_operator(app)
    return use_cases().clean_quarantine()


@app.get("/api/health", responses=routing.answers(api.Health, 401, 403))
def health() -> api.Health:
    return use_cases().health()


@app.get("/batch-import", include_in_schema=False)
@app.get("/batch-import/runs/<run_id>", include_in_schema=False)
def page(run_id: str = "") -> Response[str]:
    return routing.page(PAGES, app.current_event.path)


@app.get("/batch-import/assets/<name>", include_in_schema=False)
def asset(name: str) -> Response[str]:
    return routing.static_file(PAGES, name)


@app.not_found
def nothing_here(_: Exception) -> Response[str]:
    return routing.no_route(app)


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def bad_request(error: RequestValidationError) -> Response[str]:
    return errors.bad_request(error.errors())


@app.exception_handler([RecursionError, UnicodeDecodeError])  # type: ignore[untyped-decorator]
def unreadable(_: Exception) -> Response[str]:
    return errors.refusal(InvalidRequest("the body is not valid JSON in UTF-8, or nested too deeply"))


@app.exception_handler(BatchImportError)  # type: ignore[untyped-decorator]
def refused(error: BatchImportError) -> Response[str]:
    return errors.refusal(error)


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def broken(error: Exception) -> Response[str]:
    logger.exception("unhandled", exc_info=error)
    return errors.refusal(BatchImportError("something went wrong; the log has it under this request's id"))


def use_cases() -> ApiUseCases:
    return bootstrap().api(routing.language_of(app.current_event.headers.get("Accept-Language")))


@metrics.log_metrics(capture_cold_start_metric=True)
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    with ending(context.get_remaining_time_in_millis() / 1000 - 1):
        answer = errors.unreadable_body(event) or routing.resolve(app, event, context)
    metrics.add_metric("Answers", MetricUnit.Count, 1)
    metrics.add_metric(f"Answers{answer['statusCode'] // 100}xx", MetricUnit.Count, 1)
    route = routing.route_at(app, event["path"])
    logger.info("answered", extra={"method": event["httpMethod"], "route": route, "status": answer["statusCode"]})
    return answer
