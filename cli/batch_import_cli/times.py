"""Times of the API as the user's clock shows them, and times that options are given."""

import re
from datetime import datetime
from typing import Any

import click

from batch_import_cli.words import _

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)?", re.IGNORECASE)


class Milliseconds(click.ParamType[int]):
    """``5``, ``5s`` or ``500ms``; at most ``most`` milliseconds."""

    name = "seconds"

    def __init__(self, most: int) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _DURATION.fullmatch(str(value).strip())
        if found is None:
            self.fail(_("{value} is not a time like 5, 5s or 500ms").format(value=repr(value)), param, ctx)
        wait = float(found[1]) * (1 if (found[2] or "s").lower() == "ms" else 1000)
        if wait > self._most:
            self.fail(_("at most {n} seconds").format(n=self._most // 1000), param, ctx)
        return round(wait)


def local(value: str, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A timestamp in this machine's time zone; anything else as it is."""
    try:
        return datetime.fromisoformat(value).astimezone().strftime(form)
    except ValueError:
        return value


def span(begin: str, end: str) -> str:
    """How long something took: ``42 s``, ``3 min``, ``2 h 5 min``; empty when that is not known."""
    try:
        seconds = round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
    except (ValueError, TypeError):
        return ""
    if seconds < 60:
        return _("{n} s").format(n=seconds)
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return _("{h} h {m} min").format(h=hours, m=rest) if hours else _("{n} min").format(n=minutes)


def answer_time(milliseconds: int) -> str:
    """As the page says it: milliseconds below a second."""
    if milliseconds < 1000:
        return _("{n} ms").format(n=milliseconds)
    return _("{n} s").format(n=f"{milliseconds / 1000:.1f}")
