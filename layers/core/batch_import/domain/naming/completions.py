"""What a relay leaves out of a name because it goes without saying, and when it does not."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from batch_import.domain.naming.catalogue import Catalogue
from batch_import.domain.naming.tables import POINTER_BRANDS
from batch_import.domain.naming.tokens import ACTIVE, RELEASE, SIZE, Tokens, has_version

Filler: TypeAlias = Callable[[str], bool]

NEVER_SILENT = frozenset({"thinking", "reasoning", "base"})
"""If a sibling differs by one of these words only, its absence decides nothing: the id is ambiguous."""

MAX_WORDS = 9
"""No short form is that long, and a longer name need not be compared with the whole catalogue."""


class Completed(NamedTuple):
    """A family, or (family None) the candidates between which nothing in the id decides."""

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


# What may be filled in, most harmless first: (why, for which names, which words). A name without any number is never
# completed, and a completion counts only if it is the only one of its row.
COMPLETIONS: tuple[tuple[str, Callable[[Tokens], bool], Filler], ...] = (
    ("gemma-4-31b is served as -it, qwen3-235b has one active size", _always, _is_tuned),
    ("nemotron-3-super has one size", _always, _is_size),
    ("gemini-3-flash exists as a preview only", _always, _is_stage),
    ("nemotron-3-120b-a12b: both sizes together name the line", _has_both_sizes, _is_line),
    ("grok-4.20-reasoning points to its dated release", _is_pointer, _is_release),
)


def full_names(tokens: Tokens, catalogue: Catalogue) -> list[str]:
    """Families that have only ``it``, ``instruct`` or the active size in addition: the same model, its name in full."""
    return [family for family, extra in catalogue.extensions(tokens) if extra and all(map(_is_tuned, extra))]


def complete(tokens: Tokens, catalogue: Catalogue) -> Completed | None:
    """The one family that these words shorten, or the several; ``None`` when nothing in the catalogue contains them."""
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
    """A sibling that the id might as well mean. Who means ``non-reasoning`` says so, unless neither is said."""
    if "non" in extra:
        return "reasoning" in extra and all(map(fills, extra - {"non"}))
    silent = {word for word in extra if word in NEVER_SILENT and not fills(word)}
    return bool(silent) and all(map(fills, extra - silent))


def _is_vague(tokens: Tokens) -> bool:
    """A brand with at most a version: it names a line, not a model."""
    return len(tokens) <= 2 and not any(map(SIZE.fullmatch, tokens))
