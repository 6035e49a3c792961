"""ProviderModels (docs/design.md#21-probe): where the model list is, how the key is to be shown, and what is listed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from batch_import.domain.answers import Answer, error_of
from batch_import.domain.capability import Protocol, Verdict, judge
from batch_import.domain.naming import is_chat_model
from batch_import.domain.outcomes import Code
from batch_import.domain.paging import next_page
from batch_import.domain.refusals import speaks_of_key
from batch_import.domain.types import AuthStyle, PlatformWish
from batch_import.domain.urls import GEMINI_VERSION, model_list_roots, without_version
from batch_import.net.large_answers import judged_inside
from batch_import.probe.relay import Relay

GUESSED_MODELS = ("claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
MAX_MODELS = 2_000
MAX_LIST_BYTES = 64_000  # of all ids together: a profile repeats them several times and must fit into one row
_MAX_ID = 256
_NAMES = ("id", "slug", "model", "name", "model_name", "modelName", "model_id", "modelId")  # of an entry's id
_MOST_ENTRIES = 10_000  # that are looked at, with an id or without
_LOOKED_AT = 100  # entries, to tell whether they are models
_DEEPEST = 3  # objects below the body in which a list is looked for
_PAGES = ("list", "records")  # of anything
_PLACES = ("data", "models", "model_list", "result", "results", "items", *_PAGES)
_STYLES = (AuthStyle.BEARER, AuthStyle.X_API_KEY, AuthStyle.API_KEY)
_FOR_COMPLETIONS = 4  # requests that the search for a list leaves
_FOR_EVERYTHING = 7  # requests that the further pages of a list leave
_ELSEWHERE = (Code.MODEL_LIST_MISSING, Code.NOT_AN_API, Code.REDIRECTED)
_PERHAPS_GEMINI = (*_ELSEWHERE, Code.AUTH_FAILED, Code.FORBIDDEN)
_WITHOUT_LIST = (*_ELSEWHERE, Code.EMPTY_MODEL_LIST, Code.ONLY_WILDCARD_LISTED, Code.INVALID_ANSWER, Code.FORBIDDEN)


@dataclass(frozen=True)
class ProviderModels:
    """``code`` None: found. Otherwise an outcome's code; ``answer`` is the one that decided, shortened.

    ``listed`` is false for requested models that stand in for a list, and for ``guessed`` ones, which nobody named.
    ``wildcard``: the list allows other names. ``gemini``: the list is that of Gemini's protocol; ``auth_style`` UNKNOWN
    stands for a key in the URL there.
    """

    code: Code | None
    api_root: str
    auth_style: AuthStyle
    raw_models: tuple[str, ...] = ()
    answer: Answer = field(default_factory=Answer, repr=False)
    listed: bool = True
    wildcard: bool = False
    guessed: bool = False
    gemini: bool = False


def provider_models(
    relay: Relay, base_url: str, requested: Sequence[str] = (), wish: PlatformWish = PlatformWish.AUTO
) -> ProviderModels:
    """Look at the likely places in order; a refused key is tried in the other ways of showing it, at last in Gemini's.

    *Empty list*, *auth failure*, *not an API*, *rate limited*, *unreachable* and *TLS* are different codes. Where there
    is no list, the ``requested`` models are taken as they are.
    """
    found = _search(relay, base_url, wish)
    if requested and found.code in _WITHOUT_LIST:
        root = _completing_root(relay, base_url) or found.api_root
        return ProviderModels(None, root, AuthStyle.BEARER, tuple(requested), found.answer, listed=False)
    return found


def _completing_root(relay: Relay, base_url: str) -> str | None:
    """The first likely root that has chat completions, by what it answers to an empty request; no tokens are spent.

    Perplexity and GitHub Models have neither a list nor a version in their paths.
    """
    for root in model_list_roots(base_url):
        if relay.requests_left <= _FOR_COMPLETIONS:
            break
        verdict = judge(relay.post(f"{root}/chat/completions", AuthStyle.BEARER, {}), Protocol.CHAT)
        if verdict not in (Verdict.ABSENT, Verdict.NOT_AN_API):
            return root
    return None


def with_guessed_models(found: ProviderModels) -> ProviderModels:
    """Without a list and without wishes: the models with which a relay for Claude is asked whether it is one."""
    return replace(found, code=None, auth_style=AuthStyle.BEARER, raw_models=GUESSED_MODELS, listed=False, guessed=True)


def _search(relay: Relay, base_url: str, wish: PlatformWish) -> ProviderModels:
    if wish is PlatformWish.GEMINI and (listed := _gemini_list(relay, base_url)).code is None:
        return listed
    found = _usual_list(relay, base_url)
    if found.code not in _PERHAPS_GEMINI or wish is not PlatformWish.AUTO:
        return found
    listed = _gemini_list(relay, base_url)
    return listed if listed.code is None else found


def _usual_list(relay: Relay, base_url: str) -> ProviderModels:
    tried: list[ProviderModels] = []
    for root in model_list_roots(base_url):
        if tried and relay.requests_left <= _FOR_COMPLETIONS:
            break
        found = _at_root(relay, root, _STYLES if not tried else _STYLES[:1])
        if found.code is None or (not tried and found.code not in (*_ELSEWHERE, Code.EMPTY_MODEL_LIST)):
            return found
        tried.append(found)
    if tried[0].code is Code.EMPTY_MODEL_LIST:
        return tried[0]
    return next((found for found in tried[1:] if _is_better(found)), tried[0])


def _gemini_list(relay: Relay, base_url: str) -> ProviderModels:
    """The root stays the one that was given: the host adds Gemini's version itself."""
    url = f"{without_version(base_url)}{GEMINI_VERSION}/models"
    found = _gemini_read(relay, url, base_url, AuthStyle.X_GOOG_API_KEY)
    for style in (AuthStyle.BEARER, AuthStyle.UNKNOWN):
        if not _words_of_google(found.answer):
            return found
        found = _gemini_read(relay, url, base_url, style)
    return found


def _gemini_read(relay: Relay, url: str, base_url: str, style: AuthStyle) -> ProviderModels:
    with judged_inside():
        return replace(_read(relay, relay.get(url, style), url, base_url, style), gemini=True)


def _words_of_google(answer: Answer) -> bool:
    """A refusal in the form of Google's APIs: only such a relay is shown the key in other ways, at last in the URL."""
    return answer.status in (400, 401, 403) and isinstance(answer.error.get("status"), str)


def _is_better(found: ProviderModels) -> bool:
    """Does the answer at a guessed root say more than that there is nothing at the address as given?

    A 401 there is the key's fault only in words that speak of the key: panels refuse everybody without a login.
    """
    if found.code is Code.AUTH_FAILED:
        return speaks_of_key(found.answer.error_words) and "success" not in (found.answer.json or {})
    return found.code not in (*_ELSEWHERE, Code.FORBIDDEN, Code.INVALID_ANSWER)


def parse_models(body: Any) -> tuple[str, ...] | None:
    """Ids of a list, tolerant of other keys, a bare list and blank ids; ``None`` when the body is no model list."""
    entries = _entries(body)
    if entries is None:
        return None
    return _bounded(map(_model_id, islice(entries, _MOST_ENTRIES)))


def _bounded(models: Iterable[str]) -> tuple[str, ...]:
    """Each once, without blank ones, as many as a profile can hold."""
    kept: dict[str, None] = {}
    size = 0
    for model in models:
        if model and model not in kept:
            size += len(model.encode())
            if size > MAX_LIST_BYTES or len(kept) == MAX_MODELS:
                break
            kept[model] = None
    return tuple(kept)


def _entries(body: Any, deepest: int = _DEEPEST) -> list[Any] | None:
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return None
    for key in _PLACES:
        value = body.get(key)
        if isinstance(value, dict):
            value = _inside(value, deepest - 1, named=key == "models") if deepest else None
        if isinstance(value, list) and (key not in _PAGES or _may_be_models(value)):
            return value
    empty = body.get("object") == "list" or any(key in body and body[key] is None for key in ("data", "models"))
    return [] if empty else None


def _may_be_models(page: list[Any]) -> bool:
    return not page or isinstance(page[0], str) or any(map(_is_of_models, page[:_LOOKED_AT]))


def _inside(holder: dict[str, Any], deepest: int, *, named: bool) -> list[Any] | None:
    """Entries of an object in the place of a list: a list in it, lists by owner beside counts, or, where the object
    is ``named`` for models, a model's details under each name.
    """
    entries = _entries(holder, deepest)
    if entries is not None:
        return entries
    parts = list(holder.values())
    if lists := [part for part in parts if isinstance(part, list) and part]:
        joined = [] if any(isinstance(part, dict | str) for part in parts) else [*chain.from_iterable(lists)]
        of_models = _model_id if len(lists) > 1 else _is_of_models
        return joined if any(map(of_models, joined[:_LOOKED_AT])) else None
    if not named or not parts or not all(isinstance(part, dict) for part in parts):
        return None
    return list(holder) if holder.keys().isdisjoint(_PLACES) and not error_of(holder, 0) else None


def _is_of_models(entry: Any) -> bool:
    """In a place of anything a model is known by more than a number and a name: people and roles have these, too."""
    known = _model_id({**entry, "name": None}) if isinstance(entry, dict) else ""
    return bool(known) or is_chat_model(_model_id(entry)) is not None


def _at_root(relay: Relay, root: str, styles: Sequence[AuthStyle]) -> ProviderModels:
    refused: ProviderModels | None = None
    for style in styles:
        url = f"{root}/models"
        with judged_inside():
            answer = relay.get(url, style)
            if urlsplit(answer.redirect_target).path.endswith("/models/"):  # FastAPI, Django: the same place
                url = f"{url}/"
                answer = relay.get(url, style)
            found = _read(relay, answer, url, root, style)
        if found.code is None:
            return found
        refused = refused or found
        if found.code != Code.AUTH_FAILED:
            break
    return refused or found


def _read(relay: Relay, answer: Answer, url: str, root: str, style: AuthStyle) -> ProviderModels:
    """``answer`` is that of ``url``, where further pages are."""
    models = parse_models(answer.json) if answer.ok and not answer.has_error else None
    short = answer.shortened()
    if models:
        models = _with_further_pages(relay, models, answer.json, url, style)
    if models is None:
        return ProviderModels(_code(answer), root, style, (), short)
    named = tuple(model for model in models if "*" not in model and not relay.repeats_key(model))
    wildcard = any("*" in model for model in models)
    code = None if named else Code.ONLY_WILDCARD_LISTED if wildcard else Code.EMPTY_MODEL_LIST
    return ProviderModels(code, root, style, named, short, wildcard=wildcard)


def _with_further_pages(
    relay: Relay, models: tuple[str, ...], body: Any, url: str, style: AuthStyle
) -> tuple[str, ...]:
    """``models`` and those of the pages behind, as far as these bring new ones and the budget goes."""
    while relay.requests_left > _FOR_EVERYTHING and (query := next_page(body)):
        answer = relay.get(f"{url}?{urlencode(query)}", style)
        body = answer.json if answer.ok and not answer.has_error else None
        longer = _bounded((*models, *(parse_models(body) or ())))
        if len(longer) == len(models):
            break
        models = longer
    return models


def _code(answer: Answer) -> Code:
    verdict = judge(answer, Protocol.CHAT)
    if verdict in (Verdict.ABSENT, Verdict.MODEL_NOT_SERVED, Verdict.REJECTED):
        return Code.MODEL_LIST_MISSING
    return Code.INVALID_ANSWER if verdict is Verdict.OK else Code(verdict.value)


def _model_id(entry: Any) -> str:
    values = [entry.get(key) for key in _NAMES] if isinstance(entry, dict) else [entry]
    names = [value.strip() for value in values if isinstance(value, str) and value.strip()]
    if isinstance(entry, dict):  # the number of a row of a database
        names = [name for name in names if not name.isdecimal()]
    text = next((name for name in names if "://" not in name), "")  # GitHub Models: an address in ``id``, then a name
    if isinstance(entry, dict) and isinstance(methods := entry.get("supportedGenerationMethods"), list):
        text = text.removeprefix("models/") if "generateContent" in methods else ""
    return text if len(text) <= _MAX_ID and text.isprintable() else ""
