"""Tokens and keys of an embedded stack: made once, kept in ``.embedded/env``, stored in its Secrets Manager."""

import hashlib
import json
import secrets
from collections.abc import Mapping

from embedded.deployment import Stack
from embedded.emulator import Emulator
from embedded.settings import Settings

OPERATOR, VIEWER, PROBE_KEY = "BATCH_IMPORT_TOKEN", "BATCH_IMPORT_VIEWER_TOKEN", "PROBE_API_KEY"


def kept_or_new(settings: Settings, name: str, prefix: str) -> str:
    return settings.saved().get(name) or f"{prefix}{secrets.token_urlsafe(32)}"


def put_secrets(emulator: Emulator, stack: Stack, host: tuple[str, str], tokens: Mapping[str, str]) -> None:
    """Store the digests of the tokens and the host's (address, admin key), as in AWS."""
    digests = {role: [hashlib.sha256(token.encode()).hexdigest()] for role, token in tokens.items()}
    _put(emulator, stack.outputs["TokensSecretId"], digests)
    _put(emulator, stack.outputs["HostSecretId"], {"base_url": host[0], "admin_key": host[1]})


def _put(emulator: Emulator, secret: str, value: object) -> None:
    client = emulator.client("secretsmanager")
    text = json.dumps(value)
    if client.get_secret_value(SecretId=secret)["SecretString"] != text:
        client.put_secret_value(SecretId=secret, SecretString=text)
