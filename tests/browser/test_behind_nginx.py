"""The page and the API behind a real nginx with TLS, by the configuration that docs/one-machine.md shows."""

import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from tests.support.aws import OPERATOR, ROOT
from tests.support.certificates import make_certificate
from tests.support.chromium import QUIET, chromium
from tests.support.stack import free_ports

NGINX = os.environ.get("NGINX") or shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NAME = "import.example.com"
PATHS = ["", "/imports"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NGINX is None, reason="no nginx: neither NGINX nor nginx in PATH"),
]


def configuration(folder: Path, port: int, upstream: str) -> str:
    """Both blocks of the document in one server, with a certificate, a port and an address of the test's own."""
    text = (ROOT / "docs" / "one-machine.md").read_text("utf-8")
    server, below = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    place = upstream.removeprefix("http://").split("/")[0]
    certificate = make_certificate(folder, [NAME])
    site = server.rstrip().removesuffix("}") + below + "}\n"
    site = re.sub(r"(ssl_certificate(?:_key)?) .*?;", rf"\1 {certificate};", site)
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    site = site.replace(f"{re.escape(NAME)})$", f"{re.escape(NAME)}:{port})$")
    site = site.replace("http://127.0.0.1:4566/_aws/execute-api/API/v1", upstream).replace("127.0.0.1:4566", place)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {temporary}\n{site}}}\n"
    )


@pytest.fixture
def front(gateway: Any, tmp_path: Path) -> Iterator[str]:
    """The address of nginx before the gateway."""
    port = int(free_ports()["EMBEDDED_PORT"])
    file = tmp_path / "nginx.conf"
    file.write_text(configuration(tmp_path, port, gateway.url), "utf-8")
    process = subprocess.Popen([str(NGINX), "-c", str(file), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if process.poll() is not None:
                raise AssertionError((tmp_path / "error.log").read_text("utf-8"))
            if (tmp_path / "pid").exists():
                break
            time.sleep(0.05)
        yield f"https://{NAME}:{port}"
    finally:
        process.terminate()
        process.wait(10)


def status(front: str, path: str, **headers: str) -> int:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = front.rpartition(":")[2]
    headers = {"Host": f"{NAME}:{port}", **headers}
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_page_is_used_through_it(front: str, playwright: Playwright) -> None:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium")
    arguments = [*QUIET, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    browser = playwright.chromium.launch(executable_path=path, args=arguments)
    try:
        for below in PATHS:
            page = browser.new_context(ignore_https_errors=True, locale="en-US").new_page()
            page.goto(f"{front}{below}/batch-import#token={OPERATOR}&")
            expect(page.locator("main")).to_be_visible()
            answer = page.evaluate(
                "token => fetch(location.pathname.replace('batch-import', 'api/batch-import/runs'),"
                " {headers: {Authorization: `Bearer ${token}`}}).then(answer => answer.status)",
                OPERATOR,
            )
            assert answer == 200
    finally:
        browser.close()


@pytest.mark.parametrize("below", PATHS)
def test_it_passes_on_the_api_and_nothing_else(front: str, below: str) -> None:
    runs = f"{below}/api/batch-import/runs"
    assert status(front, runs) == 401
    assert status(front, runs, Authorization=f"Bearer {OPERATOR}") == 200
    assert status(front, runs, Authorization=f"Bearer {OPERATOR}", Origin=front) == 200
    assert status(front, runs, Authorization=f"Bearer {OPERATOR}", Origin="https://evil.example") == 403
    for climbing in ("/../../../../x", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/x", "/..%2f..%2f..%2f..%2fx"):
        assert status(front, f"{below}{climbing}") in (400, 404)
