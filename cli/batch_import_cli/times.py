"""Times of the API as the user's clock shows them."""

from datetime import datetime

from batch_import_cli.words import _


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
