"""ProviderModels (docs/design.md#21-probe): where the model list is, how the key is to be shown, and what is listed."""

from dataclasses import dataclass, field
from typing import Any

from batch_import.domain.answers import Answer
from batch_import.domain.capability import Protocol, Verdict, judge
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AuthStyle
from batch_import.domain.urls import model_list_roots
from batch_import.probe.relay import Relay

MAX_MODELS = 2_000
_MAX_ID = 256
_STYLES = (AuthStyle.BEARER, AuthStyle.X_API_KEY, AuthStyle.API_KEY)


@dataclass(frozen=True)
class ProviderModels:
    """``code`` None: found. Otherwise an outcome's code; ``answer`` is the one that decided."""

    code: Code | None
    api_root: str
    auth_style: AuthStyle
    raw_models: tuple[str, ...] = ()
    answer: Answer = field(default_factory=Answer, repr=False)


def provider_models(relay: Relay, base_url: str) -> ProviderModels:
    """Look at the likely places in order; a refused key is tried in the other ways of showing it.

    *Empty list*, *auth failure*, *not an API*, *rate limited*, *unreachable* and *TLS* are different codes.
    """
    tried = []
    for root in model_list_roots(base_url):
        found = _at_root(relay, root)
        if found.code not in (Code.MODEL_LIST_MISSING, Code.NOT_AN_API):
            return found
        tried.append(found)
    return tried[0]


def parse_models(body: Any) -> tuple[str, ...] | None:
    """Ids of an OpenAI list, tolerant of a bare list and blank ids; ``None`` when the body is no model list."""
    entries = body.get("data", body.get("models")) if isinstance(body, dict) else body
    if entries is None and isinstance(body, dict) and body.get("object") == "list":
        entries = []
    if not isinstance(entries, list):
        return None
    ids = [_model_id(entry) for entry in entries]
    return tuple(dict.fromkeys(model for model in ids if model))[:MAX_MODELS]


def _at_root(relay: Relay, root: str) -> ProviderModels:
    refused = None
    for style in _STYLES:
        found = _read(relay, relay.get(f"{root}/models", style), root, style)
        if found.code is None:
            return found
        if found.code != Code.AUTH_FAILED:
            return refused or found
        refused = refused or found
    return refused or found


def _read(relay: Relay, answer: Answer, root: str, style: AuthStyle) -> ProviderModels:
    models = parse_models(answer.json) if answer.ok and not answer.has_error else None
    models = tuple(m for m in models if not relay.repeats_key(m)) if models else models
    if models:
        return ProviderModels(None, root, style, models, answer)
    if models is not None:
        return ProviderModels(Code.EMPTY_MODEL_LIST, root, style, (), answer)
    return ProviderModels(_code(answer), root, style, (), answer)


def _code(answer: Answer) -> Code:
    verdict = judge(answer, Protocol.CHAT)
    if verdict in (Verdict.ABSENT, Verdict.MODEL_NOT_SERVED, Verdict.REJECTED):
        return Code.MODEL_LIST_MISSING
    return Code.INVALID_ANSWER if verdict is Verdict.OK else Code(verdict.value)


def _model_id(entry: Any) -> str:
    value = entry.get("id") or entry.get("name") if isinstance(entry, dict) else entry
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= _MAX_ID and text.isprintable() else ""
