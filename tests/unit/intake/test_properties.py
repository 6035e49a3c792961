# ruff: noqa: E501  (one list of pieces)
"""What holds for every text: no exception, no key outside ``api_key``, no invented address or key."""

from dataclasses import replace

from batch_import.intake import parse
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from(
    ["https://relay.example/v1", "http://10.0.0.1:8080", "sk-AAAA0001bbbb", "gpt-5", " ", "\n", "\t", ",", ";", "|", "----", ":", "：", "=", '"', "{", "}", "[", "]",
     "api_key", "base_url", "地址", "密钥", "#", "//", "\u200b", "`", "|---|---|", "ccswitch://v1/import?apiKey=a", "curl ", "- ", "<", ">", "%", "\\", "a.b", "OPENAI_API_KEY="]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_read_without_an_exception_and_without_showing_a_key(text: str) -> None:
    intake = parse(text)
    keys = [row.api_key for row in intake.rows if len(row.api_key) >= 8 and any(map(str.isdigit, row.api_key))]
    shown = repr([replace(row, api_key="") for row in intake.rows]) + repr(intake.ignored)
    assert not [key for key in keys if key in shown]


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_key_is_invented(text: str) -> None:
    squeezed = text.replace("\u200b", "").replace("：", ":")
    for row in parse(text).rows:
        assert row.api_key in squeezed
