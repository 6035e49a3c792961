"""``batch-import cleanup``: what failed imports left behind in the host."""

import click

from batch_import_cli import tables
from batch_import_cli.app import App, list_command, note
from batch_import_cli.client import Answer, rows_of
from batch_import_cli.errors import ApiError
from batch_import_cli.examples import examples
from batch_import_cli.tables import said
from batch_import_cli.views.lists import KEPT, QUARANTINE
from batch_import_cli.words import _


@click.command("cleanup", epilog=examples("cleanup", "cleanup --yes", "cleanup --output csv"))
@click.option("--yes", is_flag=True, help="Remove those that never served, instead of only listing.")
@list_command
def cleanup_command(app: App, yes: bool) -> None:
    """List accounts that failed and wait in sub2api's quarantine.

    With --yes those that never served are removed, and what is kept is told
    with its reason. A relay whose account was removed can be imported again.
    """
    if yes:
        app.answer(_cleaned(app), lambda answer: _show_cleaned(app, answer))
        return
    accounts = app.show_list(QUARANTINE, [app.client.quarantine()])
    if not app.as_json:
        never = sum(account.get("never_served") is True for account in accounts)
        told = _("{n} failed in quarantine; --yes would remove the {never} that never served")
        empty = _("no account that failed waits in quarantine")
        note(told.format(n=len(accounts), never=never) if accounts else empty)


def _cleaned(app: App) -> Answer:
    try:
        return app.client.clean_quarantine()
    except ApiError as error:
        told = _("some may have been removed all the same; see what is left with: batch-import cleanup")
        raise error.detailed(told) if error.uncertain else error from None


def _show_cleaned(app: App, answer: Answer) -> None:
    removed, kept = answer.get("removed"), rows_of(answer, "kept")
    if not isinstance(removed, list):
        raise ApiError(_("the API's answer does not say what was removed"), uncertain=True)
    click.echo(_("removed: {accounts}").format(accounts=said(removed)))
    tables.show(KEPT, kept, app.output)
