"""What the command line can fail with, and the exit code that a script sees."""

from collections.abc import Iterable
from typing import Any

import click
from batch_import.domain.texts import printable

from batch_import_cli.console import console, folded
from batch_import_cli.words import _


class CliError(click.ClickException):
    """An expected failure: ``error: MESSAGE (try: HINT)`` on stderr with ``details`` below, never a traceback."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", details: Iterable[str] = ()) -> None:
        super().__init__(message.rstrip(".。 "))
        self.hint = hint
        self.details = tuple(details)

    def format_message(self) -> str:
        return advised(self.message, self.hint)

    def show(self, file: Any = None) -> None:
        lines = [_("error: {message}").format(message=self.format_message()), *indented(self.details)]
        click.echo(printable("\n".join(lines)), file=file, err=True)


def indented(lines: Iterable[str]) -> list[str]:
    """Lines below another one on stderr, folded where that is a terminal."""
    errors = console(stderr=True)
    if errors.is_terminal:
        lines = [part for line in lines for part in folded(line, errors.width - 4)]
    return [f"  {line}" for line in lines]


def advised(message: str, hint: str) -> str:
    """``MESSAGE (try: HINT)``; the message alone without a hint."""
    return _("{message} (try: {hint})").format(message=message, hint=hint) if hint else message


class InputError(CliError):
    """The call, the list or the configuration is not usable; nothing was sent."""


class ApiError(CliError):
    """The API could not be reached, or said no.

    ``uncertain`` means that a write may have taken effect although no proper answer came back.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "", details: Iterable[str] = (), *, uncertain: bool = False) -> None:
        super().__init__(message, hint, details)
        self.uncertain = uncertain

    def hinted(self, hint: str) -> "ApiError":
        """The same failure, with what only the caller can advise."""
        return ApiError(self.message, hint, self.details, uncertain=self.uncertain)

    def detailed(self, detail: str) -> "ApiError":
        """The same failure, with what only the caller can add."""
        return ApiError(self.message, self.hint, [*self.details, detail], uncertain=self.uncertain)


class TimeIsOver(CliError):
    """As ``timeout`` of coreutils ends."""

    exit_code = 124


class Interruption(CliError):
    exit_code = 130


def as_cli_error(error: click.ClickException) -> CliError:
    """click's own errors, in the style of all others."""
    if isinstance(error, CliError):
        return error
    near = getattr(error, "possibilities", None)
    context = getattr(error, "ctx", None)
    hint = near[0] if near else f"{context.command_path} --help" if context else ""
    return InputError(error.message if near else error.format_message(), hint)
