"""What every command needs: the API, the way to answer, and the options that all of them share."""

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import click
from batch_import.domain.texts import escaped

from batch_import_cli.client import Answer, ApiClient
from batch_import_cli.config import TOKEN, Environment


@dataclass(frozen=True)
class App:
    context: click.Context
    environment: Environment
    url: str | None
    as_json: bool

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
        return self.context.with_resource(ApiClient(root, token, language=environment.language, pace=pace))

    def secret(self, name: str) -> str | None:
        """A token or key that may be sent to this API."""
        return self.environment.secret(name, self.url)

    def answer(self, answer: Answer, show: Callable[[Answer], None]) -> None:
        """The API's JSON as one line, or the same for people."""
        if self.as_json:
            emit(answer)
        else:
            show(answer)


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


def api_command(function: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--url`` and ``--json``, and hands the function an ``App`` first."""

    @click.option(
        "--url", metavar="URL", help="Address of the API's stage.  [env: BATCH_IMPORT_URL, then .embedded/env]"
    )
    @click.option(
        "--json", "as_json", is_flag=True, help="Print the API's answers unchanged, one JSON object per line."
    )
    @click.pass_context
    def wrapped(context: click.Context, /, url: str | None, as_json: bool, **arguments: Any) -> None:
        parent = context.parent.params.get("url") if context.parent else None
        function(App(context, Environment.of_process(), url or parent, as_json), **arguments)

    return functools.update_wrapper(wrapped, function)
