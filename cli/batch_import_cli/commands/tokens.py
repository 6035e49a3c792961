"""``batch-import token``: who may call the API, by names and roles."""

import secrets
from collections.abc import Callable
from typing import Any

import click
from batch_import.domain.tokens import NAME, MalformedTokens, Token, digest_of, tokens_of
from batch_import.domain.types import Role

from batch_import_cli.app import choice, emit, note
from batch_import_cli.config import Environment
from batch_import_cli.deployment import Deployment
from batch_import_cli.errors import InputError

EPILOG = """\b
Examples:
  batch-import token add alice --role viewer
  batch-import token list
  batch-import token revoke alice
  batch-import token add alice --role operator --stack batch-import
"""
_OUTPUT = "TokensSecretId"
_RESERVED = "embedded-"  # made anew from .embedded/env at each start of the embedded stack


@click.group("token", epilog=EPILOG)
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


@token_command.command("add", epilog=EPILOG)
@click.argument("name")
@click.option("--role", type=choice(Role), required=True, help="operator: may import. viewer: may look.")
@_of_deployment
def add_command(name: str, role: str, stack: str | None) -> None:
    """Make a token for NAME and print it, this once."""
    if not NAME.fullmatch(name) or name.startswith(_RESERVED):
        raise InputError(f"a name has 1 to 64 of A-Z a-z 0-9 . _ @ -, and does not begin with {_RESERVED}")
    deployment = Deployment.chosen(Environment.of_process(), stack)
    tokens = _tokens(deployment)
    if any(token.name == name for token in tokens):
        raise InputError(f"{name} has a token already: revoke it first, or take another name")
    made = f"{role}-{secrets.token_urlsafe(32)}"
    _store(deployment, [*tokens, Token(name, Role(role), digest_of(made))])
    click.echo(made)
    note(f"This is the token of {name} ({role}). It is not shown again, and valid within a minute.")


@token_command.command("list", epilog=EPILOG)
@_of_deployment
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_command(stack: str | None, as_json: bool) -> None:
    """Show names and roles."""
    tokens = _tokens(Deployment.chosen(Environment.of_process(), stack))
    if as_json:
        emit({"tokens": [{"name": token.name, "role": token.role.value} for token in tokens]})
        return
    for token in tokens:
        click.echo(f"{token.role:<9} {token.name}")


@token_command.command("revoke", epilog=EPILOG)
@click.argument("name")
@_of_deployment
def revoke_command(name: str, stack: str | None) -> None:
    """Withdraw the token of NAME."""
    deployment = Deployment.chosen(Environment.of_process(), stack)
    tokens = _tokens(deployment)
    kept = [token for token in tokens if token.name != name]
    if len(kept) == len(tokens):
        raise InputError(f"nobody of that name has a token: {name}")
    if name.startswith(_RESERVED) and deployment.embedded is not None:
        raise InputError(f"{name} is the one in .embedded/env: remove its line there, then make down and make up")
    _store(deployment, kept)
    note(f"The token of {name} is refused within a minute.")


def _tokens(deployment: Deployment) -> list[Token]:
    try:
        return tokens_of(deployment.secret(_OUTPUT))
    except MalformedTokens as error:
        raise InputError(f"{error}: nobody is let in until it is put right") from None


def _store(deployment: Deployment, tokens: list[Token]) -> None:
    named: dict[str, dict[str, Any]] = {role.value: {} for role in Role}
    for token in tokens:
        named[token.role][token.name] = token.digest
    deployment.put_secret(_OUTPUT, named)
