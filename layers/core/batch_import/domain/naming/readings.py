"""How the words of a name are looked up: as written, then in the other ways in which people and relays write them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from batch_import.domain.naming.catalogue import Catalogue
from batch_import.domain.naming.tables import (
    GLUED_BRANDS,
    POINTER_BRANDS,
    RELEASE_BRANDS,
    SERIES_LETTER,
    SPEED_IS_A_TIER,
    SPEED_SUFFIXES,
    VENDOR_BRAND,
)
from batch_import.domain.naming.tokens import ACTIVE, RELEASE, SIZE, Tokens, has_version, split_two_digits


class Found(NamedTuple):
    """A family, or (family None) several candidates between which nothing in the id decides."""

    family: str | None
    candidates: tuple[str, ...] = ()
    speed: str | None = None
    literal: bool = False


Filler = Callable[[str], bool]

CLAUDE_MODES = frozenset({"thinking", "think", "fast"})
NEVER_SILENT = frozenset({"thinking", "reasoning", "base"})
"""If a sibling differs by one of these words only, its absence decides nothing: the id is ambiguous."""


def _is_tuned(word: str) -> bool:
    return word in {"it", "instruct"} or bool(ACTIVE.fullmatch(word))


def _is_size(word: str) -> bool:
    return _is_tuned(word) or bool(SIZE.fullmatch(word)) or word == "reasoning"


def _is_stage(word: str) -> bool:
    return _is_tuned(word) or word in {"preview", "generate"}


def _is_line(word: str) -> bool:
    return word in {"super", "nano", "ultra"}


# What a relay leaves out, most harmless first. A completion counts only if it is the only one of its row.
COMPLETIONS: tuple[tuple[str, Filler], ...] = (
    ("gemma-4-31b is served as -it, qwen3-235b has one active size", _is_tuned),
    ("nemotron-3-super has one size", _is_size),
    ("gemini-3-flash exists as a preview only", _is_stage),
)


def look_up(tokens: Tokens, vendor: str | None, catalogue: Catalogue) -> Found | None:
    """Find the family of these words; ``None`` when the catalogue has never seen anything like them."""
    for speed, variant in _variants(tokens, vendor, catalogue):
        family = catalogue.family_of(variant)
        if family:
            return Found(family, speed=speed, literal=variant == tokens)
        family = catalogue.alias_of(variant)
        if family:
            return Found(family, speed=speed)
        found = complete(variant, catalogue)
        if found:
            return found._replace(speed=speed)
    return None


def _variants(tokens: Tokens, vendor: str | None, catalogue: Catalogue) -> Iterator[tuple[str | None, Tokens]]:
    """The readings of a name, most literal first; each is tried to its end before a bolder one."""
    yield None, tokens
    split = split_two_digits(tokens)
    if split != tokens:
        yield None, split
    brand = VENDOR_BRAND.get(vendor or "")
    if brand and tokens[0] not in catalogue.brands:
        yield None, (brand, *tokens)
    if tokens[0][0] == "k" and tokens[0][1:2].isdigit() and (len(tokens) == 1 or "." in split[0]):
        yield None, ("kimi", *split)
    if "beta" in tokens[1:]:
        yield None, (tokens[0], *(word for word in tokens[1:] if word != "beta"))
    if tokens[0] in RELEASE_BRANDS:
        yield None, tuple(word for word in tokens if word != "instruct" and not SIZE.fullmatch(word))
    if any(_is_frontier_size(word) for word in tokens):
        yield from _without_frontier_size(tokens, catalogue)
    if tokens[-1] in SPEED_SUFFIXES and len(tokens) > 1 and not _sells_speed(tokens):
        yield tokens[-1], tokens[:-1]


def _is_frontier_size(word: str) -> bool:
    """Two hundred billion and more: no distilled or small sibling is that large, so the size only repeats the model."""
    return word[-1] == "b" and word[:-1].isdigit() and int(word[:-1][:9]) >= 200


def _without_frontier_size(tokens: Tokens, catalogue: Catalogue) -> Iterator[tuple[str | None, Tokens]]:
    rest = tuple(word for word in tokens if not _is_frontier_size(word))
    if catalogue.family_of(rest) and not any(
        all(map(_is_size, extra)) for _, extra in catalogue.extensions(rest) if extra
    ):
        yield None, rest


def _sells_speed(tokens: Tokens) -> bool:
    """A maker's tier; but one who names the size serves open weights, and means the machine."""
    sized = any(SIZE.fullmatch(word) for word in tokens)
    return not sized and tokens[0] in SPEED_IS_A_TIER[tokens[-1]]


def completions(tokens: Tokens, catalogue: Catalogue) -> list[str]:
    """Families that have only ``it``, ``instruct`` or the active size in addition: the same model, its name in full."""
    return [family for family, extra in catalogue.extensions(tokens) if extra and all(map(_is_tuned, extra))]


def complete(tokens: Tokens, catalogue: Catalogue) -> Found | None:
    if tokens[0] not in catalogue.brands or len(tokens) > 9:
        return None
    extensions = catalogue.extensions(tokens)
    if not extensions:
        return None
    for fills in _fillers(tokens):
        fitting = [family for family, extra in extensions if all(map(fills, extra))]
        rivals = [family for family, extra in extensions if _is_rival(extra, fills)]
        if fitting:
            return Found(fitting[0]) if len(fitting) == 1 and not rivals else Found(None, (*fitting, *rivals))
    if _is_vague(tokens):
        return Found(None, tuple(family for family, _ in extensions))
    return None


def _fillers(tokens: Tokens) -> Iterator[Filler]:
    if not has_version(tokens):
        return
    for _, fills in COMPLETIONS:
        yield fills
    if any(SIZE.fullmatch(word) for word in tokens) and any(ACTIVE.fullmatch(word) for word in tokens):
        yield _is_line
    if tokens[0] in POINTER_BRANDS:
        yield lambda word: bool(RELEASE.fullmatch(word))


def _is_rival(extra: frozenset[str], fills: Filler) -> bool:
    if "non" in extra:
        return "reasoning" in extra and all(map(fills, extra - {"non"}))
    silent = {word for word in extra if word in NEVER_SILENT and not fills(word)}
    return bool(silent) and all(map(fills, extra - silent))


def _is_vague(tokens: Tokens) -> bool:
    """A brand with at most a version: it names a line, not a model."""
    return len(tokens) <= 2 and not any(SIZE.fullmatch(word) for word in tokens)


def spell(tokens: Tokens) -> str:
    """The name of a model of a known brand that the catalogue has never seen, as its maker would write it."""
    if tokens[0] == "claude":
        return _spell_claude(tokens)
    words = list(tokens)
    if len(words) > 1 and words[1][0].isdigit() and not SIZE.fullmatch(words[1]):
        words[1] = SERIES_LETTER.get(words[0], "") + words[1]
        if words[0] in GLUED_BRANDS:
            words[:2] = ["".join(words[:2])]
    return "-".join(words)


def _spell_claude(tokens: Tokens) -> str:
    """Anthropic writes line, then version, with hyphens: ``claude-5.5-sonnet`` is ``claude-sonnet-5-5``."""
    line = [word for word in tokens if not has_version([word]) and word not in CLAUDE_MODES]
    version = [word.replace(".", "-") for word in tokens if has_version([word])]
    return "-".join((*line, *version, *(word for word in tokens if word in CLAUDE_MODES)))
