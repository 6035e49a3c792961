"""Whom a running embedded stack obeys: neither the pages of other origins, nor the other users of the machine."""

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_httpserver import HTTPServer

from embedded.host import ADMIN_KEY
from embedded.settings import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from embedded.stack import Embedded
from tests.support.chromium import QUIET, chromium

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]

GET_SECRET = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def embedded(open_embedded: Embedded) -> Embedded:
    """Without enforced roles: what keeps others out is the gate alone."""
    return open_embedded


@pytest.fixture(scope="module")
def secret(embedded: Embedded) -> str:
    """The name of the secret with the host's address and key."""
    names = [one["Name"] for one in embedded.emulator.client("secretsmanager").list_secrets()["SecretList"]]
    return next(name for name in names if "host" in name.lower())


@pytest.fixture(autouse=True)
def _untouched(embedded: Embedded) -> Iterator[None]:
    """After each test the stack holds what it held before, and answers its owner."""
    before = holdings(embedded)
    yield
    assert holdings(embedded) == before


def holdings(embedded: Embedded) -> dict[str, Any]:
    secrets = embedded.emulator.client("secretsmanager")
    names = sorted(one["Name"] for one in secrets.list_secrets()["SecretList"])
    users = requests.get(f"{embedded.sandbox.url}/api/v1/admin/users", headers={"x-api-key": ADMIN_KEY}, timeout=10)
    return {
        "secrets": {name: secrets.get_secret_value(SecretId=name)["SecretString"] for name in names},
        "functions": sorted(
            one["FunctionName"] for one in embedded.emulator.client("lambda").list_functions()["Functions"]
        ),
        "tables": embedded.emulator.client("dynamodb").list_tables()["TableNames"],
        "users": users.json()["data"]["total"],
        "runs": api(embedded, "/api/batch-import/runs").status_code,
    }


def api(embedded: Embedded, path: str, **headers: str) -> requests.Response:
    saved = embedded.settings.saved()
    headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_TOKEN']}", **headers}
    return requests.get(f"{saved['BATCH_IMPORT_URL']}{path}", headers=headers, timeout=30)


def client(embedded: Embedded, service: str, key: str, secret: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=embedded.settings.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=ONCE,
    )


def refused(call: Any, **arguments: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return bool(caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403)


# --- programs without the keys


def test_the_keys_of_the_env_file_open_everything(embedded: Embedded, secret: str) -> None:
    saved = embedded.settings.saved()
    owner = client(embedded, "secretsmanager", saved[ACCESS_KEY_ID], saved[SECRET_ACCESS_KEY])
    assert "admin_key" in owner.get_secret_value(SecretId=secret)["SecretString"]


@pytest.mark.parametrize(
    ("key", "secret_key"), [("test", "test"), ("000000000000", "test"), ("AKIAIOSFODNN7EXAMPLE", "x")]
)
def test_well_known_keys_open_nothing(embedded: Embedded, secret: str, key: str, secret_key: str) -> None:
    assert refused(client(embedded, "secretsmanager", key, secret_key).get_secret_value, SecretId=secret)
    assert refused(client(embedded, "lambda", key, secret_key).list_functions)


def test_unsigned_calls_are_refused(embedded: Embedded, secret: str) -> None:
    endpoint = embedded.settings.endpoint
    answers = [
        requests.post(endpoint, headers=GET_SECRET, json={"SecretId": secret}, timeout=10),
        requests.get(f"{endpoint}/2015-03-31/functions/", timeout=10),
        requests.post(f"{endpoint}/_ministack/reset", timeout=10),
        requests.post(f"{endpoint}/_aws/execute-api/", headers=GET_SECRET, json={"SecretId": secret}, timeout=10),
        requests.post(endpoint, data={"Action": "ListQueues", "Version": "2012-11-05"}, timeout=10),
        requests.get(f"{endpoint}/_ministack/lambda-code/batch-import-api", timeout=10),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert all("keys" in answer.text or "administered" in answer.text for answer in answers)


def test_health_and_the_api_answer_without_the_keys(embedded: Embedded) -> None:
    health = requests.get(f"{embedded.settings.endpoint}/_ministack/health", timeout=10)
    assert health.status_code == 200
    own = {"Origin": embedded.settings.endpoint, "Sec-Fetch-Site": "same-origin"}
    answer = api(embedded, "/api/batch-import/runs", **own)
    assert answer.status_code == 200
    for headers in (health.headers, answer.headers):
        assert not [name for name in headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("foreign", [{"Origin": "http://evil.example.com"}, {"Host": "evil.example.com"}])
def test_another_origin_and_another_host_are_refused_everywhere(embedded: Embedded, foreign: dict[str, str]) -> None:
    assert api(embedded, "/api/batch-import/runs", **foreign).status_code == 403
    relays = f"http://127.0.0.1:{embedded.settings.relay_port}/healthy/a/v1/models"
    for url in (f"{embedded.settings.endpoint}/_ministack/health", f"{embedded.sandbox.url}/health", relays):
        assert requests.get(url, headers=foreign, timeout=10).status_code == 403


# --- other users of the machine


def test_files_are_their_owners_alone_also_those_of_functions(embedded: Embedded) -> None:
    assert api(embedded, "/api/batch-import/runs").status_code == 200  # a function has run
    home = embedded.settings.home
    found = [home, *home.rglob("*")]
    assert len(found) > 100
    assert [path for path in found if not path.is_symlink() and path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_processes_make_private_files_and_show_no_secret(embedded: Embedded) -> None:
    groups = {embedded.emulator.program.pid(), embedded.sandbox.program.pid()}
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*") if group_of(int(path.name)) in groups]
    assert len(pids) >= 3
    hidden = [value for name, value in embedded.settings.saved().items() if not name.endswith("_URL")]
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        assert "Umask:\t0077\n" in status
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert [value for value in hidden if value in line] == []


def group_of(pid: int) -> int | None:
    """Its process group: the stack's programs lead groups of their own."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as another user")
def test_another_user_reads_no_file_and_calls_nothing(embedded: Embedded, secret: str) -> None:
    home, port = embedded.settings.home, embedded.settings.stack_port
    files = (embedded.settings.env_file, home / "logs" / "ministack.log", home / "ministack.pid")
    environ = f"/proc/{embedded.emulator.program.pid()}/environ"
    for path in (*map(str, files), environ):
        assert as_nobody(f"cat {path}").returncode != 0
    assert as_nobody(f"ls {home}").returncode != 0
    body = f'{{"SecretId": "{secret}"}}'
    lines = [f"{name}: {value}" for name, value in {**GET_SECRET, "Host": f"127.0.0.1:{port}"}.items()]
    request = "\\r\\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(body)}", "Connection: close", "", body])
    answered = as_nobody(f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; cat <&3")
    assert answered.stdout.startswith("HTTP/1.1 403")
    assert "admin_key" not in answered.stdout


def as_nobody(script: str) -> subprocess.CompletedProcess[str]:
    line, user = ["/bin/bash", "-c", script], pwd.getpwnam("nobody")
    return subprocess.run(
        line, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", capture_output=True, text=True
    )


# --- pages of other origins


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: neither CHROMIUM, /usr/bin/chromium nor chromium in PATH")
    names = "--host-resolver-rules=MAP evil.example.com 127.0.0.1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*QUIET, names])
        yield running
        running.close()


PAGE = "<!doctype html><title>Another page</title><a id=link>link</a>"


@pytest.fixture(params=["http://127.0.0.1:{}", "http://localhost:{}", "http://evil.example.com:{}"])
def page(browser: Browser, httpserver: HTTPServer, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of another origin: of the same site, of another name of this machine, of the world outside."""
    httpserver.expect_request("/").respond_with_data(PAGE, content_type="text/html")
    opened = browser.new_page()
    opened.goto(request.param.format(httpserver.port))
    yield opened
    opened.close()


# Asks in each way that a page has; says which of the requests it could read.
READ = """async ([url, options]) => {
  try { const answer = await fetch(url, options); return answer.type === 'opaque' ? '' : await answer.text() }
  catch { return '' }
}"""


def readable(page: Page, url: str, **options: Any) -> str:
    return str(page.evaluate(READ, [url, options]))


def test_a_page_of_another_origin_reads_nothing(embedded: Embedded, page: Page, secret: str) -> None:
    endpoint, token = embedded.settings.endpoint, embedded.settings.saved()["BATCH_IMPORT_TOKEN"]
    stack = embedded.settings.saved()["BATCH_IMPORT_URL"]
    body = f'{{"SecretId": "{secret}"}}'
    relays = f"http://127.0.0.1:{embedded.settings.relay_port}/healthy/a/v1/models"
    assert readable(page, page.url) != ""  # its own is, by the same script
    for url in (f"{endpoint}/_ministack/health", f"{stack}/batch-import", f"{endpoint}/2015-03-31/functions/"):
        assert readable(page, url) == ""
    for url in (f"{embedded.sandbox.url}/health", f"{embedded.sandbox.url}/_sandbox/ledger", relays):
        assert readable(page, url) == ""
    assert readable(page, endpoint, method="POST", headers=GET_SECRET, body=body) == ""
    assert readable(page, f"{stack}/api/batch-import/runs", headers={"Authorization": f"Bearer {token}"}) == ""


def test_requests_that_need_no_leave_have_no_effect(embedded: Embedded, page: Page, secret: str) -> None:
    """``_untouched`` looks for effects: a page may send such requests without reading the answer."""
    endpoint, sandbox = embedded.settings.endpoint, embedded.sandbox.url
    seed = '{"email": "other@example.com", "password": "OtherPass-1", "custom_key": "sk-other-0000000000001"}'
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        simple = {"method": "POST", "mode": "no-cors", "headers": {"Content-Type": content_type}}
        for url, body in (
            (f"{endpoint}/_ministack/reset", ""),
            (f"{endpoint}/_ministack/config", '{"auth": "off"}'),
            (endpoint, f"Action=DeleteSecret&SecretId={secret}&Version=2017-10-17"),
            (f"{sandbox}/_sandbox/reset", ""),
            (f"{sandbox}/_sandbox/seed", seed),
        ):
            readable(page, url, body=body, **simple)
    page.evaluate(
        """async (url) => {
          navigator.sendBeacon(url);
          const image = new Image(); image.src = url;
          await new Promise((done) => { image.onload = image.onerror = done });
        }""",
        f"{endpoint}/_ministack/reset",
    )
    with page.expect_navigation() as form:
        page.evaluate(
            """(url) => {
              const form = document.createElement('form'); form.method = 'POST'; form.action = url;
              document.body.append(form); form.submit();
            }""",
            f"{endpoint}/_ministack/reset",
        )
    assert form.value is not None
    assert form.value.status == 403


def test_a_page_of_another_origin_gets_no_frame_and_no_socket(embedded: Embedded, page: Page) -> None:
    stack = embedded.settings.saved()["BATCH_IMPORT_URL"]
    with page.expect_response(f"{stack}/batch-import") as framed:
        page.evaluate(
            "(url) => { const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame) }",
            f"{stack}/batch-import",
        )
    assert framed.value.status == 403
    opened = """(url) => new Promise((done) => {
      const socket = new WebSocket(url); socket.onopen = () => done(true); socket.onerror = () => done(false);
    })"""
    assert page.evaluate(opened, stack.replace("http:", "ws:")) is False


def test_a_link_from_elsewhere_opens_the_result_page(embedded: Embedded, page: Page) -> None:
    stack = embedded.settings.saved()["BATCH_IMPORT_URL"]
    page.evaluate("(url) => { document.getElementById('link').href = url }", f"{stack}/batch-import")
    with page.expect_navigation() as opened:
        page.click("#link")
    assert opened.value is not None
    assert opened.value.status == 200
    assert readable(page, f"{stack}/batch-import") != ""  # its own origin now


def test_a_foreign_name_for_this_machine_opens_nothing(embedded: Embedded, browser: Browser) -> None:
    """A name in the hands of the page's owner may be made to point to loopback, which makes it the same origin."""
    page = browser.new_page()
    for port in (embedded.settings.stack_port, embedded.settings.host_port, embedded.settings.relay_port):
        answer = page.goto(f"http://evil.example.com:{port}/_ministack/health")
        assert answer is not None
        assert answer.status == 403
        assert readable(page, f"http://evil.example.com:{port}/health").startswith("This server answers at")
    page.close()


def test_a_request_that_names_no_host_is_refused(embedded: Embedded) -> None:
    with socket.create_connection(("127.0.0.1", embedded.settings.stack_port)) as connection:
        connection.sendall(b"GET /_ministack/health HTTP/1.0\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 403")
