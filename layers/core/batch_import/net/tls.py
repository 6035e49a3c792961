"""The TLS context of all connections: to read the certificates of the authorities takes longer than a handshake."""

import ssl
from functools import lru_cache

from certifi import where


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Certificates are demanded and host names checked. Nobody changes the context: all threads share it."""
    return ssl.create_default_context(cafile=where())
