"""Calls of DynamoDB from functions to the emulator of this machine, without what botocore does between them.

botocore makes the request and, where a call fails, repeats and explains it. In between it spends two thirds of a
call's CPU on objects for the request, the session, the pool and the answer
(docs/decisions/0017-embedded-functions.md).
"""

import json
import re
import select
import socket
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_KEPT = 32  # connections of a process, as botocore keeps
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BINARY = re.compile(rb'"BS?"')  # base64, which botocore's parser decodes
_SERVICE, _ALGORITHM = "dynamodb", "AWS4-HMAC-SHA256"


class Answer(NamedTuple):
    """The part of botocore's HTTP answer that its clients read."""

    status_code: int


class ShortCalls:
    """A handler of botocore's event ``before-call``: what it returns takes the place of a call.

    It returns the answer of a call that succeeds. Any other call, also one whose answer is lost, gives ``None``:
    botocore makes it again in its own way, as after a failed try of its own.
    """

    def __init__(self) -> None:
        self.idle: deque[socket.socket] = deque()

    def __call__(
        self, params: dict[str, Any], request_signer: Any, context: dict[str, Any], **_: Any
    ) -> tuple[Answer, dict[str, Any]] | None:
        address = urlsplit(params["url"])
        if address.scheme != "http":
            return None
        credentials = request_signer.get_auth_instance(_SERVICE, context["client_region"], "v4").credentials
        target, body = params["headers"]["X-Amz-Target"], params["body"]
        head = signed_head(address.netloc, target, body, context["client_region"], credentials)
        try:
            line = self._kept() or _connected(address.hostname, address.port or 80, context["client_config"])
            status, text = _exchange(line, head + body)
            self._keep(line)
            return None if status != 200 or _BINARY.search(text) else (Answer(status), json.loads(text))
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
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {"host": host, "x-amz-date": now}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    signed["x-amz-target"] = target  # in alphabetical order
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{region}/{_SERVICE}/aws4_request"
    text = f"{_ALGORITHM}\n{now}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_signing_key(credentials.secret_key, scope), text.encode(), "sha256").hex()
    headers = {
        **signed,
        "authorization": f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
        "content-type": "application/x-amz-json-1.0",
        "content-length": len(body),
    }
    return "\r\n".join(["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


@lru_cache(maxsize=4)
def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key
