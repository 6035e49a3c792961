"""A call that makes a run, and its answer."""

from collections.abc import Callable

import click

from batch_import_cli.app import App, note, options
from batch_import_cli.client import Answer
from batch_import_cli.config import PROBE_KEY
from batch_import_cli.errors import ApiError, Interruption
from batch_import_cli.words import _, ngettext


def accepted(call: Callable[[str], Answer], key: str) -> Answer:
    """The answer of ``call`` under an idempotency key; if it got lost, the error says how to be sure."""
    told = _("the run may have been made all the same; a call with this key makes no second one")
    again = _("repeat the call with --idempotency-key {key}").format(key=key)
    try:
        answer = call(key)
    except KeyboardInterrupt:
        raise Interruption(_("interrupted"), again, [told]) from None
    except ApiError as error:
        raise error.hinted(again).detailed(told) if error.uncertain else error from None
    if not isinstance(answer.get("run_id"), str):
        raise ApiError(_("the API's answer holds no run_id"), again, [told], uncertain=True)
    return answer


def show_accepted(app: App, answer: Answer) -> None:
    """The run and its page, on lines of their own."""
    click.echo(f"run_id: {answer['run_id']}")
    click.echo(f"result_page: {app.client.page_url(str(answer.get('result_page') or ''))}")


watch_option = click.option("--watch/--no-watch", default=False, help="Follow it to its end and show each verdict.")
idempotency_option = click.option(
    "--idempotency-key", metavar="KEY", help="A call with the same key again makes no second run."
)
follow_up_options = options(
    click.option(
        "--probe-api-key-env",
        metavar="NAME",
        default=PROBE_KEY,
        show_default=True,
        help="Variable with the gateway key, for a run of self_service.",
    ),
    idempotency_option,
    watch_option,
)


def show_follow_up(app: App, answer: Answer, done: Callable[[int], str]) -> None:
    """As ``show_accepted``; ``done`` says what becomes of so many items."""
    show_accepted(app, answer)
    left_out = answer.get("left_out_items")
    if left_out:
        told = ngettext(
            "{n} item is left out: its key was erased", "{n} items are left out: their keys were erased", left_out
        )
        note(told.format(n=left_out))
    note(done(int(answer.get("total_items") or 0)))
    note(watch_hint(answer["run_id"]))


def watch_hint(run_id: str) -> str:
    return _("Watch it: {command}").format(command=f"batch-import watch {run_id}")
