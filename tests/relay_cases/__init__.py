"""Relays as public reports describe them, replayed over real HTTP or in the process.

A description is ``{"id", "source", "base", "expect", "routes"}``. ``base`` is the path pasted after the case's prefix.
``expect`` has the ``code`` that probing ends with (null: usable), the advisories' codes, and requested models.
A route is ``{"method", "path", "when"?, "status", "headers"?, "body"}``; the first one that fits answers.
``when``: stream (bool), model (regular expression), header (``{name: expression}``), has or lacks (a field of the
request). In a body ``{{model}}`` is the model asked for.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from batch_import.domain.answers import Answer

HERE = Path(__file__).parent
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for path in sorted(HERE.glob("*/*.json")) for case in [json.loads(path.read_text("utf-8"))]
}
_JSON = {"Content-Type": "application/json"}
_NO_ROUTE = {
    "status": 404,
    "body": {"error": {"message": "Invalid URL ({{method}} {{path}})", "type": "invalid_request_error"}},
}


class Replied(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str


def replied(method: str, path: str, headers: Mapping[str, str], asked: dict[str, Any]) -> Replied:
    """What the case that ``path`` begins with answers; ``headers`` of the request in small letters."""
    case, _, rest = path.partition("?")[0].removeprefix("/").partition("/")
    routes = CASES.get(case, {}).get("routes", ())
    route = next((r for r in routes if _fits(r, method, "/" + rest, headers, asked)), _NO_ROUTE)
    text = route["body"] if isinstance(route["body"], str) else json.dumps(route["body"], ensure_ascii=False)
    for name, value in (("model", asked.get("model", "")), ("method", method), ("path", "/" + rest)):
        text = text.replace("{{" + name + "}}", str(value))
    return Replied(route["status"], route.get("headers", _JSON), text)


def _fits(route: dict[str, Any], method: str, path: str, headers: Mapping[str, str], asked: dict[str, Any]) -> bool:
    when = route.get("when", {})
    return (
        (route["method"], route["path"]) == (method, path)
        and when.get("stream", bool(asked.get("stream"))) == bool(asked.get("stream"))
        and re.search(when.get("model", ""), str(asked.get("model", ""))) is not None
        and when.get("has", "model") in {*asked, "model"}
        and when.get("lacks") not in asked
        and all(re.search(rx, headers.get(name.lower(), "")) for name, rx in when.get("header", {}).items())
    )


def exchange(method: str, url: str, *, headers: Mapping[str, str], body: Any, **_: Any) -> Answer:
    """As ``net.http.exchange``, without a network."""
    found = replied(method, urlsplit(url).path, {name.lower(): value for name, value in headers.items()}, body or {})
    told = {name.lower(): value for name, value in found.headers.items()}
    return Answer(found.status, found.text, told.get("content-type", ""), told)


class Replay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, asked: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = replied(self.command, self.path, headers, asked)
        content = found.text.encode()
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def replaying() -> Iterator[str]:
    """The address below which every case answers, as ``{address}/{id}{base}``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Replay) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
