"""What the command line can fail with, and the exit code that a script sees."""

import click

# Anything that moves the cursor or hides text: answers quote upstreams, and those are strangers.
_CONTROL = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


def printable(text: str) -> str:
    """Text from outside, made safe for a terminal."""
    return text.translate(_CONTROL)


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
