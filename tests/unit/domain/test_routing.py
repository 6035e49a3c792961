"""Which relay becomes an account of which platform (docs/platforms.md): the whole table, and what is held already."""

from dataclasses import asdict

import pytest
from batch_import.domain.account import ResponsesMode, account_settings, style_of_settings
from batch_import.domain.capability import Flag, Protocol, Spoken, TransportProfile, transport_profile
from batch_import.domain.routing import (
    ROUTES,
    Held,
    NoRoute,
    Route,
    choose_route,
    model_mapping,
    no_route,
    protocol_used,
    servable,
)
from batch_import.domain.streams import Framing
from batch_import.domain.types import AuthStyle, Platform, PlatformWish

CHAT, RESPONSES, MESSAGES, GENERATE = Protocol
BEARER, X_API_KEY, API_KEY, GOOGLE = (
    AuthStyle.BEARER, AuthStyle.X_API_KEY, AuthStyle.API_KEY, AuthStyle.X_GOOG_API_KEY
)  # fmt: skip
NEWEST, OLDEST = (0, 1, 179), (0, 1, 130)
ROOT, BARE = "https://relay.example.com/v1", "https://relay.example.com"


def relay(*spoken: Spoken, unknown: Protocol | None = None, root: str = ROOT) -> TransportProfile:
    """What speaks nothing of a protocol is known not to, but for the ``unknown`` one."""
    flags: dict[Protocol, Flag] = {p: any(it.protocol is p for it in spoken) for p in Protocol}
    if unknown is not None:
        flags[unknown] = "unknown"
    return TransportProfile(
        supports_openai_chat_completions=flags[CHAT],
        supports_openai_responses=flags[RESPONSES],
        supports_anthropic_messages=flags[MESSAGES],
        supports_gemini_generate_content=flags[GENERATE],
        api_root=root,
        spoken=spoken,
    )


def says(protocol: Protocol, style: AuthStyle = BEARER, framing: Framing = Framing.SPACED) -> Spoken:
    return Spoken(protocol, style, f"model-of-{protocol}", framing if protocol is MESSAGES else Framing.WHOLE)


# What the relay speaks -> platform on the oldest and on the newest host, None for neither (docs/host-api.md#platforms)
TABLE = {
    "chat": ([says(CHAT)], "openai", "openai"),
    "chat and responses": ([says(CHAT), says(RESPONSES)], "openai", "openai"),
    "chat and messages": ([says(CHAT), says(MESSAGES, X_API_KEY)], "openai", "openai"),
    "responses": ([says(RESPONSES)], "openai", "openai"),
    "responses and messages": ([says(RESPONSES), says(MESSAGES, X_API_KEY)], "openai", "openai"),
    "messages, x-api-key": ([says(MESSAGES, X_API_KEY)], "anthropic", "anthropic"),
    "messages, Bearer": ([says(MESSAGES, BEARER)], None, "anthropic"),
    "messages, api-key": ([says(MESSAGES, API_KEY)], None, "anthropic"),
    "messages, compact events": ([says(MESSAGES, X_API_KEY, Framing.COMPACT)], None, "anthropic"),
    "messages, compact events, Bearer": ([says(MESSAGES, BEARER, Framing.COMPACT)], None, "anthropic"),
    "messages without streaming": ([says(MESSAGES, X_API_KEY, Framing.WHOLE)], None, None),
    "messages without event lines": ([says(MESSAGES, X_API_KEY, Framing.DATA_LINES)], None, None),
    "chat, api-key": ([says(CHAT, API_KEY)], None, "openai"),
    "responses, api-key": ([says(RESPONSES, API_KEY)], None, "openai"),
    "chat, x-api-key": ([says(CHAT, X_API_KEY)], None, None),
    "chat and messages, x-api-key": ([says(CHAT, X_API_KEY), says(MESSAGES, X_API_KEY)], "anthropic", "anthropic"),
    "chat and messages, api-key": ([says(CHAT, API_KEY), says(MESSAGES, API_KEY)], None, "openai"),
    "gemini, x-goog-api-key": ([says(GENERATE, GOOGLE)], "gemini", "gemini"),
    "gemini, Bearer": ([says(GENERATE, BEARER)], None, None),
    "gemini, key in the URL": ([says(GENERATE, AuthStyle.UNKNOWN)], None, None),
    "nothing": ([], None, None),
}


def chosen(
    transport: TransportProfile,
    version: tuple[int, ...] = NEWEST,
    wish: PlatformWish = PlatformWish.AUTO,
    held: dict[Platform, Held] | None = None,
) -> Route | NoRoute:
    return choose_route(transport, wish, version, held or {})


def platform_of(route: Route | NoRoute) -> str | None:
    return route.platform.value if isinstance(route, Route) else None


@pytest.mark.parametrize("case", TABLE)
def test_the_whole_table(case: str) -> None:
    spoken, oldest, newest = TABLE[case]
    assert platform_of(chosen(relay(*spoken), OLDEST)) == oldest
    assert platform_of(chosen(relay(*spoken), NEWEST)) == newest
    assert servable(spoken, PlatformWish.AUTO) is (newest is not None)


def test_every_row_of_the_table_is_reached_and_has_a_reason() -> None:
    spoken = [it for of_case, *_ in TABLE.values() for it in of_case]
    others = [says(MESSAGES, style, framing) for style in (BEARER, API_KEY) for framing in Framing]
    known = [*spoken, *others, says(RESPONSES, API_KEY), says(RESPONSES, X_API_KEY)]
    assert all(any(row.is_of(it) for it in known) for row in ROUTES)
    assert all(row.reason for row in ROUTES)


@pytest.mark.parametrize(
    ("spoken", "version", "since"),
    [
        (says(MESSAGES, BEARER), (0, 1, 142), "0.1.143"),
        (says(MESSAGES, API_KEY), (0, 1, 145), "0.1.146"),
        (says(MESSAGES, X_API_KEY, Framing.COMPACT), (0, 1, 162), "0.1.163"),
        (says(CHAT, API_KEY), (0, 1, 145), "0.1.146"),
        (says(CHAT), (), "0.1.130"),
    ],
)
def test_a_host_that_is_too_old_is_told_from_which_version_on_it_would_serve(
    spoken: Spoken, version: tuple[int, ...], since: str
) -> None:
    route = chosen(relay(spoken), version)
    assert isinstance(route, NoRoute)
    assert since in route.reason
    assert isinstance(chosen(relay(spoken), tuple(map(int, since.split(".")))), Route)


def test_a_relay_that_no_version_serves_is_told_why() -> None:
    for style in (X_API_KEY, BEARER, API_KEY):
        for framing in (Framing.WHOLE, Framing.DATA_LINES):
            assert "event lines" in no_route([says(MESSAGES, style, framing)], PlatformWish.AUTO).reason
    both = [says(RESPONSES, X_API_KEY), says(CHAT, X_API_KEY)]
    assert no_route(both, PlatformWish.OPENAI).reason == (
        "answers responses with the key as x_api_key, chat_completions with the key as x_api_key; "
        "the host shows the key of a chat relay as Bearer only"
    )
    assert "responses relay as Bearer only" in no_route(both[:1], PlatformWish.AUTO).reason
    for style, shown in ((BEARER, "as bearer"), (AuthStyle.UNKNOWN, "in the URL")):
        assert no_route([says(GENERATE, style)], PlatformWish.AUTO).reason == (
            f"answers generate_content with the key {shown}; "
            "the host shows the key of a Gemini relay as x-goog-api-key only"
        )
    assert "platform gemini" in no_route([says(CHAT)], PlatformWish.GEMINI).reason
    assert no_route([], PlatformWish.AUTO).reason == "answers no known protocol"


@pytest.mark.parametrize(
    ("spoken", "since"),
    [
        ([says(CHAT, API_KEY), says(MESSAGES, X_API_KEY, Framing.COMPACT)], "0.1.146"),
        ([says(CHAT, API_KEY), says(MESSAGES, BEARER)], "0.1.143"),
        ([says(CHAT, X_API_KEY), says(MESSAGES, BEARER)], "0.1.143"),
    ],
)
def test_the_first_version_that_serves_any_of_its_protocols_is_told(spoken: list[Spoken], since: str) -> None:
    assert f"from {since} on" in no_route(spoken, PlatformWish.AUTO).reason


def test_what_is_asked_later_is_asked_in_the_protocol_that_the_host_uses_for_the_model() -> None:
    spoken = [says(MESSAGES, X_API_KEY), says(CHAT)]
    assert protocol_used(spoken, PlatformWish.AUTO, "model-of-chat_completions") == says(CHAT)
    assert protocol_used(spoken, PlatformWish.AUTO, "model-of-messages") == says(MESSAGES, X_API_KEY)
    assert protocol_used(spoken, PlatformWish.ANTHROPIC, "model-of-chat_completions") is None
    assert protocol_used([says(CHAT, X_API_KEY)], PlatformWish.AUTO, "model-of-chat_completions") is None


@pytest.mark.parametrize("wish", [PlatformWish.OPENAI, PlatformWish.ANTHROPIC, PlatformWish.GEMINI])
def test_a_wish_is_followed_or_refused_and_never_replaced(wish: PlatformWish) -> None:
    everything = relay(says(CHAT), says(MESSAGES, X_API_KEY), says(GENERATE, GOOGLE))
    assert platform_of(chosen(everything, wish=wish)) == wish.value
    assert platform_of(chosen(relay(), wish=wish)) is None


def test_the_model_and_the_way_of_showing_the_key_are_those_of_the_chosen_protocol() -> None:
    route = chosen(relay(says(CHAT), says(MESSAGES, X_API_KEY)), wish=PlatformWish.ANTHROPIC)
    assert isinstance(route, Route)
    assert (route.model, route.auth_style) == ("model-of-messages", X_API_KEY)
    assert route.responses_mode is ResponsesMode.AUTO
    for spoken, mode in ((says(CHAT), ResponsesMode.CHAT), (says(RESPONSES), ResponsesMode.RESPONSES)):
        openai = chosen(relay(spoken))
        assert isinstance(openai, Route)
        assert openai.responses_mode is mode


@pytest.mark.parametrize(
    ("root", "spoken", "base_url"),
    [
        (ROOT, says(CHAT), ROOT),
        (BARE, says(CHAT), f"{BARE}/chat/completions"),
        (BARE, says(RESPONSES), f"{BARE}/responses"),
        (ROOT, says(MESSAGES, X_API_KEY), BARE),
        (f"{BARE}/anthropic/v1", says(MESSAGES, X_API_KEY), f"{BARE}/anthropic"),
        (f"{ROOT}/v1", says(MESSAGES, X_API_KEY), ROOT),
        (f"{BARE}/v1beta", says(GENERATE, GOOGLE), BARE),
    ],
)
def test_the_base_url_is_one_from_which_the_host_reaches_the_relay(root: str, spoken: Spoken, base_url: str) -> None:
    route = chosen(relay(spoken, root=root))
    assert isinstance(route, Route)
    assert route.base_url == base_url


HELD_OPENAI = {Platform.OPENAI: Held(ResponsesMode.CHAT, BEARER)}
HELD_ANTHROPIC = {Platform.ANTHROPIC: Held(ResponsesMode.AUTO, X_API_KEY)}


def test_a_chat_that_comes_and_goes_makes_no_second_account() -> None:
    gone = relay(says(MESSAGES, X_API_KEY), unknown=CHAT)
    assert platform_of(chosen(gone)) == "anthropic"
    kept = chosen(gone, held=HELD_OPENAI)
    assert isinstance(kept, Route)
    assert (kept.platform, kept.responses_mode, kept.base_url) == (Platform.OPENAI, ResponsesMode.CHAT, ROOT)
    back = relay(says(CHAT), says(MESSAGES, X_API_KEY))
    assert platform_of(chosen(back, held=HELD_ANTHROPIC)) == "anthropic"


@pytest.mark.parametrize("style", [X_API_KEY, BEARER, API_KEY])
def test_what_is_held_shows_its_key_as_it_was_made_while_nothing_new_is_known(style: AuthStyle) -> None:
    """Waking it writes its settings again."""
    unknown = relay(says(CHAT), unknown=MESSAGES)
    route = chosen(unknown, held={Platform.ANTHROPIC: Held(ResponsesMode.AUTO, style)})
    assert isinstance(route, Route)
    assert (route.platform, route.auth_style, route.base_url) == (Platform.ANTHROPIC, style, BARE)


@pytest.mark.parametrize(
    ("platform", "style"),
    [
        *((Platform.ANTHROPIC, style) for style in (X_API_KEY, BEARER, API_KEY)),
        *((Platform.OPENAI, style) for style in (BEARER, API_KEY)),
        (Platform.GEMINI, GOOGLE),
    ],
)
def test_settings_of_an_account_tell_how_it_shows_its_key(platform: Platform, style: AuthStyle) -> None:
    settings = account_settings(platform, style, "auto", "sk-test-0001")
    assert style_of_settings(platform, settings.credentials, settings.extra) is style


@pytest.mark.parametrize(
    ("spoken", "unknown", "held", "wish", "platform"),
    [
        ([says(MESSAGES, X_API_KEY)], RESPONSES, HELD_OPENAI, PlatformWish.AUTO, "openai"),
        ([says(CHAT)], GENERATE, {Platform.GEMINI: Held(ResponsesMode.AUTO, GOOGLE)}, PlatformWish.AUTO, "gemini"),
        # Its chat answers, in a way that the host does not have: what of responses nobody knows does not matter.
        ([says(CHAT, X_API_KEY), says(MESSAGES, X_API_KEY)], RESPONSES, HELD_OPENAI, PlatformWish.AUTO, "anthropic"),
        ([says(MESSAGES, X_API_KEY)], CHAT, HELD_OPENAI, PlatformWish.ANTHROPIC, "anthropic"),
        ([says(CHAT)], MESSAGES, {**HELD_OPENAI, **HELD_ANTHROPIC}, PlatformWish.AUTO, "openai"),
    ],
)
def test_what_is_held_is_kept_while_nobody_knows_of_its_protocols(
    spoken: list[Spoken], unknown: Protocol, held: dict[Platform, Held], wish: PlatformWish, platform: str
) -> None:
    assert platform_of(chosen(relay(*spoken, unknown=unknown), wish=wish, held=held)) == platform


def test_what_is_held_is_left_when_its_protocol_is_gone_for_good() -> None:
    assert platform_of(chosen(relay(says(MESSAGES, X_API_KEY)), held=HELD_OPENAI)) == "anthropic"


def test_a_wish_does_not_care_for_accounts_of_other_platforms() -> None:
    both = relay(says(CHAT), says(MESSAGES, X_API_KEY))
    assert platform_of(chosen(both, held=HELD_OPENAI, wish=PlatformWish.ANTHROPIC)) == "anthropic"
    assert platform_of(chosen(both, held=HELD_ANTHROPIC, wish=PlatformWish.OPENAI)) == "openai"


def test_a_stored_profile_reads_back() -> None:
    transport = relay(says(CHAT), says(MESSAGES, X_API_KEY), unknown=RESPONSES)
    assert transport_profile(asdict(transport)) == transport
    assert transport_profile({}) == TransportProfile()


def test_the_modes_are_the_hosts_own_words() -> None:
    assert [mode.value for mode in ResponsesMode] == ["auto", "force_chat_completions", "force_responses"]


def test_both_the_public_and_the_relays_name_are_keys_of_the_mapping() -> None:
    served = [("kimi 2.6", "moonshotai/Kimi-K2.6"), ("kimi-k2.6", "moonshotai/Kimi-K2.6")]
    assert model_mapping(served) == {
        "kimi 2.6": "moonshotai/Kimi-K2.6",
        "kimi-k2.6": "moonshotai/Kimi-K2.6",
        "moonshotai/Kimi-K2.6": "moonshotai/Kimi-K2.6",
    }


def test_a_relays_own_name_is_never_pointed_elsewhere() -> None:
    served = [("gpt-5", "gpt-5-2025-08-07"), ("gpt-5", "gpt-5")]
    assert model_mapping(served)["gpt-5"] == "gpt-5"
