"""``export``: every page, as JSON lines or CSV, and no half-written file."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import Reply

RUN = "run_20260522_0001"
EXPORT = f"GET /api/batch-import/runs/{RUN}/export"


def _item(number: int) -> dict[str, Any]:
    return {
        "item_id": f"item_{number:05}",
        "provider_id": "relay-7d7ac291",
        "account_id": number if number > 1 else None,
        "channel_id": None,
        "access_status": "active",
        "legacy_provider_id": f'旧, "{number}"',
    }


def _pages() -> list[dict[str, Any]]:
    run = {"run_id": RUN, "legacy_batch_id": "17"}
    return [
        {"run": run, "items": [_item(1), _item(2)], "next_cursor": "more"},
        {"run": run, "items": [_item(3)], "next_cursor": None},
    ]


ROWS = [{"run_id": RUN, "legacy_batch_id": "17", **_item(number)} for number in (1, 2, 3)]


def test_json_lines_by_default(api: Any, invoke: Any) -> None:
    api.on(EXPORT, *_pages())
    result = invoke("export", RUN)
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == ROWS
    assert [seen.query for seen in api.seen] == [{"limit": "100"}, {"limit": "100", "cursor": "more"}]


def test_csv_by_the_files_ending(api: Any, invoke: Any, tmp_path: Path) -> None:
    api.on(EXPORT, *_pages())
    result = invoke("export", RUN, "--output", "out.CSV")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 items written to out.CSV" in result.stderr
    with (tmp_path / "out.CSV").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{name: "" if value is None else str(value) for name, value in row.items()} for row in ROWS]


def test_json_lines_into_any_other_file(api: Any, invoke: Any, tmp_path: Path) -> None:
    api.on(EXPORT, *_pages())
    assert invoke("export", RUN, "--output", "out.jsonl").exit_code == 0
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()] == ROWS


def test_json_is_the_pages_as_they_came(api: Any, invoke: Any) -> None:
    api.on(EXPORT, *_pages())
    assert [json.loads(line) for line in invoke("export", RUN, "--json").stdout.splitlines()] == _pages()


def test_json_into_a_csv_file_is_refused_before_anything_is_asked(api: Any, invoke: Any, tmp_path: Path) -> None:
    assert invoke("export", RUN, "--json", "--output", "out.csv").exit_code == 2
    assert (api.seen, list(tmp_path.iterdir())) == ([], [])


def test_a_file_that_cannot_be_written_is_told(api: Any, invoke: Any) -> None:
    api.on(EXPORT, *_pages())
    result = invoke("export", RUN, "--output", "nowhere/out.csv")
    assert result.exit_code == 2
    assert "cannot write nowhere/out.csv: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    "second",
    [Reply({"error": {"code": "forbidden", "message": "this token may only read"}}, 403), {"next_cursor": None}],
)
def test_no_half_file_is_left(api: Any, invoke: Any, tmp_path: Path, second: Any) -> None:
    api.on(EXPORT, _pages()[0], second)
    assert invoke("export", RUN, "--output", "out.csv").exit_code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("formula", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(1)", "\t=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_a_text(
    api: Any, invoke: Any, tmp_path: Path, formula: str
) -> None:
    api.on(EXPORT, {"run": {"run_id": RUN, "legacy_batch_id": formula}, "items": [_item(2)], "next_cursor": None})
    assert invoke("export", RUN, "--output", "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["legacy_batch_id"] == f"'{formula}"
    assert row["account_id"] == "2"


def test_no_character_of_an_answer_turns_the_text_of_a_terminal(api: Any, invoke: Any, tmp_path: Path) -> None:
    turned = "a\u202eb\x9b2J"
    api.on(EXPORT, {"run": {"run_id": RUN, "legacy_batch_id": turned}, "items": [_item(2)], "next_cursor": None})
    for arguments in (("export", RUN), ("export", RUN, "--json")):
        shown = invoke(*arguments).stdout
        assert not {"\u202e", "\x9b"} & set(shown)
        assert turned in json.dumps(json.loads(shown), ensure_ascii=False)
    invoke("export", RUN, "--output", "out.csv")
    assert "a\ufffdb\ufffd2J" in (tmp_path / "out.csv").read_text("utf-8")
