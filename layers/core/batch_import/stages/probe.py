"""Stage probe: discovery, naming, capability (docs/design.md#21-probe); what the decision needs and nothing more."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python

from batch_import.consumer.next_step import DeferredProbe, NextStep
from batch_import.coordination.circuit_breaker import OriginBreakers
from batch_import.domain.advisories import Advisory
from batch_import.domain.answers import Answer, error_text
from batch_import.domain.billing import Billing, BillingLimits, spent, unjudged_balance, unmet
from batch_import.domain.capability import CapabilityProfile, ModelCapabilityProfile, Protocol, Verdict, judge
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item, ItemProfile, NewEvent, Run
from batch_import.domain.errors import OutOfResources
from batch_import.domain.evidence import FROM_ANSWERS, Evidence, Observation, evidence
from batch_import.domain.naming import (
    build_alias_table,
    canonical_model_family,
    identify_model,
    is_chat_model,
    recommend_models,
    resolve_requested_model,
)
from batch_import.domain.outcomes import Code
from batch_import.domain.politeness import BILLING_REQUESTS, NoExtraProbes
from batch_import.domain.routing import model_mapping, no_route, protocol_used
from batch_import.domain.types import EventType, ItemStage, Platform, PlatformWish, Provenance
from batch_import.domain.urls import origin_of
from batch_import.probe.billing import read_billing
from batch_import.probe.capability import ProbeResult, failure_code, probe_capabilities
from batch_import.probe.deferred import FURTHER, probe_deferred
from batch_import.probe.discovery import ProviderModels, provider_models, with_guessed_models
from batch_import.probe.relay import Exchange, Relay, spaced, together
from batch_import.probe.smoke import CANDIDATES, resolve_smoke_models
from batch_import.stages.transitions import ItemTransitions, advisory_events, warned

logger = logging.getLogger(__name__)

_RECOMMENDED = 5
_PROFILED = 300  # model profiles stored; a list of thousands stays one small row


class Probed(NamedTuple):
    """The item is in stage provision; its next write carries what was found. ``deferred`` may be asked later;
    ``None`` for a relay that is spared.
    """

    profile: ItemProfile
    deferred: DeferredProbe | None


class Prober:
    """``spared`` relays are asked no more than the decision needs (``domain/politeness.py``).

    ``spacing`` are the seconds between two requests of an item to its relay.
    """

    def __init__(
        self, exchange: Exchange, breakers: OriginBreakers, spared: NoExtraProbes, clock: Clock, spacing: float = 0.0
    ) -> None:
        self._exchange = exchange
        self._breakers = breakers
        self._spared = spared
        self._clock = clock
        self._spacing = spacing

    def probe(self, to: ItemTransitions, api_key: str, run: Run) -> Probed | NextStep:
        """Ends in stage provision; or returns where the item goes: to a retry, or failed to validation.

        Nothing is deferred where the decision needs the speed, or the relay may not be asked by two items at once.
        """
        exchange = spaced(self._exchange, self._spacing, self._clock) if self._spacing else self._exchange
        probed = self._probe(to, api_key, exchange, run.billing_limits)
        if isinstance(probed, NextStep) or probed.deferred is None:
            return probed
        if not (self._spacing or run.priority_from_speed):
            return probed
        try:
            _, profile, event = probed.deferred()
        except OutOfResources:
            raise
        except Exception as error:  # no item is lost for it, as none is where it is deferred
            logger.warning("deferred probe failed", exc_info=error)
            return Probed(probed.profile, None)
        to.add({}, [event], profile)
        return Probed(profile, None)

    def _probe(self, to: ItemTransitions, api_key: str, exchange: Exchange, limits: BillingLimits) -> Probed | NextStep:
        decision = self._breakers.admission(origin_of(to.item.base_url))
        if decision.wait > 0:
            return to.hand_back(decision.wait)
        if decision.trouble is not None:
            answer = Answer(trouble=decision.trouble)
            end = to.fail if decision.over else to.retry_or_fail
            return end(Code(judge(answer, Protocol.CHAT).value), error_text(answer))
        relay = Relay(exchange, api_key)
        found = provider_models(relay, to.item.base_url, to.item.requested_models, to.item.platform_wish)
        if found.code is Code.MODEL_LIST_MISSING and (guessed := self._guessed(to, relay, found, limits)) is not None:
            return guessed
        if found.code is not None:
            profile = _listed(found)
            return to.retry_or_fail(found.code, error_text(found.answer), found.answer.retry_after, profile)
        requests = 0 if to.item.base_url in self._spared else BILLING_REQUESTS
        return self._with_models(to, relay, Relay(exchange, api_key, requests), found, limits)

    def _guessed(
        self, to: ItemTransitions, relay: Relay, found: ProviderModels, limits: BillingLimits
    ) -> Probed | NextStep | None:
        """Some relays for Claude list nothing: the usual models are tried, and what answers is the whole list."""
        if not to.item.platform_wish.allows(Platform.ANTHROPIC):
            return None
        guess = with_guessed_models(found)
        result = probe_capabilities(relay, guess, guess.raw_models, to.item.platform_wish)
        if failure_code(result) is not None:
            return None
        guess = replace(guess, raw_models=(result.smoke_model,))
        profile = _profiled(_listed(guess), guess, result, {})
        return self._judge(to, relay, guess, result, profile, [], limits)

    def _with_models(
        self,
        to: ItemTransitions,
        relay: Relay,
        on_the_side: Relay,
        found: ProviderModels,
        limits: BillingLimits,
    ) -> Probed | NextStep:
        requested = to.item.requested_models
        resolved, unresolved = _resolve(requested, found)
        profile = _listed(found, unresolved)
        if requested and not resolved:
            return to.fail(Code.REQUESTED_MODEL_NOT_FOUND, f"not listed: {', '.join(unresolved)}", profile)
        pool = list(resolved.values()) if resolved else list(found.raw_models)
        candidates = resolve_smoke_models(list(resolved.values()), pool, CANDIDATES)
        if not candidates:
            return to.fail(Code.NO_CHAT_MODEL, "none of the models can chat", profile)
        result, declared = _at_once(
            partial(probe_capabilities, relay, found, candidates, to.item.platform_wish),
            partial(read_billing, on_the_side, found),
        )
        profile = _profiled(profile, found, result, resolved).model_copy(update={"billing": declared})
        if (why := spent(declared, self._clock.now())) is not None:
            return to.fail(Code.PAYMENT_REQUIRED, why, profile)
        if failure_code(result) is None and (left_out := unmet(declared, limits)) is not None:
            return to.fail(*left_out, profile)
        further = FURTHER + on_the_side.requests_left
        return self._judge(to, relay, found, result, profile, unresolved, limits, further)

    def _judge(
        self,
        to: ItemTransitions,
        relay: Relay,
        found: ProviderModels,
        result: ProbeResult,
        profile: ItemProfile,
        unresolved: list[str],
        limits: BillingLimits,
        further: int = FURTHER,
    ) -> Probed | NextStep:
        code = failure_code(result)
        in_doubt = code in (None, Code.PROTOCOL_NOT_USABLE_BY_HOST)
        if in_doubt and (again := self._openai_again(to, result)) is not None:
            return again
        if code is not None:
            answer = result.deciding.answer
            if not found.listed and result.deciding.verdict is Verdict.ABSENT:
                return to.retry_or_fail(Code.MODEL_LIST_MISSING, error_text(found.answer), None, profile)
            return to.retry_or_fail(code, _why_not(code, result), answer.retry_after, profile)
        is_spared = to.item.base_url in self._spared
        advisories = list(_advisories(to, found, result, unresolved))
        if is_spared and limits != BillingLimits():
            advisories.append(Advisory("limits_not_judged"))
        if (balance := unjudged_balance(profile.billing, limits)) is not None:
            advisories.append(Advisory("balance_not_judged", {"balance": balance}))
        changes = {
            "current_stage": ItemStage.PROVISION,
            "attempt": 1,
            "due_at": None,
            "resolved_smoke_model": result.smoke_model,
            "demands": result.demands.names(),
            "served_model": _served(to, result),
            **warned(to.item, *advisories),
        }
        told = _evidence(to, result.observations, more_is_asked=not is_spared)
        profile = profile.model_copy(update={"evidence": told})
        to.add(changes, [_discovered(found), _probed(result), *advisory_events(to.item, *advisories)], profile)
        if is_spared:
            return Probed(profile, None)
        return Probed(profile, lambda: self._probe_deferred(to, relay, found, result, profile, further))

    def _openai_again(self, to: ItemTransitions, result: ProbeResult) -> NextStep | None:
        """Platform openai is preferred: a passing failure of its protocols is waited for, while there are retries."""
        failed = result.doubtful_openai
        if failed is None:
            return None
        code = Code(failed.verdict.value)
        return to.retry(code, code, error_text(failed.answer), failed.answer.retry_after)

    def _probe_deferred(
        self,
        to: ItemTransitions,
        relay: Relay,
        found: ProviderModels,
        result: ProbeResult,
        profile: ItemProfile,
        further: int,
    ) -> tuple[Item, ItemProfile, NewEvent]:
        item = to.item  # once it is provisioned, with the platform and the model of its account
        wish = PlatformWish(item.platform) if item.platform else result.wish
        model = item.resolved_smoke_model or result.smoke_model
        used = protocol_used(result.spoken, wish, model)
        later = probe_deferred(relay, found, result, used, further=further)
        flags = asdict(later.flags)
        of_model = {**flags, "speed": asdict(later.speed) if later.speed else None}
        capability = profile.capability_profile or {}
        models = [
            {**profiled, **of_model} if profiled["raw_model_id"] == model else profiled
            for profiled in capability.get("model_profiles", [])
        ]
        update = {
            "capability_profile": {**capability, "model_profiles": models},
            "evidence": _evidence(to, (*result.observations, *later.observations)),
        }
        event = NewEvent(event_type=EventType.CAPABILITY_PROBED, message="asked afterwards", payload=flags)
        return item, profile.model_copy(update=update), event


def _at_once(
    capabilities: Callable[[], ProbeResult], billing: Callable[[], Billing | None]
) -> tuple[ProbeResult, Billing | None]:
    questions: list[Callable[[], Any]] = [capabilities, billing]
    result, declared = together(*questions)
    return result, declared


def _served(to: ItemTransitions, result: ProbeResult) -> str | None:
    """The name in the relay's own answer may hold a key, unless it is the one that was asked for."""
    served = result.served_model
    return served if not served or served == result.smoke_model else to.redacted(served)


def _advisories(
    to: ItemTransitions, found: ProviderModels, result: ProbeResult, unresolved: list[str]
) -> Iterator[Advisory]:
    if found.guessed:
        yield Advisory("models_guessed", {"models": result.smoke_model})
    elif not found.listed:
        yield Advisory("models_not_listed")
    if result.refused:
        yield Advisory("models_refused", {"models": ", ".join(result.refused)})
    if unresolved:
        yield Advisory("requested_models_unresolved", {"models": ", ".join(unresolved)})
    served = result.served_model
    if served and _is_another(result.smoke_model, served):
        yield Advisory("another_model_served", {"asked": result.smoke_model, "served": to.redacted(served)})


def _evidence(to: ItemTransitions, observations: tuple[Observation, ...], *, more_is_asked: bool = False) -> Evidence:
    """What the relay's answers named may hold a key."""

    def clean(params: Mapping[str, str]) -> dict[str, str]:
        return {name: to.redacted(text) if name in FROM_ANSWERS else text for name, text in params.items()}

    return evidence([replace(it, params=clean(it.params)) for it in observations], more_is_asked=more_is_asked)


def _is_another(asked: str, served: str) -> bool:
    """Two families that are both known; a name that nobody knows may be the relay's own for the same model."""
    one, other = identify_model(asked), identify_model(served)
    known = Provenance.UNKNOWN not in (one.provenance, other.provenance)
    return known and one.canonical_model_family != other.canonical_model_family


def _resolve(requested: tuple[str, ...], models: ProviderModels) -> tuple[dict[str, str], list[str]]:
    """Behind a wildcard a name that is not listed is asked for as it is."""
    table = build_alias_table(models.raw_models)
    found = {name: resolve_requested_model(name, table) or (name if models.wildcard else None) for name in requested}
    return {name: raw for name, raw in found.items() if raw}, [name for name, raw in found.items() if not raw]


def _listed(found: ProviderModels, unresolved: Sequence[str] = ()) -> ItemProfile:
    """What the list alone tells; kept even when the item fails, since it explains why."""
    identities = [identify_model(raw) for raw in found.raw_models]
    families = dict.fromkeys(i.canonical_model_family for i in identities)
    recommended: dict[str, None] = {}
    for name in unresolved:
        if len(recommended) < _RECOMMENDED:
            recommended |= dict.fromkeys(recommend_models(name, found.raw_models))
    return ItemProfile(
        raw_models=found.raw_models,
        normalized_models=tuple(i.normalized_model_id for i in identities),
        canonical_model_families=tuple(families),
        recommended_models=tuple(recommended)[:_RECOMMENDED],
    )


def _profiled(
    profile: ItemProfile, found: ProviderModels, result: ProbeResult, resolved: dict[str, str]
) -> ItemProfile:
    served = list(resolved.items()) or [
        (canonical_model_family(raw), raw) for raw in found.raw_models if is_chat_model(raw) is not False
    ]
    if resolved:
        served += [(canonical_model_family(raw), raw) for raw in resolved.values()]
    capability = CapabilityProfile(result.transport, tuple(_model_profiles(found.raw_models, result)))
    stored = to_jsonable_python(capability)  # as it is stored, in a third of asdict's time
    return profile.model_copy(update={"model_mapping": model_mapping(served), "capability_profile": stored})


def _model_profiles(raw_models: tuple[str, ...], result: ProbeResult) -> list[ModelCapabilityProfile]:
    ordered = sorted(raw_models, key=lambda raw: raw != result.smoke_model)[:_PROFILED]
    return [_model_profile(raw, result if raw == result.smoke_model else None) for raw in ordered]


def _model_profile(raw: str, result: ProbeResult | None) -> ModelCapabilityProfile:
    identity = identify_model(raw)
    names = (raw, identity.normalized_model_id, identity.canonical_model_family)
    if result is None:
        return ModelCapabilityProfile(*names)
    return ModelCapabilityProfile(
        *names,
        supports_tools=result.supports_tools,
        supports_reasoning_fields=result.supports_reasoning_fields,
        smoke_chat_ok=result.transport.supports_openai_chat_completions,
    )


def _why_not(code: Code, result: ProbeResult) -> str:
    """The relay's own words, or what it speaks when it speaks what the host does not."""
    if code != Code.PROTOCOL_NOT_USABLE_BY_HOST:
        return error_text(result.deciding.answer)
    return no_route(result.spoken, result.wish).reason


def _discovered(found: ProviderModels) -> NewEvent:
    payload: dict[str, Any] = {"api_root": found.api_root, "auth_style": found.auth_style.value}
    return NewEvent(
        event_type=EventType.MODELS_DISCOVERED, message=f"{len(found.raw_models)} models listed", payload=payload
    )


def _probed(result: ProbeResult) -> NewEvent:
    verdicts = {protocol.value: r.verdict.value for protocol, r in result.results.items()}
    return NewEvent(
        event_type=EventType.CAPABILITY_PROBED, message=f"smoke model {result.smoke_model}", payload=verdicts
    )
