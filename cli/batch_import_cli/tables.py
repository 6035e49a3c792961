"""Lists in four forms: for a terminal, as a table of all columns, as JSON, and as CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click
from batch_import.domain.texts import printable
from rich.cells import cell_len
from rich.text import Text

from batch_import_cli.console import console, padded, put
from batch_import_cli.times import local

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], object]]
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")


class Output(StrEnum):
    """``table`` is for reading at any width; ``wide`` has all columns, a row on one line."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Listing:
    """A list of the API's answers: its ``name`` in them, its columns, and a row as it is shown on a terminal."""

    name: str
    columns: Columns
    lines: Callable[[Row, int], Iterable[Text]]

    def record(self, row: Row) -> dict[str, object]:
        return {title: value(row) for title, value in self.columns.items()}


def columns(*titles: str) -> Columns:
    """Columns that show fields of a row: ``title``, or ``title=field`` where it is called otherwise."""
    pairs = (title.partition("=") for title in titles)
    return {title: _field(field or title) for title, _equals, field in pairs}


def _field(field: str) -> Callable[[Row], object]:
    return lambda row: row.get(field)


def show(listing: Listing, rows: Sequence[Row], output: Output) -> None:
    """``rows`` for people or as CSV. Without a terminal a row is one line, its cells separated by tabs."""
    if output is Output.CSV:
        click.echo(csv_text(listing, rows), nl=False)
    elif output is Output.TABLE and console().is_terminal:
        width = console().width
        put(*(line for row in rows for line in listing.lines(row, width)))
    elif rows:
        click.echo("\n".join(_wide(listing, rows)))


def _wide(listing: Listing, rows: Sequence[Row]) -> Iterable[str]:
    cells = [list(listing.columns), *([_shown(*one) for one in listing.record(row).items()] for row in rows)]
    if not console().is_terminal:
        return ("\t".join(line) for line in cells)
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return ("  ".join(map(padded, line, widths)).rstrip() for line in cells)


def _shown(title: str, value: object) -> str:
    return local(value) if title.endswith("_at") and isinstance(value, str) else said(value)


def said(value: object) -> str:
    """One line of any value; an absent one is a dash."""
    if value is None or value == "":
        return "-"
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return ", ".join(map(said, value)) or "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(" ".join(text.split()))


def csv_text(listing: Listing, rows: Sequence[Row]) -> str:
    """With a heading; no cell of it is calculated by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(listing.columns)
    writer.writerows(map(_cell, listing.record(row).values()) for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A text that begins like a formula stands behind an apostrophe."""
    if value in (None, []):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = printable(value if isinstance(value, str) else said(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
