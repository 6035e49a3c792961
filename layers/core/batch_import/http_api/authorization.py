"""Who may call: bearer tokens with roles, only their hashes are stored, compared in constant time.

See docs/design.md#31-routes.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from batch_import.domain.errors import Forbidden
from batch_import.domain.types import Role

_BEARER = re.compile(r"Bearer ([\x21-\x7e]{1,256})", re.IGNORECASE)


def authorize(event: Mapping[str, Any], hashes: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    """The policy for a TOKEN authorizer's event, or ``None`` for a token that is not known.

    ``hashes`` holds SHA-256 hex digests by role. The policy covers the whole stage, so it can be cached.
    """
    match = _BEARER.fullmatch(str(event.get("authorizationToken", "")))
    role = _role(match[1], hashes) if match else None
    if role is None or match is None:
        return None
    stage = "/".join(str(event["methodArn"]).split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage}/*"}
    return {
        "principalId": f"{role}-{_digest(match[1])[:8]}",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"role": role.value},
    }


def demand_operator(role: str | None) -> None:
    """Raises ``Forbidden`` for anyone but an operator."""
    if role != Role.OPERATOR:
        raise Forbidden("this token may only read", "该令牌只有读取权限")


def _role(token: str, hashes: Mapping[str, Sequence[str]]) -> Role | None:
    """Every known hash is compared, so the time tells nothing."""
    given, found = _digest(token), None
    for role in Role:
        for known in hashes.get(role.value, ()):
            if hmac.compare_digest(given.encode(), str(known).encode()):
                found = found or role
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
