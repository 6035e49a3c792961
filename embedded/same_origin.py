"""Which requests a server on loopback answers: none that a page of another origin has sent."""

from collections.abc import Mapping

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def refusal(method: str, headers: Mapping[str, str], port: int) -> str | None:
    """Why the request is refused, in a sentence; None for a program and for a page of this server.

    The names of ``headers`` are lower case, or found in any case. A name that is not of loopback may have been made to
    point here by whoever owns it (DNS rebinding). Browsers send ``Origin`` with every request but plain reads, and
    ``Sec-Fetch-Site`` with those; of these, another page may only open a link.
    """
    host, origin = headers.get("host", "").lower(), headers.get("origin")
    if host not in _names(port):
        return f"This server answers at http://127.0.0.1:{port} only."
    if origin is not None and origin != f"http://{host}":
        return "Pages of another origin are not answered."
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _opens_a_link(method, headers):
        return "Pages of another origin may only link here."
    return None


def _names(port: int) -> tuple[str, ...]:
    with_port = tuple(f"{name}:{port}" for name in LOOPBACK_NAMES)
    return with_port + LOOPBACK_NAMES if port == 80 else with_port


def _opens_a_link(method: str, headers: Mapping[str, str]) -> bool:
    """In a tab of its own, not in a frame of the other page."""
    found = (method, headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return found == ("GET", "navigate", "document")
