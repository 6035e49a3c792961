"""Split a name into words, and build the key under which the catalogue stores it."""

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
_DIGIT = re.compile(r"\d")
_MINOR = re.compile(r"0|[1-9]\d?")
_MONTH = re.compile(r"0\d|1[0-2]")
_DAY_OR_YEAR = re.compile(r"\d\d|20\d\d")
_EXPERTS = re.compile(r"\d+e")
_V_NUMBER = re.compile(r"v\d+(?:\.\d+)?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SYNONYMS = {"think": "thinking"}


def tokenize(name: str) -> Tokens:
    """Split a normalised name into words and join its version: ``claude-sonnet-4-5`` → (claude, sonnet, 4.5).

    ``k2p6`` and ``k2-6`` give ``k2.6``. ``qwen35`` gives (qwen, 35); see ``split_two_digits``.
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
    """Return the sorted words, without those that never distinguish two models (reasons in the comments)."""
    series = next((SERIES_LETTER[word] for word in tokens if word in SERIES_LETTER), "")
    last = len(tokens) - 1
    words = [
        _key_word(word, series)
        for position, word in enumerate(tokens)
        if not _EXPERTS.fullmatch(word)  # expert count (128e): always the same for a model
        and word != "001"  # 001: Google's first stable build
        and not (word == "v1" and position == last > 1)  # v1 at the end: the first revision
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
    """Insert a dot into two-digit numbers: ``gpt-52`` → 5.2, ``m25`` → m2.5. Valid only if the catalogue has it."""
    return tuple(_split_two(word) for word in tokens)


def join_size(tokens: Tokens) -> Tokens:
    """Join a size written with a hyphen: ``qwen-3-8-2-4t`` → 2.4t. Valid only if the catalogue has it."""
    words: list[str] = []
    for word in tokens:
        if words and _DIGIT.fullmatch(words[-1]) and SIZE.fullmatch(word):
            word = f"{words.pop()}.{word}"
        words.append(word)
    return tuple(words)


def _split_two(word: str) -> str:
    digits = word.lstrip("kmv")
    if len(word) - len(digits) <= 1 and len(digits) == 2 and digits.isdigit() and digits.isascii():
        return f"{word[:-1]}.{word[-1]}"
    return word


def has_version(tokens: Iterable[str]) -> bool:
    return any(any("0" <= char <= "9" for char in word) for word in tokens)
