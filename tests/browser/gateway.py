"""The API handler over real HTTP, the way API Gateway serves it: a stage prefix, a token check, REST proxy events."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from batch_import.domain.tokens import digest_of
from batch_import.http_api.authorization import authorize

from tests.conftest import api_event
from tests.support.aws import OPERATOR, VIEWER
from tests.support.pump import Context, handler_of

PREFIX = "/_aws/execute-api/abc123/v1"
TOKENS = {"operator": {"alice": digest_of(OPERATOR)}, "viewer": {"bob": digest_of(VIEWER)}}
UNAUTHORIZED = {"error": {"code": "unauthorized", "message": "A valid bearer token is needed."}}
REFUSED = {
    "Content-Type": "application/json",
    "WWW-Authenticate": "Bearer",
    "Cache-Control": "no-store",
    "Content-Language": "en",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": "00000000-0000-0000-0000-000000000000",
}  # as the template's gateway responses have them
Answer = tuple[int, dict[str, str], str]


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str | None
    many: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Gateway:
    """``lock`` serialises the handler with whatever else uses the stack; ``failing`` can answer in its place."""

    prefix: str
    origin: str = ""
    lock: Any = field(default_factory=threading.RLock)
    calls: list[Request] = field(default_factory=list)
    failing: Callable[[Request], Answer | None] = lambda _: None

    @property
    def url(self) -> str:
        return f"{self.origin}{self.prefix}"

    def answer(self, request: Request) -> Answer:
        self.calls.append(request)
        with self.lock:
            return self.failing(request) or self.ask(request)

    def ask(self, request: Request) -> Answer:
        if request.method == "GET" and request.path.startswith("/batch-import/assets/"):
            return _asset(request.path)
        role = "nobody"
        if request.path.startswith("/api/"):
            token = {"authorizationToken": request.headers.get("authorization", ""), "methodArn": "arn:api/v1/GET/x"}
            policy = authorize(token, TOKENS)
            if policy is None:
                return 401, REFUSED, json.dumps(UNAUTHORIZED)
            role = policy["context"]["role"]
        headers = {name.title(): value for name, value in request.headers.items()}
        event = api_event(request.method, request.path, request.body, role, request.query, headers)
        event["multiValueQueryStringParameters"] = request.many or None
        event["requestContext"]["requestId"] = str(uuid.uuid4())
        return _plain(handler_of("api")(event, Context()))


@cache
def _asset(path: str) -> Answer:
    """By the handler as well, once: it is the same for everybody, and a view needs thirty of them."""
    return _plain(handler_of("api")(api_event("GET", path, None, "nobody", {}, {}), Context()))


def _plain(response: dict[str, Any]) -> Answer:
    many = {name: values[-1] for name, values in (response.get("multiValueHeaders") or {}).items()}
    return response["statusCode"], many | (response.get("headers") or {}), response.get("body") or ""


@contextmanager
def serving(prefix: str = PREFIX) -> Iterator[Gateway]:
    """A gateway on a free port of 127.0.0.1."""
    gateway = Gateway(prefix)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(gateway))
    gateway.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode("utf-8", "replace") if length else None
            if not address.path.startswith(f"{gateway.prefix}/"):
                return self._send(
                    403, {"Content-Type": "application/json"}, '{"message":"Missing Authentication Token"}'
                )
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = unquote(address.path.removeprefix(gateway.prefix))
            return self._send(
                *gateway.answer(
                    Request(
                        self.command,
                        path,
                        dict(parse_qsl(address.query, keep_blank_values=True)),
                        headers,
                        body,
                        parse_qs(address.query, keep_blank_values=True),
                    )
                )
            )

        def _send(self, status: int, headers: dict[str, str], body: str) -> None:
            content = body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: what matters is in ``gateway.calls``."""

    return Handler
