"""Telling a base URL from a key, whatever stands between and around them."""

import re
from collections.abc import Sequence

from batch_import_cli.lists.model import Entry, Item, Problem

_QUOTES_AND_SEPARATORS = " \t,;|\"'`<>，；、｜“”"
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
# A host without a scheme is passed on as it stands: what the API makes of it is the API's business.
_BARE_HOST = re.compile(
    r"(?:(?:[\w-]+\.)+[^\W\d_]{2,}|(?:\d{1,3}\.){3}\d{1,3}|localhost)(?::\d+)?(?:/\S*)?", re.IGNORECASE
)
_BEARER = re.compile(r"(?:authorization\s*[:=]\s*)?bearer\s+", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e]+")


def bare(value: str) -> str:
    """A value without quotation marks, left-over separators and ``Bearer``."""
    return _BEARER.sub("", value.strip(_QUOTES_AND_SEPARATORS)).strip(_QUOTES_AND_SEPARATORS)


def is_address(value: str) -> bool:
    return _WITH_SCHEME.fullmatch(value) is not None


def pair_of(values: Sequence[str]) -> tuple[str, str] | None:
    """(base URL, key) of two values in either order; None when it is not clear which is which."""
    if len(values) != 2:
        return None
    for matches in (is_address, lambda value: _BARE_HOST.fullmatch(value) is not None):
        addresses = [matches(value) for value in values]
        if any(addresses):
            return _ordered(values, addresses)
    return None


def _ordered(values: Sequence[str], addresses: Sequence[bool]) -> tuple[str, str] | None:
    if all(addresses) or any(re.search(r"\s", value) for value in values):
        return None
    url, key = values if addresses[0] else reversed(values)
    return url, key


def entry(line: int, url: str, key: str, key_column: int | str, **optional: object) -> Entry:
    """A pair as an item, unless the key cannot be one: a key travels in an HTTP header."""
    if not _KEY.fullmatch(key):
        return Problem(line, "the key holds a blank, an invisible or a non-ASCII character", key_column)
    return Item(line, {"base_url": url, "api_key": key, **optional})
