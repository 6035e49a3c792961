"""Drafts that are put together or taken apart after all lines are read."""

import re
from collections import Counter
from dataclasses import replace

from batch_import.intake.cleaning import may_be_key
from batch_import.intake.roots import root_of
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note

_VENDOR = re.compile(r"openai|gpt|codex|claude|anthropic|gemini|google|deepseek|grok|qwen|kimi|glm")
_OF_NUMBERS = re.compile(r"\d\D\d|^[\W\d]*$")  # a time, or a number alone
_SYNONYMS = {"gpt": "openai", "codex": "openai", "claude": "anthropic", "google": "gemini"}


def joined_halves(drafts: list[Draft]) -> list[Draft]:
    """An address and a key belong together when there is only one of each, or when both have the same label."""
    addresses = [draft for draft in drafts if draft.addresses and not any(map(may_be_key, draft.keys))]
    keys = [draft for draft in drafts if not draft.addresses and not draft.site and any(map(may_be_key, draft.keys))]
    is_one = len(addresses) == len(keys) == 1 and (keys[0].doubtful or not addresses[0].doubtful)
    pairs = [(addresses[0], keys[0])] if is_one else _of_one_label(addresses, keys)
    first_of = {id(second): first for first, second in map(_in_order, pairs)}
    merged = {id(first): _merged(*_in_order(pair)) for pair in pairs for first in _in_order(pair)[:1]}
    return [merged.get(id(draft), draft) for draft in drafts if id(draft) not in first_of]


def at_one_address(keys: list[Draft], others: list[Draft]) -> list[Draft]:
    """All drafts; those of a table of ``keys`` get the only address that stands alone among ``others``."""
    addresses = [draft for draft in others if draft.addresses and not draft.keys]
    if not keys or any(draft.addresses for draft in keys) or len({_roots(draft) for draft in addresses}) != 1:
        return [*keys, *others]
    shared = addresses[0].addresses
    moved = [replace(draft, addresses=shared, notes=[*draft.notes, Note.ADDRESS_FROM_ABOVE]) for draft in keys]
    return [*moved, *(draft for draft in others if draft.keys or not draft.addresses)]


def _roots(draft: Draft) -> tuple[str, ...]:
    return tuple(root_of(address).base_url for address in draft.addresses)


def _of_one_label(addresses: list[Draft], keys: list[Draft]) -> list[tuple[Draft, Draft]]:
    by_label = [_with_own_label(addresses), _with_own_label(keys)]
    return [(draft, by_label[1][label]) for label, draft in by_label[0].items() if label in by_label[1]]


def _with_own_label(drafts: list[Draft]) -> dict[str, Draft]:
    counted = Counter(draft.label for draft in drafts)
    return {draft.label: draft for draft in drafts if draft.label and counted[draft.label] == 1}


def _in_order(pair: tuple[Draft, Draft]) -> tuple[Draft, Draft]:
    address, key = pair
    return (address, key) if address.line <= key.line else (key, address)


def _merged(first: Draft, second: Draft) -> Draft:
    return replace(
        first,
        addresses=first.addresses or second.addresses,
        keys=[key for key in (*first.keys, *second.keys) if may_be_key(key)] or first.keys or second.keys,
        models=[*first.models, *second.models],
        label=first.label or second.label,
        platform=first.platform or second.platform,
        notes=[*first.notes, *second.notes],
        guessed=first.guessed
        or second.guessed
        or bool(first.keys and second.keys)
        or are_rivals(first.about, second.about),
        unclear=first.unclear or second.unclear,
    )


def are_rivals(first: str, second: str) -> bool:
    """Whether two names are those of different things: of two vendors, or alike but for one sign (``A站``, ``B站``)."""
    vendors = [{_SYNONYMS.get(name, name) for name in _VENDOR.findall(text.lower())} for text in (first, second)]
    if all(vendors):
        return vendors[0].isdisjoint(vendors[1])
    if len(first) != len(second) or _OF_NUMBERS.search(first) is not None:
        return False
    differing = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    return len(differing) == 1 and all(map(str.isalnum, differing[0]))


def paired(draft: Draft) -> list[Draft]:
    """One draft a pair where a list of addresses meets a list of as many keys in variables."""
    count = len(draft.addresses)
    if draft.unclear or count < 2 or len(draft.keys) != count:
        return [draft]
    notes = [*draft.notes, Note.PAIRED_BY_POSITION]
    pairs = zip(draft.addresses, draft.keys, strict=True)
    return [replace(draft, addresses=[address], keys=[key], notes=notes) for address, key in pairs]
