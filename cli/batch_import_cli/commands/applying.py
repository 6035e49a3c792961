"""``batch-import apply``: a new run that imports what a dry run has planned."""

import uuid

import click

from batch_import_cli.accepted import accepted, follow_up_options, show_follow_up
from batch_import_cli.app import App, api_command
from batch_import_cli.examples import examples
from batch_import_cli.watch import follow
from batch_import_cli.words import ngettext


@click.command("apply", epilog=examples("apply RUN --watch", "apply RUN --json"))
@click.argument("run_id", metavar="RUN")
@follow_up_options
@api_command
def apply_command(app: App, run_id: str, probe_api_key_env: str, idempotency_key: str | None, watch: bool) -> None:
    """Import what the dry run RUN has planned, as a new run.

    RUN must have ended. Each item is decided again: one whose decision is no
    longer the planned one is not entered and ends with plan_changed. Items whose
    keys have been erased (24 hours after they came in, unless deployed
    otherwise) are left out.
    """
    probe_key = app.secret(probe_api_key_env)
    body, secrets = ({"probe_api_key": probe_key}, [probe_key]) if probe_key else ({}, [])
    answer = accepted(lambda key: app.client.apply(run_id, key, body, secrets), idempotency_key or str(uuid.uuid4()))
    app.answer(answer, lambda answer: show_follow_up(app, answer, _done))
    if watch and not follow(app, answer["run_id"]):
        app.context.exit(1)


def _done(total: int) -> str:
    return ngettext("{n} item is imported as planned", "{n} items are imported as planned", total).format(n=total)
