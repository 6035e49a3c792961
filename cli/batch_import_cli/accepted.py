"""A call that makes a run, and its answer."""

from collections.abc import Callable
from typing import Any

import click

from batch_import_cli.app import App, note
from batch_import_cli.client import Answer
from batch_import_cli.config import PROBE_KEY
from batch_import_cli.errors import ApiError, Interruption


def accepted(call: Callable[[str], Answer], key: str) -> Answer:
    """The answer of ``call`` under an idempotency key; if it got lost, the error says how to be sure."""
    again = f"the run may have been made all the same; to be sure, repeat the call with --idempotency-key {key}"
    try:
        answer = call(key)
    except KeyboardInterrupt:
        raise Interruption(f"interrupted; {again}") from None
    except ApiError as error:
        raise error.hinted(again) if error.uncertain else error from None
    if not isinstance(answer.get("run_id"), str):
        raise ApiError("the API's answer holds no run_id", uncertain=True).hinted(again)
    return answer


def show_accepted(app: App, answer: Answer) -> None:
    """The run and its page, on lines of their own."""
    click.echo(f"run_id: {answer['run_id']}")
    click.echo(f"result_page: {app.client.page_url(str(answer.get('result_page') or ''))}")


def follow_up_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that makes a run over items of another one: ``retry`` and ``apply``."""
    for option in reversed((
        click.option(
            "--probe-api-key-env",
            metavar="NAME",
            default=PROBE_KEY,
            show_default=True,
            help="Variable that holds the gateway key for a run of self_service, which was erased when the run ended.",
        ),
        click.option(
            "--idempotency-key", metavar="KEY", help="Repeat a call with the same key and no second run is made."
        ),
        click.option(
            "--watch/--no-watch", default=False, help="Follow the new run to its end and show each verdict."
        ),
    )):  # fmt: skip
        command = option(command)
    return command


def show_follow_up(app: App, answer: Answer, done: str) -> None:
    """As ``show_accepted``; ``done`` says what becomes of the items."""
    show_accepted(app, answer)
    left_out = answer.get("left_out_items")
    if left_out:
        note(f"{left_out} items were left out: their keys had been erased")
    note(f"{answer.get('total_items')} items are {done}; watch them with: batch-import watch {answer['run_id']}")
