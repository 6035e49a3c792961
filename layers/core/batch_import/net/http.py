"""One exchange over HTTP with a relay or the host: bounded in time and size, no redirects, trouble told as data.

See docs/design.md#27-untrusted-input.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from batch_import.domain.answers import Answer, Trouble
from batch_import.net.deadline import deadline, seconds_left
from batch_import.net.large_answers import await_place
from batch_import.net.own_faults import raise_own_fault

CONNECT_TIMEOUT = 5.0
MAX_BODY = 2 * 1024 * 1024
_NOT_CONNECTED = (NewConnectionError, NameResolutionError, ConnectTimeoutError)
_KEPT_HEADERS = ("retry-after", "date", "x-client-request-id", "x-request-id", "etag", "location", "cf-mitigated",
                 "x-vercel-mitigated", "x-new-api-version")  # fmt: skip
_LONGEST_HEADER = 2_048
_AT_ONCE = 0.001  # seconds: pieces so close count as one, so that a body of many tiny ones fills no memory
_FEW_BYTES, _MANY_PIECES = 16, 2_048  # a body in pieces as small as these, and as many, is not worth the time


class AddressRefused(ValueError):
    """An address at which no relay may be, since it is none of the internet."""


def request(
    pool: HTTPConnectionPool, method: str, target: str, headers: Mapping[str, str], body: Any, timeout: float
) -> BaseHTTPResponse:
    """One request by ``pool``, with a ``body`` of JSON; its answer is not read yet. Raises urllib3's ``HTTPError``, or
    ``ValueError``.
    """
    content = {} if body is None else {"Content-Type": "application/json"}
    return pool.urlopen(
        method,
        target,
        None if body is None else json.dumps(body, allow_nan=False).encode(),
        {**content, **headers},
        retries=False,
        redirect=False,
        timeout=Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
        preload_content=False,
    )


def exchange(
    send: Callable[..., BaseHTTPResponse],
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    timeout: float = 30.0,
    max_body: int = MAX_BODY,
) -> Answer:
    """One exchange as an ``Answer``; trouble is data, not an exception. ``timeout`` bounds the whole, in seconds.
    Raises ``OutOfResources`` when this process is at fault.

    An outer ``deadline`` shortens it; a call for which no time is left is a read time-out and is not sent.

    ``send`` is that of ``RelayConnections``, or of ``HostTransport``.
    """
    timeout = min(timeout, seconds_left())
    if timeout <= 0:
        return Answer(trouble=Trouble.READ_TIMEOUT)
    end = time.monotonic() + timeout
    try:
        with deadline(timeout), send(method, url, headers=headers, body=body, timeout=timeout) as response:
            return _read(response, end - timeout, end, max_body)
    except (OSError, HTTPError, ValueError, MemoryError) as error:
        raise_own_fault(error)
        trouble = _trouble(error)
        late = trouble is Trouble.CUT and time.monotonic() >= end  # the deadline shut the connection down
        return Answer(trouble=Trouble.READ_TIMEOUT if late else trouble)


def _read(response: BaseHTTPResponse, start: float, end: float, max_body: int) -> Answer:
    """What is there is read at once, not when 64 KiB have come: a slow drip must meet the deadline.

    A stream that is too long is judged by what has come; a whole answer that is too long is none.
    """
    chunks: list[bytes] = []
    arrivals: list[tuple[int, float]] = []
    size, cut = 0, False
    kind = response.headers.get("content-type", "")[:_LONGEST_HEADER]
    while not cut and (chunk := response.read1(65536, decode_content=True)):
        chunks.append(chunk)
        size += len(chunk)
        now = time.monotonic()
        if arrivals and now - start - arrivals[-1][1] < _AT_ONCE:
            arrivals[-1] = size, arrivals[-1][1]
        else:
            arrivals.append((size, now - start))
        tiny = len(chunks) > _MANY_PIECES and size < _FEW_BYTES * len(chunks)
        cut = size > max_body and "event-stream" in kind
        if tiny or (size > max_body and not cut):
            return Answer(trouble=Trouble.TOO_LARGE)
        if now > end:
            return Answer(trouble=Trouble.READ_TIMEOUT)
    await_place(size)
    text = b"".join(chunks)[:max_body].decode("utf-8", "replace")
    kept = {name: response.headers[name][:_LONGEST_HEADER] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(response.status, text, kind, kept, cut=cut, arrivals=tuple(arrivals))


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, (AddressRefused, LocationParseError)):
        return Trouble.ADDRESS_REFUSED
    if isinstance(error, SSLError):
        return Trouble.TLS
    if isinstance(error, _NOT_CONNECTED):
        return Trouble.UNREACHABLE
    if isinstance(error, ReadTimeoutError):
        return Trouble.READ_TIMEOUT
    if isinstance(error, DecodeError):
        return Trouble.UNREADABLE
    if isinstance(error, HTTPError):
        return Trouble.CUT
    return Trouble.UNREACHABLE  # a name that no resolver knows or takes
