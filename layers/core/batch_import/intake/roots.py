# ruff: noqa: E501  (tables of words and patterns)
"""From an address as it was written to the API root that it means."""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from batch_import.domain.errors import InvalidRequest
from batch_import.domain.urls import ENDPOINT, canonical_base_url, host_can_join
from batch_import.intake.cleaning import LONGEST_ADDRESS, is_address_placeholder, is_key_like, is_page
from batch_import.intake.texts import Note

_GEMINI_CALL = re.compile(r"/models/([^/]{1,100}):[A-Za-z]{1,40}$")
# The usual address: the long way gives the same answer for it, in ten times the time.
_PLAIN = re.compile(
    r"(?P<origin>https?://(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?\.){1,4}[a-z]{2,24}"
    r"|(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|(?![.\d]))){4})(?::[1-5]?\d{4}(?=/|$))?)"
    r"(?P<version>/v\d{1,2})?/?"
)
_API_FORM = re.compile(rf"{ENDPOINT.pattern}|/v\d\w*/?$|//[^/]+/?$", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class Root(NamedTuple):
    """``base_url`` is empty where the address means none; ``key`` stood in its query, ``model`` in a call of Gemini."""

    base_url: str
    notes: tuple[Note, ...] = ()
    key: str = ""
    page: bool = False
    model: str = ""


@lru_cache(maxsize=16_384)
def root_of(written: str, exact: bool = False) -> Root:
    """The API root of ``written``, and what was left out of it.

    ``exact`` is for addresses of Cherry Studio, where a closing ``/`` means that no version is to be appended; a closing
    ``#`` means "exactly this address" everywhere.
    """
    plain = _PLAIN.fullmatch(written)
    if plain is not None and not exact and not is_address_placeholder(written):
        host, version = plain["host"], plain["version"]
        return Root(f"{plain['origin']}{version or '/v1'}", (), "", version is None and is_page(host, ""))
    if not written or len(written) > LONGEST_ADDRESS:
        return Root("", (Note.BAD_ADDRESS,))
    if is_address_placeholder(written):
        return Root("", (Note.ADDRESS_PLACEHOLDER,))
    text, notes = _with_scheme(written)
    try:
        return _root(text, notes, exact)
    except (InvalidRequest, ValueError):
        return Root("", (Note.BAD_ADDRESS,))


def _with_scheme(written: str) -> tuple[str, list[Note]]:
    found = re.match(r"(https?):/{1,3}(?=[^/])", written, re.IGNORECASE)
    if found is not None:
        return f"{found[1]}://{written[found.end() :]}", []
    return (written, []) if "://" in written else (f"https://{written.lstrip('/')}", [Note.SCHEME_ADDED])


def _root(text: str, notes: list[Note], exact: bool) -> Root:
    parts = urlsplit(text)
    netloc = parts.netloc
    if "@" in netloc:
        netloc = netloc.rpartition("@")[2]
        notes.append(Note.CREDENTIALS_REMOVED)
    path = re.sub(r"/{2,}", "/", parts.path)
    forced = text.endswith("#")
    if parts.query or (parts.fragment and not forced):
        notes.append(Note.QUERY_REMOVED)
    origin = _canonical_origin(parts.scheme, netloc)
    host = urlsplit(origin).hostname or ""
    if not _is_host(host) or (Note.SCHEME_ADDED in notes and not re.search(r"[.:]|^localhost$", netloc)):
        raise InvalidRequest("base_url has an invalid host name", "base_url 的主机名无效")
    call = _GEMINI_CALL.search(path)
    bare = path[: call.start()] if call is not None else path.rstrip("/")
    stripped = ENDPOINT.sub("", bare).rstrip("/")
    if stripped != path.rstrip("/"):
        notes.append(Note.ENDPOINT_REMOVED)
    if forced:
        notes.append(Note.EXACT_ADDRESS)
    base, more = _base(origin, stripped, forced, exact and path.endswith("/"))
    if _is_cut_name(host, parts.port, path):
        notes.append(Note.UNUSUAL_ADDRESS)
    return Root(base, (*notes, *more), _key_in(parts.query), is_page(host, path), call[1] if call is not None else "")


def _canonical_origin(scheme: str, netloc: str) -> str:
    return canonical_base_url(f"{scheme}://{netloc}/v1").removesuffix("/v1")


def _base(origin: str, path: str, forced: bool, closing_slash: bool) -> tuple[str, list[Note]]:
    """The canonical root, exactly as an import would make it, and what the host does with it."""
    root = canonical_base_url(f"{origin}{path}")
    notes = [Note.NO_VERSION_MEANT] if closing_slash else []
    if not host_can_join(root):
        notes += [Note.ROOT_KEPT, Note.HOST_APPENDS_VERSION]
    elif path and (forced or closing_slash) and not host_can_join(path):
        notes += [Note.HOST_APPENDS_VERSION]
    return root, notes


def _is_host(host: str) -> bool:
    if ":" in host:
        return True
    labels = host.split(".")
    if all(label.isdigit() for label in labels):
        try:
            return bool(ipaddress.IPv4Address(host))
        except ValueError:
            return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and any(map(str.isalnum, host))


def _is_cut_name(host: str, port: int | None, path: str) -> bool:
    """Whether a host name may be the beginning of a longer one: without a dot, a port and a path."""
    return (
        "." not in host and ":" not in host and host != "localhost" and port is None and path.strip("/") in ("", "v1")
    )


def _key_in(query: str) -> str:
    pairs = parse_qsl(query[:LONGEST_ADDRESS], max_num_fields=50) if query and query.count("&") < 50 else []
    return next((value for name, value in pairs if "key" in name.lower() and is_key_like(value)), "")


def is_api_root(site: str) -> bool:
    """Whether the page of a relay may be its API's root: a host alone, none of documents or a ``www.``."""
    root = root_of(site)
    return bool(root.base_url) and not root.page and re.fullmatch(r"https?://(?!www\.)[^/]+/?", site) is not None


def has_api_form(address: str) -> bool:
    """Whether ``address`` ends in an end point or a version, or has no path: as the roots of APIs do, and few other calls."""
    return _API_FORM.search(address) is not None


def with_port(address: str, port: str) -> str:
    """``address`` with ``port``, if it is a host alone."""
    host = address.partition("://")[2] or address
    return address if ":" in host or "/" in host or not port else f"{address}:{port}"


def with_path(address: str, path: str) -> str:
    """``address`` with the path of the API, if it has no path of its own."""
    bare = address.rstrip("/")
    return address if "/" in bare.partition("://")[2] else bare + path
