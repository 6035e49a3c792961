"""Cursors belong to one list, one filter and one order; an altered one is refused (docs/design.md#35-list-orders)."""

import base64
import json
from typing import Any

import pytest
from batch_import.domain.errors import InvalidRequest
from batch_import.store.cursors import decode_cursor, encode_cursor
from hypothesis import given
from hypothesis import strategies as st

SCOPES = st.dictionaries(st.sampled_from(["list", "run", "order", "q"]), st.none() | st.text(max_size=9))


@given(st.text(min_size=1, max_size=60), SCOPES)
def test_a_cursor_gives_back_the_position_in_its_own_list(position: str, scope: dict[str, Any]) -> None:
    cursor = encode_cursor(position, scope)
    assert decode_cursor(cursor, scope) == position
    assert cursor.isascii()
    assert decode_cursor(None, scope) is None


@pytest.mark.parametrize(
    "other", [{}, {"run": "run_2"}, {"run": "run_1", "q": "x"}, {"run": "run_1", "order": "position"}, {"q": "run_1"}]
)
def test_a_cursor_belongs_to_its_list_run_filter_and_order(other: dict[str, Any]) -> None:
    cursor = encode_cursor("2026#item_00001", {"run": "run_1", "q": None})
    with pytest.raises(InvalidRequest, match="cursor"):
        decode_cursor(cursor, other)


def test_a_filter_that_is_not_set_is_no_other_filter() -> None:
    assert decode_cursor(encode_cursor("x", {"state": None}), {}) == "x"


def test_a_cursor_of_which_any_character_was_altered_is_refused() -> None:
    cursor = encode_cursor("2#2026-11-25T12:00:00.000+00:00#item_00001", {"run": "run_1"})
    altered = [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(len(cursor))]
    altered += [cursor[:-1], cursor + "A", cursor + "=", cursor + "==", f" {cursor}", cursor.swapcase(), cursor + "\n"]
    for one in altered:
        with pytest.raises(InvalidRequest):
            decode_cursor(one, {"run": "run_1"})


DAMAGED = [
    "",
    "x",
    "é",
    "====",
    "bnVsbA",
    "MQ",
    "e30",
    "W10",
    "WzEsMl0",
    "W1siYSJdLCJiIl0",
    "eyJhIjoxLCJiIjoyfQ",
    "_-+/",
]


@pytest.mark.parametrize("cursor", [*DAMAGED, base64.urlsafe_b64encode(json.dumps(["x", "0" * 12]).encode()).decode()])
def test_a_damaged_cursor_is_an_invalid_request(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(cursor, {})


@given(st.text(max_size=80))
def test_no_text_makes_a_cursor_fail_otherwise(cursor: str) -> None:
    try:
        decode_cursor(cursor, {})
    except InvalidRequest:
        return
