"""Lines of text: labelled blocks, addresses with keys below, separators of every kind, variables, commands, links."""

from collections.abc import Sequence

from batch_import.intake.commands import joined_lines
from batch_import.intake.line import Line
from batch_import.intake.records import Found, Records
from batch_import.intake.texts import Note
from batch_import.intake.tokens import TokenReader


def read_lines(lines: Sequence[tuple[int, str]], invisible: frozenset[int] = frozenset()) -> Found:
    """Drafts of all lines (number, text without invisible characters), and the lines that none came from."""
    reader = TokenReader()
    read = [reader.read(number, text) for number, text in joined_lines(lines)]
    for line in read:
        line.invisible = line.number in invisible
    if (last := next((line for line in reversed(read) if not line.blank), None)) is not None:
        _mark_cut(last)
    return Records().of(read)


def _mark_cut(last: Line) -> None:
    """Takes a value back that begins with a quotation mark and has none behind it where the text ends."""
    if not last.tokens or last.text.count('"') % 2 == 0:
        return
    token = last.tokens[-1]
    if token.value and last.text.endswith(f'"{token.value}'):
        token.value, token.notes = "", (*token.notes, Note.CUT_OFF)
