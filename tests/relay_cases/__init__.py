"""Relays as public reports describe them, replayed over real HTTP or in the process.

A description is ``{"id", "source", "base", "expect", "routes"}``. ``base`` is the path pasted after the case's prefix.
``expect`` has the ``code`` that probing ends with (null: usable), the advisories' codes, requested models, and the
model that is ``served`` where the answer names another one.
A route is ``{"method", "path", "when"?, "times"?, "status", "headers"?, "body", "wire"?}``; the first one that fits
answers, ``times`` requests of a probe at most. ``when``: stream (bool), model and query (regular expressions), header
(``{name: expression}``), has or lacks (a field of the request). In a body ``{{model}}`` is the model asked for.
``wire`` says how the answer is sent, for real HTTP only: see ``_sent``.
"""

import gzip
import json
import re
from collections import Counter
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
_USED: Counter[tuple[str, int]] = Counter()
_JSON = {"Content-Type": "application/json"}
_NO_ROUTE = {
    "status": 404,
    "body": {"error": {"message": "Invalid URL ({{method}} {{path}})", "type": "invalid_request_error"}},
}


class Replied(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str
    wire: str = ""


def begin(case: str) -> None:
    """A new probe: answers that come a few times only come again."""
    for key in [key for key in _USED if key[0] == case]:
        del _USED[key]


def on_the_wire(case: Mapping[str, Any]) -> bool:
    """Does it say how answers are sent?"""
    return any("wire" in route for route in case["routes"])


def replied(method: str, path: str, headers: Mapping[str, str], asked: dict[str, Any]) -> Replied:
    """What the case that ``path`` begins with answers; ``headers`` of the request in small letters."""
    place, _, query = path.partition("?")
    case, _, rest = place.removeprefix("/").partition("/")
    routes = CASES.get(case, {}).get("routes", ())
    fitting = (at for at, r in enumerate(routes) if _fits(r, method, ("/" + rest, query), headers, asked))
    at = next((at for at in fitting if _USED[case, at] < routes[at].get("times", _USED[case, at] + 1)), None)
    route = _NO_ROUTE if at is None else routes[at]
    if at is not None:
        _USED[case, at] += 1
    text = route["body"] if isinstance(route["body"], str) else json.dumps(route["body"], ensure_ascii=False)
    for name, value in (("model", asked.get("model", "")), ("method", method), ("path", "/" + rest)):
        text = text.replace("{{" + name + "}}", str(value))
    return Replied(route["status"], route.get("headers", _JSON), text, route.get("wire", ""))


def _fits(
    route: dict[str, Any], method: str, place: tuple[str, str], headers: Mapping[str, str], asked: dict[str, Any]
) -> bool:
    when = route.get("when", {})
    return (
        (route["method"], route["path"]) == (method, place[0])
        and re.search(when.get("query", ""), place[1]) is not None
        and when.get("stream", bool(asked.get("stream"))) == bool(asked.get("stream"))
        and re.search(when.get("model", ""), str(asked.get("model", ""))) is not None
        and when.get("has", "model") in {*asked, "model"}
        and when.get("lacks") not in asked
        and all(re.search(rx, headers.get(name.lower(), "")) for name, rx in when.get("header", {}).items())
    )


def exchange(method: str, url: str, *, headers: Mapping[str, str], body: Any, **_: Any) -> Answer:
    """As ``net.http.exchange``, without a network."""
    parts = urlsplit(url)
    found = replied(
        method, f"{parts.path}?{parts.query}", {name.lower(): value for name, value in headers.items()}, body or {}
    )
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
        self._sent(found, found.text.encode())

    def _sent(self, found: Replied, content: bytes) -> None:
        """``wire``: ``gzip`` packs the body, ``chunked`` sends it in pieces, ``cut`` ends before its end, ``open`` ends
        it by closing the connection, ``latin`` writes the characters as bytes of Latin-1; usually its length is said.
        """
        if found.wire == "latin":
            content = found.text.encode("latin-1")
        if found.wire == "gzip":
            content = gzip.compress(content)
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        if found.wire == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            pieces = [content[at : at + 40] for at in range(0, len(content), 40)]
            content = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        elif found.wire != "open":
            self.send_header("Content-Length", str(len(content) + (20 if found.wire == "cut" else 0)))
        if found.wire in ("cut", "open"):
            self.send_header("Connection", "close")
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
