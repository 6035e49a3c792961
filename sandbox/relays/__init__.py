"""Stand-ins for upstream relays: one URL path per relay, with selectable faults."""

from sandbox.relays.server import RelayServer

__all__ = ["RelayServer"]
