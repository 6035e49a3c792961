"""``batch-import compare``: what relays that were proved are like, model by model."""

from typing import Any

import click
from batch_import.domain.types import AccessStatus, ModelOrder, Platform, RelayOrder

from batch_import_cli.app import App, list_command
from batch_import_cli.app import choice as one_of
from batch_import_cli.commands.reading import limits
from batch_import_cli.errors import InputError
from batch_import_cli.examples import examples
from batch_import_cli.filters import params, search_option
from batch_import_cli.views.compared import MODELS, RELAYS
from batch_import_cli.watch import first_items
from batch_import_cli.words import _

_ORDERS = list(dict.fromkeys([*map(str, RelayOrder), *map(str, ModelOrder)]))
_ENDS = [str(status) for status in AccessStatus if status is not AccessStatus.UNKNOWN]
_OF_RELAYS = ("access_status", "platform", "tested", "without_addresses")


@click.command(
    "compare",
    epilog=examples(
        "compare", "compare kimi-k2.6 --sort multiplier", "compare kimi-k2.6 --output csv --without-addresses"
    ),
)
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--sort", type=click.Choice(_ORDERS), help="In which order.  [default: tokens_per_second; relays]")
@click.option("--access", "access_status", type=click.Choice(_ENDS), help="Only relays whose latest import ended so.")
@click.option("--platform", type=one_of(Platform), help="Only relays on this platform of sub2api.")
@click.option("--tested/--not-tested", default=None, help="Only relays that were asked for MODEL, or the others.")
@click.option("--without-addresses", is_flag=True, default=None, help="Leave addresses and providers out.")
@search_option
@limits
@list_command
def compare_command(
    app: App, model: str | None, sort: str | None, limit: int | None, every: bool, **filters: Any
) -> None:
    """Compare MODEL over all relays that were proved.

    With status, price and balance of their latest import, speed and evidence
    of their latest proof. Without MODEL: the models that these relays serve.
    MODEL may be spelled in any way. There is never a key in it.
    """
    _check(model, sort, filters)
    asked, most = params({**filters, "order": sort}), first_items(app, limit, every)
    if model is None:
        app.show_list(MODELS, app.client.models(asked, most), _("no model found"))
    else:
        app.show_list(RELAYS, app.client.model_relays(model, asked, most), _("no relay found"))


def _check(model: str | None, sort: str | None, filters: dict[str, Any]) -> None:
    if model is not None and not model.strip():
        raise InputError(_("the name of the model is empty"), "batch-import compare")
    orders = ModelOrder if model is None else RelayOrder
    if sort is not None and sort not in list(orders):
        told = _("models are not sorted by {order}") if model is None else _("relays are not sorted by {order}")
        raise InputError(told.format(order=sort), f"--sort {' | '.join(orders)}")
    if model is None and any(filters[name] is not None for name in _OF_RELAYS):
        raise InputError(_("this chooses among the relays of one model"), "batch-import compare MODEL")
