"""``doctor`` and ``token``: what a deployment lacks, and who may call it. AWS is moto."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from batch_import import __version__
from batch_import.domain.tokens import digest_of
from batch_import.http_api.authorization import authorize
from batch_import_cli.deployment import Deployment

from tests.support.aws import Aws
from tests.unit.cli.fake_api import Reply

HEALTHY = {"reachable": True, "version": "0.1.179", "error": None, "code": None}


def health(**host: Any) -> dict[str, Any]:
    return {"status": "ok", "version": __version__, "host": {**HEALTHY, **host}}


def found(invoke: Any, *arguments: str) -> dict[str, tuple[str, str, str]]:
    findings = json.loads(invoke("doctor", "--json", *arguments).stdout)["findings"]
    return {one["what"]: (one["status"], one["says"], one["do"]) for one in findings}


def test_all_is_well(api: Any, invoke: Any) -> None:
    api.on("GET /api/health", health())
    result = invoke("doctor")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        f"ok       version: {__version__}",
        "ok       clock: as the API's",
        "ok       host: version 0.1.179",
    ]


@pytest.mark.parametrize(
    ("code", "do"),
    [
        ("host_needs_acknowledgement", "compliance statement"),
        ("host_refuses_credentials", "admin key"),
        ("host_unavailable", "start sub2api"),
        ("host_rejected", "codes.md"),
    ],
)
def test_a_host_that_cannot_be_used_is_told_with_what_to_do(api: Any, invoke: Any, code: str, do: str) -> None:
    api.on("GET /api/health", health(reachable=False, version=None, error="it says no \x1b[2J", code=code))
    assert found(invoke)["host"][0] == "problem"
    result = invoke("doctor")
    assert result.exit_code == 1
    assert do in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("code", "do"),
    [
        ("host_refuses_credentials", "set HOST_URL and HOST_ADMIN_KEY, then make down, make up"),
        ("host_unavailable", "start sub2api, or set HOST_URL and HOST_ADMIN_KEY, then make down, make up"),
    ],
)
def test_an_embedded_stack_gets_its_host_from_variables(
    api: Any, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, do: str
) -> None:
    monkeypatch.setattr(Deployment, "secret", lambda self, output: {})
    api.on("GET /api/health", health(reachable=False, version=None, error="it says no", code=code))
    env_of_checkout(tmp_path, api.url)
    told = found(invoke)
    assert told["host"][2] == do
    assert told["secrets"][2] == "set HOST_URL and HOST_ADMIN_KEY, then make down, make up"


def test_a_deployment_that_is_asked_from_the_checkout_of_an_embedded_stack_keeps_its_advice(
    api: Any, invoke: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deployment, "secret", lambda self, output: {})
    refused = health(reachable=False, version=None, error="it says no", code="host_refuses_credentials")
    api.on("GET /api/health", refused)
    env_of_checkout(tmp_path, "http://127.0.0.1:1/v1")
    assert "docs/operations.md" in found(invoke)["host"][2]


def env_of_checkout(folder: Path, url: str) -> None:
    file = folder / ".embedded" / "env"
    file.parent.mkdir()
    values = {"BATCH_IMPORT_URL": url, "EMBEDDED_ACCESS_KEY_ID": "x", "EMBEDDED_SECRET_ACCESS_KEY": "x"}
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    file.chmod(0o600)


def test_versions_and_clock_are_compared(api: Any, invoke: Any) -> None:
    late = format_datetime(datetime.now(UTC) - timedelta(hours=2), usegmt=True)
    api.on("GET /api/health", Reply({**health(version="0.1.12"), "version": "0.0.1"}, headers={"Date": late}))
    told = found(invoke)
    assert {what: status for what, (status, _, _) in told.items()} == {
        "api": "ok",
        "version": "warning",
        "clock": "problem",
        "host": "warning",
    }


def test_an_api_that_does_not_answer_is_a_finding(api: Any, invoke: Any) -> None:
    api.on("GET /api/health", Reply({"error": {"code": "unauthorized", "message": "A token is needed."}}, 401))
    status, says, do = found(invoke)["api"]
    assert (status, "token" in says, "BATCH_IMPORT_TOKEN" in do) == ("problem", True, True)


# --- by AWS's own calls


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stack of moto's secrets; what CloudFormation would say of it can be changed."""
    described: dict[str, Any] = {
        "Outputs": [
            {"OutputKey": "HostSecretId", "OutputValue": "host"},
            {"OutputKey": "TokensSecretId", "OutputValue": "tokens"},
        ],
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "standard"}],
        "limit": 10,
    }
    client = Deployment.client

    class Lambda:
        def get_account_settings(self) -> Any:
            return {"AccountLimit": {"ConcurrentExecutions": described["limit"]}}

    class CloudFormation:
        def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - AWS's name
            assert StackName == "mine"
            return {"Stacks": [described]}

    stands = {"lambda": Lambda, "cloudformation": CloudFormation}
    monkeypatch.setattr(
        Deployment, "client", lambda self, name: stands[name]() if name in stands else client(self, name)
    )
    return described


def tokens() -> dict[str, dict[str, str]]:
    return json.loads(boto3.client("secretsmanager").get_secret_value(SecretId="tokens")["SecretString"])


def test_a_fresh_stack_in_aws_lacks_its_secrets_tokens_quota_and_alarms(
    api: Any, invoke: Any, stack: dict[str, Any]
) -> None:
    api.on("GET /api/health", health())
    told = found(invoke, "--stack", "mine")
    assert {what: status for what, (status, _, _) in told.items() if status != "ok"} == {
        "secrets": "problem",
        "tokens": "problem",
        "quota": "warning",
        "alarms": "warning",
    }


def test_a_stack_that_has_all_of_them_is_well(api: Any, invoke: Any, stack: dict[str, Any], aws: Aws) -> None:
    api.on("GET /api/health", health())
    aws.put_host("https://host.example", "admin-test")
    stack["limit"] = 1000
    stack["Parameters"].append({"ParameterKey": "AlarmTopicArn", "ParameterValue": "arn:aws:sns:x"})
    assert invoke("token", "add", "alice", "--role", "operator", "--stack", "mine").exit_code == 0
    assert {status for status, _, _ in found(invoke, "--stack", "mine").values()} == {"ok"}


def test_a_token_is_made_shown_once_listed_and_revoked(invoke: Any, stack: dict[str, Any]) -> None:
    made = invoke("token", "add", "alice", "--role", "viewer", "--stack", "mine").stdout.strip()
    assert tokens() == {"operator": {}, "viewer": {"alice": digest_of(made)}}
    event = {"authorizationToken": f"Bearer {made}", "methodArn": "arn:aws:execute-api:x:1:a/v1/GET/api"}
    policy = authorize(event, tokens())
    assert policy is not None
    assert (policy["principalId"], policy["context"]) == ("alice", {"role": "viewer"})
    assert invoke("token", "list", "--stack", "mine").stdout == "role\tname\nviewer\talice\n"
    assert json.loads(invoke("token", "list", "--json", "--stack", "mine").stdout) == {
        "tokens": [{"name": "alice", "role": "viewer"}]
    }
    assert invoke("token", "add", "alice", "--role", "operator", "--stack", "mine").exit_code == 2
    assert invoke("token", "revoke", "bob", "--stack", "mine").exit_code == 2
    assert invoke("token", "revoke", "alice", "--stack", "mine").exit_code == 0
    assert authorize(event, tokens()) is None


@pytest.mark.parametrize("name", ["", "a b", "embedded-me", "x" * 65, "alice\u202e", "-x"])
def test_a_name_that_could_mislead_is_refused(invoke: Any, stack: dict[str, Any], name: str) -> None:
    assert invoke("token", "add", "--role", "viewer", "--stack", "mine", "--", name).exit_code == 2


def test_a_malformed_secret_is_told_and_not_overwritten(invoke: Any, stack: dict[str, Any]) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="tokens", SecretString='{"operator": ["x"]}')
    assert invoke("token", "add", "alice", "--role", "viewer", "--stack", "mine").exit_code == 2
    assert tokens() == {"operator": ["x"]}


def test_without_a_stack_and_a_checkout_it_is_said_what_is_missing(invoke: Any, tmp_path: Path) -> None:
    result = invoke("token", "list")
    assert result.exit_code == 2
    assert "--stack" in result.output
