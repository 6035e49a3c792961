"""A call that makes a run, and its answer."""

from collections.abc import Callable

import click

from batch_import_cli.app import App
from batch_import_cli.client import Answer
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
