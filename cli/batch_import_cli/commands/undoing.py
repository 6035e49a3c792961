"""``batch-import undo``: what a run made in the host and nobody uses is taken back."""

import time
import uuid

import click

from batch_import_cli import render
from batch_import_cli.app import App, api_command, emit, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError, Interruption
from batch_import_cli.watch import PAGE, rows_of

EPILOG = """\b
Examples:
  batch-import undo run_20260522_0001 --watch
  batch-import undo run_20260522_0001 --json
"""


@click.command("undo", epilog=EPILOG)
@click.argument("run_id", metavar="RUN")
@click.option("--idempotency-key", metavar="KEY", help="The same key again begins no second undo.")
@click.option("--watch/--no-watch", default=False, help="Wait for its end and show what became of each item.")
@api_command
def undo_command(app: App, run_id: str, idempotency_key: str | None, watch: bool) -> None:
    """Take back what RUN has made in the host and nobody has used since.

    RUN must have ended. Subscriptions that it made are revoked, its accounts,
    channels and groups removed, accounts that it switched on or changed are put
    back. What customers have used since, or another run uses, stays and says
    why. It may be repeated.

    Exit code: 0 accepted (with --watch: nothing stays), 1 something stays, 2 the
    call is wrong, 3 the API cannot be reached or refused, 130 interrupted.
    """
    answer = app.client.undo(run_id, idempotency_key or str(uuid.uuid4()))
    app.answer(answer, lambda _: note(f"{run_id} is being undone; see it with: batch-import show {run_id}"))
    if watch and not _follow(app, run_id):
        app.context.exit(1)


def _follow(app: App, run_id: str) -> bool:
    """Show each item at the end; True when nothing stays."""
    try:
        while not _run(app.client.run(run_id)).get("undone_at"):
            time.sleep(app.environment.poll_seconds)
        return _shown(app, run_id)
    except KeyboardInterrupt:
        raise Interruption("interrupted; the undo itself goes on") from None
    except ApiError as error:
        raise error.hinted("the undo itself goes on") from None


def _run(answer: Answer) -> Answer:
    run = answer.get("run")
    if not isinstance(run, dict):
        raise ApiError("the API's answer holds no run")
    return run


def _shown(app: App, run_id: str) -> bool:
    items: list[Answer] = []
    for page in app.client.items(run_id, PAGE):
        items += rows_of(page, "items")
        if app.as_json:
            emit(page)
    if not app.as_json:
        render.show_undone(items)
    return not any((item.get("undo_result") or {}).get("outcome") == "kept" for item in items)
