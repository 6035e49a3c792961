"""The other lists: rows that were read, accounts in quarantine, tokens."""

from collections.abc import Iterator

from rich.text import Text

from batch_import_cli.tables import Listing, Row, columns, said
from batch_import_cli.views.parts import entry, joined
from batch_import_cli.words import _

_STATUS = {"ready": "green", "duplicate": "bright_black"}
_BENEATH = ("notes", "host", "api_key_masked", "platform", "requested_models", "label")


def parsed_lines(row: Row, width: int) -> Iterator[Text]:
    status = said(row.get("status"))
    told = _("{status} of row {row}").format(status=_(status), row=row["of_row"]) if row.get("of_row") else _(status)
    name = _("row {row}, line {line}").format(row=row.get("row"), line=row.get("line"))
    address = row.get("base_url") or row.get("base_url_as_written")
    beneath = joined(*(said(row.get(field)) for field in _BENEATH))
    return entry(name, Text(told, _STATUS.get(status, "red")), address, beneath, width)


PARSED = Listing(
    "rows",
    columns(
        *("row", "line", "status", "of_row", "address=base_url", "key=api_key_masked", "models=requested_models"),
        *("label", "platform", "notes", "host"),
    ),
    parsed_lines,
)


def account_lines(account: Row, width: int) -> Iterator[Text]:
    never = account.get("never_served") is True
    word = Text(_("never served"), "green") if never else Text(_("served before"), "yellow")
    name = _("account {id}").format(id=account.get("account_id"))
    return entry(name, word, account.get("base_url"), said(account.get("name")), width)


QUARANTINE = Listing(
    "accounts",
    columns(
        "account=account_id", "name", "provider=provider_id", "address=base_url", "state=import_state", "never_served"
    ),
    account_lines,
)


def kept_lines(account: Row, _width: int) -> Iterator[Text]:
    told = _("account {id} is kept: {reason}")
    yield Text(told.format(id=account.get("account_id"), reason=said(account.get("reason"))))


KEPT = Listing("kept", columns("account=account_id", "reason"), kept_lines)


def token_lines(token: Row, _width: int) -> Iterator[Text]:
    yield Text(f"{token['role']:<9} {token['name']}")


TOKENS = Listing("tokens", columns("role", "name"), token_lines)
