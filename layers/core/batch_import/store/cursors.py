"""Opaque cursors, bound to the list, the filter and the order that they come from (docs/design.md#35-list-orders)."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from batch_import.domain.errors import InvalidRequest

_DIGEST_BYTES = 12


def encode_cursor(position: str, scope: Mapping[str, Any]) -> str:
    """``scope`` says which list it is: its name, and the filters; those without a value do not count."""
    packed = _digest(position, scope) + position.encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str | None, scope: Mapping[str, Any], form: str = ".+") -> str | None:
    """The position that ``cursor`` holds; raises ``InvalidRequest`` for an altered one and for one of another list.

    ``form`` is a regular expression of all positions of the list: whoever knows how cursors are made can make others.
    """
    if cursor is None:
        return None
    try:
        position = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[_DIGEST_BYTES:].decode()
    except ValueError:
        position = ""
    if re.fullmatch(form, position, re.DOTALL) is None or encode_cursor(position, scope) != cursor:
        raise InvalidRequest(
            "cursor: it must come unchanged from the page before, with the same filters",
            "cursor：须原样取自同一列表、同一筛选条件的上一页",
        )
    return position


def _digest(position: str, scope: Mapping[str, Any]) -> bytes:
    told = {name: str(value) for name, value in scope.items() if value is not None}
    return hashlib.sha256(json.dumps([position, told], sort_keys=True).encode()).digest()[:_DIGEST_BYTES]
