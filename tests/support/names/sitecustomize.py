"""Names below ``relays.test`` are this machine, in every process of Python that has this folder in ``PYTHONPATH``."""

import socket
from typing import Any

_resolve = socket.getaddrinfo


def _resolve_here(host: Any, *arguments: Any, **more: Any) -> Any:
    return _resolve("127.0.0.1" if str(host).endswith(".relays.test") else host, *arguments, **more)


socket.getaddrinfo = _resolve_here
