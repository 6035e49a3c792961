"""How the host shall reach a relay: which platform, address, way of showing the key (docs/platforms.md).

One table, one row for each kind of relay; what was seen of both hosts stands in docs/host-api.md#platforms.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from batch_import.domain.account import ExistingAccount, ResponsesMode, accounts_of_pair
from batch_import.domain.capability import Flag, Protocol, Spoken, TransportProfile
from batch_import.domain.streams import Framing
from batch_import.domain.types import AuthStyle, Platform, PlatformWish
from batch_import.domain.urls import base_for_host, without_version

Version = tuple[int, ...]
OLDEST: Version = (0, 1, 130)
BEARER_FOR_MESSAGES: Version = (0, 1, 143)
HEADER_OVERRIDES: Version = (0, 1, 146)
COMPACT_EVENTS: Version = (0, 1, 163)


class Row(NamedTuple):
    """A kind of relay, and the host's first version that serves it; ``since`` None: no version does.

    ``framings`` are those of its streams; empty where they do not matter.
    """

    platform: Platform
    protocol: Protocol
    auth_style: AuthStyle
    since: Version | None
    reason: str
    framings: tuple[Framing, ...] = ()

    def is_of(self, spoken: Spoken) -> bool:
        same = (self.protocol, self.auth_style) == (spoken.protocol, spoken.auth_style)
        return same and (not self.framings or spoken.framing in self.framings)


_OPENAI, _ANTHROPIC, _GEMINI = Platform.OPENAI, Platform.ANTHROPIC, Platform.GEMINI
_CHAT, _RESPONSES, _MESSAGES, _GENERATE = Protocol.CHAT, Protocol.RESPONSES, Protocol.MESSAGES, Protocol.GENERATE
_BEARER, _X_API_KEY, _API_KEY, _GOOGLE = (
    AuthStyle.BEARER, AuthStyle.X_API_KEY, AuthStyle.API_KEY, AuthStyle.X_GOOG_API_KEY
)  # fmt: skip
_SPACED, _COMPACT, _UNREADABLE = (Framing.SPACED,), (Framing.COMPACT,), (Framing.WHOLE, Framing.DATA_LINES)

_FOR_MESSAGES = (_X_API_KEY, _BEARER, _API_KEY)

# fmt: off
ROUTES: tuple[Row, ...] = (
    Row(_OPENAI, _CHAT, _BEARER, OLDEST, "chat completions are passed on as they are"),
    Row(_OPENAI, _RESPONSES, _BEARER, OLDEST, "the host turns chat completions into responses"),
    Row(_OPENAI, _CHAT, _API_KEY, HEADER_OVERRIDES, "the key is shown by a header of the account"),
    Row(_OPENAI, _RESPONSES, _API_KEY, HEADER_OVERRIDES, "the key is shown by a header of the account"),
    Row(_ANTHROPIC, _MESSAGES, _X_API_KEY, OLDEST, "the host turns chat completions into messages", _SPACED),
    Row(_ANTHROPIC, _MESSAGES, _BEARER, BEARER_FOR_MESSAGES, "older hosts show the key of a messages relay as"
        " x-api-key only", _SPACED),
    Row(_ANTHROPIC, _MESSAGES, _API_KEY, HEADER_OVERRIDES, "the key is shown by a header of the account", _SPACED),
    *(Row(_ANTHROPIC, _MESSAGES, style, COMPACT_EVENTS, "older hosts do not read events without a blank"
          " after the colon", _COMPACT) for style in _FOR_MESSAGES),
    *(Row(_GEMINI, _GENERATE, style, None, "the host shows the key of a Gemini relay as x-goog-api-key only")
      for style in (_BEARER, AuthStyle.UNKNOWN)),
    Row(_GEMINI, _GENERATE, _GOOGLE, OLDEST, "the host turns chat completions into generateContent"),
    Row(_OPENAI, _CHAT, _X_API_KEY, None, "the host shows the key of a chat relay as Bearer only"),
    Row(_OPENAI, _RESPONSES, _X_API_KEY, None, "the host shows the key of a responses relay as Bearer only"),
    *(Row(_ANTHROPIC, _MESSAGES, style, None, "the host streams messages from the relay, and this one's streams have no"
          " event lines", _UNREADABLE) for style in _FOR_MESSAGES),
)
# fmt: on


class Held(NamedTuple):
    """How an account of ours was made: its ``openai_responses_mode``, and the way in which it shows the key."""

    responses_mode: ResponsesMode
    auth_style: AuthStyle


@dataclass(frozen=True, slots=True)
class Route:
    """How an account reaches its relay; ``reason`` is told in the item's history."""

    platform: Platform
    base_url: str
    auth_style: AuthStyle
    responses_mode: ResponsesMode
    model: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class NoRoute:
    reason: str


def servable(spoken: Iterable[Spoken], wish: PlatformWish) -> bool:
    """Is there a version of the host that serves what the relay speaks, on a platform that was asked for?"""
    return any(row.since is not None for row in _rows(spoken, wish))


def choose_route(
    transport: TransportProfile,
    wish: PlatformWish,
    version: Version,
    held: Mapping[Platform, Held],
) -> Route | NoRoute:
    """``held``: the accounts of ours that the host has for this very relay and key, by platform.

    What is held is kept while it can serve, or while nobody knows whether it can: a chat that comes and goes must not
    make a second account. Otherwise the first row of ``ROUTES`` wins that this version of the host serves.
    """
    usable = [(row, it) for row, it in _matches(transport.spoken, wish) if row.since and row.since <= version]
    for platform in Platform:
        if platform in held and wish.allows(platform):
            of_it = [pair for pair in usable if pair[0].platform is platform]
            if of_it:
                usable = of_it
                break
            if _is_unknown(transport, platform):
                return _kept(transport, platform, held[platform])
    return _route(transport, *usable[0]) if usable else no_route(transport.spoken, wish)


def protocol_used(spoken: Iterable[Spoken], wish: PlatformWish, model: str) -> Spoken | None:
    """In which protocol a host of the latest version asks for ``model``; ``None`` where the relay has not answered in
    one that such a host uses.
    """
    return next((it for row, it in _matches(spoken, wish) if row.since and it.model == model), None)


def no_route(spoken: Sequence[Spoken], wish: PlatformWish) -> NoRoute:
    """Why the host does not serve this relay, with the version that would, if any."""
    answers = ", ".join(f"{it.protocol} with the key {_shown(it.auth_style)}" for it in spoken)
    rows = _rows(spoken, wish)
    later = min((row for row in rows if row.since), key=lambda row: row.since or (), default=None)
    if later is not None and later.since is not None:
        since = ".".join(map(str, later.since))
        return NoRoute(f"answers {answers}; the host serves this from {since} on: {later.reason}")
    why = [row.reason for row in rows[:1]]
    if not rows and wish is not PlatformWish.AUTO:
        why = [f"platform {wish} was asked for"]
    return NoRoute("; ".join([f"answers {answers or 'no known protocol'}", *why]))


def _rows(spoken: Iterable[Spoken], wish: PlatformWish) -> list[Row]:
    return [row for row, _ in _matches(spoken, wish)]


def _matches(spoken: Iterable[Spoken], wish: PlatformWish) -> list[tuple[Row, Spoken]]:
    known = list(spoken)
    return [(row, it) for row in ROUTES if wish.allows(row.platform) for it in known if row.is_of(it)]


def _is_unknown(transport: TransportProfile, platform: Platform) -> bool:
    flags: tuple[Flag, ...] = {
        _OPENAI: (transport.supports_openai_chat_completions, transport.supports_openai_responses),
        _ANTHROPIC: (transport.supports_anthropic_messages,),
        _GEMINI: (transport.supports_gemini_generate_content,),
    }[platform]
    return "unknown" in flags and True not in flags


def _route(transport: TransportProfile, row: Row, spoken: Spoken) -> Route:
    mode = {_CHAT: ResponsesMode.CHAT, _RESPONSES: ResponsesMode.RESPONSES}.get(row.protocol, ResponsesMode.AUTO)
    base_url = _base(transport.api_root, row.platform, mode)
    return Route(row.platform, base_url, row.auth_style, mode, spoken.model, row.reason)


def _kept(transport: TransportProfile, platform: Platform, held: Held) -> Route:
    """Nothing new is known of this platform: the account is used in the way in which it was made."""
    mode, style = held
    return Route(platform, _base(transport.api_root, platform, mode), style, mode, None, "the host holds it already")


def _base(api_root: str, platform: Platform, mode: ResponsesMode) -> str:
    """To the other platforms' addresses the host itself adds the version (docs/host-api.md#base-url-per-platform)."""
    if platform is not _OPENAI:
        return without_version(api_root)
    return base_for_host(api_root, "responses" if mode is ResponsesMode.RESPONSES else "chat/completions")


def _shown(style: AuthStyle) -> str:
    return "in the URL" if style is AuthStyle.UNKNOWN else f"as {style}"


def model_mapping(served: Iterable[tuple[str, str]]) -> dict[str, str]:
    """``served`` holds (public name, name at the relay); every relay name is also public under itself.

    Both names are keys of the mapping: hosts filter accounts by the client's name before, later hosts by the
    channel's name (docs/host-api.md#model-names).
    """
    pairs = list(served)
    mapping = {raw: raw for _, raw in pairs}
    for public, raw in pairs:
        mapping.setdefault(public, raw)
    return dict(sorted(mapping.items()))


def held_by_platform(accounts: Iterable[ExistingAccount], provider_id: str, digest: str) -> dict[Platform, Held]:
    """The accounts of ours for this relay and key, as the choice of a platform reads them."""
    known = list(accounts)
    found = {p: accounts_of_pair(known, provider_id, digest, p) for p in Platform}
    return {p: _held(ours[0]) for p, ours in found.items() if ours}


def _held(account: ExistingAccount) -> Held:
    modes = {mode.value: mode for mode in ResponsesMode}
    return Held(modes.get(account.responses_mode, ResponsesMode.AUTO), account.auth_style)
