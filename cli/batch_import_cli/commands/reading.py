"""Commands that look: ``runs``, ``show``, ``item``, ``watch``, ``health``; and ``cancel``."""

from typing import Any

import click
from batch_import.domain.types import (
    AccessMode,
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemStage,
    MatchedAccountState,
    RunState,
)

from batch_import_cli import render
from batch_import_cli.app import App, api_command, choice, note
from batch_import_cli.client import Answer
from batch_import_cli.watch import PAGE, follow, rows_of, show_items

_FILTERS = {
    "stage": "current_stage",
    "confirmation": "confirmation_status",
    "access": "access_status",
    "warning": "has_warning",
    "provider": "provider_id",
    "matched": "matched_account_state",
    "resolution": "account_resolution",
}


def _examples(*lines: str) -> str:
    return "\n".join(["\b", "Examples:", *(f"  batch-import {line}" for line in lines)])


def _params(options: dict[str, Any]) -> dict[str, str]:
    """Given options as query parameters, under the API's own names and spelling of true and false."""
    given = {_FILTERS.get(name, name): value for name, value in options.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


@click.command("runs", epilog=_examples("runs", "runs --state completed_with_warnings --all", "runs --q kimi --json"))
@click.option("--state", type=choice(RunState), help="Only runs in this state.")
@click.option("--access-mode", type=choice(AccessMode), help="Only runs of this access mode.")
@click.option("--search", "--q", "q", metavar="TEXT", help="Part of a run id, provider id or base URL.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs a page holds.")
@click.option("--all", "every", is_flag=True, help="All pages, not only the first.")
@api_command
def runs_command(app: App, every: bool, **options: Any) -> None:
    """List runs, newest first."""
    pages = app.client.runs(_params(options))
    shown: list[Answer] = []
    for page in pages:
        app.answer(page, lambda answer: shown.extend(rows_of(answer, "runs")))
        if not every:
            if page.get("next_cursor") is not None:
                note("there are more: --all shows them")
            break
    if not app.as_json:
        render.show_runs(shown)


@click.command(
    "show", epilog=_examples("show run_20260522_0001", "show run_20260522_0001 --access broken", "show RUN --json")
)
@click.argument("run_id", metavar="RUN")
@click.option("--stage", type=choice(ItemStage), help="Only items in this stage.")
@click.option("--confirmation", type=choice(ConfirmationStatus), help="Only items with this confirmation status.")
@click.option("--access", type=choice(AccessStatus), help="Only items with this access status.")
@click.option("--warning/--no-warning", default=None, help="Only items with a warning, or only those without.")
@click.option("--provider", metavar="ID", help="Only items of this provider.")
@click.option("--matched", type=choice(MatchedAccountState), help="Only items whose account was found in this state.")
@click.option("--resolution", type=choice(AccountResolution), help="Only items whose account was so decided.")
@click.option("--search", "--q", "q", metavar="TEXT", help="Part of a provider id, base URL or item id.")
@api_command
def show_command(app: App, run_id: str, **filters: Any) -> None:
    """Show RUN: its counters, its warnings and its items.

    With --json: the run on the first line, then one line per page of items.
    """
    app.answer(app.client.run(run_id), render.show_run)
    show_items(app, run_id, {**PAGE, **_params(filters)})


@click.command("item", epilog=_examples("item run_20260522_0001 item_01", "item run_20260522_0001 item_01 --json"))
@click.argument("run_id", metavar="RUN")
@click.argument("item_id", metavar="ITEM")
@api_command
def item_command(app: App, run_id: str, item_id: str) -> None:
    """Show one ITEM of RUN: what was found out, and everything that happened."""
    app.answer(app.client.item(run_id, item_id), render.show_item)


@click.command("watch", epilog=_examples("watch run_20260522_0001", "watch run_20260522_0001 --json"))
@click.argument("run_id", metavar="RUN")
@api_command
def watch_command(app: App, run_id: str) -> None:
    """Follow RUN to its end; exit code 0 only when every item ended active."""
    if not follow(app, run_id):
        app.context.exit(1)


@click.command("cancel", epilog=_examples("cancel run_20260522_0001"))
@click.argument("run_id", metavar="RUN")
@api_command
def cancel_command(app: App, run_id: str) -> None:
    """Cancel RUN: items not yet entered stop, those under way end safely."""
    app.answer(app.client.cancel(run_id), lambda answer: click.echo(f"{run_id}: {_state(answer)}"))


def _state(answer: Answer) -> object:
    run = answer.get("run")
    return (run if isinstance(run, dict) else answer).get("state", "cancellation accepted")


@click.command("health", epilog=_examples("health", "health --json"))
@api_command
def health_command(app: App) -> None:
    """Show what the deployment is, and whether its host can be reached."""
    app.answer(app.open_client.health(), render.show_fields)
