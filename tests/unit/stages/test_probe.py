"""What the probe stage makes of a relay's answers: where the item goes, and with which advice and findings."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.consumer.next_step import NextStep
from batch_import.coordination.circuit_breaker import CLOSED, BreakerDecision
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.clock import Clock
from batch_import.domain.errors import OutOfResources
from batch_import.domain.naming import identify_model
from batch_import.domain.politeness import NoExtraProbes
from batch_import.net.deadline import deadline
from batch_import.stages.probe import Probed, Prober
from batch_import.stages.transitions import ItemTransitions, TransitionWriter
from batch_import.store.items import PendingWrite

from tests.unit.domain.rows import item, run

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
URL = "https://relay.example.com/v1"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CLOCK = Clock(lambda: NOW)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body), "application/json")


def listing(*models: str) -> Answer:
    return answer({"object": "list", "data": [{"id": model} for model in models]})


def chat(model: str | None = None, reasoned: int = 0, **message: Any) -> Answer:
    usage = {"completion_tokens_details": {"reasoning_tokens": reasoned}}
    choices = [{"message": {"role": "assistant", "content": "ok", **message}}]
    return answer({"model": model, "choices": choices, "usage": usage})


DEAD = answer({"error": {"message": "Invalid API key"}}, 401)
ABSENT = answer({"error": {"message": "Invalid URL (POST /v1/x)"}}, 404)
GPT = {"/models": listing("gpt-4o"), "/chat/completions": chat("gpt-4o")}


class Relay:
    """Answers by the end of the path; everything else is absent."""

    def __init__(self, told: dict[str, Answer]) -> None:
        self.told = told
        self.asked: list[str] = []

    def __call__(self, method: str, url: str, **_: Any) -> Answer:
        path = url.partition("?")[0].removeprefix(URL)
        self.asked.append(path)
        return self.told.get(path, ABSENT)


def probed(
    relay: Relay | Callable[..., Answer],
    *,
    breaker: BreakerDecision = CLOSED,
    spared: str = "",
    wishes: dict[str, Any] | None = None,
    clock: Clock = CLOCK,
    spacing: float = 0.0,
    **fields: Any,
) -> tuple[Probed | NextStep, ItemTransitions, Any]:
    """The outcome, the item's transitions, and the writes of the item."""
    fresh: dict[str, Any] = {
        "base_url": URL, "requested_models": [], "resolved_smoke_model": None, "current_stage": "probe",
        "confirmation_status": "pending", "access_status": None, "account_id": None, "advisories": [],
        "has_warning": False, "retry_count": 0, "attempt": 1, "last_error_code": None,
    }  # fmt: skip
    store = Mock()
    store.write = Mock(side_effect=lambda pending: pending.item)
    to = ItemTransitions(
        TransitionWriter(store, clock, lambda: 0.5, lambda _: KEY), PendingWrite(item(**{**fresh, **fields})), KEY
    )
    prober = Prober(relay, Mock(admission=Mock(return_value=breaker)), NoExtraProbes([spared]), clock, spacing)
    with deadline(60.0):
        return prober.probe(to, KEY, run(**(wishes or {}))), to, store.write


def test_requests_that_are_spaced_are_all_asked_before_the_decision_one_after_another() -> None:
    slept: list[float] = []
    spaced, relay = Clock(lambda: NOW, lambda: 0.0, slept.append), Relay(GPT)
    found, _, _ = probed(relay, clock=spaced, spacing=0.5)
    assert isinstance(found, Probed)
    assert found.deferred is None
    assert sorted(slept) == [0.5 * (1 + turn) for turn in range(len(relay.asked))]


def advised(to: ItemTransitions) -> dict[str, dict[str, str]]:
    return {one["code"]: one["params"] for one in to.item.model_dump()["advisories"]}


def code_of(to: ItemTransitions) -> str | None:
    return to.item.last_error_code


@pytest.mark.parametrize(
    ("breaker", "stage", "code"),
    [
        (BreakerDecision(wait=7.0), "probe", None),
        (BreakerDecision(trouble=Trouble.UNREACHABLE), "probe", "unreachable"),
        (BreakerDecision(trouble=Trouble.UNREACHABLE, over=True), "validate", "unreachable"),
    ],
)
def test_a_relay_whose_origin_is_down_is_not_asked(breaker: BreakerDecision, stage: str, code: str | None) -> None:
    relay = Relay(GPT)
    step, to, _ = probed(relay, breaker=breaker)
    assert isinstance(step, NextStep)
    assert (step.stage, code_of(to), relay.asked) == (stage, code, [])
    assert to.item.retry_count == (1 if stage == "probe" and code else 0)
    if code is None:
        assert step.delay == 7.0


def test_an_item_goes_on_with_its_first_attempt_at_the_next_stage() -> None:
    found, to, write = probed(Relay(GPT), attempt=3, due_at="2026-06-01T00:00:00.000+00:00")
    assert isinstance(found, Probed)
    assert found.deferred is not None
    assert (to.item.current_stage, to.item.attempt, to.item.due_at) == ("provision", 1, None)
    assert (to.item.resolved_smoke_model, to.item.served_model) == ("gpt-4o", "gpt-4o")
    assert not advised(to)
    write.assert_not_called()


@pytest.mark.parametrize(
    ("listed", "requested", "mapping"),
    [
        (("gpt-4o", "text-embedding-3-small", "in-house"), [], {"gpt-4o": "gpt-4o", "in-house": "in-house"}),
        (("openai/GPT-4o", "kimi-k2.6"), [],
         {"openai/GPT-4o": "openai/GPT-4o", "gpt-4o": "openai/GPT-4o", "kimi-k2.6": "kimi-k2.6"}),
        (("openai/GPT-4o", "kimi-k2.6"), ["gpt 4o"],
         {"openai/GPT-4o": "openai/GPT-4o", "gpt-4o": "openai/GPT-4o", "gpt 4o": "openai/GPT-4o"}),
        (("gpt-*", "kimi-k2.6"), ["gpt-4o"], {"gpt-4o": "gpt-4o"}),
    ],
)  # fmt: skip
def test_what_an_account_will_serve_is_what_was_asked_for_or_all_that_can_chat(
    listed: tuple[str, ...], requested: list[str], mapping: dict[str, str]
) -> None:
    found, to, _ = probed(Relay({**GPT, "/models": listing(*listed)}), requested_models=requested)
    assert isinstance(found, Probed)
    assert found.profile.model_mapping == mapping
    named = [identify_model(name) for name in found.profile.raw_models]
    assert found.profile.normalized_models == tuple(name.normalized_model_id for name in named)
    assert found.profile.canonical_model_families == tuple(name.canonical_model_family for name in named)
    assert "requested_models_unresolved" not in advised(to)


def test_requested_models_that_are_not_listed_are_told_with_others_to_ask_for() -> None:
    relay = Relay({**GPT, "/models": listing("gpt-4o", "kimi-k2.6", "kimi-k2.5")})
    step, to, write = probed(relay, requested_models=["kimi-k2.7"])
    assert isinstance(step, NextStep)
    assert code_of(to) == "requested_model_not_found"
    assert "kimi-k2.7" in (to.item.last_error or "")
    profile = write.call_args[0][0].profile
    assert profile.recommended_models
    assert set(profile.recommended_models) <= {"kimi-k2.6", "kimi-k2.5"}
    assert relay.asked == ["/models"]
    found, to, write = probed(relay, requested_models=["kimi-k2.7", "gpt-4o"])
    assert isinstance(found, Probed)
    assert advised(to)["requested_models_unresolved"] == {"models": "kimi-k2.7"}
    to.write({})
    assert [event.event_type for event in write.call_args[0][0].events] == [
        "models_discovered", "capability_probed", "advisory_recorded"
    ]  # fmt: skip
    assert found.profile.recommended_models


def test_a_relay_without_models_that_can_chat_is_told() -> None:
    step, to, _ = probed(Relay({**GPT, "/models": listing("text-embedding-3-small")}))
    assert isinstance(step, NextStep)
    assert code_of(to) == "no_chat_model"


def test_requested_models_stand_in_for_a_list() -> None:
    relay = Relay({"/chat/completions": chat("gpt-4o")})
    found, to, _ = probed(relay, requested_models=["gpt-4o"])
    assert isinstance(found, Probed)
    assert set(advised(to)) == {"models_not_listed"}
    assert found.profile.recommended_models == ()
    step, to, _ = probed(Relay({}), requested_models=["gpt-4o"])
    assert isinstance(step, NextStep)
    assert code_of(to) == "model_list_missing"
    refused = {"/chat/completions": DEAD, "/responses": DEAD, "/messages": DEAD}
    step, to, _ = probed(Relay(refused), requested_models=["gpt-4o"])
    assert code_of(to) == "auth_failed"
    step, to, _ = probed(Relay({"/models": listing("gpt-4o")}))
    assert code_of(to) == "protocol_not_usable_by_host"


MESSAGES = Answer(
    200,
    "event: message_start\n"
    'data: {"type":"message_start","message":{"model":"claude-sonnet-4-5-20250929","content":[]}}\n\n'
    'event: content_block_start\ndata: {"type":"content_block_start","content_block":{"type":"text","text":"ok"}}\n\n',
    "text/event-stream",
)


def test_a_relay_for_claude_that_lists_nothing_is_asked_for_the_usual_models() -> None:
    found, to, _ = probed(Relay({"/messages": MESSAGES}))
    assert isinstance(found, Probed)
    model = to.item.resolved_smoke_model or ""
    assert model.startswith("claude-")
    assert advised(to) == {"models_guessed": {"models": model}}
    assert found.profile.raw_models == (model,)
    assert (found.profile.capability_profile or {})["transport_profile"]["supports_openai_models"] is False
    assert (found.profile.evidence or {})["identity"] == {"value": "unknown", "observations": []}  # it offered no model
    for told, wish in (({"/messages": MESSAGES}, "openai"), ({}, "auto"), ({"/messages": DEAD}, "auto")):
        relay = Relay(told)
        step, to, _ = probed(relay, platform_wish=wish)
        assert isinstance(step, NextStep)
        assert code_of(to) == "model_list_missing"
        assert ("/messages" in relay.asked) is (wish == "auto")


WALLET = {"isValid": True, "planName": "x", "remaining": 5, "balance": 5, "unit": "USD"}
DECLARED = {
    "/models": answer({"object": "list", "data": [{"id": "gpt-4o", "type": "model", "display_name": "gpt-4o"}]}),
    "/chat/completions": chat("gpt-4o"),
    "/usage": answer(WALLET),
    "/sub2api/billing": answer({"object": "sub2api.key_billing", "billing_scope": "token",
                                "resolved_rate_multiplier": 3}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "wishes", "code"),
    [
        ({}, {}, None),
        ({}, {"max_multiplier": 3}, None),
        ({}, {"max_multiplier": 2}, "too_dear"),
        ({}, {"min_balance": 6}, "too_little_left"),
        ({"/usage": answer({**WALLET, "remaining": 0})}, {}, "payment_required"),
        ({"/usage": answer({**WALLET, "expires_at": "2026-05-31T00:00:00Z"})}, {}, "payment_required"),
        ({"/usage": answer({**WALLET, "expires_at": "2026-06-02T00:00:00Z"})}, {}, None),
        ({"/chat/completions": DEAD, "/responses": DEAD, "/messages": DEAD}, {"max_multiplier": 2}, "auth_failed"),
    ],
)
def test_a_declaration_decides_only_what_the_request_asks_or_what_cannot_be_paid(
    told: dict[str, Answer], wishes: dict[str, Any], code: str | None
) -> None:
    step, to, write = probed(Relay({**DECLARED, **told}), wishes=wishes)
    assert isinstance(step, Probed) is (code is None)
    assert code_of(to) == code
    profile = step.profile if isinstance(step, Probed) else write.call_args[0][0].profile
    assert profile.billing is not None
    assert profile.billing.multiplier == 3


@pytest.mark.parametrize(("attempt", "stage"), [(1, "probe"), (9, "provision")])
def test_a_chat_that_fails_in_passing_is_waited_for_while_there_are_retries(attempt: int, stage: str) -> None:
    passing = answer({"error": {"message": "overloaded"}}, 503)
    told = {"/models": listing("claude-sonnet-4-5"), "/chat/completions": passing, "/messages": MESSAGES}
    _, to, _ = probed(Relay(told), attempt=attempt)
    assert to.item.current_stage == stage
    assert code_of(to) == ("upstream_unavailable" if stage == "probe" else None)
    _, to, _ = probed(Relay({**told, "/messages": WHOLE}), attempt=attempt)
    assert code_of(to) == ("upstream_unavailable" if stage == "probe" else "protocol_not_usable_by_host")
    _, to, _ = probed(Relay({**told, "/responses": DEAD, "/messages": DEAD}), attempt=attempt)
    assert code_of(to) == "auth_failed"


@pytest.mark.parametrize(
    ("chat_says", "code"),
    [
        (answer({"error": {"message": "slow down"}}, 429), "rate_limited"),
        (answer({"error": {"message": "overloaded"}}, 503), "upstream_unavailable"),
        (Answer(trouble=Trouble.READ_TIMEOUT), "upstream_timeout"),
        (Answer(trouble=Trouble.UNREACHABLE), "unreachable"),
        (ABSENT, None),
        (DEAD, None),
    ],
)
@pytest.mark.parametrize("wish", ["auto", "anthropic"])
def test_only_what_passes_is_waited_for_and_only_without_a_wish(chat_says: Answer, code: str | None, wish: str) -> None:
    told = {"/models": listing("claude-sonnet-4-5"), "/chat/completions": chat_says, "/messages": MESSAGES}
    _, to, _ = probed(Relay(told), platform_wish=wish)
    assert code_of(to) == (code if wish == "auto" else None)
    _, to, _ = probed(Relay({**GPT, "/responses": chat_says}))
    assert code_of(to) is None


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ("auto", None),
        ("openai", "protocol_not_usable_by_host"),
        ("anthropic", None),
        ("gemini", "protocol_not_usable_by_host"),
    ],
)
def test_a_wish_is_judged_by_its_own_protocols_and_a_key_that_opens_another_is_good(
    wish: str, code: str | None
) -> None:
    told = {"/models": listing("gpt-4o"), "/chat/completions": DEAD, "/responses": DEAD, "/messages": MESSAGES}
    _, to, _ = probed(Relay(told), platform_wish=wish)
    assert code_of(to) == code


WHOLE = answer({"type": "message", "model": "claude-haiku-4-5", "content": [{"type": "text", "text": "ok"}]})


def test_a_relay_that_speaks_what_no_host_uses_is_told_what_it_speaks() -> None:
    step, to, _ = probed(Relay({"/models": listing("claude-haiku-4-5"), "/messages": WHOLE}))
    assert isinstance(step, NextStep)
    assert code_of(to) == "protocol_not_usable_by_host"
    assert "no event lines" in (to.item.last_error or "")


@pytest.mark.parametrize(
    ("asked", "named", "told"),
    [
        ("gpt-4o", "gpt-4o-2024-11-20", False),
        ("gpt-4o", "pool-a", False),  # a name of the relay's own
        ("in-house", "qwen3-32b", False),
        ("gpt-4o", None, False),
        ("gpt-4o", "qwen3-32b", True),
    ],
)
def test_another_model_in_the_answer_is_told_where_both_are_known(asked: str, named: str | None, told: bool) -> None:
    _, to, _ = probed(Relay({"/models": listing(asked), "/chat/completions": chat(named)}))
    expected = {"another_model_served": {"asked": asked, "served": named}} if told else {}
    assert advised(to) == expected
    assert to.item.served_model == named


def test_a_key_in_the_name_of_a_model_is_told_nowhere() -> None:
    found, to, _ = probed(Relay({**GPT, "/chat/completions": chat(f"qwen3-32b-{KEY}")}))
    assert isinstance(found, Probed)
    assert {one["code"] for one in (found.profile.evidence or {})["identity"]["observations"]} & {
        "other_model_named",
        "related_model_named",
    }
    assert KEY not in f"{to.item} {found.profile}"


def without_nano(_: str, url: str, *, body: Any, **__: Any) -> Answer:
    """A relay that lists a model that it does not serve."""
    if url.endswith("/models"):
        return listing("gpt-4o", "gpt-5-nano")
    if not url.endswith("/chat/completions"):
        return ABSENT
    gone = {"error": {"message": "The model `gpt-5-nano` does not exist", "code": "model_not_found"}}
    return chat("gpt-4o") if body["model"] == "gpt-4o" else answer(gone, 404)


def test_a_requested_model_that_is_refused_is_not_replaced_by_another() -> None:
    step, to, _ = probed(without_nano, requested_models=["gpt-5-nano"])
    assert isinstance(step, NextStep)
    assert code_of(to) == "model_not_served"


def test_models_that_are_listed_and_refused_are_told() -> None:
    found, to, _ = probed(without_nano)
    assert isinstance(found, Probed)
    assert advised(to) == {"models_refused": {"models": "gpt-5-nano"}}
    assert to.item.resolved_smoke_model == "gpt-4o"
    first, second = (found.profile.capability_profile or {})["model_profiles"]
    assert (first["raw_model_id"], first["smoke_chat_ok"]) == ("gpt-4o", True)
    assert (second["raw_model_id"], second["smoke_chat_ok"]) == ("gpt-5-nano", "unknown")


def test_of_a_list_of_thousands_the_profile_has_the_model_that_answered_and_some_others() -> None:
    many = [f"glm-4.{number}-z" for number in range(400)]
    found, _, _ = probed(Relay({**GPT, "/models": listing(*many, "gpt-4o")}), requested_models=["gpt-4o"])
    assert isinstance(found, Probed)
    profiles = (found.profile.capability_profile or {})["model_profiles"]
    assert [each["raw_model_id"] for each in profiles] == ["gpt-4o", *many[:299]]


@pytest.mark.parametrize(("unit", "told"), [("USD", None), ("CNY", "5 CNY"), (None, "5")])
@pytest.mark.parametrize("wishes", [{}, {"min_balance": 5}])
def test_a_balance_that_is_not_in_dollars_is_told_as_not_judged(
    unit: str | None, told: str | None, wishes: dict[str, Any]
) -> None:
    _, to, _ = probed(Relay({**DECLARED, "/usage": answer({**WALLET, "unit": unit})}), wishes=wishes)
    expected = {"balance_not_judged": {"balance": told}} if told and wishes else {}
    assert {code: params for code, params in advised(to).items() if "judged" in code} == expected


def test_a_spared_relay_is_asked_for_no_balance_and_nothing_later() -> None:
    usual, spared = Relay(DECLARED), Relay(DECLARED)
    found, _, _ = probed(usual)
    assert isinstance(found, Probed)
    assert (found.deferred is None, found.profile.billing is None) == (False, False)
    found, _, _ = probed(spared, spared="relay.example.com")
    assert isinstance(found, Probed)
    assert (found.deferred is None, found.profile.billing is None) == (True, True)
    assert set(usual.asked) - set(spared.asked) == {"/usage", "/sub2api/billing"}


SUBSCRIPTION = {"object": "billing_subscription", "soft_limit_usd": 5.5, "hard_limit_usd": 5.5}


@pytest.mark.parametrize(("told", "streams"), [({}, 3), ({"/dashboard/billing/subscription": answer(SUBSCRIPTION)}, 2)])
def test_what_asking_for_the_balance_has_left_may_be_spent_on_a_stream_that_is_refused(
    told: dict[str, Answer], streams: int
) -> None:
    """Three requests beyond the questions of before, of which the balance takes one or two."""
    relay, bodies = Relay({**GPT, **told}), list[Any]()

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        if body and body.get("stream") and url.endswith("/chat/completions"):
            bodies.append(body)
            named = next((name for name in ("stop", "stream_options") if name in body), None)
            if named:
                return answer({"error": {"message": f"unknown field {named}"}}, 400)
        return relay(method, url, body=body, **given)

    found, _, _ = probed(exchange)
    assert isinstance(found, Probed)
    assert found.deferred is not None
    found.deferred()
    assert len(bodies) == streams


@pytest.mark.parametrize(
    ("completion", "reasoning"),
    [
        (chat("gpt-4o", reasoning="hm"), True),
        (chat("gpt-4o", reasoned=90), False),  # counted, and told nowhere
        (chat("gpt-4o"), "unknown"),
    ],
)
def test_what_is_asked_later_completes_the_profile_of_the_model_that_the_account_is_proven_with(
    completion: Answer, reasoning: bool | str
) -> None:
    found, to, _ = probed(Relay({**GPT, "/chat/completions": completion}))
    assert isinstance(found, Probed)
    assert found.deferred is not None
    later, profile, event = found.deferred()
    assert later == to.item
    assert event.payload == {
        "supports_stream": False, "supports_tools": False, "supports_reasoning_fields": reasoning,
    }  # fmt: skip
    [model] = (profile.capability_profile or {})["model_profiles"]
    assert {name: model[name] for name in event.payload} == event.payload
    assert (model["raw_model_id"], model["canonical_model_family"], model["smoke_chat_ok"]) == (
        "gpt-4o",
        "gpt-4o",
        True,
    )
    assert profile.evidence == found.profile.evidence


def timed(*events: dict[str, Any]) -> Answer:
    """A stream whose events came every tenth of a second."""
    text, arrivals = "", list[tuple[int, float]]()
    for number, event in enumerate(events):
        text += f"data: {json.dumps(event)}\n\n"
        arrivals.append((len(text), 0.5 + 0.1 * number))
    return Answer(200, f"{text}data: [DONE]\n\n", "text/event-stream", arrivals=tuple(arrivals))


COUNTED = timed(
    *({"model": "gpt-4o", "choices": [{"delta": {"content": f"{n} "}}]} for n in range(1, 33)),
    {"choices": [], "usage": {"completion_tokens": 64}},
)


def test_what_is_asked_later_tells_speed_and_evidence_of_the_model_alone() -> None:
    """A relay that streams whatever is asked for, which is a demand that the proof must know."""
    relay = Relay({"/models": listing("gpt-4o", "in-house"), "/chat/completions": COUNTED, "/messages": MESSAGES})
    found, to, _ = probed(relay)
    assert isinstance(found, Probed)
    assert to.item.demands == ("stream",)
    assert found.deferred is not None
    _, profile, _ = found.deferred()
    capability = profile.capability_profile or {}
    assert capability["transport_profile"]["spoken"]
    assert [one["speed"] for one in capability["model_profiles"]] == [
        {"first_token_ms": 500, "tokens_per_second": 20.0}, None
    ]  # fmt: skip
    told = {one["code"] for one in (profile.evidence or {})["passthrough"]["observations"]}
    assert told == {"stop_kept"}
    assert relay.asked[-1] == "/chat/completions"
    to.add({"platform": "anthropic", "resolved_smoke_model": "gpt-4o"})
    _, profile, _ = found.deferred()
    assert relay.asked[-1] == "/messages"
    asked = len(relay.asked)
    to.add({"resolved_smoke_model": "in-house"})
    _, profile, _ = found.deferred()
    assert not any(one["speed"] for one in (profile.capability_profile or {})["model_profiles"])
    assert len(relay.asked) == asked


def test_the_speed_that_a_priority_needs_is_asked_before_the_decision_and_costs_no_item() -> None:
    found, to, write = probed(Relay(GPT), wishes={"priority_from_speed": True})
    assert isinstance(found, Probed)
    assert found.deferred is None
    assert (found.profile.capability_profile or {})["model_profiles"][0]["supports_stream"] is False
    to.write({})
    written = write.call_args[0][0]
    assert written.profile == found.profile
    assert [event.message for event in written.events] == ["1 models listed", "smoke model gpt-4o", "asked afterwards"]
    for relay, spared in ((Relay({**GPT, "/models": DEAD}), ""), (Relay(GPT), "relay.example.com")):
        other, _, _ = probed(relay, wishes={"priority_from_speed": True}, spared=spared)
        assert isinstance(other, Probed) is bool(spared)

    def failing(error: Exception) -> Callable[..., Answer]:
        def say(_: str, url: str, *, body: Any, **__: Any) -> Answer:
            if body and body.get("stream_options"):
                raise error
            return Relay(GPT)("", url)

        return say

    found, _, _ = probed(failing(ValueError("an answer that nobody foresaw")), wishes={"priority_from_speed": True})
    assert isinstance(found, Probed)
    assert found.deferred is None
    with pytest.raises(OutOfResources):
        probed(failing(OutOfResources("no memory")), wishes={"priority_from_speed": True})
