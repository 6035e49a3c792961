"""The options that choose items of a run, under the API's own names of query parameters."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import click
from batch_import.domain.outcomes import Code
from batch_import.domain.types import (
    AccessStatus,
    AccountResolution,
    ConfirmationStatus,
    ItemStage,
    MatchedAccountState,
    Platform,
)

from batch_import_cli.app import choice, options
from batch_import_cli.errors import InputError
from batch_import_cli.words import _


class CodeType(click.Choice[str]):
    """An outcome's code; there are too many to list them when another one is given."""

    def __init__(self) -> None:
        super().__init__([str(code) for code in Code])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        if value not in self.choices:
            near = get_close_matches(str(value), self.choices, n=1)
            raise InputError(_("there is no code {value} (docs/codes.md)").format(value=value), *near)
        return str(value)


search_option = click.option("--search", "--q", "q", metavar="TEXT", help="Part of an id or an address.")
item_filters = options(
    click.option("--stage", "current_stage", type=choice(ItemStage), help="Only items in this stage."),
    click.option("--access", "access_status", type=choice(AccessStatus), help="Only items with this access status."),
    click.option("--code", type=CodeType(), metavar="CODE", help="Only items that ended with this code."),
    click.option(
        "--confirmation", "confirmation_status", type=choice(ConfirmationStatus), help="Only items confirmed so."
    ),
    click.option("--warning/--no-warning", "has_warning", default=None, help="Only items with a warning, or without."),
    click.option("--provider", "provider_id", metavar="ID", help="Only items of this provider."),
    click.option("--platform", type=choice(Platform), help="Only items on this platform of sub2api."),
    click.option(
        "--matched",
        "matched_account_state",
        type=choice(MatchedAccountState),
        help="Only items whose account was found so.",
    ),
    click.option("--resolution", "account_resolution", type=choice(AccountResolution), help="Only items decided so."),
    search_option,
)


def params(given: Mapping[str, Any]) -> dict[str, str]:
    """Given options as query parameters, in the API's spelling of true and false."""
    wanted = {name: value for name, value in given.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in wanted.items()}
