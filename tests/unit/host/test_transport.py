"""The host's error envelopes, and what a call comes to: succeeded, rejected or uncertain (host-facts 1)."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from batch_import.host import errors
from batch_import.host.errors import (
    HostError,
    HostGated,
    HostRefusesCredentials,
    HostRejected,
    HostUnavailable,
    HostUncertain,
)
from batch_import.host.transport import HostTransport, unwrap

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


class Session:
    """A session whose adapter fails as told, and counts."""

    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def get_adapter(self, _: str) -> "Session":
        return self

    def send(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        raise self.error


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_import.host.transport.time.sleep", lambda _: None)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("error", "on_write"),
    [
        (requests.ConnectTimeout(), HostUnavailable),
        (requests.ReadTimeout(), HostUncertain),
        (requests.ConnectionError(), HostUncertain),
        (requests.exceptions.ChunkedEncodingError(), HostUncertain),
    ],
)
def test_a_write_is_sent_once_and_a_read_three_times(error: Exception, on_write: type[HostError]) -> None:
    session = Session(error)
    transport = HostTransport(session, "https://host.example.com/", SECRET)  # type: ignore[arg-type]
    with pytest.raises(HostError) as written:
        transport.write("POST", "/api/v1/admin/accounts?key=1", {})
    assert (type(written.value), session.calls) == (on_write, 1)
    with pytest.raises(HostUnavailable):
        transport.get("/api/v1/admin/groups")
    assert session.calls == 4
    assert SECRET not in str(written.value)
    assert "key=1" not in str(written.value)


def test_every_error_of_the_host_has_a_code() -> None:
    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(kinds) >= 6
    assert all(kind.code for kind in kinds)
