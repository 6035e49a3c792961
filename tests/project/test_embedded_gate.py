"""The emulator's access control: its gate, called as a server calls it."""

import asyncio
import gzip
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded.gate import Gate
from embedded.ministack import Signatures

PORT = 4566
HOST = f"127.0.0.1:{PORT}"
KEY, SECRET = "AKIAEXAMPLE000000000", "a-secret-of-this-test"
API = "/_aws/execute-api/abcd1234/v1"
BODY = b'{"SecretId": "host"}'
TARGET = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class Emulator:
    """Notes the bodies that reach it, and answers as MiniStack does: to every origin."""

    def __init__(self) -> None:
        self.reached: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.reached.append(body)
        headers = [
            (b"Access-Control-Allow-Origin", b"*"),
            (b"access-control-max-age", b"9"),
            (b"x-amzn-requestid", b"1"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"answer"})


def ask(
    path: str,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] | dict[str, str] = (),
    body: bytes = b"",
    host: str = HOST,
) -> tuple[int, dict[bytes, bytes], list[bytes]]:
    """The status, the headers, and the bodies that reached the emulator."""
    emulator, sent = Emulator(), []
    path, _, query = path.partition("?")
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if all(name.lower() != "host" for name, _ in pairs):
        pairs.append(("Host", host))
    halves = [
        {"type": "http.request", "body": body[:7], "more_body": True},
        {"type": "http.request", "body": body[7:], "more_body": False},
    ]

    async def receive() -> Any:
        return halves.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
        "server": ("127.0.0.1", PORT),
    }
    asyncio.run(Gate(emulator, Signatures({KEY: SECRET}.get))(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), emulator.reached


def signed(path: str = "/", secret: str = SECRET, body: bytes = BODY, key: str = KEY) -> dict[str, str]:
    request = AWSRequest("POST", f"http://{HOST}{path}", data=body, headers={**TARGET, "Host": HOST})
    SigV4Auth(Credentials(key, secret), "secretsmanager", "us-east-1").add_auth(request)
    return dict(request.headers.items())


# --- credentials


def test_a_signed_call_reaches_the_emulator_with_its_body() -> None:
    assert ask("/", "POST", signed(), BODY)[::2] == (200, [BODY])


@pytest.mark.parametrize(
    "headers",
    [
        TARGET,
        signed(secret="test"),
        signed(key="test", secret="test"),
        signed(key="000000000000"),
        signed(path="/elsewhere"),
        signed(body=b"another body"),
        {
            **signed(),
            "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20261125/us-east-1/secretsmanager/aws4_request",
        },
        {**TARGET, "Authorization": f"AWS {KEY}:c2ln"},
        {**TARGET, "Authorization": "Bearer token"},
    ],
)
def test_a_call_without_a_valid_signature_is_refused(headers: dict[str, str]) -> None:
    status, _, reached = ask("/", "POST", headers, BODY)
    assert (status, reached) == (403, [])


@pytest.mark.parametrize(
    "path",
    [
        f"/bucket/key?X-Amz-Credential={KEY}/20261125/us-east-1/s3/aws4_request&X-Amz-Signature=0",
        f"/bucket/key?AWSAccessKeyId={KEY}&Signature=0",
        f"{API}/api/health?X-Amz-Credential={KEY}",
        "/_aws/lambda-url/abc/",
        "/restapis/abcd1234/v1/_user_request_/api/health",
        "/2015-03-31/functions/",
        "/health",
        "/_localstack/health",
        "//_ministack/health",
        "/_ministack/health/",
        "/_aws/execute-api",
        "/_aws/execute-api/",
        "/_aws/execute-api/abcd1234",
        "/_aws/execute-api//v1",
        "/_aws/execute-api/abcd1234/v1/@connections/1",
        "/_aws/sqs/messages",
    ],
)
def test_unsigned_requests_to_any_other_path_are_refused(path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert ask(path, method, TARGET)[::2] == (403, [])


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_ministack/lambda-code/api", "/_localstack/x"]
)
def test_administration_is_refused_even_when_signed(path: str) -> None:
    assert ask(path, "POST", signed(path), BODY)[::2] == (403, [])


# --- what is open


@pytest.mark.parametrize("path", [API, f"{API}/", f"{API}/batch-import", f"{API}/api/batch-import/runs?limit=1"])
def test_the_api_is_open_to_programs_and_to_its_own_page(path: str) -> None:
    assert ask(path, headers={"Authorization": "Bearer token"})[0] == 200
    own = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert ask(path, "POST", own, b"{}")[::2] == (200, [b"{}"])


def test_health_is_open_for_reading_only() -> None:
    assert ask("/_ministack/health")[0] == 200
    assert ask("/_ministack/health", "POST")[0] == 403


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"LocalHost:{PORT}", f"[::1]:{PORT}"])
def test_every_name_of_loopback_is_answered(host: str) -> None:
    assert ask(API, host=host, headers={"Origin": f"http://{host.lower()}"})[0] == 200


# --- other pages


@pytest.mark.parametrize("path", ["/", API, f"{API}/api/batch-import/runs", "/_ministack/health"])
@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example.com", "http://127.0.0.1:8000", "http://localhost:4566", f"https://{HOST}", "file://"],
)
def test_a_page_of_another_origin_gets_nothing_even_signed(path: str, origin: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert ask(path, method, {**signed(path), "Origin": origin}, BODY)[::2] == (403, [])


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:80",
        "evil.example.com",
        f"evil.example.com:{PORT}",
        f"127.0.0.1.evil.example.com:{PORT}",
        f"abcd1234.execute-api.localhost:{PORT}",
        f"bucket.localhost:{PORT}",
        f"user@127.0.0.1:{PORT}",
    ],
)
def test_another_host_is_refused_even_signed(host: str) -> None:
    for path in ("/", API, "/_ministack/health"):
        assert ask(path, "POST", {**signed(path), "Host": host}, BODY)[::2] == (403, [])


def test_two_hosts_are_none() -> None:
    assert ask(API, headers=[("Host", HOST), ("Host", "evil.example.com")])[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_to_the_result_page_and_nothing_more(site: str) -> None:
    link = {**LINK, "Sec-Fetch-Site": site}
    assert ask(f"{API}/batch-import", headers=link)[0] == 200
    assert ask(f"{API}/batch-import", "POST", link)[0] == 403
    assert ask(f"{API}/batch-import", headers={**link, "Sec-Fetch-Dest": "iframe"})[0] == 403
    assert (
        ask(f"{API}/batch-import", headers={**link, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"})[0] == 403
    )
    assert ask("/_ministack/reset", headers=link)[0] == 403


def test_the_address_bar_opens_the_page() -> None:
    assert ask(f"{API}/batch-import", headers={**LINK, "Sec-Fetch-Site": "none"})[0] == 200


def test_no_answer_carries_cors_headers() -> None:
    for status, headers, _ in (ask(API), ask("/", "POST", signed(), BODY), ask("/", "OPTIONS")):
        assert status in (200, 403)
        assert not [name for name in headers if name.lower().startswith(b"access-control-")]
    assert ask(API)[1] == {b"x-amzn-requestid": b"1"}


def test_a_refusal_is_a_plain_sentence() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "server": ("", PORT)}
    asyncio.run(Gate(Emulator(), Signatures({}.get))(scope, None, send))  # type: ignore[arg-type]
    assert sent[1]["body"] == b"This server answers at http://127.0.0.1:4566 only.\n"
    assert dict(sent[0]["headers"])[b"content-type"] == b"text/plain; charset=utf-8"


def test_nobody_gets_a_web_socket() -> None:
    emulator, sent = Emulator(), []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Gate(emulator, Signatures({}.get))({"type": "websocket"}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert emulator.reached == []


# --- the API's envelope


def answered(path: str, status: int = 200, failure: str | None = None, host: str = HOST) -> tuple[int, bytes]:
    """Status and body of the answer when the emulator answers with ``status``, and cannot write for this reason."""

    async def emulator(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"the emulator's"})

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"host", host.encode())], "server": ("127.0.0.1", PORT)}  # fmt: skip
    asyncio.run(Gate(emulator, Signatures({}.get), lambda: failure)(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_the_api_refuses_in_its_envelope() -> None:
    status, body = answered(f"{API}/api/batch-import/runs", host="evil.example.com")
    assert (status, json.loads(body)["error"]["code"]) == (403, "forbidden")
    assert "answers at http://127.0.0.1:4566 only" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("status", [500, 502])
def test_a_failure_of_the_api_names_the_full_disk(status: int) -> None:
    status, body = answered(f"{API}/api/batch-import/runs", status, "The disk is full")
    assert (status, json.loads(body)) == (503, {"error": {"code": "internal_error", "message": "The disk is full"}})


@pytest.mark.parametrize(("status", "failure"), [(500, None), (200, "The disk is full"), (404, "The disk is full")])
def test_other_answers_of_the_api_stay_as_they_are(status: int, failure: str | None) -> None:
    assert answered(f"{API}/x", status, failure) == (status, b"the emulator's")


# --- compression


def compressed(
    answer: bytes, accept: str, *more: tuple[bytes, bytes], pieces: int = 1
) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of an answer of the API to a caller that sends this Accept-Encoding."""
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode()), *more]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for n in range(pieces):
            part = answer[n * len(answer) // pieces : (n + 1) * len(answer) // pieces]
            await send({"type": "http.response.body", "body": part, "more_body": n < pieces - 1})

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": f"{API}/api/health", "raw_path": f"{API}/api/health".encode(),
        "query_string": b"", "server": ("127.0.0.1", PORT),
        "headers": [(b"host", HOST.encode()), (b"accept-encoding", accept.encode())],
    }  # fmt: skip
    signatures = Signatures(lambda _: SECRET)
    asyncio.run(Gate(application, signatures)(scope, receive, send))
    return dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


LONG = b'{"a": "' + b"x" * 2_000 + b'"}'


@pytest.mark.parametrize(
    "accept", ["gzip", "br, gzip", "gzip;q=0.5", "*", "GZIP;q=1.0", "deflate, gzip;q=1.0, *;q=0.1"]
)
def test_a_long_answer_is_compressed_for_who_accepts_it(accept: str) -> None:
    headers, body = compressed(LONG, accept)
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"content-length"] == str(len(body)).encode()
    assert gzip.decompress(body) == LONG


@pytest.mark.parametrize("accept", ["", "br", "identity", "gzip;q=0", "gzip;q=0.0", "*;q=0", "x-gzip"])
def test_nothing_is_compressed_for_who_does_not(accept: str) -> None:
    headers, body = compressed(LONG, accept)
    assert (b"content-encoding" in headers, body) == (False, LONG)


def test_short_encoded_and_streamed_answers_stay_as_they_are() -> None:
    assert compressed(b"x" * 1_023, "gzip")[1] == b"x" * 1_023
    assert compressed(LONG, "gzip", (b"Content-Encoding", b"br"))[1] == LONG
    assert compressed(LONG, "gzip", pieces=3)[1] == LONG


def test_a_refusal_of_the_gate_has_the_headers_of_the_api() -> None:
    _, headers, _ = ask(f"{API}/api/health", headers={"Origin": "https://evil.example"})
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
