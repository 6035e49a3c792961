"""Where the API is and who calls it: from the environment, else from the stack in this checkout."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from batch_import_cli.errors import InputError
from batch_import_cli.words import _

URL, TOKEN, PROBE_KEY = "BATCH_IMPORT_URL", "BATCH_IMPORT_TOKEN", "PROBE_API_KEY"
POLL_SECONDS = "BATCH_IMPORT_POLL_SECONDS"
_KEY_ID, _SECRET = "EMBEDDED_ACCESS_KEY_ID", "EMBEDDED_SECRET_ACCESS_KEY"
_FROM_FILE = (URL, TOKEN, PROBE_KEY)
_HOME, _USUAL_HOME = "EMBEDDED_HOME", ".embedded"  # the folder of a stack, as `make up` takes it


@dataclass(frozen=True)
class Embedded:
    """Where the emulator of an embedded stack answers AWS's calls, and with which keys."""

    endpoint: str
    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Environment:
    """Variables of the process, completed by the stack's file ``env``, which is read only when needed.

    It is that of ``EMBEDDED_HOME``, else ``.embedded/env`` of the checkout.
    """

    variables: Mapping[str, str] = field(repr=False)
    directory: Path

    @classmethod
    def of_process(cls) -> "Environment":
        return cls(os.environ, Path.cwd())

    def get(self, name: str) -> str | None:
        value = self.variables.get(name, "").strip()
        if not value and name in _FROM_FILE:
            value = self._file.get(name, "").strip()
        return value or None

    @cached_property
    def _file(self) -> Mapping[str, str]:
        path = _find(self.directory, self.variables.get(_HOME, "").strip() or _USUAL_HOME)
        return {} if path is None else _read(path)

    @property
    def poll_seconds(self) -> float:
        try:
            return max(0.0, float(self.variables.get(POLL_SECONDS) or 1.0))
        except ValueError:
            raise InputError(_("{name} is not a number of seconds").format(name=POLL_SECONDS)) from None

    def root(self, given: str | None) -> str:
        """The stage root that API paths and pages are appended to."""
        url = given or self.get(URL)
        if url is None:
            hint = _("set {name}, give --url, or run `make up` and this in the checkout").format(name=URL)
            raise InputError(_("the API's address is not known"), hint)
        return _checked(url)

    def secret(self, name: str, given: str | None) -> str | None:
        """A token or key for this address; one of ``.embedded/env`` is only for the stack that this file names."""
        own = self.variables.get(name, "").strip()
        if own:
            return own
        stack = self._file.get(URL, "")
        return self.get(name) if stack and _checked(stack) == self.root(given) else None

    @property
    def embedded(self) -> Embedded | None:
        """The embedded stack of ``.embedded/env``, if there is one."""
        url, key_id, secret = (self._file.get(name, "") for name in (URL, _KEY_ID, _SECRET))
        if not (url and key_id and secret):
            return None
        parts = urlsplit(_checked(url))
        return Embedded(f"{parts.scheme}://{parts.netloc}", key_id, secret)

    def token(self, given: str | None) -> str:
        """Raises ``InputError`` when there is none."""
        token = self.secret(TOKEN, given)
        if token is None:
            raise InputError(
                _("{name} is not set: the API answers nobody without a token").format(name=TOKEN),
                "batch-import token add NAME --role operator",
            )
        if not (token.isascii() and token.isprintable()):
            raise InputError(_("{name} holds characters that no token has").format(name=TOKEN))
        return token


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise InputError(_("{name} (or --url) is not an http or https address").format(name=URL))
    if parts.username or parts.password or parts.query or parts.fragment:
        told = _("{name} (or --url) is an address only: no user, password, query or fragment")
        raise InputError(told.format(name=URL))
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _find(directory: Path, home: str) -> Path | None:
    candidates = (folder / home / "env" for folder in (directory, *directory.parents))
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> Mapping[str, str]:
    try:
        state = path.stat()
        # A file of someone else's in a shared parent folder would decide where our keys are sent.
        if state.st_uid != os.geteuid() or state.st_mode & 0o077:
            told = _("{path} is not used: it must belong to you and be readable by nobody else")
            raise InputError(told.format(path=path), f"chmod 600 {path}")
        return dict(_assignments(path, path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_("{path} cannot be read ({error})").format(path=path, error=type(error).__name__)) from None


def _assignments(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            told = _("{path} line {number}: a quotation mark is not closed").format(path=path, number=number)
            raise InputError(told) from None
        for word in words:
            name, equals, value = word.partition("=")
            if equals:
                yield name, value
