"""Streams read as whole bodies."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from batch_import.domain.answer_signs import observe
from batch_import.domain.answers import Answer
from batch_import.domain.capability import Protocol, has_completion, text_in
from batch_import.domain.evidence import Seen
from batch_import.domain.streams import Framing, framing, is_streamed, whole_body
from hypothesis import given
from hypothesis import strategies as st


def stream(*events: object) -> Answer:
    return Answer(200, "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n")


def test_the_pieces_of_a_chat_completion_are_joined() -> None:
    answer = stream(
        {"model": "m", "choices": [{"delta": {"role": "assistant", "content": "o"}}]},
        {"choices": [{"delta": {"content": "k"}, "finish_reason": "stop"}]},
        {"choices": None},
        {"choices": {}},
        {"choices": True},
    )
    body = whole_body(answer)
    assert is_streamed(answer)
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "ok"}
    assert (body["model"], body["choices"][0]["finish_reason"]) == ("m", "stop")


def chat_of(*choices: object) -> Any:
    return whole_body(stream(*({"choices": [choice]} for choice in choices)))["choices"]


def test_each_form_of_a_chat_streams_pieces_is_read() -> None:
    """Some repeat the role, some end with nulls or leave the delta out, some send whole messages."""
    assistant = {"role": "assistant", "content": "ok"}
    first, second = ({"delta": {"role": "assistant", "content": each}, "finish_reason": None} for each in "ok")
    end = {"delta": {"role": None, "content": None}, "finish_reason": "stop"}
    for rest in ([end], [{"finish_reason": "stop"}], [{"delta": None, "finish_reason": "stop"}, "x", {"index": 0}]):
        assert chat_of(first, second, *rest) == [{"message": assistant, "finish_reason": "stop"}]
    begun = {"delta": {"role": "assistant", "content": None}}
    assert chat_of(begun, {"delta": {"content": "ok"}}) == [{"message": assistant, "finish_reason": None}]
    assert chat_of(begun) == [{"message": begun["delta"], "finish_reason": None}]
    assert chat_of({"message": assistant}) == [{"message": assistant, "finish_reason": None}]
    assert chat_of({"delta": {}, "finish_reason": "length"}) == [{"message": {}, "finish_reason": "length"}]
    called = {"delta": {"content": None, "tool_calls": [{"index": 0}]}}
    [choice] = chat_of(called, {"delta": {"content": "", "tool_calls": None}})
    assert choice["message"]["tool_calls"] == [{"index": 0}]
    assert whole_body(stream({"choices": []}))["choices"] == []


def test_what_a_chat_streams_events_tell_beside_the_text_is_kept() -> None:
    told = {"id": "chatcmpl-1", "model": "m", "system_fingerprint": "fp_1", "x_groq": {"id": "req_1"}}
    counts = {"usage": {"prompt_tokens": 9}, "timings": {"predicted_n": 2}}
    body = whole_body(stream({"type": "ping"}, {**told, "choices": []}, {"id": "", "choices": [], **counts}))
    assert body == {**told, **counts, "choices": []}


def test_a_response_and_a_message_are_found_in_their_events() -> None:
    whole = {"id": "resp_1", "model": "m", "output": [{"type": "message"}]}
    answer = stream({"type": "response.created", "response": {}}, {"type": "response.completed", "response": whole})
    assert has_completion(whole_body(answer), Protocol.RESPONSES)
    start = {"type": "message_start", "message": {"model": "m", "content": []}}
    block = {"type": "content_block_start", "content_block": {"type": "text", "text": ""}}
    assert has_completion(whole_body(stream(start, block)), Protocol.MESSAGES)


def test_text_and_calls_that_only_its_events_tell_count() -> None:
    delta = {"type": "response.output_text.delta", "delta": "ok"}
    empty = {"type": "response.completed", "response": {"model": "m", "output": []}}
    text = [{"type": "message", "content": [{"type": "output_text", "text": "ok"}]}]
    assert whole_body(stream({"type": "keepalive"}, delta, empty)) == {"model": "m", "output": text}
    assert whole_body(stream(delta)) == {"output": text}
    assert whole_body(stream(empty)) == {"model": "m", "output": []}
    call = {"type": "function_call", "name": "probe_ping"}
    done = {"type": "response.output_item.done", "item": call}
    assert whole_body(stream(delta, done, empty)) == {"model": "m", "output": [call]}
    whole = {"model": "m", "output": [call, *text]}
    assert whole_body(stream(delta, done, {"type": "response.completed", "response": whole})) == whole


def message(begins: dict[str, Any], *ends: dict[str, Any], blocks: Sequence[dict[str, Any]] = ()) -> Any:
    start = {"type": "message_start", "message": {"model": "claude-3-5-sonnet", "content": [], "usage": begins}}
    return whole_body(stream(start, *blocks, *({"type": "message_delta", "delta": {}, "usage": end} for end in ends)))


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        # New API begins with an estimate, CLIProxyAPI with 0; what was counted comes at the end.
        ({"input_tokens": 14, "output_tokens": 1}, {"input_tokens": 2_114, "output_tokens": 9}, (2_114, 9)),
        ({"input_tokens": 0, "output_tokens": 0}, {"input_tokens": 14, "output_tokens": 2}, (14, 2)),
        ({"input_tokens": 14, "output_tokens": 1}, {"output_tokens": 9}, (14, 9)),  # Anthropic before 2025
        ({"input_tokens": 14, "output_tokens": 1}, {"input_tokens": None, "output_tokens": "9"}, (14, 1)),
        ({"input_tokens": None, "output_tokens": 1}, {"input_tokens": 14}, (14, 1)),
        ({"input_tokens": 14, "output_tokens": 9}, {"input_tokens": 0, "output_tokens": 0}, (14, 9)),
    ],
)
def test_the_highest_count_of_a_messages_stream_counts(
    begins: dict[str, Any], ends: dict[str, Any], expected: tuple[int, int]
) -> None:
    usage = message(begins, ends)["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == expected


def test_thinking_that_a_messages_stream_tells_is_read() -> None:
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}
    thought = {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "We are"}}
    text = {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "ok"}}
    told = message({}, blocks=[block, thought, text])
    assert Seen.REASONING_NOT_EXPECTED in {it.code for it in observe(told, Protocol.MESSAGES, "claude-3-5-sonnet", {})}
    assert text_in(told) == "ok"
    hidden = message({}, blocks=[block, text])
    assert {it.code for it in observe(hidden, Protocol.MESSAGES, "claude-3-5-sonnet", {})} == {Seen.SAME_MODEL_NAMED}


def test_a_call_of_a_messages_stream_is_kept_beside_its_text() -> None:
    call = {"type": "tool_use", "name": "probe_ping"}
    start = {"type": "message_start", "message": {"model": "m", "type": "message"}}
    block = {"type": "content_block_start", "content_block": call}
    body = whole_body(stream({"type": "ping"}, start, block))
    assert body == {"model": "m", "type": "message", "content": [call]}
    assert whole_body(stream({"type": "message_start", "message": None}, block)) == {"content": [call]}


@pytest.mark.parametrize(
    "event", [{"type": "error", "code": "server_error", "message": "overloaded"}, {"error": "overloaded"}]
)
def test_each_form_of_an_error_event_makes_the_whole_an_error(event: dict[str, Any]) -> None:
    assert whole_body(stream({"type": "response.created", "response": {}}, event)) == event


def test_an_event_of_no_known_form_is_the_whole() -> None:
    assert whole_body(stream({"code": 1, "msg": "no"}, {"code": 2})) == {"code": 1, "msg": "no"}


def test_an_error_event_makes_the_whole_an_error() -> None:
    answer = stream({"choices": [{"delta": {"content": "o"}}]}, {"error": {"message": "overloaded"}})
    assert whole_body(answer) == {"error": {"message": "overloaded"}}


def test_json_with_an_end_marker_is_the_json() -> None:
    answer = Answer(200, '{"choices": [{"message": {"content": "ok"}}]}\n\ndata: [DONE]\n')
    assert has_completion(whole_body(answer), Protocol.CHAT)
    assert is_streamed(answer)


def test_json_is_no_stream_whatever_its_text_says() -> None:
    picture = Answer(200, '[{"url": "data:image/png;base64,AA"}]')
    assert whole_body(picture) == picture.json
    assert not is_streamed(picture)
    assert not is_streamed(Answer(200, "<html>"))


def test_a_mark_of_the_byte_order_before_a_stream_is_passed_over() -> None:
    assert whole_body(Answer(200, '\ufeffdata: {"choices": []}\n\n')) == {"choices": []}


def test_comments_before_json_and_the_words_of_a_message_are_read() -> None:
    answer = Answer(200, ': waiting\n\n{"choices": [{"message": {"content": "ok"}}]}')
    assert has_completion(whole_body(answer), Protocol.CHAT)
    start = {"type": "message_start", "message": {"content": []}}
    deltas = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": each}} for each in "ok"]
    assert text_in(whole_body(stream(start, *deltas))) == "ok"


@pytest.mark.parametrize("text", ["", "data:", "data: {", "event: x", "<html>", "data: []", "data: 1\n\ndata: [DONE]"])
def test_what_is_no_stream_reads_as_none(text: str) -> None:
    assert whole_body(Answer(200, text)) is None


@given(st.text(alphabet='data: {}[]"choices\n,1null', max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for protocol in Protocol:
        assert has_completion(whole_body(Answer(200, text)), protocol) in (True, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('event: message_start\ndata: {"type":"message_start"}\n\n', Framing.SPACED),
        ('event: message_start\r\ndata: {"type":"message_start"}\r\n\r\n', Framing.SPACED),
        (': ping\n\nevent: ping\ndata: {"type": "ping"}\n\n', Framing.SPACED),
        ('event:message_start\ndata:{"type":"message_start"}\n\n', Framing.COMPACT),
        ('event: message_start\ndata:{"type":"message_start"}\n\n', Framing.COMPACT),
        ('event:message_start\ndata: {"type":"message_start"}\n\n', Framing.COMPACT),
        ('data: \n\nevent: message_start\ndata: {"type":"message_start"}\n\n', Framing.SPACED),
        ('data: {"type":"message_start"}\n\n', Framing.DATA_LINES),
        ('data: {"type":"message_start"}\nevent: message_start\n\n', Framing.DATA_LINES),
        ('event: message_start\n\ndata: {"type":"message_start"}\n\n', Framing.DATA_LINES),
        ('{"type":"message"}', Framing.WHOLE),
        ("<html>", Framing.WHOLE),
        ("", Framing.WHOLE),
    ],
)
def test_the_framing_of_a_stream_is_that_of_its_first_event(text: str, expected: Framing) -> None:
    assert framing(Answer(200, text)) is expected
