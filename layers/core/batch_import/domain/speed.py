"""How fast a streamed completion came: what a customer who watches it would have seen.

See docs/decisions/0034-evidence.md.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_import.domain.answers import Answer, parsed

_FEWEST_TOKENS = 10  # below this a rate would be luck
# An answer that was held back comes in a few bursts, each within a moment (seconds).
_FEWEST_MOMENTS, _MOMENT = 5, 0.02
_FASTEST = 10_000  # tokens a second; more was counted wrongly


@dataclass(frozen=True, slots=True)
class Speed:
    """``first_token_ms`` counts from the request, with what connecting took, to the first text or reasoning.

    ``tokens_per_second`` is the rate of what came after that, by the relay's own count; ``None`` without one, since a
    piece may hold several tokens, and for a stream that is too short or came in a few bursts: how long the relay took
    for the first of them nobody knows.
    """

    first_token_ms: int
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a stream held: its visible text, and its speed; ``None`` for an answer that was no stream or had no text."""

    text: str = ""
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    end: int  # byte of the body
    text: str
    reasoning: str
    usage: Mapping[str, Any]


def read_streamed(answer: Answer) -> Streamed:
    pieces = list(_pieces(answer.text))
    told = [piece for piece in pieces if piece.text or piece.reasoning]
    if not told or not answer.arrivals:
        return Streamed("".join(piece.text for piece in pieces))
    first = _arrival(answer, told[0].end)
    tokens, of_text = _tokens(pieces)
    arrivals = [_arrival(answer, piece.end) for piece in told if piece.text or not of_text]
    speed = Speed(round(first * 1000), _rate(tokens, arrivals) if arrivals else None)
    return Streamed("".join(piece.text for piece in told), speed)


def _rate(tokens: int, arrivals: list[float]) -> float | None:
    """``tokens`` came in pieces that arrived at these seconds; each piece is taken for the same number of them."""
    seconds, moments = arrivals[-1] - arrivals[0], [arrivals[0]]
    for arrival in arrivals:
        if arrival - moments[-1] >= _MOMENT:
            moments.append(arrival)
    if len(moments) < _FEWEST_MOMENTS or tokens < _FEWEST_TOKENS or tokens / seconds > _FASTEST:
        return None
    later = sum(arrival >= moments[1] for arrival in arrivals)
    return round(tokens * later / len(arrivals) / seconds, 1)


def _tokens(pieces: list[_Piece]) -> tuple[int, bool]:
    """The last count of what was generated, 0 when there is none; and whether it is that of the text alone, which it is
    where reasoning was counted apart: that may come in part only, as a summary, or not at all.

    OpenAI counts reasoning within what was generated. xAI, and CLIProxyAPI and Veloera before Gemini, count it beside.
    """
    usage = next((piece.usage for piece in reversed(pieces) if _generated(piece.usage)), {})
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    reasoned = _number(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0
    generated = _generated(usage)
    asked = _number(usage.get("prompt_tokens")) or _number(usage.get("input_tokens"))
    beside = reasoned >= generated or usage.get("total_tokens") == asked + generated + reasoned
    counted_apart = reasoned > 0 or _number(usage.get("thoughtsTokenCount")) > 0  # Gemini's, always beside
    return generated if beside else generated - reasoned, counted_apart


def _generated(usage: Mapping[str, Any]) -> int:
    return max(_number(usage.get(name)) for name in ("completion_tokens", "output_tokens", "candidatesTokenCount"))


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else 0


def _arrival(answer: Answer, end: int) -> float:
    """The seconds after which the byte before ``end`` was there."""
    at = bisect_left(answer.arrivals, end, key=lambda arrival: arrival[0])
    return answer.arrivals[min(at, len(answer.arrivals) - 1)][1]


def _pieces(text: str) -> Iterator[_Piece]:
    """The events of a stream of any protocol, with where they end."""
    end = 0
    for line in text.split("\n"):
        end += len(line.encode()) + 1
        data = line.strip()
        event = parsed(data.removeprefix("data:")) if data.startswith("data:") else None
        if isinstance(event, dict):
            yield _Piece(end, *_texts(event), _usage(event))


def _texts(event: Mapping[str, Any]) -> tuple[str, str]:
    """The visible text of an event, and its reasoning."""
    delta, kind = event.get("delta"), str(event.get("type", ""))
    if isinstance(delta, str):  # responses
        return (delta, "") if kind == "response.output_text.delta" else ("", delta if "reasoning" in kind else "")
    if isinstance(delta, Mapping):  # messages
        return _text(delta, "text"), _text(delta, "thinking")
    if isinstance(part := _first(event.get("choices")).get("delta"), Mapping):  # chat completions
        return _text(part, "content"), _text(part, "reasoning_content") or _text(part, "reasoning")
    content = _first(event.get("candidates")).get("content")  # Gemini
    part = _first(content.get("parts")) if isinstance(content, Mapping) else {}
    return ("", _text(part, "text")) if part.get("thought") else (_text(part, "text"), "")


def _usage(event: Mapping[str, Any]) -> Mapping[str, Any]:
    inside = event.get("response")
    for holder in (event, inside if isinstance(inside, Mapping) else {}):
        for name in ("usage", "usageMetadata"):
            if isinstance(found := holder.get(name), Mapping):
                return found
    return {}


def _first(value: Any) -> Mapping[str, Any]:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], Mapping) else {}


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return value if isinstance(value, str) else ""
