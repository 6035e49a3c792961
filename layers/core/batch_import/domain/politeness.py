"""How much a relay is asked, and which relays are asked no more than an import needs (docs/operations.md)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

USUAL_REQUESTS = 8  # of a relay that works: its list, three protocols, a stream, a tool call, once or twice the balance
PROBE_REQUESTS = 12  # of any relay at most in one try, whatever it answers; what sub2api asks it comes besides
BILLING_REQUESTS = 2  # beside them, for what the relay declares about the key
MOST_REQUESTS = PROBE_REQUESTS + BILLING_REQUESTS
_ALL = "*"


class NoExtraProbes:
    """Relays that are asked only what an entry and its proof need: no stream, no tool call, nothing for comparisons.

    ``listed`` are names of hosts, with ``*.`` before one for all below it, with a port for that port only; a whole
    origin (``https://relay.example:8443``), or ``*`` for every relay.
    """

    def __init__(self, listed: Iterable[str] = ()) -> None:
        self._listed = frozenset(_plain(entry) for entry in listed if entry.strip())

    def __contains__(self, base_url: str) -> bool:
        parts = urlsplit(base_url)
        host = (parts.hostname or "").lower()
        above = [f"*.{host.split('.', n)[-1]}" for n in range(1, host.count(".") + 1)]
        names = [host, parts.netloc.lower(), f"{parts.scheme}://{parts.netloc}".lower(), _ALL, *above]
        return not self._listed.isdisjoint(names)


def _plain(entry: str) -> str:
    """Without a path; an origin keeps its scheme."""
    scheme, mark, rest = entry.strip().lower().rpartition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}"
