"""Rows and ignored lines name the line where they stand."""

import pytest
from batch_import.intake import parse

from tests.unit.intake.example import K2, U2, K, U


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c"])
def test_other_line_ends_separate_but_count_as_no_line(separator: str) -> None:
    rows = parse(f"a heading{separator}{U} {K}\n{U2} {K2}").rows
    assert [(row.line, row.base_url, row.api_key) for row in rows] == [(1, U, K), (2, U2, K2)]


def test_other_line_ends_do_not_shift_a_document_below() -> None:
    rows = parse(f'one\u2028two\n{{"base_url": "{U}", "api_key": "{K}"}}\n{U2} {K2}').rows
    assert [(row.line, row.api_key) for row in rows] == [(2, K), (3, K2)]


def test_row_of_a_dump_names_the_line_of_its_key() -> None:
    text = f"BEGIN;\nINSERT INTO channels (base_url, key) VALUES\n('{U}', '{K}'),\n('{U2}', '{K2}');\n"
    assert [row.line for row in parse(text).rows] == [3, 4]


@pytest.mark.parametrize("glue", ["/", "~", "=", "/v1/"])
def test_an_address_that_holds_the_only_key_is_shown_without_it(glue: str) -> None:
    [row] = parse(f"https://relay.example/v1{glue}sk-test-0001aaaabbbbcccc").rows
    assert (row.status, row.api_key) == ("incomplete", "")
    assert "0001aaaabbbb" not in f"{row.base_url} {row.base_url_as_written}"
    assert row.base_url.startswith("https://relay.example/v1")


@pytest.mark.parametrize(
    ("line", "of_row"),
    [
        (U2, 2),
        (f"{U2}/chat/completions", 2),
        (U2.removesuffix("/v1"), 2),
        (f"{U2}/", 2),
        (f"{U2}/pricing", None),
        (f"{U2}?key=AbCd1234EfGh5678", None),
        (f"{U2}#AbCd1234EfGh5678", None),
        ("https://user:AbCd1234EfGh@other.example/v1", None),
        ("https://other.example.org/pricing", None),
        ("what is this?", None),
    ],
)
def test_an_address_alone_that_repeats_a_row_before_it_names_the_row(line: str, of_row: int | None) -> None:
    read = parse(f"{U} {K}\n{U2} {K2}\n\n{line}\n")
    assert len(read.rows) == 2
    assert [(one.line, one.of_row) for one in read.ignored] == [(4, of_row)]
    assert read.summary.ignored == (of_row is None)


def test_an_address_before_its_row_repeats_nothing() -> None:
    read = parse(f'{U}\n\n```json\n{{"base_url": "{U}", "api_key": "{K}"}}\n```\n')
    assert [(row.line, row.base_url) for row in read.rows] == [(4, U)]
    assert [(one.line, one.of_row) for one in read.ignored] == [(1, None)]


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        (f";{U} {K}", f"{U2} {K2}"),
        (f"# {U} {K}", f"{U2} {K2}"),
        (f"REM {U} {K}", f"{U2} {K2}"),
        ("# AbCd1234EfGh5678", f"{U2} {K2}"),
        (f";url={U};key={K}", f"base_url={U2}\napi_key={K2}"),
        (f";base_url={U}", f"base_url={U2}\napi_key={K2}"),
        (f";api_key = {K}", f"base_url = {U2}\napi_key = {K2}"),
        (f";api_key = {K}", f"[main]\nbase_url = {U2}\napi_key = {K2}"),
        (f"#api_key={K}", f"[main]\nbase_url = {U2}\napi_key = {K2}"),
    ],
)
def test_what_is_switched_off_is_told_and_names_nothing(line: str, rest: str) -> None:
    read = parse(f"{line}\n{rest}\n")
    assert [(row.base_url, row.api_key, row.label) for row in read.rows] == [
        (U2, K2, "main" if "[main]" in rest else None)
    ]
    assert [one.line for one in read.ignored] == [1]
    assert K not in repr(read)
