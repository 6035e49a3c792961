"""What every command needs: the API, the way to answer, and the options that all of them share."""

import functools
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import click
from batch_import.domain.texts import escaped

from batch_import_cli import tables
from batch_import_cli.client import Answer, ApiClient, rows_of
from batch_import_cli.config import TOKEN, Environment
from batch_import_cli.console import console
from batch_import_cli.errors import advised
from batch_import_cli.tables import Listing, Output
from batch_import_cli.words import language, ngettext

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class App:
    context: click.Context
    environment: Environment
    url: str | None
    output: Output

    @cached_property
    def client(self) -> ApiClient:
        """Made late: a list that cannot be read is told before a missing address is."""
        return self._client(self.environment.token(self.url))

    @cached_property
    def open_client(self) -> ApiClient:
        """For what may be asked without a token."""
        return self._client(self.secret(TOKEN))

    def _client(self, token: str | None) -> ApiClient:
        environment = self.environment
        root, pace = environment.root(self.url), environment.poll_seconds
        return self.context.with_resource(ApiClient(root, token, language=language(), pace=pace))

    def secret(self, name: str) -> str | None:
        """A token or key that may be sent to this API."""
        return self.environment.secret(name, self.url)

    @property
    def as_json(self) -> bool:
        return self.output is Output.JSON

    def answer(self, answer: Answer, show: Callable[[Answer], None]) -> None:
        """The API's JSON as one line, or the same for people."""
        if self.as_json:
            emit(answer)
        else:
            show(answer)

    @property
    def for_people(self) -> bool:
        return self.output is Output.TABLE and console().is_terminal

    def show_list(self, listing: Listing, pages: Iterable[Answer], none: str = "") -> list[Answer]:
        """Pages of a list as they come for programs, or as one table; returns the rows.

        ``none`` tells people that there are no rows.
        """
        rows: list[Answer] = []
        page: Answer = {}
        for page in pages:
            rows += rows_of(page, listing.name)
            if self.as_json:
                emit(page)
        if not self.as_json:
            tables.show(listing, rows, self.output)
        if none and not rows and console().is_terminal and self.output in (Output.TABLE, Output.WIDE):
            note(none)
        if page.get("next_cursor") is not None:
            told = ngettext("There are more than this {n}", "There are more than these {n}", len(rows))
            note(advised(told.format(n=len(rows)), "--all"))
        return rows


def emit(answer: Any) -> None:
    """One JSON value on one line, readable where the terminal can show it; it moves no cursor and turns no text."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(escaped(json.dumps(answer, ensure_ascii=not utf8)))


def note(text: str) -> None:
    """For people; stdout stays clean for programs."""
    click.echo(text, err=True)


def choice(of: type[StrEnum]) -> click.Choice[str]:
    """By value: click would offer the names of an enum's members, which is not what the API calls them."""
    return click.Choice([str(member) for member in of])


def options(*given: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which the help shows them."""
    return lambda command: functools.reduce(lambda made, option: option(made), reversed(given), command)


json_option = click.option("--json", "output", flag_value=Output.JSON.value, help="Print one JSON object per line.")
output_options = options(
    click.option(
        "--output",
        type=choice(Output),
        help="table: to read. wide: all columns. [default: table]",
    ),
    json_option,
)


def api_command(function: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--url`` and ``--json``, and hands the function an ``App`` first."""
    return json_option(_with_app(function))


def list_command(function: Callable[..., None]) -> Callable[..., None]:
    """As ``api_command``, for a list that has several forms."""
    return output_options(_with_app(function))


def _with_app(function: Callable[..., None]) -> Callable[..., None]:
    @click.option(
        "--url", metavar="URL", help="Address of the API's stage.  [env: BATCH_IMPORT_URL, then .embedded/env]"
    )
    @click.pass_context
    def wrapped(context: click.Context, /, url: str | None, output: str | None, **arguments: Any) -> None:
        parent = context.parent.params.get("url") if context.parent else None
        app = App(context, Environment.of_process(), url or parent, Output(output or Output.TABLE))
        function(app, **arguments)

    return functools.update_wrapper(wrapped, function)
