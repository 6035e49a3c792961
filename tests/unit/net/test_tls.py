"""Certificates are demanded and names checked by one context, which all connections share."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.host.errors import HostUnavailable
from batch_import.host.transport import HostTransport
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections
from batch_import.net.resolver import Resolver
from batch_import.net.tls import tls_context

from tests.support.certificates import make_certificate, trusting
from tests.support.clock import HandClock
from tests.support.relay_farm import relay_farm

LOCAL = ("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), ["localhost"])


@pytest.fixture(scope="module")
def ports(certificate: Path) -> Iterator[list[int]]:
    with relay_farm(3, "--certificate", str(certificate)) as ports:
        yield ports


def ask(host: str, ports: list[int], tls: ssl.SSLContext | None) -> list[Answer]:
    with RelayConnections(LOCAL, tls=tls) as relays:
        return [exchange(relays.send, "GET", f"https://{host}:{p}/v1/models", headers={}) for p in ports]


def test_a_trusted_certificate_for_the_very_name_is_accepted(ports: list[int], certificate: Path) -> None:
    assert [answer.status for answer in ask("localhost", ports, trusting(certificate))] == [200] * 3


@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", True), ("localhost", False)])
def test_another_name_and_an_unknown_authority_are_tls_failures(
    ports: list[int], certificate: Path, host: str, trusted: bool
) -> None:
    (answer,) = ask(host, ports[:1], trusting(certificate) if trusted else None)
    assert answer.trouble is Trouble.TLS


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("relay.example.com", False)])
def test_the_name_is_checked_also_where_its_address_is_connected_to(
    ports: list[int], certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    class Public(Resolver):
        def address(self, host: str, port: int | None) -> str:
            return "127.0.0.1"

    with RelayConnections((), resolver=Public(), tls=trusting(certificate)) as relays:
        answer = exchange(relays.send, "GET", f"https://{name}:{ports[0]}/v1/models", headers={})
    assert (answer.status, answer.trouble) == ((200, None) if trusted else (0, Trouble.TLS))


def test_no_connection_reads_the_authorities_certificates_again(
    ports: list[int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, read = trusting(certificate), []

    def load(self: ssl.SSLContext, *files: Any, **more: Any) -> None:
        read.append(files)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    assert [answer.status for answer in ask("localhost", ports, tls)] == [200] * 3
    assert read == []


def test_relays_and_host_share_one_context_which_is_made_once(
    ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    create = ssl.create_default_context

    def counted(*arguments: Any, **more: Any) -> ssl.SSLContext:
        made.append(arguments)
        return create(*arguments, **more)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    tls_context.cache_clear()
    assert [answer.trouble for answer in ask("localhost", ports, None)] == [Trouble.TLS] * 3
    host = HostTransport(f"https://localhost:{ports[0]}", "admin-key", clock=HandClock().clock)
    with pytest.raises(HostUnavailable):
        host.get("/v1/models")
    assert len(made) == 1


def test_the_hosts_certificate_is_checked_as_well(ports: list[int], certificate: Path) -> None:
    trusted = HostTransport(f"https://localhost:{ports[0]}", "admin-key", tls=trusting(certificate))
    with trusted.send("GET", "/v1/models", headers={}) as answer:
        assert answer.status == 200
    with pytest.raises(HostUnavailable):
        HostTransport(f"https://localhost:{ports[0]}", "admin-key", clock=HandClock().clock).get("/v1/models")
