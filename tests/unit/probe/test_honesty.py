"""What the answers of relays tell: honest ones of many kinds of software, and four that change what they pass on."""

import json
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.evidence import evidence
from batch_import.domain.outcomes import Code
from batch_import.domain.routing import protocol_used
from batch_import.domain.types import AuthStyle, PlatformWish
from batch_import.probe.capability import probe_capabilities
from batch_import.probe.deferred import Deferred, probe_deferred
from batch_import.probe.discovery import ProviderModels, provider_models, with_guessed_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models

from sandbox.relays.profiles import profile_name
from sandbox.relays.software_profiles import DISHONEST, HONEST_FORMS, PACE
from tests.unit.probe.servers import fixed, serving


class Probed(NamedTuple):
    identity: dict[str, Any]
    passthrough: dict[str, Any]
    later: Deferred
    before: int  # requests until the item moves on
    afterwards: int

    @property
    def codes(self) -> set[str]:
        return {it["code"] for it in (*self.identity["observations"], *self.passthrough["observations"])}


@pytest.fixture
def probed(box: Any, relay: Relay) -> Any:
    def probe(profile: str) -> Probed:
        url = box.relay(profile, "honest")
        found = provider_models(relay, url, (), PlatformWish.AUTO)
        assert found.code is None
        result = probe_capabilities(relay, found, resolve_smoke_models((), found.raw_models))
        before = relay.requests_left
        later = probe_deferred(relay, found, result, protocol_used(result.spoken, result.wish, result.smoke_model))
        told = evidence((*result.observations, *later.observations))
        return Probed(told["identity"], told["passthrough"], later, MAX_REQUESTS - before, before - relay.requests_left)

    return probe


@pytest.mark.parametrize("profile", [profile_name(one) for one in HONEST_FORMS])
def test_no_honest_relay_is_inconsistent(probed: Any, profile: str) -> None:
    found = probed(profile)
    assert found.identity["value"] == ("unknown" if profile == "form_deepseek" else "consistent"), found.identity
    assert found.passthrough["value"] == "consistent", found.passthrough
    assert found.afterwards <= 3


@pytest.mark.parametrize(
    ("profile", "identity", "passthrough", "codes"),
    [
        ("swaps_model", "inconsistent", "consistent", {"form_of_other_server", "reasoning_not_expected"}),
        ("another_model", "inconsistent", "consistent", {"other_model_named"}),
        ("injects_prompt", "consistent", "inconsistent", {"prompt_counted_large"}),
        ("rewrites_tool_call", "consistent", "inconsistent", {"tool_arguments_changed"}),
        ("responses_from_chat", "consistent", "inconsistent", {"responses_from_chat"}),
    ],
)
def test_a_relay_that_changes_something_is_named_for_what_it_does(
    probed: Any, profile: str, identity: str, passthrough: str, codes: set[str]
) -> None:
    found = probed(profile)
    assert (found.identity["value"], found.passthrough["value"]) == (identity, passthrough)
    assert codes <= found.codes


def test_each_dishonest_profile_is_named() -> None:
    assert {profile_name(one) for one in DISHONEST} == {
        "swaps_model",
        "injects_prompt",
        "rewrites_tool_call",
        "responses_from_chat",
    }


# profile -> requests after the item moved on: two as before, and at most one more
AFTERWARDS = {
    "form_openai": 2, "form_azure": 2, "form_anthropic": 1, "form_gemini": 1, "rewrites_tool_call": 3,
    "refuses_stop": 3, "refuses_count": 3, "ignores_stop": 2, "healthy": 2, "responses_only": 1, "messages_only": 1,
}  # fmt: skip


@pytest.mark.parametrize("profile", AFTERWARDS)
def test_at_most_one_request_more_than_the_flags_need(probed: Any, profile: str) -> None:
    found = probed(profile)
    assert found.afterwards == AFTERWARDS[profile]


def test_a_refused_stop_is_asked_again_without_it_and_tells_nothing(probed: Any) -> None:
    found = probed("refuses_stop")
    assert found.later.flags.supports_stream is True
    assert found.later.speed.tokens_per_second > 0
    assert not {"stop_kept", "stop_not_kept"} & found.codes


def test_a_relay_that_refuses_to_count_is_asked_again_and_has_no_rate(probed: Any) -> None:
    later = probed("refuses_count").later
    assert later.flags.supports_stream is True
    assert later.speed.first_token_ms >= 0
    assert later.speed.tokens_per_second is None


def test_a_dropped_stop_is_told_and_counts_for_nothing(probed: Any) -> None:
    found = probed("ignores_stop")
    assert "stop_not_kept" in found.codes
    assert found.passthrough["value"] == "consistent"


@pytest.mark.parametrize("profile", ["form_openai", "form_anthropic", "form_gemini"])
def test_a_stream_that_comes_piece_by_piece_is_measured(probed: Any, profile: str) -> None:
    speed = probed(profile).later.speed
    assert 0 < speed.first_token_ms < 5_000
    assert 0 < speed.tokens_per_second <= 2 / PACE  # each piece counts as two tokens


def test_a_stream_that_comes_at_once_has_no_rate(probed: Any) -> None:
    speed = probed("healthy").later.speed
    assert speed.tokens_per_second is None
    assert speed.first_token_ms >= 0


@pytest.mark.parametrize(("guessed", "codes"), [(True, set()), (False, {"other_model_named"})])
def test_a_model_that_we_guessed_says_nothing_of_the_relay(relay: Relay, guessed: bool, codes: set[str]) -> None:
    """Makers of other models answer Claude's names by their own, as they document it."""
    answer = {
        "type": "message", "role": "assistant", "model": "glm-4.6", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "ok"}], "usage": {"input_tokens": 90, "output_tokens": 1},
    }  # fmt: skip
    with serving(fixed("200 OK", json.dumps(answer).encode(), "Content-Type: application/json")) as served:
        found = with_guessed_models(ProviderModels(Code.MODEL_LIST_MISSING, served.url, AuthStyle.BEARER, ()))
        result = probe_capabilities(relay, replace(found, guessed=guessed), found.raw_models[:1])
    assert {seen.code for seen in result.observations} == codes


def test_what_a_protocol_answers_for_another_model_is_not_told_of_the_smoke_model() -> None:
    """Chat answers for one model, messages for another; the account is tested with the one of the platform wished."""

    def exchange(_: str, url: str, *, body: dict[str, Any], **__: Any) -> Answer:
        claude, model = "claude" in body["model"], body["model"]
        if claude is not ("/messages" in url):
            return Answer(404, json.dumps({"error": {"code": "model_not_found", "message": f"no {model}"}}))
        if claude:
            told = {"type": "message", "model": model, "content": [{"type": "text", "text": "ok"}]}
        else:
            told = {"object": "chat.completion", "model": "glm-4.6", "choices": [{"message": {"content": "ok"}}]}
        return Answer(200, json.dumps(told), "application/json")

    found = ProviderModels(None, "https://relay.example.com/v1", AuthStyle.BEARER, ("gpt-4o-mini", "claude-sonnet-4-5"))
    for wish, smoke, served, codes in (
        (PlatformWish.ANTHROPIC, "claude-sonnet-4-5", "claude-sonnet-4-5", {"same_model_named"}),
        (PlatformWish.OPENAI, "gpt-4o-mini", "glm-4.6", {"other_model_named"}),
    ):
        result = probe_capabilities(Relay(exchange, "sk-test-0000000000000001"), found, found.raw_models, wish)
        assert (result.smoke_model, result.served_model) == (smoke, served)
        assert {seen.code for seen in result.observations} == codes
