"""ProbeCapabilities: chat, responses and messages in parallel for one model, within the budget.

See docs/design.md#21-probe.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from batch_import.domain.capability import (
    Flag,
    Protocol,
    ProtocolResult,
    TransportProfile,
    Verdict,
    about_model,
    completion_in,
    is_rarely_about_model,
    judge,
    model_id_style,
    weight,
)
from batch_import.domain.demands import Demands, asked, demand_advisories, learnt
from batch_import.domain.outcomes import Code
from batch_import.domain.routing import usable_by_host
from batch_import.domain.streams import is_streamed, whole_body
from batch_import.domain.types import AuthStyle
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay, together

# A reasoning model spends hundreds before its first word; where the first model answers, three probes stay under 2,000.
MAX_OUTPUT_TOKENS = 512
_PROMPT = "Reply with the single word: ok"
_TOOL = {"type": "function", "name": "probe_ping", "description": "Answers a ping.",
         "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}  # fmt: skip
_USED_BY_HOST = (Protocol.CHAT, Protocol.RESPONSES)
_SPEAKS_OF_FORM = (Verdict.REJECTED, Verdict.INVALID, Verdict.MODEL_NOT_SERVED, Verdict.UNAVAILABLE, Verdict.FORBIDDEN)


@dataclass(frozen=True)
class ProbeResult:
    """``smoke_model`` is the one that answered, or the first that was asked. ``refused``: those that the relay does not
    serve although it lists them. ``demands`` are those of the protocol that the host will use.
    """

    smoke_model: str
    transport: TransportProfile
    results: dict[Protocol, ProtocolResult]
    supports_tools: Flag
    supports_reasoning_fields: Flag
    demands: Demands = field(default_factory=Demands)
    refused: tuple[str, ...] = ()

    @property
    def deciding(self) -> ProtocolResult:
        """The answer that a failure is told with."""
        chat, responses = (self.results[protocol] for protocol in _USED_BY_HOST)
        if chat.verdict is Verdict.ABSENT or weight(responses.verdict) < weight(chat.verdict):
            return responses if responses.verdict is not Verdict.ABSENT else chat
        return chat

    @property
    def served_model(self) -> str | None:
        """What the relay's own answer named."""
        completion = next((r.completion for p in _USED_BY_HOST if (r := self.results[p]).completion), None)
        return completion.served_model if completion else None


@dataclass
class _Questions:
    """Asks one relay, and remembers what it demands of each protocol."""

    relay: Relay
    found: ProviderModels
    demands: dict[Protocol, Demands] = field(default_factory=lambda: dict.fromkeys(Protocol, Demands()))

    def ask(self, protocol: Protocol, model: str) -> ProtocolResult:
        """Ask again as long as each refusal teaches another demand and the budget allows it."""
        while True:
            result = self._once(protocol, model)
            known = self.demands[protocol]
            if result.verdict not in _SPEAKS_OF_FORM or self.relay.requests_left < 1:
                return result
            self.demands[protocol] = learnt(result.answer.error_words, known)
            if self.demands[protocol] == known:
                return result

    def _once(self, protocol: Protocol, model: str) -> ProtocolResult:
        path, body = _REQUESTS[protocol](model)
        demands = self.demands[protocol]
        answer = self.relay.post(f"{self.found.api_root}/{path}", self.found.auth_style, asked(body, demands))
        verdict = judge(answer, protocol)
        if verdict is not Verdict.OK:
            return ProtocolResult(protocol, verdict, answer.shortened())
        if is_streamed(answer):
            self.demands[protocol] = replace(demands, stream=True)
        return ProtocolResult(protocol, verdict, answer.shortened(), completion_in(whole_body(answer), protocol))


def probe_capabilities(relay: Relay, found: ProviderModels, candidates: Sequence[str]) -> ProbeResult:
    """Ask for ``candidates[0]``; while refusals may be about the model, ask chat and responses for the next ones."""
    questions = _Questions(relay, found)
    model, refused, doubtful = candidates[0], [], 0
    latest = _answers(questions, tuple(Protocol), model)
    results = dict(latest)
    for following in candidates[1:]:
        refused += [model] if any(r.verdict is Verdict.MODEL_NOT_SERVED for r in latest.values()) else []
        doubtful += any(is_rarely_about_model(r, model) for r in latest.values())
        again = tuple(p for p in _USED_BY_HOST if p in latest and about_model(latest[p]))
        if _works(results) or not again or doubtful > 1 or relay.requests_left < len(again):
            break
        model = following
        latest = _answers(questions, again, model)
        results |= {p: r for p, r in latest.items() if weight(r.verdict) < weight(results[p].verdict)}
    smoke = model if _works(latest) else candidates[0]
    demands = questions.demands[_host_protocol(results)]
    transport = _transport(found, results, demands)
    told = tuple(name for name in refused if name != smoke)
    return ProbeResult(smoke, transport, results, _tools(results), _reasoning(results), demands, told)


def _answers(questions: _Questions, protocols: Sequence[Protocol], model: str) -> dict[Protocol, ProtocolResult]:
    asking: list[Callable[[], ProtocolResult]] = [partial(questions.ask, protocol, model) for protocol in protocols]
    return dict(zip(protocols, together(*asking), strict=True))


def _works(results: Mapping[Protocol, ProtocolResult]) -> bool:
    return any(p in results and results[p].verdict is Verdict.OK for p in _USED_BY_HOST)


def _host_protocol(results: Mapping[Protocol, ProtocolResult]) -> Protocol:
    """The one that the host will use (``domain/routing.py``)."""
    by_responses = (
        results[Protocol.CHAT].verdict is not Verdict.OK and results[Protocol.RESPONSES].verdict is Verdict.OK
    )
    return Protocol.RESPONSES if by_responses else Protocol.CHAT


def _chat(model: str) -> tuple[str, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": _PROMPT}], "max_tokens": MAX_OUTPUT_TOKENS}
    return "chat/completions", {**body, "stream": False}


def _responses(model: str) -> tuple[str, dict[str, Any]]:
    body = {"model": model, "input": _PROMPT, "tools": [_TOOL], "tool_choice": "required", "stream": False}
    return "responses", {**body, "max_output_tokens": MAX_OUTPUT_TOKENS}


def _messages(model: str) -> tuple[str, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": _PROMPT}]}
    return "messages", {**body, "max_tokens": MAX_OUTPUT_TOKENS}


_REQUESTS: dict[Protocol, Callable[[str], tuple[str, dict[str, Any]]]] = {
    Protocol.CHAT: _chat,
    Protocol.RESPONSES: _responses,
    Protocol.MESSAGES: _messages,
}


def _transport(found: ProviderModels, results: Mapping[Protocol, ProtocolResult], demands: Demands) -> TransportProfile:
    return TransportProfile(
        supports_openai_models=found.listed,
        supports_openai_chat_completions=results[Protocol.CHAT].verdict.flag,
        supports_openai_responses=results[Protocol.RESPONSES].verdict.flag,
        supports_anthropic_messages=results[Protocol.MESSAGES].verdict.flag,
        auth_style=found.auth_style,
        model_id_style=model_id_style(list(found.raw_models)),
        known_advisories=_known_advisories(results, demands),
        demands=demands.names(),
    )


def _known_advisories(results: Mapping[Protocol, ProtocolResult], demands: Demands) -> tuple[str, ...]:
    """Documented codes only (domain/advisories.py)."""
    chat_only = results[Protocol.CHAT].verdict is Verdict.OK and results[Protocol.RESPONSES].verdict in (
        Verdict.ABSENT,
        Verdict.FORBIDDEN,
        Verdict.NOT_AN_API,
    )
    by_chat = _host_protocol(results) is Protocol.CHAT
    demanded = demand_advisories(demands, by_chat=by_chat) if _works(results) else ()
    return (*(("responses_unsupported_but_chat_ok",) if chat_only else ()), *(told.code for told in demanded))


def failure_code(result: ProbeResult) -> Code | None:
    """Why the host could not use this relay, or ``None`` when it can (docs/design.md#21-probe)."""
    transport, verdicts = result.transport, {p: r.verdict for p, r in result.results.items()}
    usable = usable_by_host(transport) is True
    if usable and transport.auth_style is AuthStyle.BEARER:
        return None
    if usable or Verdict.OK in verdicts.values():
        return Code.PROTOCOL_NOT_USABLE_BY_HOST
    deciding = result.deciding.verdict
    return Code.PROTOCOL_NOT_USABLE_BY_HOST if deciding is Verdict.ABSENT else Code(deciding.value)


def _tools(results: Mapping[Protocol, ProtocolResult]) -> Flag:
    completion = results[Protocol.RESPONSES].completion
    return True if completion is not None and completion.calls_tool else "unknown"


def _reasoning(results: Mapping[Protocol, ProtocolResult]) -> Flag:
    completion = results[Protocol.CHAT].completion
    return True if completion is not None and completion.tells_reasoning else "unknown"
