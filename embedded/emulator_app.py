"""MiniStack's application as the emulator runs it: what it does very often is done faster here."""

import copy
import json
import marshal
import subprocess
import sys
import threading
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import orjson
from ministack.app import app
from ministack.core import lambda_runtime
from ministack.services import dynamodb

from embedded.forking import Forked, Parent, Request

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


lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": _started})
dynamodb.copy = SimpleNamespace(deepcopy=_copied)
dynamodb.json = SimpleNamespace(**{**vars(json), "loads": orjson.loads, "dumps": _written})
for _pure in ("_tokenize", "_condition_syntax_error"):  # a few dozen expressions, each of them read again and again
    setattr(dynamodb, _pure, lru_cache(maxsize=1024)(getattr(dynamodb, _pure)))
