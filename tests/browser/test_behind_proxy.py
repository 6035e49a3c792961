"""The page and the API behind a real nginx or Caddy with TLS, by the configurations that docs/one-machine.md shows."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Playwright, expect

from tests.support.aws import OPERATOR, ROOT
from tests.support.certificates import make_certificate
from tests.support.chromium import QUIET, chromium
from tests.support.stack import free_ports

NAME = "import.example.com"
PATHS = ["", "/imports"]
PAGE = (ROOT / "docs" / "one-machine.md").read_text("utf-8")

pytestmark = pytest.mark.browser


class Place(NamedTuple):
    """Where the proxy listens and keeps its files, and what it passes calls on to."""

    folder: Path
    port: int
    upstream: str
    certificate: Path

    def pointed(self, text: str) -> str:
        """A configuration of the document with the address of this test's gateway."""
        text = text.replace("http://127.0.0.1:4566/_aws/execute-api/API/v1", self.upstream)
        _, _, host, path = self.upstream.split("/", 3)
        return text.replace("127.0.0.1:4566", host).replace("/_aws/execute-api/API/v1", f"/{path}")


def nginx(place: Place) -> tuple[Path, list[str]]:
    """The configuration with both blocks of the document in one server, and the arguments that name it."""
    server, below = re.findall(r"```nginx\n(.*?)```", PAGE, re.DOTALL)
    site = place.pointed(server.rstrip().removesuffix("}") + below + "}\n")
    site = re.sub(r"(ssl_certificate(?:_key)?) .*?;", rf"\1 {place.certificate};", site)
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{place.port} ssl")
    site = site.replace(f"{re.escape(NAME)})$", f"{re.escape(NAME)}:{place.port})$")
    temporary = " ".join(f"{kind}_temp_path {place.folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    text = (
        f"daemon off; pid {place.folder}/pid; error_log {place.folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {place.folder}/body; {temporary}\n{site}}}\n"
    )
    file = place.folder / "nginx.conf"
    file.write_text(text, "utf-8")
    return file, ["-c", str(file), "-p", str(place.folder)]


def caddy(place: Place) -> tuple[Path, list[str]]:
    """As ``nginx``. The document says how the block below a path is made from the other."""
    [block] = re.findall(r"```caddy\n(.*?)```", PAGE, re.DOTALL)
    own = f"{NAME}:{place.port}"
    name, route = place.pointed(block.replace(NAME, own)).rstrip().removesuffix("}").split("\n", 1)
    below = route.replace("route {", "handle_path /imports/* {", 1).replace("@", "@below_")
    tls = f"bind 127.0.0.1\ntls {place.certificate} {place.certificate}\n"
    file = place.folder / "Caddyfile"
    served = f"{{\nadmin off\nauto_https disable_redirects\n}}\n{name}\n{tls}{below}handle {{\n{route}}}\n}}\n"
    file.write_text(served, "utf-8")
    return file, ["run", "--config", str(file), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Place], tuple[Path, list[str]]]] = {"nginx": nginx, "caddy": caddy}


def program(name: str) -> str | None:
    """By the variable ``NGINX`` or ``CADDY``, or else where programs are."""
    return os.environ.get(name.upper()) or shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture(params=PROXIES)
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the proxy before the gateway."""
    found = program(request.param)
    if found is None:
        pytest.skip(f"no {request.param}: neither {request.param.upper()} nor {request.param} in PATH")
    gateway = request.getfixturevalue("gateway")
    port = int(free_ports()["EMBEDDED_PORT"])
    place = Place(tmp_path, port, gateway.url, make_certificate(tmp_path, [NAME]))
    _, arguments = PROXIES[request.param](place)
    log = tmp_path / "error.log"
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with log.open("ab") as output:
        process = subprocess.Popen([found, *arguments], stdout=output, stderr=output, env=environment)
    try:
        _await(process, f"https://{NAME}:{port}", log)
        yield f"https://{NAME}:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _await(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            status(address, "/batch-import")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text("utf-8"))


def status(front: str, path: str, **headers: str) -> int:
    """As a caller at that name gets it: in TLS, too, a proxy looks for the name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = int(front.rpartition(":")[2])
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection = http.client.HTTPConnection(NAME, port)
    with plain, context.wrap_socket(plain, server_hostname=NAME) as connection.sock:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


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


def test_it_passes_on_the_api_and_nothing_else(front: str) -> None:
    for below in PATHS:
        runs = f"{below}/api/batch-import/runs"
        assert status(front, runs) == 401
        assert status(front, runs, Authorization=f"Bearer {OPERATOR}") == 200
        assert status(front, runs, Authorization=f"Bearer {OPERATOR}", Origin=front) == 200
        assert status(front, runs, Authorization=f"Bearer {OPERATOR}", Origin="https://evil.example") == 403
        for climbing in ("/../../../../x", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/x", "/..%2f..%2f..%2f..%2fx"):
            assert status(front, f"{below}{climbing}") in (400, 404)
