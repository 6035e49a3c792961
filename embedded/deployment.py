"""Deploys ``template.yaml`` into MiniStack by ``sam build`` and ``sam deploy``, when something has changed."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from embedded import home, ministack
from embedded.emulator import Emulator
from embedded.errors import EmbeddedError
from embedded.settings import LOOPBACK, STACK_NAME, STAGE, Settings

SOURCES = ("template.yaml", "samconfig.toml", "layers", "functions")
# Kept in the emulator's own state: when that state is lost or older, the next start deploys.
FINGERPRINT = f"/{STACK_NAME}/embedded/fingerprint"
WORKING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")  # after a rollback the former stack works


@dataclass(frozen=True)
class Stack:
    """The deployed stack, by the outputs of its template."""

    settings: Settings
    outputs: dict[str, str]

    @property
    def url(self) -> str:
        """The gateway's path form, because not every browser resolves ``*.localhost``."""
        return f"{self.settings.endpoint}/_aws/execute-api/{self.outputs['ApiId']}/{STAGE}"


class Deployment:
    def __init__(self, settings: Settings, emulator: Emulator) -> None:
        self.settings = settings
        self.emulator = emulator

    def current(self) -> Stack | None:
        """The deployed stack, or None when there is no working one."""
        found = self._describe()
        if found is None or found["StackStatus"] not in WORKING:
            return None
        return Stack(self.settings, {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])})

    def up_to_date(self) -> bool:
        return self._deployed_fingerprint() == self.fingerprint() and self.current() is not None

    def queue_unfinished(self) -> None:
        """Let the reconcile function queue all that is not done: a crash has taken the messages along."""
        name = self.emulator.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId="ReconcileFunction"
        )["StackResourceDetail"]["PhysicalResourceId"]
        event = b'{"restarted": true}'
        self.emulator.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=event)

    def deploy(self) -> None:
        fingerprint = self.fingerprint()  # of what is built; a file saved in the meantime is deployed next time
        self._forget_fingerprint()
        self._remove_broken_stack()
        self.build()
        try:
            self._sam_deploy()
        except EmbeddedError as error:
            raise EmbeddedError(f"{error}{self._resource_failure()}") from None
        self._complete()
        self.emulator.client("ssm").put_parameter(Name=FINGERPRINT, Value=fingerprint, Type="String", Overwrite=True)

    def _sam_deploy(self) -> None:
        self._sam(
            "deploy",
            *("--template-file", str(self._build / "template.yaml"), "--config-file", str(self._config)),
            *("--stack-name", STACK_NAME, "--no-confirm-changeset", "--no-progressbar"),
            *("--parameter-overrides", *self._overrides),
        )

    def build(self) -> None:
        """Run ``sam build``. Each Python has its own cache, because SAM's cache ignores EMBEDDED_PYTHON."""
        cache = self.settings.home / f"cache-{sys.implementation.cache_tag}"
        self._sam(
            "build", "--build-dir", str(self._build), "--cache-dir", str(cache), "--config-file", str(self._config)
        )
        for folder in (self._build, cache, self._packages):
            home.close(folder)  # SAM copies files with the modes of the originals, whatever the umask

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for part in (sys.version, ministack.VERSION, *self._overrides):
            digest.update(part.encode() + b"\0")
        for path in _files(self.settings.root):
            digest.update(f"{path.relative_to(self.settings.root)}\0".encode() + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def _complete(self) -> None:
        """Apply the parts of a template that MiniStack ignores: the gateway's own answers and times to live."""
        stack = self.current()
        if stack is None:
            raise EmbeddedError(f"the stack was not deployed; the reason is in {self._log}")
        self._put_gateway_responses(stack.outputs["ApiId"])
        for output in ("RunsTable", "ItemsTable", "EventsTable", "SecretsTable"):
            self._enable_time_to_live(stack.outputs[output])

    def _put_gateway_responses(self, api_id: str) -> None:
        built = yaml.safe_load((self._build / "template.yaml").read_text(encoding="utf-8"))
        body = built["Resources"]["Api"]["Properties"]["DefinitionBody"]
        client = self.emulator.client("apigateway")
        for kind, response in body["x-amazon-apigateway-gateway-responses"].items():
            status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
            client.put_gateway_response(
                restApiId=api_id,
                responseType=kind,
                responseParameters=response.get("responseParameters", {}),
                responseTemplates=response["responseTemplates"],
                **status,
            )
        client.create_deployment(restApiId=api_id, stageName=STAGE)

    def _enable_time_to_live(self, table: str) -> None:
        client = self.emulator.client("dynamodb")
        if client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
            specification = {"Enabled": True, "AttributeName": "expires_at"}
            client.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)

    def _describe(self) -> dict[str, Any] | None:
        try:
            stacks = self.emulator.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        except ClientError:
            return None
        return stacks[0] if stacks else None

    def _resource_failure(self) -> str:
        """The first failed resource and its reason from the stack's events, which SAM's message lacks; or nothing."""
        try:
            events = self.emulator.client("cloudformation").describe_stack_events(StackName=STACK_NAME)["StackEvents"]
        except ClientError:
            return ""
        failed = (one for one in events if one["ResourceStatus"].endswith(("CREATE_FAILED", "UPDATE_FAILED")))
        first = next(failed, None)
        return f"; {first['LogicalResourceId']}: {first.get('ResourceStatusReason', '')}" if first else ""

    def _remove_broken_stack(self) -> None:
        """Delete a stack whose first deployment failed: it cannot be updated."""
        if self._describe() is not None and self.current() is None:
            client = self.emulator.client("cloudformation")
            client.delete_stack(StackName=STACK_NAME)
            client.get_waiter("stack_delete_complete").wait(
                StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def _deployed_fingerprint(self) -> str | None:
        try:
            return str(self.emulator.client("ssm").get_parameter(Name=FINGERPRINT)["Parameter"]["Value"])
        except ClientError:
            return None

    def _forget_fingerprint(self) -> None:
        if self._deployed_fingerprint() is not None:
            self.emulator.client("ssm").delete_parameter(Name=FINGERPRINT)

    @property
    def _overrides(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.settings.parameters.items()]

    @property
    def _build(self) -> Path:
        return self.settings.home / "build"

    @property
    def _packages(self) -> Path:
        """Folder of the functions' third-party packages, by their pins: running functions keep theirs."""
        pins = (self.settings.root / "layers" / "dependencies" / "requirements.txt").read_bytes()
        digest = hashlib.sha256(sys.version.encode() + pins).hexdigest()[:12]
        return self.settings.home / "packages" / digest

    @property
    def _config(self) -> Path:
        return self.settings.root / "samconfig.toml"

    @property
    def _log(self) -> Path:
        return self.settings.logs / "sam.log"

    def _sam(self, command: str, *arguments: str) -> None:
        if not self.settings.sam.exists():
            raise EmbeddedError("the SAM command line is not installed in .venv-sam: run make install")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            code = subprocess.run(  # noqa: S603 - our own command line
                [str(self.settings.sam), command, *arguments],
                env=self._environment(),
                cwd=self.settings.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code:
            raise EmbeddedError(f"sam {command} failed: {_last_error(self._log)} (all of it: {self._log})")

    def _environment(self) -> dict[str, str]:
        """For SAM: the build needs the user's package index and proxies; the deployment must reach MiniStack only."""
        kept = {name: value for name, value in self.settings.environment.items() if not name.startswith("AWS_")}
        return (
            kept
            | self.settings.aws_environment
            | {
                "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{self.settings.stack_port}",
                "EMBEDDED_PYTHON": sys.executable,
                "EMBEDDED_PACKAGES": str(self._packages),
                "SAM_CLI_TELEMETRY": "0",
                "SAM_CLI_POLL_DELAY": "1",
            }
        )


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        path = root / source
        found: Sequence[Path] = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in found if one.is_file() and "__pycache__" not in one.parts)


def _last_error(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if "Error" in line), "no reason was given")
