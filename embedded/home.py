"""The folder of a stack: readable by its owner only, with the keys of its emulator in its env file."""

import base64
import os
import secrets
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.settings import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Settings
from embedded.terminal import tell

OTHERS = 0o077  # every right of the group and of others
OURS = {"env", "logs", "state"}  # every earlier start has left one of them


@contextmanager
def private_umask() -> Iterator[None]:
    """Files that this process, or one that it starts, makes inside the block have no rights for others."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


@private_umask()
def prepare(settings: Settings) -> None:
    """Make the folder and the emulator's keys, or keep those of an earlier start. Prints when others could read it."""
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    _require_ours(home)
    readable = home.stat().st_mode & OTHERS  # else nobody came through to what is inside
    opened = close(home)
    if readable:
        told = "1 file or folder" if opened == 1 else f"{opened} files and folders"
        tell(f"Others on this machine could read {told} of {home}; they cannot any more.")
    if not settings.credentials:
        made = {ACCESS_KEY_ID: _access_key_id(), SECRET_ACCESS_KEY: secrets.token_urlsafe(30)}
        write_env_file(settings, {**settings.saved(), **made})


def _require_ours(home: Path) -> None:
    inside = {path.name for path in home.iterdir()}
    if inside and not inside & OURS:
        raise EmbeddedError(f"{home} holds other files: EMBEDDED_HOME must name an empty folder, or one of a stack")


def close(home: Path) -> int:
    """Remove all rights of others from the folder and all in it; returns how many files and folders had some."""
    try:
        return sum(map(_close, (home, *home.rglob("*"))))
    except PermissionError as error:
        raise EmbeddedError(f"{error.filename} belongs to another user: remove {home} as that user") from None


def _close(path: Path) -> bool:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or not mode & OTHERS:
        return False
    path.chmod(mode & 0o7777 & ~OTHERS)
    return True


def _access_key_id() -> str:
    """A random id in AWS's form: twenty characters."""
    return f"AKIA{base64.b32encode(secrets.token_bytes(10)).decode()}"


def write_env_file(settings: Settings, values: Mapping[str, str]) -> None:
    """Write the env file: readable by its owner only from the first byte on, and replaced in one step."""
    draft = settings.env_file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"export {name}={_quoted(value)}\n" for name, value in values.items())
    draft.replace(settings.env_file)


def _quoted(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
