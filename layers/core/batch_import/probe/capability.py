"""ProbeCapabilities: each protocol in parallel for one model, within the budget.

See docs/design.md#21-probe.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from batch_import.domain.answer_signs import observe
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.capability import (
    Flag,
    Protocol,
    ProtocolResult,
    Spoken,
    TransportProfile,
    Verdict,
    about_model,
    completion_in,
    is_rarely_about_model,
    judge,
    model_id_style,
    weight,
)
from batch_import.domain.demands import Demands, asked, demand_advisories, learnt, unsaid
from batch_import.domain.evidence import Observation
from batch_import.domain.outcomes import Code
from batch_import.domain.routing import servable
from batch_import.domain.streams import framing, is_streamed, whole_body
from batch_import.domain.types import AuthStyle, PlatformWish
from batch_import.domain.urls import GEMINI_VERSION, without_version
from batch_import.probe.discovery import ProviderModels
from batch_import.probe.relay import Relay, together

# A reasoning model spends hundreds before its first word; where the first model answers, three probes stay under 2,000.
MAX_OUTPUT_TOKENS = 512
_PROMPT = "Reply with the single word: ok"
_TOOL = {"type": "function", "name": "probe_ping", "description": "Answers a ping.",
         "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}  # fmt: skip
_OPENAI = (Protocol.CHAT, Protocol.RESPONSES)
_PASSING = (Verdict.RATE_LIMITED, Verdict.UNAVAILABLE, Verdict.TIMEOUT, Verdict.UNREACHABLE)
_WANTED = {
    PlatformWish.AUTO: tuple(Protocol),
    PlatformWish.OPENAI: _OPENAI,
    PlatformWish.ANTHROPIC: (Protocol.MESSAGES,),
    PlatformWish.GEMINI: (Protocol.GENERATE,),
}
_SPEAKS_OF_FORM = (Verdict.REJECTED, Verdict.INVALID, Verdict.MODEL_NOT_SERVED, Verdict.UNAVAILABLE, Verdict.FORBIDDEN)


@dataclass(frozen=True)
class ProbeResult:
    """``smoke_model`` is the one that answered, or the first that was asked. ``refused``: those that the relay does not
    serve although it lists them. ``demands`` are those of the openai protocol that the host would use.
    """

    wish: PlatformWish
    smoke_model: str
    transport: TransportProfile
    results: dict[Protocol, ProtocolResult]
    supports_tools: Flag
    supports_reasoning_fields: Flag
    demands: Demands = field(default_factory=Demands)
    refused: tuple[str, ...] = ()

    @property
    def deciding(self) -> ProtocolResult:
        """The answer that a failure is told with: Gemini's where it was asked, else of chat and responses if there."""
        wanted = [self.results[protocol] for protocol in _WANTED[self.wish]]
        answers = [r for r in wanted if r.answer.trouble is not Trouble.NOT_ASKED]
        gemini = [r for r in answers if r.protocol is Protocol.GENERATE]
        there = [r for r in answers if r.verdict is not Verdict.ABSENT]
        openai = [r for r in there if r.protocol in _OPENAI]
        return min(gemini or openai or there or answers or wanted, key=lambda r: weight(r.verdict))

    @property
    def doubtful_openai(self) -> ProtocolResult | None:
        """A passing failure of chat or responses, where only another protocol answered and no wish says a platform."""
        if self.wish is not PlatformWish.AUTO or _works(self.results):
            return None
        answers = [self.results[p] for p in _OPENAI if self.results[p].answer.trouble is not Trouble.NOT_ASKED]
        return next((result for result in answers if result.verdict in _PASSING), None)

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        return self.transport.spoken

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What the answers of the smoke model showed (``domain/evidence.py``)."""
        return tuple(seen for result in self._of_smoke_model for seen in result.observations)

    @property
    def served_model(self) -> str | None:
        """What the relay's own answer named."""
        completion = next((r.completion for r in self._of_smoke_model if r.completion), None)
        return completion.served_model if completion else None

    @property
    def _of_smoke_model(self) -> list[ProtocolResult]:
        """Without what another protocol answered for another model."""
        return [r for r in self.results.values() if r.spoken is not None and r.spoken.model == self.smoke_model]


@dataclass
class _Questions:
    """Asks one relay, and remembers what it demands of each protocol."""

    relay: Relay
    found: ProviderModels
    demands: dict[Protocol, Demands] = field(default_factory=lambda: dict.fromkeys(Protocol, Demands()))

    def ask(self, protocol: Protocol, model: str) -> ProtocolResult:
        """Ask again in each way of showing the key, until one is accepted.

        A key that opened the list is at last shown as at first: relays with many keys of their own refuse now and then.
        """
        first, *others = self._styles_of(protocol)
        others += [first] if self.found.listed and protocol in _OPENAI else []
        result = self._as_demanded(protocol, model, first)
        for style in others:
            if result.verdict is not Verdict.AUTH_FAILED or self.relay.requests_left < 1:
                break
            again = self._as_demanded(protocol, model, style)
            result = again if again.verdict is not Verdict.AUTH_FAILED else result
        return result

    def _styles_of(self, protocol: Protocol) -> tuple[AuthStyle, ...]:
        """A host of any version can show the key of a messages relay as ``x-api-key``, so that comes first."""
        of_list = self.found.auth_style
        if protocol is Protocol.GENERATE:
            return (of_list,) if self.found.gemini else (AuthStyle.X_GOOG_API_KEY,)
        if protocol is Protocol.MESSAGES and of_list is not AuthStyle.API_KEY:
            return (AuthStyle.X_API_KEY, AuthStyle.BEARER)
        return (AuthStyle.BEARER,) if self.found.gemini else (of_list,)

    def _as_demanded(self, protocol: Protocol, model: str, style: AuthStyle) -> ProtocolResult:
        """Ask again as long as each refusal teaches another demand and the budget allows it."""
        while True:
            result = self._once(protocol, model, style)
            known = self.demands[protocol]
            if result.verdict not in _SPEAKS_OF_FORM or self.relay.requests_left < 1:
                return result
            self.demands[protocol] = learnt(result.answer.error_words, known)
            if self.demands[protocol] == known:
                return self._as_unsaid(result, model, style)

    def _as_unsaid(self, refused: ProtocolResult, model: str, style: AuthStyle) -> ProtocolResult:
        """Ask once more where a relay may demand something without a word; what does not help is not kept."""
        protocol, known = refused.protocol, self.demands[refused.protocol]
        more = known | unsaid(refused.answer, refused.verdict is Verdict.INVALID)
        if protocol not in _OPENAI or more == known:
            return refused
        self.demands[protocol] = more
        again = self._once(protocol, model, style)
        if again.verdict is Verdict.OK:
            return again
        self.demands[protocol] = known
        return refused

    def _once(self, protocol: Protocol, model: str, style: AuthStyle) -> ProtocolResult:
        path, usual = _REQUESTS[protocol](model)
        demands = self.demands[protocol]
        body = asked(usual, demands)
        answer = self.relay.post(root_for(self.found.api_root, protocol) + path, style, body)
        verdict = judge(answer, protocol, model)
        if verdict is not Verdict.OK:
            return ProtocolResult(protocol, verdict, answer.shortened())
        if is_streamed(answer):
            self.demands[protocol] = replace(demands, stream=True)
        whole = whole_body(answer)
        return ProtocolResult(
            protocol,
            verdict,
            answer.shortened(),
            completion_in(whole, protocol),
            () if self.found.guessed else observe(whole, protocol, model, body),  # the relay never offered the model
            Spoken(protocol, style, model, framing(answer)),
        )


def probe_capabilities(
    relay: Relay, found: ProviderModels, candidates: Sequence[str], wish: PlatformWish = PlatformWish.AUTO
) -> ProbeResult:
    """Ask for ``candidates[0]``; while refusals may be about the model, ask the wanted protocols for the next ones.

    Models that only stand in for a list (``found.listed`` is false and nobody named them) are asked of messages alone.
    """
    questions, wanted = _Questions(relay, found), _WANTED[wish]
    model, doubtful = candidates[0], 0
    refused: list[tuple[str, Protocol]] = []
    latest = _answers(questions, _first_asked(found, wish), model)
    results = {protocol: _not_asked(protocol) for protocol in Protocol} | latest
    for following in candidates[1:]:
        refused += [(model, p) for p, r in latest.items() if r.verdict is Verdict.MODEL_NOT_SERVED]
        doubtful += any(is_rarely_about_model(r, model) for r in latest.values())
        again = tuple(p for p in wanted if p in latest and about_model(latest[p]))
        if _suffices(found, wish, results) or not again or doubtful > 1 or relay.requests_left < len(again):
            break
        model = following
        latest = _answers(questions, again, model)
        results |= {p: r for p, r in latest.items() if weight(r.verdict) < weight(results[p].verdict)}
    spoken = tuple(r.spoken for r in results.values() if r.spoken is not None)
    smoke = next((it.model for it in spoken if it.protocol in wanted), candidates[0])
    demands = questions.demands[_host_protocol(results)]
    transport = _transport(found, results, demands, spoken)
    answering = {it.protocol for it in spoken}  # another protocol may refuse whatever is asked
    told = dict.fromkeys(name for name, protocol in refused if protocol in answering and name != smoke)
    return ProbeResult(wish, smoke, transport, results, _tools(results), _reasoning(results), demands, tuple(told))


def _first_asked(found: ProviderModels, wish: PlatformWish) -> tuple[Protocol, ...]:
    if found.guessed:
        return (Protocol.MESSAGES,)
    gemini = found.gemini or wish is PlatformWish.GEMINI
    return tuple(p for p in Protocol if gemini or p is not Protocol.GENERATE)


def _not_asked(protocol: Protocol) -> ProtocolResult:
    answer = Answer(trouble=Trouble.NOT_ASKED)
    return ProtocolResult(protocol, judge(answer, protocol), answer)


def _answers(questions: _Questions, protocols: Sequence[Protocol], model: str) -> dict[Protocol, ProtocolResult]:
    asking: list[Callable[[], ProtocolResult]] = [partial(questions.ask, protocol, model) for protocol in protocols]
    return dict(zip(protocols, together(*asking), strict=True))


def _works(results: Mapping[Protocol, ProtocolResult], wanted: Sequence[Protocol] = _OPENAI) -> bool:
    """Chat and responses are preferred: while the next model may get an answer of theirs, messages do not suffice."""
    preferred = [p for p in wanted if p in _OPENAI] or wanted
    return any(results[p].verdict is Verdict.OK for p in preferred)


def _suffices(found: ProviderModels, wish: PlatformWish, results: Mapping[Protocol, ProtocolResult]) -> bool:
    """Whether no other model need be asked. Who lists models as Gemini does and answers so speaks nothing better."""
    by_gemini = results[Protocol.GENERATE].spoken if found.gemini else None
    return _works(results, _WANTED[wish]) or (by_gemini is not None and servable([by_gemini], wish))


def _host_protocol(results: Mapping[Protocol, ProtocolResult]) -> Protocol:
    """The one that the host will use (``domain/routing.py``)."""
    by_responses = (
        results[Protocol.CHAT].verdict is not Verdict.OK and results[Protocol.RESPONSES].verdict is Verdict.OK
    )
    return Protocol.RESPONSES if by_responses else Protocol.CHAT


def _chat(model: str) -> tuple[str, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": _PROMPT}], "max_tokens": MAX_OUTPUT_TOKENS}
    return "/chat/completions", {**body, "stream": False}


def _responses(model: str) -> tuple[str, dict[str, Any]]:
    body = {"model": model, "input": _PROMPT, "tools": [_TOOL], "tool_choice": "required", "stream": False}
    return "/responses", {**body, "max_output_tokens": MAX_OUTPUT_TOKENS}


def _messages(model: str) -> tuple[str, dict[str, Any]]:
    """As the host asks: streamed, whatever the customer wants (docs/host-api.md#base-url-per-platform)."""
    body = {"model": model, "messages": [{"role": "user", "content": _PROMPT}]}
    return "/messages?beta=true", {**body, "max_tokens": MAX_OUTPUT_TOKENS, "stream": True}


def _generate(model: str) -> tuple[str, dict[str, Any]]:
    contents = [{"role": "user", "parts": [{"text": _PROMPT}]}]
    return f"/models/{model}:generateContent", {
        "contents": contents,
        "generationConfig": {"maxOutputTokens": MAX_OUTPUT_TOKENS},
    }


def root_for(api_root: str, protocol: Protocol) -> str:
    """Where the host will ask: it adds the version itself, but to the addresses of platform openai."""
    version = {Protocol.MESSAGES: "/v1", Protocol.GENERATE: GEMINI_VERSION}.get(protocol)
    return f"{without_version(api_root)}{version}" if version else api_root


_REQUESTS: dict[Protocol, Callable[[str], tuple[str, dict[str, Any]]]] = {
    Protocol.CHAT: _chat,
    Protocol.RESPONSES: _responses,
    Protocol.MESSAGES: _messages,
    Protocol.GENERATE: _generate,
}


def _transport(
    found: ProviderModels, results: Mapping[Protocol, ProtocolResult], demands: Demands, spoken: tuple[Spoken, ...]
) -> TransportProfile:
    return TransportProfile(
        supports_openai_models=found.listed,
        supports_openai_chat_completions=results[Protocol.CHAT].verdict.flag,
        supports_openai_responses=results[Protocol.RESPONSES].verdict.flag,
        supports_anthropic_messages=results[Protocol.MESSAGES].verdict.flag,
        supports_gemini_generate_content=results[Protocol.GENERATE].verdict.flag,
        auth_style=spoken[0].auth_style if spoken else found.auth_style,
        model_id_style=model_id_style(list(found.raw_models)),
        known_advisories=_known_advisories(results, demands),
        demands=demands.names(),
        api_root=found.api_root,
        spoken=spoken,
    )


def _known_advisories(results: Mapping[Protocol, ProtocolResult], demands: Demands) -> tuple[str, ...]:
    """Documented codes only (domain/advisories.py)."""
    chat_only = results[Protocol.CHAT].verdict is Verdict.OK and results[Protocol.RESPONSES].verdict in (
        Verdict.ABSENT,
        Verdict.FORBIDDEN,
        Verdict.WALL,
        Verdict.NOT_AN_API,
    )
    by_chat = _host_protocol(results) is Protocol.CHAT
    demanded = demand_advisories(demands, by_chat=by_chat) if _works(results) else ()
    return (*(("responses_unsupported_but_chat_ok",) if chat_only else ()), *(told.code for told in demanded))


def failure_code(result: ProbeResult) -> Code | None:
    """Why no version of the host could use this relay, or ``None`` when one can (docs/design.md#21-probe)."""
    if servable(result.spoken, result.wish):
        return None
    if any(result.results[protocol].verdict is Verdict.OK for protocol in _WANTED[result.wish]):
        return Code.PROTOCOL_NOT_USABLE_BY_HOST
    deciding = result.deciding.verdict
    key_is_good = deciding is Verdict.AUTH_FAILED and bool(result.spoken)  # in another protocol than was asked for
    return Code.PROTOCOL_NOT_USABLE_BY_HOST if deciding is Verdict.ABSENT or key_is_good else Code(deciding.value)


def _tools(results: Mapping[Protocol, ProtocolResult]) -> Flag:
    completion = results[Protocol.RESPONSES].completion
    return True if completion is not None and completion.calls_tool else "unknown"


def _reasoning(results: Mapping[Protocol, ProtocolResult]) -> Flag:
    completion = results[Protocol.CHAT].completion
    return True if completion is not None and completion.tells_reasoning else "unknown"
