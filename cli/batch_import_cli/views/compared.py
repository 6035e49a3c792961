"""Models over all relays, and the relays of one model."""

from collections.abc import Iterator

from rich.text import Text

from batch_import_cli.console import cut
from batch_import_cli.tables import Listing, Row, columns, said
from batch_import_cli.times import local
from batch_import_cli.views.parts import MARGIN, badge, entry, joined, number
from batch_import_cli.views.worth import declared_facts, evidence_facts, rate
from batch_import_cli.words import _, ngettext

_WORD_WIDTH = 9  # of the longest verdict


def model_lines(model: Row, width: int) -> Iterator[Text]:
    active = number(model, "active_relays")
    word = ngettext("{n} active relay", "{n} active relays", active).format(n=active)
    lowest = rate(model.get("lowest_multiplier"))
    told = joined(
        _("{n} tested").format(n=said(model.get("tested_relays"))),
        lowest and _("lowest {rate}").format(rate=lowest),
        _best(model, "tokens_per_second", _("{best} tokens/s, median {median}")),
        _best(model, "first_token_ms", _("first token {best} ms, median {median}")),
    )
    yield Text.assemble(said(model.get("model")), MARGIN, word)
    yield Text(MARGIN + cut(told, width - len(MARGIN)))


def _best(model: Row, name: str, told: str) -> str:
    best, median = model.get(f"best_{name}"), model.get(f"median_{name}")
    return "" if best is None else told.format(best=said(best), median=said(median))


def relay_lines(relay: Row, width: int) -> Iterator[Text]:
    account = _("account {id}").format(id=said(relay.get("account_id")))
    verdict = badge(relay, "access_status", said(relay.get("access_status")), _WORD_WIDTH)
    address = relay.get("base_url") or relay.get("relay")  # items of several runs have the same id
    return entry(account, verdict, address, joined(*_facts(relay)), width)


def _facts(relay: Row) -> Iterator[str]:
    """What speaks against a relay stands first: a terminal may cut the rest."""
    yield from evidence_facts(relay, "inconsistent")
    if relay.get("access_status") != "active":
        yield said(relay.get("last_error_code"))
    if relay.get("tested") is not True:
        yield _("another model was asked")
    yield from evidence_facts(relay, "consistent")
    if relay.get("tokens_per_second") is not None:
        yield _("{n} tokens/s").format(n=said(relay["tokens_per_second"]))
    yield from declared_facts(relay)
    if relay.get("first_token_ms") is not None:
        yield _("first token {n} ms").format(n=said(relay["first_token_ms"]))
    yield local(said(relay.get("last_seen_at")), "%Y-%m-%d %H:%M")
    if relay.get("proved_at") != relay.get("last_seen_at"):
        yield _("proved {time}").format(time=local(said(relay.get("proved_at")), "%Y-%m-%d %H:%M"))


MODELS = Listing(
    "models",
    columns(
        *("model", "relays", "active=active_relays", "tested=tested_relays"),
        *("best_tokens_per_second", "median_tokens_per_second", "best_first_token_ms", "median_first_token_ms"),
        *("lowest_multiplier", "last_seen_at"),
    ),
    model_lines,
)
RELAYS = Listing(
    "relays",
    columns(
        *(
            "relay",
            "account=account_id",
            "address=base_url",
            "provider=provider_id",
            "platform",
            "access=access_status",
        ),
        *("code=last_error_code", "tested", "multiplier", "peak_multiplier", "balance", "currency", "expires_at"),
        *("first_token_ms", "tokens_per_second", "latency_ms", "identity", "passthrough", "proved_at", "last_seen_at"),
        *("run=run_id", "item=item_id"),
    ),
    relay_lines,
)
