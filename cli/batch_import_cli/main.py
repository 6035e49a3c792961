"""The ``batch-import`` command line."""

import io
import os
import sys
from typing import Any, NoReturn

import click

from batch_import_cli.commands.applying import apply_command
from batch_import_cli.commands.comparing import compare_command
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
from batch_import_cli.errors import CliError, Interruption, as_cli_error
from batch_import_cli.examples import examples
from batch_import_cli.help import Group
from batch_import_cli.words import _

# What a shell reports for a program that SIGPIPE ended.
_READER_WENT_AWAY = 141


class _Main(Group):
    """Ends every command in one way: its exit code, and at most one error in one style."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        try:
            sys.exit(super().main(*args, **{**kwargs, "standalone_mode": False}))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            _fail(as_cli_error(error))
        except click.Abort:
            _fail(Interruption(_("interrupted")))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(_READER_WENT_AWAY)
        except OSError as error:
            raise CliError(error.strerror or str(error)) from None


def _fail(error: CliError) -> NoReturn:
    error.show()
    sys.exit(error.exit_code)


def _silence_stdout() -> None:
    """The interpreter flushes once more at exit, which would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=_Main,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("import relays.csv --subscription-user alice@example.com --watch"),
)
@click.option("--url", metavar="URL", help="Address of the API's stage.  [env: BATCH_IMPORT_URL, then .embedded/env]")
@click.version_option(package_name="batch-auto-import")
def cli(url: str | None) -> None:
    """Import lists of AI relays into sub2api, and see what became of each.

    The API's address comes from BATCH_IMPORT_URL, the token from
    BATCH_IMPORT_TOKEN; what is missing is read from .embedded/env of the
    checkout that you are in.
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
    compare_command,
    cleanup_command,
    models_command,
    health_command,
    doctor_command,
    token_command,
    completion_command,
):
    cli.add_command(_command)
