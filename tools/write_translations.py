"""Brings the command line's Chinese catalogue up to date with its code: ``python -m tools.write_translations``.

New texts come into the ``.po`` file without a translation, which a test then asks for; the ``.mo`` file is made of it.
"""

import inspect
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

import click
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from batch_import.domain.evidence import Agreement
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    ItemStage,
    RunMode,
    RunState,
)
from batch_import.domain.undo_results import UndoOutcome
from batch_import_cli.help import TRANSLATED
from batch_import_cli.main import cli
from batch_import_cli.words import DOMAIN, LOCALES

CATALOGUE = LOCALES / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
_VALUES: tuple[type[StrEnum], ...] = (
    *(AccessMode, AccessStatus, AccountResolution, ItemStage, RunMode, RunState, UndoOutcome, Agreement),
)
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # of the header: the same code makes the same files
_WORDS = (
    *("ready", "duplicate", "incomplete", "ambiguous"),  # rows of a list that was read
    "planned",
    "ok",
    "warning",
    "problem",
    "ignored",
    "version",
    "clock",
    "host",
    "secrets",
    "tokens",
    "quota",
    "alarms",
)
# Of click's own texts those that this command line can show.
_CLICK = (
    "Usage:",
    "Options",
    "Commands",
    "Show this message and exit.",
    "Show the version and exit.",
    "%(prog)s, version %(version)s",
    "default: {default}",
    "required",
    "Missing argument",
    "Missing option",
    "Missing command.",
    "No such option {name!r}.",
    "No such command {name!r}.",
    "Invalid value for {param_hint}: {message}",
    "Choose from:\n\t{choices}",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "Could not open file {filename!r}: {message}",
    "Option {name!r} does not take a value.",
    "Error: invalid input",
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
)


def updated() -> Catalog:
    """The catalogue with the texts of the code; those that are new have no translation."""
    template = Catalog(fuzzy=False)
    for message in _messages():
        template.add(message)
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """The ``.po`` and the ``.mo`` file."""
    po, mo = io.BytesIO(), io.BytesIO()
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    write_po(po, catalogue, width=120, no_location=True, omit_header=True)
    write_mo(mo, catalogue)
    return po.getvalue(), mo.getvalue()


def _messages() -> Iterator[str | tuple[str, str]]:
    yield from _CLICK
    yield from _help_of(cli)
    for values in _VALUES:
        yield from map(str, values)
    yield from _WORDS
    for _file, _line, message, _comments, _context in extract_from_dir(LOCALES.parent):
        yield message if isinstance(message, str) else (message[0], message[1])


def _help_of(command: click.Command) -> Iterator[str]:
    for one in (command, *command.params):
        yield from (inspect.cleandoc(text) for name in TRANSLATED if (text := getattr(one, name, None)))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _help_of(inner)


if __name__ == "__main__":
    po, mo = written(updated())
    CATALOGUE.write_bytes(po)
    CATALOGUE.with_suffix(".mo").write_bytes(mo)
