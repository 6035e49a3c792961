"""Access control of the emulator: health and the API are open to all programs of this machine, the rest to its owner.

MiniStack itself answers every origin and, unless it enforces roles, every caller.
"""

import gzip
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from embedded.ministack import Signatures
from embedded.same_origin import refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

HEALTH = "/_ministack/health"
# MiniStack takes a path with fewer parts for an AWS call; @connections is for pushing to web sockets.
_API = re.compile(r"/_aws/execute-api/[a-z0-9]+/[\w$-]+(/(?!@connections/).*)?", re.DOTALL)
_CLOSED = re.compile(r"/_(ministack|localstack)(/.*)?", re.DOTALL)
_CREDENTIALS_IN_QUERY = re.compile(r"x-amz-|awsaccesskeyid", re.IGNORECASE)
_JSON = b"application/json"
_API_HEADERS = [  # as the API's own answers have them
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
]
COMPRESSED_FROM = 1024  # bytes: MinimumCompressionSize of the template, which MiniStack passes over
_GZIP = re.compile(r"\s*(gzip|\*)\s*(;\s*q=(0\.\d*[1-9]\d*|1(\.0*)?)\s*)?", re.IGNORECASE)
UNSIGNED = "Calls of AWS need a signature by the keys in .embedded/env."


class Gate:
    """ASGI middleware around MiniStack.

    Answers 403 and a sentence to requests for another host or of another origin, to administration of the emulator, and
    to AWS calls without a valid signature in their Authorization header. Removes CORS headers, refuses web sockets.
    ``cannot_write`` gives a sentence while nothing can be written: the API's failures are answered with it.
    """

    def __init__(
        self, application: Application, signatures: Signatures, cannot_write: Callable[[], str | None] = lambda: None
    ) -> None:
        self._application = application
        self._signatures = signatures
        self._cannot_write = cannot_write

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._application(scope, receive, send)

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = _joined(scope["headers"], self._signatures.decode)
        sentence = refusal(scope["method"], headers, scope["server"][1])
        if sentence is None and not _is_open(scope, headers):
            sentence, receive = await self._unsigned(scope, headers, receive)
        is_api = _API.fullmatch(scope["path"]) is not None
        if sentence is not None:
            await _refuse(send, sentence, is_api)
        elif is_api:
            answered = compressing(_without_cors(send)) if _accepts_gzip(headers) else _without_cors(send)
            await self._application(scope, receive, self._explaining(answered))
        else:
            await self._application(scope, receive, _without_cors(send))

    def _explaining(self, send: Send) -> Send:
        """Say why the API has failed when it is the disk; a function only knows that a table has failed."""
        replaced = False

        async def sending(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] >= 500:
                sentence = self._cannot_write()
                if sentence is not None:
                    replaced = True
                    await _answer(send, 503, _JSON, _envelope("internal_error", sentence))
            if not replaced:
                await send(message)

        return sending

    async def _unsigned(self, scope: Any, headers: dict[str, str], receive: Receive) -> tuple[str | None, Receive]:
        """Why the request is refused, None when its signature holds; and a ``receive`` that gives its body again."""
        if _CLOSED.fullmatch(scope["path"]):
            return "The emulator is administered by make up, make down and make clean only.", receive
        signature = self._signatures.find(headers)
        if signature is None:
            return UNSIGNED, receive
        messages = await _read(receive)
        holds = self._signatures.holds(
            signature,
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            headers,
            b"".join(message.get("body", b"") for message in messages),
        )
        return (None if holds else UNSIGNED), _again(messages, receive)


def _joined(pairs: Iterable[tuple[bytes, bytes]], decode: Callable[[bytes], str]) -> dict[str, str]:
    """Headers by their lower-case names, repeated ones joined as MiniStack joins them."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), decode(raw_value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _is_open(scope: Any, headers: dict[str, str]) -> bool:
    """True for the health and for the API, which checks tokens of its own; credentials of AWS are always verified."""
    query = scope["query_string"].decode("latin-1")
    if headers.get("authorization", "").startswith("AWS") or _CREDENTIALS_IN_QUERY.search(query):
        return False
    is_health = scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD")
    return is_health or _API.fullmatch(scope["path"]) is not None


async def _read(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    left = iter(messages)

    async def give() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return give


def _without_cors(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sending


def _accepts_gzip(headers: dict[str, str]) -> bool:
    return any(_GZIP.fullmatch(part) for part in headers.get("accept-encoding", "").split(","))


def compressing(send: Send) -> Send:
    """As API Gateway does: an answer that comes whole, is long enough and is not encoded yet is sent as gzip."""
    start: Message = {}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        if start:
            content = message.get("body", b"")
            names = {name.lower() for name, _ in start["headers"]}
            if len(content) >= COMPRESSED_FROM and not message.get("more_body") and b"content-encoding" not in names:
                message = {**message, "body": gzip.compress(content, compresslevel=1, mtime=0)}
                kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
                length = str(len(message["body"])).encode()
                start["headers"] = [*kept, (b"content-encoding", b"gzip"), (b"content-length", length)]
            await send({**start})
            start.clear()
        await send(message)

    return sending


async def _refuse(send: Send, sentence: str, is_api: bool) -> None:
    if is_api:
        await _answer(send, 403, _JSON, _envelope("forbidden", sentence))
    else:
        await _answer(send, 403, b"text/plain; charset=utf-8", f"{sentence}\n".encode())


def _envelope(code: str, message: str) -> bytes:
    """An error as the API answers it (docs/openapi.yaml)."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *_API_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
