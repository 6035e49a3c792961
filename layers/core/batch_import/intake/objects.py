"""Objects of JSON, YAML and TOML: wherever an address and a key meet, whichever program exported them.

One rule covers the exports of sub2api, new-api, one-api, all-api-hub, Cherry Studio, cc-switch, claude-code-router,
LiteLLM, LibreChat, Continue and plain lists: an object's address and key may stand in itself or in its children, what
it lacks comes from its parents, and names decide by the table of ``fields``.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from batch_import.domain.types import Platform
from batch_import.intake import cleaning
from batch_import.intake.fields import (
    Field,
    field_of,
    is_other_service,
    is_service_alone,
    is_unknown_maker,
    platform_of,
)
from batch_import.intake.relations import nested
from batch_import.intake.roots import is_api_root
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note
from batch_import.intake.values import (
    SURE,
    Own,
    as_fields,
    is_models,
    is_plain,
    named_value,
    opened,
    says,
    take,
    texts_in,
    texts_of,
    unwrapped,
)

_DEEPEST = 60
_OTHER_MODELS = re.compile(r"embed|rerank|tts|speech|image|vision|audio", re.IGNORECASE)
# Names of objects that are a part of what they stand in, and no entry of their own.
_PART = re.compile(
    r"auth|body|configuration|credentials?|data|env(?:ironment)?(?: \d+)?|extra|(?:extra)?[eE]nv_?[vV]ars"
    r"|header(?:Parameter|Row)?s?|http_headers|keyVaults|override|parameters|payload|postData|request"
    r"|(?:(?:api|client|connection|http|litellm|llm|model|network|provider|request|server|settings|transport|OpenAIClient)_?)?"
    r"(?i:args|config|options|params|settings)"
)


_OF_ENTRIES = re.compile(r"(?:accounts|channels|endpoints|entries|keys|nodes|tokens|upstreams)$", re.IGNORECASE)


class Lines(Protocol):
    """Tells the line in which a text stands."""

    def of(self, text: str) -> int: ...


@dataclass(slots=True)
class _Facts(Draft):
    """What an object says of itself and what its children left over."""

    line: int = 0
    sites: list[str] = field(default_factory=list)
    strong: bool = False
    emitted: bool = False
    used: bool = False  # the addresses stand in a row already


class _Above(NamedTuple):
    """What parents hand down."""

    label: str | None = None
    platform: Platform | None = None
    models: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    doubtful: bool = False


_NOTHING_ABOVE = _Above()
PAIRED = "\ufdd0paired"  # the name of what two lists say together


def drafts_of_object(
    document: Any,
    line: int = 1,
    exact: bool = False,
    app: str = "",
    lines: Lines | None = None,
    is_program: bool = False,
    set_aside: set[str] | None = None,
) -> list[Draft]:
    """Drafts of every address and key in ``document``, in its order.

    In a program (``is_program``) a model below a pair is one for that pair. ``set_aside`` gets other services' texts.
    """
    finder = _Finder(line, exact, lines, is_program, set_aside if set_aside is not None else set())
    facts = finder.facts(document, _Above(platform=platform_of(app) if app == "openai" else _owned(app)), 0)
    finder.leftover(facts)
    return finder.drafts


class _Finder:
    def __init__(self, line: int, exact: bool, lines: Lines | None, is_program: bool, set_aside: set[str]) -> None:
        self.drafts: list[Draft] = []
        self._line, self._exact, self._lines, self._is_program = line, exact, lines, is_program
        self._set_aside = set_aside
        self._seen: dict[int, Any] = {}  # the nodes as well, so that no other one gets the same id
        self._cut = False

    def facts(self, node: Any, above: _Above, depth: int) -> _Facts:
        """Emits the complete pairs in ``node`` and returns what is left over."""
        if depth > _DEEPEST or not isinstance(node, dict | list) or id(node) in self._seen:
            return _Facts()
        self._seen[id(node)] = node
        node = as_fields(node) or node
        if isinstance(node, list):
            return self._list(node, above, depth)
        return self._object(node, above, depth)

    def leftover(self, facts: _Facts) -> None:
        """A key without an address or an address without a key is an incomplete row, if it is surely one of the two."""
        if Note.DISABLED in facts.notes and not facts.keys:
            return
        if not (facts.addresses or facts.keys or facts.sites or facts.label):
            return
        sure = Note.NOT_AN_API_KEY in facts.notes or any(cleaning.kind_of(key) in SURE for key in facts.keys)
        if (facts.keys and facts.strong) or sure or (facts.addresses and facts.strong and not facts.emitted):
            self._emit(facts)

    def _follow(self, found: _Facts) -> None:
        if (
            self._is_program
            and found.models
            and not (found.addresses or found.keys)
            and self.drafts
            and not self.drafts[-1].models
        ):
            self.drafts[-1].models = list(found.models)

    def _list(self, nodes: list[Any], above: _Above, depth: int) -> _Facts:
        left = _Facts()
        for node in nodes:
            facts = self.facts(node, above, depth + 1)
            left.emitted = left.emitted or facts.emitted
            self._follow(facts)
            self.leftover(facts)
        return left

    def _object(self, node: Mapping[str, Any], above: _Above, depth: int) -> _Facts:
        if above == _NOTHING_ABOVE and (plain := _plain(node)) is not None:
            plain.line = self._lines.of(plain.keys[0]) if self._lines else self._line
            plain.exact = self._exact
            self.drafts.append(plain)
            return _Facts(emitted=True)
        own, children = self._own(_by_position(nested(named_value(node))))
        own.label = own.label or (None if above.label else own.identity)
        below = _below(own, above, node, bool(children))
        facts = self._by_owner(own, below)
        apart = bool(children) and _is_map_of_entries(node)
        for name, value in sorted(children, key=lambda child: not _is_part(child[0])) if children else ():
            child = _with_address(name, as_fields(value) or value)
            if name == "litellm_params" and isinstance(child, dict):
                child = _of_litellm(child)
            if is_service_alone(name):
                self._set_aside.update(texts_in(child))
                child = _of_service(name, child)
            elif is_models(name) and isinstance(child, dict) and isinstance(child.get("name"), str):
                child = {"model": child["name"], **{other: one for other, one in child.items() if other != "name"}}
            entries = child if isinstance(child, list) else [child]
            for entry in entries:
                found = self.facts(entry, _named_below(below, name, entry, isinstance(child, list)), depth + 1)
                if found.models and not (facts.models or apart or _OTHER_MODELS.search(name)):
                    facts.models = found.models
                self._follow(found)
                if found.keys and not found.addresses and is_other_service(name):
                    continue
                if _is_part(name):
                    found.strong = found.strong or bool(found.keys)
                    found.label = below.label or found.label
                self._join(
                    facts,
                    found,
                    apart or isinstance(child, list),
                    (self._is_program and (facts.strong or found.strong)) or _is_half(name),
                )
        if own.cut and not self._cut and (facts.addresses or facts.keys):
            self._cut = True
            facts.notes.append(Note.CUT_OFF)
        if facts.addresses and facts.keys:
            has_scheme = any("://" in address for address in facts.addresses)
            facts.doubtful = facts.doubtful or (own.weak and not own.strong) or not has_scheme
            self._emit(facts)
            return _Facts(emitted=True)
        if facts.emitted and not facts.keys:
            if facts.addresses != own.addresses and not facts.used:  # of a child, no other child's
                facts.emitted = False
                self.leftover(facts)
            return _Facts(emitted=True)
        return facts

    def _join(self, facts: _Facts, found: _Facts, apart: bool, is_half: bool) -> None:
        """Puts what a child left over to the half that it belongs to, if it is one by its name (``is_half``).

        ``apart`` is for one entry of several.
        """
        facts.emitted = facts.emitted or found.emitted
        fits = bool(facts.addresses) != bool(found.addresses) and bool(facts.keys) != bool(found.keys)
        if not (found.addresses or found.keys or found.sites or Note.NOT_AN_API_KEY in found.notes):
            return
        if apart and found.keys and not (facts.addresses or found.addresses or found.sites):
            facts.addresses = [site for site in facts.sites[:1] if is_api_root(site)]
        if fits and not is_half:
            self.leftover(found)
        elif apart and found.keys and facts.addresses and not facts.keys and not found.addresses:
            found.label = facts.label or found.label
            self._emit(_merged(deepcopy(facts), found))
            facts.emitted = facts.used = True
        elif apart and not (facts.keys and found.addresses and not found.keys):
            self.leftover(found)
        elif fits or not (facts.addresses or facts.keys) or apart:
            _merged(facts, found)
        else:
            self.leftover(found)

    def _by_owner(self, own: Own, below: _Above) -> _Facts:
        """The facts of one object; variables of several owners in it are several pairs, emitted here."""
        owners = dict.fromkeys([*own.address_of, *own.key_of])
        is_one = len(owners) == 1 and not own.empty
        merged = _Facts() if is_one else _facts_of(own, below)
        strangers = _are_strangers(own)
        apart = len(owners) > 1 and bool(own.models_of.keys() & owners)  # the models have owners as well
        for owner in owners:
            facts = _facts_of(own, below, owner)
            facts.platform = _owned(owner) or facts.platform
            facts.doubtful = facts.doubtful or is_unknown_maker(owner)
            if apart:
                facts.models = own.models_of.get(owner) or own.models_of.get("", [])
            if len(owners) > 1 and facts.addresses and facts.keys:
                self._emit(facts)
                merged.emitted = True
            elif strangers or owner in own.empty:
                self.leftover(facts)
            else:
                merged = facts if is_one else _merged(merged, facts)
        if own.login and not merged.keys:
            merged.notes.append(Note.NOT_AN_API_KEY)
            merged.strong = True
        return merged

    def _own(self, node: Mapping[str, Any]) -> tuple[Own, list[tuple[str, Any]]]:
        own = Own()
        children: list[tuple[str, Any]] = []
        for name, value in node.items():
            named = field_of(str(name)) if isinstance(name, str) else None
            value = opened(name, value) if isinstance(value, str) else value
            value = value if isinstance(value, str) else unwrapped(named, value)
            if not take(own, named, str(name), value) and isinstance(value, dict | list):
                children.append((str(name), value))
        if own.password and own.address_of and not own.key_of:
            own.key_of[""] = [own.password]
        if own.scheme or own.port or own.path:
            own.address_of = {owner: [own.whole(one) for one in found] for owner, found in own.address_of.items()}
        return own, children

    def _emit(self, facts: _Facts) -> None:
        notes = [note for note in dict.fromkeys(facts.notes) if not (note is Note.NOT_AN_API_KEY and facts.keys)]
        self.drafts.append(
            Draft(
                self._lines.of(_telling(facts)) if self._lines else self._line,
                list(dict.fromkeys(facts.addresses or (facts.sites[:1] if Note.NOT_AN_API_KEY in notes else []))),
                list(dict.fromkeys(facts.keys)),
                list(facts.models),
                facts.label,
                facts.platform,
                notes,
                facts.legacy_provider_id,
                self._exact or facts.exact,
                "" if facts.addresses else (facts.sites or [""])[0],
                doubtful=facts.doubtful,
            )
        )


def _plain(node: Mapping[str, Any]) -> Draft | None:
    """The usual entry, an address and a key, perhaps with models and a name: read at once, as the long way would."""
    found: dict[Field, str] = {}
    for name, value in node.items() if len(node) <= 4 else ():
        named = field_of(name) if isinstance(value, str) and isinstance(name, str) else None
        if named is None or named.owner or named.field in found or not is_plain(named.field, name, value):
            return None
        found[named.field] = value
    if Field.ADDRESS not in found or Field.KEY not in found:
        return None
    models = [found[Field.MODELS]] if Field.MODELS in found else []
    return Draft(0, [found[Field.ADDRESS]], [found[Field.KEY]], models, found.get(Field.NAME))


def _telling(facts: _Facts) -> str:
    """The text that tells in which line an entry stands: its key, or else its address."""
    key = next(filter(cleaning.may_be_key, facts.keys), None)
    return key or (facts.addresses or facts.keys or [""])[0]


def _facts_of(own: Own, below: _Above, owner: str | None = None) -> _Facts:
    """The addresses and keys of ``owner``, with what the object and those above it say of both."""
    facts = _Facts(sites=list(own.sites), models=list(own.models or below.models), notes=list(below.notes))
    if owner is not None:
        facts.addresses, facts.keys = list(own.address_of.get(owner, ())), list(own.key_of.get(owner, ()))
        facts.strong = own.strong
    facts.label, facts.platform = own.label or below.label, own.platform or below.platform
    facts.legacy_provider_id, facts.exact, facts.doubtful = own.legacy_id, own.exact, below.doubtful
    return facts


def _are_strangers(own: Own) -> bool:
    """Whether addresses and keys have different owners: several of one kind, or a service's beside a maker's."""
    addresses, keys = own.address_of.keys() - own.key_of.keys(), own.key_of.keys() - own.address_of.keys()
    named = [owner for owner in (*addresses, *keys) if owner and not owner.isdigit()]
    is_crossed = any(map(is_unknown_maker, addresses)) and any(
        owner in named and not is_unknown_maker(owner) for owner in keys
    )
    return bool(addresses and keys) and (len(named) == len(addresses) + len(keys) > 2 or is_crossed)


def _owned(owner: str) -> Platform | None:
    """The platform that a name says; ``openai`` says none: every relay's variables are called so."""
    platform = platform_of(owner) if owner else None
    return platform if platform != "openai" else None


def _below(own: Own, above: _Above, node: Mapping[str, Any], has_children: bool) -> _Above:
    notes = (*above.notes, *([Note.PAIRED_BY_POSITION] if PAIRED in node else []))
    if own.disabled and Note.DISABLED not in notes:
        notes = (*notes, Note.DISABLED)
    if own.unknown and (own.addresses or own.keys) and Note.FIELD_IGNORED not in notes:
        notes = (*notes, Note.FIELD_IGNORED)
    models = above.models
    by_name = has_children and any(isinstance(value, dict) and is_models(name) for name, value in node.items())
    if by_name and not any(map(_is_part, node)):
        return _Above(own.label or above.label, own.platform or above.platform, models, notes, above.doubtful)
    if own.models and not any(_is_of_entries(name, value) for name, value in node.items()):
        models = tuple(own.models)
    return _Above(own.label or above.label, own.platform or above.platform, models, notes, above.doubtful)


def _is_part(name: object) -> bool:
    return _PART.fullmatch(str(name)) is not None


def _is_half(name: str) -> bool:
    """Whether an object of this name may hold the key of the address beside it, or the other way round."""
    named = field_of(name)
    is_field = named is not None and named.field in (Field.ADDRESS, Field.KEY, Field.MODELS)
    return is_field or _is_part(name) or _OF_ENTRIES.search(name) is not None


def _is_of_entries(name: object, value: Any) -> bool:
    """Whether a list holds entries of their own, and not only names of models."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    return not is_models(name) or any(isinstance(one, dict) and says(one, Field.ADDRESS, Field.KEY) for one in value)


def _named_below(below: _Above, name: str, element: Any, is_list: bool) -> _Above:
    """In a map of providers the name of the entry is a label."""
    if (named := field_of(name)) is not None and named.field is Field.KEY and isinstance(element, dict):
        return below._replace(platform=below.platform or _owned(named.owner))
    if is_list or not isinstance(element, dict) or len(name) > 60 or _is_part(name):
        return below
    if named is not None and named.field not in (Field.ADDRESS, Field.SITE):
        return below
    inner = (as_fields(value) or value for key, value in element.items() if _is_part(key))
    if any(isinstance(part, dict) and says(part, Field.ADDRESS, Field.KEY) for part in (element, *inner)):
        below = below._replace(doubtful=below.doubtful or is_unknown_maker(name))
        return below if below.label else below._replace(label=name, platform=below.platform or _owned(name))
    return below


def _is_map_of_entries(node: Any) -> bool:
    """Whether the children of an object are entries of one kind by name, and no parts of one thing."""
    if not isinstance(node, dict) or len(node) < 2 or any(map(_is_part, node)):
        return False
    return all(isinstance(value, dict) for value in node.values())


def _by_position(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """``node`` with its addresses and as many keys as pairs, if their positions count: some are empty or set by number.

    So Open WebUI writes them: ``{"api_base_urls": […], "api_keys": ["", "sk-…"], "api_configs": {"0": {…}}}``.
    """
    lists = {named.field: (name, found) for name, value in node.items()
             if (found := texts_of(value)) and (named := field_of(str(name))) is not None}  # fmt: skip
    if not {Field.ADDRESS, Field.KEY} <= lists.keys() or len(lists[Field.ADDRESS][1]) != len(lists[Field.KEY][1]):
        return node
    pairs = list(zip(lists[Field.ADDRESS][1], lists[Field.KEY][1], strict=True))
    is_numbered = any(isinstance(value, dict) and value and all(map(str.isdigit, value)) for value in node.values())
    if not is_numbered and isinstance(node[lists[Field.KEY][0]], list) and all(map(all, pairs)):
        return node
    names = [lists[Field.ADDRESS][0], lists[Field.KEY][0]]
    rest = {name: value for name, value in node.items() if name not in names}
    return {**rest, PAIRED: [{"base_url": address, "api_key": key} for address, key in pairs]}


def _with_address(name: str, child: Any) -> Any:
    """``child`` with the address that is its name, if it has a key and none (``{"relay.example": {"key": …}}``)."""
    is_address = cleaning.has_scheme(name) or (cleaning.looks_like_host(name) and cleaning.is_likely_host(name))
    if not is_address or not isinstance(child, dict) or says(child, Field.ADDRESS) or not says(child, Field.KEY):
        return child
    return {**child, "base_url": name}


def _of_litellm(params: dict[str, Any]) -> dict[str, Any]:
    """LiteLLM's parameters with the platform that a model's name begins with and that is not sent (``anthropic/…``)."""
    maker, _, model = str(params.get("model")).partition("/")
    return {**params, "platform": maker, "model": model} if maker in ("anthropic", "gemini") else params


def _of_service(name: str, service: Any) -> Any:
    """What is a relay's under another service's name: variables of an MCP server, a reverse proxy with its key."""
    entries = list(service.values()) if isinstance(service, dict) else service
    kept = [{"env": one["env"]} for one in entries if isinstance(one, dict) and isinstance(one.get("env"), dict)]
    proxies = [service, *entries] if "prox" in name.lower() else []
    return kept + [one for one in proxies if isinstance(one, dict) and any(map(_is_sure_key, one.values()))]


def _is_sure_key(value: Any) -> bool:
    return isinstance(value, str) and cleaning.is_sure_key(value)


def _merged(facts: _Facts, found: _Facts) -> _Facts:
    facts.doubtful = facts.doubtful or found.doubtful
    facts.addresses += found.addresses
    facts.sites += found.sites
    facts.keys += found.keys
    facts.models = found.models or facts.models
    facts.label = found.label or facts.label
    facts.platform = found.platform or facts.platform
    facts.legacy_provider_id = found.legacy_provider_id or facts.legacy_provider_id
    facts.notes += [note for note in found.notes if note not in facts.notes]
    facts.strong = facts.strong or found.strong
    facts.exact = facts.exact or found.exact
    return facts
