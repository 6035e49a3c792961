"""``batch-import retry``: a new run over what failed in another one."""

import json
import uuid
from typing import Any, BinaryIO

import click
from batch_import.domain.types import AccessStatus

from batch_import_cli.accepted import accepted, follow_up_options, show_follow_up
from batch_import_cli.app import App, api_command, choice
from batch_import_cli.errors import InputError
from batch_import_cli.examples import examples
from batch_import_cli.filters import CodeType
from batch_import_cli.watch import follow
from batch_import_cli.words import _, ngettext


@click.command(
    "retry",
    epilog=examples(
        "retry RUN --watch",
        "retry RUN --code unreachable --code rate_limited",
        "retry RUN --item item_00007 --api-keys new-keys.json",
    ),
)
@click.argument("run_id", metavar="RUN")
@click.option("--item", "item_ids", multiple=True, metavar="ITEM", help="Only this item; repeatable.")
@click.option(
    "--code", "codes", type=CodeType(), multiple=True, metavar="CODE", help="Only what ended with it; repeatable."
)
@click.option(
    "--access",
    "--access-status",
    "access_status",
    multiple=True,
    type=choice(AccessStatus),
    help="Only what ended so; unknown: cancelled. Repeatable.",
)
@click.option(
    "--api-keys",
    type=click.File("rb"),
    metavar="FILE",
    help='New keys by item, as JSON: {"item_00007": "sk-..."}; - for standard input.',
)
@follow_up_options
@api_command
def retry_command(
    app: App,
    run_id: str,
    api_keys: BinaryIO | None,
    probe_api_key_env: str,
    idempotency_key: str | None,
    watch: bool,
    **choices: Any,
) -> None:
    """Import again what failed in RUN, as a new run.

    That is what ended degraded, broken or cancelled; an item must meet each
    kind of choice that is given. RUN must have ended, and its options are
    repeated. Items whose keys have been erased (24 hours after they came in,
    unless deployed otherwise) are left out, unless --api-keys brings new ones.
    """
    key = idempotency_key or str(uuid.uuid4())
    keys = _keys(api_keys) if api_keys is not None else {}
    probe_key = app.secret(probe_api_key_env)
    fields = {**{name: list(value) for name, value in choices.items()}, "api_keys": keys, "probe_api_key": probe_key}
    body = {name: value for name, value in fields.items() if value}
    secrets = [*keys.values(), *([probe_key] if probe_key else [])]
    answer = accepted(lambda key: app.client.retry(run_id, key, body, secrets), key)
    app.answer(answer, lambda answer: show_follow_up(app, answer, _done))
    if watch and not follow(app, answer["run_id"]):
        app.context.exit(1)


def _keys(file: BinaryIO) -> dict[str, str]:
    try:
        keys = json.loads(file.read())
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise InputError(
            _("--api-keys is no JSON object of keys by item; nothing was sent"), '{"item_00007": "sk-..."}'
        )
    return keys


def _done(total: int) -> str:
    return ngettext("{n} item is tried again", "{n} items are tried again", total).format(n=total)
