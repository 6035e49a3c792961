"""Identify the model family of a raw id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import TypeVar

from batch_import.domain.naming.catalogue import Catalogue, load_catalogue
from batch_import.domain.naming.readings import Found, Name, look_up, with_release
from batch_import.domain.naming.strip import ServingSuffix, Stripped, serving_suffix, strip
from batch_import.domain.naming.tables import GENERIC_WORDS
from batch_import.domain.naming.tokens import (
    Tokens,
    has_version,
    is_version,
    normalize_model_id,
    spell,
    split_two_digits,
    tokenize,
)
from batch_import.domain.types import Provenance

MAX_ID_LENGTH = 200
"""Longer forms are not identified; the API accepts model names up to this length."""
_KEPT = 4096

T = TypeVar("T")


def kept_by_id(judge: Callable[[str], T]) -> Callable[[str], T]:
    """Keep what ``judge`` says of the last few thousand raw ids: relays show the same ones. What is too long to be an
    id is judged anew, so that it stays in no memory.
    """
    kept = lru_cache(maxsize=_KEPT)(judge)

    @wraps(judge)
    def judged(raw: str) -> T:
        return judge(raw) if len(raw) > MAX_ID_LENGTH else kept(raw)

    return judged


@dataclass(frozen=True)
class ModelIdentity:
    """The result of identifying one raw id.

    ``provenance``: ``exact`` (the normalised id is a catalogue name), ``alias`` (another spelling or a short form of
    one), ``rule`` (parts were stripped, or the catalogue does not have the model), ``unknown`` (not a model name, or an
    ambiguous one). An ambiguous id has its stripped name as family, and ``candidates`` lists the possible families; the
    family of any other unknown id is the normalised id.
    ``attributes``: the stripped parts by kind, read only (copy with ``dict(...)`` to store them): vendor, region,
    hosting, hosting_version, path, quantisation, packaging, price_tier, snapshot_date, channel, relay_tag, speed, mode,
    effort, routing, service_tier, context_length. Several parts of one kind are joined by commas.
    """

    raw_model_id: str
    normalized_model_id: str
    canonical_model_family: str
    provenance: Provenance
    attributes: Mapping[str, str]
    candidates: tuple[str, ...] = ()


@kept_by_id
def identify_model(raw: str) -> ModelIdentity:
    """Identify a raw id. Accepts any string and never raises. The family of a family is itself."""
    return identify_uncached(raw, load_catalogue())


def canonical_model_family(raw: str) -> str:
    """Return the family of a raw id: ``moonshotai/Kimi-K2.6-TEE`` → ``kimi-k2.6``. See ``identify_model``."""
    return identify_model(raw).canonical_model_family


def canonical_model_id(raw: str) -> str:
    """Return the family, followed by the snapshot date if the id has one.

    ``us.anthropic.claude-sonnet-4-5-20250929-v1:0`` → ``claude-sonnet-4-5-20250929``.
    """
    identity = identify_model(raw)
    family, date = identity.canonical_model_family, identity.attributes.get("snapshot_date")
    if date is None or identity.provenance is Provenance.UNKNOWN:
        return family
    return f"{family}-{date.partition(',')[0]}"


def identify_uncached(raw: str, catalogue: Catalogue) -> ModelIdentity:
    """``identify_model`` without the cache and with a given catalogue, for the catalogue builder and the benchmark."""
    form = normalize_model_id(raw)
    if len(form) > MAX_ID_LENGTH:
        return _unknown(raw, form)
    first = _once(raw, form, catalogue)
    family, seen = first.canonical_model_family, {form}
    while family not in seen and not catalogue.has(family):
        seen.add(family)
        family = _once(family, family, catalogue).canonical_model_family
    if family == first.canonical_model_family:
        return first
    return ModelIdentity(raw, form, family, first.provenance, first.attributes, first.candidates)


def _once(raw: str, form: str, catalogue: Catalogue) -> ModelIdentity:
    stripped = strip(form, catalogue.vocabulary)
    tokens = tokenize(stripped.name)
    if not tokens:
        return _unknown(raw, form, attributes=stripped.attributes)
    vendor = stripped.attributes.get("vendor", "").rsplit(",", 1)[-1]
    tokens = with_release(tokens, stripped.attributes.get("snapshot_date", ""), catalogue)
    whole = look_up(Name(tokens, vendor, catalogue))
    found = whole or _thinking(tokens, vendor, catalogue)
    if found is None:
        return _by_rule(raw, form, tokens, stripped, catalogue)
    if found.family is None:
        return _unknown(raw, form, found.candidates, stripped.attributes, spell(tokens))
    for kind, value in found.suffixes:
        stripped.set_attribute(kind, value)
    provenance = _provenance(form, found, stripped) if whole else Provenance.RULE
    return ModelIdentity(raw, form, found.family, provenance, MappingProxyType(stripped.attributes))


def _thinking(tokens: Tokens, vendor: str, catalogue: Catalogue) -> Found | None:
    """The family of what is in front of ``thinking``, with this word: ``opus-4.5-thinking`` as ``claude-opus-4-5``."""
    *rest, last = tokens
    suffixes: list[ServingSuffix] = []
    while rest and last not in _THINKING and (suffix := serving_suffix((*rest, last))):
        suffixes.append(suffix)
        *rest, last = rest
    if last not in _THINKING or len(rest) < _THINKING[last]:
        return None
    found = look_up(Name(tuple(rest), vendor, catalogue))
    if found is None or found.family is None or "thinking" in tokenize(found.family):
        return None
    return found._replace(family=f"{found.family}-thinking", suffixes=(*found.suffixes, *suffixes))


_THINKING = {"thinking": 1, "think": 2}
"""The last word of a name that thinks, and how many words it follows at least: K2-Think is LLM360's, and no Kimi."""


def _provenance(form: str, found: Found, stripped: Stripped) -> Provenance:
    if not found.literal:
        return Provenance.ALIAS
    if stripped.attributes:
        return Provenance.RULE
    return Provenance.EXACT if form == found.family else Provenance.ALIAS


def _by_rule(raw: str, form: str, tokens: Tokens, stripped: Stripped, catalogue: Catalogue) -> ModelIdentity:
    if tokens[0] in catalogue.brands:
        family = spell(_with_known_version(tokens, catalogue))
    elif _looks_like_a_model(tokens, not _TELLING.isdisjoint(stripped.attributes)):
        family = "-".join(tokens[:-1] if tokens[-1] == "v1.0" and len(tokens) > 2 else tokens)
    else:
        return _unknown(raw, form, (), stripped.attributes)
    return ModelIdentity(raw, form, family, Provenance.RULE, MappingProxyType(stripped.attributes))


def _with_known_version(tokens: Tokens, catalogue: Catalogue) -> Tokens:
    """``gpt-35-turbo-0301`` → ``gpt-3.5-turbo-0301``, since the catalogue has other models of this version."""
    dotted = split_two_digits(tokens)
    return dotted if dotted != tokens and catalogue.extensions(dotted[:2]) else tokens


_TELLING = frozenset({"vendor", "snapshot_date"})
"""Stripped parts of which the rest was a model's name, even if it has no number."""


def _looks_like_a_model(tokens: Tokens, is_told: bool) -> bool:
    """Whether an unknown name has a distinctive first word, and a number, a known vendor or a date: ``newmodel-7b``,
    but not ``auto``, ``chat-1`` or ``42``."""
    brand = tokens[0]
    is_word = brand.isalpha() or (brand[0].isalpha() and len(tokens) > 1 and not is_version(brand))
    own_word = brand.isascii() and len(brand) > 1 and is_word and brand not in GENERIC_WORDS
    return own_word and (is_told or has_version(tokens))


def _unknown(
    raw: str,
    form: str,
    candidates: tuple[str, ...] = (),
    attributes: Mapping[str, str] | None = None,
    family: str = "",
) -> ModelIdentity:
    attributes = MappingProxyType(dict(attributes or {}))
    return ModelIdentity(raw, form, family or form, Provenance.UNKNOWN, attributes, candidates)
