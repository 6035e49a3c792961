"""Normalise the form of a model id: case, width, separators."""

import re
import unicodedata

MAX_FIXPOINT = 8
"""Upper bound for the folding rounds. Every assigned character needs at most two."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACES = re.compile(r"[\s\u2000-\u200b\u2028\u2029\u3000]+")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_DIGIT_UNDERSCORE = re.compile(r"(?<=[0-9])_(?=[0-9])")
_SEPARATORS = re.compile(r"[-_\s\u2010-\u2015\u2212]+")
_LOOSE_SLASH = re.compile(r"-*/[-/]*")
_PLAIN = re.compile(r"[a-z0-9.:@~/]+(?:-[a-z0-9.:@~/]+)*")

_BRACKETS = str.maketrans("【】〔〕〖〗「」『』《》〈〉{}", "[][][][][][][][]")


def normalize_model_id(raw: str) -> str:
    """Return ``raw`` in one form: lower case, half width, ``-`` between words, no invisible characters.

    Takes any string and never raises; a lone surrogate becomes U+FFFD, so that the result can always be encoded.
    ``K2_6`` is read as ``k2.6`` (an underscore between digits stands for the dot), ``kimi 2.6`` becomes ``kimi-2.6``.
    Idempotent. Vendor, tags and dates stay: see ``canonical_model_family`` for those.
    """
    text = raw.lower() if raw.isascii() else raw
    if _PLAIN.fullmatch(text) and "//" not in text and "-/" not in text and "/-" not in text:
        return text.strip("/")
    for _ in range(MAX_FIXPOINT):
        folded = _fold(text)
        if folded == text:
            break
        text = folded
    return text


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", _SURROGATE.sub("\ufffd", text)).lower().translate(_BRACKETS)
    text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
    text = _SEPARATORS.sub("-", _DIGIT_UNDERSCORE.sub(".", text))
    return _LOOSE_SLASH.sub("/", text).strip("-/")
