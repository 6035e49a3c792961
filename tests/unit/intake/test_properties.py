# ruff: noqa: E501  (one list of pieces)
"""What holds for every text: no exception, no key outside ``api_key``, no invented address or key."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from batch_import.domain.urls import canonical_base_url
from batch_import.intake import FORMATS, RowStatus, choose, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.crashes import all_are_tried

PIECES = st.sampled_from(
    ["https://relay.example/v1", "http://10.0.0.1:8080", "sk-AAAA0001bbbb", "gpt-5", " ", "\n", "\t", ",", ";", "|", "----", ":", "：", "=", '"', "{", "}", "[", "]",
     "api_key", "base_url", "地址", "密钥", "#", "//", "\u200b", "`", "|---|---|", "ccswitch://v1/import?apiKey=a", "curl ", "- ", "<", ">", "%", "\\", "a.b", "OPENAI_API_KEY=", "---\n", "```yaml\n", "```\n", "key: ", "- url: ", "[[relay]]\n", "#", "/v1beta/openai", "https://sk-CCCC0003@h.example/v1", "${{ secrets.A }}", "(", ")", "INSERT INTO `a` (`url`,`key`) VALUES (", "'", "CREATE TABLE a (", ";", "c2stQUFBQTAwMDE=", "\u2028", "[{\"id\":1,\"a_id\":1}]",
     '<option name="apiKey" value="sk-AAAA0001" />', "${A}", "{{B}}", 'A="https://relay.example/v1"\n', "f(", '"sk-AAAA0001bbbb"', ":host ", "b := "]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join))


@settings(max_examples=300 if all_are_tried() else 75)
@given(TEXTS)
def test_any_text_is_read_without_an_exception_and_without_showing_a_key(text: str) -> None:
    intake = parse(text)
    keys = [row.api_key for row in intake.rows if any(map(str.isdigit, row.api_key))]
    keys = [key for key in keys if len(key) >= (8 if key in text else 10)]  # a decoded one is no word of the text
    addresses = " ".join(row.base_url for row in intake.rows)
    keys = [key for key in keys if key.lower() not in addresses]  # the same word as a host is no secret any more
    shown = repr([replace(row, api_key="") for row in intake.rows]) + repr(intake.ignored)
    assert not [key for key in keys if key in shown]


@settings(max_examples=300 if all_are_tried() else 75)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_every_key_and_address_occurs_in_the_text(text: str) -> None:
    """Addresses are canonical: their host and the parts of their path occur."""
    plain = text.replace("\u200b", "").replace("：", ":")
    plain += plain.replace("c2stQUFBQTAwMDE=", "sk-AAAA0001") + plain.replace("\\-", "-")
    for row in parse(text).rows:
        assert row.api_key in plain or (row.choices and row.api_key in re.sub(r"[\s>]", "", plain))
        if row.base_url:
            parts = urlsplit(row.base_url)
            assert (parts.hostname or "") in plain.lower()
            assert all(part.lower() in plain.lower() for part in parts.path.split("/") if part != "v1")


@settings(max_examples=200 if all_are_tried() else 50)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(FORMATS))
def test_no_form_raises_and_every_ready_row_can_be_created(text: str, form: str) -> None:
    intake = parse(text, form)
    for row in intake.rows:
        assert (row.status is RowStatus.READY) <= bool(row.base_url and row.api_key)
        assert not row.base_url or canonical_base_url(row.base_url) == row.base_url
    ready = [row for row in intake.rows if row.status in (RowStatus.READY, RowStatus.DUPLICATE)]
    skipped = [{"row": row.row, "skip": True} for row in intake.rows if row not in ready]
    assert {(item.base_url, item.api_key) for item in choose(intake, skipped)} == {
        (row.base_url, row.api_key) for row in ready
    }
