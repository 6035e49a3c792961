"""From a name to its words, and from words to the key by which the catalogue finds it."""

import re
from collections.abc import Iterable
from typing import TypeAlias

from batch_import.domain.naming.tables import RELEASE_BRANDS, SERIES_LETTER

Tokens: TypeAlias = tuple[str, ...]

RELEASE = re.compile(r"(?:2[3-9](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])[0-3]\d)")
"""A four-digit release: YYMM (Mistral) or MMDD (DeepSeek, Kimi, xAI)."""
SIZE = re.compile(r"\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?[bmt]")
ACTIVE = re.compile(r"a\d+(?:\.\d+)?b")

_NO_WORD = re.compile(r"[^0-9a-z.\u0080-\U0010ffff]+|(?<![0-9])\.|\.(?![0-9])")
_P_FOR_DOT = re.compile(r"(?<=\d)p(?=\d)")
_GLUED = re.compile(r"([a-z]{2,})(\d.*)")
_MAJOR = re.compile(r"[a-z]?(?:0|[1-9]\d?)")
_MINOR = re.compile(r"\d{1,2}")
_MONTH = re.compile(r"0\d|1[0-2]")
_DAY_OR_YEAR = re.compile(r"\d\d|20\d\d")
_EXPERTS = re.compile(r"\d+e")
_V_NUMBER = re.compile(r"v\d+(?:\.\d+)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SYNONYMS = {"think": "thinking"}


def tokenize(name: str) -> Tokens:
    """Split a normalised name into words and join its version: ``claude-sonnet-4-5`` → (claude, sonnet, 4.5).

    ``k2p6`` and ``k2-6`` give ``k2.6``; ``qwen35`` stays (qwen, 35), for ``split_two_digits`` to propose 3.5.
    """
    words: list[str] = []
    for word in _NO_WORD.split(_P_FOR_DOT.sub(".", name)):
        if word:
            _append(words, word)
    return tuple(words)


def _append(words: list[str], word: str) -> None:
    glued = _GLUED.fullmatch(word)
    if glued:
        words.extend(glued.groups())
    elif words and _MINOR.fullmatch(word) and _MAJOR.fullmatch(words[-1]):
        words[-1] = f"{words[-1]}.{word}"
    elif (
        words
        and _DAY_OR_YEAR.fullmatch(word)
        and (words[-1][0] == "0" or len(word) == 4)
        and _MONTH.fullmatch(words[-1])
    ):
        words[-1] = f"{words[-1]}-{word}"  # the order of 05-06 and 06-05 tells two previews apart
    else:
        words.append(word)


def key_of(tokens: Tokens) -> str:
    """The words without their order and without what never tells two models apart (each line says why)."""
    series = next((SERIES_LETTER[word] for word in tokens if word in SERIES_LETTER), "")
    last = len(tokens) - 1
    words = [
        _key_word(word, series)
        for position, word in enumerate(tokens)
        if not _EXPERTS.fullmatch(word)  # 128e: the expert count follows from the model
        and word != "001"  # Google's first stable build of the name in front of it
        and not (word == "v1" and position == last > 1)  # the first revision is the model itself
    ]
    if tokens and tokens[0] in RELEASE_BRANDS:
        words = _without_marketing(words)
    return " ".join(sorted(words))


def _key_word(word: str, series: str) -> str:
    if (series and word[0] == series and _NUMBER.fullmatch(word[1:])) or _V_NUMBER.fullmatch(word):
        word = word[1:]
    if word.endswith(".0"):
        word = word[:-2]
    return _SYNONYMS.get(word, word)


def _without_marketing(words: list[str]) -> list[str]:
    release = next((word for word in words if RELEASE.fullmatch(word)), None)
    if release is None:
        return words
    return [word for word in words if word == release or not _is_marketing(word)]


def _is_marketing(word: str) -> bool:
    return word == "instruct" or bool(SIZE.fullmatch(word) or _NUMBER.fullmatch(word))


def split_two_digits(tokens: Tokens) -> Tokens:
    """``gpt-52`` → 5.2, ``m25`` → m2.5: a proposal, taken only if the catalogue knows the result."""
    return tuple(_split_two(word) for word in tokens)


def _split_two(word: str) -> str:
    digits = word.lstrip("kmv")
    if len(word) - len(digits) <= 1 and len(digits) == 2 and digits.isdigit() and digits.isascii():
        return f"{word[:-1]}.{word[-1]}"
    return word


def has_version(tokens: Iterable[str]) -> bool:
    return any(any("0" <= char <= "9" for char in word) for word in tokens)
