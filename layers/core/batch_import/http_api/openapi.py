"""The API's document (OpenAPI 3.1): what the routes declare, with what every answer has in common.

``GET /api/openapi.json`` and docs/openapi.yaml are this same document.
"""

import json
import re
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.api_gateway import Route

from batch_import import __version__
from batch_import.http_api.checks import JSON, is_operators_alone

OpenApi = dict[str, Any]

_DESCRIPTION = """\
Imports lists of AI relays into a sub2api host: found out, entered once, confirmed, and proven.

**Callers.** Every call needs `Authorization: Bearer <token>`; a token has the role `operator` or `viewer`, who may
only read.

**Errors** are `{"error": {"code", "message"}}`. `code` is for programs, `message` for people; it names the place and
repeats nothing that was sent.

**Languages.** Texts follow `Accept-Language` with its quality values, `zh` or `en`. Without a preference texts are
Chinese and errors English.

**Polling.** Every 200 of a GET has an `ETag`; with `If-None-Match` an answer without news is a 304 without a body.

**Repeating.** `POST` of a run, a retry, a plan or an undo takes an `Idempotency-Key`, which is kept for 24 hours: the
same request under the same key answers the first run, with `Idempotent-Replayed: true`; another request under it is a
409.

**Lists.** A cursor belongs to its list, run, filter and order, and any other or an altered one is refused.
`next_cursor` is null at the end only. Runs are listed newest first and never move, so that a walk meets each once;
with `state` a run may leave the list meanwhile. A search of many runs may answer with fewer than `limit`, or none, and
a cursor that goes on. Items are listed with those that are not done first, then `broken`
and `degraded` together, then the rest, newest update first in each: while a run works its items move in this order,
and a walk meets an item that does not move exactly once, and one that moves once, twice or not at all. With
`order=position` items never move, and a walk meets each once.

**Size.** No answer has more than 5 MB. A list shows the first names of long lists, and `…_count` says how many there
are.
"""
_IDS = {
    "run_id": {"pattern": "^run_[A-Za-z0-9_]{1,60}$", "examples": ["run_20260522_0001"]},
    "item_id": {"pattern": "^item_[0-9]{1,10}$", "examples": ["item_00001"]},
    "model": {"pattern": "^[A-Za-z0-9_.:+@~-]{1,200}$", "examples": ["kimi-k2.6"]},
    "Idempotency-Key": {"pattern": "^[!-~]{1,128}$", "examples": ["list-of-monday"]},
}
_PARAMETERS = {
    "Accept-Language": ("The language of the texts, with quality values", "en, zh;q=0.5"),
    "If-None-Match": ("ETags of answers that the caller has", 'W/"0123456789abcdef0123456789abcdef"'),
}
_TAGS = {
    "runs": "Lists that are imported",
    "items": "The relays of a run",
    "pasting": "What a pasted text is read as",
    "models": "What relays that were proved are like, model by model",
    "host": "What the host has: accounts in quarantine, users, groups",
    "service": "The deployment itself",
}
_SERVERS = [
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
        "description": "In AWS: the output ApiUrl of the stack",
        "variables": {"api": {"default": "abcdef1234"}, "region": {"default": "us-east-1"}, "stage": {"default": "v1"}},
    },
    {
        "url": "http://127.0.0.1:{port}/_aws/execute-api/{api}/{stage}",
        "description": "Embedded, on one machine: BATCH_IMPORT_URL in .embedded/env",
        "variables": {"port": {"default": "4566"}, "api": {"default": "abcdef1234"}, "stage": {"default": "v1"}},
    },
]
_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "X-Request-Id": ("The id under which the log has this request", {"type": "string"}),
    "Cache-Control": ("Answers are not for caches", {"const": "no-store"}),
    "Content-Language": ("The language of the texts", {"enum": ["zh", "en"]}),
    "Vary": ("What the answer depends on beside its address", {"type": "string"}),
    "X-Content-Type-Options": ("The content type is meant so", {"const": "nosniff"}),
    "Strict-Transport-Security": ("HTTPS only", {"type": "string"}),
    "ETag": ("For If-None-Match", {"type": "string"}),
    "Location": ("The run to look at, relative to this address", {"type": "string", "format": "uri-reference"}),
    "Retry-After": ("Seconds after which to ask again", {"type": "integer", "minimum": 0}),
    "Idempotent-Replayed": ("An earlier call with this Idempotency-Key did it", {"const": "true"}),
    "Allow": ("Methods of this path", {"type": "string"}),
    "WWW-Authenticate": ("How to authenticate", {"const": "Bearer"}),
}
_COMMON = ("X-Request-Id", "Cache-Control", "Content-Language", "X-Content-Type-Options", "Strict-Transport-Security")
_REFUSALS = {
    400: ("BadRequest", "Something of the request is not valid, or an unknown query parameter was given", ()),
    401: ("Unauthorized", "The bearer token is missing or not known", ("WWW-Authenticate",)),
    403: ("Forbidden", "The role of the token does not allow it", ()),
    404: ("NotFound", "There is no such run or item, whatever the form of its id", ()),
    405: ("MethodNotAllowed", "The path has no such method", ("Allow",)),
    409: ("Conflict", "The state of the run, or the Idempotency-Key, does not allow it", ("Retry-After",)),
    413: ("TooLarge", "The body has more than 5 MiB, or the list is too large", ()),
    415: ("UnsupportedMediaType", "The body is not application/json, or it is encoded", ()),
    429: ("TooManyRequests", "Calls come too fast", ("Retry-After",)),
    500: ("InternalError", "The service failed; the log has it under the request's id", ()),
    502: ("BadGateway", "The host did not answer, or the service broke off", ()),
    503: (
        "Unavailable",
        "The service cannot work now, for example because a disk is full or its tables are too slow",
        ("Retry-After",),
    ),
    504: ("GatewayTimeout", "The service took more than 29 seconds", ()),
}
_ALWAYS = (400, 401, 403, 405, 413, 429, 500, 502, 503, 504)
_LINK = re.compile(r" \(docs/[^)]*\)")
_UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


def document(app: APIGatewayRestResolver) -> OpenApi:
    """The document as plain data; do not change it, it is made once."""
    return _document(app)


@cache
def _document(app: APIGatewayRestResolver) -> OpenApi:
    text = app.get_openapi_json_schema(title="Batch Auto-Import", version=__version__, description=_DESCRIPTION)
    schema: dict[str, Any] = json.loads(text)
    examples = json.loads(files("batch_import.http_api").joinpath("examples.json").read_text("utf-8"))
    for route in (*app._static_routes, *app._dynamic_routes):
        path = str(route.path).replace("<", "{").replace(">", "}")
        operation = schema["paths"].get(path, {}).get(route.method.lower())
        if operation is not None:
            _complete(operation, route, examples.get(route.func.__name__, {}))
    components = schema["components"]
    for name in _UNUSED:
        components["schemas"].pop(name, None)
    components["responses"] = {name: _refusal(text, headers) for name, text, headers in _REFUSALS.values()}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string", **form}} for name, (text, form) in _HEADERS.items()
    }
    components["parameters"] = {
        name: {"name": name, "in": "header", "description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in _PARAMETERS.items()
    }
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"bearer": []}]
    schema["servers"] = _SERVERS
    schema["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
    schema["paths"] = dict(sorted(schema["paths"].items()))
    whole: OpenApi = _plain(schema)
    return whole


def _complete(operation: dict[str, Any], route: Route, examples: dict[str, Any]) -> None:
    summary, _, more = (route.func.__doc__ or "").strip().partition("\n")
    operation["operationId"] = route.func.__name__
    operation["summary"] = summary.strip().rstrip(".")
    who = "For operators only." if is_operators_alone(route) else ""
    operation["description"] = " ".join([*(line.strip() for line in more.splitlines()), who]).strip()
    operation["tags"] = [_tag(str(route.path))]
    body = operation.get("requestBody")
    if body and "request" in examples:
        body["content"][JSON]["example"] = examples["request"]
    operation["responses"] = _responses(operation, route, examples)
    given = [_parameter(parameter) for parameter in operation.get("parameters", ())]
    shared = ("Accept-Language", "If-None-Match") if route.method == "GET" else ("Accept-Language",)
    operation["parameters"] = [*given, *({"$ref": f"#/components/parameters/{name}"} for name in shared)]


def _tag(path: str) -> str:
    for part, tag in (
        ("/items", "items"),
        ("/runs", "runs"),
        ("/models", "models"),
        ("/parse", "pasting"),
        ("/openapi", "service"),
    ):
        if part in path:
            return tag
    return "service" if path.endswith("/health") else "host"


def _responses(operation: dict[str, Any], route: Route, examples: dict[str, Any]) -> dict[str, Any]:
    declared = {int(status): response for status, response in operation["responses"].items() if status != "422"}
    successes = {status: _success(status, one, route, examples) for status, one in declared.items() if status < 400}
    if route.method == "GET":
        successes[304] = {"description": "No news: as If-None-Match has it", "headers": _headers("ETag")}
    refused = {*_ALWAYS, *(status for status in declared if status >= 400)}
    refused |= {415} if "requestBody" in operation else set()
    refused |= {404} if "<run_id>" in str(route.path) else set()
    refusals = {status: {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"} for status in refused}
    return {str(status): one for status, one in sorted({**successes, **refusals}.items())}


def _success(status: int, response: dict[str, Any], route: Route, examples: dict[str, Any]) -> dict[str, Any]:
    more = ("Location", "Retry-After", "Idempotent-Replayed") if status == HTTPStatus.ACCEPTED else ()
    headers = _headers("ETag", *more) if route.method == "GET" else _headers(*more)
    if "response" in examples:
        response["content"][JSON]["example"] = examples["response"]
    return {**response, "headers": headers}


def _refusal(description: str, headers: tuple[str, ...]) -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}
    return {"description": description, "headers": _headers(*headers), "content": content}


def _headers(*more: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_COMMON, *more)}


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter's name as people write it, and the form of an id."""
    name = parameter["name"].title() if parameter["in"] == "header" else parameter["name"]
    return {**parameter, "name": name, "schema": {**_stated(parameter["schema"]), **_IDS.get(name, {})}}


def _stated(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without "null", which a query cannot say, and without a title."""
    real = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    stated = {**schema, **real[0]} if len(real) == 1 else schema
    return {name: value for name, value in stated.items() if name not in ("anyOf", "title")}


def _told(docstring: str) -> str:
    return _LINK.sub("", docstring.replace("``", "`"))


def _plain(value: Any) -> Any:
    """Bounds as whole numbers, which Powertools writes as ``200.0``; descriptions without links into the project."""
    if isinstance(value, dict):
        told = {"description": _told(value["description"])} if isinstance(value.get("description"), str) else {}
        return {name: _plain(inner) for name, inner in {**value, **told}.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
