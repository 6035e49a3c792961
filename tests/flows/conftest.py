"""Relays that the sandbox has no profile for, and a place: a service with a host of each version."""

import json
import re
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.aws import Aws
from tests.support.place import HOSTS, Place, placed


@pytest.fixture
def relay_echo(httpserver: HTTPServer) -> str:
    """The base URL of a relay that refuses every key and repeats it, as some relays do."""

    def refuse(request: Request) -> Response:
        key = request.headers.get("Authorization", request.headers.get("x-api-key", ""))
        body = {"error": {"message": f"Incorrect API key provided: {key}"}}
        return Response(json.dumps(body), 401, content_type="application/json")

    httpserver.expect_request(re.compile(".*")).respond_with_handler(refuse)
    return httpserver.url_for("/v1")


@pytest.fixture(params=[HOSTS[0], *(pytest.param(host, marks=pytest.mark.long) for host in HOSTS[1:])])
def place(request: pytest.FixtureRequest, aws: Aws) -> Iterator[Place]:
    with placed(request.param, aws) as found:
        yield found
