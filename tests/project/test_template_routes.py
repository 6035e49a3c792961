"""The routes of ``template.yaml``: everything below /api needs a token."""

import importlib
import json
import re
from typing import Any

from batch_import import bootstrap
from batch_import.domain.contract import ErrorCode
from batch_import.http_api.authorization import _BEARER

from embedded.gate import COMPRESSED_FROM
from tests.project.sam_template import of_type, resources, template
from tests.support.aws import Aws

METHODS = {"get", "head", "post", "put", "patch", "delete", "options"}


def body() -> dict[str, Any]:
    return resources()["Api"]["Properties"]["DefinitionBody"]


def paths() -> dict[str, Any]:
    return body()["paths"]


def test_every_path_below_api_needs_a_token_and_no_other() -> None:
    assert set(paths()) == {"/batch-import", "/batch-import/{proxy+}", "/api/{proxy+}"}
    for path, item in paths().items():
        wanted = [{"Bearer": []}] if path.startswith("/api/") else None
        assert {str(operation.get("security")) for operation in item.values()} == {str(wanted)}, path


def test_with_a_token_every_method_reaches_the_api_function() -> None:
    """So that a wrong method is answered 405 and an unknown path 404, in the envelope, by the service itself."""
    assert set(paths()["/api/{proxy+}"]) == METHODS
    for path, item in paths().items():
        for operation in item.values():
            assert "${ApiFunction.Arn}" in operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"], path


def test_without_a_token_only_the_page_makes_a_function_run() -> None:
    assert {path: set(item) for path, item in paths().items() if not path.startswith("/api/")} == {
        "/batch-import": {"get"},
        "/batch-import/{proxy+}": {"get"},
    }


def test_headers_that_can_hold_no_token_reach_no_function() -> None:
    """What the gateway lets through is what the authorizer takes for a token (http_api/authorization.py)."""
    authorizer = body()["components"]["securitySchemes"]["Bearer"]["x-amazon-apigateway-authorizer"]
    expression = re.compile(authorizer["identityValidationExpression"])
    for header in ("Bearer x", "bearer " + "~" * 256, "BEARER !"):
        assert expression.fullmatch(header)
        assert _BEARER.fullmatch(header)
    for header in ("", "Bearer", "Bearer ", "Basic x", "Bearer x y", "Bearer " + "x" * 257, "Bearer schlüssel"):
        assert not expression.fullmatch(header)
        assert not _BEARER.fullmatch(header)


def test_a_revoked_token_is_refused_within_a_minute() -> None:
    authorizer = body()["components"]["securitySchemes"]["Bearer"]["x-amazon-apigateway-authorizer"]
    assert authorizer["authorizerResultTtlInSeconds"] + bootstrap._SECRET_SECONDS <= 60


def test_each_route_is_throttled() -> None:
    [settings] = resources()["Api"]["Properties"]["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 1000


def test_routes_that_show_data_lie_below_api(aws: Aws) -> None:
    app = importlib.import_module("functions.api.app").app
    routes = {(route.method, route.path) for route in (*app._static_routes, *app._dynamic_routes)}
    public = {path for _, path in routes if not path.startswith("/api/")}
    page = {"/batch-import", "/batch-import/new", "/batch-import/runs/<run_id>"}
    models = {"/batch-import/models", "/batch-import/models/<model>"}
    assert public == page | models | {"/batch-import/assets/<version>/<name>"}
    assert {method for method, path in routes if path in public} == {"GET"}


def test_no_route_takes_any_method() -> None:
    assert "x-amazon-apigateway-any-method" not in json.dumps(template())
    assert '"ANY"' not in json.dumps(template()).upper()


def test_the_gateways_own_refusals_speak_the_envelope() -> None:
    """And are part of the API's body, so that a change of them is a new deployment of it."""
    assert not of_type(resources(), "AWS::ApiGateway::GatewayResponse")
    answers = body()["x-amazon-apigateway-gateway-responses"]
    assert set(answers) == {
        "UNAUTHORIZED",
        "ACCESS_DENIED",
        "MISSING_AUTHENTICATION_TOKEN",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }
    for one in answers.values():
        text = one["responseTemplates"]["application/json"].replace("$context.error.messageString", '"text"')
        error = json.loads(text)["error"]
        assert set(error) == {"code", "message"}
        assert all(error.values())


def test_the_gateways_own_refusals_have_the_headers_of_the_api() -> None:
    from batch_import.http_api.responses import OF_API, REQUEST_ID, SECURITY

    wanted = {**SECURITY, "Cache-Control": OF_API["Cache-Control"], "Content-Language": "en"}
    for one in of_type(resources(), "AWS::ApiGateway::GatewayResponse").values():
        headers = one["ResponseParameters"]
        for name, value in wanted.items():
            assert headers[f"gatewayresponse.header.{name}"] == f"'{value}'", one["ResponseType"]
        assert headers[f"gatewayresponse.header.{REQUEST_ID}"] == "context.requestId"
        assert ("gatewayresponse.header.Retry-After" in headers) == (one["ResponseType"] == "THROTTLED")


def test_every_code_of_the_gateways_own_refusals_is_in_the_document() -> None:
    answers = of_type(resources(), "AWS::ApiGateway::GatewayResponse").values()
    texts = [
        one["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '""') for one in answers
    ]
    assert {json.loads(text)["error"]["code"] for text in texts} <= set(ErrorCode)


def test_long_answers_are_compressed_from_the_same_size_on_everywhere() -> None:
    assert resources()["Api"]["Properties"]["MinimumCompressionSize"] == COMPRESSED_FROM
