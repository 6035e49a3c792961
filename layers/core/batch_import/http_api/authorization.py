"""Who may call: bearer tokens with roles, of which only digests are stored, compared in constant time.

See docs/design.md#31-routes.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Any

from batch_import.domain.errors import Forbidden
from batch_import.domain.tokens import Token, digest_of, tokens_of
from batch_import.domain.types import Role

_BEARER = re.compile(r"Bearer ([\x21-\x7e]{1,256})", re.IGNORECASE)


def authorize(event: Mapping[str, Any], secret: Mapping[str, Any]) -> dict[str, Any] | None:
    """The policy for a TOKEN authorizer's event, or ``None`` for a token that is not known.

    The policy covers the whole stage, so it can be cached. Raises ``MalformedTokens``.
    """
    tokens = tokens_of(secret)
    match = _BEARER.fullmatch(str(event.get("authorizationToken", "")))
    known = _known(match[1], tokens) if match else None
    if known is None:
        return None
    stage = "/".join(str(event["methodArn"]).split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage}/*"}
    return {
        "principalId": known.name,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"role": known.role.value},
    }


def demand_operator(role: str | None) -> None:
    """Raises ``Forbidden`` for anyone but an operator."""
    if role != Role.OPERATOR:
        raise Forbidden("this token may only read", "该令牌只有读取权限")


def _known(given: str, tokens: list[Token]) -> Token | None:
    """Every known digest is compared, so the time tells nothing."""
    digest, found = digest_of(given), None
    for token in tokens:
        if hmac.compare_digest(digest.encode(), token.digest.encode()):
            found = found or token
    return found
