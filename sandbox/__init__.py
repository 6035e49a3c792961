"""A stand-in for the gateway host and for upstream relays, for the demo, the tests and the benchmark."""

from sandbox.box import Box, running
from sandbox.options import Options

__all__ = ["Box", "Options", "running"]
