"""Reading a list of relays: from bytes to items, or to one error that names every bad place."""

from collections.abc import Callable, Mapping, Sequence

from batch_import_cli.errors import InputError
from batch_import_cli.lists.csv_list import has_header, parse_csv
from batch_import_cli.lists.decode import decoded
from batch_import_cli.lists.json_list import looks_like_json, parse_json
from batch_import_cli.lists.model import Item, Parsed, Problem, RelayList
from batch_import_cli.lists.text_list import parse_text

__all__ = ["FORMATS", "Item", "Problem", "RelayList", "read_list"]

_SHOWN_PROBLEMS = 20
_PARSERS: Mapping[str, Callable[[str], Parsed]] = {"csv": parse_csv, "json": parse_json, "text": parse_text}
FORMATS = tuple(_PARSERS)


def read_list(data: bytes, name: str, form: str | None = None) -> RelayList:
    """The relays of a file called ``name``; nothing is returned unless every line can be read."""
    try:
        text = decoded(data)
        parsed = _PARSERS[form or _guessed(text)](text)
        items, problems = _sorted_out(parsed)
    except InputError as error:
        raise InputError(f"{name}: {error.message}") from None
    if problems:
        raise _unreadable(name, problems)
    if not items:
        raise InputError(f"{name}: no relay in it, nothing to import")
    return RelayList(name, tuple(items), parsed.fields, parsed.notes)


def _guessed(text: str) -> str:
    if looks_like_json(text):
        return "json"
    return "csv" if has_header(text) else "text"


def _sorted_out(parsed: Parsed) -> tuple[list[Item], list[Problem]]:
    items: list[Item] = []
    problems: list[Problem] = []
    for entry in parsed.entries:
        if isinstance(entry, Item):
            items.append(entry)
        else:
            problems.append(entry)
    return items, problems


def _unreadable(name: str, problems: Sequence[Problem]) -> InputError:
    places = "1 place" if len(problems) == 1 else f"{len(problems)} places"
    lines = [f"{name}: {places} cannot be read; nothing was sent", *map(str, problems[:_SHOWN_PROBLEMS])]
    if len(problems) > _SHOWN_PROBLEMS:
        lines.append(f"... and {len(problems) - _SHOWN_PROBLEMS} more")
    return InputError("\n  ".join(lines))
