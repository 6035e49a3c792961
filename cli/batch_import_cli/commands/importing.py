"""``batch-import import``: a list becomes a run."""

import re
import uuid
from typing import Any, BinaryIO

import click
from batch_import.domain.types import AccessMode, PlatformWish, Reactivate, RunMode

from batch_import_cli.accepted import accepted, show_accepted
from batch_import_cli.app import App, api_command, choice, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError
from batch_import_cli.lists import FORMATS, RelayList, confirm_left_out, name_of, read_list
from batch_import_cli.request import CreateRequest, ImportOptions, build_request
from batch_import_cli.watch import follow

_LONGEST_WAIT_MS = 20_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)?", re.IGNORECASE)
_INDEX = re.compile(r"\bitems[\[.](\d+)")

EPILOG = """\b
Examples:
  batch-import import relays.csv --subscription-user alice@example.com --watch
  pbpaste | batch-import import - --access-mode self_service
  batch-import import relays.csv --subscription-user alice@example.com --dry-run --watch
  batch-import import request.json --mode strict --confirm-timeout 5s --json
"""


class Milliseconds(click.ParamType[int]):
    """``5``, ``5s`` or ``500ms``."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _DURATION.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a time like 5, 5s or 500ms", param, ctx)
        wait = round(float(found[1]) * (1 if (found[2] or "s").lower() == "ms" else 1000))
        if wait > _LONGEST_WAIT_MS:
            self.fail("at most 20 seconds", param, ctx)
        return wait


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.File("rb"))
@click.option("--format", "form", type=click.Choice(FORMATS), default="auto", help="How to read FILE.  [default: auto]")
@click.option("--access-mode", type=choice(AccessMode), help="How customers get access.  [default: subscription]")
@click.option(
    "--subscription-user", multiple=True, metavar="EMAIL", help="Who gets a subscription; repeat or separate by commas."
)
@click.option("--subscription-days", type=click.IntRange(min=1), metavar="N", help="How long the subscriptions last.")
@click.option(
    "--probe-api-key-env",
    metavar="NAME",
    help="Variable that holds the gateway key for self_service.  [default: PROBE_API_KEY]",
)
@click.option("--mode", type=choice(RunMode), help="strict: the first broken relay stops those not yet entered.")
@click.option("--reactivate", type=choice(Reactivate), help="ours: leave alone what a person has paused in the host.")
@click.option(
    "--platform",
    type=choice(PlatformWish),
    help="The host's platform for relays whose entry names none.  [default: auto, by what the relay speaks]",
)
@click.option(
    "--dry-run", is_flag=True, help="Only find out and decide; nothing is written to the host. Then: apply RUN."
)
@click.option(
    "--join-group", multiple=True, metavar="NAME", help="Host group that proven accounts also join; repeatable."
)
@click.option("--max-multiplier", type=float, metavar="N", help="Leave out relays that declare a higher one.")
@click.option("--min-balance", type=float, metavar="N", help="Leave out keys with less left, as the relay declares.")
@click.option("--rate-from-relay", is_flag=True, help="Accounts get the relay's multiplier as their rate_multiplier.")
@click.option("--label", metavar="TEXT", help="A name of the run, for people.")
@click.option("--legacy-batch-id", metavar="ID", help="Batch of the earlier system that this run continues.")
@click.option(
    "--confirm-timeout", type=Milliseconds(), metavar="SECONDS", help="Wait so long for first results (5, 5s, 500ms)."
)
@click.option(
    "--requested-model", multiple=True, metavar="NAME", help="Model wanted of relays that name none; repeatable."
)
@click.option("--skip-bad", is_flag=True, help="Leave out what cannot be imported instead of asking.")
@click.option("--idempotency-key", metavar="KEY", help="Repeat a call with the same key and no second run is made.")
@click.option("--watch/--no-watch", default=False, help="Follow the run to its end and show each verdict.")
@api_command
def import_command(
    app: App, file: BinaryIO, form: str, skip_bad: bool, idempotency_key: str | None, watch: bool, **options: Any
) -> None:
    """Import the relays listed in FILE (or - for standard input).

    \b
    FILE holds addresses and keys in any common form: lines of text, CSV,
    Markdown tables, JSON, YAML, .env lines, curl commands, deep links, exports
    of sub2api, new-api, Cherry Studio and others (docs/intake.md); or a whole
    create request as JSON, whose fields the options override. What cannot be
    imported is shown, and left out only if you say so.

    Prints run_id and result_page. Exit code: 0 accepted (with --watch: every
    relay ended active, or planned), 1 ended otherwise, 2 the call or the list is wrong,
    3 the API cannot be reached or refused, 130 interrupted.
    """
    relays = read_list(file.read(), name_of(file), form)
    confirm_left_out(relays, skip_bad)
    request = build_request(relays, ImportOptions(**options), app.secret)
    for text in relays.notes:
        note(f"note: {text}")
    answer = accepted(lambda key: _created(app, relays, request, key), idempotency_key or str(uuid.uuid4()))
    app.answer(answer, lambda answer: _show(app, answer))
    if watch and not follow(app, answer["run_id"]):
        app.context.exit(1)


def _created(app: App, relays: RelayList, request: CreateRequest, key: str) -> Answer:
    try:
        return app.client.create_run(request.body, key, request.secrets())
    except ApiError as error:
        raise error if error.uncertain else _placed(error, relays) from None


def _placed(error: ApiError, relays: RelayList) -> ApiError:
    """The API names a bad relay by its index; people look for its line."""
    found = _INDEX.search(error.message)
    index = int(found[1]) if found else len(relays.items)
    line = relays.items[index].line if index < len(relays.items) else None
    return error if line is None else error.hinted(f"items[{index}] stands in {relays.name}, line {line}")


def _show(app: App, answer: Answer) -> None:
    show_accepted(app, answer)
    note(f"{answer.get('total_items')} relays accepted; watch them with: batch-import watch {answer['run_id']}")
