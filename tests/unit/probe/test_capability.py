"""Which questions are put to a relay, with the key shown how, and which answer decides."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.capability import Protocol, Spoken, TransportProfile, Verdict
from batch_import.domain.evidence import Seen
from batch_import.domain.streams import Framing
from batch_import.domain.types import AuthStyle, ModelIdStyle, PlatformWish
from batch_import.probe.capability import ProbeResult, failure_code, probe_capabilities
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay

ROOT, KEY, MODEL, OTHER = "https://relay.example.com/v1", "sk-test-0000000000000001", "gpt-4o", "kimi-k2.6"
CHAT, RESPONSES, MESSAGES, GENERATE = Protocol
HEADERS = {
    "Authorization": "bearer",
    "x-api-key": "x_api_key",
    "api-key": "api_key",
    "x-goog-api-key": "x_goog_api_key",
}
PATHS = {"/chat/completions": CHAT, "/responses": RESPONSES, "/messages": MESSAGES, ":generateContent": GENERATE}


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body), "application/json")


def error(status: int, message: str) -> Answer:
    return answer({"error": {"message": message}}, status)


ABSENT, DEAD, BUSY = Answer(404, "Not Found"), error(401, "Invalid API key"), error(503, "busy")
GOOD = {
    CHAT: answer({"model": MODEL, "choices": [{"message": {"content": "ok"}}]}),
    RESPONSES: answer({"model": MODEL, "output": []}),
    MESSAGES: Answer(
        200, f'event: message_start\ndata: {{"type":"message_start","message":{{"model":"{MODEL}","content":[]}}}}\n\n'
    ),
    GENERATE: answer({"modelVersion": MODEL, "candidates": [{"content": {"parts": [{"text": "ok"}]}}]}),
}

Say = Callable[[Protocol, str, str], Answer]  # protocol, model and the way in which the key is shown


class Asked:
    """Remembers the questions: protocol, model, and the way in which the key was shown."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.questions: list[tuple[Protocol, str, str]] = []

    def __call__(self, method: str, url: str, *, headers: dict[str, str], body: Any, **_: Any) -> Answer:
        path = url.partition("?")[0]
        protocol = next(known for end, known in PATHS.items() if path.endswith(end))
        model = body.get("model") or path.rpartition("/")[2].partition(":")[0]
        style = next((name for header, name in HEADERS.items() if header in headers), "unknown")
        self.questions.append((protocol, model, style))
        return self.say(protocol, model, style)

    def of(self, protocol: Protocol) -> list[str]:
        return [style for asked, _, style in self.questions if asked is protocol]


def listed(style: AuthStyle = AuthStyle.BEARER, **more: Any) -> ProviderModels:
    return ProviderModels(None, ROOT, style, (MODEL, OTHER), **more)


def probed(
    say: Say,
    found: ProviderModels | None = None,
    wish: PlatformWish = PlatformWish.AUTO,
    candidates: tuple[str, ...] = (MODEL,),
) -> tuple[ProbeResult, Asked]:
    asked = Asked(say)
    return probe_capabilities(Relay(asked, KEY), found or listed(), candidates, wish), asked


def saying(**answers: Answer) -> Say:
    """By the protocol's name; all others are absent."""
    return lambda protocol, *_: answers.get(protocol.name.lower(), ABSENT)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (listed(), {CHAT: ["bearer"] * 2, MESSAGES: ["x_api_key", "bearer"]}),
        (listed(AuthStyle.X_API_KEY), {CHAT: ["x_api_key"] * 2, MESSAGES: ["x_api_key", "bearer"]}),
        (listed(AuthStyle.API_KEY), {CHAT: ["api_key"] * 2, MESSAGES: ["api_key"]}),
        (listed(listed=False), {CHAT: ["bearer"], MESSAGES: ["x_api_key", "bearer"]}),
        (listed(AuthStyle.UNKNOWN, gemini=True), {CHAT: ["bearer"] * 2, GENERATE: ["unknown"]}),
        (listed(AuthStyle.X_GOOG_API_KEY, gemini=True), {CHAT: ["bearer"] * 2, GENERATE: ["x_goog_api_key"]}),
    ],
)
def test_a_refused_key_is_shown_in_each_way_and_as_at_first_where_it_opened_the_list(
    found: ProviderModels, shown: dict[Protocol, list[str]]
) -> None:
    result, asked = probed(saying(chat=DEAD, messages=DEAD, generate=DEAD), found)
    assert {protocol: asked.of(protocol) for protocol in shown} == shown
    assert result.results[CHAT].verdict is Verdict.AUTH_FAILED


def test_a_wish_for_gemini_is_asked_with_googles_header_where_the_list_was_the_usual_one() -> None:
    result, asked = probed(saying(generate=GOOD[GENERATE]), wish=PlatformWish.GEMINI)
    assert asked.of(GENERATE) == ["x_goog_api_key"]
    assert failure_code(result) is None
    _, asked = probed(saying(chat=GOOD[CHAT]))
    assert not asked.of(GENERATE)


@pytest.mark.parametrize(("is_listed", "verdict"), [(True, Verdict.OK), (False, Verdict.AUTH_FAILED)])
def test_a_relay_with_many_keys_of_its_own_may_refuse_now_and_then(is_listed: bool, verdict: Verdict) -> None:
    refused: list[str] = []

    def say(protocol: Protocol, *_: str) -> Answer:
        if protocol is not CHAT:
            return ABSENT
        if refused:
            return GOOD[CHAT]
        refused.append("once")
        return DEAD

    assert probed(say, listed(listed=is_listed))[0].results[CHAT].verdict is verdict


def test_a_refusal_that_is_not_the_keys_is_shown_no_other_way() -> None:
    _, asked = probed(saying(messages=BUSY))
    assert asked.of(MESSAGES) == ["x_api_key"]


@pytest.mark.parametrize(
    ("answers", "wish", "code"),
    [
        ({}, "auto", "protocol_not_usable_by_host"),
        ({"messages": DEAD}, "auto", "auth_failed"),
        ({"responses": BUSY, "messages": DEAD}, "auto", "upstream_unavailable"),  # openai is preferred
        ({"chat": BUSY, "responses": DEAD}, "auto", "auth_failed"),
        ({"chat": DEAD, "messages": BUSY}, "anthropic", "upstream_unavailable"),
        ({"chat": DEAD, "generate": BUSY}, "gemini", "upstream_unavailable"),
        ({"chat": BUSY, "messages": GOOD[MESSAGES]}, "openai", "upstream_unavailable"),
        ({"chat": DEAD, "responses": DEAD, "messages": GOOD[MESSAGES]}, "openai", "protocol_not_usable_by_host"),
        ({"chat": Answer(trouble=Trouble.READ_TIMEOUT), "responses": BUSY}, "auto", "upstream_timeout"),
        (
            {"chat": error(403, "only Claude Code clients are allowed"), "responses": BUSY},
            "auto",
            "client_not_admitted",
        ),
        ({"chat": Answer(403, "<html>", "text/html"), "responses": BUSY}, "auto", "blocked_by_wall"),
        ({"chat": error(400, "what?"), "responses": answer({})}, "auto", "request_rejected"),
        ({"chat": error(403, "no"), "responses": error(404, f"no model {MODEL}: not found")}, "auto", "forbidden"),
        ({"chat": DEAD, "responses": GOOD[RESPONSES]}, "auto", None),
    ],
)
def test_the_answer_that_says_most_of_the_preferred_protocols_decides(
    answers: dict[str, Answer], wish: str, code: str | None
) -> None:
    assert failure_code(probed(saying(**answers), wish=PlatformWish(wish))[0]) == code


def test_a_relay_of_geminis_list_is_judged_by_its_own_protocol() -> None:
    found = listed(AuthStyle.X_GOOG_API_KEY, gemini=True)
    assert failure_code(probed(saying(chat=DEAD, generate=BUSY), found)[0]) == "upstream_unavailable"


def test_what_another_protocol_answered_for_another_model_is_no_evidence() -> None:
    gone = error(404, f"The model {MODEL} does not exist")

    def say(protocol: Protocol, model: str, _: str) -> Answer:
        if protocol is CHAT:
            return gone if model == MODEL else answer({"model": OTHER, "choices": [{"message": {"content": "ok"}}]})
        return GOOD[MESSAGES] if protocol is MESSAGES and model == MODEL else ABSENT

    result, _ = probed(say, candidates=(MODEL, OTHER))
    assert (result.smoke_model, result.served_model) == (OTHER, OTHER)
    assert {(it.code, it.params["asked"]) for it in result.observations} == {(Seen.SAME_MODEL_NAMED, OTHER)}
    assert {(it.protocol, it.model) for it in result.spoken} == {(CHAT, OTHER), (MESSAGES, MODEL)}


@pytest.mark.parametrize(
    ("refusals", "models"),
    [
        ([error(404, "no such model")] * 3, 4),
        ([BUSY] * 3, 4),
        ([error(429, "slow down")] * 3, 2),  # which mostly is the key's, whatever the model
        ([error(402, "no balance")] * 3, 2),
        ([DEAD], 1),
        ([ABSENT], 1),
    ],
)
def test_further_models_are_asked_while_refusals_may_be_about_the_model(refusals: list[Answer], models: int) -> None:
    candidates = ("gpt-4o", "kimi-k2.6", "glm-5", "qwen-plus")
    told = dict(zip(candidates, [*refusals, GOOD[CHAT]], strict=False))
    result, asked = probed(
        lambda protocol, model, _: told.get(model, GOOD[CHAT]) if protocol is CHAT else ABSENT, candidates=candidates
    )
    assert len({model for protocol, model, _ in asked.questions if protocol is CHAT}) == models
    assert (result.results[CHAT].verdict is Verdict.OK) is (models == 4)
    assert result.refused == (candidates[:3] if refusals[0].status == 404 and models == 4 else ())


def demanding(
    fits: Callable[[dict[str, Any]], bool], *refusals: Answer, protocol: Protocol = CHAT, requests: int = 12
) -> tuple[ProbeResult, list[dict[str, Any]]]:
    """A relay that answers what fits, and else with its refusals in turn; and the bodies that it was sent."""
    bodies: list[dict[str, Any]] = []

    def exchange(method: str, url: str, *, body: dict[str, Any], **_: Any) -> Answer:
        if not url.partition("?")[0].endswith(
            {CHAT: "/chat/completions", RESPONSES: "/responses"}.get(protocol, "/messages")
        ):
            return ABSENT
        bodies.append(body)
        return GOOD[protocol] if fits(body) else refusals[min(len(bodies), len(refusals)) - 1]

    return probe_capabilities(Relay(exchange, KEY, requests), listed(), (MODEL,)), bodies


def streamed(body: dict[str, Any]) -> bool:
    return body["stream"] is True


@pytest.mark.parametrize(
    ("refusal", "learnt"),
    [
        *((error(status, "Stream must be set to true"), True) for status in (200, 400, 403, 404, 422, 500, 503)),
        (error(404, f"The model {MODEL} does not exist: stream must be set to true"), True),
        (error(402, "Stream must be set to true"), False),
        (error(429, "Stream must be set to true"), False),
    ],
)
def test_a_demand_is_learnt_from_refusals_that_may_speak_of_the_form(refusal: Answer, learnt: bool) -> None:
    result, bodies = demanding(streamed, refusal)
    assert (result.results[CHAT].verdict is Verdict.OK) is learnt
    assert (result.demands.names(), len(bodies)) == ((("stream",), 2) if learnt else ((), 1))


def test_each_refusal_may_teach_another_demand_until_one_teaches_nothing() -> None:
    def fits(body: dict[str, Any]) -> bool:
        return streamed(body) and "max_completion_tokens" in body

    lessons = (error(400, "Use 'max_completion_tokens' instead"), error(400, "Stream must be set to true"))
    result, bodies = demanding(fits, *lessons)
    assert result.demands.names() == ("stream", "max_completion_tokens")
    assert len(bodies) == 3
    result, bodies = demanding(lambda _: False, lessons[0])
    assert (result.results[CHAT].verdict, len(bodies)) == (Verdict.REJECTED, 2)


EMPTY, WORDLESS = answer({}), Answer(400, "")


@pytest.mark.parametrize(
    ("refusal", "fits", "protocol", "names", "asked"),
    [
        (EMPTY, streamed, CHAT, ("stream",), 2),
        (EMPTY, lambda _: False, CHAT, (), 2),
        (EMPTY, lambda _: False, RESPONSES, (), 2),
        (EMPTY, lambda _: False, MESSAGES, (), 1),  # which were asked for a stream
        (WORDLESS, lambda body: body.get("store") is False, RESPONSES,
         ("stream", "no_limit", "instructions", "no_store", "input_list"), 2),
        (WORDLESS, lambda _: False, RESPONSES, (), 2),
        (error(400, "what?"), lambda _: False, CHAT, (), 1),
    ],
)  # fmt: skip
def test_what_a_relay_may_demand_without_a_word_is_tried_once_and_kept_where_it_helps(
    refusal: Answer, fits: Callable[[dict[str, Any]], bool], protocol: Protocol, names: tuple[str, ...], asked: int
) -> None:
    result, bodies = demanding(fits, refusal, protocol=protocol)
    assert (result.demands.names(), len(bodies)) == (names, asked)
    assert (result.results[protocol].verdict is Verdict.OK) is bool(names)
    if not names:
        assert result.results[protocol].answer.text == refusal.text


@pytest.mark.parametrize(("has_chat", "names"), [(True, ()), (False, ("stream",))])
def test_demands_are_those_of_the_protocol_that_the_host_will_use(has_chat: bool, names: tuple[str, ...]) -> None:
    def exchange(method: str, url: str, *, body: dict[str, Any], **_: Any) -> Answer:
        if url.endswith("/responses"):
            return GOOD[RESPONSES] if streamed(body) else error(400, "Stream must be set to true")
        return GOOD[CHAT] if url.endswith("/chat/completions") and has_chat else ABSENT

    assert probe_capabilities(Relay(exchange, KEY), listed(), (MODEL,)).demands.names() == names


@pytest.mark.parametrize(
    ("refusal", "verdict"),
    [(DEAD, Verdict.AUTH_FAILED), (error(400, "Use 'max_completion_tokens' instead"), Verdict.REJECTED)],
)
def test_a_spent_budget_changes_no_verdict(refusal: Answer, verdict: Verdict) -> None:
    relay = Relay(Asked(lambda *_: refusal), KEY, 1)
    result = probe_capabilities(relay, listed(guessed=True, listed=False), (MODEL, OTHER))
    assert (result.results[MESSAGES].verdict, relay.requests_left) == (verdict, 0)


def test_a_relay_that_answers_chat_is_asked_for_no_further_model() -> None:
    forbidden = error(403, "not for you")
    result, asked = probed(saying(chat=GOOD[CHAT], messages=forbidden), candidates=(MODEL, OTHER))
    assert {model for _, model, _ in asked.questions} == {MODEL}
    assert result.refused == ()


def test_of_the_refusals_of_several_models_the_weightiest_is_told() -> None:
    told = {MODEL: error(503, "busy"), OTHER: error(400, "what?"), "glm-5": error(403, "not for you")}
    result, _ = probed(lambda protocol, model, _: told[model] if protocol is CHAT else ABSENT, candidates=tuple(told))
    assert result.results[CHAT].verdict is Verdict.UNAVAILABLE


def test_each_protocol_is_asked_where_and_as_the_host_asks_it() -> None:
    sent: dict[str, Any] = {}

    def exchange(method: str, url: str, *, body: dict[str, Any], **_: Any) -> Answer:
        sent[url] = body
        return ABSENT

    found = ProviderModels(None, "https://relay.example.com/api/v3", AuthStyle.BEARER, (MODEL,))
    probe_capabilities(Relay(exchange, KEY), found, (MODEL,), PlatformWish.GEMINI)
    words = "Reply with the single word: ok"
    prompt = {"model": MODEL, "messages": [{"role": "user", "content": words}], "max_tokens": 512}
    text = {"type": "object", "properties": {"text": {"type": "string"}}}
    tool = {"type": "function", "name": "probe_ping", "description": "Answers a ping.", "parameters": text}
    assert sent == {
        "https://relay.example.com/api/v3/chat/completions": {**prompt, "stream": False},
        "https://relay.example.com/api/v3/responses": {
            "model": MODEL, "input": words, "tools": [tool], "tool_choice": "required", "stream": False,
            "max_output_tokens": 512,
        },
        "https://relay.example.com/api/v1/messages?beta=true": {**prompt, "stream": True},
        f"https://relay.example.com/api/v1beta/models/{MODEL}:generateContent": {
            "contents": [{"role": "user", "parts": [{"text": words}]}], "generationConfig": {"maxOutputTokens": 512},
        },
    }  # fmt: skip


def test_the_profile_tells_what_is_there_what_is_not_and_what_nobody_knows() -> None:
    result, _ = probed(saying(responses=BUSY, messages=GOOD[MESSAGES]))
    spoken = Spoken(MESSAGES, AuthStyle.X_API_KEY, MODEL, Framing.SPACED)
    assert result.transport == TransportProfile(
        supports_openai_models=True,
        supports_openai_chat_completions=False,
        supports_openai_responses="unknown",
        supports_anthropic_messages=True,
        supports_gemini_generate_content="unknown",
        auth_style=AuthStyle.X_API_KEY,
        model_id_style=ModelIdStyle.CANONICAL,
        api_root=ROOT,
        spoken=(spoken,),
    )
    nothing = probed(saying(), listed(AuthStyle.API_KEY))[0].transport
    assert (nothing.auth_style, nothing.spoken) == (AuthStyle.API_KEY, ())


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        *(({"chat": GOOD[CHAT], "responses": refusal}, ("responses_unsupported_but_chat_ok",))
          for refusal in (ABSENT, error(403, "not for you"), Answer(403, "<html>", "text/html"),
                          Answer(200, "<html>", "text/html"))),
        *(({"chat": GOOD[CHAT], "responses": other}, ()) for other in (GOOD[RESPONSES], BUSY, DEAD)),
        ({"responses": GOOD[RESPONSES]}, ()),
        ({"chat": BUSY}, ()),
    ],
)  # fmt: skip
def test_a_relay_with_chat_and_without_responses_is_told_of(answers: dict[str, Answer], told: tuple[str, ...]) -> None:
    assert probed(saying(**answers))[0].transport.known_advisories == told


@pytest.mark.parametrize(
    ("protocol", "fits", "told"),
    [
        (CHAT, streamed, ("responses_unsupported_but_chat_ok", "relay_streams_only")),
        (RESPONSES, streamed, ()),  # there the host streams by itself
        (CHAT, lambda _: False, ()),
    ],
)
def test_a_demand_that_customers_feel_is_told(
    protocol: Protocol, fits: Callable[[dict[str, Any]], bool], told: tuple[str, ...]
) -> None:
    result, _ = demanding(fits, error(400, "Stream must be set to true"), protocol=protocol)
    assert result.transport.known_advisories == told
    assert result.transport.demands == result.demands.names() == ("stream",)


@pytest.mark.parametrize(
    ("output", "tools"), [([{"type": "function_call"}], True), ([{"type": "message"}], "unknown"), ([], "unknown")]
)
def test_a_call_that_responses_were_asked_for_shows_tools_and_none_shows_nothing(
    output: Any, tools: bool | str
) -> None:
    assert probed(saying(responses=answer({"output": output})))[0].supports_tools == tools
