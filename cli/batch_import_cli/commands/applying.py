"""``batch-import apply``: a new run that imports what a dry run has planned."""

import uuid

import click

from batch_import_cli.accepted import accepted, show_accepted
from batch_import_cli.app import App, api_command, note
from batch_import_cli.client import Answer
from batch_import_cli.config import PROBE_KEY
from batch_import_cli.watch import follow

EPILOG = """\b
Examples:
  batch-import apply run_20260522_0001 --watch
  batch-import apply run_20260522_0001 --json
"""


@click.command("apply", epilog=EPILOG)
@click.argument("run_id", metavar="RUN")
@click.option(
    "--probe-api-key-env",
    metavar="NAME",
    default=PROBE_KEY,
    show_default=True,
    help="Variable that holds the gateway key for a run of self_service, which was erased when the run ended.",
)
@click.option("--idempotency-key", metavar="KEY", help="Repeat a call with the same key and no second run is made.")
@click.option("--watch/--no-watch", default=False, help="Follow the new run to its end and show each verdict.")
@api_command
def apply_command(app: App, run_id: str, probe_api_key_env: str, idempotency_key: str | None, watch: bool) -> None:
    """Import what the dry run RUN has planned, as a new run.

    RUN must have ended. Each item is decided again: one whose decision is no
    longer the planned one is not entered and ends with plan_changed. Items whose
    keys have been erased (24 hours after they came in, unless deployed
    otherwise) are left out.

    Prints the new run's run_id and result_page. Exit codes are those of import.
    """
    probe_key = app.secret(probe_api_key_env)
    body, secrets = ({"probe_api_key": probe_key}, [probe_key]) if probe_key else ({}, [])
    answer = accepted(lambda key: app.client.apply(run_id, key, body, secrets), idempotency_key or str(uuid.uuid4()))
    app.answer(answer, lambda answer: _show(app, answer))
    if watch and not follow(app, answer["run_id"]):
        app.context.exit(1)


def _show(app: App, answer: Answer) -> None:
    show_accepted(app, answer)
    left_out = answer.get("left_out_items")
    if left_out:
        note(f"{left_out} items were left out: their keys had been erased")
    note(f"{answer.get('total_items')} items are imported; watch them with: batch-import watch {answer['run_id']}")
