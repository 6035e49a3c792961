"""What is asked once an item has moved on: streaming, tools, reasoning fields; and what random faults may never do."""

from typing import Any

import pytest
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.capability import Flag
from batch_import.probe.capability import probe_capabilities
from batch_import.probe.deferred import probe_deferred, stream_flag, tools_flag
from batch_import.probe.discovery import provider_models
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
    return result, probe_deferred(relay, found, result)


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
        (Answer(200, 'data: {"type":"response.completed"}\n\n', "text/event-stream"), True),
        (Answer(200, 'data: {"choices":[{"delta":{"content":"ok"}}]}\n\n', "text/event-stream"), "unknown"),
        (Answer(200, '{"choices":[{"message":{"content":"ok"}}]}', "application/json"), False),
        (Answer(200, "<html>login</html>", "text/html"), "unknown"),
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


def test_everything_together_stays_within_the_budget(box: Any, relay: Relay) -> None:
    everything(relay, box.relay("healthy", "budget"))
    assert MAX_REQUESTS - relay.requests_left == 6
