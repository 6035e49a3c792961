"""The parts of a word: several things joined by separators, and a key without what is glued to it."""

import re
from collections.abc import Iterator, Sequence

from batch_import.intake import cleaning
from batch_import.intake.cleaning import Kind, kind_of

_DETAIL = re.compile(r"\d{1,4}\.\d{1,4}[xX]?")
_AMOUNT = re.compile(r"^(sk-[\w-]{6,300})/(?![\w/])")  # ``sk-…/$5``
_SIGN_BEFORE_KEY = re.compile(r"^(?:[:#@$&+~]{1,4}|(?i:key|token))(?=(?:sk-|cr_|AIza|eyJ)\w)")
_NUMBERED_KEY = re.compile(r"\d{1,6}\|[A-Za-z0-9]{20,}")
_SEPARATOR = re.compile(r"[|,;\t]|-{3,}|→|—+|–|=>|->|\\n")


def parts_of(word: str, by_comma: bool = False) -> Iterator[str]:
    """A word, or its parts where it is several things joined by separators (``name----key``, ``key|gpt-5``)."""
    word = _SIGN_BEFORE_KEY.sub("", word.strip(",;|*→—–"))
    if not word or word in "([{":
        return
    if len(word) > cleaning.LONGEST_WORD:
        yield "…"
        return
    if not word.isascii():
        yield from _foreign(word)
        return
    if (amount := _AMOUNT.match(word)) is not None:
        yield amount[1]
        return
    if _SEPARATOR.search(word) is None or _NUMBERED_KEY.fullmatch(word) is not None:
        yield _stripped(word)
        return
    parts = [part for raw in _SEPARATOR.split(word) if (part := raw.strip("*"))]
    parts, details = _without_details(parts)
    kinds = [kind_of(part) for part in parts]
    if by_comma and all(
        part.isalpha() for part, kind in zip(parts, kinds, strict=True) if kind in (Kind.TEXT, Kind.WEAK)
    ):
        yield from map(_stripped, parts)
    elif _is_joined_key(word, kinds):
        yield word.strip("-=>") if not details else _SEPARATOR.findall(word)[0].join(parts)
    else:
        yield from map(_stripped, parts)


def _without_details(parts: list[str]) -> tuple[list[str], list[str]]:
    """The parts without prices and rates (``0.5``, ``1.2x``) at the end, and these."""
    end = len(parts)
    while end > 1 and _DETAIL.fullmatch(parts[end - 1]):
        end -= 1
    return parts[:end], parts[end:]


def _is_joined_key(word: str, kinds: Sequence[Kind]) -> bool:
    """Whether a separator may belong to a key: then the word stays whole, and the row says that it is unclear."""
    if Kind.KEY not in kinds:
        return Kind.MODEL not in kinds and Kind.HOST not in kinds and kinds.count(Kind.TEXT) < len(kinds)
    unknown = any(kind in (Kind.WEAK, Kind.TEXT) for kind in kinds)
    return unknown and ("," in word or ";" in word) and "|" not in word and "--" not in word


def _stripped(word: str) -> str:
    word = word.strip("*_=>|") if not word.endswith("=") else word.lstrip("*_=>|")
    return word.lstrip("-").rstrip(".:!?,;") if not cleaning.is_masked(word) else word


def _foreign(word: str) -> Iterator[str]:
    """Parts of a word that is not ASCII: foreign text and ASCII words apart."""
    if cleaning.is_masked(word) and word.startswith("sk-"):
        yield word
        return
    for part in re.split(r"([^\x00-\x7f]+)", word):
        if part and not part.isascii():
            yield part
        elif part.strip(",;|*-:"):
            yield from parts_of(part)


def cut_key(word: str) -> str:
    """A key without foreign text behind it and without closing punctuation; empty if there is none."""
    if not word.isascii() and not cleaning.is_masked(word):
        found = re.match(r"[\x21-\x7e]+", word)
        word = found[0] if found else ("" if not cleaning.is_placeholder(word) else word)
    if cleaning.is_masked(word):
        return word.strip("\"'`,;|")
    return word.strip("*\"'`,;|<>").rstrip(".:#\\&")
