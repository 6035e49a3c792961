"""The ``batch-import`` command line."""

import io
import os
import sys
from typing import Any

import click

from batch_import_cli.commands.applying import apply_command
from batch_import_cli.commands.completing import completion_command
from batch_import_cli.commands.doctor import doctor_command
from batch_import_cli.commands.exporting import export_command
from batch_import_cli.commands.host import cleanup_command
from batch_import_cli.commands.importing import import_command
from batch_import_cli.commands.naming import models_command
from batch_import_cli.commands.opening import open_command
from batch_import_cli.commands.parsing import parse_command
from batch_import_cli.commands.reading import (
    cancel_command,
    health_command,
    item_command,
    runs_command,
    show_command,
    watch_command,
)
from batch_import_cli.commands.retrying import retry_command
from batch_import_cli.commands.tokens import token_command
from batch_import_cli.commands.undoing import undo_command
from batch_import_cli.errors import Interruption

# What a shell reports for a program that SIGPIPE ended.
_READER_WENT_AWAY = 141


class _Commands(click.Group):
    """Gives the two ways in which a terminal ends a command their usual exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interruption("interrupted") from None
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(_READER_WENT_AWAY)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of use, not of the alphabet."""
        return list(self.commands)


def _silence_stdout() -> None:
    """The interpreter flushes once more at exit, which would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", metavar="URL", help="Address of the API's stage.  [env: BATCH_IMPORT_URL, then .embedded/env]")
@click.version_option(package_name="batch-auto-import")
def cli(url: str | None) -> None:
    """Import lists of AI relays into a sub2api host and see what became of each.

    The API's address comes from BATCH_IMPORT_URL, the token from
    BATCH_IMPORT_TOKEN; what is missing is read from .embedded/env of the
    checkout that you are in.

    \b
    Example:
      batch-import import relays.csv --subscription-user alice@example.com --watch
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character must not end the command.
            stream.reconfigure(errors="backslashreplace")


for _command in (
    parse_command,
    import_command,
    watch_command,
    runs_command,
    show_command,
    item_command,
    open_command,
    cancel_command,
    retry_command,
    apply_command,
    undo_command,
    export_command,
    cleanup_command,
    models_command,
    health_command,
    doctor_command,
    token_command,
    completion_command,
):
    cli.add_command(_command)
