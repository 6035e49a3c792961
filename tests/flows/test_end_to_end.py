"""The main job as its user runs it: the command line against the deployed template, the sandbox behind it."""

import csv
import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from batch_import.domain.urls import canonical_base_url

from embedded.stack import Embedded
from tests.support.stack import ROOT
from tests.support.verdicts import all_verdicts

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]
SAMPLE = ROOT / "events" / "sample-relays.csv"


@pytest.fixture(scope="module")
def sample(embedded: Embedded) -> Path:
    """The sample list, moved to the ports of this stack."""
    moved = embedded.settings.home / "sample.csv"
    moved.write_text(SAMPLE.read_text("utf-8").replace(":18090", f":{embedded.settings.relay_port}"))
    return moved


def batch_import(embedded: Embedded, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """The command with --json; its answers."""
    command = [str(ROOT / ".venv" / "bin" / "batch-import"), *arguments, "--json"]
    environment = {**os.environ, **embedded.settings.saved()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def import_list(embedded: Embedded, path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Import to the end, with exit code 1 as some relays are bad; the run's id and its items in the list's order."""
    asked = ("--access-mode", "subscription", "--subscription-user", "customer@example.com", "--watch")
    answers = batch_import(embedded, "import", str(path), *asked, code=1)
    items = [item for answer in answers for item in answer.get("items", [])]
    return answers[0]["run_id"], sorted(items, key=lambda item: str(item["item_id"]))


def without_slow_relays(sample: Path) -> Path:
    """The list without the relays that think for up to twenty seconds."""
    shorter = sample.with_name("shorter.csv")
    shorter.write_text("".join(line for line in sample.read_text("utf-8").splitlines(True) if "slow" not in line))
    return shorter


def accounts_created(embedded: Embedded) -> int:
    url = f"http://127.0.0.1:{embedded.settings.host_port}/_sandbox/ledger"
    with urllib.request.urlopen(url, timeout=10) as answer:
        ledger = json.loads(answer.read())
    return sum(entry["method"] == "POST" and entry["path"] == "/api/v1/admin/accounts" for entry in ledger)


def profile_of(row: dict[str, str]) -> str:
    path = row["base_url"].partition("//")[2].split("/")
    return path[1] if len(path) > 2 else "down"


def profiles_in(sample: Path) -> list[str]:
    """The profile of each item: a pair that the list has twice is one item."""
    with sample.open() as lines:
        pairs = {(canonical_base_url(row["base_url"]), row["api_key"]): row for row in csv.DictReader(lines)}
    return [profile_of(row) for row in pairs.values()]


def test_sample_list_gets_the_verdicts_of_its_profiles_and_a_second_import_creates_nothing(
    embedded: Embedded, sample: Path
) -> None:
    run_id, first = import_list(embedded, sample)
    profiles = profiles_in(sample)
    expected = [all_verdicts()[profile] for profile in profiles]

    assert [(i["confirmation_status"], i["access_status"]) for i in first] == [
        (e.confirmation_status, e.access_status) for e in expected
    ]
    assert [i["last_error_code"] for i, e in zip(first, expected, strict=True) if e.code] == [
        e.code for e in expected if e.code
    ]
    [shown] = batch_import(embedded, "runs", "--q", run_id)
    assert shown["runs"][0]["state"] == "completed_with_warnings"
    assert shown["runs"][0]["completed_items"] == len(profiles)

    made = accounts_created(embedded)
    _, second = import_list(embedded, without_slow_relays(sample))
    assert accounts_created(embedded) == made
    assert {i["account_resolution"] for i in second} <= {"reused", "replaced", None}
    assert [i["access_status"] for i in second] == [
        e.access_status for e, profile in zip(expected, profiles, strict=True) if "slow" not in profile
    ]


def test_no_key_of_the_list_is_in_any_log(embedded: Embedded, sample: Path) -> None:
    with sample.open() as lines:
        keys = {row["api_key"] for row in csv.DictReader(lines)}
    logs = [path for path in (embedded.settings.home / "logs").rglob("*") if path.is_file()]
    found = embedded.emulator.client("logs").filter_log_events(logGroupName=log_group(embedded), limit=10_000)
    texts = [path.read_text("utf-8", "replace") for path in logs] + [e["message"] for e in found["events"]]
    assert len(found["events"]) > 10
    assert [key for key in keys for text in texts if key in text] == []


def log_group(embedded: Embedded) -> str:
    groups = embedded.emulator.client("logs").describe_log_groups(logGroupNamePrefix="/batch-import/")["logGroups"]
    return str(groups[0]["logGroupName"])
