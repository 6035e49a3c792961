"""``batch-import doctor``: what a deployment lacks, each with what to do."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import click
from batch_import import __version__
from batch_import.domain.texts import printable
from batch_import.domain.tokens import MalformedTokens, tokens_of

from batch_import_cli.app import App, api_command, emit
from batch_import_cli.client import Answer
from batch_import_cli.console import padded
from batch_import_cli.deployment import Deployment
from batch_import_cli.errors import CliError
from batch_import_cli.examples import examples
from batch_import_cli.words import _, ngettext

_SECONDS_APART = 60
_OLDEST_HOST = (0, 1, 130)  # docs/host-api.md has nothing older
_AT_ONCE = {"small": 10, "standard": 50}  # executions that a size needs (docs/operations.md)


def _advice_for_host(code: str, *, embedded: bool) -> str:
    """What to do, by the code of the host's failure (docs/codes.md); an embedded stack has variables for it."""
    by_variables = {
        "host_refuses_credentials": _("set HOST_URL and HOST_ADMIN_KEY, then make down, make up"),
        "host_unavailable": _("start sub2api, or set HOST_URL and HOST_ADMIN_KEY, then make down, make up"),
    }
    if embedded and code in by_variables:
        return by_variables[code]
    return {
        "host_needs_acknowledgement": _("let an administrator of sub2api accept its compliance statement"),
        "host_refuses_credentials": _(
            "put sub2api's address and admin key: docs/operations.md, After the first deployment"
        ),
        "host_unavailable": _("start sub2api, or put its address right; inside a VPC: docs/operations.md, Deploy"),
    }.get(code, _("see what it says; docs/codes.md lists the codes"))


class Finding(NamedTuple):
    """``do`` is empty where all is well. A ``problem`` keeps imports from working, a ``warning`` does not."""

    what: str
    status: str
    says: str
    do: str = ""


@click.command("doctor", epilog=examples("doctor", "doctor --stack batch-import", "doctor --json"))
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
    told = padded(_(finding.status), 8)
    click.echo(printable(f"{told} {_(finding.what)}: {finding.says}"))
    if finding.do:
        click.echo(printable(f"{'':<8} -> {finding.do}"))


def _asked(what: str, do: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings; a question that fails is a finding as well."""
    try:
        yield from ask()
    except CliError as error:
        yield Finding(what, "problem", error.format_message(), do)


def _of_api(app: App) -> Iterator[Finding]:
    do = _("check BATCH_IMPORT_URL and BATCH_IMPORT_TOKEN; for the embedded stack: make up")
    yield from _asked("api", do, lambda: _health(app))


def _health(app: App) -> Iterator[Finding]:
    health = app.client.health()
    yield Finding("api", "ok", app.client.root)
    yield _version(str(health.get("version")))
    yield from _clock(app.client.server_date)
    host = health.get("host")
    yield from _host(app, host if isinstance(host, dict) else {})


def _version(deployed: str) -> Finding:
    if deployed == __version__:
        return Finding("version", "ok", deployed)
    told = _("the deployment is {deployed}, this command line {own}").format(deployed=deployed, own=__version__)
    return Finding("version", "warning", told, _("install or deploy the same version on both sides"))


def _clock(date: str | None) -> Iterator[Finding]:
    """By the header ``Date`` of the API's answer; without one nothing is known."""
    try:
        apart = abs((parsedate_to_datetime(date or "") - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return
    if apart > _SECONDS_APART:
        told = _("{n:.0f} s from the API's").format(n=apart)
        yield Finding("clock", "problem", told, _("set this machine's clock (timedatectl set-ntp true)"))
    else:
        yield Finding("clock", "ok", _("as the API's"))


def _host(app: App, host: Answer) -> Iterator[Finding]:
    version = str(host.get("version") or "")
    if not host.get("reachable"):
        told = str(host.get("error") or _("it does not answer"))
        yield Finding("host", "problem", told, _advice_for_host(str(host.get("code")), embedded=_is_embedded(app)))
    elif _numbers(version) < _OLDEST_HOST:
        oldest = ".".join(map(str, _OLDEST_HOST))
        told = _("version {version}").format(version=version or "?")
        yield Finding("host", "warning", told, _("update sub2api to {version} or newer").format(version=oldest))
    else:
        yield Finding("host", "ok", _("version {version}").format(version=version))


def _is_embedded(app: App) -> bool:
    """Whether the API asked is that of the embedded stack: a checkout may have one beside a deployment in AWS."""
    embedded = app.environment.embedded
    return embedded is not None and app.client.root.startswith(f"{embedded.endpoint}/")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.lstrip("v").split("-")[0].split(".") if part.isdigit())


# --- by AWS's own calls


def _of_deployment(app: App, stack: str | None) -> Iterator[Finding]:
    if stack is None and app.environment.embedded is None:
        return
    deployment = Deployment.chosen(app.environment, stack)
    do = _("check the stack's name, and your AWS credentials and region; for the embedded stack: make up")
    for what, ask in (("secrets", _secrets), ("tokens", _tokens)):
        yield from _asked(what, do, lambda ask=ask: ask(deployment))  # type: ignore[misc]
    if deployment.embedded is None:
        yield from _asked("quota", do, lambda: _quota(deployment))
        yield from _asked("alarms", do, lambda: _alarms(deployment))


def _secrets(deployment: Deployment) -> Iterator[Finding]:
    secret = deployment.secret("HostSecretId")
    if not secret.get("admin_key") or ".invalid" in str(secret.get("base_url") or ".invalid"):
        told = _("sub2api's address and key were never put")
        do = _advice_for_host("host_refuses_credentials", embedded=deployment.embedded is not None)
        yield Finding("secrets", "problem", told, do)
    else:
        yield Finding("secrets", "ok", _("sub2api's address and key are put"))


def _tokens(deployment: Deployment) -> Iterator[Finding]:
    try:
        tokens = tokens_of(deployment.secret("TokensSecretId"))
    except MalformedTokens as error:
        yield Finding("tokens", "problem", str(error), _("put it right, or begin anew: docs/operations.md, Tokens"))
        return
    if any(token.role == "operator" for token in tokens):
        yield Finding("tokens", "ok", ngettext("{n} token", "{n} tokens", len(tokens)).format(n=len(tokens)))
    else:
        yield Finding("tokens", "problem", _("nobody may import"), "batch-import token add NAME --role operator")


def _quota(deployment: Deployment) -> Iterator[Finding]:
    limits: dict[str, Any] = deployment.client("lambda").get_account_settings()["AccountLimit"]
    size, allowed = deployment.parameters.get("Size", "standard"), int(limits["ConcurrentExecutions"])
    told = _("{n} concurrent executions").format(n=allowed)
    if allowed < _AT_ONCE.get(size, 0):
        do = _("ask for more in Service Quotas (AWS Lambda, Concurrent executions), or deploy with Size=small")
        needs = _("size {size} needs {n}").format(size=size, n=_AT_ONCE[size])
        yield Finding("quota", "warning", f"{told}, {needs}", do)
    else:
        yield Finding("quota", "ok", told)


def _alarms(deployment: Deployment) -> Iterator[Finding]:
    if deployment.parameters.get("AlarmTopicArn"):
        yield Finding("alarms", "ok", _("they notify the topic"))
    else:
        do = _("deploy with AlarmTopicArn: docs/operations.md, Alarms")
        yield Finding("alarms", "warning", _("there are none"), do)
