"""Every relay profile of the sandbox, over real HTTP: what discovery and capability probing make of it."""

from typing import Any, NamedTuple

import pytest
from batch_import.domain.answers import Trouble
from batch_import.domain.capability import Protocol, Verdict
from batch_import.domain.types import AuthStyle
from batch_import.probe.capability import failure_code, probe_capabilities
from batch_import.probe.discovery import provider_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models

from sandbox.http import Answer
from sandbox.relays import gemini_answers
from sandbox.relays.call import RelayCall, parse_name
from sandbox.relays.profiles import DOWN, PROFILES, MessagesOnly


class Found(NamedTuple):
    """Codes of the list and of the whole; flags of chat, responses, messages: + true, - false, ? unknown."""

    code: str | None
    failure: str | None = None
    flags: str = ""
    style: AuthStyle = AuthStyle.BEARER
    root: str = "/v1"


EXPECTED = {
    "healthy": Found(None, None, "+++"),
    "chat_only": Found(None, None, "+--"),
    "responses_only": Found(None, None, "-+-"),
    "messages_only": Found(None, None, "--+"),
    "x_api_key_only": Found(None, None, "+++", AuthStyle.X_API_KEY),
    "dead_key": Found("auth_failed"),
    "waf": Found("blocked_by_wall"),
    "rate_limited": Found("rate_limited"),
    "flaky": Found(None, None, "+++"),
    "slow": Found(None, None, "+++"),
    "slow_thinker": Found(None, None, "+++"),
    "very_slow_thinker": Found(None, None, "+++"),
    "empty_list": Found("empty_model_list"),
    "lying_list": Found(None, "model_not_served", "???"),
    "html_200": Found("not_an_api"),
    "error_200": Found(None, "invalid_answer", "???"),
    "cut_stream": Found(None, None, "+++"),
    "reasoning": Found(None, None, "+++"),
    "double_v1": Found(None, None, "+++", root="/v1/v1"),
    "late_forbidden": Found(None, None, "+?+"),
    "stream_forbidden": Found(None, None, "+++"),
    "no_list": Found("model_list_missing"),
    "no_money": Found(None, "payment_required", "???"),
    "no_money_200": Found(None, "payment_required", "???"),
    "dead_key_200": Found(None, "auth_failed", "???"),
    "one_model_refused": Found(None, None, "+++"),
    "one_model_limited": Found(None, None, "+++"),
    "stream_only": Found(None, None, "+++"),
    "always_streams": Found(None, None, "+++"),
    "new_limit_name": Found(None, None, "+++"),
    "wants_instructions": Found(None, None, "-+-"),
    "codex_only": Found(None, "client_not_admitted", "???"),
    "wall_text": Found("blocked_by_wall"),
    "html_label": Found(None, None, "+++"),
    "slugs": Found(None, None, "+++"),
    "only_wildcard": Found("only_wildcard_listed"),
    "redirects": Found("redirected"),
    "bare_root": Found(None, None, "++-", root=""),
    "another_model": Found(None, None, "+++"),
    DOWN: Found("unreachable"),
}
SIGNS = {True: "+", False: "-", "unknown": "?"}


def probed(relay: Relay, base_url: str) -> tuple[Any, Any]:
    found = provider_models(relay, base_url)
    if found.code is not None:
        return found, None
    return found, probe_capabilities(relay, found, resolve_smoke_models((), found.raw_models))


def test_every_profile_has_its_row() -> None:
    assert set(EXPECTED) == {*PROFILES, DOWN}


@pytest.mark.parametrize("profile", EXPECTED)
def test_what_probing_makes_of_each_profile(box: Any, relay: Relay, profile: str) -> None:
    expected = EXPECTED[profile]
    base_url = box.relay(profile, "a", **({"latency": 0.02} if "slow" in profile else {}))

    found, result = probed(relay, base_url)

    assert found.code == expected.code
    assert found.auth_style is expected.style
    assert found.api_root == base_url.removesuffix("/v1") + expected.root
    assert relay.requests_left >= 0
    if result is not None:
        transport = result.transport
        flags = (
            transport.supports_openai_chat_completions,
            transport.supports_openai_responses,
            transport.supports_anthropic_messages,
        )
        assert "".join(SIGNS[flag] for flag in flags) == expected.flags
        assert failure_code(result) == expected.failure
        assert result.smoke_model in found.raw_models


@pytest.mark.parametrize(
    ("profile", "advisories"),
    [("chat_only", ("responses_unsupported_but_chat_ok",)), ("late_forbidden", ("responses_unsupported_but_chat_ok",)),
     ("healthy", ()), ("responses_only", ())],
)  # fmt: skip
def test_a_relay_without_responses_is_told_of(
    box: Any, relay: Relay, profile: str, advisories: tuple[str, ...]
) -> None:
    _, result = probed(relay, box.relay(profile))
    assert result.transport.known_advisories == advisories


def test_a_reasoning_model_gets_room_to_think_and_its_thoughts_are_seen(box: Any, relay: Relay) -> None:
    _, result = probed(relay, box.relay("reasoning"))
    assert result.supports_reasoning_fields is True
    assert result.results[Protocol.CHAT].answer.json["choices"][0]["message"]["content"]


def test_a_tool_call_in_responses_shows_that_tools_work(box: Any, relay: Relay) -> None:
    _, result = probed(relay, box.relay("healthy"))
    assert result.supports_tools is True


def test_what_was_not_seen_stays_unknown(box: Any, relay: Relay) -> None:
    _, result = probed(relay, box.relay("chat_only"))
    assert (result.supports_tools, result.supports_reasoning_fields) == ("unknown", "unknown")


def test_the_time_that_a_relay_asks_for_comes_with_the_answer(box: Any, relay: Relay) -> None:
    assert provider_models(relay, box.relay("rate_limited")).answer.retry_after == 1.0


def test_a_limit_on_chat_leaves_it_unknown_and_the_relay_usable_by_responses(box: Any, relay: Relay) -> None:
    base_url = box.relay("rate_limited")
    assert provider_models(relay, base_url).code == "rate_limited"
    found, result = probed(relay, base_url)
    assert (found.code, failure_code(result)) == (None, None)
    assert result.transport.supports_openai_chat_completions == "unknown"
    assert result.transport.supports_openai_responses is True


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503])
def test_completions_that_are_refused_never_become_an_absence(box: Any, relay: Relay, status: int) -> None:
    _, result = probed(relay, box.relay("healthy", "b", status=status))
    assert result.transport.supports_openai_chat_completions == "unknown"
    assert failure_code(result) not in (None, "protocol_not_usable_by_host")


def test_a_dead_key_is_shown_in_every_way_once_and_the_first_refusal_counts(box: Any, relay: Relay) -> None:
    found = provider_models(relay, box.relay("dead_key"))
    assert (found.code, found.auth_style) == ("auth_failed", AuthStyle.BEARER)
    assert sum(box.relay_calls().values()) == 3 + 1  # the last one where Gemini has its list


def test_a_list_that_lies_about_one_model_is_asked_for_the_next(box: Any, relay: Relay) -> None:
    base_url = box.relay("healthy")
    found = provider_models(relay, base_url)
    served = next(model for model in found.raw_models if "embed" not in model)
    result = probe_capabilities(relay, found, ["no-such-model", "neither-this-one", served])
    assert result.smoke_model == served
    assert result.results[Protocol.CHAT].verdict is Verdict.OK


def asked_models(box: Any) -> set[str]:
    return {path.rpartition("/models/")[2] for path in box.relay_calls() if ":generateContent" in path}


@pytest.mark.parametrize("profile", ["form_gemini", "gemini_native"])
def test_a_relay_that_speaks_gemini_alone_is_asked_for_one_model_and_accused_of_nothing(
    box: Any, relay: Relay, profile: str
) -> None:
    found, result = probed(relay, box.relay(profile, "a"))
    assert len(found.raw_models) > 2
    assert (failure_code(result), result.refused) == (None, ())
    assert asked_models(box) == {f"{result.smoke_model}:generateContent"}
    assert sum(box.relay_calls().values()) <= MAX_REQUESTS - 3  # the stream is asked afterwards


class RefusesChatAlike(MessagesOnly):
    """Answers a chat completion of any model with a 404 that does not say why."""

    def chat(self, call: RelayCall) -> Answer:
        return gemini_answers.failure(404)


def test_a_refusal_counts_only_in_a_protocol_in_which_another_model_was_answered(box: Any, relay: Relay) -> None:
    box.relays.relays["messages_only", "a"] = RefusesChatAlike(parse_name("a"))
    _, result = probed(relay, box.relay("messages_only", "a"))
    assert max(n for path, n in box.relay_calls().items() if "chat" in path) > 1  # another one may be answered
    assert (failure_code(result), result.refused) == (None, ())


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_relay_is_never_asked_more_often_than_its_budget(box: Any, relay: Relay, profile: str) -> None:
    base_url = box.relay(profile, "a", **({"latency": 0.02} if "slow" in profile else {}))
    found = provider_models(relay, base_url)
    if found.raw_models:
        probe_capabilities(relay, found, [*found.raw_models[:1], "no-such-model", "neither-this-one"])
    assert sum(box.relay_calls().values()) <= MAX_REQUESTS == 12


def test_an_address_that_is_not_open_is_refused_before_anything_is_sent(box: Any, relay: Relay) -> None:
    found = provider_models(relay, box.relay("healthy").replace("127.0.0.1", "localhost"))
    assert (found.code, found.answer.trouble) == ("address_refused", Trouble.ADDRESS_REFUSED)
    assert box.relay_calls() == {}
