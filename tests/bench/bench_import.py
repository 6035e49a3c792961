"""How long a list takes through the embedded stack, from cold, and where the time goes.

``make bench RELAYS="100 1000 10000"``, or: python tests/bench/bench_import.py --relays 1000 --https --faulty 0.05

The clock starts with the first call to a stack that has just been started, and has served its page once. Each relay has
a host name of its own (``tests/support/names`` resolves it) and answers after ``--latency`` seconds with ``--models``
models; a share of them is faulty: a dead key, or a list that takes 20 s. Prints figures; asserts nothing.
"""

import argparse
import json
import os
import tempfile
import time
import timeit
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import certifi
import pytest

from embedded import settings
from embedded.stack import Embedded
from tests.support.certificates import make_certificate
from tests.support.stack import embedded_stack
from tests.support.tls_relays import tls_relays

SLOW_LIST = 20  # seconds
NAMES = Path(__file__).resolve().parents[1] / "support" / "names"
KINDS = ("functions", "emulator", "sandbox")


class Usage(NamedTuple):
    """CPU in seconds since the start, memory (resident) in MiB."""

    cpu: float = 0.0
    processes: int = 0
    memory: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":  # type: ignore[override]
        return Usage(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def main() -> None:
    options = _options()
    turns = min(timeit.repeat("sum(range(1000))", number=10_000, repeat=5))
    print(f"this machine: a core adds ten million numbers in {turns:.2f} s (for comparing with another's figures)")
    for relays in options.relays:
        _measure(relays, options)


def _measure(relays: int, options: argparse.Namespace) -> None:
    """One run of so many relays, on a stack of its own that has done nothing before."""
    with ExitStack() as open_:
        home = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        _resolve_names(open_)
        certificate = _trust(open_, home) if options.https else None
        stack = open_.enter_context(embedded_stack(home / "home", iam=False))
        bases = _bases(open_, stack, relays, certificate)
        before = _usage(stack)
        request = _request(bases, options)
        started = time.monotonic()
        _call(stack, "GET", "/api/health")
        awake = time.monotonic()
        run_id = _call(stack, "POST", "/api/batch-import/runs", request)["run_id"]
        accepted = time.monotonic() - awake
        run, peak = _until_ended(stack, run_id, started + options.limit)
        wall = time.monotonic() - started
        used = {kind: usage.cpu - before[kind].cpu for kind, usage in _usage(stack).items()}
    _report(relays, options, run, awake - started, accepted, wall, used, peak)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--relays", type=int, nargs="+", default=[1000], help="one run, from cold, for each number")
    parser.add_argument("--latency", type=float, default=3.0, help="seconds before every answer of a relay")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--faulty", type=float, default=0.05, help="share of relays with a dead key or a slow list")
    parser.add_argument("--https", action="store_true", help="relays speak TLS")
    parser.add_argument("--limit", type=float, default=1800.0, help="seconds after which the benchmark gives up")
    return parser.parse_args()


def _resolve_names(open_: ExitStack) -> None:
    """In all programs of stacks that are started inside the block."""
    patch = open_.enter_context(pytest.MonkeyPatch.context())
    patch.setattr(settings, "PASSED_ON", (*settings.PASSED_ON, "PYTHONPATH"))
    patch.setenv("PYTHONPATH", str(NAMES))


def _trust(open_: ExitStack, home: Path) -> Path:
    """A certificate for the relays' names, which the sandbox trusts beside the usual ones until the block ends."""
    certificate = make_certificate(home, ["*.relays.test"])
    bundle = home / "authorities.pem"
    bundle.write_bytes(
        Path(certifi.where()).read_bytes() + certificate.read_bytes().split(b"-----END PRIVATE KEY-----")[1]
    )
    patch = open_.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("SSL_CERT_FILE", str(bundle))
    return certificate


def _bases(open_: ExitStack, stack: Embedded, relays: int, certificate: Path | None) -> list[str]:
    """Where each relay is: a name of its own, at the sandbox's port or at one that speaks TLS."""
    names = [f"r{number}.relays.test" for number in range(relays)]
    more = {"ALLOWED_PRIVATE_HOSTS": ",".join(names)}
    scheme, port = "http", stack.settings.relay_port
    if certificate is not None:
        more["SSL_CERT_FILE"] = os.environ["SSL_CERT_FILE"]
        scheme, port = "https", *open_.enter_context(tls_relays(certificate))
    client = stack.emulator.client("lambda")
    for function in client.list_functions()["Functions"]:
        variables = {**function["Environment"]["Variables"], **more}
        client.update_function_configuration(
            FunctionName=function["FunctionName"], Environment={"Variables": variables}
        )
    return [f"{scheme}://{name}:{port}" for name in names]


def _request(bases: list[str], options: argparse.Namespace) -> dict[str, Any]:
    items = [_pair(base, number, options) for number, base in enumerate(bases)]
    return {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}


def _pair(base: str, number: int, options: argparse.Namespace) -> dict[str, str]:
    every = round(1 / options.faulty) if options.faulty else 0
    faulty = bool(every) and number % every == 0
    profile = "dead_key" if faulty and number % (2 * every) else "healthy"
    slow = f"~slowlist={SLOW_LIST}" if faulty and profile == "healthy" else ""
    name = f"r{number}~latency={options.latency}~models={options.models}{slow}"
    return {"base_url": f"{base}/{profile}/{name}/v1", "api_key": f"sk-bench-{number:06d}"}


def _call(stack: Embedded, method: str, path: str, body: Any = None) -> Any:
    saved = stack.settings.saved()
    headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{saved['BATCH_IMPORT_URL']}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def _until_ended(stack: Embedded, run_id: str, deadline: float) -> tuple[dict[str, Any], dict[str, Usage]]:
    """The run at its end, and the most that each kind of process held at once."""
    peak = dict.fromkeys(KINDS, Usage())
    while True:
        run: dict[str, Any] = _call(stack, "GET", f"/api/batch-import/runs/{run_id}")["run"]
        peak = {kind: max(peak[kind], now, key=lambda usage: usage.memory) for kind, now in _usage(stack).items()}
        if run["state"] != "running" or time.monotonic() > deadline:
            return run, peak
        time.sleep(1)


def _usage(stack: Embedded) -> dict[str, Usage]:
    """By kind, from /proc: the stack's programs lead process groups of their own, functions are in the emulator's.
    Relays that speak TLS are a child of this process.
    """
    emulator, sandbox = stack.emulator.program.pid(), stack.sandbox.program.pid()
    found = dict.fromkeys(KINDS, Usage())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parent, group, own = int(fields[1]), int(fields[2]), int(stat.parent.name)
        if group in (emulator, sandbox) or parent == os.getpid():
            kind = ("emulator" if own == emulator else "functions") if group == emulator else "sandbox"
            cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            found[kind] += Usage(cpu, 1, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1024**2)
    return found


def _report(
    relays: int,
    options: argparse.Namespace,
    run: dict[str, Any],
    awake: float,
    accepted: float,
    wall: float,
    used: dict[str, float],
    peak: dict[str, Usage],
) -> None:
    slowest = SLOW_LIST if options.faulty and relays > 2 / options.faulty else options.latency
    floor, cores = slowest + 3 * options.latency, os.cpu_count() or 1
    busy = sum(used.values()) / cores
    scheme = "over HTTPS" if options.https else "over HTTP"
    print(f"{relays} relays {scheme}, {options.latency:g} s an answer, {options.faulty:.0%} faulty, on {cores} cores")
    print(f"  API awake in {awake:.2f} s, list accepted in {accepted:.2f} s")
    print(f"  wholly decided in {wall:.1f} s, both included ({1000 * wall / relays:.1f} ms a relay)")
    print(f"  state {run['state']}: {run['active_items']} active, {run['degraded_items']} degraded, "
          f"{run['broken_items']} broken of {run['total_items']}")  # fmt: skip
    print(f"  all cores busy for {busy:.1f} s, at least {max(0.0, wall - busy):.1f} s of waiting "
          f"(its floor: {floor:.0f} s, the slowest list and three answers one after the other)")  # fmt: skip
    for kind in KINDS:
        print(f"  {kind}: {used[kind]:.1f} s of CPU ({1000 * used[kind] / relays:.1f} ms a relay), "
              f"{peak[kind].processes} processes, {peak[kind].memory:.0f} MiB at most")  # fmt: skip


if __name__ == "__main__":
    main()
