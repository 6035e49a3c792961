"""What a relay is worth: what its answers showed, and what it declares of the key's money (docs/billing.md)."""

from collections.abc import Iterator

from batch_import.domain.texts import plain_number

from batch_import_cli.tables import Row, said
from batch_import_cli.times import local
from batch_import_cli.views.parts import fields_of
from batch_import_cli.words import _


def showed(item: Row) -> dict[str, object]:
    """The answers of an item's evidence by question."""
    evidence = fields_of(item, "evidence")
    return {name: fields_of(evidence, name).get("value") for name in ("identity", "passthrough")}


def evidence_facts(showed: Row, *values: str) -> Iterator[str]:
    """The questions whose answer is one of ``values``."""
    told = {"identity": _("model: {answer}"), "passthrough": _("pass-through: {answer}")}
    for name, text in told.items():
        if showed.get(name) in values:
            yield text.format(answer=_(said(showed[name])))


def declared_facts(declared: Row) -> Iterator[str]:
    yield money(declared.get("balance"), declared.get("currency"))
    yield rates(declared)
    if declared.get("expires_at") is not None:
        yield _("key expires {date}").format(date=expiry(declared))


def rates(declared: Row) -> str:
    """Both multipliers as a price is said; nothing where none is declared."""
    usual, peak = rate(declared.get("multiplier")), rate(declared.get("peak_multiplier"))
    return _("{rate}, in peak hours {peak}").format(rate=usual or "-", peak=peak) if peak else usual


def rate(multiplier: object) -> str:
    return "" if multiplier is None else f"× {plain(multiplier)}"


def money(amount: object, currency: object) -> str:
    return f"{plain(amount)} {said(currency)}" if currency and amount is not None else plain(amount)


def quota(declared: Row) -> str | None:
    """What was spent of the key's own limit; None where it has none."""
    limit, used = declared.get("key_quota"), declared.get("key_used")
    told = _("{used} of {quota} used")
    return None if limit is None else told.format(used=plain(used), quota=money(limit, declared.get("currency")))


def expiry(declared: Row) -> str:
    return local(said(declared.get("expires_at")), "%Y-%m-%d")


def plain(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return plain_number(value)
    return said(value)
