"""The deployment by AWS's own calls, for its owner: the embedded stack of this checkout, or a stack in AWS."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from batch_import_cli.config import Embedded, Environment
from batch_import_cli.errors import ApiError, InputError
from batch_import_cli.words import _

STACK = "batch-import"


@dataclass(frozen=True)
class Deployment:
    """``embedded`` names the emulator; without it AWS is asked, with the credentials that every SDK finds."""

    stack: str
    embedded: Embedded | None

    @classmethod
    def chosen(cls, environment: Environment, stack: str | None) -> "Deployment":
        """The named stack in AWS, or else the embedded one of this checkout. Raises ``InputError`` without either."""
        if stack is not None:
            return cls(stack, None)
        embedded = environment.embedded
        if embedded is None:
            hint = _("--stack NAME for one in AWS, or run this in a checkout after `make up`")
            raise InputError(_("the deployment is not known"), hint)
        return cls(STACK, embedded)

    def client(self, service: str) -> Any:
        import boto3  # half of a second that other commands do not need

        if self.embedded is None:
            return boto3.client(service)  # type: ignore[call-overload]
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.embedded.endpoint,
            aws_access_key_id=self.embedded.key_id,
            aws_secret_access_key=self.embedded.secret,
            region_name="us-east-1",
        )

    @cached_property
    def described(self) -> Mapping[str, Any]:
        with _told(_("the stack {stack}").format(stack=self.stack)):
            return self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]  # type: ignore[no-any-return]

    @property
    def parameters(self) -> dict[str, str]:
        return {one["ParameterKey"]: one.get("ParameterValue", "") for one in self.described.get("Parameters", [])}

    def output(self, name: str) -> str:
        found = {one["OutputKey"]: one["OutputValue"] for one in self.described.get("Outputs", [])}
        if name not in found:
            told = _("the stack {stack} has no output {name}: is it one of this project?")
            raise InputError(told.format(stack=self.stack, name=name))
        return str(found[name])

    def secret(self, output: str) -> dict[str, Any]:
        """A secret's JSON object; empty when it holds anything else."""
        with _told(_("the secret {name}").format(name=output)):
            text = self.client("secretsmanager").get_secret_value(SecretId=self.output(output)).get("SecretString", "")
        try:
            value = json.loads(text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def put_secret(self, output: str, value: Mapping[str, Any]) -> None:
        with _told(_("the secret {name}").format(name=output)):
            self.client("secretsmanager").put_secret_value(SecretId=self.output(output), SecretString=json.dumps(value))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """AWS's refusals as one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told = _("AWS refused {what} ({code})").format(what=what, code=error.response["Error"].get("Code"))
        raise ApiError(told) from None
    except BotoCoreError as error:
        raise InputError(_("AWS cannot be asked for {what}: {error}").format(what=what, error=error)) from None
