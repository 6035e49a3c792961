"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64
import codecs

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


BYTES = KEY.encode()
WAYS = {
    "backwards": KEY[::-1],
    "every other character": f"{KEY[::2]} {KEY[1::2]}",
    "spaced out": "     ".join(KEY),
    "an x between": "x".join(KEY),
    "each doubled": "".join(character * 2 for character in KEY),
    "circled": "".join(chr(0x24D0 + ord(c) - 97) if c.isalpha() else c for c in KEY),
    "rot13": codecs.encode(KEY, "rot13"),
    "0x": ", ".join(map(hex, BYTES)),
    "\\x": "".join(f"\\x{byte:02x}" for byte in BYTES),
    "\\u": "".join(f"\\u{byte:04x}" for byte in BYTES),
    "octal": "".join(f"\\{byte:o}" for byte in BYTES),
    "numbers": str(list(BYTES)),
    "entities": "".join(f"&#{byte};" for byte in BYTES),
    "hex entities": "".join(f"&#x{byte:x};" for byte in BYTES),
    "percent, twice": "".join(f"%25{byte:02X}" for byte in BYTES),
    "binary": " ".join(f"{byte:08b}" for byte in BYTES),
    "UTF-16": KEY.encode("utf-16-le").hex(),
    "base32": base64.b32encode(BYTES).decode(),
    "base64 within": base64.b64encode(b"k:" + BYTES).decode(),
    "base64, twice": base64.b64encode(base64.b64encode(BYTES)).decode(),
    "base64 of hex": base64.b64encode(BYTES.hex().encode()).decode(),
}


@pytest.mark.parametrize("written", WAYS.values(), ids=WAYS)
def test_a_key_is_blanked_however_a_relay_writes_it(written: str) -> None:
    left = [character for character in redacted(written, KEY) if character.isalnum()]
    assert len(left) <= len(written) // 8


@pytest.mark.parametrize(
    "text", ["gpt-5-mini-2025-08-07", "HTTP 401: the key is wrong", "00000000 11111111", "3.14159265358979"]
)
@pytest.mark.parametrize("key", ["ab", "sk-1", KEY])
def test_other_texts_stay(text: str, key: str) -> None:
    assert redacted(text, key) == text


@given(st.text(max_size=600), st.text(max_size=600))
def test_a_given_key_is_never_left_over(before: str, after: str) -> None:
    clean = redacted(f"{before}{KEY}{after}", KEY)
    assert KEY not in clean
    assert len(clean) <= LONGEST
    assert "\n" not in clean
