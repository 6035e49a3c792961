"""``batch-import parse``: what a list is read as. Nothing is sent, unless the host shall be looked at."""

from typing import Any, BinaryIO

import click
from batch_import.domain.contract import HeldByHost, ParseResult, ShownRow
from batch_import.domain.types import MatchedAccountState
from batch_import.intake import parse, shown

from batch_import_cli import tables
from batch_import_cli.app import App, emit, list_command, note
from batch_import_cli.examples import examples
from batch_import_cli.lists import format_option, name_of, not_read, repeated, text_of
from batch_import_cli.views.lists import PARSED
from batch_import_cli.words import _, language


@click.command(
    "parse", epilog=examples("parse relays.txt", "parse relays.txt --check-host", "parse - --json < relays.txt")
)
@click.argument("file", type=click.File("rb"))
@format_option
@click.option("--check-host", is_flag=True, help="Send it to the API, which says what sub2api has already.")
@list_command
def parse_command(app: App, file: BinaryIO, form: str, check_host: bool) -> None:
    """Show what FILE is read as, keys masked; - is standard input.

    Nothing is sent without --check-host. Exit code: 0 every line was read,
    1 some need a person or were not read.
    """
    text = text_of(file.read(), name_of(file))
    if check_host:
        answer = app.client.parse({"text": text, "format": form, "check_host": True})
        result = ParseResult.model_validate(answer)
    else:
        result = shown(parse(text, form), language())
    _show(app, result)
    summary = result.summary
    if summary.incomplete or summary.ambiguous or summary.ignored:
        app.context.exit(1)


def _show(app: App, result: ParseResult) -> None:
    if app.as_json:
        emit(result.model_dump(mode="json"))
        return
    tables.show(PARSED, [_cells(row, result) for row in result.rows], app.output)
    for line in (*not_read(result.ignored), *repeated(result.ignored)):
        note(line)
    counts = (f"{count:,} {_(name)}" for name, count in result.summary.model_dump().items() if count)
    note(", ".join(counts) or _("nothing was read"))
    if result.summary.ready:
        asked = _("importing asks these relays about {usual:,} times in all, at most {most:,} in one try")
        note(asked.format(usual=result.requests.usual, most=result.requests.most))


def _cells(row: ShownRow, result: ParseResult) -> dict[str, Any]:
    """The last notes come first: they say why a row cannot be imported."""
    choices = [f"--choose {row.row}={one.name}: {', '.join(one.shown)}" for one in row.choices]
    notes = "; ".join([*(result.texts[code] for code in reversed(row.notes)), *choices])
    return {**row.model_dump(mode="json"), "notes": notes, "host": _held(row.host)}


def _held(host: HeldByHost | None) -> str | None:
    """The account that sub2api has for the row's address and key."""
    if host is None:
        return None
    account = _("account {id}").format(id=host.account_id)
    states = {
        MatchedAccountState.ACTIVE: _("active"),
        MatchedAccountState.DISABLED: _("disabled"),
        MatchedAccountState.DEPRECATED: _("deprecated"),
        MatchedAccountState.BROKEN: _("broken"),
    }
    return f"{account} ({states[host.state]})" if host.state else account
