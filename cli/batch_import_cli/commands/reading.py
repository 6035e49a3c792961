"""Commands that look: ``runs``, ``show``, ``item``, ``watch``, ``health``; and ``cancel``."""

import math
from typing import Any

import click
from batch_import.domain.types import AccessMode, ItemOrder, RunState

from batch_import_cli.app import App, api_command, choice, list_command, options
from batch_import_cli.client import Answer, run_of
from batch_import_cli.examples import examples
from batch_import_cli.filters import item_filters, params, search_option
from batch_import_cli.tables import said
from batch_import_cli.times import Milliseconds
from batch_import_cli.views.item import show_item
from batch_import_cli.views.parts import fields_of, show_fields
from batch_import_cli.views.runs import RUNS
from batch_import_cli.watch import first_items, follow, show_run_and_items
from batch_import_cli.words import _

_RECENT_RUNS = 20
_LONGEST_WATCH_MS = 7 * 24 * 3600 * 1000
limits = options(
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show at most so many."),
    click.option("--all", "every", is_flag=True, help="Show all of them."),
)


@click.command("runs", epilog=examples("runs", "runs --state completed_with_warnings --all", "runs --output csv"))
@click.option("--state", type=choice(RunState), help="Only runs in this state.")
@click.option("--access-mode", type=choice(AccessMode), help="Only runs of this access mode.")
@search_option
@limits
@list_command
def runs_command(app: App, limit: int | None, every: bool, **filters: Any) -> None:
    """List runs, newest first.

    Without --limit or --all the newest 20.
    """
    most = limit if limit or every else _RECENT_RUNS
    app.show_list(RUNS, app.client.runs(params(filters), most), _("no run found"))


@click.command(
    "show", epilog=examples("show RUN", "show RUN --access broken --output wide", "show RUN --code auth_failed --json")
)
@click.argument("run_id", metavar="RUN")
@item_filters
@click.option("--order", type=choice(ItemOrder), help="In which order.  [default: status]")
@limits
@list_command
def show_command(app: App, run_id: str, limit: int | None, every: bool, **filters: Any) -> None:
    """Show RUN: its counters, its items, and why they failed.

    Items that are not done come first, then failed ones, then the rest; on a
    terminal the first 50 unless --limit or --all is given.
    """
    show_run_and_items(app, app.client.run(run_id), params(filters), first_items(app, limit, every))


@click.command("item", epilog=examples("item RUN item_00001", "item RUN item_00001 --json"))
@click.argument("run_id", metavar="RUN")
@click.argument("item_id", metavar="ITEM")
@api_command
def item_command(app: App, run_id: str, item_id: str) -> None:
    """Show one ITEM of RUN: what was found out, what happened."""
    app.answer(app.client.item(run_id, item_id), show_item)


@click.command("watch", epilog=examples("watch RUN", "watch RUN --timeout 600", "watch RUN --json"))
@click.argument("run_id", metavar="RUN")
@click.option(
    "--timeout",
    type=Milliseconds(most=_LONGEST_WATCH_MS),
    metavar="SECONDS",
    help="Stop watching after so long (600, 600s, 500ms); the run goes on.  [default: no limit]",
)
@api_command
def watch_command(app: App, run_id: str, timeout: int | None) -> None:
    """Follow RUN to its end and show each verdict.

    Exit code: 0 when every item ended active, or is planned by a dry run, 1 when
    the run ended otherwise, 124 when it has not ended within --timeout.
    """
    if not follow(app, run_id, math.inf if timeout is None else timeout / 1000):
        app.context.exit(1)


@click.command("cancel", epilog=examples("cancel RUN"))
@click.argument("run_id", metavar="RUN")
@api_command
def cancel_command(app: App, run_id: str) -> None:
    """Cancel RUN.

    Items that are not yet in sub2api stop, those under way end safely.
    """
    app.answer(app.client.cancel(run_id), lambda answer: click.echo(f"{run_id}: {_(run_of(answer)['state'])}"))


@click.command("health", epilog=examples("health", "health --json"))
@api_command
def health_command(app: App) -> None:
    """Show the deployment, and whether it reaches sub2api."""
    app.answer(app.open_client.health(), _show_health)


def _show_health(health: Answer) -> None:
    host = fields_of(health, "host")
    reached = _("reachable, version {version}").format(version=said(host.get("version")))
    lost = _("not reachable: {error}").format(error=said(host.get("error")))
    show_fields({**health, "host": reached if host.get("reachable") else lost})
