"""Inner functions of MiniStack that the stack uses; ``tables``, ``control_state`` and ``workers`` name more of them.

They are no public interface. One version is known, and another one does not start. There are two kinds:

- Security and durability rest on the application, the check of signatures, the keys of roles' sessions, and on what the
  three other modules replace. If one of these functions is missing or takes other parameters, ``Changed`` is raised and
  nothing starts.
- Speed-ups (``speed_up``) exchange what MiniStack does very often. One that does not fit is left out alone, with a
  warning in the log: the answers are the same, for more CPU.

For another version: compare the functions named here with its source, set ``VERSION`` and the pin in
requirements-dev.in, and run tests/project/test_embedded_*.py.

Functions take ``load``, which gives a module by its name, so that tests can give them changed modules.
"""

import copy
import hashlib
import hmac
import inspect
import json
import logging
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType, SimpleNamespace
from typing import Any

import orjson

from embedded.errors import EmbeddedError
from embedded.forking import Forked, Request, forked

VERSION = "1.5.33"
SIGV4, IAM = "ministack.core.sigv4", "ministack.core.iam_evaluator"
LAMBDA, DYNAMODB = "ministack.core.lambda_runtime", "ministack.services.dynamodb"
LAYERS = "_LAMBDA_LAYERS_DIRS"  # variable of a function's process: the folders of its layers
WORKER_OPTIONS = {"cwd", "stdin", "stdout", "stderr", "text", "bufsize", "env"}  # of Popen, for a function's process

Load = Callable[[str], Any]
SecretOf = Callable[[str], str | None]
log = logging.getLogger(__name__)


class Changed(EmbeddedError):
    """An inner function of MiniStack is not as in the version that is known."""


def require_known_version() -> None:
    """Raise EmbeddedError unless MiniStack is installed in the version that this module knows."""
    try:
        installed = version("ministack")
    except PackageNotFoundError:
        installed = "none"
    if installed != VERSION:
        raise EmbeddedError(
            f"this stack needs MiniStack {VERSION}, and the installed version is {installed}; access control and state "
            f"rest on functions of that version. Install it: {sys.executable} -m pip install ministack=={VERSION}"
        )


# --- what security rests on


def application(load: Load = import_module) -> Callable[..., Any]:
    """MiniStack's ASGI application."""
    return function(load, "ministack.app", "app", "scope receive send")


def owners_secrets(load: Load = import_module) -> SecretOf:
    """Returns the function that gives the secret of an access key id: the owner's, of a role's session, or of a user.

    None for any other id, and always None without ``AWS_SECRET_ACCESS_KEY``: MiniStack's default is public.
    """
    resolve = function(load, IAM, "resolve_credential", "access_key_id account_id session_token")

    def secret_of(access_key_id: str) -> str | None:
        if not os.environ.get("AWS_SECRET_ACCESS_KEY"):
            return None
        return getattr(resolve(access_key_id), "secret_access_key", None)

    return secret_of


class Signatures:
    """MiniStack's check of the signature in an Authorization header; ``secret_of`` is that of ``owners_secrets``."""

    def __init__(self, secret_of: SecretOf, load: Load = import_module) -> None:
        self._secret_of = secret_of
        self._parse = function(load, SIGV4, "parse_header_signature", "headers")
        arguments = "signature secret method raw_path query_params headers body presigned explain"
        self._failure = function(load, SIGV4, "header_signature_failure", arguments)
        self.decode = function(load, SIGV4, "decode_header_value", "value")  # a header's bytes as text

    def find(self, headers: Mapping[str, str]) -> Any:
        """The signature with its secret, for ``holds``; None without a signature by a valid access key id."""
        signature = self._parse(headers)
        if isinstance(signature, tuple):  # the code and the text of an error
            return None
        secret = self._secret_of(signature.access_key_id)
        return (signature, secret) if secret else None

    def holds(
        self,
        found: Any,
        method: str,
        raw_path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """True when the signature that ``find`` gave is the one of this request."""
        signature, secret = found
        return self._failure(signature, secret, method, raw_path, query, headers, body) is None


def key_sessions(load: Load = import_module) -> None:
    """Make the keys of functions' roles secret: MiniStack computes them by SHA-256 from names, which are no secret.

    Its SHA-256 is exchanged for an HMAC by the owner's secret. All else of ``hashlib`` is missing there then, so that
    another hash function fails.
    """
    function(load, LAMBDA, "execution_credentials", "config")
    _exchange(load, LAMBDA, hashlib, SimpleNamespace(sha256=_keyed))


def _keyed(data: bytes) -> Any:
    return hmac.new(os.environ["AWS_SECRET_ACCESS_KEY"].encode(), data, hashlib.sha256)


# --- speed-ups


def speed_up(load: Load = import_module) -> None:
    """Exchange what MiniStack does very often. What does not fit stays as it is, and a warning says why."""
    for exchange in (_copies, _json, _tokens, _conditions, _processes):
        try:
            exchange(load)
        except Changed as problem:
            log.warning("The emulator takes more CPU: %s.", problem)


def _copies(load: Load) -> None:
    _exchange(load, DYNAMODB, copy, SimpleNamespace(**{**vars(copy), "deepcopy": deep_copy}))


def _json(load: Load) -> None:
    _exchange(load, DYNAMODB, json, SimpleNamespace(**{**vars(json), "loads": orjson.loads, "dumps": dump_json}))


def _tokens(load: Load) -> None:
    _remember(load, DYNAMODB, "_tokenize", "expr")


def _conditions(load: Load) -> None:
    _remember(load, DYNAMODB, "_condition_syntax_error", "expr slot")


def _processes(load: Load) -> None:
    _exchange(load, LAMBDA, subprocess, SimpleNamespace(**{**vars(subprocess), "Popen": start}))


def deep_copy(value: Any) -> Any:
    """A deep copy: by ``marshal`` for plain values, which is six times as fast. A transaction makes ten of each row."""
    try:
        return marshal.loads(marshal.dumps(value))  # noqa: S302 - written by this very line
    except ValueError:
        return copy.deepcopy(value)


def dump_json(value: Any, **options: Any) -> str:
    """The value as JSON: by ``orjson`` without options, as when MiniStack measures the length of a transaction."""
    return json.dumps(value, **options) if options else orjson.dumps(value).decode()


def start(command: list[str], **options: Any) -> Any:
    """In place of ``Popen``: a function's process is forked when its layers allow it, any other process is started."""
    forked_one = _fork(command, options) if command[0] == sys.executable else None
    return forked_one or subprocess.Popen(command, **options)  # noqa: S603 - MiniStack's own call


def _fork(command: list[str], options: dict[str, Any]) -> Forked | None:
    if options.keys() != WORKER_OPTIONS:
        log.warning("The emulator takes more CPU: it starts functions with other options, %s.", ", ".join(options))
        return None
    layers = filter(None, options["env"].get(LAYERS, "").split(os.pathsep))
    return forked(Request(command[1], options["cwd"], options["env"]), layers)


# --- access to inner functions


def replace(load: Load, module: str, name: str, parameters: str, make: Callable[[Any], Any]) -> None:
    """Put ``make(function)`` in the place of a function; ``Changed`` as ``function`` raises it."""
    found = function(load, module, name, parameters)
    setattr(load(module), name, make(found))


def function(load: Load, module: str, name: str, parameters: str) -> Callable[..., Any]:
    """The function, or ``Changed`` when it is missing or its parameters have other names."""
    try:
        found: Callable[..., Any] = getattr(load(module), name)
        names = " ".join(inspect.signature(found).parameters)
    except (ImportError, AttributeError, TypeError, ValueError):
        raise Changed(f"MiniStack has no function {module}.{name}") from None
    if names != parameters:
        raise Changed(f"MiniStack's {module}.{name} takes ({names}) instead of ({parameters})")
    return found


def _remember(load: Load, module: str, name: str, parameters: str) -> None:
    """Cache a pure function of expressions: there are a few dozen, each of them read again and again."""
    found = function(load, module, name, parameters)
    setattr(load(module), name, lru_cache(maxsize=1024)(found))


def _exchange(load: Load, module: str, library: ModuleType, instead: SimpleNamespace) -> None:
    """Give the module another library under the name by which it has imported one; ``Changed`` when it has not."""
    name = library.__name__
    try:
        inner = load(module)
        found = getattr(inner, name)
    except (ImportError, AttributeError):
        found = None
    if found is not library:
        raise Changed(f"MiniStack's {module} does not use {name} any more")
    setattr(inner, name, instead)
