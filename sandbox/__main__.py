"""`python -m sandbox`: a stand-in host and stand-in relays, on two ports of this machine."""

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

from sandbox.box import Sandbox, new_loop
from sandbox.options import ADMIN_KEY, Options


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host-port", type=int, default=18080, help="port of the host (default 18080)")
    parser.add_argument("--relay-port", type=int, default=18090, help="port of the relays (default 18090)")
    parser.add_argument("--state", type=Path, help="file that keeps the host's state between runs")
    parser.add_argument("--host-version", choices=("0.1.179", "0.1.130"), default="0.1.179")
    parser.add_argument("--admin-key", default=ADMIN_KEY, help="the admin API key (default: a well-known one)")
    parser.add_argument("--run-mode", choices=("standard", "simple"), default="standard")
    parser.add_argument("--join-delay", type=float, nargs=2, metavar=("LOW", "HIGH"), default=Options().join_delay)
    parser.add_argument("--compliance-required", action="store_true", help="start with the 423 gate closed")
    return parser


async def serve(sandbox: Sandbox, host_port: int, relay_port: int) -> None:
    """Runs until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await sandbox.start(host_port, relay_port)
    urls = [f"http://127.0.0.1:{port}" for port in (sandbox.host_port, sandbox.relay_port)]
    print(f"sandbox ready: host {sandbox.host.options.host_version} {urls[0]}, relays {urls[1]}", flush=True)
    await stop.wait()
    await sandbox.stop()


def main() -> int:
    given = arguments().parse_args()
    options = Options(
        host_version=given.host_version,
        admin_key=given.admin_key,
        run_mode=given.run_mode,
        join_delay=(given.join_delay[0], given.join_delay[1]),
        compliance_required=given.compliance_required,
    )
    gc.set_threshold(50_000, 20, 20)  # answers are acyclic; usual collections take a seventh of the CPU
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve(Sandbox(options, given.state), given.host_port, given.relay_port))
    except OSError as problem:
        print(f"The sandbox cannot start: {problem.strerror or problem}.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
