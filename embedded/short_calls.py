"""Calls of DynamoDB from functions to the emulator of this machine, without botocore's way to them.

A plain call that succeeds costs a seventh of the CPU; any other one is made by botocore, which repeats and explains it
(docs/decisions/0017-embedded-functions.md).
"""

import json
import re
import select
import socket
import time
from base64 import b64decode, b64encode
from collections import deque
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

_KEPT = 32  # connections of a process, as botocore keeps
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BINARY = re.compile(rb'"BS?"')  # an attribute's type, whose values are base64 on the wire
_SERVICE, _ALGORITHM = "dynamodb", "AWS4-HMAC-SHA256"
_TARGET = "DynamoDB_20120810"
_ONCE = "TransactWriteItems"  # which carries a token, so that its repetition changes nothing
_SHORT = frozenset(
    ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchGetItem", "BatchWriteItem", _ONCE],
)


class ShortCalls:
    """A handler of botocore's event ``creating-client-class``: clients of the class call by the connections here."""

    def __init__(self) -> None:
        self.idle: deque[socket.socket] = deque()

    def __call__(self, base_classes: list[type], **_: Any) -> None:
        base_classes.insert(0, type("ShortClient", (ShortClient,), {"short_calls": self}))

    def answer(self, client: Any, operation: str, body: bytes) -> dict[str, Any] | None:
        """The answer of a call that succeeds; ``None`` for any other one, also one whose answer is lost."""
        address = urlsplit(client.meta.endpoint_url)
        if address.scheme != "http":
            return None
        credentials = client._request_signer._credentials.get_frozen_credentials()
        head = signed_head(address.netloc, f"{_TARGET}.{operation}", body, client.meta.region_name, credentials)
        try:
            line = self._kept() or _connected(address.hostname, address.port or 80, client.meta.config)
            status, text = _exchange(line, head + body)
            self._keep(line)
            return _parsed(text) if status == 200 else None
        except (OSError, ValueError):
            return None

    def _kept(self) -> socket.socket | None:
        """An idle connection that the emulator has not closed."""
        while True:
            try:
                line = self.idle.pop()
            except IndexError:
                return None
            if not _has_news(line):
                return line
            line.close()

    def _keep(self, line: socket.socket) -> None:
        if len(self.idle) < _KEPT:
            self.idle.append(line)
        else:
            line.close()


class ShortClient:
    """Above botocore's class of DynamoDB: a call that this one does not answer is made by that one."""

    short_calls: ShortCalls
    meta: Any

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        if operation_name == _ONCE:
            api_params.setdefault("ClientRequestToken", str(uuid4()))
        if operation_name in _SHORT:
            model = self.meta.service_model.operation_model(operation_name)
            self.meta.events.emit(f"before-call.dynamodb.{operation_name}", model=model, params={"headers": {}})
            answer = self.short_calls.answer(self, operation_name, _body(api_params))
            if answer is not None:
                return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}
        return super()._make_api_call(operation_name, api_params)  # type: ignore[misc]


def _body(parameters: dict[str, Any]) -> bytes:
    return json.dumps(parameters, default=lambda value: b64encode(value).decode(), separators=(",", ":")).encode()


def _parsed(text: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(text, object_hook=_with_bytes if _BINARY.search(text) else None)
    return answer


def _with_bytes(read: dict[str, Any]) -> dict[str, Any]:
    """A value of a binary type with its bytes; any other object as it is, also a row with a column of this name."""
    match read:
        case {"B": str(value)}:
            return {"B": b64decode(value)}
        case {"BS": [*values]}:
            return {"BS": [b64decode(value) for value in values]}
    return read


def _connected(host: str | None, port: int, config: Any) -> socket.socket:
    line = socket.create_connection((host, port), config.connect_timeout)
    line.settimeout(config.read_timeout)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _has_news(line: socket.socket) -> bool:
    """Whether something came on an idle connection: its end."""
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    return bool(waiting.poll(0))


def _exchange(line: socket.socket, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer. Closes the connection and raises OSError or ValueError when that fails."""
    try:
        line.sendall(request)
        head, mark, body = _received(line).partition(b"\r\n\r\n")
        while not mark:
            head, mark, body = (head + _received(line)).partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError("an answer without its length")
        parts, missing = [body], int(length[1]) - len(body)
        while missing > 0:
            parts.append(_received(line))
            missing -= len(parts[-1])
        return int(head[9:12]), b"".join(parts)
    except BaseException:
        line.close()
        raise


def _received(line: socket.socket) -> bytes:
    received = line.recv(65536)
    if not received:
        raise ConnectionResetError("no whole answer")
    return received


# --- the request, by https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html


def signed_head(host: str, target: str, body: bytes, region: str, credentials: Any) -> bytes:
    """The line and headers of a request, signed with ``credentials`` (those of botocore)."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    token, name = "", ""
    if credentials.token:
        token, name = f"x-amz-security-token:{credentials.token}\n", "x-amz-security-token;"
    lines = f"host:{host}\nx-amz-date:{now}\n{token}x-amz-target:{target}\n"  # in alphabetical order
    names = f"host;x-amz-date;{name}x-amz-target"
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{region}/{_SERVICE}/aws4_request"
    text = f"{_ALGORITHM}\n{now}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_signing_key(credentials.secret_key, scope), text.encode(), "sha256").hex()
    head = (
        f"POST / HTTP/1.1\n{lines}"
        f"authorization:{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}\n"
        f"content-type:application/x-amz-json-1.0\ncontent-length:{len(body)}\n\n"
    )
    return head.replace("\n", "\r\n").encode()


@lru_cache(maxsize=4)
def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
