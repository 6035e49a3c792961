"""Time to the first token and rate, from when the pieces of a stream arrived."""

import json
from typing import Any

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.speed import Speed, Streamed, read_streamed

CHAT = [
    {"choices": [{"delta": {"role": "assistant"}}]},
    *({"choices": [{"delta": {"content": f"{n} "}}]} for n in range(1, 21)),
]
RESPONSES = [{"type": "response.output_text.delta", "delta": f"{n} "} for n in range(1, 21)]
MESSAGES = [
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": f"{n} "}} for n in range(1, 21)
]  # fmt: skip
GEMINI = [{"candidates": [{"content": {"parts": [{"text": f"{n} "}]}}]} for n in range(1, 21)]
COUNTED = {"choices": [], "usage": {"completion_tokens": 20}}
NUMBERS = "".join(f"{n} " for n in range(1, 21))


def streamed(events: list[Any], start: float = 0.5, pause: float = 0.1) -> Streamed:
    """The events, one every ``pause`` seconds from ``start`` on."""
    text, arrivals = "", []
    for number, event in enumerate(events):
        text += f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
        arrivals.append((len(text.encode()), start + number * pause))
    return read_streamed(Answer(200, text, "text/event-stream", arrivals=tuple(arrivals)))


@pytest.mark.parametrize(
    ("events", "end"),
    [
        (RESPONSES, {"type": "response.completed", "response": {"usage": {"output_tokens": 20}}}),
        (MESSAGES, {"type": "message_delta", "usage": {"output_tokens": 20}}),
        (GEMINI, {"usageMetadata": {"candidatesTokenCount": 20}}),
    ],
)
def test_each_protocol_is_measured(events: list[Any], end: dict[str, Any]) -> None:
    assert streamed([*events, end]) == Streamed(NUMBERS, Speed(500, 10.0))


def test_an_event_without_text_is_not_the_first_token() -> None:
    assert streamed([*CHAT, COUNTED]) == Streamed(NUMBERS, Speed(600, 10.0))
    call = {"type": "response.function_call_arguments.delta", "delta": "{"}
    assert streamed([call, *RESPONSES]) == Streamed(NUMBERS, Speed(600, None))


def test_a_stream_whose_arrivals_nobody_noted_has_text_and_no_speed() -> None:
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in RESPONSES)
    assert read_streamed(Answer(200, text)) == Streamed(NUMBERS)


def test_pieces_of_three_tokens_have_the_rate_that_the_relay_counted() -> None:
    counted = [*CHAT, {"choices": [], "usage": {"completion_tokens": 60}}]
    assert streamed(counted).speed == Speed(600, 30.0)  # 19 of 20 pieces, of three tokens each, in 1.9 seconds


@pytest.mark.parametrize("events", [CHAT, RESPONSES, MESSAGES, GEMINI])
def test_without_a_count_there_is_no_rate(events: list[Any]) -> None:
    speed = streamed(events).speed
    assert speed is not None
    assert speed.tokens_per_second is None


@pytest.mark.parametrize("total", [{}, {"total_tokens": 549}])
def test_reasoning_that_never_came_is_not_counted(total: dict[str, int]) -> None:
    details = {"reasoning_tokens": 500}
    usage = {"prompt_tokens": 10, "completion_tokens": 539, "completion_tokens_details": details, **total}
    assert streamed([*CHAT, {"choices": [], "usage": usage}]).speed == Speed(600, 19.5)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 10, "completion_tokens": 39, "total_tokens": 69, "reasoning_tokens": 20},
        {"prompt_tokens": 10, "completion_tokens": 39, "total_tokens": 549, "reasoning_tokens": 500},
        {"prompt_tokens": 10, "completion_tokens": 39, "total_tokens": 49, "reasoning_tokens": 500},
        {"input_tokens": 10, "completion_tokens": 39, "total_tokens": 69, "reasoning_tokens": 20},
        {"completion_tokens": 39, "reasoning_tokens": 39},
        {"completion_tokens": 39, "reasoning_tokens": -20},
    ],
)
def test_reasoning_that_is_counted_beside_the_text_is_not_subtracted(usage: dict[str, int]) -> None:
    """xAI, CLIProxyAPI and Veloera count so."""
    counted = {**usage, "completion_tokens_details": {"reasoning_tokens": usage["reasoning_tokens"]}}
    assert streamed([*CHAT, {"choices": [], "usage": counted}]).speed == Speed(600, 19.5)


def test_a_summary_of_hidden_reasoning_is_the_first_token_and_no_part_of_the_rate() -> None:
    summary = [{"type": "response.reasoning_summary_text.delta", "delta": "Counting"} for _ in range(10)]
    usage = {"output_tokens": 539, "output_tokens_details": {"reasoning_tokens": 500}}
    end = {"type": "response.completed", "response": {"usage": usage}}
    assert streamed([*summary, *RESPONSES, end]) == Streamed(NUMBERS, Speed(500, 19.5))


def test_thoughts_that_gemini_shows_are_no_part_of_the_rate() -> None:
    thoughts = [{"candidates": [{"content": {"parts": [{"text": "Counting", "thought": True}]}}]} for _ in range(10)]
    end = {"usageMetadata": {"candidatesTokenCount": 20, "thoughtsTokenCount": 300}}
    assert streamed([*thoughts, *GEMINI, end]) == Streamed(NUMBERS, Speed(500, 10.0))


def test_reasoning_that_comes_and_is_not_counted_apart_is_part_of_the_rate() -> None:
    thoughts = [{"choices": [{"delta": {"reasoning_content": "so"}}]} for _ in range(20)]
    counted = {"choices": [], "usage": {"completion_tokens": 40}}
    assert streamed([*thoughts, *CHAT[1:], counted]).speed == Speed(500, 10.0)


def test_reasoning_that_is_all_that_came_has_no_rate_where_it_is_counted_apart() -> None:
    thoughts = [{"choices": [{"delta": {"reasoning_content": "so"}}]} for _ in range(20)]
    usage = {"completion_tokens": 200, "completion_tokens_details": {"reasoning_tokens": 200}}
    assert streamed([*thoughts, {"choices": [], "usage": usage}]).speed == Speed(500, None)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_that_comes_is_the_first_token(field: str) -> None:
    thought = {"choices": [{"delta": {field: "思考"}}]}
    found = streamed([thought, *CHAT])
    assert found.text == NUMBERS
    assert found.speed is not None
    assert found.speed.first_token_ms == 500


@pytest.mark.parametrize("events", [CHAT[:6], []])
def test_a_short_stream_has_no_rate(events: list[Any]) -> None:
    speed = streamed(events).speed
    assert speed is None or speed.tokens_per_second is None


def test_a_stream_in_one_piece_has_no_rate() -> None:
    assert streamed([*CHAT, COUNTED], pause=0.0).speed == Speed(500, None)


@pytest.mark.parametrize("pause", [0.06, 0.15, 0.25])
def test_a_stream_that_was_held_back_has_no_rate(pause: float) -> None:
    """It comes when it is whole: as much at once as TCP begins with, and the rest one way to and fro later."""
    assert at([3.0 + 0.002 * n for n in range(13)] + [3.0 + pause + 0.002 * n for n in range(7)]) is None


def test_what_came_at_first_in_one_burst_is_not_counted() -> None:
    assert at([1.0] * 10 + [2.0 + 0.1 * n for n in range(10)]) == 5.3


@pytest.mark.parametrize(("bursts", "rate"), [(4, None), (5, 10.0)])
def test_a_few_bursts_have_no_rate(bursts: int, rate: float | None) -> None:
    each = 20 // bursts
    assert at([1.0 + 0.4 * (n // each) + 0.001 * (n % each) for n in range(20)]) == rate


@pytest.mark.parametrize(("count", "rate"), [(9, None), (10, 5.0), (19_000, 9_500.0), (20_000, None)])
def test_a_count_too_small_or_too_large_has_no_rate(count: int, rate: float | None) -> None:
    assert streamed([*CHAT, {"choices": [], "usage": {"completion_tokens": count}}]).speed == Speed(600, rate)


def at(moments: list[float]) -> float | None:
    """The rate of a stream of twenty tokens whose pieces come at these moments."""
    text, arrivals = f"data: {json.dumps(COUNTED)}\n\n", []
    for moment, event in zip(moments, RESPONSES, strict=True):
        text += f"data: {json.dumps(event)}\n\n"
        arrivals.append((len(text.encode()), moment))
    speed = read_streamed(Answer(200, text, "text/event-stream", arrivals=tuple(arrivals))).speed
    assert speed is not None
    return speed.tokens_per_second


@pytest.mark.parametrize("count", [-3, True, "39", 10**12, None, {}])
def test_an_absurd_count_is_passed_over(count: Any) -> None:
    assert streamed([*CHAT, {"choices": [], "usage": {"completion_tokens": count}}]).speed == Speed(600, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no stream",
        'data: {"choices": ["x"]}',
        'data: {"choices": 7}\n\n',
        'data: [1]\n\ndata: {"delta": 5}',
        '{"a": 1}',
    ],
)
def test_what_is_no_stream_has_no_speed(text: str) -> None:
    assert read_streamed(Answer(200, text, arrivals=((len(text), 0.1),))).speed is None
