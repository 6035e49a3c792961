"""One item: its verdict, what is known of it, its models, and what happened."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from batch_import_cli.console import console, folded, padded, put
from batch_import_cli.tables import Listing, Output, Row, columns, said, show
from batch_import_cli.times import local
from batch_import_cli.views.items import advice, verdict, why
from batch_import_cli.views.parts import MARGIN, fields_of, rows_in, show_fields, show_heading
from batch_import_cli.views.worth import expiry, money, quota, rates
from batch_import_cli.words import _

_HIDDEN_EVENTS = ("lease_acquired",)  # of no use to whoever reads what happened
_SHORTEST_LINE = 20
_FLAGS = ("stream=supports_stream", "tools=supports_tools", "reasoning=supports_reasoning_fields")


def show_item(item: Row) -> None:
    put(Text.assemble(said(item.get("item_id")), MARGIN, verdict(item), MARGIN, said(item.get("base_url"))))
    told = [why(item), *advice(item)]
    put(*(Text(MARGIN + line) for text in told for line in folded(text, console().width - len(MARGIN))), Text())
    show_fields(_known(item))
    _show_evidence(fields_of(item, "evidence"))
    profile = item.get("capability_profile")
    if isinstance(profile, dict):
        show_heading(_("What the relay can do"))
        show_fields(_transport(fields_of(profile, "transport_profile")))
        put(Text())
        show(MODELS, rows_in(profile.get("model_profiles")), Output.WIDE)
    show_heading(_("What happened"))
    events = [event for event in rows_in(item.get("events")) if event.get("event_type") not in _HIDDEN_EVENTS]
    put(*(line for event in events for line in event_lines(event, console().width)))


def _known(item: Row) -> dict[str, object]:
    """What an operator asks about an item, by the words of the result page."""
    speed, billing = fields_of(item, "speed"), fields_of(item, "billing")
    known = {
        _("label"): item.get("label"),
        _("key"): item.get("api_key_fingerprint"),
        _("provider"): item.get("provider_id"),
        _("models wanted"): item.get("requested_models"),
        _("test model"): item.get("resolved_smoke_model"),
        _("model that answered"): item.get("served_model"),
        _("found in sub2api"): _(said(item.get("matched_account_state"))),
        _("action taken"): _(said(item.get("account_resolution"))),
        _("platform"): item.get("platform"),
        _("account"): item.get("account_id"),
        _("channel"): item.get("channel_id"),
        _("answer time in ms"): item.get("latency_ms"),
        _("first token in ms"): speed.get("first_token_ms"),
        _("tokens a second"): speed.get("tokens_per_second"),
        _("balance left"): money(billing.get("balance"), billing.get("currency")),
        _("multiplier"): rates(billing),
        _("key quota"): quota(billing),
        _("key expires"): expiry(billing),
        _("models recommended"): item.get("recommended_models"),
        _("retries"): item.get("retry_count") or None,
        _("updated"): local(said(item.get("updated_at"))),
    }
    return {name: value for name, value in known.items() if value not in (None, [], "", "-")}


def _transport(profile: Row) -> dict[str, object]:
    paths = {
        "/v1/models": "supports_openai_models",
        "/v1/chat/completions": "supports_openai_chat_completions",
        "/v1/responses": "supports_openai_responses",
        "/v1/messages": "supports_anthropic_messages",
        ":generateContent": "supports_gemini_generate_content",
    }
    answers: dict[object, str] = {True: _("yes"), False: _("no")}
    told: dict[str, object] = {path: answers.get(profile.get(field), _("unknown")) for path, field in paths.items()}
    return {**told, _("authentication"): profile.get("auth_style"), _("advisories"): profile.get("known_advisories")}


def _show_evidence(evidence: Row) -> None:
    """What the relay's answers tell: one line for each thing that was seen."""
    questions = {
        "identity": _("Is it the model that was asked for?"),
        "passthrough": _("Is what is sent passed on untouched?"),
    }
    for name, question in questions.items():
        answered = fields_of(evidence, name)
        if answered:
            put(Text(), Text(f"{question} {_(said(answered.get('value')))}"))
            seen = dict.fromkeys(said(one.get("text")) for one in rows_in(answered.get("observations")))
            put(*(Text(MARGIN + text) for text in seen))


def event_lines(event: Row, width: int) -> Iterator[Text]:
    """Time, stage and a sentence, which is folded."""
    time, stage = local(str(event.get("created_at")), "%H:%M:%S"), _(said(event.get("stage")))
    head = f"{MARGIN}{time}{MARGIN}{padded(stage, 9)}{MARGIN}"
    margin = " " * cell_len(head)
    attempt = event.get("attempt")
    again = _("attempt {n}").format(n=attempt) if isinstance(attempt, int) and attempt > 1 else ""
    text = f"{said(event.get('text') or event.get('message'))}{again and f' ({again})'}"
    for place, line in enumerate(folded(text, max(_SHORTEST_LINE, width - len(margin)))):
        yield Text(f"{margin if place else head}{line}")


MODELS = Listing(
    "model_profiles",
    columns("model=raw_model_id", "family=canonical_model_family", *_FLAGS, "answers=smoke_chat_ok"),
    lambda model, _width: [Text(said(model.get("raw_model_id")))],
)
