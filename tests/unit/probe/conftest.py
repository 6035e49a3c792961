"""Relays over real HTTP, through the guarded connections that the service uses."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections
from batch_import.probe.relay import Relay

KEY = "sk-test-0000000000000001"


@pytest.fixture
def relay_with() -> Iterator[Callable[[str], Relay]]:
    """A relay's caller with a key of one's own; 127.0.0.1 is open to it."""
    with RelayConnections(("127.0.0.1",)) as relays:
        yield partial(Relay, partial(exchange, relays.send))


@pytest.fixture
def relay(relay_with: Callable[[str], Relay]) -> Relay:
    return relay_with(KEY)
