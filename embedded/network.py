"""Calls on loopback: whether a port is free, whether an address answers, and JSON calls."""

import json
import socket
import time
import urllib.error
import urllib.request
from typing import Any

from embedded.errors import EmbeddedError
from embedded.settings import LOOPBACK

# Without the proxies of the environment, which are for other machines.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def require_free(port: int, variable: str, seconds: float = 2.0) -> None:
    """EmbeddedError when the port is not free within so many seconds: a killed process closes it a bit later."""
    deadline = time.monotonic() + seconds
    while _listens(port) or not _can_bind(port):
        if time.monotonic() < deadline:
            time.sleep(0.02)
            continue
        example = f"{variable}={port + 1} make run"
        raise EmbeddedError(f"port {port} is taken by another program; choose another one, for example {example}")


def _listens(port: int) -> bool:
    """True for a server on all addresses, too, beside which some systems allow to bind."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(url: str, seconds: float = 2.0) -> bool:
    try:
        with _OPENER.open(url, timeout=seconds) as answer:
            return bool(200 <= answer.status < 300)
    except (OSError, ValueError):
        return False


def call(method: str, url: str, body: Any = None, token: str | None = None) -> Any:
    """The JSON answer to a call; EmbeddedError, which names the address, for any failure."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - loopback addresses
    try:
        with _OPENER.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise EmbeddedError(f"{method} {url} answered {error.code}") from None
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"{method} {url} failed: {type(error).__name__}") from None
