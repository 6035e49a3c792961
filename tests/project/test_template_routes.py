"""The routes of ``template.yaml``, against their table."""

import json
from typing import Any

from tests.project.sam_template import (
    of_type,
    resources,
    template,
)

METHODS = {"get", "head", "post", "put", "patch", "delete", "options"}

# The table of the HTTP API: everything else that reaches the gateway is refused by the api function itself.
ROUTES = {
    ("get", "/api/health"): "token",
    ("get", "/api/batch-import/runs"): "token",
    ("post", "/api/batch-import/runs"): "token",
    ("get", "/api/batch-import/runs/{run_id}"): "token",
    ("get", "/api/batch-import/runs/{run_id}/items"): "token",
    ("get", "/api/batch-import/runs/{run_id}/items/{item_id}"): "token",
    ("post", "/api/batch-import/runs/{run_id}/cancel"): "token",
    ("post", "/api/batch-import/runs/{run_id}/retry"): "token",
    ("get", "/api/batch-import/runs/{run_id}/export"): "token",
    ("get", "/api/batch-import/quarantine"): "token",
    ("delete", "/api/batch-import/quarantine"): "token",
    ("get", "/batch-import"): "open",
    ("get", "/batch-import/runs/{run_id}"): "open",
    ("get", "/batch-import/assets/{name}"): "open",
}


# ----------------------------------------------------------------------------------------------------------- routes


def paths() -> dict[str, Any]:
    return resources()["Api"]["Properties"]["DefinitionBody"]["paths"]


def _kind(operation: dict[str, Any]) -> str:
    return "token" if operation.get("security") == [{"Bearer": []}] else "open"


def test_routes_are_those_of_the_table() -> None:
    refused = paths()["/"]
    served = {
        (method, path): _kind(operation)
        for path, item in paths().items()
        for method, operation in item.items()
        if path not in ("/", "/{proxy+}") and (method, path) in ROUTES
    }
    assert served == ROUTES
    assert set(paths()) == {path for _, path in ROUTES} | {"/", "/{proxy+}"}
    assert paths()["/{proxy+}"] == refused


def test_every_method_of_every_path_reaches_the_api_function() -> None:
    """So that a wrong method is answered 405 and an unknown path 404, in the envelope, by the service itself."""
    for path, item in paths().items():
        assert set(item) == METHODS, path
        for operation in item.values():
            assert "${ApiFunction.Arn}" in operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"], path


def test_what_the_table_does_not_name_needs_no_token() -> None:
    for path, item in paths().items():
        for method, operation in item.items():
            assert _kind(operation) == ROUTES.get((method, path), "open"), (method, path)


def test_no_route_takes_any_method() -> None:
    assert "x-amazon-apigateway-any-method" not in json.dumps(template())
    assert '"ANY"' not in json.dumps(template()).upper()


def test_the_gateways_own_refusals_speak_the_envelope() -> None:
    answers = of_type(resources(), "AWS::ApiGateway::GatewayResponse")
    assert {one["ResponseType"] for one in answers.values()} == {
        "UNAUTHORIZED",
        "ACCESS_DENIED",
        "MISSING_AUTHENTICATION_TOKEN",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }
    for one in answers.values():
        text = one["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"text"')
        error = json.loads(text)["error"]
        assert set(error) == {"code", "message"}
        assert all(error.values())
