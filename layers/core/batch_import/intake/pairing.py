"""Drafts that are put together or taken apart after all lines are read."""

from dataclasses import replace

from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note


def joined_halves(drafts: list[Draft]) -> list[Draft]:
    """Variables of different owners belong together when there is only one address and otherwise only keys."""
    halves = [draft for draft in drafts if bool(draft.addresses) != bool(draft.keys)]
    with_address = [draft for draft in halves if draft.addresses]
    with_key = [draft for draft in halves if draft.keys]
    if len(with_address) != 1 or len(with_key) != 1 or with_address[0].site or with_key[0].site:
        return drafts
    address, key = with_address[0], with_key[0]
    first, second = (address, key) if address.line <= key.line else (key, address)
    merged = replace(
        first,
        addresses=address.addresses,
        keys=key.keys,
        models=[*first.models, *second.models],
        label=first.label or second.label,
        platform=first.platform or second.platform,
        notes=[*first.notes, *second.notes],
    )
    return [merged if draft is first else draft for draft in drafts if draft is not second]


def paired(draft: Draft) -> list[Draft]:
    """One draft a pair where a list of addresses meets a list of as many keys in variables."""
    count = len(draft.addresses)
    if draft.unclear or count < 2 or len(draft.keys) != count:
        return [draft]
    notes = [*draft.notes, Note.PAIRED_BY_POSITION]
    pairs = zip(draft.addresses, draft.keys, strict=True)
    return [replace(draft, addresses=[address], keys=[key], notes=notes) for address, key in pairs]
