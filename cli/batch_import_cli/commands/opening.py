"""``open``: the result page in a browser, signed in."""

import os
import tempfile
import time
import webbrowser
from html import escape
from pathlib import Path
from urllib.parse import quote

import click

from batch_import_cli.app import App, api_command, note
from batch_import_cli.errors import InputError
from batch_import_cli.examples import examples
from batch_import_cli.words import _

LINGER_SECONDS = 10.0  # until then the browser has read the file that leads it to the page


@click.command("open", epilog=examples("open", "open RUN"))
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--print", "only_print", is_flag=True, help="Print the signed-in link instead; it holds your token.")
@api_command
def open_command(app: App, run_id: str | None, only_print: bool) -> None:
    """Open the result page in your browser, signed in.

    With RUN the page of that run.
    """
    below = f"/runs/{quote(run_id, safe='')}" if run_id else ""
    page = f"{app.environment.root(app.url)}/batch-import{below}"
    link = f"{page}#token={quote(app.environment.token(app.url), safe='')}"
    if only_print:
        click.echo(link)
        return
    _open(link)
    note(_("Opened {page}").format(page=page))


def _open(link: str) -> None:
    """By a file that only its owner can read: arguments of a browser are visible to everybody on the machine."""
    handle, name = tempfile.mkstemp(prefix="batch-import-", suffix=".html")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(link)}">')
        if not webbrowser.open(Path(name).as_uri()):
            raise InputError(_("no browser could be started"), "batch-import open --print")
        time.sleep(LINGER_SECONDS)
    finally:
        Path(name).unlink()
