"""A stand-in for the gateway host: admin API, user API and gateway, as 0.1.179 or 0.1.130 answer."""

from sandbox.host.state import Host

__all__ = ["Host"]
