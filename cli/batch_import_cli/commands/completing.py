"""``completion``: the script with which a shell completes commands, options and their values."""

import click
from click.shell_completion import get_completion_class

from batch_import_cli.errors import InputError
from batch_import_cli.words import _

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", epilog='\b\n$ eval "$(batch-import completion bash)"     # in ~/.bashrc')
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL: bash, zsh or fish."""
    maker = get_completion_class(shell)
    if maker is None:
        raise InputError(_("no completion for {shell}").format(shell=shell))
    click.echo(maker(context.find_root().command, {}, "batch-import", "_BATCH_IMPORT_COMPLETE").source())
