"""Split a name into words, and build the key under which the catalogue stores it."""

import re
import unicodedata
from collections.abc import Iterable
from typing import TypeAlias

from batch_import.domain.naming.tables import GLUED_BRANDS, LETTERED_BRANDS, RELEASE_BRANDS, SERIES_LETTER

Tokens: TypeAlias = tuple[str, ...]

RELEASE = re.compile(r"(?:2[3-9](?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:[0-3]\d|-20\d\d))")
"""A release: YYMM (Mistral), MMDD (DeepSeek, Kimi, xAI) or MM-YYYY (Cohere)."""
SIZE = re.compile(r"\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?[bmt]")
ACTIVE = re.compile(r"a\d+(?:\.\d+)?b")

FIRST_REVISION = frozenset({"v1", "v1.0"})
"""Last words that tell no model from another."""

_NO_WORD = re.compile(r"[^0-9a-z.\u0080-\U0010ffff]+|(?<![0-9])\.|\.(?![0-9])")
_P_FOR_DOT = re.compile(r"(?<=\d)p(?=\d)")
_GLUED = re.compile(r"([a-z]{2,})(\d.*)")
_GLUED_TAIL = re.compile(
    r"(\d+(?:\.\d+)?)(mini|nano|pro|max|flash|turbo|plus|lite|air|codex|coder|chat|instruct|thinking)"
)
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
        name, number = glued.groups()
        is_series = name[:-1] in LETTERED_BRANDS  # kimik2.6, viduq2: the letter belongs to the number
        words.extend((name[:-1], name[-1] + number) if is_series else (name, number))
    elif words and (tail := _GLUED_TAIL.fullmatch(word)):
        words.extend(tail.groups())
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
        and not (word in FIRST_REVISION and position == last > 1)  # v1 at the end: the first revision
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


def is_version(word: str) -> bool:
    """Whether a word is a number with a ``v``: the last segment of ``fal-ai/flux-pro/v1.1`` names no model."""
    return bool(_V_NUMBER.fullmatch(word))


def has_version(tokens: Iterable[str]) -> bool:
    return any(any("0" <= char <= "9" for char in word) for word in tokens)


MAX_FIXPOINT = 8
"""Upper bound for the folding rounds. Every assigned character needs at most two."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACES = re.compile(r"[\s\u2000-\u200b\u2028\u2029\u3000]+")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_DIGIT_UNDERSCORE = re.compile(r"(?<=[0-9])_(?=[0-9])(?!\d+b)")
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


_CLAUDE_MODES = {"thinking": "thinking", "think": "thinking", "fast": "fast"}


def spell(tokens: Tokens) -> str:
    """``kimi 4.2`` → ``kimi-k4.2``, ``qwen-5-70b`` → ``qwen5-70b``, ``gpt 6-3 mini`` → ``gpt-6.3-mini``."""
    if tokens[0] == "claude":
        return _spell_claude(tokens)
    is_first = tokens[-1] in FIRST_REVISION or (tokens[0] == "gemini" and tokens[-1] == "001")
    words = list(tokens[:-1] if is_first and len(tokens) > 2 else tokens)
    if len(words) > 1 and words[1][0] in "123456789" and not SIZE.fullmatch(words[1]):
        words[1] = (SERIES_LETTER.get(words[0], "") if _NUMBER.fullmatch(words[1]) else "") + words[1]
        if words[0] in GLUED_BRANDS:
            words[:2] = ["".join(words[:2])]
    return "-".join(words)


def _spell_claude(tokens: Tokens) -> str:
    """Anthropic writes line, then version, with hyphens: ``claude-5.5-sonnet`` is ``claude-sonnet-5-5``."""
    line = [word for word in tokens if not has_version([word]) and word not in _CLAUDE_MODES]
    version = [word.removesuffix(".0").replace(".", "-") for word in tokens if has_version([word])]
    version = [version[0].removeprefix("v")] if len(version) == 1 else version  # Bedrock's claude-v2
    modes = [_CLAUDE_MODES[word] for word in tokens if word in _CLAUDE_MODES]
    return "-".join((*line, *version, *modes))
