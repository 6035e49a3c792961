"""``export``: chosen items as CSV or JSON lines, safe for spreadsheets, and no half-written file."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import Answers, Reply

RUN = f"/api/batch-import/runs/{Answers.RUN}"
ITEMS, LINKS = f"GET {RUN}/items", f"GET {RUN}/export"


def page(*items: dict[str, Any], cursor: str | None = None, **run: Any) -> dict[str, Any]:
    found = {"items": list(items), "next_cursor": cursor}
    return {"run": {"run_id": Answers.RUN, **run}, **found} if run else found


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_csv_of_the_chosen_items(api: Any, invoke: Any, answers: Any) -> None:
    broken = answers.item(2, access_status="broken", last_error_code="auth_failed", advice="Check the key")
    api.on(ITEMS, page(answers.item(1, account_id=7, latency_ms=812), cursor="more"), page(broken))
    result = invoke("export", answers.RUN, "--access", "broken", "--code", "auth_failed")
    assert [seen.query for seen in api.seen] == [
        {"access_status": "broken", "code": "auth_failed", "limit": "100"},
        {"access_status": "broken", "code": "auth_failed", "limit": "100", "cursor": "more"},
    ]
    first, second = rows(result.stdout)
    assert (first["address"], first["account"], first["latency_ms"]) == ("https://relay-1.example/v1", "7", "812")
    assert (second["code"], second["advice"], second["advisories"]) == ("auth_failed", "Check the key", "")


def test_json_is_an_object_for_each_item(api: Any, invoke: Any, answers: Any) -> None:
    api.on(ITEMS, page(answers.item(1, account_id=7), answers.item(2)))
    first, second = map(json.loads, invoke("export", answers.RUN, "--json").stdout.splitlines())
    assert (first["item"], first["account"], first["access"]) == ("item_01", 7, "active")
    assert second["account"] is None


def test_what_a_relay_is_worth_is_exported(api: Any, invoke: Any, answers: Any) -> None:
    billing = {
        "balance": 30.0,
        "currency": "USD",
        "key_quota": 50.0,
        "key_used": 20.0,
        "expires_at": "2027-01-01T12:00:00.000+00:00",
        "multiplier": 0.8,
        "peak_multiplier": 1.2,
        "source": "sub2api",
    }
    evidence = {"identity": {"value": "inconsistent"}, "passthrough": {"value": "unknown"}}
    api.on(ITEMS, page(answers.item(1, billing=billing, evidence=evidence), answers.item(2, billing=None)))
    wanted = {**billing, "billing_source": "sub2api", "identity": "inconsistent", "passthrough": "unknown"}
    del wanted["source"]
    first, second = map(json.loads, invoke("export", answers.RUN, "--json").stdout.splitlines())
    assert {name: first[name] for name in wanted} == wanted
    assert {second[name] for name in wanted} == {None}
    first, second = rows(invoke("export", answers.RUN).stdout)
    assert {name: first[name] for name in wanted} == {name: str(value) for name, value in wanted.items()}
    assert {second[name] for name in wanted} == {""}


def test_links_to_the_earlier_system_are_added_on_request(api: Any, invoke: Any, answers: Any) -> None:
    link = {"item_id": "item_01", "channel_id": 3, "legacy_provider_id": "old-7"}
    api.on(ITEMS, page(answers.item(1), answers.item(2)))
    api.on(LINKS, page(link, legacy_batch_id="17"))
    first, second = rows(invoke("export", answers.RUN, "--legacy").stdout)
    assert (first["channel_id"], first["legacy_batch_id"], first["legacy_provider_id"]) == ("3", "17", "old-7")
    assert (second["item"], second["legacy_provider_id"]) == ("item_02", "")


def test_a_file_is_one_that_excel_reads(api: Any, invoke: Any, answers: Any, tmp_path: Path) -> None:
    api.on(ITEMS, page(answers.item(label="旧")))
    result = invoke("export", answers.RUN, "--file", "out.csv")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 item written to out.csv\n")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfitem,")
    assert invoke("export", answers.RUN, "--file", "out.jsonl", "--json").exit_code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text("utf-8"))["label"] == "旧"


def test_a_file_that_cannot_be_written_is_told(api: Any, invoke: Any, answers: Any) -> None:
    api.on(ITEMS, page(answers.item()))
    result = invoke("export", answers.RUN, "--file", "nowhere/out.csv")
    assert result.exit_code == 2
    assert "cannot write nowhere/out.csv: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    "second",
    [Reply({"error": {"code": "forbidden", "message": "this token may only read"}}, 403), {"next_cursor": None}],
)
def test_no_half_file_is_left(api: Any, invoke: Any, answers: Any, tmp_path: Path, second: Any) -> None:
    api.on(ITEMS, page(answers.item(), cursor="more"), second)
    assert invoke("export", answers.RUN, "--file", "out.csv").exit_code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("formula", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(1)", "\t=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_a_text(api: Any, invoke: Any, answers: Any, formula: str) -> None:
    api.on(ITEMS, page(answers.item(label=formula, account_id=2)))
    [row] = rows(invoke("export", answers.RUN).stdout)
    assert (row["label"], row["account"]) == (f"'{formula}", "2")


def test_no_character_of_an_answer_turns_the_text_of_a_terminal(api: Any, invoke: Any, answers: Any) -> None:
    turned = "a\u202eb\x9b2J"
    api.on(ITEMS, page(answers.item(label=turned)))
    as_csv, as_json = invoke("export", answers.RUN).stdout, invoke("export", answers.RUN, "--json").stdout
    assert not {"\u202e", "\x9b"} & set(as_csv + as_json)
    assert "a\ufffdb\ufffd2J" in as_csv
    assert json.loads(as_json)["label"] == turned
