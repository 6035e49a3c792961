"""What the decision does not need (docs/design.md#21-probe): streaming, forced tools, reasoning fields.

It is asked once the item has moved on; before, where the run asks for a priority by speed or requests are spaced.

It is asked in the protocol that the account uses, for the model that it is proven with.

The same answers tell how fast the relay is, and whether it passes things on as they are.
See docs/decisions/0034-evidence.md.
"""

import re
import threading
from dataclasses import dataclass
from typing import Any

from batch_import.domain.answers import Answer
from batch_import.domain.capability import Flag, Protocol, Spoken, Verdict, completion_in, judge
from batch_import.domain.demands import Demands, asked
from batch_import.domain.evidence import Observation
from batch_import.domain.passed_on import (
    COUNTING,
    STOP,
    TOOL,
    TOOL_PROMPT,
    changed_host,
    seen_of_arguments,
    seen_of_stop,
    takes_stop,
)
from batch_import.domain.speed import Speed, read_streamed
from batch_import.domain.streams import Framing, read_events, whole_body
from batch_import.probe.capability import ProbeResult, root_for
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay, together

MAX_TOKENS = 200  # with the three of before: under 2,000 output tokens where the first model answers
FURTHER = 1  # request beyond what the flags need; a caller adds those that the balance has not taken
_END_MARKERS = ("data: [DONE]", "data:[DONE]", '"response.completed"')
_REFUSABLE = {  # how a refusal names each parameter; "stop" alone may be a verb, or the reason why a stream ended
    "stop": re.compile(
        r"""(?<!reason[:=] )['"`]stop\\?['"`]|\bstop (?:sequence|is )|(?:->|body\.|parameters?:?|fields?:?) ?stop\b"""
    ),
    "stream_options": re.compile("stream_options|include_usage"),
}
_REFUSED = (400, 422, 500)  # how relays answer a parameter that they do not take, in whatever words


@dataclass(frozen=True, slots=True)
class DeferredFlags:
    supports_stream: Flag
    supports_tools: Flag
    supports_reasoning_fields: Flag


@dataclass(frozen=True, slots=True)
class Deferred:
    """What was found out of the model that was asked for."""

    flags: DeferredFlags
    speed: Speed | None = None
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    """What the answers to one question told."""

    flag: Flag = "unknown"
    speed: Speed | None = None
    observations: tuple[Observation, ...] = ()


def probe_deferred(
    relay: Relay, found: ProviderModels, result: ProbeResult, used: Spoken | None, *, further: int = FURTHER
) -> Deferred:
    """Two requests at most, and ``further`` ones in doubt, within what is left of the relay's budget.

    What was known stays known. ``used`` is the protocol that the account will use, with the model; without one nothing
    is asked. Messages were asked for a stream already. They and Gemini's protocol are asked for one that is long enough
    to be measured.
    """
    known, reasoning = result.supports_tools, reasoning_flag(result)
    if used is None:
        return Deferred(DeferredFlags("unknown", known, reasoning))
    asking = _Asking(relay, found.api_root, result.demands, used, further)
    if used.protocol not in (Protocol.CHAT, Protocol.RESPONSES):
        stream = asking.further_stream()
        streams: Flag = True if used.framing is not Framing.WHOLE else "unknown"
        return Deferred(DeferredFlags(streams, known, reasoning), stream.speed, stream.observations)
    stream, tools = together(asking.stream, asking.tools if used.protocol is Protocol.CHAT else _Told)
    flags = DeferredFlags(stream.flag, known if known is True else tools.flag, reasoning)
    return Deferred(flags, stream.speed, (*stream.observations, *tools.observations))


class _Asking:
    """Asks one relay; a question that is put a second time uses up what there is for such."""

    def __init__(self, relay: Relay, api_root: str, demands: Demands, used: Spoken, further: int) -> None:
        self._relay = relay
        self._url = root_for(api_root, used.protocol)
        self._demands = demands if used.protocol in (Protocol.CHAT, Protocol.RESPONSES) else Demands()
        self._used = used
        self._further = threading.Semaphore(further)

    def stream(self) -> _Told:
        """One stream of some seventy tokens."""
        protocol, model = self._used.protocol, self._used.model
        with_stop = takes_stop(model) and protocol is not Protocol.RESPONSES
        path, body = _stream_request(protocol, model)
        answer = self._ask((path, body))
        if protocol is Protocol.CHAT:
            body, answer = self._without_refused(path, body, answer)
            with_stop = "stop" in body
        streamed = read_streamed(answer)
        asked_for_stop = with_stop and answer.ok
        return _Told(stream_flag(answer), streamed.speed, seen_of_stop(streamed.text) if asked_for_stop else ())

    def _without_refused(self, path: str, body: dict[str, Any], answer: Answer) -> tuple[dict[str, Any], Answer]:
        """A refused chat completion is asked for again without what the refusal names, the stop sequence or the count
        of its tokens; without both where the first refusal names none.
        """
        refused = _named(body, answer.text) or set(_REFUSABLE)
        while refused and answer.status in _REFUSED and self._again():
            body = {name: value for name, value in body.items() if name not in refused}
            answer = self._ask((path, body))
            refused = _named(body, answer.text)
        return body, answer

    def further_stream(self) -> _Told:
        return self.stream() if self._again() else _Told()

    def tools(self) -> _Told:
        """A call of a tool with an address; again where another host came back, as a model may err once."""
        answer = self._ask(_tools_request(self._used.model))
        first, second = _completion(answer), None
        if changed_host(first) and self._again():
            second = _completion(self._ask(_tools_request(self._used.model)))
        return _Told(tools_flag(answer), observations=seen_of_arguments(first, second))

    def _again(self) -> bool:
        return self._further.acquire(blocking=False)

    def _ask(self, request: "Request") -> Answer:
        path, body = request
        return self._relay.post(self._url + path, self._used.auth_style, asked(body, self._demands))


def _completion(answer: Answer) -> Any:
    """The body of a good chat completion, else ``None``."""
    return whole_body(answer) if judge(answer, Protocol.CHAT) is Verdict.OK else None


def stream_flag(answer: Answer) -> Flag:
    """True with an end marker; False only for a relay that answers whole although a stream was asked for.

    A stream that breaks off is no proof: the next one may not.
    """
    if not answer.ok or answer.is_html:
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


def _stream_request(protocol: Protocol, model: str) -> Request:
    if protocol is Protocol.CHAT:
        path, body = _chat_stream(model)
        stop = {"stop": [STOP]} if takes_stop(model) else {}
        return path, {**body, **stop, "stream_options": {"include_usage": True}}
    if protocol is Protocol.RESPONSES:
        return "/responses", {"model": model, "stream": True, "input": COUNTING, "max_output_tokens": MAX_TOKENS}
    if protocol is Protocol.GENERATE:
        settings = {"maxOutputTokens": MAX_TOKENS, "stopSequences": [STOP]}
        contents = [{"role": "user", "parts": [{"text": COUNTING}]}]
        return f"/models/{model}:streamGenerateContent?alt=sse", {"contents": contents, "generationConfig": settings}
    return "/messages?beta=true", {**_chat_stream(model)[1], "stop_sequences": [STOP]}


def _named(body: dict[str, Any], refusal: str) -> set[str]:
    return {name for name, words in _REFUSABLE.items() if name in body and words.search(refusal)}


def _chat_stream(model: str) -> Request:
    messages = [{"role": "user", "content": COUNTING}]
    return "/chat/completions", {"model": model, "stream": True, "messages": messages, "max_tokens": MAX_TOKENS}


def _tools_request(model: str) -> Request:
    body = {"model": model, "messages": [{"role": "user", "content": TOOL_PROMPT}], "tools": [TOOL]}
    return "/chat/completions", {**body, "tool_choice": "required", "stream": False, "max_tokens": MAX_TOKENS}
