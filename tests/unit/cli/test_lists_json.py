"""JSON lists, encodings, and what a list must never show."""

import codecs
import json

import pytest
from batch_import_cli.lists import read_list

from tests.unit.cli.list_reading import KEY, URL, read, refusal


def test_json_list_and_request() -> None:
    item = {"base_url": URL, "api_key": KEY, "requested_models": ["kimi 2.6"], "colour": "red"}
    assert read(json.dumps([item])) == [item]
    assert read("\ufeff\n" + json.dumps({"items": [item]})) == [item]
    whole = read_list(json.dumps({"mode": "strict", "items": [item]}).encode(), "list")
    assert whole.fields == {"mode": "strict"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[\n  {"base_url": "x" "api_key": "SECRET"}]', "not JSON: line 2, column 20: Expecting ',' delimiter"),
        ('{"items": [{"api_key": "SECRET"', "not JSON: line 1, column 32"),
        ('{"items": {"api_key": "SECRET"}}', 'expected a list of relays, or an object with a list "items"'),
        (
            '{"base_url": "https://a", "api_key": "SECRET"}',
            'expected a list of relays, or an object with a list "items"',
        ),
        ('[{"base_url": "https://a", "api_key": "SECRET", "api_key": "SECRET"}]', "the same name twice"),
        ('[{"base_url": "https://a", "api_key": NaN}]', "a number that JSON does not have"),
        ("[" * 200_000, "nested too deeply"),
        ('["SECRET"]', "line 1, column 2: items[0]: is not an object"),
        ("[]", "no relay in it"),
        ('{"items": []}', "no relay in it"),
    ],
)
def test_json_refusals(text: str, said: str) -> None:
    assert said in refusal(text, "json")


def test_json_places_are_told_by_index_line_and_column() -> None:
    text = """{"mode": "strict", "nested": {"items": [1]},
 "items": [
   {"base_url": "https://a", "api_key": "SECRET"},
   {"base_url": "https://b"}, {"base_url": 7, "api_key": "SECRET"},
   "SECRET"
 ]}"""
    message = refusal(text)
    assert "line 4, column 4: items[1]: api_key is missing" in message
    assert "line 4, column 31: items[2]: base_url is missing or not a text" in message
    assert "line 5, column 4: items[3]: is not an object" in message
    assert "items[0]" not in message


@pytest.mark.parametrize("data", [b"", b" \n\t\n"])
def test_empty(data: bytes) -> None:
    assert refusal(data) == "list: is empty"


@pytest.mark.parametrize("text", ["# nothing\n\n# here\n", "base_url,api_key\n"])
def test_a_list_without_relays(text: str) -> None:
    assert refusal(text) == "list: no relay in it, nothing to import"


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_not_utf8_names_the_offset_in_the_file(mark: bytes) -> None:
    data = mark + f"{URL} SECRET\n".encode() + "备注".encode("gbk")
    place = len(mark) + len(URL) + 8
    assert f"is not UTF-8: byte 0xb1 at offset {place} (line 2)" in refusal(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_refused_with_a_hint(encoding: str) -> None:
    assert "save it as UTF-8" in refusal(f"{URL} sk-SECRET".encode(encoding))


def test_a_repr_shows_no_key() -> None:
    found = read_list(json.dumps({"probe_api_key": KEY, "items": [{"base_url": URL, "api_key": KEY}]}).encode(), "list")
    assert KEY not in repr(found)
    assert KEY not in repr(read_list(f"{URL} {KEY}".encode(), "list"))
