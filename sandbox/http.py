"""HTTP for both servers: a call, an answer, a table of routes, and a server on loopback."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson
from aiohttp import web

from embedded.same_origin import refusal
from sandbox.host.errors import Refusal

_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
JSON = "application/json; charset=utf-8"
LARGEST = 64 << 20
SSE = "text/event-stream"
HTML = "text/html"
RELAY_NAMES = ".relays.test"  # of this machine, for the sandbox alone: nobody owns a name below .test (RFC 6761)

Body = str | bytes | dict[str, Any] | list[Any] | None


def json_object(text: str | bytes) -> dict[str, Any]:
    """What ``text`` holds, when it is a JSON object; else an empty one."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@dataclass(slots=True)
class Answer:
    """An HTTP answer: a body (text or bytes as they are, anything else as JSON), or a stream of pieces."""

    status: int = 200
    body: Body = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    stream: AsyncGenerator[bytes, None] | None = None


@dataclass(slots=True)
class Call:
    """One request; `ids` are the numbers in its path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    ids: tuple[int, ...] = ()
    actor: int = 0  # id of the authenticated user
    peer: str = "127.0.0.1"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the request; Refusal (400, in the host's words) when the body is something else."""
        try:
            value = orjson.loads(self.raw)
        except ValueError:
            raise Refusal.envelope(400, "Invalid request: unexpected EOF") from None
        if not isinstance(value, dict):
            raise Refusal.envelope(400, "Invalid request: json: cannot unmarshal into object")
        return value

    def bearer(self) -> str:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


State = TypeVar("State")
Kept = TypeVar("Kept", bound=Callable[..., Any])
Result = Answer | Awaitable[Answer]
Handler = Callable[[State, Call], Result]


class Routes(Generic[State]):
    """Handlers by method and path; runs of digits in a path are ids and match `:id`."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], Handler[State]] = {}

    def on(self, method: str, path: str) -> Callable[[Kept], Kept]:
        def keep(handler: Kept) -> Kept:
            self.table[method, path] = handler
            return handler

        return keep

    def find(self, method: str, path: str) -> tuple[Handler[State] | None, tuple[int, ...]]:
        ids = tuple(int(number) for number in _NUMBER.findall(path))
        return self.table.get((method, _NUMBER.sub(":id", path))), ids


def encode(body: Body) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return orjson.dumps(body)


async def write(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Sends an answer; pieces of a stream are sent as they come."""
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if answer.stream is None:
        body = encode(answer.body) if answer.body is not None else b""
        return web.Response(status=answer.status, body=body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    async with aclosing(answer.stream) as pieces:
        with suppress(ConnectionResetError):  # the caller has closed the connection: the stream ends
            await response.prepare(request)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
    return response


async def read(request: web.BaseRequest) -> Call:
    raw = await request.read() if request.can_read_body else b""
    return Call(request.method, request.path, request.query, request.headers, raw, peer=request.remote or "")


def _large(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request of up to 64 MiB: a batch of a thousand accounts exceeds aiohttp's default of 1 MiB."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST)


Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _of_this_origin(serve: Serve, names: tuple[str, ...]) -> Serve:
    async def guarded(request: web.BaseRequest) -> web.StreamResponse:
        port = request.get_extra_info("sockname", ("", 0))[1]
        named = request.host.removesuffix(f":{port}").endswith(names)
        sentence = None if named else refusal(request.method, request.headers, port)
        return await serve(request) if sentence is None else web.Response(status=403, text=sentence)

    return guarded


async def listen(serve: Serve, port: int, *names: str) -> tuple[web.ServerRunner, int]:
    """Serves on 127.0.0.1, without pages of other origins; port 0 takes a free one. Returns the runner and the port.

    ``names`` are ends of host names under which programs may find it, too.
    """
    server = web.Server(_of_this_origin(serve, names), request_factory=_large, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, int(runner.addresses[0][1])
