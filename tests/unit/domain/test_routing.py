"""How the host shall reach a relay (docs/host-api.md#probe-race, docs/host-api.md#model-names)."""

import pytest
from batch_import.domain.capability import TransportProfile
from batch_import.domain.routing import ResponsesMode, build_import_routing_strategy, usable_by_host

FLAGS = (True, False, "unknown")


@pytest.mark.parametrize("responses", FLAGS)
@pytest.mark.parametrize("chat", FLAGS)
def test_chat_wins_over_responses_and_only_a_proven_protocol_is_forced(chat: object, responses: object) -> None:
    transport = TransportProfile(supports_openai_chat_completions=chat, supports_openai_responses=responses)  # type: ignore[arg-type]
    expected = ResponsesMode.AUTO
    if responses is True:
        expected = ResponsesMode.RESPONSES
    if chat is True:
        expected = ResponsesMode.CHAT
    assert build_import_routing_strategy(transport, ()).responses_mode is expected


def test_the_modes_are_the_hosts_own_words() -> None:
    assert [mode.value for mode in ResponsesMode] == ["auto", "force_chat_completions", "force_responses"]


def test_both_the_public_and_the_relays_name_are_keys_of_the_mapping() -> None:
    served = [("kimi 2.6", "moonshotai/Kimi-K2.6"), ("kimi-k2.6", "moonshotai/Kimi-K2.6")]
    assert build_import_routing_strategy(TransportProfile(), served).model_mapping == {
        "kimi 2.6": "moonshotai/Kimi-K2.6",
        "kimi-k2.6": "moonshotai/Kimi-K2.6",
        "moonshotai/Kimi-K2.6": "moonshotai/Kimi-K2.6",
    }


def test_a_relays_own_name_is_never_pointed_elsewhere() -> None:
    served = [("gpt-5", "gpt-5-2025-08-07"), ("gpt-5", "gpt-5")]
    assert build_import_routing_strategy(TransportProfile(), served).model_mapping["gpt-5"] == "gpt-5"


@pytest.mark.parametrize(
    ("chat", "responses", "usable"),
    [
        (True, False, True),
        (False, True, True),
        ("unknown", True, True),
        (False, "unknown", "unknown"),
        ("unknown", "unknown", "unknown"),
        (False, False, False),
    ],
)
def test_unknown_is_not_a_no(chat: object, responses: object, usable: object) -> None:
    transport = TransportProfile(supports_openai_chat_completions=chat, supports_openai_responses=responses)  # type: ignore[arg-type]
    assert usable_by_host(transport) == usable
