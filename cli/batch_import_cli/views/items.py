"""Items: their verdicts, and why."""

from collections.abc import Callable, Iterator

from rich.text import Text

from batch_import_cli.tables import Columns, Listing, Row, columns, said
from batch_import_cli.times import answer_time, local
from batch_import_cli.views.parts import badge, entry, fields_of, joined, listed, warning
from batch_import_cli.views.worth import declared_facts, evidence_facts, showed
from batch_import_cli.words import _, ngettext

FAILED = ("degraded", "broken")
_WORD_WIDTH = 9  # of the longest verdict


def item_lines(item: Row, width: int) -> Iterator[Text]:
    address = " ".join(filter(None, (said(item.get("base_url")), item.get("label") and f"({said(item['label'])})")))
    return entry(item.get("item_id"), verdict(item, _WORD_WIDTH), address, why(item), width)


def verdict(item: Row, width: int = 0) -> Text:
    """How it stands with an item: its stage until it is done."""
    stage, access = item.get("current_stage"), said(item.get("access_status"))
    if stage not in (None, "done"):
        return badge(item, "current_stage", said(stage), width)
    if access == "unknown":
        access = "planned" if item.get("plan") else "cancelled"
    return badge(item, "access_status", access, width)


def why(item: Row) -> str:
    """The most important thing first: a terminal may cut the rest."""
    undo, plan, trying = item.get("undo_result"), item.get("plan"), item.get("next_attempt_at")
    if isinstance(undo, dict):
        return said(undo.get("message"))
    again = _("trying again at {time}").format(time=local(trying, "%H:%M:%S")) if isinstance(trying, str) else ""
    warnings = [warning(text) for text in listed(item.get("advisory_messages"))]
    doubts = evidence_facts(showed(item), "inconsistent")
    if _code(item) is not None:
        return joined(again, *doubts, _failure(item), *warnings)
    declared = declared_facts(fields_of(item, "billing"))
    planned = _planned(plan) if isinstance(plan, dict) else ""
    return joined(again, *doubts, *declared, *warnings, planned, *_facts(item))


def _code(item: Row) -> object:
    return None if item.get("access_status") == "active" else item.get("last_error_code")


def _failure(item: Row) -> str:
    error, code = said(item.get("last_error")), said(item.get("last_error_code"))
    reason = said(item.get("reason") or item.get("last_error"))
    return f"{reason} ({code})" if error in ("-", reason, code) else f"{reason} ({code}): {error}"


def _planned(plan: Row) -> str:
    told = {
        "created": _("would make an account"),
        "reused": _("would reuse account {id}"),
        "reactivated": _("would switch on account {id}"),
        "replaced": _("would repair account {id}"),
    }.get(str(plan.get("resolution")), "")
    total = plan.get("models_total")
    models = ngettext("{n} model", "{n} models", total).format(n=total) if isinstance(total, int) else ""
    return joined(
        told.format(id=plan.get("account_id")), _("group {name}").format(name=said(plan.get("group"))), models
    )


def _facts(item: Row) -> Iterator[str]:
    yield said(_model(item))
    yield said(item.get("platform"))
    if item.get("account_id") is not None:
        account, decided = _("account {id}").format(id=item["account_id"]), item.get("account_resolution")
        yield f"{account} ({_(str(decided))})" if decided else account
    if isinstance(item.get("latency_ms"), int):
        yield answer_time(item["latency_ms"])
    rate = fields_of(item, "speed").get("tokens_per_second")
    if rate is not None:
        yield _("{n} tokens/s").format(n=round(rate) if rate >= 10 else rate)


def _model(item: Row) -> object:
    return item.get("served_model") or item.get("resolved_smoke_model")


def _decision(item: Row) -> object:
    """What was decided, or what a dry run planned."""
    return item.get("account_resolution") or fields_of(item, "plan").get("resolution")


def _inside(name: str, *titles: str) -> Columns:
    """Columns of an object inside of an item."""

    def inside(of: Callable[[Row], object]) -> Callable[[Row], object]:
        return lambda item: of(fields_of(item, name))

    return {title: inside(of) for title, of in columns(*titles).items()}


ITEMS = Listing(
    "items",
    {
        **columns("item=item_id", "address=base_url", "label", "provider=provider_id", "key=api_key_fingerprint"),
        **columns("stage=current_stage", "confirmation=confirmation_status", "access=access_status"),
        "code": _code,
        **columns("account=account_id"),
        "decision": _decision,
        **columns("platform", "latency_ms"),
        "model": _model,
        **_inside("speed", "first_token_ms", "tokens_per_second"),
        **_inside("billing", "balance", "currency", "multiplier", "peak_multiplier"),
        **_inside("billing", "expires_at", "key_quota", "key_used", "billing_source=source"),
        "identity": lambda item: showed(item)["identity"],
        "passthrough": lambda item: showed(item)["passthrough"],
        **columns("advice", "error=last_error", "advisories=advisory_messages"),
    },
    item_lines,
)


def advice(item: Row) -> list[str]:
    """What to do, if anything; the API says once more before it what happened."""
    text = str(item.get("advice") or "").removeprefix(str(item.get("reason"))).lstrip(".。 ")
    return [said(text)] if text else []


def undo_lines(item: Row, width: int) -> Iterator[Text]:
    result = fields_of(item, "undo_result")
    word = Text(_(said(result.get("outcome"))))
    return entry(item.get("item_id"), word, item.get("base_url"), said(result.get("message")), width)


UNDONE = Listing(
    "items",
    {
        **columns("item=item_id", "address=base_url"),
        "undo": lambda item: fields_of(item, "undo_result").get("outcome"),
        "why": lambda item: fields_of(item, "undo_result").get("message"),
    },
    undo_lines,
)
