"""A file as a list of relays: read by the parser that the API uses, so that both give the same rows."""

import codecs
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import click
from batch_import.domain.contract import ItemRequest, ShownIgnored, TextFormat
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.texts import printable
from batch_import.intake import ChosenItem, IgnoredLine, Intake, ParsedRow, RowStatus, choose, parse, texts_of

from batch_import_cli.app import choice
from batch_import_cli.errors import InputError, indented
from batch_import_cli.words import _, language, ngettext

format_option = click.option(
    "--format", "form", type=choice(TextFormat), default="auto", help="How to read FILE.  [default: auto]"
)
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SHOWN_PLACES, _SHOWN_LINES = 20, 5
_LEFT_OUT = (RowStatus.INCOMPLETE, RowStatus.AMBIGUOUS)


@dataclass(frozen=True)
class Item:
    """One relay as the create request takes it, and the line where it stands."""

    line: int | None
    fields: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RelayList:
    """A read list. ``fields`` are those of a complete create request, ``places`` what cannot be imported."""

    name: str
    items: tuple[Item, ...]
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    places: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_list(data: bytes, name: str, form: str = "auto", choices: Mapping[int, str] | None = None) -> RelayList:
    """The relays of a file called ``name``; ``choices`` say how ambiguous rows are meant.

    Raises ``InputError`` for bytes that are no text, for a choice that does not fit, and for no relay.
    """
    text = text_of(data, name)
    request = _whole_request(text)
    if request is not None:
        return RelayList(name, tuple(Item(None, item) for item in request.pop("items")), request)
    intake = parse(text, form)
    chosen = _chosen(intake, choices or {})
    lines = {row.row: row.line for row in intake.rows}
    items = tuple(Item(lines[one.row], _fields(one)) for one in chosen)
    places = tuple(_places(intake, choices or {}))
    if not items:
        told = _("{file}: no relay in it, nothing to import").format(file=name)
        raise InputError(told, f"batch-import parse {name}", _first(places))
    return RelayList(name, items, {}, places, tuple(_notes(intake)))


def _chosen(intake: Intake, choices: Mapping[int, str]) -> list[ChosenItem]:
    left_out = [row.row for row in intake.rows if row.status in _LEFT_OUT and row.row not in choices]
    decisions = [{"row": row, "choice": choice} for row, choice in choices.items()]
    try:
        return choose(intake, [*decisions, *({"row": row, "skip": True} for row in left_out)])
    except InvalidRequest as error:
        raise InputError(error.text(language()), "batch-import parse FILE") from None


def confirm_left_out(relays: RelayList, skip_bad: bool) -> None:
    """Show what the import would leave out, and go on only if that is wanted: asked on a terminal, else by option."""
    if not relays.places:
        return
    count = len(relays.places)
    told = ngettext("{file}: {n} place cannot be imported", "{file}: {n} places cannot be imported", count)
    told = told.format(file=relays.name, n=count)
    if not skip_bad and not _is_terminal():
        raise InputError(_("{told}; nothing was sent").format(told=told), "--skip-bad", _first(relays.places))
    click.echo("\n".join([told, *indented(_first(relays.places))]), err=True)
    others = len(relays.items)
    question = ngettext("Import the other {n} and leave it out?", "Import the other {n} and leave them out?", count)
    if not skip_bad and not click.confirm(question.format(n=others), err=True):
        raise InputError(_("nothing was sent"))


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", "<stdin>")
    return _("standard input") if name == "<stdin>" else str(name)


def text_of(data: bytes, name: str) -> str:
    """The bytes of the file ``name`` as text.

    Spreadsheets save in many encodings, and a wrongly guessed one would corrupt keys in silence.
    """
    if not data.strip():
        raise InputError(_("{file} is empty").format(file=name))
    if data.startswith(_UTF_16_MARKS) or b"\0" in data:
        told = _("{file} is UTF-16 or binary, not UTF-8 text").format(file=name)
        raise InputError(told, _("save it as UTF-8 (Excel: 'CSV UTF-8')"))
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        return data[mark:].decode("utf-8")
    except UnicodeDecodeError as error:
        place = mark + error.start
        line = data.count(b"\n", 0, place) + 1
        told = _("{file} is not UTF-8: byte {byte} at offset {place} (line {line})")
        told = told.format(file=name, byte=f"{data[place]:#04x}", place=place, line=line)
        raise InputError(told, _("save it as UTF-8 (Excel: 'CSV UTF-8')")) from None


def _whole_request(text: str) -> dict[str, Any] | None:
    """A JSON object that is a create request already; its items are sent as they are, and the API checks them."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or not items:
        return None
    known = set(ItemRequest.model_fields)
    whole = all(isinstance(item, dict) and {"base_url", "api_key"} <= set(item) <= known for item in items)
    return document if whole else None


def _fields(item: ChosenItem) -> dict[str, Any]:
    optional = {
        "requested_models": list(item.requested_models),
        "platform": item.platform,
        "legacy_provider_id": item.legacy_provider_id,
        "label": item.label,
    }
    return {"base_url": item.base_url, "api_key": item.api_key} | {k: value for k, value in optional.items() if value}


def _places(intake: Intake, choices: Mapping[int, str]) -> Iterator[str]:
    for row in intake.rows:
        if row.status in _LEFT_OUT and row.row not in choices:
            yield _("line {n}: {text}").format(n=row.line, text=_why(row))
    yield from not_read(intake.ignored)


def not_read(ignored: Iterable[IgnoredLine | ShownIgnored]) -> Iterator[str]:
    """A sentence for each line that was not read."""
    for one in ignored:
        if one.of_row is None:
            yield _("line {n}: not read: {text}").format(n=one.line, text=printable(one.text_masked))


def repeated(ignored: Iterable[IgnoredLine | ShownIgnored]) -> Iterator[str]:
    """A sentence for the lines that only repeat an address, if there are any."""
    if lines := [one.line for one in ignored if one.of_row is not None]:
        yield _at(_("repeats the address of an earlier row"), lines)


def _why(row: ParsedRow) -> str:
    texts = texts_of(set(row.notes), language())
    reasons = "; ".join(texts[note] for note in reversed(row.notes))
    read = " ".join(filter(None, (row.base_url or row.base_url_as_written, row.api_key_masked)))
    return printable(f"{reasons} ({read})" if read else reasons)


def _notes(intake: Intake) -> Iterator[str]:
    """What was changed in the rows that are imported, each sentence once with its first lines."""
    lines: dict[str, list[int]] = {}
    for row in intake.rows:
        if row.status not in _LEFT_OUT:
            for text in texts_of(set(row.notes), language()).values():
                lines.setdefault(text, []).append(row.line)
    for text, found in lines.items():
        yield _at(text, found)
    yield from repeated(intake.ignored)


def _at(text: str, lines: Sequence[int]) -> str:
    """``text`` with the first of its lines."""
    first = ", ".join(map(str, dict.fromkeys(lines[:_SHOWN_LINES])))
    more = len(lines) - _SHOWN_LINES
    where = _("line {lines} and {n} more") if more > 0 else _("line {lines}")
    return f"{text} ({where.format(lines=first, n=more)})"


def _first(places: tuple[str, ...]) -> list[str]:
    more = [_("... and {n} more").format(n=len(places) - _SHOWN_PLACES)] if len(places) > _SHOWN_PLACES else []
    return [*places[:_SHOWN_PLACES], *more]
