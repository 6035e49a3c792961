# ruff: noqa: E501  (tables of words and patterns)
"""Links that hand a provider to a program: ``ccswitch://``, ``cherrystudio://``, and pages that take settings in the query."""

import base64
import binascii
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from batch_import.intake.cleaning import is_likely_host, looks_like_host
from batch_import.intake.objects import drafts_of_object
from batch_import.intake.rows import Draft
from batch_import.intake.values import opened

_SETTINGS = re.compile(r"[?&](?:settings|provider|config|data)=(?:%7B|\{|ey)", re.IGNORECASE)
_ADDRESS_IN_QUERY = re.compile(r"[?&](?:api|url|base_?url|endpoint|host|server)=https?(?::|%3A)", re.IGNORECASE)
_KNOWN = re.compile(
    r"(?:cc-?switch|cherrystudio|deepchat|aionui|ama|opencat|chatbox|botgem|lobe\w*|nextchat|kelivo|rikkahub|chatwise|omate)://",
    re.IGNORECASE,
)
_KEY_IN_QUERY = re.compile(r"[?&](?:api_?key|key|token)=", re.IGNORECASE)
_LONGEST = 100_000


def is_link(word: str) -> bool:
    """Whether ``word`` is a link that carries a provider; any other address is none."""
    if word[:4].lower() == "http":
        query = word[:_LONGEST]
        return _SETTINGS.search(query) is not None or (
            _ADDRESS_IN_QUERY.search(query) is not None and _KEY_IN_QUERY.search(query) is not None
        )
    return _KNOWN.match(word) is not None or (len(word) < _LONGEST and _KEY_IN_QUERY.search(word) is not None)


def draft_of_link(line: int, word: str) -> Draft | None:
    """What the link says; None if it says nothing of an address or key."""
    if len(word) > _LONGEST:
        return None
    try:
        parts = urlsplit(word.rstrip(".,;:!?"))
    except ValueError:
        return None
    query = parts.query or parts.fragment.partition("?")[2]
    pairs = parse_qsl(query.replace("+", "%2B"), max_num_fields=None)
    document = _document(pairs)
    if parts.scheme not in ("http", "https") and _is_host_of_relay(
        parts.hostname or ""
    ):  # a program's own scheme in place of ``https``
        document.setdefault("base_url", f"https://{parts.netloc}{parts.path}")
    found = drafts_of_object(document, line=line, exact=parts.scheme == "cherrystudio", app=_app(pairs))
    return found[0] if found else None


def _is_host_of_relay(host: str) -> bool:
    return looks_like_host(host) and is_likely_host(host)


def _app(pairs: list[tuple[str, str]]) -> str:
    return next((value for name, value in pairs if name == "app"), "")


def _document(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """The query as an object; values that are JSON, in base64 or not, are read."""
    named: dict[str, Any] = {}
    for name, value in pairs[:100]:
        if name == "resource":
            continue
        named[name] = _opened(value) if len(value) > 20 else value
    if isinstance(named.get("endpoint"), str) and "," in named["endpoint"]:
        named["endpoint"] = named["endpoint"].split(",")
    return named


def _opened(value: str) -> Any:
    texts = (value, _from_base64(value), unquote(value))
    return next((found for text in texts if not isinstance(found := opened("", text), str)), value)


def _from_base64(value: str) -> str:
    padded = value.replace("-", "+").replace("_", "/").replace(" ", "+")
    try:
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
