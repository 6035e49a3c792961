"""Bearer tokens: names, roles and digests, as the tokens secret holds them (docs/operations.md)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from batch_import.domain.types import Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


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


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def digest_of(token: str) -> str:
    """The form in which a token is stored: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
