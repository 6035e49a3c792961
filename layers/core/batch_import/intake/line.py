"""A line as it was read: its tokens, its words, and what it may be."""

from dataclasses import dataclass, field

from batch_import.intake.fields import Field
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note


@dataclass(slots=True)
class Token:
    """A piece of a line with its meaning; ``owner`` groups variables (``openai`` of ``OPENAI_API_KEY``)."""

    field: Field
    value: str
    labelled: bool = False
    owner: str = ""
    notes: tuple[Note, ...] = ()
    backup: bool = False


@dataclass(slots=True)
class Line:
    number: int
    text: str
    tokens: list[Token] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # left over
    lead: int = 0  # how many of these stand before the first address
    weak: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    heading: str = ""
    comment: str = ""
    taken: set[tuple[Field, str]] = field(default_factory=set)  # addresses
    blank: bool = False
    link: Draft | None = None
    by_comma: bool = False  # what follows the address is separated by a comma
    invisible: bool = False
    empty: str = ""  # the owner of a key that is there without a value
    is_command: bool = False  # a request (curl)
    is_pair: bool = False  # one address, one key, perhaps a name and a model, nothing else

    def has(self, *fields: Field) -> bool:
        return any(token.field in fields for token in self.tokens)
