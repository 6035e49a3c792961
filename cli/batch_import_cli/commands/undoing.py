"""``batch-import undo``: what a run made in the host and nobody uses is taken back."""

import time
import uuid

import click

from batch_import_cli.accepted import watch_option
from batch_import_cli.app import App, list_command, note
from batch_import_cli.client import run_of
from batch_import_cli.errors import ApiError, Interruption
from batch_import_cli.examples import examples
from batch_import_cli.views.items import UNDONE
from batch_import_cli.words import _


@click.command("undo", epilog=examples("undo RUN --watch", "undo RUN --json"))
@click.argument("run_id", metavar="RUN")
@click.option("--idempotency-key", metavar="KEY", help="A call with the same key again begins no second undo.")
@watch_option
@list_command
def undo_command(app: App, run_id: str, idempotency_key: str | None, watch: bool) -> None:
    """Take back what RUN made in sub2api and nobody used since.

    RUN must have ended. Subscriptions that it made are revoked, its accounts,
    channels and groups removed, accounts that it switched on or changed are put
    back. What customers have used since, or another run uses, stays and says
    why. It may be repeated.

    Exit code: 0 accepted (with --watch: nothing stays), 1 something stays.
    """
    answer = app.client.undo(run_id, idempotency_key or str(uuid.uuid4()))
    app.answer(answer, lambda _answer: note(_("{run} is being undone").format(run=run_id)))
    if watch and not _follow(app, run_id):
        app.context.exit(1)


def _follow(app: App, run_id: str) -> bool:
    """Show each item at the end; True when nothing stays."""
    goes_on = _("the undo itself goes on; see it with: batch-import show {run}").format(run=run_id)
    try:
        while not run_of(app.client.run(run_id)).get("undone_at"):
            time.sleep(app.environment.poll_seconds)
        items = app.show_list(UNDONE, app.client.items(run_id, {}))
    except KeyboardInterrupt:
        raise Interruption(_("interrupted"), details=[goes_on]) from None
    except ApiError as error:
        raise error.detailed(goes_on) from None
    return not any((item.get("undo_result") or {}).get("outcome") == "kept" for item in items)
