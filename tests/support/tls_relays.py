"""The sandbox's relays in a process of their own, speaking TLS on one port.

Run as a program it prints its port as one line of JSON and serves until its standard input is closed.
"""

import argparse
import asyncio
import gc
import json
import resource
import ssl
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from aiohttp import web

from sandbox import http
from sandbox.box import new_loop
from sandbox.relays.server import RelayServer
from tests.support.ports import ports_of


def tls_relays(certificate: Path) -> AbstractContextManager[list[int]]:
    """The one port that speaks TLS with ``certificate`` (a PEM file with key and chain), in another process."""
    return ports_of("tests.support.tls_relays", str(certificate))


async def _serve(certificate: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    runner, _ = await http.listen(RelayServer().serve, 0, http.RELAY_NAMES)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls, backlog=4096).start()
    print(json.dumps([address[1] for address in runner.addresses[1:]]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("certificate")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.set_threshold(50_000, 20, 20)  # as the sandbox's
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(options.certificate))


if __name__ == "__main__":
    main()
