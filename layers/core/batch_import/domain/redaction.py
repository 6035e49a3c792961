"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote

LONGEST = 500
_LONGEST_LOOKED_AT = 2_000  # blanking shortens, so that more than 500 of these are rarely left out
_RUN = 6  # characters of a key in a row that are taken for a part of it; fewer at its ends
_LEAST = 4  # of a short key, and of an end that stands alone
_GAP = 4  # characters between two blanked ones that are blanked as well
_STRIDES = (2, 3, 4)  # something between each two characters, or each one repeated
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|pk|rk|admin)-[A-Za-z0-9_\-]{8,}|\bAIza[\w\-]{20,}|\bBearer\s+\S+", re.IGNORECASE
)
_MASK = re.compile(r"(?:[*•●█·xX#~_]{3,}|\.{2,}|…)+")
_NO_SIGN = re.compile(r"[\W_]+")  # neither letter nor digit
_WORD = re.compile(r"[^\s'\"`<>()\[\]{},;:=]+")
# How a single byte is written: hex, \x72, 0x72, \u0072, \U00000072, \u{72}, %2572, octal, decimal, binary, UTF-16.
_BYTE = ("{:02x}", "x{:02x}", "0x{:02x}", "u{:04x}", "u{:08x}", "u{:x}", "25{:02x}", "{:o}", "{:03o}", "{}", "{:03}",
         "{:04}", "x{:04x}", "{:08b}", "{:02x}00", "00{:02x}")  # fmt: skip
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝвкмнтοανικρτυχАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
                            "aeopcyxijsdhqwbkmhtoavikptuxABEKMHOPCTYXIJSABEZHIKMNOPTYX")  # fmt: skip
_ENCLOSED = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)  # letters A to Z in squares, circles and flags


def redacted(text: str, secret: str | None = None) -> str:
    """``text`` in one line, at most 500 characters, without ``secret`` and without anything that looks like a key.

    Blanked out are also the key's parts: in any case, with characters between them, escaped, encoded (``_forms``), its
    masked form, and its first or last four characters where they stand alone. Characters that cannot be stored become
    question marks. What was compressed, encrypted or reordered otherwise is not known again.
    """
    text = text[:_LONGEST_LOOKED_AT].encode("utf-8", "replace").decode()
    text = _LOOKS_LIKE_A_KEY.sub("***", text)
    return " ".join((_without(text, secret) if secret else text).split())[:LONGEST]


def _without(text: str, secret: str) -> str:
    for key in (secret, secret[::-1]):
        text = _without_masked(text, key)
    return _WORD.sub(lambda found: "***" if _is_end(found[0], secret) else found[0], _without_forms(text, secret))


def _without_masked(text: str, secret: str) -> str:
    """Blank out what is shown of a key whose middle is masked."""
    out, done = "", 0
    for mask in _MASK.finditer(text):
        first = _shared(text[done : mask.start()], secret)
        last = _shared(text[mask.end() : mask.end() + len(secret)][::-1], secret[::-1])
        if first + last >= _LEAST:
            out += f"{text[done : mask.start() - first]}***"
            done = mask.end() + last
    return out + text[done:]


def _shared(text: str, secret: str) -> int:
    """The length of the longest end of ``text`` that ``secret`` begins with."""
    low, key = text[-len(secret) :].lower(), secret.lower()
    return next((n for n in range(min(len(low), len(key)), 0, -1) if low.endswith(key[:n])), 0)


def _is_end(word: str, secret: str) -> bool:
    """Is it the first or last few characters of the key, in either direction?"""
    low, key = word.strip(".-*").lower(), secret.lower()
    return _LEAST <= len(low) < len(key) and any(one.startswith(low) or one.endswith(low) for one in (key, key[::-1]))


def _forms(secret: str) -> Iterator[str]:
    """What a key may be written as: backwards, every other character, escaped, byte by byte, rot13, base32 to 85."""
    raw = secret.encode()
    yield from (secret, secret[::-1], secret[::2], secret[1::2], codecs.encode(secret, "rot13"))
    yield from (quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), html.escape(secret))
    yield from (json.dumps(secret)[1:-1], base64.b32encode(raw).decode())
    yield from ("".join(map(written.format, raw)) for written in _BYTE)
    others = (raw.hex().encode(), base64.b64encode(raw), secret.encode("utf-16-le"))
    for inner in (raw, raw[::-1], b"Bearer " + raw, *others):
        yield from _in_base64(inner)
    yield from (base64.b64encode(raw).decode()[::-1], base64.b64encode(raw).hex())
    yield from (base64.b85encode(raw).decode(), base64.a85encode(raw).decode())


def _in_base64(raw: bytes) -> Iterator[str]:
    """At each of the three places where a key may begin within a longer text."""
    for before in range(3):
        yield base64.b64encode(b"\0" * before + raw).decode().rstrip("=")[before + (before > 0) :]


def _without_forms(text: str, secret: str) -> str:
    """Blank out each run of a form of ``secret``, compared by letters and digits only."""
    folded = text if text.isascii() else "".join(map(_folded, text))
    places, letters = _kept(folded, str.isalnum)
    hit = {places[n] for run, parts in _by_run(secret).items() for n in _hits(letters, run, parts)}
    hit |= set(_strided(folded, secret))
    return _blanked(text, sorted(hit)) if hit else text.replace(secret, "***")


def _kept(text: str, wanted: Callable[[str], bool]) -> tuple[list[int], str]:
    """Where the wanted characters stand, and what they are."""
    places = [at for at, character in enumerate(text) if wanted(character)]
    return places, "".join(text[at].lower()[:1] for at in places)


def _strided(text: str, secret: str) -> Iterator[int]:
    """Places of the key's characters where one to three others follow each of them."""
    places, signs = _kept(text, lambda character: not character.isspace())
    own, run = secret.lower(), _run_of(secret)
    parts = {own[at : at + run] for at in range(len(own) - run + 1)}
    for stride in _STRIDES:
        for first in range(stride):
            yield from (places[first + stride * n] for n in _hits(signs[first::stride], run, parts))


def _folded(character: str) -> str:
    """One plain character for each that looks like it."""
    for first in _ENCLOSED:
        if first <= ord(character) < first + 26:
            return chr(ord(character) - first + ord("a"))
    return unicodedata.normalize("NFKC", character.translate(_LOOKALIKES))[:1] or character


def _run_of(secret: str) -> int:
    """Half of a short key is no longer telling."""
    return min(_RUN, max(_LEAST, len(_plain(secret)) // 3))


@lru_cache(maxsize=16)  # one key is looked for in many texts: the host's gateway keys, and the answers of one relay
def _by_run(secret: str) -> dict[int, set[str]]:
    """Parts of the forms, by their length: that which betrays ``_run_of(secret)`` characters of the key."""
    found: dict[int, set[str]] = {}
    least, length = _run_of(secret), max(len(_plain(secret)), 1)
    for plain in map(_plain, _forms(secret)):
        if len(plain) >= min(least, len(secret)):
            run = min(max(least * len(plain) // length, least), len(plain))
            found.setdefault(run, set()).update(plain[at : at + run] for at in range(len(plain) - run + 1))
    return found


def _plain(form: str) -> str:
    return _NO_SIGN.sub("", form.lower())


def _hits(letters: str, run: int, parts: set[str]) -> Iterator[int]:
    for at in range(len(letters) - run + 1):
        if letters[at : at + run] in parts:
            yield from range(at, at + run)


def _blanked(text: str, places: list[int]) -> str:
    """``***`` in place of each stretch of ``places``; a stretch reaches over a few characters in between."""
    out, last = [], 0
    for at, place in enumerate(places):
        if at == 0 or place - places[at - 1] > _GAP:
            out += [text[last:place], "***"]
        last = place + 1
    return "".join([*out, text[last:]])
