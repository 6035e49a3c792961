"""Schemathesis finds no fault: sound and unsound requests of the document, as operator, as viewer, and as nobody."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.browser import gateway
from tests.conftest import CUSTOMER_KEY, Service, seed
from tests.support.aws import OPERATOR, ROOT, VIEWER, Aws

CUSTOMER = "customer@example.com"
TOKENS = {"operator": OPERATOR, "viewer": VIEWER, "nobody": "sk-test-nobody"}
SAMPLE = ("--phases", "examples,fuzzing", "--max-examples", "2", "--generation-deterministic")
WHOLE = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "20")


ANSWERED = {
    ("POST", "runs", 202), ("GET", "runs", 200), ("GET", "items", 200), ("GET", "item_00001", 200),
    ("GET", "export", 200), ("POST", "cancel", 200), ("POST", "retry", 202), ("POST", "apply", 202),
    ("POST", "undo", 202), ("POST", "parse", 200), ("GET", "users", 200), ("GET", "groups", 200),
}  # fmt: skip


@pytest.fixture
def runs(aws: Aws, box: Any) -> dict[str, str]:
    """A run that has ended, a dry run that has, and one that nothing works on; by the routes that want them."""
    aws.put_host(box.host_url, box.admin_key)
    seed(box, CUSTOMER, CUSTOMER_KEY)
    items = [{"base_url": box.relay(name), "api_key": "sk-test-0000000000000001"} for name in ("chat_only", "dead_key")]
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        service = Service(aws, box, traveller)
        ended, dry = (service.import_(items, subscription_users=[CUSTOMER], dry_run=it)[0] for it in (False, True))
        return {"": ended, "apply": dry, "cancel": service.start(items, subscription_users=[CUSTOMER])}


@pytest.fixture
def answered() -> Counter[tuple[str, str, int]]:
    """How often a method got a status at an address with this last part."""
    return Counter()


@pytest.fixture
def served(
    runs: dict[str, str], answered: Counter[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[gateway.Gateway]:
    monkeypatch.setenv("SCHEMATHESIS_RUNS", json.dumps(runs))
    with gateway.serving() as running:
        ask = running.ask

        def counting(request: gateway.Request) -> gateway.Answer:
            answer = ask(request)
            answered[request.method, request.path.rpartition("/")[2], int(answer[0])] += 1
            return answer

        monkeypatch.setattr(running, "ask", counting)
        yield running


def schemathesis(served: gateway.Gateway, folder: Path, role: str, options: tuple[str, ...]) -> str:
    document = folder / "openapi.json"
    headers = {"authorization": f"Bearer {OPERATOR}"}
    _, _, text = served.answer(gateway.Request("GET", "/api/openapi.json", {}, headers, None))
    document.write_text(text, "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", served.url]
    command += ["--header", f"Authorization: Bearer {TOKENS[role]}", "--checks", "all", "--mode", "all"]
    command += ["--generation-allow-x00", "false", "--generation-codec", "utf-8", "--continue-on-failure", *options]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    environment |= {"SCHEMATHESIS_CUSTOMER": CUSTOMER, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    return done.stdout


def test_a_sample_of_requests_finds_no_fault(
    served: gateway.Gateway, tmp_path: Path, runs: dict[str, str], answered: Counter[tuple[str, str, int]]
) -> None:
    """What every route answers to a sound request is among what is judged."""
    told = schemathesis(served, tmp_path, "operator", SAMPLE)
    assert {*ANSWERED, ("GET", runs[""], 200)} - answered.keys() == set()
    assert "Failures" not in told


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", TOKENS)
def test_no_request_finds_a_fault(
    served: gateway.Gateway, tmp_path: Path, role: str, answered: Counter[tuple[str, str, int]]
) -> None:
    schemathesis(served, tmp_path, role, WHOLE)
    statuses: Counter[int] = Counter()
    for (_, _, status), times in answered.items():
        statuses[status] += times
    print(f"{role}: {len(served.calls)} requests, by status {dict(sorted(statuses.items()))}")
