"""A file becomes a list by the parser that the API uses; what would be left out is shown and never dropped silently."""

import json
from pathlib import Path
from typing import Any

import pytest
from batch_import.intake import parse, shown
from batch_import_cli.errors import InputError
from batch_import_cli.lists import read_list

URL, KEY = "https://a.example/v1", "sk-AAAA000000000001"
CREATE = "POST /api/batch-import/runs"
USER = ("--subscription-user", "alice@example.com")
CASES = sorted((Path(__file__).parents[1] / "intake" / "lists").iterdir())
MIXED = f"{URL} {KEY}\n\nfound on a page?\n\nhttps://lonely.example/v1\n"


def items(text: str) -> list[dict[str, Any]]:
    return [dict(item.fields) for item in read_list(text.encode(), "list").items]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending(newline: str) -> None:
    assert len(items(newline.join([f"{URL} {KEY}", f"{URL} {KEY}2"]))) == 2


def test_labels_and_models_travel_along() -> None:
    text = f"name,base_url,api_key,models\nmain,{URL},{KEY},gpt-5;kimi 2.6\n"
    assert items(text) == [
        {"base_url": URL, "api_key": KEY, "requested_models": ["gpt-5", "kimi 2.6"], "label": "main"}
    ]


def test_column_of_former_ids_travels_along() -> None:
    text = f"base_url,api_key,legacy_provider_id\n{URL},{KEY},old-7\n{URL},{KEY}2,\n"
    assert [item.get("legacy_provider_id") for item in items(text)] == ["old-7", None]


def test_a_create_request_is_sent_as_it_is() -> None:
    item = {"base_url": URL, "api_key": KEY, "legacy_provider_id": "old-7"}
    found = read_list(json.dumps({"mode": "strict", "items": [item]}).encode(), "list")
    assert (found.fields, [dict(one.fields) for one in found.items]) == ({"mode": "strict"}, [item])


def test_the_same_pair_twice_is_one_item_and_is_told() -> None:
    found = read_list(f"{URL} {KEY}\nhttps://a.example {KEY}\n".encode(), "list")
    assert len(found.items) == 1
    assert found.notes == ("the same pair as an earlier row (line 2)",)


def test_places_name_the_line_and_show_no_key() -> None:
    places = read_list(MIXED.encode(), "list").places
    assert places[0] == "line 5: the key is missing (https://lonely.example/v1)"
    assert places[1] == "line 3: not read: found on a page?"


def test_an_address_that_repeats_a_row_is_told_as_such_and_is_no_failure(invoke: Any) -> None:
    text = f"{URL} {KEY}\nhttps://b.example/v1 {KEY}\nhttps://b.example\n"
    told = "repeats the address of an earlier row"
    found = read_list(text.encode(), "list")
    assert (len(found.items), found.places, found.notes) == (2, (), (f"{told} (line 3)",))
    result = invoke("parse", "-", input=text)
    assert (result.exit_code, result.stderr.splitlines()[:2]) == (0, [f"{told} (line 3)", "2 ready"])


@pytest.mark.parametrize("text", ["sk-AAAA000000000001", "nothing to see", "[]", '{"items": []}'])
def test_a_list_without_a_relay_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no relay in it") as refused:
        read_list(text.encode(), "list")
    assert "AAAA" not in refused.value.message


def test_no_repr_shows_a_key() -> None:
    assert KEY not in repr(read_list(MIXED.encode(), "list"))


# --- what would be left out


def test_nothing_is_sent_without_a_terminal_unless_told_to_skip(api: Any, invoke: Any, answers: Any) -> None:
    refused = invoke("import", "-", *USER, input=MIXED)
    assert (refused.exit_code, api.seen) == (2, [])
    assert "2 places cannot be imported" in refused.stderr
    assert "nothing was sent (try: --skip-bad)" in refused.stderr
    assert "AAAA0000" not in refused.output
    api.on(CREATE, answers.created())
    accepted = invoke("import", "-", *USER, "--skip-bad", input=MIXED)
    assert accepted.exit_code == 0
    assert "line 5: the key is missing" in accepted.stderr
    assert api.seen[0].body["items"] == [{"base_url": URL, "api_key": KEY}]


@pytest.mark.parametrize(("said", "ended"), [("y", (0, 1)), ("n", (2, 0))])
def test_on_a_terminal_a_person_is_asked(
    api: Any, invoke: Any, answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, ended: Any
) -> None:
    (tmp_path / "list.txt").write_text(MIXED)
    api.on(CREATE, answers.created())
    monkeypatch.setattr("batch_import_cli.lists._is_terminal", lambda: True)
    result = invoke("import", "list.txt", *USER, input=f"{said}\n")
    assert (result.exit_code, len(api.seen)) == ended
    assert "Import the other 1 and leave them out?" in result.stderr


# --- parse


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_the_command_gives_the_rows_of_the_api(invoke: Any, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    result = invoke("parse", str(path), "--json")
    assert json.loads(result.stdout) == shown(parse(text), "en").model_dump(mode="json")


def test_parse_shows_rows_for_people_and_sends_nothing(api: Any, invoke: Any) -> None:
    result = invoke("parse", "-", input=MIXED)
    assert result.exit_code == 1
    assert "https://lonely.example/v1" in result.stdout
    assert "the key is missing" in result.stdout
    assert "line 3: not read" in result.stderr
    assert "AAAA0000" not in result.output
    assert api.seen == []


def test_parse_shows_the_platform_where_the_list_names_one(invoke: Any) -> None:
    claude = "ANTHROPIC_BASE_URL=https://relay.example\nANTHROPIC_AUTH_TOKEN=sk-test-0001\n"
    assert "anthropic" in invoke("parse", "-", input=claude).stdout


def test_parse_shows_the_account_that_sub2api_has(api: Any, invoke: Any, on_terminal: Any) -> None:
    text = "".join(f"{URL} {KEY}{number}\n" for number in range(3))
    Path("relays.txt").write_text(text)
    answer = shown(parse(text), "en").model_dump(mode="json")
    held: list[Any] = [{"account_id": 39, "state": "active"}, {"account_id": 40, "state": "disabled"}, None]
    for row, host in zip(answer["rows"], held, strict=True):
        row["host"] = host
    api.on("POST /api/batch-import/parse", answer)
    asking = ("parse", "relays.txt", "--check-host")
    told = ["account 39 (active)", "account 40 (disabled)", ""]
    csv = invoke(*asking, "--output", "csv").stdout.splitlines()
    assert [line.rpartition(",")[2] for line in csv] == ["host", *told]
    wide = invoke(*asking, "--output", "wide").stdout.splitlines()
    assert [line.rpartition("\t")[2] for line in wide] == ["host", *told[:2], "-"]
    seen = on_terminal(*asking).stdout
    assert [name for name in told if name in seen and seen.count("account ") == 2] == told
    assert "账号 40 (已停用)" in on_terminal(*asking, LANG="zh_CN.UTF-8").stdout
    assert "account" not in on_terminal("parse", "relays.txt").stdout


# --- ambiguous rows

DOUBTFUL = f"{URL} sk-AAAA0001,beta\n"


def test_an_ambiguous_row_is_imported_as_it_is_chosen(api: Any, invoke: Any, answers: Any) -> None:
    shown = invoke("parse", "-", input=DOUBTFUL).stdout
    assert "--choose 1=one_key: " in shown
    api.on(CREATE, answers.created())
    assert invoke("import", "-", *USER, "--choose", "1=one_key", input=DOUBTFUL).exit_code == 0
    assert api.seen[0].body["items"] == [{"base_url": URL, "api_key": "sk-AAAA0001,beta"}]


@pytest.mark.parametrize(
    ("choice", "said"),
    [("one_key", "is not a row and a choice like 3=split"), ("7=one_key", "row 7"), ("1=other", "row 1")],
)
def test_a_choice_that_does_not_fit_is_told(api: Any, invoke: Any, choice: str, said: str) -> None:
    result = invoke("import", "-", *USER, "--choose", choice, input=DOUBTFUL)
    assert (result.exit_code, api.seen) == (2, [])
    assert said in result.stderr
    assert "AAAA0001" not in result.stderr
