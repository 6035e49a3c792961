"""Tokens and keys of an embedded stack: made once, kept in ``.embedded/env``, put into its Secrets Manager."""

import hashlib
import json
import os
import secrets
import shlex
from collections.abc import Mapping

from embedded.deployment import Stack
from embedded.emulator import Emulator
from embedded.settings import Settings

OPERATOR, VIEWER, PROBE_KEY = "BATCH_IMPORT_TOKEN", "BATCH_IMPORT_VIEWER_TOKEN", "PROBE_API_KEY"


def kept_or_new(settings: Settings, name: str, prefix: str) -> str:
    return settings.saved().get(name) or f"{prefix}{secrets.token_urlsafe(32)}"


def put_secrets(emulator: Emulator, stack: Stack, host: tuple[str, str], tokens: Mapping[str, str]) -> None:
    """Only digests of the tokens are stored, as in AWS."""
    digests = {role: [hashlib.sha256(token.encode()).hexdigest()] for role, token in tokens.items()}
    _put(emulator, stack.outputs["TokensSecretId"], digests)
    _put(emulator, stack.outputs["HostSecretId"], {"base_url": host[0], "admin_key": host[1]})


def _put(emulator: Emulator, secret: str, value: object) -> None:
    client = emulator.client("secretsmanager")
    text = json.dumps(value)
    if client.get_secret_value(SecretId=secret)["SecretString"] != text:
        client.put_secret_value(SecretId=secret, SecretString=text)


def write_env_file(settings: Settings, values: Mapping[str, str]) -> None:
    """Readable by its owner from the first byte on; replaced in one step, so no reader sees half of it."""
    draft = settings.env_file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"export {name}={_quoted(value)}\n" for name, value in values.items())
    draft.replace(settings.env_file)


def _quoted(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
