"""The TLS context of all connections: to read the certificates of the authorities takes longer than a handshake."""

import ssl
from functools import lru_cache

from certifi import where


@lru_cache(maxsize=2)
def tls_context(authorities: str = "") -> ssl.SSLContext:
    """Certificates are demanded and host names checked. Nobody changes the context: all threads share it.

    ``authorities`` is a file of certificates that are trusted in place of the shipped ones.
    """
    return ssl.create_default_context(cafile=authorities or where())
