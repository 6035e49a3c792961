"""How much a relay is asked, and which relays are asked no more than an import needs (docs/operations.md)."""

from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from batch_import.domain.errors import InvalidRequest
from batch_import.domain.urls import canonical_base_url

USUAL_REQUESTS = 8  # of a relay that works: its list, three protocols, a stream, a tool call, once or twice the balance
SPARED_REQUESTS = 4  # of one that is spared: its list, three protocols
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
        self._listed = frozenset(map(_plain, listed))

    def __contains__(self, base_url: str) -> bool:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        above = [f"*.{host.split('.', n)[-1]}" for n in range(1, host.count(".") + 1)]
        names = [host, parts.netloc, f"{parts.scheme}://{parts.netloc}", _ALL, *above]
        return not self._listed.isdisjoint(names)


def _plain(entry: str) -> str:
    """Without a path, and written as addresses of relays are; an origin keeps its scheme."""
    scheme, mark, rest = entry.strip().lower().rpartition("://")
    host = rest.partition("/")[0]
    below, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    with suppress(InvalidRequest):
        usual = scheme or ("http" if name.endswith(":80") else "https")
        name = urlsplit(canonical_base_url(f"{usual}://{name}")).netloc
    return f"{scheme}{mark}{below}{name}"
