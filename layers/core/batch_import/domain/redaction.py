"""Keys out of texts that came from outside (docs/design.md#26-secrets)."""

import base64
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

    Blanked out are also the key's parts, in any case, with characters between them, escaped, or in base64 and hex.
    Characters that cannot be stored become question marks.
    """
    text = text[:_LONGEST_LOOKED_AT].encode("utf-8", "replace").decode()
    text = _LOOKS_LIKE_A_KEY.sub("***", text)
    if secret:
        for form in _forms(secret):
            text = _without(text, form)
    return " ".join(text.split())[:LONGEST]


_LONGEST_LOOKED_AT = 8_000


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    escaped = {quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1], raw.hex()}
    points = "".join(f"u{ord(character):04x}" for character in secret)
    return {secret, *escaped, *_in_base64(raw), points, secret[::-1]}


def _in_base64(raw: bytes) -> Iterator[str]:
    """At each of the three places where a key may begin within a longer text."""
    for before in range(3):
        yield base64.b64encode(b"\0" * before + raw).decode().rstrip("=")[before + (before > 0) :]


def _without(text: str, form: str) -> str:
    """Blank out each run of ``form``, compared by letters and digits only."""
    plain = "".join(filter(str.isalnum, form.lower()))
    run = min(_RUN, len(plain)) or 1
    runs = {plain[at : at + run] for at in range(len(plain) - run + 1)}
    kept = [at for at, character in enumerate(text) if character.isalnum()]
    folded = text if text.isascii() else "".join(unicodedata.normalize("NFKC", c)[:1] or c for c in text)
    letters = "".join(folded[at].lower()[:1] for at in kept)
    hit = {n + step for n in range(len(letters) - run + 1) if letters[n : n + run] in runs for step in range(run)}
    if not hit:
        return text.replace(form, "***")
    return _blanked(text, sorted(kept[n] for n in hit))


def _blanked(text: str, places: list[int]) -> str:
    """``***`` in place of each stretch of ``places``; a stretch reaches over a few characters in between."""
    out, last = [], 0
    for at, place in enumerate(places):
        if at == 0 or place - places[at - 1] > _GAP:
            out += [text[last:place], "***"]
        last = place + 1
    return "".join([*out, text[last:]])


_GAP = 4
