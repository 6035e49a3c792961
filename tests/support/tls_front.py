"""TLS in front of relays that speak none: many ports of this machine, each leading to one port behind.

Run as a program it prints its ports as one line of JSON and serves until its standard input is closed.
"""

import argparse
import asyncio
import contextlib
import json
import re
import resource
import ssl
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from tests.support.ports import ports_of

HOST = re.compile(rb"\r\nHost: [^\r]+", re.IGNORECASE)


def tls_front(count: int, behind: int, certificate: Path) -> AbstractContextManager[list[int]]:
    """``count`` ports that speak TLS with ``certificate`` and lead to the port ``behind``, in another process."""
    return ports_of("tests.support.tls_front", str(count), str(behind), str(certificate))


async def _serve(count: int, behind: int, certificate: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    host = f"\r\nHost: 127.0.0.1:{behind}".encode()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
            await asyncio.gather(_copy(reader, inner_writer, host), _copy(inner_reader, writer))

    servers = [await asyncio.start_server(lead, "127.0.0.1", 0, ssl=tls, backlog=16) for _ in range(count)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes = b"") -> None:
    """``host`` replaces that of each request: the sandbox answers to its own name only."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(HOST.sub(host, data, count=1) if host else data)
            await writer.drain()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("behind", type=int)
    parser.add_argument("certificate")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_serve(options.count, options.behind, options.certificate))


if __name__ == "__main__":
    main()
