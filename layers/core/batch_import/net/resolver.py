"""Addresses of relays: checked once, kept for a short time, and connected to as they were checked.

See docs/design.md#27-untrusted-input.
"""

import time
from collections.abc import Callable
from ipaddress import IPv6Network, ip_address

from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from batch_import.net.http import AddressRefused

KEPT_SECONDS = 45.0
_MOST = 4_096
# All that is assigned for hosts of the internet. Outside are forms that hold an IPv4 address (``::a.b.c.d``,
# ``::ffff:0:a.b.c.d``), which a machine with a translator connects to, and ``fec0::/10``.
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class Resolver:
    """Used by many threads. A refusal or a failure is not kept."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, str]] = {}

    def address(self, host: str, port: int | None) -> str:
        """A public address of ``host``, in brackets if of IPv6. Raises ``AddressRefused`` or ``OSError``."""
        until, address = self._kept.get(host, (0.0, ""))
        now = self._monotonic()
        if until > now:
            return address
        try:
            address = str(filter_host(host, port, allow_loopback=False))
        except InvalidIPAddress as refused:
            raise AddressRefused(str(refused)) from None
        if address.startswith("[") and ip_address(address[1:-1]) not in _GLOBAL_UNICAST:
            raise AddressRefused(address)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[host] = (now + KEPT_SECONDS, address)
        return address
