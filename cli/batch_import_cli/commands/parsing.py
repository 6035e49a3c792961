"""``batch-import parse``: what a list is read as. Nothing is sent."""

from typing import Any, BinaryIO

import click
from batch_import.domain.contract import ParseResult, ShownRow
from batch_import.intake import parse, shown

from batch_import_cli.app import App, api_command, note
from batch_import_cli.lists import FORMATS, decoded, name_of, not_read
from batch_import_cli.render import show_rows

EPILOG = """\b
Examples:
  batch-import parse relays.txt
  pbpaste | batch-import parse - --json
"""


@click.command("parse", epilog=EPILOG)
@click.argument("file", type=click.File("rb"))
@click.option("--format", "form", type=click.Choice(FORMATS), default="auto", help="How to read FILE.  [default: auto]")
@api_command
def parse_command(app: App, file: BinaryIO, form: str) -> None:
    """Show what FILE (or - for standard input) is read as, keys masked.

    Nothing is sent: the rows are those of POST /api/batch-import/parse. Exit
    code: 0 every line was read, 1 some need a person or were not read.
    """
    result = shown(parse(decoded(file.read(), name_of(file)), form), app.environment.language[:2])
    app.answer(result.model_dump(mode="json"), lambda _: _show(result))
    summary = result.summary
    if summary.incomplete or summary.ambiguous or summary.ignored:
        app.context.exit(1)


def _show(result: ParseResult) -> None:
    show_rows([_cells(row, result) for row in result.rows])
    for text in not_read((ignored.line, ignored.text_masked) for ignored in result.ignored):
        note(text)
    counts = (f"{count} {name}" for name, count in result.summary.model_dump().items() if count)
    note(", ".join(counts) or "nothing was read")
    if result.summary.ready:
        note(f"importing asks these relays about {result.requests.usual} times in all, at most {result.requests.most}")


def _cells(row: ShownRow, result: ParseResult) -> dict[str, Any]:
    status = f"{row.status} of row {row.of_row}" if row.of_row else row.status
    choices = [f"choice {one.name}: {', '.join(one.shown)}" for one in row.choices]
    notes = "; ".join([*(result.texts[code] for code in row.notes), *choices])
    return {**row.model_dump(mode="json"), "status": status, "notes": notes}
