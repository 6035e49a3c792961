"""How the host shall reach a relay (docs/host-api.md#probe-race)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from batch_import.domain.capability import Flag, TransportProfile


class ResponsesMode(StrEnum):
    """The host's ``extra.openai_responses_mode``."""

    AUTO = "auto"
    CHAT = "force_chat_completions"
    RESPONSES = "force_responses"


@dataclass(frozen=True, slots=True)
class ImportRoutingStrategy:
    responses_mode: ResponsesMode
    model_mapping: dict[str, str]


def build_import_routing_strategy(
    transport: TransportProfile, served: Iterable[tuple[str, str]]
) -> ImportRoutingStrategy:
    """``served`` holds (public name, name at the relay); every relay name is also public under itself.

    Both names are keys of the mapping: hosts filter accounts by the client's name before, later hosts by the
    channel's name (docs/host-api.md#model-names).
    """
    pairs = list(served)
    mapping = {raw: raw for _, raw in pairs}
    for public, raw in pairs:
        mapping.setdefault(public, raw)
    return ImportRoutingStrategy(_mode(transport), dict(sorted(mapping.items())))


def _mode(transport: TransportProfile) -> ResponsesMode:
    if transport.supports_openai_chat_completions is True:
        return ResponsesMode.CHAT  # wins over the host's own probe and removes its race
    if transport.supports_openai_responses is True:
        return ResponsesMode.RESPONSES
    return ResponsesMode.AUTO


def usable_by_host(transport: TransportProfile) -> bool | str:
    """Does this relay speak what the host speaks, chat or responses? ``"unknown"`` is not a no."""
    flags: tuple[Flag, ...] = (transport.supports_openai_chat_completions, transport.supports_openai_responses)
    if True in flags:
        return True
    return "unknown" if "unknown" in flags else False
