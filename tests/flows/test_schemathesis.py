"""Schemathesis finds no fault: sound and unsound requests of the document, as operator, as viewer, and as nobody."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import gateway
from tests.conftest import CUSTOMER_KEY, seed
from tests.support.aws import OPERATOR, ROOT, VIEWER, Aws
from tests.support.schemathesis_hooks import CUSTOMER

TOKENS = {"operator": OPERATOR, "viewer": VIEWER, "nobody": "sk-test-nobody"}
SAMPLE = ("--phases", "examples,fuzzing", "--max-examples", "2")
WHOLE = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "20")


@pytest.fixture
def served(aws: Aws, box: Any) -> Iterator[gateway.Gateway]:
    aws.put_host(box.host_url, box.admin_key)
    seed(box, CUSTOMER, CUSTOMER_KEY)
    with gateway.serving() as running:
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
    environment["NO_COLOR"] = "1"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    return done.stdout


def test_a_sample_of_requests_finds_no_fault(served: gateway.Gateway, tmp_path: Path) -> None:
    told = schemathesis(served, tmp_path, "operator", SAMPLE)
    assert len(served.calls) > 40
    assert "Failures" not in told


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", TOKENS)
def test_no_request_finds_a_fault(served: gateway.Gateway, tmp_path: Path, role: str) -> None:
    schemathesis(served, tmp_path, role, WHOLE)
    print(f"{role}: {len(served.calls)} requests")
