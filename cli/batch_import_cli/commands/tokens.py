"""``batch-import token``: who may call the API, by names and roles."""

import secrets
from collections.abc import Callable
from typing import Any

import click
from batch_import.domain.tokens import NAME, MalformedTokens, Token, digest_of, tokens_of
from batch_import.domain.types import Role

from batch_import_cli import tables
from batch_import_cli.app import choice, emit, note, output_options
from batch_import_cli.config import Environment
from batch_import_cli.deployment import Deployment
from batch_import_cli.errors import InputError
from batch_import_cli.examples import examples
from batch_import_cli.help import Group
from batch_import_cli.tables import Output
from batch_import_cli.views.lists import TOKENS
from batch_import_cli.words import _

_OUTPUT = "TokensSecretId"
_RESERVED = "embedded-"  # made anew from .embedded/env at each start of the embedded stack


@click.group("token", cls=Group, epilog=examples("token add alice --role viewer", "token list", "token revoke alice"))
def token_command() -> None:
    """Add, list and revoke the tokens of the API.

    Of the embedded stack of this checkout, or with --stack of one in AWS, by
    your own AWS credentials. Only digests are stored: a token is shown once.
    """


def _of_deployment(function: Callable[..., None]) -> Callable[..., None]:
    option = click.option(
        "--stack", metavar="NAME", help="A stack in AWS.  [default: the embedded one of this checkout]"
    )
    return option(function)


@token_command.command("add", epilog=examples("token add alice --role operator --stack batch-import"))
@click.argument("name")
@click.option("--role", type=choice(Role), required=True, help="operator: may import. viewer: may look.")
@_of_deployment
def add_command(name: str, role: str, stack: str | None) -> None:
    """Make a token for NAME and print it, this once."""
    if not NAME.fullmatch(name) or name.startswith(_RESERVED):
        told = _("a name has 1 to 64 of A-Z a-z 0-9 . _ @ -, and does not begin with {reserved}")
        raise InputError(told.format(reserved=_RESERVED))
    deployment = Deployment.chosen(Environment.of_process(), stack)
    tokens = _tokens(deployment)
    if any(token.name == name for token in tokens):
        raise InputError(_("{name} has a token already").format(name=name), f"batch-import token revoke {name}")
    made = f"{role}-{secrets.token_urlsafe(32)}"
    _store(deployment, [*tokens, Token(name, Role(role), digest_of(made))])
    click.echo(made)
    told = _("This is the token of {name} ({role}). It is not shown again, and valid within a minute.")
    note(told.format(name=name, role=role))


@token_command.command("list", epilog=examples("token list", "token list --stack batch-import --json"))
@_of_deployment
@output_options
def list_command(stack: str | None, output: str | None) -> None:
    """Show names and roles."""
    tokens = _tokens(Deployment.chosen(Environment.of_process(), stack))
    rows = [{"name": token.name, "role": token.role.value} for token in tokens]
    if output == Output.JSON:
        emit({"tokens": rows})
    else:
        tables.show(TOKENS, rows, Output(output or Output.TABLE))


@token_command.command("revoke", epilog=examples("token revoke alice"))
@click.argument("name")
@_of_deployment
def revoke_command(name: str, stack: str | None) -> None:
    """Withdraw the token of NAME."""
    deployment = Deployment.chosen(Environment.of_process(), stack)
    tokens = _tokens(deployment)
    kept = [token for token in tokens if token.name != name]
    if len(kept) == len(tokens):
        raise InputError(_("nobody called {name} has a token").format(name=name), "batch-import token list")
    if name.startswith(_RESERVED) and deployment.embedded is not None:
        told = _("{name} is the token in .embedded/env").format(name=name)
        raise InputError(told, _("remove its line there, then make down and make up"))
    _store(deployment, kept)
    note(_("The token of {name} is refused within a minute.").format(name=name))


def _tokens(deployment: Deployment) -> list[Token]:
    try:
        return tokens_of(deployment.secret(_OUTPUT))
    except MalformedTokens as error:
        raise InputError(_("{error}: nobody is let in until it is put right").format(error=error)) from None


def _store(deployment: Deployment, tokens: list[Token]) -> None:
    named: dict[str, dict[str, Any]] = {role.value: {} for role in Role}
    for token in tokens:
        named[token.role][token.name] = token.digest
    deployment.put_secret(_OUTPUT, named)
