"""``batch-import export``: what a run left in the host, with its links to the earlier system."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from batch_import.domain.texts import escaped

from batch_import_cli.app import App, api_command, emit, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError, InputError, printable
from batch_import_cli.watch import PAGE, rows_of

EPILOG = """\b
Examples:
  batch-import export run_20260522_0001
  batch-import export run_20260522_0001 --output relays.csv
  batch-import export run_20260522_0001 --json
"""
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_COLUMNS = (
    "run_id",
    "legacy_batch_id",
    "item_id",
    "provider_id",
    "account_id",
    "channel_id",
    "access_status",
    "legacy_provider_id",
)


@click.command("export", epilog=EPILOG)
@click.argument("run_id", metavar="RUN")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write here: CSV if the name ends in .csv, otherwise JSON lines.  [default: standard output]",
)
@api_command
def export_command(app: App, run_id: str, output: Path | None) -> None:
    """Export RUN: per item its account and channel in the host, its access, and its links to the earlier system.

    One JSON object per line and item, or CSV. Needs an operator's token. With
    --json: the API's pages instead, one per line.
    """
    as_csv = output is not None and output.suffix.lower() == ".csv"
    if as_csv and app.as_json:
        raise InputError("--json writes lines of JSON: give it a file of another name than .csv")
    pages = list(app.client.export(run_id, PAGE))  # all of them first: a file is never half written
    rows = pages if app.as_json else [row for page in pages for row in _rows(page)]
    if output is None:
        for row in rows:
            emit(row)
        return
    _write(
        output, _csv(rows) if as_csv else "".join(escaped(json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    )
    note(f"{sum(len(rows_of(page, 'items')) for page in pages)} items written to {output}")


def _rows(page: Answer) -> Iterable[Answer]:
    """Each item with the facts of its run, so that a line says everything by itself."""
    run = page.get("run")
    if not isinstance(run, dict):
        raise ApiError("the API's answer holds no run")
    for item in rows_of(page, "items"):
        values = {**run, **item}
        yield {name: values.get(name) for name in _COLUMNS}


def _csv(rows: Sequence[Answer]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet calculates a text that begins like a formula; behind an apostrophe it is one."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from None
