"""The main job as its user runs it: the command line against the deployed template, the sandbox behind it."""

import csv
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.stack import Embedded
from tests.support.stack import ROOT, embedded_stack
from tests.support.verdicts import expected_verdicts

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]
SAMPLE = ROOT / "events" / "sample-relays.csv"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded_stack(tmp_path_factory.mktemp("end-to-end")) as running:
        yield running


@pytest.fixture(scope="module")
def sample(stack: Embedded) -> Path:
    """The sample list, moved to the ports of this stack."""
    moved = stack.settings.home / "sample.csv"
    moved.write_text(SAMPLE.read_text("utf-8").replace(":18090", f":{stack.settings.relay_port}"))
    return moved


def batch_import(stack: Embedded, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """The command with --json; its answers."""
    command = [str(ROOT / ".venv" / "bin" / "batch-import"), *arguments, "--json"]
    environment = {**os.environ, **stack.settings.saved()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def import_sample(stack: Embedded, sample: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    """Import to the end; the run's id and its items by id. Not every relay is good, so the exit code is 1."""
    asked = ("--access-mode", "subscription", "--subscription-user", "customer@example.com", "--watch")
    answers = batch_import(stack, "import", str(sample), *asked, code=1)
    items = {item["item_id"]: item for answer in answers for item in answer.get("items", [])}
    return answers[0]["run_id"], items


def accounts_created(stack: Embedded) -> int:
    url = f"http://127.0.0.1:{stack.settings.host_port}/_sandbox/ledger"
    with urllib.request.urlopen(url, timeout=10) as answer:
        ledger = json.loads(answer.read())
    return sum(entry["method"] == "POST" and entry["path"] == "/api/v1/admin/accounts" for entry in ledger)


def profile_of(row: dict[str, str]) -> str:
    path = row["base_url"].partition("//")[2].split("/")
    return path[1] if len(path) > 2 else "down"


def test_the_sample_list_is_judged_as_its_profiles_demand_and_a_second_import_creates_nothing(
    stack: Embedded, sample: Path
) -> None:
    run_id, first = import_sample(stack, sample)
    with sample.open() as lines:
        profiles = [profile_of(row) for row in csv.DictReader(lines)]
    expected = [expected_verdicts()[profile] for profile in profiles]
    ended = [first[f"item_{number:05d}"] for number in range(1, len(profiles) + 1)]

    assert [(i["confirmation_status"], i["access_status"]) for i in ended] == [
        (e.confirmation_status, e.access_status) for e in expected
    ]
    assert [i["last_error_code"] for i, e in zip(ended, expected, strict=True) if e.code] == [
        e.code for e in expected if e.code
    ]
    [shown] = batch_import(stack, "runs", "--q", run_id)
    assert shown["runs"][0]["state"] == "completed_with_warnings"
    assert shown["runs"][0]["completed_items"] == len(profiles)

    made = accounts_created(stack)
    _, second = import_sample(stack, sample)
    assert accounts_created(stack) == made
    assert {i["account_resolution"] for i in second.values()} <= {"reused", "replaced", None}
    assert {k: i["access_status"] for k, i in second.items()} == {k: i["access_status"] for k, i in first.items()}


def test_no_key_of_the_list_is_in_any_log(stack: Embedded, sample: Path) -> None:
    with sample.open() as lines:
        keys = {row["api_key"] for row in csv.DictReader(lines)}
    logs = [path for path in (stack.settings.home / "logs").rglob("*") if path.is_file()]
    found = stack.emulator.client("logs").filter_log_events(logGroupName=log_group(stack), limit=10_000)
    texts = [path.read_text("utf-8", "replace") for path in logs] + [e["message"] for e in found["events"]]
    assert len(found["events"]) > 10
    assert [key for key in keys for text in texts if key in text] == []


def log_group(stack: Embedded) -> str:
    groups = stack.emulator.client("logs").describe_log_groups(logGroupNamePrefix="/batch-import/")["logGroups"]
    return str(groups[0]["logGroupName"])
