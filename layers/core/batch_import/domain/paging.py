"""How the next page of a relay's model list is asked for."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_MORE_AT_ONCE = "1000"


def next_page(body: Any) -> dict[str, str]:
    """The query of the page after ``body``, empty for the last one.

    Known forms: ``has_more`` with ``last_id`` (OpenAI, Anthropic), ``nextPageToken`` (Google), ``next_page`` as number
    or token, ``page`` of ``total_pages``, and an address in ``next``, of which only the query counts.
    """
    if not isinstance(body, Mapping):
        return {}
    pages = {**body, **(body["pagination"] if isinstance(body.get("pagination"), dict) else {})}
    for form in (_by_last_id, _by_token, _by_number, _by_address):
        if query := form(pages):
            return query
    return {}


def _by_last_id(body: Mapping[str, Any]) -> dict[str, str]:
    last = body.get("last_id")
    if body.get("has_more") is not True or not isinstance(last, str) or not last:
        return {}
    return {"after_id": last, "after": last, "limit": _MORE_AT_ONCE}


def _by_token(body: Mapping[str, Any]) -> dict[str, str]:
    for name, query in (("nextPageToken", "pageToken"), ("next_page_token", "page_token"), ("next_page", "page")):
        token = body.get(name)
        if token and isinstance(token, (str, int)) and "/" not in str(token):
            return {query: str(token)}
    return {}


def _by_number(body: Mapping[str, Any]) -> dict[str, str]:
    page = body.get("page", body.get("current_page"))
    pages = body.get("total_pages", body.get("pages", body.get("last_page")))
    more = body.get("has_more") is True or (isinstance(pages, int) and isinstance(page, int) and page < pages)
    return {"page": str(page + 1)} if more and isinstance(page, int) and page > 0 else {}


def _by_address(body: Mapping[str, Any]) -> dict[str, str]:
    address = body.get("next") or body.get("next_page")
    if not isinstance(address, str) or "?" not in address:
        return {}
    try:
        return dict(parse_qsl(urlsplit(address).query))
    except ValueError:
        return {}
