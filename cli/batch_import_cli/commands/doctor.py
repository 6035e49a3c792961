"""``batch-import doctor``: what a deployment lacks, each with what to do."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import click
from batch_import import __version__
from batch_import.domain.tokens import MalformedTokens, tokens_of

from batch_import_cli.app import App, api_command, emit
from batch_import_cli.client import Answer
from batch_import_cli.deployment import Deployment
from batch_import_cli.errors import CliError, printable

EPILOG = """\b
Examples:
  batch-import doctor
  batch-import doctor --json
  batch-import doctor --stack batch-import
"""
_SECONDS_APART = 60
_OLDEST_HOST = (0, 1, 130)  # docs/host-api.md has nothing older
_AT_ONCE = {"small": 10, "standard": 50}  # executions that a size needs (docs/operations.md)
_HOST = {  # what to do, by the code of the host's failure (docs/codes.md)
    "host_needs_acknowledgement": "let an administrator of the host accept its compliance statement",
    "host_refuses_credentials": "put the host's address and admin key: docs/operations.md, After the first deployment",
    "host_unavailable": "start the host, or put its address right; inside a VPC: docs/operations.md, Deploy",
}


class Finding(NamedTuple):
    """``do`` is empty where all is well. A ``problem`` keeps imports from working, a ``warning`` does not."""

    what: str
    status: str
    says: str
    do: str = ""


@click.command("doctor", epilog=EPILOG)
@click.option("--stack", metavar="NAME", help="Look at this stack in AWS as well, by your AWS credentials.")
@api_command
def doctor_command(app: App, stack: str | None) -> None:
    """Say what the deployment lacks, and what to do about it.

    Exit code 1 when something keeps imports from working.
    """
    findings = [*_of_api(app), *_of_deployment(app, stack)]
    if app.as_json:
        emit({"findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            _show(finding)
    if any(finding.status == "problem" for finding in findings):
        app.context.exit(1)


def _show(finding: Finding) -> None:
    click.echo(printable(f"{finding.status:<8} {finding.what}: {finding.says}"))
    if finding.do:
        click.echo(printable(f"{'':<8} -> {finding.do}"))


def _asked(what: str, do: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings; a question that fails is a finding as well."""
    try:
        yield from ask()
    except CliError as error:
        yield Finding(what, "problem", error.format_message(), do)


def _of_api(app: App) -> Iterator[Finding]:
    do = "check BATCH_IMPORT_URL and BATCH_IMPORT_TOKEN; for the embedded stack: make up"
    yield from _asked("api", do, lambda: _health(app))


def _health(app: App) -> Iterator[Finding]:
    health = app.client.health()
    yield Finding("api", "ok", app.client.root)
    yield _version(str(health.get("version")))
    yield from _clock(app.client.server_date)
    host = health.get("host")
    yield from _host(host if isinstance(host, dict) else {})


def _version(deployed: str) -> Finding:
    if deployed == __version__:
        return Finding("version", "ok", deployed)
    told = f"the deployment is {deployed}, this command line {__version__}"
    return Finding("version", "warning", told, "install or deploy the same version on both sides")


def _clock(date: str | None) -> Iterator[Finding]:
    """By the header ``Date`` of the API's answer; without one nothing is known."""
    try:
        apart = abs((parsedate_to_datetime(date or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return
    if apart > _SECONDS_APART:
        yield Finding(
            "clock", "problem", f"{apart:.0f} s from the API's", "set this machine's clock (timedatectl set-ntp true)"
        )
    else:
        yield Finding("clock", "ok", "as the API's")


def _host(host: Answer) -> Iterator[Finding]:
    version = str(host.get("version") or "")
    if not host.get("reachable"):
        do = _HOST.get(str(host.get("code")), "see what it says; docs/codes.md lists the codes")
        yield Finding("host", "problem", str(host.get("error") or "it does not answer"), do)
    elif _numbers(version) < _OLDEST_HOST:
        oldest = ".".join(map(str, _OLDEST_HOST))
        yield Finding("host", "warning", f"version {version or 'unknown'}", f"update sub2api to {oldest} or newer")
    else:
        yield Finding("host", "ok", f"version {version}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.lstrip("v").split("-")[0].split(".") if part.isdigit())


# --- by AWS's own calls


def _of_deployment(app: App, stack: str | None) -> Iterator[Finding]:
    if stack is None and app.environment.embedded is None:
        return
    deployment = Deployment.chosen(app.environment, stack)
    do = "check the stack's name, and your AWS credentials and region; for the embedded stack: make up"
    for what, ask in (("secrets", _secrets), ("tokens", _tokens)):
        yield from _asked(what, do, lambda ask=ask: ask(deployment))  # type: ignore[misc]
    if deployment.embedded is None:
        yield from _asked("quota", do, lambda: _quota(deployment))
        yield from _asked("alarms", do, lambda: _alarms(deployment))


def _secrets(deployment: Deployment) -> Iterator[Finding]:
    secret = deployment.secret("HostSecretId")
    if not secret.get("admin_key") or ".invalid" in str(secret.get("base_url") or ".invalid"):
        yield Finding(
            "secrets", "problem", "the host's address and key were never put", _HOST["host_refuses_credentials"]
        )
    else:
        yield Finding("secrets", "ok", "address and key of the host are put")


def _tokens(deployment: Deployment) -> Iterator[Finding]:
    try:
        tokens = tokens_of(deployment.secret("TokensSecretId"))
    except MalformedTokens as error:
        yield Finding("tokens", "problem", str(error), "put it right, or begin anew: docs/operations.md, Tokens")
        return
    if any(token.role == "operator" for token in tokens):
        yield Finding("tokens", "ok", f"{len(tokens)} tokens")
    else:
        yield Finding("tokens", "problem", "nobody may import", "batch-import token add NAME --role operator")


def _quota(deployment: Deployment) -> Iterator[Finding]:
    limits: dict[str, Any] = deployment.client("lambda").get_account_settings()["AccountLimit"]
    size, allowed = deployment.parameters.get("Size", "standard"), int(limits["ConcurrentExecutions"])
    told = f"{allowed} concurrent executions"
    if allowed < _AT_ONCE.get(size, 0):
        do = "ask for more in Service Quotas (AWS Lambda, Concurrent executions), or deploy with Size=small"
        yield Finding("quota", "warning", f"{told}, size {size} needs {_AT_ONCE[size]}", do)
    else:
        yield Finding("quota", "ok", told)


def _alarms(deployment: Deployment) -> Iterator[Finding]:
    if deployment.parameters.get("AlarmTopicArn"):
        yield Finding("alarms", "ok", "they notify the topic")
    else:
        yield Finding("alarms", "warning", "there are none", "deploy with AlarmTopicArn: docs/operations.md, Alarms")
