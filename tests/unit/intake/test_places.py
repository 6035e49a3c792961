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
