"""Tables of a database dump that belong together by an id."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any


def nested(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """``node`` with entries that name another one by its id moved into it; any other object as it is.

    ``{"channels": [{"id": 1}], "channel_keys": [{"channel_id": 1}]}`` becomes
    ``{"channels": [{"id": 1, "channel_keys": [{"channel_id": 1}]}]}``.
    """
    if sum(isinstance(value, list) for value in node.values()) < 2:
        return node
    found = dict(node)
    for name, entries in node.items():
        if (reference := _reference(entries, found)) is not None and f"{reference}s" != name:
            owners = f"{reference}s"
            found[owners], found[name] = _moved(found[owners], name, entries, _name_of(reference, entries[0]))
    return found


def _reference(entries: Any, tables: Mapping[str, Any]) -> str | None:
    """``channel`` for entries with a ``channel_id`` or ``channelId`` where there is a table ``channels``."""
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return None
    names = (
        name.removesuffix("_id").removesuffix("Id") for name in map(str, entries[0]) if name.endswith(("_id", "Id"))
    )
    return next((name for name in names if isinstance(tables.get(f"{name}s"), list)), None)


def _name_of(reference: str, entry: Mapping[str, Any]) -> str:
    return f"{reference}_id" if f"{reference}_id" in entry else f"{reference}Id"


def _moved(owners: list[Any], name: str, entries: list[Any], reference: str) -> tuple[list[Any], list[Any]]:
    """The owners with their entries, and the entries without an owner."""
    by_id: dict[str, list[Any]] = defaultdict(list)
    ids = {str(owner.get("id")) for owner in owners if isinstance(owner, dict)}
    rest: list[Any] = []
    for entry in entries:
        owner = str(entry.get(reference)) if isinstance(entry, dict) else ""
        (by_id[owner] if owner in ids else rest).append(entry)
    with_entries = [
        {**owner, name: by_id[str(owner.get("id"))]} if isinstance(owner, dict) else owner for owner in owners
    ]
    return with_entries, rest
