"""The terminal: its width and colours; lines that never break, and texts that are folded or cut to fit."""

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Left to the command line's own exit code; rich would exit with 1, which means something else here."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def put(*lines: Text, stderr: bool = False) -> None:
    """Lines that are neither folded nor cut nor padded, so that an address in them can be copied."""
    out = console(stderr=stderr)
    for line in lines:
        out.print(line, soft_wrap=True)


def folded(text: str, width: int) -> list[str]:
    """The lines of ``text``, broken between words, or anywhere without spaces, at ``width`` columns."""
    return [line.plain.rstrip() for line in Text(text).wrap(console(), width)]


def cut(text: str, width: int) -> str:
    """At most ``width`` columns of ``text``, with a mark where something is missing."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
