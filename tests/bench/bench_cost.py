"""What a list costs in AWS: counted in the embedded stack, and multiplied by AWS's prices.

``make cost RELAYS=1000``, or: python tests/bench/bench_cost.py --relays 1000 --models 20

Units of DynamoDB, calls of SQS, KMS and Secrets Manager, bytes of logs and custom metrics are counted. Seconds of
functions are those that their own lines in the log say, at the memory of the template. Prints figures; asserts nothing.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded.stack import Embedded
from tests.bench.bench_import import _call, _request, _until_ended
from tests.support.aws import template
from tests.support.stack import embedded_stack

# USD, us-east-1, on demand, from AWS's price lists, as of 2026-11-29.
MILLION_WRITES, MILLION_READS = 0.625, 0.125
MILLION_SQS_CALLS, MILLION_KMS_CALLS, MILLION_SECRET_CALLS = 0.40, 3.00, 5.00
MILLION_INVOCATIONS, GB_SECOND = 0.20, 0.0000133334  # arm64
GB_OF_LOGS = 0.50
# For a month, above the allowances that do not end: ten metrics and ten alarms.
METRIC, ALARM, SECRET, KEY = 0.30, 0.10, 0.40, 1.00
FREE_METRICS = FREE_ALARMS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--relays", type=int, default=1000)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--latency", type=float, default=3.0)
    parser.add_argument("--faulty", type=float, default=0.0)
    options = parser.parse_args()
    with counting_stack() as (stack, file):
        _import(stack, options, 1)  # what a deployment makes once: users, keys and groups of the host
        before = _counted(file)
        logs = len(list(_log_lines(stack)))
        wall, run = _import(stack, options, options.relays)
        used = {name: Counter(now) - Counter(before.get(name, {})) for name, now in _counted(file).items()}
        lines = list(_log_lines(stack))[logs:]
    _report(options, run, wall, used, lines)


@contextmanager
def counting_stack() -> Iterator[tuple[Embedded, Path]]:
    """A stack that counts units, and the file in which it does (embedded/capacity.py)."""
    with tempfile.TemporaryDirectory(prefix="counting-") as folder:
        file = Path(folder) / "capacity.json"
        os.environ["CAPACITY_FILE"] = str(file)
        with embedded_stack(Path(folder) / "home", iam=False) as stack:
            yield stack, file


def _import(stack: Embedded, options: argparse.Namespace, relays: int) -> tuple[float, dict[str, Any]]:
    begun = time.monotonic()
    bases = [f"http://127.0.0.1:{stack.settings.relay_port}"] * relays
    body = _request(bases, options)
    if relays == 1:
        body["items"][0]["base_url"] = body["items"][0]["base_url"].replace("/r0~", "/warm~")
    run_id = _call(stack, "POST", "/api/batch-import/runs", body)["run_id"]
    run, _ = _until_ended(stack, run_id, begun + 1800)
    time.sleep(2)  # the file is written once a second
    _call(stack, "GET", f"/api/batch-import/runs/{run_id}")
    return time.monotonic() - begun, run


def _counted(file: Path) -> dict[str, Any]:
    found = json.loads(file.read_text("utf-8"))
    return {**found, "keys": dict(found["keys"])}


def _log_lines(stack: Embedded) -> Iterator[str]:
    client = stack.emulator.client("logs")
    for group in client.describe_log_groups()["logGroups"]:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        yield from (event["message"] for page in pages for event in page["events"])


def _report(
    options: argparse.Namespace, run: dict[str, Any], wall: float, used: dict[str, Counter[str]], lines: list[str]
) -> None:
    items = run["total_items"]
    writes, reads, calls = (sum(used[name].values()) for name in ("writes", "reads", "calls"))
    print(f"{items} items of {options.models} models, {run['active_items']} active, in {wall:.0f} s")
    print(f"write units an item: {writes / items:.1f}")
    for kind, units in used["writes"].most_common():
        print(f"  {kind:38} {units / items:6.2f}")
    print(f"read units an item: {reads / items:.1f}")
    for kind, units in used["reads"].most_common(8):
        print(f"  {kind:38} {units / items:6.2f}")
    print(f"calls an item: {calls / items:.1f}")
    for kind, count in used["calls"].most_common(14):
        print(f"  {kind:38} {count / items:6.2f}")
    hottest, units = used["keys"].most_common(1)[0]
    print(f"hottest key: {units / items:.2f} units an item ({re.sub(r'run_[0-9a-z_]+', 'run', hottest)}), "
          f"so at most {1000 * items / units:.0f} items a second")  # fmt: skip
    _money(items, used, writes, reads, lines)


def _money(items: int, used: dict[str, Counter[str]], writes: float, reads: float, lines: list[str]) -> None:
    calls = used["calls"]
    seconds = Counter[str]()
    for line in lines:
        found = re.search(r'"seconds":\s*([0-9.]+)', line) if '"message":"worked"' in line else None
        if found:
            seconds["worked"] += float(found[1])  # type: ignore[assignment]
            seconds["invocations"] += 1
    gigabytes = sum(len(line) + 26 for line in lines) / 1e9
    metrics = {name for line in lines for name in re.findall(r'"Name":"([A-Za-z0-9]+)","Unit"', line)}
    sqs = sum(n for name, n in calls.items() if "SQS" in name)
    kms = sum(n for name, n in calls.items() if "Trent" in name)
    secrets = sum(n for name, n in calls.items() if "secretsmanager" in name)
    rows = [
        ("DynamoDB, write units", writes, writes * MILLION_WRITES / 1e6),
        ("DynamoDB, read units", reads, reads * MILLION_READS / 1e6),
        ("Lambda, GB-seconds of workers", seconds["worked"], seconds["worked"] * GB_SECOND),
        ("Lambda, invocations of workers", seconds["invocations"], seconds["invocations"] * MILLION_INVOCATIONS / 1e6),
        ("SQS, calls (and as many by Lambda)", 2 * sqs, 2 * sqs * MILLION_SQS_CALLS / 1e6),
        ("KMS, calls", kms, kms * MILLION_KMS_CALLS / 1e6),
        ("Secrets Manager, calls", secrets, secrets * MILLION_SECRET_CALLS / 1e6),
        ("CloudWatch Logs, kB", gigabytes * 1e6, gigabytes * GB_OF_LOGS),
    ]
    print(f"\nprices of us-east-1, 2026-11-29{'':24}used     USD for 10,000 items")
    for name, amount, usd in rows:
        print(f"  {name:42} {amount:12,.0f}     {usd * 10_000 / items:.4f}")
    print(f"  {'in all':42} {'':12}     {sum(usd for *_, usd in rows) * 10_000 / items:.4f}")
    _idle(metrics)


def _idle(metrics: set[str]) -> None:
    resources = template()["Resources"].values()
    kinds = Counter(resource["Type"] for resource in resources)
    alarms = Counter(resource.get("Condition") for resource in resources if "Alarm" in resource["Type"])
    main, every = alarms["NotifyAlarms"], alarms.total()
    rows = [
        (f"{len(metrics)} custom metrics, ten free", max(0, len(metrics) - FREE_METRICS) * METRIC),
        (f"{kinds['AWS::SecretsManager::Secret']} secrets", kinds["AWS::SecretsManager::Secret"] * SECRET),
        ("one KMS key", kinds["AWS::KMS::Key"] * KEY),
    ]
    print("\nidle, USD a month")
    for name, usd in rows:
        print(f"  {name:42} {usd:.2f}")
    print(f"  {'in all, without calls of SQS by idle pollers':42} {sum(usd for _, usd in rows):.2f}")
    for name, count in (("main", main), ("all", every)):
        text = f"{count} alarms ({name}), ten free, if a topic is named"
        print(f"  {text:42} {max(0, count - FREE_ALARMS) * ALARM:.2f}")


if __name__ == "__main__":
    main()
