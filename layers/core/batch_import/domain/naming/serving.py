"""Recognise a last word that tells how a model is served: speed, service tier, effort, context length, and others."""

import re
from typing import NamedTuple

from batch_import.domain.naming.tables import (
    BYTEDANCE_BRANDS,
    DATED_PREVIEW_BRANDS,
    EFFORT_BRANDS,
    LENGTH_IS_A_MODEL,
    SERVING_SUFFIXES,
    SPEED_IS_A_TIER,
    SUFFIX_IS_A_MODEL,
    SUFFIX_ONLY_AT,
    SUFFIXES,
)
from batch_import.domain.naming.tokens import SIZE, Tokens

_LENGTH = re.compile(r"\d{1,4}k|(?:1|2|4|5|10)m")
_LENGTH_IN_TOKENS = re.compile(r"4096|8192|16384|32768|65536|131072|262144|1048576")
_YYMMDD = re.compile(r"2[3-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_MM_DD = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_LENGTH_IS_A_MODEL = re.compile("|".join(LENGTH_IS_A_MODEL))


class ServingSuffix(NamedTuple):
    """An attribute's kind and value, read from the last word of a name."""

    kind: str
    value: str


def serving_suffix(tokens: Tokens) -> ServingSuffix | None:
    """Return what the last word tells about serving, else ``None``.

    It may be stripped only if the catalogue has the rest of the name and not the whole: ``kimi-k2.6-turbo`` is Kimi
    K2.6 on faster hardware, but ``gpt-4-turbo`` is a model.
    """
    *rest, last = tokens
    if not rest:
        return None
    if _YYMMDD.fullmatch(last):
        return None if rest[0] in BYTEDANCE_BRANDS else ServingSuffix("snapshot_date", f"20{last}")
    if _MM_DD.fullmatch(last):
        return None if rest[0] in DATED_PREVIEW_BRANDS else ServingSuffix("snapshot_date", last)
    kind = _kind_of(tuple(rest), last)
    return ServingSuffix(kind, last) if kind else None


def _kind_of(rest: Tokens, last: str) -> str | None:
    if _LENGTH_IN_TOKENS.fullmatch(last):
        return "context_length"
    if _LENGTH.fullmatch(last):
        return None if _LENGTH_IS_A_MODEL.fullmatch("-".join((*rest, last))) else "context_length"
    kind = SERVING_SUFFIXES.get(last) or SUFFIXES.get(last)
    return None if kind is None or _is_part_of_name(kind, rest, last) else kind


def _is_part_of_name(kind: str, rest: Tokens, last: str) -> bool:
    """Whether the brand's maker has models with this word. With a size in the name the model has open weights, and a
    word for speed means the host's hardware."""
    brand = rest[0]
    if kind == "speed":
        return brand in SPEED_IS_A_TIER.get(last, ()) and not any(map(SIZE.fullmatch, rest))
    if kind == "effort":
        return brand not in EFFORT_BRANDS
    return brand in SUFFIX_IS_A_MODEL.get(last, ()) or brand not in SUFFIX_ONLY_AT.get(last, (brand,))


def as_release(tokens: Tokens) -> Tokens | None:
    """Write Volcengine's or OpenRouter's date as the maker's MMDD release, or return ``None`` without such a date.

    ``deepseek-r1-250528`` and ``deepseek-r1-05-28`` → ``deepseek-r1-0528``.
    """
    *rest, last = (*(word for word in tokens[:-1] if word != "ga"), tokens[-1])
    if _YYMMDD.fullmatch(last):
        return (*rest, last[2:])
    return (*rest, last.replace("-", "")) if _MM_DD.fullmatch(last) else None
