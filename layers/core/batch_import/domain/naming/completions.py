"""Complete a shortened model name if the catalogue has exactly one model that it can mean."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from batch_import.domain.naming.catalogue import Catalogue
from batch_import.domain.naming.tables import POINTER_BRANDS
from batch_import.domain.naming.tokens import ACTIVE, RELEASE, SIZE, Tokens, has_version

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
