"""What is asked once an item has moved on: streaming, tools, reasoning fields; and what random faults may never do."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.capability import Flag
from batch_import.domain.demands import Demands
from batch_import.domain.evidence import Seen
from batch_import.domain.passed_on import COUNTING, TOOL, TOOL_PROMPT
from batch_import.domain.routing import protocol_used
from batch_import.domain.types import AuthStyle, PlatformWish
from batch_import.probe.capability import probe_capabilities
from batch_import.probe.deferred import Deferred, probe_deferred, stream_flag, tools_flag
from batch_import.probe.discovery import ProviderModels, provider_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models

from tests.unit.probe.test_profiles import EXPECTED, SIGNS

# profile -> stream, tools, reasoning: + true, - false, ? unknown
LATER = {
    "healthy": "++?",
    "chat_only": "++?",
    "responses_only": "++?",
    "messages_only": "+??",
    "cut_stream": "?+?",
    "reasoning": "+++",
    "late_forbidden": "++?",
    "stream_forbidden": "?+?",
    "double_v1": "++?",
}


def everything(relay: Relay, base_url: str) -> tuple[Any, Any]:
    found = provider_models(relay, base_url)
    if found.code is not None:
        return None, None
    result = probe_capabilities(relay, found, resolve_smoke_models((), found.raw_models))
    return result, probe_deferred(relay, found, result, protocol_used(result.spoken, result.wish, result.smoke_model))


@pytest.mark.parametrize("profile", LATER)
def test_what_is_found_out_afterwards(box: Any, relay: Relay, profile: str) -> None:
    result, later = everything(relay, box.relay(profile, "later"))
    flags = (later.flags.supports_stream, later.flags.supports_tools, later.flags.supports_reasoning_fields)
    assert "".join(SIGNS[flag] for flag in flags) == LATER[profile]
    assert relay.requests_left >= 0
    assert result.smoke_model


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        (Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\ndata: [DONE]\n\n', "text/event-stream"), True),
        (Answer(200, 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', "text/event-stream"), True),
        (
            Answer(
                200,
                'data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{}}\n\n',
                "text/event-stream",
            ),
            True,
        ),
        # A count alone is no end: the host takes a stream without a finish reason for cut.
        (
            Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\ndata: {"choices":[],"usage":{}}\n\n'),
            "unknown",
        ),
        (Answer(200, 'data:{"choices":[{"delta":{"content":"ok"}}]}\n\ndata:[DONE]\n\n', "text/event-stream"), True),
        (Answer(200, 'data: {"type":"response.completed"}\n\n', "text/event-stream"), True),
        (Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\n', "text/event-stream"), "unknown"),
        (Answer(200, '{"choices":[{"message":{"content":"ok"}}]}', "application/json"), False),
        (Answer(200, '{"error":{"message":"busy"}}', "application/json"), "unknown"),
        (Answer(200, 'data: {"choices":["x"]}\n\n', "text/event-stream"), "unknown"),
        (Answer(200, "<html>login</html>", "text/html"), "unknown"),
        (Answer(200, "<html>A stream ends with data: [DONE]</html>", "text/html"), "unknown"),
        (Answer(429, 'data: {"error":{"message":"slow down"}}\n\ndata: [DONE]\n\n', "text/event-stream"), "unknown"),
        (Answer(403, '{"error":{"message":"Forbidden"}}', "application/json"), "unknown"),
        (Answer(503, "", ""), "unknown"),
        (Answer(trouble=Trouble.CUT), "unknown"),
    ],
)
def test_a_stream_is_there_with_its_end_and_absent_only_when_the_answer_is_whole(answer: Answer, flag: Flag) -> None:
    assert stream_flag(answer) == flag


@pytest.mark.parametrize(
    ("answer", "flag"),
    [
        (Answer(200, '{"choices":[{"message":{"tool_calls":[{"id":"1"}]}}]}', "application/json"), True),
        (Answer(200, '{"choices":[{"message":{"content":"no"}}]}', "application/json"), False),
        (Answer(400, '{"error":{"message":"tools are not supported"}}', "application/json"), "unknown"),
        (Answer(429, "", ""), "unknown"),
        (Answer(trouble=Trouble.READ_TIMEOUT), "unknown"),
    ],
)
def test_tools_are_absent_only_when_a_demanded_call_was_left_out(answer: Answer, flag: Flag) -> None:
    assert tools_flag(answer) == flag


@pytest.mark.parametrize(
    "profile", ["healthy", "chat_only", "responses_only", "messages_only", "reasoning", "double_v1"]
)
def test_a_fifth_of_random_faults_never_makes_a_flag_falsely_false(box: Any, relay_with: Any, profile: str) -> None:
    """Twenty relays of a profile with 20 % passing faults: what is there is true or unknown, never false."""
    truth = EXPECTED[profile].flags
    later_truth = LATER.get(profile, "???")
    for number in range(20):
        relay = relay_with("sk-test-0000000000000001")
        result, later = everything(relay, box.relay(profile, f"f{number}", fault=0.2))
        assert relay.requests_left >= 0
        if result is None:
            continue
        transport = result.transport
        seen = (transport.supports_openai_chat_completions, transport.supports_openai_responses,
                transport.supports_anthropic_messages)  # fmt: skip
        assert all(SIGNS[flag] in (true, "?") for flag, true in zip(seen, truth, strict=True))
        flags = (later.flags.supports_stream, later.flags.supports_tools, later.flags.supports_reasoning_fields)
        assert all(SIGNS[flag] in (true, "?") for flag, true in zip(flags, later_truth, strict=True))


# --- what the account will use

CHAT, RESPONSES, MESSAGES = "chat/completions", "responses", "messages"
GENERATE = "streamGenerateContent"
ONE, OTHER = "gpt-4o-mini", "kimi-k2"
_GOOD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # whole, and the event of a stream that holds the text
    CHAT: (
        {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": "1 2"}, "finish_reason": "stop"}]},
    ),
    RESPONSES: (
        {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "ok"}]}]},
        {"type": "response.output_text.delta", "delta": "1 2"},
    ),
    MESSAGES: ({}, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "1 2"}}),
    GENERATE: (
        {"candidates": [{"content": {"parts": [{"text": "ok"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "1 2"}]}}]},
    ),
}
_START = {"type": "message_start", "message": {"type": "message", "role": "assistant", "content": [], "usage": {}}}
_BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}


class Speaking:
    """A relay that answers certain models in each protocol. ``wants`` is the header in which chat wants the key."""

    def __init__(self, answers: dict[str, str], wants: str = "Authorization") -> None:
        self.asked: list[tuple[str, str]] = []
        self._answers = answers
        self._wants = wants

    def exchange(self, method: str, url: str, *, headers: dict[str, str], body: Any, **_: Any) -> Answer:
        path = urlsplit(url).path
        model, _, action = path.partition("/models/")[2].partition(":")
        protocol = GENERATE if action else next(name for name in _GOOD if path.endswith(name))
        model = model or body["model"]
        self.asked.append((protocol, model))
        if protocol != MESSAGES and self._wants not in headers and not action:
            return Answer(401, '{"error":{"message":"Invalid API key"}}', "application/json")
        if self._answers.get(protocol) != model:
            refusal = {"error": {"message": f"The model {model} does not exist", "code": "model_not_found"}}
            return Answer(404, json.dumps(refusal), "application/json")
        whole, event = _GOOD[protocol]
        if not (body.get("stream") or action == GENERATE):
            return Answer(200, json.dumps({**whole, "model": model}), "application/json")
        events = [_START, _BLOCK, event, {"type": "message_stop"}] if protocol == MESSAGES else [event]
        text = "".join(f"event: {one.get('type')}\ndata: {json.dumps(one)}\n\n" for one in events)
        return Answer(200, text, "text/event-stream", arrivals=((len(text), 0.25),))


@pytest.mark.parametrize(
    ("wish", "answers", "wants", "style", "later"),
    [
        ("auto", {CHAT: ONE, MESSAGES: ONE}, "Authorization", "bearer", [(CHAT, ONE)] * 2),
        ("openai", {RESPONSES: ONE, MESSAGES: ONE}, "Authorization", "bearer", [(RESPONSES, ONE)]),
        ("anthropic", {CHAT: ONE, MESSAGES: ONE}, "Authorization", "bearer", [(MESSAGES, ONE)]),
        ("gemini", {MESSAGES: ONE, GENERATE: ONE}, "Authorization", "bearer", [(GENERATE, ONE)]),
        ("anthropic", {CHAT: ONE, MESSAGES: OTHER}, "Authorization", "bearer", [(MESSAGES, OTHER)]),
        ("gemini", {CHAT: ONE, GENERATE: OTHER}, "Authorization", "bearer", [(GENERATE, OTHER)]),
        # No host shows a chat relay its key in this way.
        ("auto", {CHAT: ONE, MESSAGES: ONE}, "x-api-key", "x_api_key", [(MESSAGES, ONE)]),
    ],
)
def test_what_the_account_will_use_is_measured(
    wish: str, answers: dict[str, str], wants: str, style: str, later: list[tuple[str, str]]
) -> None:
    speaking = Speaking(answers, wants)
    relay = Relay(speaking.exchange, "sk-test-0000000000000001")
    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle(style), (ONE, OTHER))
    result = probe_capabilities(relay, found, (ONE, OTHER), PlatformWish(wish))
    speaking.asked.clear()
    used = protocol_used(result.spoken, result.wish, result.smoke_model)
    told = probe_deferred(relay, found, result, used)
    assert speaking.asked == later
    assert told.speed is not None
    assert told.speed.first_token_ms == 250
    assert told.flags.supports_stream == (True if later[0][0] in (CHAT, MESSAGES) else "unknown")
    assert used is not None
    assert used.model == later[0][1]


@pytest.mark.parametrize(
    ("style", "wish", "model"), [("bearer", "anthropic", ONE), ("bearer", "auto", OTHER), ("x_api_key", "auto", ONE)]
)
def test_a_protocol_that_no_account_would_use_for_the_model_is_not_asked(style: str, wish: str, model: str) -> None:
    speaking = Speaking({CHAT: ONE}, "Authorization" if style == "bearer" else "x-api-key")
    relay = Relay(speaking.exchange, "sk-test-0000000000000001")
    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle(style), (ONE,))
    result = probe_capabilities(relay, found, (ONE,))
    assert [it.protocol for it in result.spoken] == ["chat_completions"]
    speaking.asked.clear()
    used = protocol_used(result.spoken, PlatformWish(wish), model)
    told = probe_deferred(relay, found, result, used)
    assert (used, speaking.asked, told.flags.supports_stream, told.speed) == (None, [], "unknown", None)


def test_what_chat_completions_demand_is_not_asked_of_messages() -> None:
    bodies: list[Any] = []
    speaking = Speaking({CHAT: ONE, MESSAGES: ONE})

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        bodies.append(body)
        return speaking.exchange(method, url, body=body, **given)

    relay = Relay(exchange, "sk-test-0000000000000001")
    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle.BEARER, (ONE,))
    result = replace(
        probe_capabilities(relay, found, (ONE,), PlatformWish.ANTHROPIC), demands=Demands(max_completion_tokens=True)
    )
    probe_deferred(relay, found, result, protocol_used(result.spoken, result.wish, ONE))
    assert "max_tokens" in bodies[-1]


def test_everything_together_stays_within_the_budget(box: Any, relay: Relay) -> None:
    everything(relay, box.relay("healthy", "budget"))
    assert MAX_REQUESTS - relay.requests_left == 6


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    ("model", "refusal", "kept"),
    [
        (ONE, "Unsupported parameter: 'stop' is not supported with this model.", {"stream_options"}),
        (ONE, 'unknown parameter "stop"', {"stream_options"}),
        (ONE, "stop sequences are not allowed", {"stream_options"}),
        (ONE, "body -> stop: Extra inputs are not permitted", {"stream_options"}),
        (ONE, "body -> stream_options: Extra inputs are not permitted", {"stop"}),
        (ONE, "Unknown field: include_usage", {"stop"}),
        (ONE, "unknown parameters: stop, stream_options", set()),
        (ONE, "the worker had to stop, please retry", set()),
        (ONE, "finish_reason: 'stop'", set()),
        ("gpt-5-mini", "stop it", set()),  # which was asked for a count alone
    ],
)
def test_a_refused_stream_is_asked_for_again_without_what_the_refusal_names(
    model: str, refusal: str, kept: set[str], status: int
) -> None:
    streams = refused_at_first(model, refusal, status)
    assert {"stop", "stream_options"} & set(streams[0]) == {"stream_options", *(("stop",) if model == ONE else ())}
    assert {"stop", "stream_options"} & set(streams[1]) == kept
    assert len(streams) == 2


@pytest.mark.parametrize(
    ("refused", "further", "sent"),
    [
        (("stop", "stream_options"), 2, [{"stop", "stream_options"}, {"stream_options"}, set()]),
        (("stream_options", "stop"), 2, [{"stop", "stream_options"}, {"stop"}, set()]),
        (("stop", "stream_options"), 1, [{"stop", "stream_options"}, {"stream_options"}]),
        (("stop", "worker"), 2, [{"stop", "stream_options"}, {"stream_options"}]),
        (("stop", "stop"), 3, [{"stop", "stream_options"}, {"stream_options"}]),
        (("worker", "worker"), 3, [{"stop", "stream_options"}, set()]),
    ],
)
def test_a_stream_that_is_refused_twice_is_asked_for_without_both_if_each_is_named(
    refused: tuple[str, str], further: int, sent: list[set[str]]
) -> None:
    streams: list[Any] = []
    speaking = Speaking({CHAT: ONE})

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        if url.endswith(CHAT) and body.get("stream"):
            streams.append(body)
            if len(streams) <= len(refused):
                text = json.dumps({"error": {"message": f"unknown field {refused[len(streams) - 1]}"}})
                return Answer(400, text, "application/json")
        return speaking.exchange(method, url, body=body, **given)

    relay = Relay(exchange, "sk-test-0000000000000001")
    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle.BEARER, (ONE,))
    result = probe_capabilities(relay, found, (ONE,))
    used = protocol_used(result.spoken, result.wish, ONE)
    told = probe_deferred(relay, found, result, used, further=further)
    assert [{"stop", "stream_options"} & set(body) for body in streams] == sent
    assert (told.flags.supports_stream is True) is (len(streams) == 3)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_a_stream_that_is_refused_for_another_reason_is_not_asked_again(status: int) -> None:
    assert len(refused_at_first(ONE, "stop", status)) == 1


def refused_at_first(model: str, refusal: str, status: int) -> list[Any]:
    """The bodies of the streams that are asked of a relay which refuses the first one."""
    streams: list[Any] = []
    speaking = Speaking({CHAT: model})

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        if url.endswith(CHAT) and body.get("stream"):
            streams.append(body)
            if len(streams) == 1:
                return Answer(status, json.dumps({"error": {"message": refusal}}), "application/json")
        return speaking.exchange(method, url, body=body, **given)

    relay = Relay(exchange, "sk-test-0000000000000001")
    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle.BEARER, (model,))
    result = probe_capabilities(relay, found, (model,))
    told = probe_deferred(relay, found, result, protocol_used(result.spoken, result.wish, model))
    assert (told.flags.supports_stream is True) is (len(streams) == 2)
    return streams


@pytest.mark.parametrize(
    ("protocol", "model", "refusal", "last", "told"),
    [
        (CHAT, ONE, "", 32, {Seen.STOP_KEPT}),
        (CHAT, ONE, "", 40, {Seen.STOP_NOT_KEPT}),
        (CHAT, ONE, "stream_options", 40, {Seen.STOP_NOT_KEPT}),
        (CHAT, ONE, "stop", 40, set()),  # which was then not sent
        (CHAT, "gpt-5-mini", "", 40, set()),  # which refuses one
        (RESPONSES, ONE, "", 40, set()),  # which have none
        (MESSAGES, ONE, "", 40, {Seen.STOP_NOT_KEPT}),
        (GENERATE, ONE, "", 32, {Seen.STOP_KEPT}),
    ],
)
def test_a_stop_sequence_tells_something_only_where_it_was_sent(
    protocol: str, model: str, refusal: str, last: int, told: set[Seen]
) -> None:
    speaking, refused = Speaking({protocol: model}), list[str]()
    counted = " ".join(map(str, range(1, last + 1)))

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        if refusal and url.endswith(CHAT) and body.get("stream") and not refused:
            refused.append(refusal)
            return Answer(400, json.dumps({"error": {"message": f"unknown field {refusal}"}}), "application/json")
        found = speaking.exchange(method, url, body=body, **given)
        return replace(found, text=found.text.replace("1 2", counted))

    found = deferred(exchange, protocol, model)
    assert {it.code for it in found.observations} == told


def deferred(exchange: Any, protocol: str, model: str) -> Deferred:
    relay = Relay(exchange, "sk-test-0000000000000001")
    wish = PlatformWish.GEMINI if protocol == GENERATE else PlatformWish.AUTO
    listed = ProviderModels(None, "https://relay.example.com/v1", AuthStyle.BEARER, (model,))
    result = probe_capabilities(relay, listed, (model,), wish)
    return probe_deferred(relay, listed, result, protocol_used(result.spoken, wish, model))


COUNTED = [{"role": "user", "content": COUNTING}]
OF_CHAT = {"model": ONE, "messages": COUNTED, "stream": True, "max_tokens": 200}


@pytest.mark.parametrize(
    ("protocol", "bodies"),
    [
        (CHAT, [{**OF_CHAT, "stop": ["33"], "stream_options": {"include_usage": True}},
                {"model": ONE, "messages": [{"role": "user", "content": TOOL_PROMPT}], "tools": [TOOL],
                 "tool_choice": "required", "stream": False, "max_tokens": 200}]),
        (RESPONSES, [{"model": ONE, "input": COUNTING, "stream": True, "max_output_tokens": 200}]),
        (MESSAGES, [{**OF_CHAT, "stop_sequences": ["33"]}]),
        (GENERATE, [{"contents": [{"role": "user", "parts": [{"text": COUNTING}]}],
                     "generationConfig": {"maxOutputTokens": 200, "stopSequences": ["33"]}}]),
    ],
)  # fmt: skip
def test_each_protocol_is_asked_in_its_own_form(protocol: str, bodies: list[dict[str, Any]]) -> None:
    speaking, asked = Speaking({protocol: ONE}), list[Any]()

    def exchange(method: str, url: str, *, body: Any, **given: Any) -> Answer:
        asked.append(body)
        return speaking.exchange(method, url, body=body, **given)

    deferred(exchange, protocol, ONE)
    later = asked[-len(bodies) :]
    assert all(body in later for body in bodies)
