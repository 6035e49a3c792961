"""What the command line can fail with, and the exit code that a script sees."""

import click
from batch_import.domain.texts import printable

__all__ = ["printable"]


class CliError(click.ClickException):
    """An expected failure: one sentence on stderr, never a traceback."""

    exit_code = 2

    def show(self, file: object = None) -> None:  # noqa: ARG002
        click.echo(f"error: {printable(self.format_message())}", err=True)


class InputError(CliError):
    """The call, the list or the configuration is not usable; nothing was sent."""


class ApiError(CliError):
    """The API could not be reached, or said no.

    ``uncertain`` means that a write may have taken effect although no proper answer came back.
    """

    exit_code = 3

    def __init__(self, message: str, code: str | None = None, *, uncertain: bool = False) -> None:
        super().__init__(f"{message} ({code})" if code else message)
        self.uncertain = uncertain

    def hinted(self, hint: str) -> "ApiError":
        """The same failure, with what only the caller can add."""
        return ApiError(f"{self.message}\n  {hint}", uncertain=self.uncertain)


class Interruption(CliError):
    exit_code = 130
