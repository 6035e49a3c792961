"""One sandbox: a host and its relays in one event loop, on free or given ports."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import ResolveResult

from sandbox import http
from sandbox.control import Controls
from sandbox.host import persist
from sandbox.host.server import HostServer
from sandbox.host.state import Host
from sandbox.options import Options
from sandbox.relays.all_profiles import ALL_PROFILES
from sandbox.relays.profiles import DOWN
from sandbox.relays.server import RelayServer


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop, of the faster kind where that is installed."""
    if not find_spec("uvloop"):
        return asyncio.new_event_loop()
    import uvloop

    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


class _Resolver(aiohttp.ThreadedResolver):
    """Relays may have names of their own, all of this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        at = "127.0.0.1" if host.endswith(http.RELAY_NAMES) else host
        return [{**found, "hostname": host} for found in await super().resolve(at, port, family)]


class Sandbox:
    """Host and relays on their ports, inside a running event loop."""

    def __init__(self, options: Options, state: Path | None = None) -> None:
        self.host = Host(options)
        self.relays = RelayServer(options.relay_seed)
        self.state = state
        self.host_port = self.relay_port = 0
        self._runners: list[Any] = []

    async def start(self, host_port: int = 0, relay_port: int = 0) -> None:
        """Listens on both ports; OSError when one is taken."""
        if self.state is not None:
            persist.load(self.host, self.state)
        connector = aiohttp.TCPConnector(limit=0, resolver=_Resolver())
        self.host.session = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        try:
            host_server = HostServer(self.host, Controls(self.host, self.relays))
            self.host_port = await self._listen(host_server.serve, host_port)
            self.relay_port = await self._listen(self.relays.serve, relay_port, http.RELAY_NAMES)
        except OSError:
            await self.stop(save=False)
            raise

    async def _listen(self, serve: http.Serve, port: int, *names: str) -> int:
        runner, found = await http.listen(serve, port, *names)
        self._runners.append(runner)
        return found

    async def stop(self, *, save: bool = True) -> None:
        """Stops the servers, ends background work, and saves the state."""
        for runner in self._runners:
            await runner.cleanup()
        for task in list(self.host.tasks):
            task.cancel()
        await asyncio.gather(*self.host.tasks, return_exceptions=True)
        await self.host.session.close()
        if save and self.state is not None:
            persist.save(self.host, self.state)


class Box:
    """A sandbox in a thread of its own, for tests and benchmarks."""

    def __init__(self, options: Options, state: Path | None = None) -> None:
        self._sandbox = Sandbox(options, state)
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self._run(self._sandbox.start())
        self.host, self.relays = self._sandbox.host, self._sandbox.relays
        self.admin_key = options.admin_key
        self.host_url = f"http://127.0.0.1:{self._sandbox.host_port}"
        self.relay_url = f"http://127.0.0.1:{self._sandbox.relay_port}"
        self.down_url = f"http://127.0.0.1:{_closed_port()}"

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def ledger(self) -> list[dict[str, Any]]:
        """Every write on the admin and user API so far: n, method, path, body without secrets, status, applied, at."""
        entries: list[dict[str, Any]] = json.loads(json.dumps(list(self.host.ledger)))
        return entries

    def relay_calls(self) -> dict[str, int]:
        """How often each path of a relay was called."""
        return dict(self.relays.calls)

    def relay(self, profile: str, name: str = "a", **modifiers: float | str) -> str:
        """A base URL of a relay of this profile, e.g. `relay("healthy", "b", latency=3)`."""
        written = "".join([name, *(f"~{key}={value}" for key, value in modifiers.items())])
        if profile == DOWN:
            return f"{self.down_url}/{profile}/{written}/v1"
        if profile not in ALL_PROFILES:
            raise ValueError(f"no such relay profile: {profile}")
        return f"{self.relay_url}/{profile}/{written}{ALL_PROFILES[profile].suffix}"

    def close(self) -> None:
        """Stops the servers, their loop and the thread."""
        if self._loop.is_closed():
            return
        self._run(self._sandbox.stop())
        self._run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_the_rest() -> None:
    """Answers that no client waits for any more may still be on their way."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*, state: Path | None = None, **options: Any) -> Iterator[Box]:
    """A sandbox for the length of a `with` block; the options are those of `Options`."""
    box = Box(Options(**options), state)
    try:
        yield box
    finally:
        box.close()
