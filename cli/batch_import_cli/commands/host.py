"""``batch-import cleanup``: what failed imports left behind in the host."""

import click

from batch_import_cli import render
from batch_import_cli.app import App, api_command, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError
from batch_import_cli.watch import rows_of

EPILOG = """\b
Examples:
  batch-import cleanup
  batch-import cleanup --yes
  batch-import cleanup --json
"""


@click.command("cleanup", epilog=EPILOG)
@click.option("--yes", is_flag=True, help="Remove those that never served, instead of only listing.")
@api_command
def cleanup_command(app: App, yes: bool) -> None:
    """List accounts that ended failed in the host's quarantine.

    With --yes those that never served are removed, and what is kept is told
    with its reason. A relay whose account was removed can be imported again.
    """
    if yes:
        app.answer(_cleaned(app), _show_cleaned)
    else:
        app.answer(app.client.quarantine(), _show_quarantine)


def _cleaned(app: App) -> Answer:
    try:
        return app.client.clean_quarantine()
    except ApiError as error:
        again = "some may have been removed all the same; see what is left with: batch-import cleanup"
        raise error.hinted(again) if error.uncertain else error from None


def _show_quarantine(answer: Answer) -> None:
    accounts = rows_of(answer, "accounts")
    if accounts:
        render.show_quarantine(accounts)
    count = sum(account.get("never_served") is True for account in accounts)
    note(f"{len(accounts)} failed in quarantine; --yes would remove the {count} that never served")


def _show_cleaned(answer: Answer) -> None:
    removed, kept = answer.get("removed"), rows_of(answer, "kept")
    if not isinstance(removed, list):
        raise ApiError("the API's answer does not say what was removed", uncertain=True)
    click.echo(f"removed: {', '.join(map(str, removed)) or '-'}")
    if kept:
        render.show_kept(kept)
