"""Refuses requests to a server on loopback that a page of another origin has sent."""

from collections.abc import Mapping

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def refusal(method: str, headers: Mapping[str, str], port: int) -> str | None:
    """A sentence why the request is refused; None for a program and for a page of this server.

    The names of ``headers`` are lower case, or found in any case. The owner of another name can make it point
    here (DNS rebinding). Browsers send ``Origin`` with all requests except plain reads, and ``Sec-Fetch-Site`` with
    those: a page of another origin may only open a link.
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
    """True when the browser opens a page in a tab, not in a frame."""
    found = (method, headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return found == ("GET", "navigate", "document")
