"""What every list format is read into. No ``repr`` here shows a key, nor an address that may hold one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One relay as the create request takes it, and where in the file it stands (JSON: its index tells)."""

    line: int | None
    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Problem:
    """A place that cannot be read. ``text`` never quotes the file: the unreadable part may be a key."""

    line: int
    text: str
    column: int | str | None = None

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        return f"line {self.line}{column}: {self.text}"


Entry = Item | Problem


@dataclass(frozen=True)
class RelayList:
    """A read list; ``fields`` are those of a complete create request, ``notes`` what the user should know."""

    name: str
    items: tuple[Item, ...]
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def keys(self) -> Iterator[str]:
        return (key for item in self.items if isinstance(key := item.fields.get("api_key"), str))


@dataclass(frozen=True)
class Parsed:
    """A parser's result, good and bad places mixed in the order of the file."""

    entries: Iterable[Entry]
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
