"""What is asked once the item has moved on (docs/design.md#21-probe): streaming, forced tools, reasoning fields."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from batch_import.domain.answers import Answer
from batch_import.domain.capability import Flag, Protocol, Verdict, completion_in, judge
from batch_import.domain.demands import Demands, asked
from batch_import.domain.streams import Framing, read_events, whole_body
from batch_import.domain.types import AuthStyle
from batch_import.probe.capability import ProbeResult
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay, together

MAX_TOKENS = 200  # with the three of before: under 2,000 output tokens where the first model answers
_PROMPT = "Call the tool probe_ping once."
_TOOL = {"type": "function", "function": {"name": "probe_ping", "parameters": {"type": "object", "properties": {}}}}
_END_MARKERS = ("data: [DONE]", "data:[DONE]", '"response.completed"')


@dataclass(frozen=True, slots=True)
class DeferredFlags:
    supports_stream: Flag
    supports_tools: Flag
    supports_reasoning_fields: Flag


def probe_deferred(relay: Relay, found: ProviderModels, result: ProbeResult) -> DeferredFlags:
    """Two requests at most, within what is left of the relay's budget; what was known stays known.

    Messages were asked for a stream already, and of Gemini's protocol nothing more is asked.
    """
    if not any(it.protocol in (Protocol.CHAT, Protocol.RESPONSES) for it in result.spoken):
        streams: Flag = True if any(it.framing is not Framing.WHOLE for it in result.spoken) else "unknown"
        return DeferredFlags(streams, result.supports_tools, reasoning_flag(result))
    chat = result.transport.supports_openai_chat_completions is True
    known = result.supports_tools
    stream, tools = _stream_request(result.smoke_model, chat), _tools_request(result.smoke_model) if chat else None
    ask = partial(_ask, relay, found, result.transport.auth_style)
    streams, calls_tools = together(
        partial(ask, _as_demanded(stream, result.demands), stream_flag),
        partial(ask, _as_demanded(tools, result.demands), tools_flag),
    )
    return DeferredFlags(streams, known if known is True else calls_tools, reasoning_flag(result))


def stream_flag(answer: Answer) -> Flag:
    """True with an end marker; False only for a relay that answers whole although a stream was asked for.

    A stream that breaks off is no proof: the next one may not.
    """
    if answer.trouble is not None or not answer.ok or answer.is_html:
        return "unknown"
    if any(marker in answer.text for marker in _END_MARKERS) or _finished(answer.text):
        return True
    whole = answer.json is not None and judge(answer, Protocol.CHAT) is Verdict.OK
    return False if whole else "unknown"


def tools_flag(answer: Answer) -> Flag:
    """True with a tool call; False for a completion that goes without although a call was demanded."""
    if judge(answer, Protocol.CHAT) is not Verdict.OK:
        return "unknown"
    return completion_in(whole_body(answer), Protocol.CHAT).calls_tool


def reasoning_flag(result: ProbeResult) -> Flag:
    """True with a reasoning field; False when reasoning was counted but is not told; otherwise nothing is known."""
    if result.supports_reasoning_fields is True:
        return True
    completion = result.results[Protocol.CHAT].completion
    return False if completion is not None and completion.counts_reasoning else "unknown"


def _finished(text: str) -> bool:
    """Some relays end with a finish reason and without ``[DONE]``; the host accepts that as well.

    See docs/host-api.md#test-errors.
    """
    for event in read_events(text):
        choices = event.get("choices")
        if isinstance(choices, list) and any(isinstance(c, dict) and c.get("finish_reason") for c in choices):
            return True
    return False


Request = tuple[str, dict[str, Any]]


def _as_demanded(request: Request | None, demands: Demands) -> Request | None:
    return None if request is None else (request[0], asked(request[1], demands))


def _ask(
    relay: Relay, found: ProviderModels, style: AuthStyle, request: Request | None, flag: Callable[[Answer], Flag]
) -> Flag:
    if request is None or relay.requests_left < 1:
        return "unknown"
    path, body = request
    return flag(relay.post(f"{found.api_root}/{path}", style, body))


def _stream_request(model: str, chat: bool) -> Request:
    if not chat:
        return "responses", {"model": model, "input": "Say ok", "stream": True, "max_output_tokens": MAX_TOKENS}
    messages = [{"role": "user", "content": "Say ok"}]
    return "chat/completions", {"model": model, "messages": messages, "stream": True, "max_tokens": MAX_TOKENS}


def _tools_request(model: str) -> Request:
    body = {"model": model, "messages": [{"role": "user", "content": _PROMPT}], "tools": [_TOOL]}
    return "chat/completions", {**body, "tool_choice": "required", "stream": False, "max_tokens": MAX_TOKENS}
