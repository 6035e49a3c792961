"""The template's tables, queues, key and secrets in moto, made from template.yaml itself."""

import copy
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config

from tests.support import moto_shortcuts
from tests.support.documents import ROOT, YamlLoader

OPERATOR, VIEWER = "test-operator-token", "test-viewer-token"
DEPLOYMENT_SECRET = "not-a-secret-" + "0" * 40
FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Test",
}


class _Loader(YamlLoader):
    """CloudFormation's short tags, kept as plain values."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: _tag(loader, node))


def _tag(loader: Any, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


@cache
def template() -> dict[str, Any]:
    """The parsed template.yaml; do not change it, all tests share it."""
    return yaml.load((ROOT / "template.yaml").read_text(), _Loader)


class _Session(boto3.Session):
    """Makes a client of each kind once: making it takes longer than most of its calls.

    A client with options is a copy with handlers of its own, because the composition root registers its own.
    """

    def client(self, service_name: str, *, config: Config | None = None) -> Any:  # type: ignore[override]
        if config is None:
            return self._made(service_name, ())
        options = config._user_provided_options.items()
        return _copied(self._made(service_name, tuple((name, repr(value)) for name, value in options), config))

    def _made(self, service_name: str, options: tuple[Any, ...], config: Config | None = None) -> Any:
        made = self.__dict__.setdefault("made", {})
        if (service_name, options) not in made:
            made[service_name, options] = super().client(service_name, config=config)  # type: ignore[call-overload]
        return made[service_name, options]


def _copied(client: Any) -> Any:
    """A client whose handlers can be changed alone."""
    fresh = object.__new__(type(client))
    fresh.__dict__.update(client.__dict__, meta=copy.copy(client.meta), _endpoint=copy.copy(client._endpoint))
    fresh.meta.events = fresh._endpoint._event_emitter = copy.copy(client.meta.events)
    fresh.meta.events._alias_name_cache = client.meta.events._alias_name_cache  # which is never wrong
    return fresh


@cache
def boto_session() -> boto3.Session:
    """One session for all tests that use moto: reading botocore's service descriptions takes most of a test's time."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    return _Session(*(FAKE_AWS[name] for name in names[:2]), region_name=FAKE_AWS[names[2]])


@contextmanager
def moto_stack() -> Iterator["Aws"]:
    """The template's state in moto, empty; the process's environment variables name it inside the block."""
    saved = dict(os.environ)
    os.environ.update(FAKE_AWS)
    with pytest.MonkeyPatch.context() as patch, moto_shortcuts.taken(patch):
        patch.setattr(boto3, "DEFAULT_SESSION", boto_session())
        environment, put_back = _empty_stack()
        put_back()
        os.environ.update(environment)
        yield Aws(dict(environment))
    os.environ.clear()
    os.environ.update(saved)


@cache
def _empty_stack() -> tuple[dict[str, str], Callable[[], None]]:
    """What ``make_stack`` makes in moto, made once: its environment, and what puts that state back."""
    return make_stack().environment, moto_shortcuts.kept_state()


@dataclass
class Aws:
    """Names and addresses as the functions' environment has them."""

    environment: dict[str, str]

    def put_host(self, base_url: str, admin_key: str, **more: Any) -> None:
        secret = json.dumps({"base_url": base_url, "admin_key": admin_key, **more})
        boto3.client("secretsmanager").put_secret_value(SecretId="host", SecretString=secret)


def make_stack() -> Aws:
    """Create the template's tables, queues, key and secrets where boto3 finds AWS, and name them in the environment."""
    resources = template()["Resources"]
    dynamodb = boto3.client("dynamodb")
    tables = {name: _make_table(dynamodb, resources[logical], name) for logical, name in _TABLES.items()}
    sqs = boto3.client("sqs")
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("import", "confirm", "validate")}
    key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    secrets = boto3.client("secretsmanager")
    for name, value in (("host", "{}"), ("deployment", DEPLOYMENT_SECRET), ("tokens", "{}")):
        secrets.create_secret(Name=name, SecretString=value)
    environment = {
        "RUNS_TABLE": tables["import_runs"],
        "ITEMS_TABLE": tables["import_run_items"],
        "EVENTS_TABLE": tables["import_run_item_events"],
        "SECRETS_TABLE": tables["import_secrets"],
        "IMPORT_QUEUE_URL": queues["import"],
        "CONFIRM_QUEUE_URL": queues["confirm"],
        "VALIDATE_QUEUE_URL": queues["validate"],
        "KMS_KEY_ID": key,
        "HOST_SECRET_ID": "host",
        "DEPLOYMENT_SECRET_ID": "deployment",
        "TOKENS_SECRET_ID": "tokens",
        "ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        "PROVIDER_CONCURRENCY": str(template()["Parameters"]["ProviderConcurrency"]["Default"]),
    }
    os.environ.update(environment)
    return Aws(environment)


_TABLES = {
    "Runs": "import_runs",
    "Items": "import_run_items",
    "Events": "import_run_item_events",
    "Secrets": "import_secrets",
}


def _make_table(dynamodb: Any, resource: dict[str, Any], name: str) -> str:
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    properties = {key: resource["Properties"][key] for key in wanted if key in resource["Properties"]}
    dynamodb.create_table(TableName=name, **properties)
    return name
