"""``batch-import export``: the items of a run as a file for spreadsheets or programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from batch_import.domain.texts import escaped

from batch_import_cli.app import App, api_command, note
from batch_import_cli.client import Answer, ApiClient, rows_of
from batch_import_cli.errors import ApiError, InputError
from batch_import_cli.examples import examples
from batch_import_cli.filters import item_filters, params
from batch_import_cli.tables import Listing, columns, csv_text
from batch_import_cli.views.items import ITEMS, item_lines
from batch_import_cli.words import _, ngettext

_LEGACY = Listing(
    "items", {**ITEMS.columns, **columns("channel_id", "legacy_batch_id", "legacy_provider_id")}, item_lines
)


@click.command(
    "export",
    epilog=examples("export RUN > relays.csv", "export RUN --access broken --file broken.csv", "export RUN --json"),
)
@click.argument("run_id", metavar="RUN")
@item_filters
@click.option(
    "--legacy", is_flag=True, help="Also channels and the ids of the earlier system; needs an operator's token."
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write here. [default: standard output]",
)
@api_command
def export_command(app: App, run_id: str, legacy: bool, path: Path | None, **filters: Any) -> None:
    """Export the items of RUN as CSV or JSON.

    With address, verdict, code, advice, account, model, speed, balance, price
    and what the relay's answers showed. A spreadsheet calculates nothing in
    it. With --json an object on each line.
    """
    rows = [row for page in app.client.items(run_id, params(filters)) for row in rows_of(page, "items")]
    listing = _LEGACY if legacy else ITEMS
    if legacy:
        rows = _with_links(app.client, run_id, rows)
    text = _json_lines(listing, rows) if app.as_json else csv_text(listing, rows)
    if path is None:
        click.echo(text, nl=False)
        return
    _write(path, text, "utf-8" if app.as_json else "utf-8-sig")  # by its mark Excel knows that a CSV file is UTF-8
    note(
        ngettext("{n} item written to {path}", "{n} items written to {path}", len(rows)).format(n=len(rows), path=path)
    )


def _json_lines(listing: Listing, rows: Sequence[Answer]) -> str:
    return "".join(escaped(json.dumps(listing.record(row), ensure_ascii=False)) + "\n" for row in rows)


def _with_links(client: ApiClient, run_id: str, rows: Sequence[Answer]) -> list[Answer]:
    """The rows with what only the operator's export knows of them."""
    links: dict[object, Answer] = {}
    for page in client.export(run_id):
        run = page.get("run")
        if not isinstance(run, dict):
            raise ApiError(_("the API's answer holds no run"))
        links |= {item.get("item_id"): {**run, **item} for item in rows_of(page, "items")}
    return [{**links.get(row.get("item_id"), {}), **row} for row in rows]


def _write(path: Path, text: str, encoding: str) -> None:
    try:
        path.write_text(text, encoding=encoding, newline="")
    except OSError as error:
        raise InputError(_("cannot write {path}: {reason}").format(path=path, reason=error.strerror)) from None
