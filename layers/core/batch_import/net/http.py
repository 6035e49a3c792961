"""HTTP to addresses that a person chose: guarded when connecting, no redirects, capped.

See docs/design.md#27-untrusted-input.
"""

import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from batch_import.domain.answers import Answer, Trouble
from batch_import.net.deadline import POOLS, deadline, seconds_left
from batch_import.net.large_answers import await_place
from batch_import.net.own_faults import raise_own_fault
from batch_import.net.resolver import Resolver
from batch_import.net.tls import tls_context
from batch_import.net.user_agent import USER_AGENT

CONNECT_TIMEOUT = 5.0
MAX_BODY = 2 * 1024 * 1024
CONNECTIONS = 600  # that are kept for one origin at most: 200 items may be there, and each asks three protocols at once
_NOT_CONNECTED = (NewConnectionError, NameResolutionError, ConnectTimeoutError)
_KEPT_HEADERS = ("retry-after", "date", "x-client-request-id", "x-request-id", "etag", "location", "cf-mitigated",
                 "x-vercel-mitigated", "x-new-api-version")  # fmt: skip
_LONGEST_HEADER = 2_048
_AT_ONCE = 0.001  # seconds: pieces so close count as one, so that a body of many tiny ones fills no memory
_FEW_BYTES, _MANY_PIECES = 16, 2_048  # a body in pieces as small as these, and as many, is not worth the time


class GuardedAdapter(HTTPAdapter):
    """Refuses private addresses after resolution and connects to the very address it checked (no rebinding).

    ``allowed`` names hosts that development opens (``AllowedPrivateHosts`` in the template).
    """

    def __init__(self, allowed: Collection[str], relays: int, resolver: Resolver, tls: ssl.SSLContext | None) -> None:
        super().__init__(relays, CONNECTIONS)
        self._allowed = frozenset(allowed)
        self._resolver = resolver
        self._tls = tls
        self.poolmanager.pool_classes_by_scheme = POOLS

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        place, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        name, port = place["host"], place["port"]
        tls = {"ssl_context": self._tls or tls_context(), "server_hostname": name} if place["scheme"] == "https" else {}
        if name not in self._allowed:
            place["host"] = self._resolver.address(name, port)
            host = f"[{name}]" if ":" in name else name
            request.headers["Host"] = host if port is None else f"{host}:{port}"
        return place, tls

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """The context demands certificates; given their file, each connection would read it again."""


def guarded_session(
    allowed_private_hosts: Collection[str] = (),
    relays: int = 128,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> requests.Session:
    """Keeps at most ``CONNECTIONS`` open to each of ``relays`` origins, until it is closed."""
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = USER_AGENT
    adapter = GuardedAdapter(allowed_private_hosts, relays, resolver or Resolver(), tls)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def send(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    timeout: float,
) -> BaseHTTPResponse:
    """One request by the session's adapter; the body of the answer is not read yet. Raises ``RequestException``.

    Of a session nothing else is wanted: no redirects, no proxies, no cookies that one relay sets and another gets.
    Merging them makes a call a third dearer.
    """
    prepared = requests.PreparedRequest()
    place, mark, query = url.partition("?")
    prepared.method, prepared.url = method, f"{_prepared(place)}{mark}{query}"
    prepared.prepare_headers({**session.headers, **headers})
    prepared.prepare_body(None, None, json=body)
    answer = session.get_adapter(str(prepared.url)).send(prepared, stream=True, timeout=(CONNECT_TIMEOUT, timeout))
    return cast(BaseHTTPResponse, answer.raw)


@lru_cache(maxsize=4096)
def _prepared(url: str) -> str | None:
    """An address without query as ``requests`` sends it; that of completions is asked several times. It holds no
    credentials (``domain/urls.py``), as a query may.
    """
    address = requests.PreparedRequest()
    address.prepare_url(url, None)
    return address.url


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

    ``send`` is the function above with its session, or ``HostTransport.send``.
    """
    timeout = min(timeout, seconds_left())
    if timeout <= 0:
        return Answer(trouble=Trouble.READ_TIMEOUT)
    end = time.monotonic() + timeout
    try:
        with deadline(timeout), send(method, url, headers=headers, body=body, timeout=timeout) as response:
            return _read(response, end - timeout, end, max_body)
    except (OSError, HTTPError, ValueError, MemoryError) as error:  # requests' own errors are OSErrors
        raise_own_fault(error)
        trouble = _trouble(error)
        late = trouble is Trouble.CUT and time.monotonic() >= end  # the deadline shut the connection down
        return Answer(trouble=Trouble.READ_TIMEOUT if late else trouble)


def connection_trouble(resolver: Resolver, allowed: Collection[str], origin: str) -> Trouble | None:
    """Can a connection to ``origin`` be opened at all? Guarded like any other; no HTTP is spoken.

    Raises ``OutOfResources`` when this process is at fault.
    """
    parts = urlsplit(origin)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = host if host in allowed else resolver.address(host, port).strip("[]")
        socket.create_connection((address, port), CONNECT_TIMEOUT).close()
    except InvalidIPAddress:
        return Trouble.ADDRESS_REFUSED
    except (OSError, ValueError) as error:  # requests' own errors are OSErrors
        raise_own_fault(error)
        return Trouble.UNREACHABLE
    return None


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
    if isinstance(error, (InvalidIPAddress, requests.exceptions.InvalidURL)):
        return Trouble.ADDRESS_REFUSED
    if isinstance(error, (requests.exceptions.SSLError, SSLError)):
        return Trouble.TLS
    if isinstance(error, (requests.ConnectTimeout, *_NOT_CONNECTED)) or _before_exchange(error):
        return Trouble.UNREACHABLE
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return Trouble.READ_TIMEOUT
    if isinstance(error, DecodeError):
        return Trouble.UNREADABLE
    if isinstance(error, (requests.RequestException, HTTPError)):
        return Trouble.CUT
    return Trouble.UNREACHABLE  # a host name that no resolver takes


def _before_exchange(error: Exception) -> bool:
    """Did the connection never come about? ``requests`` hides urllib3's reason one level down."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, _NOT_CONNECTED):
        return True
    return str(error) == "Failed to resolve domain"
