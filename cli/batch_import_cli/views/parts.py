"""What several views are made of."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from batch_import_cli.console import cut, padded, put
from batch_import_cli.tables import Row, said
from batch_import_cli.words import _

MARGIN = "  "
_STYLES = {"gray": "bright_black", **{name: name for name in ("blue", "green", "yellow", "red", "cyan")}}


def entry(name: object, word: Text, address: object, beneath: str, width: int) -> Iterator[Text]:
    """Two lines: what it is, its verdict and its address; beneath them why, cut to the terminal."""
    yield Text.assemble(said(name), MARGIN, word, MARGIN, said(address))
    yield Text(MARGIN + cut(beneath, width - len(MARGIN)))


def badge(row: Row, field: str, value: str, width: int = 0) -> Text:
    """A value in the user's language, in the colour that the API's badge of ``field`` has."""
    given = fields_of(row, "badges").get(field)
    style = _STYLES.get(str(given.get("color")), "") if isinstance(given, dict) else ""
    return Text(padded(_(value), width), style)


def joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part and part != "-")


def warning(text: object) -> str:
    return _("warning: {text}").format(text=said(text))


def show_heading(text: str) -> None:
    put(Text(), Text(text))


def show_fields(values: Row) -> None:
    width = max(map(cell_len, values), default=0)
    put(*(Text(f"{MARGIN}{padded(name, width)}{MARGIN}{said(value)}") for name, value in values.items()))


def listed(value: object) -> list[Any]:
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def fields_of(row: Row, name: str) -> Row:
    """An object inside of ``row``; an empty one when it has none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def rows_in(value: object) -> Sequence[Row]:
    return [row for row in listed(value) if isinstance(row, dict)]


def number(row: Row, name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0
