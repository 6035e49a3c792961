"""``make invoke FN=…``: one function as it was built, under Lambda's runtime interface emulator, against this stack.

The emulator of the runtime comes with the SAM command line, its client with awslambdaric. The event names a run
that is made for it, and the queue of that stage is held until the function has answered: so something really happens.
"""

import json
import platform
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded import network
from embedded.access import OPERATOR
from embedded.deployment import Stack
from embedded.errors import EmbeddedError
from embedded.settings import LOOPBACK, STACK_NAME, Settings
from embedded.stack import Embedded

WAIT_SECONDS = 60.0
_START_SECONDS = 30  # which the emulator counts as the function's time, and Lambda does not
_INVOKE = "/2015-03-31/functions/function/invocations"
_RUNS = "/api/batch-import/runs"
_STAGES = {"provision": "probe", "confirmation": "confirm", "validation": "validate", "dead_letter": "probe"}
_HELD = {"dead_letter": "provision"}  # whose queue is held, where it is not the function's own
FUNCTIONS = ("api", "authorizer", "provision", "confirmation", "validation", "dead_letter", "reconcile")


class Invocation:
    """One function of a running stack, by the name of its folder."""

    def __init__(self, embedded: Embedded, name: str) -> None:
        """Raises ``EmbeddedError`` for an unknown name, or when the stack is down."""
        if name not in FUNCTIONS:
            raise EmbeddedError(f"there is no function {name}: FN is one of {', '.join(FUNCTIONS)}")
        stack = embedded.running()
        if stack is None:
            raise EmbeddedError("the stack is down: make up starts it")
        self.settings: Settings = embedded.settings
        self._emulator = embedded.emulator
        self._stack: Stack = stack
        self._name = name
        self._folder = embedded.settings.home / "invoke"

    def run(self) -> tuple[Any, Mapping[str, Any] | None]:
        """The function's answer, and the item of the event as it is afterwards; None for a function of no item."""
        with self._held():
            event, run_id = self._event()
            self._write("event.json", event)
            self._write("env.json", {_logical(self._name): self._environment()})
            answer = self._under_runtime(event)
            return answer, self._item(run_id) if run_id else None

    def hint(self) -> str:
        """The same by the SAM command line, where Docker is at hand."""
        return (
            f"sam local invoke {_logical(self._name)} --event {self._folder / 'event.json'} "
            f"--env-vars {self._folder / 'env.json'} --docker-network host"
        )

    # --- the event

    def _event(self) -> tuple[dict[str, Any], str | None]:
        example = json.loads((self.settings.root / "events" / f"{self._name}.json").read_text(encoding="utf-8"))
        if self._name == "api":
            headers = {**example["headers"], "Idempotency-Key": f"invoke-{time.time_ns()}"}
            return {**example, "headers": headers, "body": json.dumps(self._request())}, None
        if self._name == "authorizer":
            return {**example, "authorizationToken": f"Bearer {self.settings.saved()[OPERATOR]}"}, None
        if self._name not in _STAGES:
            return example, None
        run_id = self._call("POST", _RUNS, self._request())["run_id"]
        self._await(lambda: self._item(run_id)["current_stage"] == _STAGES[self._name])
        record = {**example["Records"][-1], "body": json.dumps({"run_id": run_id, "items": ["item_00001"]})}
        record["attributes"].pop("DeadLetterQueueSourceArn", None)  # of an item of any stage
        return {"Records": [record]}, run_id

    def _request(self) -> dict[str, Any]:
        name = f"invoke-{time.time_ns()}"
        relay = f"http://{LOOPBACK}:{self.settings.relay_port}/healthy/{name}/v1"
        items = [{"base_url": relay, "api_key": f"sk-test-{name}"}]
        users = [self.settings.subscription_user]
        return {"access_mode": "subscription", "subscription_users": users, "items": items}

    def _item(self, run_id: str) -> Any:
        return self._call("GET", f"{_RUNS}/{run_id}/items/item_00001")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return network.call(method, f"{self._stack.url}{path}", body, token=self.settings.saved()[OPERATOR])

    def _await(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"no item came to the function {self._name} within {WAIT_SECONDS:.0f} s")
            time.sleep(0.1)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The stack itself does not work the queue of the item's stage inside the block."""
        name = _HELD.get(self._name, self._name)
        client = self._emulator.client("lambda")
        found = client.list_event_source_mappings(FunctionName=self._physical(name))["EventSourceMappings"]
        ids = [one["UUID"] for one in found]
        try:
            for each in ids:
                client.update_event_source_mapping(UUID=each, Enabled=False)
            yield
        finally:
            for each in ids:
                client.update_event_source_mapping(UUID=each, Enabled=True)

    # --- the function

    def _physical(self, name: str) -> str:
        resource = self._emulator.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=_logical(name)
        )
        return str(resource["StackResourceDetail"]["PhysicalResourceId"])

    def _configuration(self) -> Mapping[str, Any]:
        client = self._emulator.client("lambda")
        return dict(client.get_function_configuration(FunctionName=self._physical(self._name)))

    def _environment(self) -> dict[str, str]:
        """The variables of the deployed function: all its names are those of this stack."""
        return dict(self._configuration()["Environment"]["Variables"])

    def _under_runtime(self, event: Any) -> Any:
        """The answer to ``event``; the function's log goes to stderr."""
        configuration = self._configuration()
        gateway, runtime = _free_port(), _free_port()
        task = self.settings.root / "functions" / self._name
        environment = {
            **self.settings.child_environment,
            **configuration["Environment"]["Variables"],
            "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configuration["Timeout"] + _START_SECONDS),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": ":".join([str(task), *_layers(self.settings.home / "build")]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [
            *(str(self._interface_emulator()), "--log-level", "error"),
            *("--runtime-interface-emulator-address", f"{LOOPBACK}:{gateway}"),
            *("--runtime-api-address", f"{LOOPBACK}:{runtime}"),
            *(sys.executable, "-m", "awslambdaric", configuration["Handler"]),
        ]
        process = subprocess.Popen(command, env=environment, cwd=task, stdout=sys.stderr, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            self._await(lambda: _listens(gateway) or process.poll() is not None)
            return network.call("POST", f"http://{LOOPBACK}:{gateway}{_INVOKE}", event)
        finally:
            process.terminate()
            process.wait(10)

    def _interface_emulator(self) -> Path:
        machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        found = sorted(
            (self.settings.root / ".venv-sam").glob(f"lib/*/site-packages/samcli/**/aws-lambda-rie-{machine}")
        )
        if not found or sys.platform != "linux":
            raise EmbeddedError(
                "Lambda's runtime interface emulator is for Linux, and comes with .venv-sam: make install"
            )
        return found[0]

    def _write(self, name: str, value: Any) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / name
        path.write_text(json.dumps(value, indent=2), encoding="utf-8")
        path.chmod(0o600)


def _logical(name: str) -> str:
    """The function's name in the template, by that of its folder."""
    return f"{''.join(part.title() for part in name.split('_'))}Function"


def _layers(build: Path) -> list[str]:
    """Where the built layers say that their packages lie (layers/*/Makefile)."""
    notes = sorted(build.glob("*Layer/python/lib/embedded/site-packages/*.pth"))
    return [re.findall(r"'([^']+)'", note.read_text(encoding="utf-8"))[0] for note in notes]


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
