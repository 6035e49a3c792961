"""``make backup`` and ``make restore``: the state of a stack in one file, taken while it runs or is down.

Rows are copied as a power cut would leave them: whole files, and the newest journal up to where it was. Messages are
not in it; the next start queues what is not done. Without secrets the file has no key, token or credential: the stack
that it is restored into makes its own, and keys of relays that were sealed before can be opened no more.
"""

import io
import json
import os
import secrets
import tarfile
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch_import import __version__

from embedded import home
from embedded.errors import EmbeddedError
from embedded.settings import Settings

MANIFEST, STATE, ENV = "manifest.json", "state", "env"
_FORMAT = 1
_TRIES = 20
_PARTS = {"journal", "lambda-blobs", "s3"}  # folders of the state; other files belong to services that are not used
_CONTROL = "control.json"
_FINGERPRINT = "/embedded/fingerprint"
_PLACEHOLDERS = {"TokensSecret": '{"operator": {}, "viewer": {}}', "HostSecret": "{}"}


def backup(settings: Settings, file: Path, *, with_secrets: bool) -> int:
    """Write ``file``, readable by its owner only; its size in bytes. Raises ``EmbeddedError``."""
    state = settings.home / STATE
    if not (state / _CONTROL).is_file():
        raise EmbeddedError(f"there is nothing to back up in {state}")
    parts = {f"{STATE}/{name}": data for name, data in _consistent(state).items()}
    control = f"{STATE}/{_CONTROL}"
    if with_secrets:
        parts[ENV] = settings.env_file.read_bytes()
    else:
        parts[control] = _without_secrets(parts[control])
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = {"format": _FORMAT, "version": __version__, "made_at": made_at, "with_secrets": with_secrets}
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            _write(raw, {MANIFEST: json.dumps(manifest).encode(), **parts})
            raw.flush()
            os.fsync(raw.fileno())
    except OSError as problem:
        draft.unlink(missing_ok=True)
        raise EmbeddedError(f"{file} cannot be written: {problem.strerror}") from None
    draft.replace(file)
    return file.stat().st_size


@home.private_umask()
def restore(settings: Settings, file: Path) -> dict[str, Any]:
    """Put the state of ``file`` in the place of a stopped stack's, which is kept as ``state.before-restore``.

    Returns the manifest. The next start deploys this checkout's code over it.
    """
    found = _read(file)
    manifest = json.loads(found.pop(MANIFEST))
    home.prepare(settings)
    state, before = settings.home / STATE, settings.home / "state.before-restore"
    if state.exists():
        if before.exists():
            raise EmbeddedError(f"{before} is left from the last restore: remove it first")
        state.rename(before)
    control = f"{STATE}/{_CONTROL}"
    found[control] = _to_be_deployed(found[control])
    for name, data in found.items():
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    home.close(settings.home)
    return dict(manifest)


# --- copying


def _consistent(state: Path) -> dict[str, bytes]:
    """The files of a state that may be written meanwhile: again, when a snapshot has taken a journal's place."""
    for _ in range(_TRIES):
        names = _names(state)
        try:
            found = {name: (state / name).read_bytes() for name in names}
        except FileNotFoundError:
            continue
        if _names(state) == names:
            return found
        time.sleep(0.1)
    raise EmbeddedError("the state changed too quickly to be copied; try again")


def _names(state: Path) -> list[str]:
    """In the order of the journals' numbers: the newest is read last, and may grow meanwhile."""
    inside = (path for part in sorted(_PARTS) for path in sorted((state / part).rglob("*")) if path.is_file())
    names = [str(path.relative_to(state)) for path in inside if not path.name.endswith((".new", ".lock"))]
    return [_CONTROL, *names]


def _write(raw: Any, parts: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
        for name, data in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(data))


def _read(file: Path) -> dict[str, bytes]:
    """The files of a backup by their names. Raises ``EmbeddedError`` for anything else."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            found = {entry.name: _content(archive, entry) for entry in archive}
        manifest = json.loads(found[MANIFEST])
        known = manifest["format"] == _FORMAT and f"{STATE}/{_CONTROL}" in found
    except FileNotFoundError:
        raise EmbeddedError(f"there is no file {file}") from None
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise EmbeddedError(f"{file} is no whole backup of this version")
    return found


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    parts = Path(entry.name).parts
    inside = entry.name in (MANIFEST, ENV, f"{STATE}/{_CONTROL}") or (parts[0] == STATE and parts[1] in _PARTS)
    data = archive.extractfile(entry) if entry.isfile() and inside and ".." not in parts else None
    if data is None:
        raise ValueError("a file that no backup has")
    return data.read()


# --- what stands in the other state


def _without_secrets(control: bytes) -> bytes:
    """Secrets as a new deployment has them, and another key in the place of each key."""
    states = json.loads(control)
    for secret in _rows(states, "secretsmanager", "secrets"):
        kind = next((kind for kind in _PLACEHOLDERS if kind in secret["Name"]), None)
        value = _PLACEHOLDERS[kind] if kind else secrets.token_urlsafe(48)
        for version in secret["Versions"].values():
            version.update(SecretString=value, SecretBinary=None)
    for key in _rows(states, "kms", "keys"):
        for name in [name for name in key if name.startswith("_")]:
            key[name] = b64encode(secrets.token_bytes(32)).decode() if name == "_symmetric_key_b64" else None
    return json.dumps(states).encode()


def _to_be_deployed(control: bytes) -> bytes:
    """Without the fingerprint of what was deployed: addresses and folders of another checkout differ."""
    states = json.loads(control)
    parameters = states.get("ssm", {}).get("parameters", {}).get("data", {})
    for name in [name for name in parameters if _FINGERPRINT in name]:
        del parameters[name]
    return json.dumps(states).encode()


def _rows(states: dict[str, Any], service: str, kind: str) -> Iterator[dict[str, Any]]:
    yield from states.get(service, {}).get(kind, {}).get("data", {}).values()
