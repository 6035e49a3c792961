"""Many relays in a process of their own, each on a port of its own, so that their sockets do not count as ours.

Run as a program it prints its ports as one line of JSON and serves until its standard input is closed. Every relay
lists one model and answers chat completions; ``--body`` and ``--answer`` put a body of some kind in place of either.
``--certificate`` (a PEM file with key and chain) makes it speak TLS.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import ssl
import sys
from contextlib import AbstractContextManager
from typing import Any

from tests.support.ports import ports_of

MODEL = "gpt-4o"
_LIST = json.dumps({"object": "list", "data": [{"id": MODEL}]}).encode()
_ANSWER = json.dumps({
    "id": "1", "object": "chat.completion", "model": MODEL,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
}).encode()  # fmt: skip
_BYTES = 2 * 1024 * 1024 - 64
BODIES = {
    "plain": lambda: _LIST,
    "nested": lambda: b'{"data":[' + b",".join([b"{}"] * 99_000) + b"]}",
    "emoji": lambda: '{"data":["😀'.encode() + b"x" * _BYTES + b'"]}',
    "names": lambda: json.dumps({"data": [{"id": f"gpt-4o-{n}-{'x' * 20}"} for n in range(24_000)]}).encode(),
    "noise": lambda: b"x" * _BYTES,
    "umlauts": lambda: json.dumps({"data": ["ü" * 100] * 10_000}, ensure_ascii=False).encode(),
    "bomb": lambda: gzip.compress(b"x" * 200_000_000),
}


def relay_farm(count: int, *options: str) -> AbstractContextManager[list[int]]:
    """The ports of ``count`` relays in another process, which ends with the block."""
    return ports_of("tests.support.relay_farm", str(count), *options)


async def _serve(options: argparse.Namespace) -> None:
    lists = {"list": BODIES[options.body](), "answer": BODIES[options.answer]() if options.answer else _ANSWER}
    packed = {"list": options.body == "bomb", "answer": options.answer == "bomb"}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]
                await reader.readexactly(int(length or 0))
                await asyncio.sleep(options.latency)
                asked = "list" if head.startswith(b"get") else "answer"
                body, encoding = lists[asked], b"Content-Encoding: gzip\r\n" if packed[asked] else b""
                status = b"200 OK" if b"/models" in head or b"/chat/" in head or options.answer else b"404 Not Found"
                last = b"connection: close" in head
                kept = b"Connection: close\r\n" if last else b""
                writer.write(b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%b%bContent-Length: %d\r\n\r\n%b"
                             % (status, encoding, kept, len(body), body))  # fmt: skip
                await writer.drain()
                if last:
                    break
        writer.close()

    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate)
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) for _ in range(options.count)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--body", choices=BODIES, default="plain")
    parser.add_argument("--answer", choices=BODIES, help="what every completion is, in place of a good one")
    parser.add_argument("--certificate")
    return parser.parse_args()


def main() -> Any:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_options()))


if __name__ == "__main__":
    main()
