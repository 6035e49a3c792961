"""ProbeCapabilities: chat, responses and messages in parallel for one model, within the budget.

See docs/design.md#21-probe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from batch_import.domain.capability import (
    Flag,
    Protocol,
    ProtocolResult,
    TransportProfile,
    Verdict,
    judge,
    model_id_style,
)
from batch_import.domain.outcomes import Code
from batch_import.domain.routing import usable_by_host
from batch_import.domain.types import AuthStyle
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay, together

MAX_OUTPUT_TOKENS = 512  # a reasoning model spends hundreds before its first word; three probes stay under 2,000
_PROMPT = "Reply with the single word: ok"
_TOOL = {"type": "function", "name": "probe_ping", "description": "Answers a ping.",
         "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}  # fmt: skip


@dataclass(frozen=True)
class ProbeResult:
    """``smoke_model`` is the one that answered, or the first that was asked."""

    smoke_model: str
    transport: TransportProfile
    results: dict[Protocol, ProtocolResult]
    supports_tools: Flag
    supports_reasoning_fields: Flag


def probe_capabilities(relay: Relay, found: ProviderModels, candidates: Sequence[str]) -> ProbeResult:
    """Ask for ``candidates[0]``; where a list lies about it, ask chat for the next ones (budget: ``relay``)."""
    smoke = candidates[0]
    asked = together(*(partial(_ask, relay, found, protocol, smoke) for protocol in Protocol))
    results = dict(zip(Protocol, asked, strict=True))
    for candidate in candidates[1:]:
        if (
            results[Protocol.CHAT].verdict is not Verdict.MODEL_NOT_SERVED or relay.requests_left < 2
        ):  # one candidate may take two
            break
        answer = _ask(relay, found, Protocol.CHAT, candidate)
        if answer.verdict is Verdict.OK:
            smoke = candidate
        results[Protocol.CHAT] = answer
    return ProbeResult(smoke, _transport(found, results), results, _tools(results), _reasoning(results))


def _ask(relay: Relay, found: ProviderModels, protocol: Protocol, model: str) -> ProtocolResult:
    path, body = _REQUESTS[protocol](model)
    answer = relay.post(f"{found.api_root}/{path}", found.auth_style, body)
    if protocol is Protocol.CHAT and answer.status == 400 and "max_completion_tokens" in answer.text:
        body["max_completion_tokens"] = body.pop("max_tokens")  # newer models refuse the older name
        answer = relay.post(f"{found.api_root}/{path}", found.auth_style, body)
    return ProtocolResult(protocol, judge(answer, protocol), answer)


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


def _transport(found: ProviderModels, results: dict[Protocol, ProtocolResult]) -> TransportProfile:
    profile = TransportProfile(
        supports_openai_models=True,
        supports_openai_chat_completions=results[Protocol.CHAT].verdict.flag,
        supports_openai_responses=results[Protocol.RESPONSES].verdict.flag,
        supports_anthropic_messages=results[Protocol.MESSAGES].verdict.flag,
        auth_style=found.auth_style,
        model_id_style=model_id_style(list(found.raw_models)),
    )
    return replace(profile, known_advisories=known_advisories(profile, results))


def known_advisories(profile: TransportProfile, results: dict[Protocol, ProtocolResult]) -> tuple[str, ...]:
    """Documented codes only (domain/advisories.py)."""
    chat_only = profile.supports_openai_chat_completions is True and results[Protocol.RESPONSES].verdict in (
        Verdict.ABSENT,
        Verdict.FORBIDDEN,
        Verdict.NOT_AN_API,
    )
    return ("responses_unsupported_but_chat_ok",) if chat_only else ()


def failure_code(result: ProbeResult) -> Code | None:
    """Why the host could not use this relay, or ``None`` when it can (docs/design.md#21-probe)."""
    transport, verdicts = result.transport, {p: r.verdict for p, r in result.results.items()}
    usable = usable_by_host(transport) is True
    if usable and transport.auth_style is AuthStyle.BEARER:
        return None
    if usable or Verdict.OK in verdicts.values():
        return Code.PROTOCOL_NOT_USABLE_BY_HOST
    for verdict in (verdicts[Protocol.CHAT], verdicts[Protocol.RESPONSES]):
        if verdict is not Verdict.ABSENT:
            return Code(verdict.value)
    return Code.PROTOCOL_NOT_USABLE_BY_HOST


def _tools(results: dict[Protocol, ProtocolResult]) -> Flag:
    result = results[Protocol.RESPONSES]
    if result.verdict is not Verdict.OK:
        return "unknown"
    return (
        any(isinstance(o, dict) and o.get("type") == "function_call" for o in result.answer.json["output"]) or "unknown"
    )


def _reasoning(results: dict[Protocol, ProtocolResult]) -> Flag:
    result = results[Protocol.CHAT]
    if result.verdict is not Verdict.OK:
        return "unknown"
    message = result.answer.json["choices"][0]["message"]
    told = isinstance(message, dict) and any(message.get(f) for f in ("reasoning_content", "reasoning", "thinking"))
    return told or "unknown"
