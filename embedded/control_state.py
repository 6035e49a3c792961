"""All state of MiniStack but rows: one file, replaced as a whole as soon as something was made or changed.

Written are secrets, keys, the deployment, and whatever else the emulator holds. While a deployment is under way nothing
is: a crash then leaves the deployment before, and the next start deploys again. Queued messages change too often; they
are written when the stack is stopped (docs/decisions/0021-embedded-journal.md).
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from embedded.errors import EmbeddedError
from embedded.journal import sync
from embedded.ministack import Load, function, replace
from embedded.tables import Tables

APP, PERSISTENCE = "ministack.app", "ministack.core.persistence"
CLOUDFORMATION, FUNCTIONS = "ministack.services.cloudformation", "ministack.services.lambda_svc"
DATA = {"sqs", "logs", "monitoring", "sts"}  # services whose calls change no more than messages, lines and figures
_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
_QUEUE_ADDRESS = re.compile(rb"http://localhost:\d+/(?=\d{12}/)")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_READING = re.compile(r"Get|List|Describe|BatchGet|TransactGet|Query|Scan|Decrypt|Encrypt|Generate|Validate")
_ROWS = re.compile(r"(Put|Update|Delete)Item$|BatchWriteItem$|TransactWriteItems$|Execute(Statement|Transaction)$")


class ControlState:
    def __init__(self, path: Path, tables: Tables, load: Load = import_module, port: str = "4566") -> None:
        """``port`` is the one of this start: queues, and who works on them, are known by addresses with it."""
        self._path, self._tables, self._load, self._port = path, tables, load, port
        self._states: dict[str, Any] | None = None  # None: there is no file yet
        self._due = False

    def open(self) -> None:
        """Read the file, and write it from now on as soon as something has changed. Raises EmbeddedError."""
        self._states = self._read()
        replace(self._load, APP, "load_state", "service", self._state_of)
        replace(self._load, APP, "save_all", "services", lambda _: lambda _: self.save())
        parameters = "method path headers body query_params request_id"
        replace(self._load, APP, "_dispatch_service_request", parameters, self._dispatching)
        self._services = function(self._load, APP, "_build_persistence_save_dict", "")
        self._encode = function(self._load, PERSISTENCE, "_json_default", "obj")
        self._prune = function(self._load, FUNCTIONS, "_prune_orphan_code_blobs", "referenced")

    def save(self) -> None:
        """Replace the file; the code of functions, which has files of its own, is removed only afterwards."""
        unused: list[Any] = []
        self._load(FUNCTIONS)._prune_orphan_code_blobs = unused.append
        states = {name: state for name, of in self._services().items() if (state := of()) is not None}
        for path in self._path.parent.glob("lambda-blobs/*"):
            sync(path)
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(states, file, default=self._encode)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        sync(self._path.parent)
        self._due = False
        for referenced in unused:
            self._prune(referenced)

    def _read(self) -> dict[str, Any] | None:
        hook = function(self._load, PERSISTENCE, "_json_object_hook", "obj")
        try:
            raw = _QUEUE_ADDRESS.sub(f"http://localhost:{self._port}/".encode(), self._path.read_bytes())
            states: dict[str, Any] = json.loads(raw, object_hook=hook)
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as problem:
            raise EmbeddedError(f"{self._path} cannot be read ({problem}): restore it from a backup") from None
        return states

    def _state_of(self, found: Callable[[str], Any]) -> Callable[[str], Any]:
        """In place of ``load_state``: asked for each service once, when the emulator starts."""

        def load_state(service: str) -> Any:
            if self._states is None:
                return found(service)
            state = self._states.pop(service, None)
            if service == "dynamodb" and state:
                self._tables.fill(state)
            return state

        return load_state

    def _dispatching(self, found: Callable[..., Any]) -> Callable[..., Any]:
        async def dispatch(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any, request_id: str
        ) -> Any:
            answer = await found(method, path, headers, body, query_params, request_id)
            if is_control(path, headers):
                self._due = self._due or changes(method, headers, body)
                if self._due and not self._deploying():
                    try:
                        self.save()
                    except OSError as problem:
                        return _failed(f"{self._path.parent} cannot be written: {os.strerror(problem.errno or 0)}")
            return answer

        return dispatch

    def _deploying(self) -> bool:
        stacks = self._load(CLOUDFORMATION)._stacks._data.values()
        return any(str(stack.get("StackStatus", "")).endswith("_IN_PROGRESS") for stack in list(stacks))


def is_control(path: str, headers: Mapping[str, str]) -> bool:
    """Whether a call may change, or asks for, what is neither rows, messages, lines nor figures."""
    found = _SERVICE.search(headers.get("authorization", ""))
    if found is None or found[1] in DATA or path.endswith("/invocations"):
        return False
    return not _ROWS.search(headers.get("x-amz-target", ""))


def changes(method: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a control call changes something: by the name of its action, or by its method."""
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    if not action and (form := _ACTION.search(body[:2000])):
        action = form[1].decode()
    return not _READING.match(action) if action else method not in ("GET", "HEAD")


def _failed(sentence: str) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps({"__type": "InternalFailure", "message": sentence}).encode()
    return 500, {"Content-Type": "application/x-amz-json-1.1"}, body
