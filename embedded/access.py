"""Tokens and keys of an embedded stack: made once, kept in ``.embedded/env``, stored in its Secrets Manager."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress

from batch_import.domain.tokens import MalformedTokens, digest_of, tokens_of

from embedded.deployment import Stack
from embedded.emulator import Emulator
from embedded.settings import Settings

OWN = "embedded-"  # names of the tokens in .embedded/env begin so
OPERATOR, VIEWER, PROBE_KEY = "BATCH_IMPORT_TOKEN", "BATCH_IMPORT_VIEWER_TOKEN", "PROBE_API_KEY"


def kept_or_new(settings: Settings, name: str, prefix: str) -> str:
    return settings.saved().get(name) or f"{prefix}{secrets.token_urlsafe(32)}"


def put_secrets(emulator: Emulator, stack: Stack, host: tuple[str, str], tokens: Mapping[str, str]) -> None:
    """Store the digests of the tokens and the host's (address, admin key), as in AWS.

    Tokens that ``batch-import token`` has added are kept.
    """
    secret = stack.outputs["TokensSecretId"]
    kept = _kept_tokens(emulator, secret)
    own = {role: {f"{OWN}{role}": digest_of(token)} for role, token in tokens.items()}
    _put(emulator, secret, {role: {**kept.get(role, {}), **named} for role, named in own.items()})
    _put(emulator, stack.outputs["HostSecretId"], {"base_url": host[0], "admin_key": host[1]})


def _kept_tokens(emulator: Emulator, secret: str) -> dict[str, dict[str, str]]:
    kept: dict[str, dict[str, str]] = {}
    text = emulator.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    with suppress(ValueError, MalformedTokens):
        for token in tokens_of(json.loads(text)):
            kept.setdefault(token.role, {})[token.name] = token.digest
    return kept


def _put(emulator: Emulator, secret: str, value: object) -> None:
    client = emulator.client("secretsmanager")
    text = json.dumps(value)
    if client.get_secret_value(SecretId=secret)["SecretString"] != text:
        client.put_secret_value(SecretId=secret, SecretString=text)
