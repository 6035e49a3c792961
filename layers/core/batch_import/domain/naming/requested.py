"""Find a requested model in a relay's model list."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from batch_import.domain.naming.identity import ModelIdentity, identify_model
from batch_import.domain.naming.knowledge import is_chat_model
from batch_import.domain.naming.tokens import Tokens, key_of, tokenize

_GENERATION = re.compile(r"[a-z]?(\d+)")

MIN_CLOSENESS = 0.3
"""Names less close than this share only letters and are not recommended."""

# Attributes that may change what is served. An id with fewer of them is preferred.
_DISTURBING = (
    "quantisation",
    "packaging",
    "relay_tag",
    "speed",
    "mode",
    "price_tier",
    "effort",
    "routing",
    "service_tier",
)


@dataclass(frozen=True)
class AliasTable:
    """A relay's models by exact id, by form and by family. Each list is sorted by preference, best first."""

    raw_models: frozenset[str]
    by_form: Mapping[str, tuple[str, ...]]
    by_family: Mapping[str, tuple[str, ...]]


def build_alias_table(raw_models: Iterable[str]) -> AliasTable:
    """Index the ids of a relay's model list. The order of the list does not matter."""
    raws = frozenset(raw_models)
    forms: defaultdict[str, list[str]] = defaultdict(list)
    families: defaultdict[str, list[str]] = defaultdict(list)
    for raw in sorted(raws, key=_preference):
        identity = identify_model(raw)
        forms[identity.normalized_model_id].append(raw)
        families[identity.canonical_model_family].append(raw)
    return AliasTable(raws, _frozen(forms), _frozen(families))


def _frozen(index: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(raws) for key, raws in index.items()}


def _preference(raw: str) -> tuple[int, int, str]:
    """Sort key: fewest disturbing attributes, then shortest, then alphabetical."""
    attributes = identify_model(raw).attributes
    return sum(kind in attributes for kind in _DISTURBING), len(raw), raw


def resolve_requested_model(requested: str, table: AliasTable) -> str | None:
    """Return the raw id to request: the same id, else the same form, else the best id of the same family.

    Returns ``None`` if the relay serves nothing of that family; ``recommend_models`` then lists alternatives.
    """
    if requested in table.raw_models:
        return requested
    identity = identify_model(requested)
    for raws in (
        table.by_form.get(identity.normalized_model_id),
        table.by_family.get(identity.canonical_model_family),
    ):
        if raws and identity.normalized_model_id:
            return raws[0]
    return None


def recommend_models(requested: str, raw_models: Iterable[str], limit: int = 5) -> list[str]:
    """Return up to ``limit`` raw ids closest to the requested name, closest first, one per family.

    A chat name gets only models that may chat; the name of another kind of model gets only models that do not.
    """
    wanted = identify_model(requested)
    useless = is_chat_model(requested) is False
    best: dict[str, tuple[float, int, str]] = {}
    for raw, identity, no_chat in _offers(frozenset(raw_models)):
        if no_chat is useless and identity.canonical_model_family not in best:
            closeness = _closeness(wanted, identity)
            if closeness >= MIN_CLOSENESS:
                best[identity.canonical_model_family] = (-closeness, len(raw), raw)
    return [raw for _, _, raw in sorted(best.values())[: max(limit, 0)]]


@lru_cache(maxsize=4)
def _offers(raws: frozenset[str]) -> tuple[tuple[str, ModelIdentity, bool], ...]:
    """Each id with its identity, and whether it cannot chat, best first; kept for the next name of the same request."""
    return tuple((raw, identify_model(raw), is_chat_model(raw) is False) for raw in sorted(raws, key=_preference))


def _closeness(wanted: ModelIdentity, offered: ModelIdentity) -> float:
    """Return a score between 0 and 1, or 2 for a family among the candidates of the requested name."""
    if offered.canonical_model_family in wanted.candidates:
        return 2.0
    names = wanted.canonical_model_family[:64], offered.canonical_model_family[:64]
    (left, one), (right, other) = map(_words, names)
    words = 2 * _shared(one, other) + _same_brand(left, right) + _same_generation(left, right)
    if (words + 1) / 5 < MIN_CLOSENESS:
        return 0.0  # comparing letters is slow, and could not make it close
    return (words + SequenceMatcher(None, *names).ratio()) / 5


@lru_cache(maxsize=4096)
def _words(family: str) -> tuple[Tokens, frozenset[str]]:
    tokens = tokenize(family)
    return tokens, frozenset(key_of(tokens).split())


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _same_brand(left: Tokens, right: Tokens) -> float:
    return 1.0 if left and right and left[0] == right[0] else 0.0


def _same_generation(left: Tokens, right: Tokens) -> float:
    """Return 1 for the same brand and major version: ``gpt-5`` is closer to ``gpt-5.1`` than ``gpt-4o`` is."""
    return 1.0 if _same_brand(left, right) and _generation(left) == _generation(right) else 0.0


def _generation(tokens: Tokens) -> str | None:
    numbers = (_GENERATION.match(word) for word in tokens[1:])
    return next((number[1] for number in numbers if number), None)
