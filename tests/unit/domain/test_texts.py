"""Characters that move a cursor, turn the direction of writing or hide are kept out of what is shown."""

import json

import pytest
from batch_import.domain.texts import escaped, in_address, plain_number, printable
from hypothesis import given
from hypothesis import strategies as st

HIDING = (
    "\x00\x07\x08\x1b\x7f\x85\x9b\u00ad\u061c\u200b\u200e\u200f"
    "\u202a\u202e\u2066\u2069\u2028\u2029\ufeff\ue000\U000e0041"
)


@pytest.mark.parametrize("character", HIDING)
def test_each_of_them_is_replaced_and_escaped(character: str) -> None:
    assert printable(f"a{character}b") == "a\ufffdb"
    written = escaped(json.dumps(f"a{character}b", ensure_ascii=False))
    assert written.isascii()
    assert json.loads(written) == f"a{character}b"


@pytest.mark.parametrize("text", ["", "kimi-k2.6", "余额不足", "two\nlines\tand a tab", "full\u3000width", "naïve 😀"])
def test_what_can_be_read_stays(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_json_keeps_its_meaning(text: str) -> None:
    assert json.loads(escaped(json.dumps({"a": text}, ensure_ascii=False))) == {"a": text}
    assert all(c in "\n\t" or c.isspace() or c.isprintable() or ord(c) > 0x2FF for c in printable(text))


@pytest.mark.parametrize(
    ("name", "address"),
    [("gpt-5.1", "gpt-5.1"), ("a/b?c#d e", "a~b~c~d~e"), ("qwen3:8b", "qwen3:8b"), ("模型-1", "模型-1")],
)
def test_an_address_holds_a_models_name_without_what_a_path_cannot_hold(name: str, address: str) -> None:
    assert in_address(name) == address


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-6, "0.000001"),
        (1e6, "1000000"),
        (0.75, "0.75"),
        (30, "30"),
        (-2.5, "-2.5"),
        (0, "0"),
        (1234567.25, "1234567.25"),
    ],
)
def test_a_number_has_no_exponent_and_no_zeros_at_its_end(value: float, text: str) -> None:
    assert plain_number(value) == text
