"""Addresses of relays are looked up once in a while, and guarded all the same."""

import socket
from typing import Any

import pytest
import requests
from batch_import.net import resolver as module
from batch_import.net.http import AddressRefused
from batch_import.net.resolver import KEPT_SECONDS, Resolver

from tests.support.clock import HandClock

NAME, PUBLIC, OTHER = "relay.example.com", "203.0.114.7", "203.0.114.8"


class Names:
    """What the network's resolver says, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address, self.asked = PUBLIC, 0
        monkeypatch.setattr(socket, "getaddrinfo", self._lookup)

    def _lookup(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        if not self.address:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.address, port))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def test_an_address_is_looked_up_once_within_its_time(names: Names) -> None:
    hand = HandClock()
    resolver = Resolver(hand.clock.monotonic)
    assert [resolver.address(NAME, 443) for _ in range(3)] == [PUBLIC] * 3
    assert names.asked == 1
    names.address = OTHER
    hand.later(KEPT_SECONDS)
    assert resolver.address(NAME, 443) == OTHER
    assert 30 <= KEPT_SECONDS <= 60


def test_addresses_that_are_kept_are_bounded(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    resolver = Resolver()
    for name, asked in (("a", 1), ("b", 2), ("a", 2), ("c", 3), ("c", 3), ("a", 4)):
        resolver.address(f"{name}.example.com", 443)
        assert names.asked == asked


def test_a_private_address_is_refused_also_when_the_name_was_public_before(names: Names) -> None:
    hand = HandClock()
    resolver = Resolver(hand.clock.monotonic)
    resolver.address(NAME, 443)
    names.address = "10.0.0.1"
    hand.later(KEPT_SECONDS)
    for _ in range(2):
        with pytest.raises(AddressRefused):
            resolver.address(NAME, 443)


def test_a_failed_lookup_is_not_kept(names: Names) -> None:
    resolver = Resolver()
    names.address = ""
    with pytest.raises(requests.ConnectionError):
        resolver.address(NAME, 443)
    names.address = PUBLIC
    assert resolver.address(NAME, 443) == PUBLIC
