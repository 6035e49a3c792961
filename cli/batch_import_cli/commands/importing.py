"""``batch-import import``: a list becomes a run."""

import re
import uuid
from typing import Any, BinaryIO

import click
from batch_import.domain.contract import LEAST_AMOUNT, MOST_AMOUNT
from batch_import.domain.types import AccessMode, PlatformWish, Reactivate, RunMode

from batch_import_cli.accepted import accepted, idempotency_option, show_accepted, watch_hint, watch_option
from batch_import_cli.app import App, api_command, choice, note
from batch_import_cli.client import Answer
from batch_import_cli.errors import ApiError
from batch_import_cli.examples import examples
from batch_import_cli.lists import RelayList, confirm_left_out, format_option, name_of, read_list
from batch_import_cli.request import CreateRequest, ImportOptions, build_request
from batch_import_cli.times import Milliseconds
from batch_import_cli.watch import follow
from batch_import_cli.words import _, ngettext

_LONGEST_WAIT_MS = 20_000
_INDEX = re.compile(r"\bitems[\[.](\d+)")

_EPILOG = examples(
    "import relays.csv --subscription-user alice@example.com --watch",
    "import - --access-mode self_service < relays.txt",
    "import relays.csv --subscription-user a@example.com --dry-run",
    "import request.json --mode strict --confirm-timeout 5s --json",
)


class Amount(click.ParamType[float]):
    """A multiplier or an amount of money that the API takes as a limit."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        amount: float = click.FLOAT.convert(value, param, ctx)
        if not LEAST_AMOUNT <= amount <= MOST_AMOUNT:  # nor is nan
            told = _("{value} is not a number above 0, at most {most:,}")
            self.fail(told.format(value=repr(value), most=MOST_AMOUNT), param, ctx)
        return amount


class Choice(click.ParamType[tuple[int, str]]):
    """``3=split``: a row of the list, and one of the choices that it has."""

    name = "choice"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str]:
        row, _equals, choice = str(value).partition("=")
        if not (row.isdecimal() and choice):
            self.fail(_("{value} is not a row and a choice like 3=split").format(value=repr(value)), param, ctx)
        return int(row), choice


@click.command("import", epilog=_EPILOG)
@click.argument("file", type=click.File("rb"))
@format_option
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
@click.option("--reactivate", type=choice(Reactivate), help="ours: leave alone what a person has paused in sub2api.")
@click.option(
    "--platform",
    type=choice(PlatformWish),
    help="sub2api's platform for relays whose entry names none.  [default: auto, by what the relay speaks]",
)
@click.option(
    "--dry-run", is_flag=True, help="Only find out and decide; nothing is written to sub2api. Then: apply RUN."
)
@click.option(
    "--join-group", multiple=True, metavar="NAME", help="Group of sub2api that proven accounts also join; repeatable."
)
@click.option("--max-multiplier", type=Amount(), metavar="N", help="Leave out relays that declare a higher one.")
@click.option(
    "--min-balance", type=Amount(), metavar="N", help="Leave out keys with less left in USD, as the relay declares."
)
@click.option("--rate-from-relay", is_flag=True, help="Accounts get the relay's multiplier as their rate_multiplier.")
@click.option("--priority-from-speed", is_flag=True, help="Accounts of faster relays get a priority that goes first.")
@click.option("--host-billing-probe", is_flag=True, help="sub2api watches the multiplier of relays that run sub2api.")
@click.option("--label", metavar="TEXT", help="A name of the run, for people.")
@click.option("--legacy-batch-id", metavar="ID", help="Batch of the earlier system that this run continues.")
@click.option(
    "--confirm-timeout",
    type=Milliseconds(most=_LONGEST_WAIT_MS),
    metavar="SECONDS",
    help="Wait so long for first results (5, 5s, 500ms).",
)
@click.option(
    "--requested-model", multiple=True, metavar="NAME", help="Model wanted of relays that name none; repeatable."
)
@click.option(
    "--choose",
    type=Choice(),
    multiple=True,
    metavar="ROW=CHOICE",
    help="How an ambiguous row is meant, as parse says; repeatable.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out what cannot be imported instead of asking.")
@idempotency_option
@watch_option
@api_command
def import_command(
    app: App,
    file: BinaryIO,
    form: str,
    choose: tuple[tuple[int, str], ...],
    skip_bad: bool,
    idempotency_key: str | None,
    watch: bool,
    **options: Any,
) -> None:
    """Import the relays listed in FILE; - is standard input.

    FILE holds addresses and keys in any common form: lines of text, CSV,
    Markdown tables, JSON, YAML, .env lines, curl commands, deep links, exports
    of sub2api, new-api, Cherry Studio and others (docs/intake.md); or a whole
    create request as JSON, whose fields the options override. What cannot be
    imported is shown, and left out only if you say so.

    Exit code: 0 accepted (with --watch: every relay ended active, or planned),
    1 ended otherwise, 2 the call or the list is wrong, 3 the API cannot be
    reached or refused, 130 interrupted.
    """
    relays = read_list(file.read(), name_of(file), form, dict(choose))
    confirm_left_out(relays, skip_bad)
    request = build_request(relays, ImportOptions(**options), app.secret)
    for text in relays.notes:
        note(_("note: {text}").format(text=text))
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
    return (
        error
        if line is None
        else error.detailed(
            _("{item} stands in {file}, line {line}").format(item=f"items[{index}]", file=relays.name, line=line)
        )
    )


def _show(app: App, answer: Answer) -> None:
    show_accepted(app, answer)
    total = int(answer.get("total_items") or 0)
    note(ngettext("{n:,} relay accepted", "{n:,} relays accepted", total).format(n=total))
    note(watch_hint(answer["run_id"]))
