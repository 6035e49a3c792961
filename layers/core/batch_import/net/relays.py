"""Connections to relays, whose addresses a person chose: guarded when they are opened.

See docs/design.md#27-untrusted-input.
"""

import socket
import ssl
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.util import parse_url

from batch_import.domain.answers import Trouble
from batch_import.net.deadline import POOLS
from batch_import.net.http import CONNECT_TIMEOUT, AddressRefused, request
from batch_import.net.own_faults import raise_own_fault
from batch_import.net.resolver import Resolver
from batch_import.net.tls import tls_context
from batch_import.net.user_agent import USER_AGENT

CONNECTIONS = 600  # that are kept for one origin at most: 200 items may be there, and each asks three protocols at once
_COMMON = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", "Connection": "keep-alive"}


class RelayConnections:
    """Connections to relays: opened to public addresses only, shared by threads, kept until ``close``.

    An address is refused after resolution, and the very address that was checked is connected to (no rebinding).
    ``allowed`` names hosts that development opens (``AllowedPrivateHosts`` in the template). Each of ``relays`` origins
    keeps ``CONNECTIONS`` at most. No redirects, no proxies, no cookies that one relay sets and another gets.
    """

    def __init__(
        self,
        allowed: Collection[str] = (),
        relays: int = 128,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = frozenset(allowed)
        self._resolver = resolver or Resolver()
        self._tls = tls
        self._pools = PoolManager(relays, maxsize=CONNECTIONS)
        self._pools.pool_classes_by_scheme = POOLS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._pools.clear()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: Any = None, timeout: float
    ) -> BaseHTTPResponse:
        """One request; the body of the answer is not read yet.

        Raises urllib3's ``HTTPError``, ``AddressRefused``, ``OSError`` or ``ValueError``.
        """
        place, mark, query = url.partition("?")
        scheme, name, port, authority, path = _parts(place)
        host = name if name in self._allowed else self._resolver.address(name, port)
        tls = {"ssl_context": self._tls or tls_context(), "server_hostname": name} if scheme == "https" else {}
        pool = self._pools.connection_from_host(host, port, scheme, tls)
        return request(pool, method, f"{path}{mark}{query}", {**_COMMON, "Host": authority, **headers}, body, timeout)


@lru_cache(maxsize=4096)
def _parts(url: str) -> tuple[str, str, int | None, str, str]:
    """Scheme, host, port, ``host:port`` and path of an address without its query, which may hold a key.

    The address of completions is asked several times.
    """
    parts = parse_url(url)
    host = parts.host or ""
    return parts.scheme or "", host.strip("[]"), parts.port, parts.netloc or "", parts.path or "/"


def connection_trouble(resolver: Resolver, allowed: Collection[str], origin: str) -> Trouble | None:
    """Can a connection to ``origin`` be opened at all? Guarded like any other; no HTTP is spoken.

    Raises ``OutOfResources`` when this process is at fault.
    """
    parts = urlsplit(origin)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = host if host in allowed else resolver.address(host, port).strip("[]")
        socket.create_connection((address, port), CONNECT_TIMEOUT).close()
    except AddressRefused:
        return Trouble.ADDRESS_REFUSED
    except (OSError, ValueError) as error:
        raise_own_fault(error)
        return Trouble.UNREACHABLE
    return None
