"""TLS in front of relays that speak none: many ports of this machine, each leading to one port behind.

Run as a program it prints its ports as one line of JSON and serves until its standard input is closed.
"""

import argparse
import asyncio
import json
import re
import resource
import ssl
import sys
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import cast

from sandbox.box import new_loop
from tests.support.ports import ports_of

HOST = re.compile(rb"\r\nHost: [^\r]+", re.IGNORECASE)


def tls_front(count: int, behind: int, certificate: Path) -> AbstractContextManager[list[int]]:
    """``count`` ports that speak TLS with ``certificate`` and lead to the port ``behind``, in another process."""
    return ports_of("tests.support.tls_front", str(count), str(behind), str(certificate))


class _Relay(asyncio.Protocol):
    """A connection from outside, and one to the port behind that is opened with its first request."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._host = f"\r\nHost: 127.0.0.1:{behind}".encode()
        self._asked: list[bytes] = []
        self._inner: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._outer = cast(asyncio.WriteTransport, transport)
        self._opening = asyncio.ensure_future(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(partial(_Behind, self._outer), "127.0.0.1", self._behind)
        except OSError:
            self._outer.close()
            return
        self._inner = transport
        for data in self._asked:
            transport.write(data)

    def data_received(self, data: bytes) -> None:
        """The host of each request is replaced: the sandbox answers to its own name only."""
        data = HOST.sub(self._host, data, count=1)
        if self._inner is None:
            self._asked.append(data)
        else:
            self._inner.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._inner is None:
            self._opening.cancel()
        else:
            self._inner.close()


class _Behind(asyncio.Protocol):
    def __init__(self, outer: asyncio.WriteTransport) -> None:
        self._outer = outer

    def data_received(self, data: bytes) -> None:
        self._outer.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._outer.close()


async def _serve(count: int, behind: int, certificate: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    made = partial(_Relay, behind)
    servers = [await loop.create_server(made, "127.0.0.1", 0, ssl=tls, backlog=16) for _ in range(count)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("behind", type=int)
    parser.add_argument("certificate")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(options.count, options.behind, options.certificate))


if __name__ == "__main__":
    main()
