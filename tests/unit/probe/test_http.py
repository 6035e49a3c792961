"""HTTP to addresses that a person chose: what is refused, what is bounded, what is kept apart.

See docs/design.md#27-untrusted-input.
"""

import gzip
import logging
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
import requests
from batch_import.aws.observability import handler_logger
from batch_import.domain.answers import Answer, Trouble
from batch_import.net.deadline import deadline
from batch_import.net.http import exchange
from batch_import.net.relays import RelayConnections
from batch_import.net.user_agent import USER_AGENT
from urllib3.exceptions import ConnectTimeoutError, ProtocolError

from tests.unit.probe.servers import Served, fixed, serving

LOCAL = ("127.0.0.1",)


@pytest.fixture
def guarded() -> Iterator[RelayConnections]:
    with RelayConnections() as relays:
        yield relays


@pytest.fixture
def opened() -> Iterator[RelayConnections]:
    """Connections for which one private host is open, as in development."""
    with RelayConnections(LOCAL) as relays:
        yield relays


def get(relays: RelayConnections, url: str, **more: Any) -> Answer:
    return exchange(relays.send, "GET", url, headers={}, **more)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name resolves to these addresses; returns the names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        families = [socket.AF_INET6 if ":" in a else socket.AF_INET for a in addresses]
        return [(f, socket.SOCK_STREAM, 6, "", (a, port)) for f, a in zip(families, addresses, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


# --- the guard


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "192.0.2.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "localhost",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_private_addresses_in_any_spelling_are_refused(guarded: RelayConnections, scheme: str, host: str) -> None:
    assert get(guarded, f"{scheme}://{host}:9/v1/models").trouble is Trouble.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"]
)
def test_a_public_name_that_resolves_to_a_private_address_is_refused(
    guarded: RelayConnections, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    asked = resolving(monkeypatch, address)
    assert get(guarded, "https://relay.example.com/v1/models").trouble is Trouble.ADDRESS_REFUSED
    assert asked == ["relay.example.com"]


def test_what_was_checked_is_what_is_connected_to(guarded: RelayConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to something else the second time (rebinding) is never asked a second time."""
    asked = resolving(monkeypatch, "203.0.114.7")
    connected: list[Any] = []

    def connect(address: Any, *args: Any, **kwargs: Any) -> Any:
        connected.append(address[0])
        raise OSError("not in a test")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    assert get(guarded, "http://relay.example.com/v1/models").trouble is Trouble.UNREACHABLE
    assert (asked, connected) == (["relay.example.com"], ["203.0.114.7"])


def test_only_the_very_host_that_was_opened_is_open(opened: RelayConnections) -> None:
    with serving(fixed("200 OK")) as served:
        assert get(opened, served.url).status == 200
        assert get(opened, served.url.replace("127.0.0.1", "127.0.0.2")).trouble is Trouble.ADDRESS_REFUSED
        assert get(opened, served.url.replace("127.0.0.1", "localhost")).trouble is Trouble.ADDRESS_REFUSED


@pytest.mark.parametrize("host", ["a..example.com", f"{'a' * 64}.example.com"])
def test_a_name_that_cannot_be_one_is_trouble_and_no_exception(guarded: RelayConnections, host: str) -> None:
    assert get(guarded, f"https://{host}/v1/models").trouble in (Trouble.UNREACHABLE, Trouble.ADDRESS_REFUSED)


def test_the_environments_proxies_are_not_used(guarded: RelayConnections, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(fixed("200 OK")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        resolving(monkeypatch, "10.0.0.1")
        assert get(guarded, "http://relay.example.com/v1").trouble is Trouble.ADDRESS_REFUSED
    assert proxy.heads == []


# --- what is not followed, not shared, not endless


def test_a_redirect_is_an_answer_and_is_not_followed(opened: RelayConnections) -> None:
    with serving(fixed("200 OK")) as target, serving(fixed("302 Found", b"", f"Location: {target.url}")) as served:
        answer = exchange(opened.send, "GET", served.url, headers={"Authorization": "Bearer sk-secret"})
    assert answer.status == 302
    assert target.heads == []


def test_cookies_do_not_travel_from_one_call_to_the_next(opened: RelayConnections) -> None:
    with serving(fixed("200 OK", b"{}", "Set-Cookie: session=relay; Path=/")) as served:
        get(opened, served.url)
        get(opened, served.url)
    assert len(served.heads) == 2
    assert not any("cookie" in head.lower() for head in served.heads)


def test_a_body_beyond_the_cap_is_cut_off(opened: RelayConnections) -> None:
    with serving(fixed("200 OK", b"x" * 300_000)) as served:
        assert get(opened, served.url, max_body=200_000).trouble is Trouble.TOO_LARGE
        assert len(get(opened, served.url, max_body=300_000).text) == 300_000


def test_a_compressed_body_is_measured_unpacked(opened: RelayConnections) -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    with serving(fixed("200 OK", bomb, "Content-Encoding: gzip")) as served:
        assert get(opened, served.url).trouble is Trouble.TOO_LARGE


def dripping_chunks(connection: socket.socket, _: str, served: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        if served.stopped.wait(0.05):
            return
        connection.sendall(b"1\r\nx\r\n")


def dripping_body(connection: socket.socket, _: str, served: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nConnection: close\r\n\r\n")
    served.drip(connection, b"x" * 40, 0.05)


def dripping_head(connection: socket.socket, _: str, served: Served) -> None:
    served.drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 20 + b"\r\nContent-Length: 0\r\n\r\n", 0.04)


@pytest.mark.parametrize("script", [dripping_chunks, dripping_body, dripping_head])
def test_an_answer_that_drips_ends_at_the_deadline_of_the_whole(opened: RelayConnections, script: Any) -> None:
    """Each byte comes in time, so no time-out between bytes ever ends it."""
    with serving(script) as served:
        begun = time.monotonic()
        answer = get(opened, served.url, timeout=0.4)
        took = time.monotonic() - begun
    assert answer.trouble is Trouble.READ_TIMEOUT
    assert took < 1.2


# --- trouble by its kind


def silent(connection: socket.socket, _: str, served: Served) -> None:
    served.stopped.wait(5)


def cut(connection: socket.socket, _: str, served: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def hang_up(connection: socket.socket, _: str, served: Served) -> None:
    return


def not_packed_as_said(connection: socket.socket, _: str, served: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")


def no_http(connection: socket.socket, _: str, served: Served) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (silent, Trouble.READ_TIMEOUT),
        (cut, Trouble.CUT),
        (hang_up, Trouble.CUT),
        (no_http, Trouble.CUT),
        (not_packed_as_said, Trouble.UNREADABLE),
    ],
)
def test_what_goes_wrong_after_connecting(opened: RelayConnections, script: Any, trouble: Trouble) -> None:
    with serving(script) as served:
        assert get(opened, served.url, timeout=0.3).trouble is trouble


@pytest.mark.parametrize(
    ("error", "seconds", "timeout", "trouble"),
    [
        (ProtocolError("reset"), 0.0, 30.0, Trouble.CUT),
        (ProtocolError("reset"), 0.03, 0.02, Trouble.READ_TIMEOUT),  # the deadline shut the connection down
        (ConnectTimeoutError("no answer"), 0.03, 0.02, Trouble.UNREACHABLE),
    ],
)
def test_only_a_connection_that_ends_with_its_time_is_late(
    error: Exception, seconds: float, timeout: float, trouble: Trouble
) -> None:
    def send(*_: Any, **__: Any) -> Any:
        time.sleep(seconds)
        raise error

    assert exchange(send, "GET", "https://relay.example.com", headers={}, timeout=timeout).trouble is trouble


def test_without_time_nothing_is_sent() -> None:
    send = Mock()
    with deadline(0):
        assert exchange(send, "GET", "https://relay.example.com", headers={}).trouble is Trouble.READ_TIMEOUT
    send.assert_not_called()


def test_a_closed_port_and_an_unknown_name_are_unreachable(
    opened: RelayConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(fixed("200 OK")) as served:
        closed = served.url
    assert get(opened, closed).trouble is Trouble.UNREACHABLE

    def nobody(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert get(opened, "https://nowhere.example.com/v1").trouble is Trouble.UNREACHABLE


def test_a_server_that_speaks_no_tls_is_a_tls_failure(opened: RelayConnections) -> None:
    with serving(fixed("400 Bad Request"), end=b"\x16\x03") as served:
        assert get(opened, served.url.replace("http:", "https:")).trouble is Trouble.TLS


def test_the_answer_keeps_what_rules_read_and_nothing_else(opened: RelayConnections) -> None:
    headers = ("Retry-After: 7", "X-Request-ID: r-1", "X-Other: no", "Content-Type: application/json")
    with serving(fixed("429 Too Many Requests", '{"a":"é"}'.encode(), *headers)) as served:
        answer = exchange(opened.send, "POST", served.url, headers={"X-Api-Key": "k"}, body={"model": "m"})
    assert (answer.status, answer.json, answer.retry_after) == (429, {"a": "é"}, 7.0)
    assert dict(answer.headers) == {"retry-after": "7", "x-request-id": "r-1"}
    assert f"User-Agent: {USER_AGENT}" in served.heads[0]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/v1/a b/ü?x=1&y=a%20b", None),
        ("POST", "/v1/chat/completions", {"model": "ü", "n": [1, None, True]}),
        ("POST", "/v1/chat/completions", {}),
    ],
)
def test_what_is_sent_is_what_requests_would_send(opened: RelayConnections, method: str, path: str, body: Any) -> None:
    headers = {"Authorization": "Bearer sk-test", "X-Request-ID": "r-1", "Accept": "*/*", "User-Agent": USER_AGENT}
    with serving(fixed("200 OK"), end=b"\r\n\r\n" if body is None else b"}") as served:
        url = served.url.removesuffix("/v1") + path
        for _ in range(2):  # the second time the address is known
            exchange(opened.send, method, url, headers=headers, body=body)
        requests.request(method, url, headers=headers, json=body, timeout=5)
    first, second, by_requests = ([head.split("\r\n", 1)[0], *sorted(head.split("\r\n")[1:])] for head in served.heads)
    assert first == second == by_requests


@pytest.mark.parametrize(
    ("headers", "body"), [({"Authorization": "Bearer a\nX-More: b"}, {}), ({}, {"n": float("nan")})]
)
def test_what_http_or_json_forbids_is_not_sent(opened: RelayConnections, headers: dict[str, str], body: Any) -> None:
    with serving(fixed("200 OK")) as served, pytest.raises(ValueError, match=r"Invalid header|JSON compliant"):
        opened.send("POST", served.url, headers=headers, body=body, timeout=1)


@pytest.mark.parametrize(("port", "name"), [(8443, "relay.example.com:8443"), (None, "relay.example.com")])
def test_a_relay_hears_its_own_name_and_not_its_address(
    opened: RelayConnections, monkeypatch: pytest.MonkeyPatch, port: int | None, name: str
) -> None:
    resolving(monkeypatch, "203.0.114.7")
    with serving(fixed("200 OK")) as served:

        def connect(*_: Any, **__: Any) -> socket.socket:
            connection = socket.socket()
            connection.connect(("127.0.0.1", urlsplit(served.url).port))
            return connection

        monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
        assert get(opened, f"http://relay.example.com{f':{port}' if port else ''}/v1/models").status == 200
    assert f"\r\nHost: {name}\r\n" in served.heads[0]


def malformed_head(connection: socket.socket, _: str, __: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nno header, but sk-test-secret\r\nContent-Length: 2\r\n\r\n{}")


def test_no_log_tells_the_key_of_an_address_whose_answer_has_a_malformed_head(
    opened: RelayConnections, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("urllib3")
    before = logger.level
    try:
        handler_logger()
        with serving(malformed_head) as served:
            assert get(opened, f"{served.url}/models?key=sk-test-secret").text == "{}"
    finally:
        logger.setLevel(before)
    assert "sk-test-secret" not in caplog.text


# --- answers that cost more than they are worth


def flood_of_interim_answers(connection: socket.socket, _: str, __: Served) -> None:
    for _ in range(100_000):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def flood_of_tiny_chunks(connection: socket.socket, _: str, __: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100_000):
        connection.sendall(b"1\r\n \r\n" * 1_000)


def flood_of_headers(connection: socket.socket, _: str, __: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.sendall(b"X-%d: 1\r\n" % number * 100)


def flood_of_long_headers(connection: socket.socket, _: str, served: Served) -> None:
    """Forty times 60,000 bytes, as the standard library would take them, and then nothing."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 60_000) for n in range(40)))
    served.stopped.wait()


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (flood_of_interim_answers, Trouble.CUT),
        (flood_of_headers, Trouble.CUT),
        (flood_of_long_headers, Trouble.CUT),
        (flood_of_tiny_chunks, Trouble.TOO_LARGE),
    ],
)
def test_a_flood_of_nothing_ends_early(opened: RelayConnections, script: Any, trouble: Trouble) -> None:
    with serving(script) as served:
        begun = time.monotonic()
        assert get(opened, served.url, timeout=20).trouble is trouble
        assert time.monotonic() - begun < 10


def many_small_chunks(connection: socket.socket, _: str, __: Served) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.sendall(b"20\r\n" + b"x" * 32 + b"\r\n")
    connection.sendall((b"20\r\n" + b"x" * 32 + b"\r\n") * 20_000 + b"0\r\n\r\n")


def test_pieces_of_the_same_millisecond_arrive_as_one(opened: RelayConnections) -> None:
    with serving(many_small_chunks) as served:
        answer = get(opened, served.url, max_body=1_000_000)
    moments = [moment for _, moment in answer.arrivals]
    assert answer.arrivals[-1][0] == len(answer.text) == 32 * 20_001
    assert all(later - earlier >= 0.001 for earlier, later in pairwise(moments))


def early_hints(connection: socket.socket, _: str, __: Served) -> None:
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def test_early_hints_are_not_the_answer(opened: RelayConnections) -> None:
    with serving(early_hints) as served:
        assert get(opened, served.url).status == 200


def test_a_stream_beyond_the_cap_is_judged_by_what_came(opened: RelayConnections) -> None:
    body = b'data: {"choices":[{"delta":{"content":"ok"}}]}\n\n' * 2_000
    with serving(fixed("200 OK", body, "Content-Type: text/event-stream")) as served:
        answer = get(opened, served.url, max_body=10_000)
    assert (answer.trouble, answer.cut, len(answer.text)) == (None, True, 10_000)
