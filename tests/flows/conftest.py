"""Relays that the sandbox has no profile for."""

import json
import re

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


@pytest.fixture
def relay_echo(httpserver: HTTPServer) -> str:
    """The base URL of a relay that refuses every key and repeats it, as some relays do."""

    def refuse(request: Request) -> Response:
        key = request.headers.get("Authorization", request.headers.get("x-api-key", ""))
        body = {"error": {"message": f"Incorrect API key provided: {key}"}}
        return Response(json.dumps(body), 401, content_type="application/json")

    httpserver.expect_request(re.compile(".*")).respond_with_handler(refuse)
    return httpserver.url_for("/v1")
