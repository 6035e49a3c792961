"""MiniStack's application as the emulator runs it: behind a gate, and what it does very often is done faster."""

import copy
import hashlib
import hmac
import json
import marshal
import os
import subprocess
import sys
import threading
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import orjson
from ministack.app import app as ministack
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import dynamodb

from embedded.forking import Forked, Parent, Request
from embedded.gate import Gate

__all__ = ["app"]
_guard = threading.Lock()


@lru_cache(maxsize=2)  # the functions' layers change with a deployment only
def _parent(places: str) -> Parent:
    return Parent(places)


def _started(command: list[str], **options: Any) -> Any:
    """Functions' processes are forked; what else there may be is started."""
    if command[0] == sys.executable:
        request = Request(command[1], options["cwd"], options["env"])
        if places := request.places:
            with _guard:  # two that come first at once have the same parent
                parent = _parent(places)
            return Forked(parent, request)
    return subprocess.Popen(command, **options)  # noqa: S603 - MiniStack's own call


def _copied(value: Any) -> Any:
    """A deep copy. A transaction makes ten of each row that it updates; ``marshal`` takes plain values only."""
    try:
        return marshal.loads(marshal.dumps(value))  # noqa: S302 - what this very line has written
    except ValueError:
        return copy.deepcopy(value)


def _written(value: Any, **options: Any) -> str:
    """Each transaction is written down as JSON once more, to see how long it is."""
    return json.dumps(value, **options) if options else orjson.dumps(value).decode()


def _secret_of(access_key_id: str) -> str | None:
    """Of the owner's keys, of a session of a role, or of a user's; None for any other."""
    if not os.environ.get("AWS_SECRET_ACCESS_KEY"):
        return None  # MiniStack would take a default that everybody knows
    return getattr(iam_evaluator.resolve_credential(access_key_id), "secret_access_key", None)


def _keyed(data: bytes) -> Any:
    """In place of SHA-256, by which MiniStack makes the keys of a function's role from names that all may know."""
    return hmac.new(os.environ["AWS_SECRET_ACCESS_KEY"].encode(), data, hashlib.sha256)


app = Gate(ministack, _secret_of)
lambda_runtime.hashlib = SimpleNamespace(sha256=_keyed)
lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _started})
dynamodb.copy = SimpleNamespace(deepcopy=_copied)
dynamodb.json = SimpleNamespace(**{**vars(json), "loads": orjson.loads, "dumps": _written})
for _pure in ("_tokenize", "_condition_syntax_error"):  # a few dozen expressions, each of them read again and again
    setattr(dynamodb, _pure, lru_cache(maxsize=1024)(getattr(dynamodb, _pure)))
