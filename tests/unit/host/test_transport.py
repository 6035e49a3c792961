"""The host's error envelopes, and what a call comes to: succeeded, rejected or uncertain.

See docs/host-api.md#envelopes.
"""

import gzip
import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision
from batch_import.domain.answers import Trouble
from batch_import.host import errors, transport
from batch_import.host.errors import (
    HostError,
    HostGated,
    HostNotConfigured,
    HostRefusesCredentials,
    HostRejected,
    HostUnavailable,
    HostUncertain,
    NoTimeLeft,
)
from batch_import.host.transport import HostTransport, unwrap
from batch_import.net import http
from batch_import.net.deadline import MAX_IDLE, deadline
from batch_import.net.http import exchange
from batch_import.net.user_agent import USER_AGENT
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, ProtocolError, ReadTimeoutError, SSLError

from tests.support.clock import HandClock
from tests.unit.probe.servers import Served, fixed, serving

WIRE = Path(__file__).parents[2] / "contract" / "wire"
SECRET = "admin-" + "5a" * 32


@pytest.mark.parametrize(
    ("status", "on_write", "on_read"),
    [
        (400, HostRejected, HostRejected),
        (401, HostRefusesCredentials, HostRefusesCredentials),
        (403, HostRejected, HostRejected),
        (404, HostRejected, HostRejected),
        (409, HostRejected, HostRejected),
        (423, HostGated, HostGated),
        (429, HostUnavailable, HostUnavailable),
        (500, HostUncertain, HostUnavailable),
        (502, HostUncertain, HostUnavailable),
        (504, HostUncertain, HostUnavailable),
        (200, HostUncertain, HostUnavailable),
        (204, HostUncertain, HostUnavailable),
        (302, HostUncertain, HostUnavailable),
    ],
)
def test_each_status_is_rejected_uncertain_or_no_answer(
    status: int, on_write: type[HostError], on_read: type[HostError]
) -> None:
    for safe, kind in ((False, on_write), (True, on_read)):
        with pytest.raises(HostError) as raised:
            unwrap(status, {"code": status, "message": "no", "reason": "WHY"}, "", safe)
        assert type(raised.value) is kind
        assert (raised.value.status, raised.value.reason) == (status, "WHY")


@pytest.mark.parametrize(
    ("body", "text", "reason", "words"),
    [
        ({"code": 409, "message": "exists", "reason": "GROUP_EXISTS"}, "", "GROUP_EXISTS", "exists"),
        ({"code": "INVALID_ADMIN_KEY", "message": "Invalid admin API key"}, "", "INVALID_ADMIN_KEY", "Invalid admin"),
        ({"error": "rate limit exceeded"}, "", "", "rate limit exceeded"),
        (None, "404 page not found", "", "404 page not found"),
        ([], "[]", "", "[]"),
        (None, "<html>\n bad   gateway", "", "<html> bad gateway"),
    ],
)
def test_every_envelope_gives_its_words(body: Any, text: str, reason: str, words: str) -> None:
    with pytest.raises(HostError, match="host answered 418") as raised:
        unwrap(418, body, text, safe=False)
    assert raised.value.reason == reason
    assert words in str(raised.value)


def test_time_to_connect_does_not_bound_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 0.2)

    def slow(connection: socket.socket, head: str, served: Served) -> None:
        served.stopped.wait(0.6)
        fixed("200 OK", b'{"code": 0, "data": "late"}')(connection, head, served)

    with serving(slow) as served, closing(HostTransport(served.url, SECRET)) as host:
        assert host.get("/slow") == "late"


class Breaker:
    """Counts what it is told about the host."""

    failures = 0

    def failed(self) -> BreakerDecision:
        self.failures += 1
        return CLOSED

    def works(self) -> None:
        """Nothing waits here."""


def test_deadline_of_the_work_bounds_every_call_and_is_no_word_about_the_host() -> None:
    breaker = Breaker()

    def silent(_: socket.socket, __: str, served: Served) -> None:
        served.stopped.wait(5)

    with serving(silent) as served, closing(HostTransport(served.url, SECRET, breaker)) as host:
        begun = time.monotonic()
        with deadline(0.3), pytest.raises(HostUnavailable):
            host.get("/slow")
        with deadline(0), pytest.raises(NoTimeLeft):
            host.write("POST", "/not-sent")
        assert time.monotonic() - begun < 2
        assert len(served.heads) == 1
    assert breaker.failures == 0


def test_a_call_that_the_deadline_cuts_off_says_nothing_about_the_host() -> None:
    def silent(_: socket.socket, __: str, served: Served) -> None:
        served.stopped.wait(5)

    with serving(silent) as served, to(served) as host, deadline(0.2), pytest.raises(NoTimeLeft):
        host.get("/slow")


def test_connections_that_were_idle_for_long_are_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a function is frozen, AWS and NAT gateways end its connections without a word: the next call is reset."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n" + b'{"code":0,"data":[1]}'
    arrived = threading.Barrier(4)

    def once(connection: socket.socket, head: str, _: Served) -> None:
        if "/together" in head:
            arrived.wait(5)
        connection.sendall(answer)
        if connection.recv(1):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset

    breaker, moments = Breaker(), itertools.count(time.time(), MAX_IDLE + 2)
    with serving(once) as served, closing(HostTransport(served.url, SECRET, breaker)) as host:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(host.get, ["/together"] * 4)) == [[1]] * 4
        monkeypatch.setattr("batch_import.net.deadline.time.time", lambda: next(moments))
        assert host.get("/later") == host.write("POST", "/later") == [1]
    assert breaker.failures == 0


def test_an_answer_that_drips_ends_with_the_time_of_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, so no time-out between bytes ever ends it."""

    def dripping(connection: socket.socket, _: str, served: Served) -> None:
        served.drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b" " * 40, 0.04)

    monkeypatch.setattr(transport, "TIMEOUT", 0.4)
    with serving(dripping) as served, to(served) as host:
        begun = time.monotonic()
        with pytest.raises(HostUncertain):
            host.write("POST", "/api/v1/admin/groups")
        assert time.monotonic() - begun < 1.2


def test_a_credential_that_the_host_repeats_is_not_told() -> None:
    told = fixed("403 Forbidden", json.dumps({"message": f"no right for {SECRET} or jwt-0123456789"}).encode())
    with serving(told, end=b"}") as served, to(served) as host:
        with pytest.raises(HostRejected, match=r"no right for \*\*\*") as raised:
            host.write("POST", "/api/v1/keys")
        assert SECRET not in str(raised.value)
        with pytest.raises(HostRejected) as raised:
            host.write("POST", "/api/v1/keys", bearer="jwt-0123456789")
        assert "jwt-0123456789" not in str(raised.value)


def test_success_gives_the_data_and_nothing_else_is_success() -> None:
    assert unwrap(200, {"code": 0, "message": "success", "data": [1]}, "", safe=False) == [1]
    assert unwrap(200, {"code": 0, "message": "success"}, "", safe=False) is None
    with pytest.raises(HostUncertain):
        unwrap(200, None, "<html>", safe=False)


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("179-admin-bad-key", HostRefusesCredentials, "INVALID_ADMIN_KEY"),
        ("179-compliance-423-get", HostGated, "ADMIN_COMPLIANCE_ACK_REQUIRED"),
        ("179-group-create-duplicate-409", HostRejected, "GROUP_EXISTS"),
        ("179-account-create-bad-group-500", HostUncertain, ""),
        ("179-account-create-idempotency-conflict", HostRejected, "IDEMPOTENCY_KEY_CONFLICT"),
        ("179-idempotency-in-progress", HostRejected, "IDEMPOTENCY_IN_PROGRESS"),
        ("179-idempotency-retry-backoff", HostRejected, "IDEMPOTENCY_RETRY_BACKOFF"),
        ("179-admin-api-key-rebind-subscription-required", HostRejected, "SUBSCRIPTION_REQUIRED"),
        ("179-login-rate-limited", HostUnavailable, ""),
        ("179-key-create-panel-rate-limited", HostUnavailable, "RATE_LIMITED"),
        ("130-sync-upstream-preview-404", HostRejected, ""),
    ],
)
def test_captured_refusals_of_real_hosts(name: str, kind: type[HostError], reason: str) -> None:
    captured = json.loads((WIRE / f"{name}.json").read_text())
    captured = captured.get("response") or captured["responses"][-1]
    body = captured["body"]
    with pytest.raises(HostError) as raised:
        unwrap(captured["status"], body if isinstance(body, dict) else None, str(body), safe=False)
    assert (type(raised.value), raised.value.reason) == (kind, reason)


class Pool:
    """Connections that fail as told, and count."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def urlopen(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "on_write"),
    [
        (ConnectTimeoutError(), HostUnavailable),
        (ReadTimeoutError(HTTPConnectionPool("host.example.com"), "/", "late"), HostUncertain),
        (ProtocolError("Connection aborted."), HostUncertain),
        (SSLError("certificate verify failed"), HostUncertain),
        (ValueError("Invalid header value"), HostUncertain),
    ],
)
def test_a_write_is_sent_once_and_a_read_three_times(
    monkeypatch: pytest.MonkeyPatch, error: Exception, on_write: type[HostError]
) -> None:
    pool = Pool(error)
    monkeypatch.setattr(HTTPConnectionPool, "urlopen", pool.urlopen)
    transport = HostTransport("https://host.example.com/", SECRET, clock=HandClock().clock)
    with pytest.raises(HostError) as written:
        transport.write("POST", "/api/v1/admin/accounts?key=1", {})
    assert (type(written.value), pool.calls) == (on_write, 1)
    with pytest.raises(HostUnavailable):
        transport.get("/api/v1/admin/groups")
    assert pool.calls == 4
    assert SECRET not in str(written.value)
    assert "key=1" not in str(written.value)


# --- what goes over the wire


@contextmanager
def to(served: Served, place: str = "") -> Iterator[HostTransport]:
    with closing(HostTransport(served.url.replace("/v1", place), SECRET)) as transport:
        yield transport


def test_a_call_is_one_request_below_the_hosts_address() -> None:
    answer = b'{"code": 0, "data": [1]}'
    with serving(fixed("200 OK", answer)) as served, to(served, "/base path/") as transport:
        assert transport.get("/api/v1/admin/groups", {"search": "a b/ü&c+d~%41", "page": 2}) == [1]
    (head,) = served.heads
    assert head.startswith("GET /base%20path/api/v1/admin/groups?search=a+b%2F%C3%BC%26c%2Bd~%2541&page=2 HTTP/1.1\r\n")
    assert f"x-api-key: {SECRET}\r\n" in head
    assert f"user-agent: {USER_AGENT}" in head
    assert "content-" not in head.lower()


def test_a_line_end_that_was_pasted_along_does_no_harm() -> None:
    with serving(fixed("200 OK", b'{"code": 0}')) as served:
        HostTransport(f"{served.url}\n", f"{SECRET}\n").get("/health")
    assert f"x-api-key: {SECRET}\r\n" in served.heads[0]


def test_a_write_is_json_and_a_user_is_who_the_token_says() -> None:
    with serving(fixed("200 OK", b'{"code": 0}'), end=b"}") as served, to(served) as transport:
        transport.write("POST", "/api/v1/keys", {"name": "ü"}, idempotency_key="once", bearer="jwt")
    (head,) = served.heads
    for line in ("Content-Type: application/json", "Idempotency-Key: once", "Authorization: Bearer jwt"):
        assert f"{line}\r\n" in head
    assert head.endswith('\r\n\r\n{"name": "\\u00fc"}')
    assert SECRET not in head


@pytest.mark.parametrize(
    ("place", "sent"), [("u%40x:p%3A1@", "Basic dUB4OnA6MQ=="), ("only-a-name@", None), ("", None)]
)
def test_credentials_in_the_address_are_for_a_proxy_before_the_host(place: str, sent: str | None) -> None:
    with serving(fixed("200 OK", b'{"code": 0}')) as served:
        url = served.url.replace("http://", f"http://{place}")
        with closing(HostTransport(url, SECRET)) as transport:
            transport.get("/health")
    found = [line for line in served.heads[0].split("\r\n") if line.lower().startswith("authorization")]
    assert found == ([] if sent is None else [f"authorization: {sent}"])


def test_a_redirect_is_not_followed_and_a_cookie_not_kept() -> None:
    with serving(fixed("200 OK")) as target:
        answer = fixed("302 Found", b"", f"Location: {target.url}", "Set-Cookie: a=b")
        with serving(answer) as served, to(served) as transport:
            for _ in range(2):
                with pytest.raises(HostUncertain):
                    transport.write("POST", "/api/v1/admin/groups")
    assert target.heads == []
    assert not any("cookie" in head.lower() for head in served.heads)


def test_a_compressed_answer_is_read_and_the_environments_proxies_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = fixed("200 OK", gzip.compress(b'{"code": 0, "data": "read"}'), "Content-Encoding: gzip")
    with serving(fixed("502 Bad Gateway")) as proxy, serving(packed) as served, to(served) as transport:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert transport.get("/health") == "read"
    assert proxy.heads == []


def test_a_server_that_speaks_no_tls_is_no_answer() -> None:
    with serving(fixed("400 Bad Request"), end=b"\x16\x03") as served:
        transport = HostTransport(served.url.replace("http:", "https:"), SECRET)
        with pytest.raises(HostUncertain, match="no answer from the host to POST /x"):
            transport.write("POST", "/x")
        assert exchange(transport.send, "POST", "/x", headers={}).trouble is Trouble.TLS


def test_a_closed_port_is_unreachable() -> None:
    with serving(fixed("200 OK")) as served:
        closed = served.url
    with closing(HostTransport(closed, SECRET)) as transport:
        assert exchange(transport.send, "GET", "/", headers={}).trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize("text", ["host.example.com", "ftp://host.example.com", "http://", "https://ho st", ""])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(HostNotConfigured, match="base_url is no address"):
        HostTransport(text, SECRET)


def test_every_error_of_the_host_has_a_code() -> None:
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HostError)]
    assert len(kinds) >= 6
    assert all(kind.code for kind in kinds)


def test_the_time_of_a_key_s_lock_is_told() -> None:
    answer = json.loads((WIRE / "179-idempotency-in-progress.json").read_text())["response"]
    with pytest.raises(HostRejected) as raised:
        unwrap(answer["status"], answer["body"], "", safe=False)
    assert (raised.value.reason, raised.value.retry_after) == ("IDEMPOTENCY_IN_PROGRESS", 29)
    with pytest.raises(HostRejected) as raised:
        unwrap(409, {"message": "conflict", "metadata": {"retry_after": "soon"}}, "", safe=False)
    assert raised.value.retry_after == 0
