"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64

import pytest
from batch_import.domain.redaction import LONGEST, redacted
from hypothesis import given
from hypothesis import strategies as st

KEY = "relaykey0123456789"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Incorrect API key provided: sk-abcdef0123456789", "Incorrect API key provided: ***"),
        ("used admin-" + "5a" * 32 + " here", "used *** here"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("key=AIza" + "a" * 35, "key=***"),
        (f"your key {KEY} is dead", "your key *** is dead"),
        (f"{KEY}{KEY}", "***"),
        ("risk-averse sk-learn", "risk-averse sk-learn"),
        (f"x{KEY}y", "x***y"),
        (KEY.upper(), "***"),
        (f"it ends in {KEY[4:]}", "it ends in ***"),
        (f"{KEY[:9]} {KEY[9:]}", "***"),
        (f"key={base64.b64encode(KEY.encode()).decode()}", "key=***"),
        (f"key={KEY.encode().hex()}", "key=***"),
        ("a lone surrogate \ud800", "a lone surrogate ?"),
        ("two\n lines", "two lines"),
        ("", ""),
    ],
)
def test_keys_are_blanked_and_words_are_not(text: str, clean: str) -> None:
    assert redacted(text, KEY) == clean


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_given_key_is_never_left_over(before: str, after: str) -> None:
    clean = redacted(f"{before}{KEY}{after}", KEY)
    assert KEY not in clean
    assert len(clean) <= LONGEST
    assert "\n" not in clean
