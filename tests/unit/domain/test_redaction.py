"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64
import codecs
import html
import json
from collections.abc import Callable
from urllib.parse import quote

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


KEYS = {
    "sk": "sk-abcDEF0123456789ghijKLMN",
    "hex": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "signs": "sk-ab+c/D=E%F&0<1>2\"3'4\\5",
    "uuid": "4b1c9a3e-7f20-4d11-9a55-0c2e6f8b7d90",
    "dotted": "tok.eyJhbGciOi.J9xYz0123456789",
}
WHOLE: dict[str, Callable[[str], str]] = {
    "verbatim": str,
    "upper": str.upper,
    "swapped case": str.swapcase,
    "percent": lambda k: quote(k, safe=""),
    "percent, small": lambda k: quote(k, safe="").lower(),
    "percent, twice": lambda k: quote(quote(k, safe=""), safe=""),
    "each by percent": lambda k: "".join(f"%{c:02X}" for c in k.encode()),
    "each by percent, twice": lambda k: "".join(f"%25{c:02X}" for c in k.encode()),
    "HTML": html.escape,
    "entities": lambda k: "".join(f"&#{c};" for c in k.encode()),
    "entities, padded": lambda k: "".join(f"&#{c:04};" for c in k.encode()),
    "hex entities": lambda k: "".join(f"&#x{c:04x};" for c in k.encode()),
    "JSON": lambda k: json.dumps(k)[1:-1],
    "JSON, twice": lambda k: json.dumps(json.dumps(k)),
    "JSON list": lambda k: json.dumps(list(k)),
    "\\u": lambda k: "".join(f"\\u{c:04x}" for c in k.encode()),
    "\\x": lambda k: "".join(f"\\x{c:02x}" for c in k.encode()),
    "octal": lambda k: "".join(f"\\{c:o}" for c in k.encode()),
    "quoted printable": lambda k: "".join(f"={c:02X}" for c in k.encode()),
    "hex": lambda k: k.encode().hex(),
    "hex with colons": lambda k: k.encode().hex(":"),
    "0x": lambda k: ", ".join(map(hex, k.encode())),
    "numbers": lambda k: str(list(k.encode())),
    "binary": lambda k: " ".join(f"{c:08b}" for c in k.encode()),
    "UTF-16": lambda k: k.encode("utf-16-le").hex(),
    "base32": lambda k: base64.b32encode(k.encode()).decode(),
    "base64": lambda k: base64.b64encode(k.encode()).decode(),
    "base64 for addresses": lambda k: base64.urlsafe_b64encode(k.encode()).decode(),
    "base64, twice": lambda k: base64.b64encode(base64.b64encode(k.encode())).decode(),
    "base64, backwards": lambda k: base64.b64encode(k.encode()[::-1]).decode(),
    "base64 of hex": lambda k: base64.b64encode(k.encode().hex().encode()).decode(),
    "base64 of a header": lambda k: base64.b64encode(f"Bearer {k}".encode()).decode(),
    "base85": lambda k: base64.b85encode(k.encode()).decode(),
    "ascii85": lambda k: base64.a85encode(k.encode()).decode(),
    "rot13": lambda k: codecs.encode(k, "rot13"),
    "backwards": lambda k: k[::-1],
    "halves backwards": lambda k: f"{k[: len(k) // 2][::-1]} {k[len(k) // 2 :][::-1]}",
    "halves swapped": lambda k: f"{k[len(k) // 2 :]}|{k[: len(k) // 2]}",
    "every other character": lambda k: f"{k[::2]} {k[1::2]}",
    "two lines": lambda k: f"{k[:12]}\n{k[12:]}",
    "a sign of no width": lambda k: f"{k[:12]}\u200b{k[12:]}",
    "groups": lambda k: " ".join(k[at : at + 4] for at in range(0, len(k), 4)),
    "groups in quotes": lambda k: '" + "'.join(k[at : at + 4] for at in range(0, len(k), 4)),
    "spaced out": "      ".join,
    "dashed": "-".join,
    "an x between": "x".join,
    "ab between": "ab".join,
    "each doubled": lambda k: "".join(c * 2 for c in k),
    "each tripled": lambda k: "".join(c * 3 for c in k),
    "full width": lambda k: "".join(chr(ord(c) + 0xFEE0) for c in k),
    "circled": lambda k: "".join(chr(0x24D0 + ord(c.lower()) - 97) if c.isalpha() else c for c in k),
    "flags": lambda k: "".join(chr(0x1F1E6 + ord(c.lower()) - 97) if c.isalpha() else c for c in k),
    "Cyrillic": lambda k: k.translate(str.maketrans("aeopcxy", "аеорсху")),
    "struck through": lambda k: "".join(f"{c}\u0336" for c in k),
    "twice": lambda k: k + k,
}
PARTS: dict[str, Callable[[str], str]] = {
    "first half": lambda k: k[: len(k) // 2],
    "last half": lambda k: k[len(k) // 2 :],
    "middle": lambda k: k[6:-6],
    "without its prefix": lambda k: k[3:],
    "without its end": lambda k: k[:-1],
    "first four": lambda k: k[:4],
    "last four": lambda k: k[-4:],
    "last four, backwards": lambda k: k[-4:][::-1],
    "masked, long ends": lambda k: f"{k[:10]}...{k[-10:]}",
    "masked, short ends": lambda k: f"{k[:4]}****{k[-4:]}",
    "masked, three and two": lambda k: f"{k[:3]}***{k[-2:]}",
    "masked by one sign": lambda k: f"{k[:6]}…{k[-4:]}",
    "masked by bullets": lambda k: f"{k[:5]}••••••{k[-5:]}",
    "masked by x": lambda k: f"{k[:4]}xxxxxxxx{k[-4:]}",
    "masked, upper": lambda k: f"{k[:4]}****{k[-4:]}".upper(),
    "masked, backwards": lambda k: f"{k[::-1][:4]}****{k[::-1][-4:]}",
    "masked end": lambda k: f"{k[:9]}******",
    "masked start": lambda k: f"******{k[-6:]}",
    "in an address": lambda k: f"https://u:{k}@h/?key={k}&b=1",
    "glued": lambda k: f"key{k}suffix",
}


def letters(text: str) -> str:
    return "".join(character.lower() for character in text if character.isalnum())


def told_of(key: str, echo: str) -> str:
    clean = redacted(f"Incorrect API key provided: {echo}. Find it at x", key)
    return letters(clean.removeprefix("Incorrect API key provided: ").removesuffix("Find it at x"))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("way", WHOLE.values(), ids=WHOLE)
def test_nothing_is_left_of_a_key_however_a_relay_writes_it(key: str, way: Callable[[str], str]) -> None:
    left, written = told_of(key, way(key)), letters(way(key))
    telling = max(4, 4 * len(written) // len(letters(key)))
    assert not any(left[at : at + telling] in written for at in range(len(left) - telling + 1))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_nothing_is_left_of_a_part_of_a_key(key: str, part: Callable[[str], str]) -> None:
    left = told_of(key, part(key))
    own = {letters(key)[at : at + 4] for at in range(len(key))} | {
        letters(key)[::-1][at : at + 4] for at in range(len(key))
    }
    assert not any(left[at : at + 4] in own for at in range(len(left) - 3))


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
