"""Look up the words of a name in the catalogue: as written, then in other common spellings."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from batch_import.domain.naming.catalogue import Catalogue
from batch_import.domain.naming.strip import ServingSuffix, as_release, serving_suffix
from batch_import.domain.naming.tables import (
    CHAT_WORDS,
    CLAUDE_LINES,
    POINTER_BRANDS,
    R1_DISTILLED_FROM,
    RELEASE_BRANDS,
    SERIES_OF_MAKER,
    VENDOR_BRAND,
)
from batch_import.domain.naming.tokens import ACTIVE, RELEASE, SIZE, Tokens, has_version, join_size, split_two_digits

Filler: TypeAlias = Callable[[str], bool]

NEVER_SILENT = frozenset({"thinking", "reasoning", "base"})
"""A name without one of these words is ambiguous if a model with only this word more exists."""

MAX_WORDS = 9
"""Longer names are never completed; this bounds the work per id."""


class Completed(NamedTuple):
    """The completed family; for an ambiguous name ``family`` is ``None`` and ``candidates`` lists the choices."""

    family: str | None
    candidates: tuple[str, ...] = ()


def _is_tuned(word: str) -> bool:
    return word in {"it", "instruct"} or bool(ACTIVE.fullmatch(word))


def _is_size(word: str) -> bool:
    return _is_tuned(word) or bool(SIZE.fullmatch(word)) or word == "reasoning"


def _is_stage(word: str) -> bool:
    return _is_tuned(word) or word in {"preview", "generate"}


def _is_line(word: str) -> bool:
    return word in {"super", "nano", "ultra"}


def _is_release(word: str) -> bool:
    return bool(RELEASE.fullmatch(word))


def _always(tokens: Tokens) -> bool:
    return True


def _has_both_sizes(tokens: Tokens) -> bool:
    return any(map(SIZE.fullmatch, tokens)) and any(map(ACTIVE.fullmatch, tokens))


def _is_pointer(tokens: Tokens) -> bool:
    return tokens[0] in POINTER_BRANDS


# (reason, condition on the name, words that may be added), tried in order. A name without a number is never completed.
# A row decides only if exactly one family fits it.
COMPLETIONS: tuple[tuple[str, Callable[[Tokens], bool], Filler], ...] = (
    ("gemma-4-31b is served as -it, qwen3-235b has one active size", _always, _is_tuned),
    ("nemotron-3-super has one size", _always, _is_size),
    ("gemini-3-flash exists as a preview only", _always, _is_stage),
    ("nemotron-3-120b-a12b: both sizes together name the line", _has_both_sizes, _is_line),
    ("grok-4.20-reasoning points to its dated release", _is_pointer, _is_release),
)


def full_names(tokens: Tokens, catalogue: Catalogue) -> list[str]:
    """Return the families that add only ``it``, ``instruct`` or the active size: the full names of the same model."""
    return [family for family, extra in catalogue.extensions(tokens) if extra and all(map(_is_tuned, extra))]


def complete(tokens: Tokens, catalogue: Catalogue) -> Completed | None:
    """Return the family that these words shorten, or the candidates; ``None`` if no family contains these words."""
    if tokens[0] not in catalogue.brands or len(tokens) > MAX_WORDS:
        return None
    extensions = catalogue.extensions(tokens)
    if extensions and has_version(tokens):
        for _, applies, fills in COMPLETIONS:
            fitting = [family for family, extra in extensions if all(map(fills, extra))]
            if fitting and applies(tokens):
                return _decide(fitting, [family for family, extra in extensions if _is_rival(extra, fills)])
    return Completed(None, tuple(family for family, _ in extensions)) if extensions and _is_vague(tokens) else None


def _decide(fitting: list[str], rivals: list[str]) -> Completed:
    return Completed(fitting[0]) if len(fitting) == 1 and not rivals else Completed(None, (*fitting, *rivals))


def _is_rival(extra: frozenset[str], fills: Filler) -> bool:
    """Whether the id may mean a family with these additional words. ``non-reasoning`` is always written out, except
    where the id says nothing about reasoning at all."""
    if "non" in extra:
        return "reasoning" in extra and all(map(fills, extra - {"non"}))
    silent = {word for word in extra if word in NEVER_SILENT and not fills(word)}
    return bool(silent) and all(map(fills, extra - silent))


def _is_vague(tokens: Tokens) -> bool:
    """Whether the name is a brand with at most a version. Such a name means a line of models, not one model."""
    return len(tokens) <= 2 and not any(map(SIZE.fullmatch, tokens))


class Found(NamedTuple):
    """A family, or ``None`` with candidates. ``literal``: found as written; ``suffixes``: the stripped last words."""

    family: str | None
    candidates: tuple[str, ...] = ()
    literal: bool = False
    suffixes: tuple[ServingSuffix, ...] = ()


class Name(NamedTuple):
    """The words of a stripped id, its innermost vendor, and the catalogue to look them up in."""

    tokens: Tokens
    vendor: str
    catalogue: Catalogue


Reading: TypeAlias = Callable[[Name], Tokens | None]

_FRONTIER = re.compile(r"[2-9][0-9]{2}b|[1-9][0-9]{3,}b")
_KIMI = re.compile(r"k[0-9](?:\.[0-9]+)?")


def _as_written(name: Name) -> Tokens | None:
    return name.tokens


def _with_dot(name: Name) -> Tokens | None:
    return split_two_digits(name.tokens)


def _with_size(name: Name) -> Tokens | None:
    tokens = join_size(name.tokens)
    return tokens if name.catalogue.family_of(tokens) else None


def _with_brand(name: Name) -> Tokens | None:
    brand = VENDOR_BRAND.get(name.vendor)
    return (brand, *name.tokens) if brand and name.tokens[0] not in name.catalogue.brands else None


def _with_series(name: Name) -> Tokens | None:
    """Replace the maker's name, in front or stripped as vendor, by the series; only if the catalogue has the result."""
    if not has_version(name.tokens):
        return None
    splits = ((name.vendor, name.tokens), *(("-".join(name.tokens[:end]), name.tokens[end:]) for end in (1, 2)))
    readings = ((SERIES_OF_MAKER[maker], *rest) for maker, rest in splits if maker in SERIES_OF_MAKER)
    return next((tokens for tokens in readings if name.catalogue.family_of(tokens)), None)


def _as_claude(name: Name) -> Tokens | None:
    """Read a line with its version, in either order (``sonnet-4.5``, ``3-5-sonnet``), as Claude."""
    has_line = len(name.tokens) > 1 and not CLAUDE_LINES.isdisjoint(name.tokens[:2])
    return ("claude", *name.tokens) if has_line and has_version(name.tokens[:2]) else None


def _as_kimi(name: Name) -> Tokens | None:
    """Read ``k3`` and ``k2.6-…`` as Kimi. Other words need a minor version in front: ``k2-think`` is no Kimi."""
    first, *more = split_two_digits(name.tokens)
    is_kimi = _KIMI.fullmatch(first) and (more in ([], ["thinking"]) or "." in first)
    return ("kimi", first, *more) if is_kimi else None


def _without_chat(name: Name) -> Tokens | None:
    brand, *rest = name.tokens
    return (brand, *rest[1:]) if brand == "deepseek" and rest[:1] == ["chat"] and has_version(rest) else None


def _as_distillation(name: Name) -> Tokens | None:
    """DeepSeek distilled R1 once into each of these sizes. At 8B there are two, of Llama and of Qwen3."""
    *rest, size = name.tokens
    base = R1_DISTILLED_FROM.get(size) if rest == ["deepseek", "r1"] else None
    return (*rest, "distill", base, size) if base else None


def _with_makers_word(name: Name) -> Tokens | None:
    """The maker's word for a model that chats. Llama 2 is called chat by its maker, and the catalogue has it so."""
    word = CHAT_WORDS.get(name.tokens[0])
    return tuple(word if token in ("chat", "instruct") else token for token in name.tokens) if word else None


def _with_release(name: Name) -> Tokens | None:
    return as_release(name.tokens)


def _with_zero(name: Name) -> Tokens | None:
    *rest, last = name.tokens
    return (*rest, f"v0.{last[1:]}") if name.tokens[0] == "mistral" and re.fullmatch("v[1-9]", last) else None


def _without_beta(name: Name) -> Tokens | None:
    first, *more = name.tokens
    return (first, *(word for word in more if word != "beta"))


def _as_ministral(name: Name) -> Tokens | None:
    """Drop ``instruct``, and read the generation 3 as the release of December 2025: ``ministral-14b-2512``."""
    brand, *rest = name.tokens
    if brand != "ministral" or not any(map(SIZE.fullmatch, rest)):
        return None
    rest = [word for word in rest if word != "instruct"]
    third = ("2512",) if rest[0] == "3" else ()
    return (brand, *(word for word in rest if not third or word not in {"3", "2512"}), *third)


def _without_size(name: Name) -> Tokens | None:
    if name.tokens[0] not in RELEASE_BRANDS:
        return None
    return tuple(word for word in name.tokens if word != "instruct" and not SIZE.fullmatch(word))


def _without_frontier_size(name: Name) -> Tokens | None:
    """Drop a size of 200b or more, which no distilled model has, unless the model is sold in several sizes."""
    rest = tuple(word for word in name.tokens if not _FRONTIER.fullmatch(word))
    if rest == name.tokens or name.catalogue.family_of(rest) is None:
        return None
    others = (extra for _, extra in name.catalogue.extensions(rest) if extra)
    return None if any(all(map(SIZE.fullmatch, extra)) for extra in others) else rest


# (reason, reading), most literal first. The first reading that the catalogue knows decides.
READINGS: tuple[tuple[str, Reading], ...] = (
    ("as it is written", _as_written),
    ("gpt-52, minimax-m25: the dot was left out", _with_dot),
    ("qwen-3-8-2-4t-a95b: the size has a hyphen for its dot", _with_size),
    ("deepseek.r1: what the vendor says is not repeated", _with_brand),
    ("stepfun-3.5-flash: the maker's name in place of the series", _with_series),
    ("sonnet-4.5: only Anthropic has such lines", _as_claude),
    ("k2.6, k3: only Kimi is counted so", _as_kimi),
    ("deepseek-chat-v3-0324: OpenRouter's name for the chat model of a version", _without_chat),
    ("llama-3-70b-chat, gemma-4-31b-chat: the instruct model and the -it one", _with_makers_word),
    ("deepseek-r1-250528: the release with its year or with a hyphen", _with_release),
    ("mistral-7b-instruct-v3: Mistral counted v0.1 to v0.3", _with_zero),
    ("grok-4.20-beta-0309-reasoning: the stage of a release that has a date", _without_beta),
    ("ministral-3-8b-instruct-2512: the maker's ids have size and release only", _as_ministral),
    ("mistral-large-3-675b-instruct: one size each, except for Ministral", _without_size),
    ("deepseek-r1:32b: Ollama's tag of a distilled model", _as_distillation),
    ("deepseek-v3.1:671b: the size only repeats the model", _without_frontier_size),
)


def look_up(name: Name) -> Found | None:
    """Return the family or the candidates of a name, or ``None`` if the catalogue has neither the name nor, if its last
    word tells how the model is served, the rest."""
    return _read(name) or _look_up_without_suffix(name)


def _look_up_without_suffix(name: Name) -> Found | None:
    suffix, rest = serving_suffix(name.tokens), name.tokens[:-1]
    if rest[-1:] == ("non",) and name.tokens[-1] == "reasoning" and rest[0] != "grok":  # Grok has models called so
        suffix, rest = ServingSuffix("mode", "non-reasoning"), rest[:-1]
    if suffix is None or (suffix.kind == "snapshot_date" and _has_releases(rest, name.catalogue)):
        return None
    found = look_up(name._replace(tokens=rest))
    if found is None and rest[-1] == "reasoning" and (suffix.kind == "effort" or suffix.value == "max"):
        found = look_up(name._replace(tokens=rest[:-1]))  # gpt-5.4-reasoning-high
    return found and found._replace(suffixes=(*found.suffixes, suffix))


def _has_releases(tokens: Tokens, catalogue: Catalogue) -> bool:
    """Whether the catalogue has MMDD releases of a model, so that a date may mean another one of them."""
    return any(all(map(RELEASE.fullmatch, extra)) for _, extra in catalogue.extensions(tokens) if extra)


def with_release(tokens: Tokens, date: str, catalogue: Catalogue) -> Tokens:
    """Write a stripped date as the release that it is, if the catalogue has releases of this model: they are models of
    their own. ``deepseek-v3-20250324`` → ``deepseek-v3-0324``."""
    if len(date) != 8 or not _has_releases(tokens, catalogue):
        return tokens
    releases = ((*tokens, date[4:]), (*tokens, date[2:6]))  # MMDD, YYMM
    return next((name for name in releases if catalogue.family_of(name)), releases[0])


def _read(name: Name) -> Found | None:
    tried: set[Tokens] = set()
    for _, read in READINGS:
        tokens = read(name)
        if tokens and tokens not in tried:
            tried.add(tokens)
            if found := _find(tokens, name.catalogue):
                return found._replace(literal=found.literal and read is _as_written)
    return None


def _find(tokens: Tokens, catalogue: Catalogue) -> Found | None:
    """Look up ids first, then aliases, then completions."""
    family = catalogue.family_of(tokens)
    if family:
        return Found(family, literal=True)
    alias = catalogue.alias_of(tokens)
    completed = None if alias else complete(tokens, catalogue)
    return Found(alias) if alias else Found(*completed) if completed else None
