"""Who may call: bearer tokens with names and roles; only their digests are stored, compared in constant time.

See docs/design.md#31-routes.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from batch_import.domain.errors import Forbidden

_BEARER = re.compile(r"Bearer ([\x21-\x7e]{1,256})", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    OPERATOR = "operator"
    VIEWER = "viewer"


class Token(NamedTuple):
    """``digest`` is the SHA-256 of the token, in hex."""

    name: str
    role: Role
    digest: str


class MalformedTokens(Exception):
    """The tokens secret is not ``{"operator": {NAME: DIGEST}, "viewer": {…}}``; the message repeats nothing of it."""


def tokens_of(secret: Mapping[str, Any]) -> list[Token]:
    """The tokens of the tokens secret. Raises ``MalformedTokens``: what is only half right lets nobody in."""
    if not set(secret) <= set(Role) or not all(isinstance(named, Mapping) for named in secret.values()):
        raise MalformedTokens("the tokens secret must hold objects called operator and viewer, and nothing else")
    tokens = [Token(name, role, digest) for role in Role for name, digest in secret.get(role, {}).items()]
    if not all(NAME.fullmatch(token.name) and _is_digest(token.digest) for token in tokens):
        raise MalformedTokens("each entry of the tokens secret must be a name and the SHA-256 of a token in hex")
    if len({token.name for token in tokens}) < len(tokens):
        raise MalformedTokens("a name stands twice in the tokens secret")
    return tokens


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
        raise Forbidden("this token may only read")


def _known(given: str, tokens: list[Token]) -> Token | None:
    """Every known digest is compared, so the time tells nothing."""
    digest, found = digest_of(given), None
    for token in tokens:
        if hmac.compare_digest(digest.encode(), token.digest.encode()):
            found = found or token
    return found


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def digest_of(token: str) -> str:
    """The form in which a token is stored: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
