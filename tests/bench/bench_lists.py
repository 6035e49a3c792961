"""How long lists take to read in the embedded stack, at 10,000 items and 5,000 runs, and how many units that costs.

python tests/bench/bench_lists.py --items 10000 --runs 5000 --relays 1

Rows are written through the stores, as workers would leave them; the lists are read over HTTP until the answer is
complete, or a page is full. With a hundred relays a run the index of runs holds only a part of what ``q`` searches.
Prints figures; asserts nothing.
"""

import argparse
import hashlib
import json
import os
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from batch_import.aws.settings import Settings
from batch_import.bootstrap import CompositionRoot
from batch_import.domain.contract import CreateRunRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.finding import Finding
from batch_import.domain.types import ItemStage
from batch_import.runs.create import Asked, BatchImportService
from batch_import.store.items import item_id_at

from embedded.stack import Embedded
from tests.bench.bench_cost import counting_stack
from tests.bench.bench_import import _call

CODES = ("auth_failed", "unreachable", "payment_required")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5_000)
    parser.add_argument("--relays", type=int, default=1, help="of each run")
    options = parser.parse_args()
    with counting_stack() as (stack, file):
        root = _root(stack)
        service = _service(root)
        small, large = (_items(root, service, count) for count in (100, options.items))
        _runs(service, options.runs, options.relays)
        _findings(root, options.items)
        _read(stack, file, small, large, options)


def _root(stack: Embedded) -> CompositionRoot:
    """The parts as the API's function has them."""
    functions = stack.emulator.client("lambda").list_functions()["Functions"]
    [api] = [one for one in functions if "ApiFunction" in one["FunctionName"]]
    os.environ["AWS_ENDPOINT_URL"] = stack.settings.endpoint
    return CompositionRoot(Settings.from_environment(api["Environment"]["Variables"]))


def _service(root: CompositionRoot) -> BatchImportService:
    """It queues nothing: no worker asks the relays, whose names are invented."""
    nowhere: Any = Mock()
    runs, items, keys, progress = root.runs, root.items, root.secret_store, root.progress
    suffix, retention = (lambda: secrets.token_hex(5)), timedelta(hours=24)
    return BatchImportService(runs, items, keys, progress, nowhere, root.clock, suffix, retention)


def _items(root: CompositionRoot, service: BatchImportService, count: int) -> Run:
    """A run whose items have all ended, one in a hundred of them broken."""
    pairs = [{"base_url": f"https://relay{n}.example.com/v1", "api_key": f"sk-bench-{n:06d}"} for n in range(count)]
    asked = {"access_mode": "subscription", "subscription_users": ["a@example.com"], "items": pairs[:100]}
    request = CreateRunRequest.model_validate(asked).model_copy(
        update={"items": [CreateRunRequest.model_validate({**asked, "items": [pair]}).items[0] for pair in pairs]}
    )
    run = service.start(lambda: Asked(request), None).run
    items = [_ended(run, position, pair["base_url"]) for position, pair in enumerate(pairs)]
    for start in range(0, count, 1000):
        root.items.add(items[start : start + 1000])
    root.progress.publish()
    return root.runs.get(run.run_id) or run


def _ended(run: Run, position: int, base_url: str) -> Item:
    broken = position % 100 == 7
    return Item(
        run_id=run.run_id,
        item_id=item_id_at(position),
        position=position,
        base_url=base_url,
        provider_id=base_url.removeprefix("https://"),
        key_digest="0" * 64,
        current_stage=ItemStage.DONE,
        access_status="broken" if broken else "active",
        confirmation_status="failed" if broken else "confirmed",
        platform="anthropic" if position % 50 == 3 else "openai",
        last_error_code=CODES[position // 100 % 3] if broken else None,
        created_at=run.started_at,
        updated_at=run.started_at,
    )


def _runs(service: BatchImportService, count: int, relays: int) -> None:
    def start(number: int) -> None:
        pairs = [
            {"base_url": f"https://r{n}.host{number}.example.net/v1", "api_key": f"sk-bench-run-{number:06d}-{n}"}
            for n in range(relays)
        ]
        kind: dict[str, Any] = {"access_mode": "subscription", "subscription_users": ["a@example.com"]}
        if number % 500 == 9:
            kind = {"access_mode": "self_service", "probe_api_key": "sk-bench-probe-0001"}
        service.start_run(CreateRunRequest.model_validate({**kind, "items": pairs}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(count)))


def _findings(root: CompositionRoot, count: int) -> None:
    """So many relays that were proved, of twenty models each out of two hundred."""
    models = [f"model-{number}" for number in range(200)]
    findings = {}
    for n in range(count):
        relay = hashlib.sha256(str(n).encode()).hexdigest()[:16]
        url, served = f"https://relay{n}.example.com/v1", [models[(n * 7 + step * 11) % 200] for step in range(20)]
        facts = (1_764_400_000_000 + n, "run_bench", item_id_at(n % 10_000), "active", None, 1_764_400_000_000 + n)
        known = (url, f"relay{n}", "openai", n, 1 + n % 30 / 10, n % 50 / 3, "USD", served[0])
        measured = (200 + n % 3000, 10 + n % 900 / 10, 300 + n % 5000, "consistent", "unknown")
        findings[relay] = Finding(relay, *facts, *known, *measured, served)
    root.relay_index.change({relay: partial(_as, finding) for relay, finding in findings.items()})


def _as(finding: Finding, _: Finding | None) -> Finding:
    return finding


def _read(stack: Embedded, file: Path, small: Run, large: Run, options: argparse.Namespace) -> None:
    runs, of = "/api/batch-import/runs", "/api/batch-import/runs/{}/items"
    _call(stack, "GET", runs)
    middle = _middle(stack, of.format(large.run_id), options.items // 2)
    asked = {
        f"run of {options.items} items": f"{runs}/{large.run_id}",
        "items, first page": of.format(large.run_id),
        "items, middle page": f"{of.format(large.run_id)}?cursor={middle}",
        "items, by position": f"{of.format(large.run_id)}?order=position",
        "items, a status that few have": f"{of.format(large.run_id)}?access_status=broken",
        "items, a code": f"{of.format(large.run_id)}?code=payment_required",
        "items, a platform": f"{of.format(large.run_id)}?platform=anthropic",
        "items, q": f"{of.format(large.run_id)}?q=relay{options.items - 7}.example",
        "items, q that none has": f"{of.format(large.run_id)}?q=nowhere",
        "items of a run of 100, first page": of.format(small.run_id),
        "items of a run of 100, a code": f"{of.format(small.run_id)}?code=auth_failed",
        f"{options.runs} runs, first page": runs,
        "runs, by state": f"{runs}?state=running",
        "runs, an access mode that few have": f"{runs}?access_mode=self_service",
        "runs, an exact id": f"{runs}?q={large.run_id}",
        "runs, q": f"{runs}?q=r{options.relays - 1}.host{options.runs // 2}.example",
        "runs, q that none has": f"{runs}?q=nowhere",
        f"models of {options.items} relays": "/api/batch-import/models",
        "models, by name": "/api/batch-import/models?order=name&limit=200",
        "relays of a model": "/api/batch-import/models/model-7",
        "relays of a model, by price": "/api/batch-import/models/model-7?order=multiplier&access_status=active",
    }
    print(f"{'':38} seconds   rows   read units")
    for name, path in asked.items():
        seconds, rows, units = _timed(stack, file, path)
        print(f"{name:38} {seconds:7.3f} {rows:6} {units:12.1f}")


def _middle(stack: Embedded, path: str, after: int) -> str:
    """A cursor behind so many items."""
    cursor = ""
    while after > 0:
        cursor = _call(stack, "GET", f"{path}?limit=200{cursor and f'&cursor={cursor}'}")["next_cursor"]
        after -= 200
    return cursor


def _timed(stack: Embedded, file: Path, path: str) -> tuple[float, int, float]:
    """Median seconds of five, rows of the answer, and read units of one."""
    taken, rows = [], 0
    time.sleep(1.1)
    before = _units(stack, file)
    for _ in range(5):
        begun = time.perf_counter()
        rows = _page(stack, path)
        taken.append(time.perf_counter() - begun)
    time.sleep(1.1)
    return statistics.median(taken), rows, (_units(stack, file) - before) / 5


def _page(stack: Embedded, path: str) -> int:
    """How many rows a page has; a search of runs may be answered in several parts."""
    answer = _call(stack, "GET", path)
    rows = _rows(answer)
    while rows < 50 and answer.get("next_cursor"):
        answer = _call(stack, "GET", f"{path}&cursor={answer['next_cursor']}")
        rows += _rows(answer)
    return rows


def _rows(answer: dict[str, Any]) -> int:
    return len(next((answer[name] for name in ("items", "runs", "relays", "models") if name in answer), ()))


def _units(stack: Embedded, file: Path) -> float:
    table = stack.emulator.client("dynamodb").list_tables()["TableNames"][0]
    stack.emulator.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "none"}, "sk": {"S": "none"}})
    return float(sum(json.loads(file.read_text("utf-8"))["reads"].values()))


if __name__ == "__main__":
    main()
