"""The terminal: its width and colours; lines that never break, and texts that are folded or cut to fit."""

import re

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

_WIDE, _OPENING, _CLOSING = r"\u2e80-\u9fff\uff01-\uff60", "（「《", "、。，；：！？）」》"
# Behind blanks, and before and behind a Chinese character, where no bracket or stop is cut off from its word.
_BREAKS = re.compile(
    rf"(?<=\s)(?=\S)|(?<=[{_WIDE}])(?<![{_OPENING}])(?=[^\s{_CLOSING}])|(?<=[^\s{_OPENING}])(?=[{_WIDE}])(?![{_CLOSING}])"
)


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
    """``text`` in lines of ``width`` columns, broken between words and Chinese characters, a longer word anywhere."""
    lines = []
    for paragraph in text.splitlines():
        line = ""
        for piece in (part for word in _BREAKS.split(paragraph) for part in chop_cells(word, width)):
            if line and cell_len((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return lines


def cut(text: str, width: int) -> str:
    """At most ``width`` columns of ``text``, with a mark where something is missing."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
