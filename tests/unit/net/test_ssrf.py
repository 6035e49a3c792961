"""No spelling of a private address is connected to: some three hundred of them, by the adapter that asks relays."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from batch_import.domain.answers import Trouble
from batch_import.domain.errors import BatchImportError
from batch_import.domain.urls import canonical_base_url
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections, connection_trouble
from batch_import.net.resolver import Resolver

INSIDE = (
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254", "192.168.1.1"),
    *("169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "0.0.0.0"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
)
OTHERS = (
    *("localhost", "LOCALHOST", "localhost.", "ip6-localhost"),
    *("[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[febf::1]", "[fc00::1]", "[fd00:ec2::254]", "[fdff::1]"),
    *("[fec0::1]", "[feff::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]"),
    *("[2001:10::1]", "[2001:20::1]", "[::ffff:0:0]", "[::2]", "[e000::1]", "[8000::1]", "[2001::1]"),
    *("127.1", "127.0.1", "0", "0x0", "00000000", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1"),
    *("[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:7f00:1]", "[64:ff9b::a9fe:a9fe]"),
)
NAMES_THAT_POINT_INSIDE = (
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "::1",
    "fec0::1",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
)


def spellings(address: str) -> Iterator[str]:
    """The forms of an IPv4 address that some resolver takes."""
    parts = [int(part) for part in address.split(".")]
    number = int(ipaddress.IPv4Address(address))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    yield address
    yield str(number)
    yield hex(number)
    yield f"0{number:o}"
    yield ".".join(hex(part) for part in parts)
    yield ".".join(f"0{part:o}" for part in parts)
    yield f"{parts[0]}.{parts[1]}.{parts[2] << 8 | parts[3]}"
    yield f"{parts[0]}.{number & 0xFFFFFF}"
    yield f"0x{parts[0]:x}.0{parts[1]:o}.{parts[2]}.{parts[3]}"
    for form in ("::ffff:{}", "::{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}"):
        yield f"[{form.format(address)}]"
    yield f"[::ffff:{high}:{low}]"
    yield f"[2002:{high}:{low}::1]"
    yield f"[2001:0:{high}:{low}::1]"


INPUTS = sorted({host for address in INSIDE for host in spellings(address)} | set(OTHERS))


@pytest.fixture(scope="module")
def guarded() -> Iterator[RelayConnections]:
    with RelayConnections() as relays:
        yield relays


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where a socket was connected to; none is."""
    places: list[Any] = []

    def connect(_: socket.socket, place: Any) -> None:
        places.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return places


def asked(relays: RelayConnections, url: str) -> Trouble | None:
    return exchange(relays.send, "GET", url, headers={}, timeout=5).trouble


def test_there_are_enough_inputs() -> None:
    assert len(INPUTS) >= 250


def test_no_spelling_of_a_private_address_is_connected_to(guarded: RelayConnections, connected: list[Any]) -> None:
    refused = (Trouble.ADDRESS_REFUSED, Trouble.UNREACHABLE)  # the latter, where no resolver knows the spelling
    passed = [host for host in INPUTS if asked(guarded, f"http://{host}:8080/v1/models") not in refused]
    assert (passed, connected) == ([], [])


def test_nor_after_the_form_that_intake_gives_it(guarded: RelayConnections, connected: list[Any]) -> None:
    for host in INPUTS:
        try:
            url = canonical_base_url(f"https://{host}/v1")
        except (BatchImportError, ValueError):
            continue
        asked(guarded, url)
    assert connected == []


@pytest.mark.parametrize("address", NAMES_THAT_POINT_INSIDE)
def test_nor_a_public_name_that_points_there(
    guarded: RelayConnections, connected: list[Any], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert (
        asked(guarded, f"https://relay-{address.count(':')}-{len(address)}.example.com/v1") is Trouble.ADDRESS_REFUSED
    )
    assert connected == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is(guarded: RelayConnections, connected: list[Any], address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert asked(guarded, f"http://{host}:8080/v1") is Trouble.UNREACHABLE
    assert len(connected) == 1


@pytest.mark.parametrize(
    ("origin", "trouble", "places"),
    [
        ("http://10.0.0.1:8080", Trouble.ADDRESS_REFUSED, []),
        ("https://[::1]", Trouble.ADDRESS_REFUSED, []),
        ("http://10.0.0.2:8080", Trouble.UNREACHABLE, [("10.0.0.2", 8080)]),  # opened by the setting
        ("https://8.8.8.8", Trouble.UNREACHABLE, [("8.8.8.8", 443)]),
        ("http://8.8.8.8", Trouble.UNREACHABLE, [("8.8.8.8", 80)]),
        (f"https://{'a' * 64}.example.com", Trouble.UNREACHABLE, []),
    ],
)
def test_the_look_at_an_origin_is_guarded_as_well(
    connected: list[Any], origin: str, trouble: Trouble, places: list[Any]
) -> None:
    assert connection_trouble(Resolver(), ["10.0.0.2"], origin) is trouble
    assert connected == places
