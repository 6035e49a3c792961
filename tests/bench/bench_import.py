"""How long a list takes through the embedded stack, from cold, and where the time goes.

``make bench RELAYS=1000``, or: python tests/bench/bench_import.py --relays 1000 --latency 3 --faulty 0.05

Relays answer after ``--latency`` seconds with ``--models`` models; a share of them is faulty: a dead key, or a list
that takes 20 s. Prints figures; asserts nothing.
"""

import argparse
import json
import os
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from embedded.stack import Embedded
from tests.support.stack import embedded_stack


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as home, embedded_stack(Path(home), iam=False) as stack:
        before = _cpu(stack)
        started = time.monotonic()
        run_id = _call(stack, "POST", "/api/batch-import/runs", _request(stack, options))["run_id"]
        accepted = time.monotonic() - started
        run = _until_ended(stack, run_id, options.limit)
        wall = time.monotonic() - started
        used = {name: seconds - before.get(name, 0.0) for name, seconds in _cpu(stack).items()}
    _report(options, run, accepted, wall, used)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--relays", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=3.0, help="seconds before every answer of a relay")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--faulty", type=float, default=0.05, help="share of relays with a dead key or a slow list")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds after which the benchmark gives up")
    return parser.parse_args()


def _request(stack: Embedded, options: argparse.Namespace) -> dict[str, Any]:
    items = [_pair(stack.settings.relay_port, number, options) for number in range(options.relays)]
    return {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}


def _pair(port: int, number: int, options: argparse.Namespace) -> dict[str, str]:
    every = round(1 / options.faulty) if options.faulty else 0
    faulty = bool(every) and number % every == 0
    profile = "dead_key" if faulty and number % (2 * every) else "healthy"
    slow = "~slowlist=20" if faulty and profile == "healthy" else ""
    name = f"r{number}~latency={options.latency}~models={options.models}{slow}"
    return {"base_url": f"http://127.0.0.1:{port}/{profile}/{name}/v1", "api_key": f"sk-bench-{number:06d}"}


def _call(stack: Embedded, method: str, path: str, body: Any = None) -> Any:
    saved = stack.settings.saved()
    headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{saved['BATCH_IMPORT_URL']}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def _until_ended(stack: Embedded, run_id: str, limit: float) -> dict[str, Any]:
    deadline = time.monotonic() + limit
    while True:
        run: dict[str, Any] = _call(stack, "GET", f"/api/batch-import/runs/{run_id}")["run"]
        if run["state"] != "running" or time.monotonic() > deadline:
            return run
        time.sleep(0.5)


def _cpu(stack: Embedded) -> dict[str, float]:
    """CPU seconds so far, by kind of process, from /proc: the stack's programs lead process groups of their own."""
    groups = {stack.emulator.program.pid(): "emulator and functions", stack.sandbox.program.pid(): "sandbox"}
    seconds: Counter[str] = Counter()
    tick = os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        kind = groups.get(int(fields[2]))
        if kind:
            is_leader = int(stat.parent.name) in groups
            name = "emulator" if kind != "sandbox" and is_leader else ("functions" if kind != "sandbox" else kind)
            seconds[name] += (int(fields[11]) + int(fields[12])) / tick
            seconds[f"processes of {name}"] += 1
    return dict(seconds)


def _report(
    options: argparse.Namespace, run: dict[str, Any], accepted: float, wall: float, used: dict[str, float]
) -> None:
    floor = 4 * options.latency
    print(f"{options.relays} relays, {options.latency:g} s an answer, {options.faulty:.0%} faulty")
    print(f"  accepted in {accepted:.2f} s, ended in {wall:.1f} s ({1000 * wall / options.relays:.1f} ms a relay)")
    print(f"  state {run['state']}: {run['active_items']} active, {run['degraded_items']} degraded, "
          f"{run['broken_items']} broken of {run['total_items']}")  # fmt: skip
    print(f"  floor of waiting {floor:.0f} s (four answers one after the other)")
    for name, seconds in sorted(used.items()):
        print(f"  {name}: {seconds:.1f}" if name.startswith("processes") else f"  CPU of {name}: {seconds:.1f} s")


if __name__ == "__main__":
    main()
