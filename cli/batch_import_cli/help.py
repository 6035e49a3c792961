"""``--help`` in the user's language, folded by the width of its characters: a Chinese one takes two columns."""

import copy
import inspect
from collections.abc import Iterable, Sequence
from typing import TypeVar

import click
from rich.cells import cell_len

from batch_import_cli.console import folded
from batch_import_cli.words import _

_Command = TypeVar("_Command", bound=click.Command)
TRANSLATED = ("help", "options_metavar", "subcommand_metavar")


class Formatter(click.HelpFormatter):
    """click's own counts characters, and would fold Chinese at twice the width."""

    def write_text(self, text: str) -> None:
        self.write("\n".join(self._paragraph(part) for part in text.split("\n\n")))

    def _paragraph(self, text: str) -> str:
        margin = " " * self.current_indent
        kept = text.startswith("\b\n")
        lines: Sequence[str] = (
            text.splitlines()[1:] if kept else folded(" ".join(text.split()), self.width - len(margin))
        )
        return "".join(f"{margin}{line}\n" for line in lines)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        margin = " " * (self.current_indent + min(max(cell_len(name) for name, _text in rows), col_max) + col_spacing)
        for name, text in rows:
            first, *more = folded(text, max(20, self.width - len(margin))) or [""]
            head = f"{'':{self.current_indent}}{name}"
            gap = len(margin) - cell_len(head)
            between = " " * gap if gap >= col_spacing else f"\n{margin}"
            self.write(f"{head}{between}{first}".rstrip() + "\n")
            self.write("".join(f"{margin}{line}\n" for line in more))


class Context(click.Context):
    formatter_class = Formatter


class Group(click.Group):
    """Offers its commands in the user's language, in the order of use and not of the alphabet."""

    context_class = Context

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return command and translated(command)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help(translated(self), ctx, formatter)


def translated(command: _Command) -> _Command:
    """A copy of ``command`` with the texts of its help in the user's language."""
    told = copy.copy(command)
    told.context_class = Context
    told.params = [copy.copy(parameter) for parameter in command.params]
    for one in (told, *told.params):
        for name in TRANSLATED:
            if text := getattr(one, name, None):
                setattr(one, name, _(inspect.cleandoc(text)))
    return told
