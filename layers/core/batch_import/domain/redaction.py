"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

LONGEST = 500
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|admin)-[A-Za-z0-9_\-]{8,}|\bAIza[\w\-]{20,}|\bBearer\s+\S+", re.IGNORECASE
)


_RUN = 8  # characters of a key in a row that are taken for a part of it


def redacted(text: str, secret: str | None = None) -> str:
    """``text`` in one line, at most 500 characters, without ``secret`` and without anything that looks like a key.

    Blanked out are also the key's parts, in any case, with characters between them, escaped, or encoded (``_forms``).
    Characters that cannot be stored become question marks.
    """
    text = text[:_LONGEST_LOOKED_AT].encode("utf-8", "replace").decode()
    text = _LOOKS_LIKE_A_KEY.sub("***", text)
    return " ".join((_without(text, secret) if secret else text).split())[:LONGEST]


_LONGEST_LOOKED_AT = 8_000
# How a single byte is written: hex, \x72, 0x72, \u0072, \U00000072, \u{72}, %2572, octal, decimal, binary, UTF-16.
_BYTE = ("{:02x}", "x{:02x}", "0x{:02x}", "u{:04x}", "u{:08x}", "u{:x}", "25{:02x}", "{:o}", "{:03o}", "{}", "{:08b}",
         "{:02x}00", "00{:02x}")  # fmt: skip
_STRIDES = (2, 3)


def _forms(secret: str) -> Iterator[str]:
    """What a key may be written as: backwards, every other character, escaped, byte by byte, rot13, base64, base32."""
    raw = secret.encode()
    yield from (secret, secret[::-1], secret[::2], secret[1::2], codecs.encode(secret, "rot13"))
    yield from (quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1], base64.b32encode(raw).decode())
    yield from ("".join(map(written.format, raw)) for written in _BYTE)
    for inner in (raw, raw[::-1], raw.hex().encode(), base64.b64encode(raw), secret.encode("utf-16-le")):
        yield from _in_base64(inner)
    yield from (base64.b64encode(raw).decode()[::-1], base64.b64encode(raw).hex())


def _in_base64(raw: bytes) -> Iterator[str]:
    """At each of the three places where a key may begin within a longer text."""
    for before in range(3):
        yield base64.b64encode(b"\0" * before + raw).decode().rstrip("=")[before + (before > 0) :]


def _without(text: str, secret: str) -> str:
    """Blank out each run of a form of ``secret``, compared by letters and digits only."""
    folded = text if text.isascii() else "".join(unicodedata.normalize("NFKC", c)[:1] or c for c in text)
    kept = [at for at, character in enumerate(folded) if character.isalnum()]
    letters = "".join(folded[at].lower()[:1] for at in kept)
    plain = _plain(secret)
    hit = {at for run, forms in _by_run(secret).items() for at in _hits(letters, run, forms)}
    for stride in _STRIDES:  # something between each two characters
        for first in range(stride):
            hit |= {first + stride * at for at in _hits(letters[first::stride], _RUN, plain)}
    return _blanked(text, sorted(kept[n] for n in hit)) if hit else text.replace(secret, "***")


def _by_run(secret: str) -> dict[int, str]:
    """The forms by the length of a run that betrays ``_RUN`` characters of the key; several in one text."""
    found: dict[int, str] = {}
    for plain in map(_plain, _forms(secret)):
        if len(plain) >= min(_RUN, len(secret)):  # half of a short key is no longer telling
            run = min(max(_RUN * len(plain) // len(secret), _RUN), len(plain))
            found[run] = f"{found.get(run, '')} {plain}"
    return found


def _plain(form: str) -> str:
    return "".join(filter(str.isalnum, form.lower()))


def _hits(letters: str, run: int, forms: str) -> Iterator[int]:
    for at in range(len(letters) - run + 1):
        if letters[at : at + run] in forms:
            yield from range(at, at + run)


def _blanked(text: str, places: list[int]) -> str:
    """``***`` in place of each stretch of ``places``; a stretch reaches over a few characters in between."""
    out, last = [], 0
    for at, place in enumerate(places):
        if at == 0 or place - places[at - 1] > _GAP:
            out += [text[last:place], "***"]
        last = place + 1
    return "".join([*out, text[last:]])


_GAP = 4
