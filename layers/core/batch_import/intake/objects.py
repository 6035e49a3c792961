# ruff: noqa: E501  (tables of words and patterns)
"""Objects of JSON, YAML and TOML: wherever an address and a key meet, whichever program exported them.

One rule covers the exports of sub2api, new-api, one-api, all-api-hub, Cherry Studio, cc-switch, claude-code-router, LiteLLM,
LibreChat, Continue and plain lists: an object's address and key may stand in itself or in its children, what it lacks
comes from its parents, and names decide by the table of ``fields``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from batch_import.intake import cleaning
from batch_import.intake.fields import Field, Named, field_of, platform_of
from batch_import.intake.rows import Draft
from batch_import.intake.texts import Note

_DEEPEST = 60
CUT = "\ufdd0cut"  # the name that an object gets where the text broke off within it
_STRONG_ADDRESS = re.compile(r"base|api|endpoint|地址|接口", re.IGNORECASE)
_NEW_API_TYPES = {"14": "anthropic", "24": "gemini"}
_OTHER_MODELS = re.compile(r"embed|rerank|tts|speech|image|vision|audio", re.IGNORECASE)
_SURE = (cleaning.Kind.KEY, cleaning.Kind.PLACEHOLDER)
_PARTS = frozenset(
    [
        "auth",
        "config",
        "env",
        "credentials",
        "credential",
        "settings",
        "options",
        "settingsConfig",
        "litellm_params",
        "extra",
        "params",
        "headers",
        "data",
        "payload",
        "options",
        "keyVaults",
    ]
)
_KNOWN_REST = frozenset(
    [
        "id",
        "created_time",
        "updated_time",
        "group",
        "groups",
        "weight",
        "priority",
        "concurrency",
        "balance",
        "used_quota",
        "tag",
        "provider",
        "items",
        "data",
        "total",
        "success",
        "message",
        "page",
        "page_size",
        "version",
        "timestamp",
        "sort",
        "order",
    ]
)


class Lines(Protocol):
    """Tells the line in which a text stands."""

    def of(self, text: str) -> int: ...


@dataclass
class _Facts:
    """What an object says of itself and what its children left over."""

    addresses: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    label: str | None = None
    platform: str | None = None
    notes: list[Note] = field(default_factory=list)
    strong: bool = False
    emitted: bool = False
    exact: bool = False


@dataclass(frozen=True)
class _Above:
    """What parents hand down."""

    label: str | None = None
    platform: str | None = None
    models: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def drafts_of_object(
    document: Any, line: int = 1, exact: bool = False, app: str = "", lines: Lines | None = None
) -> list[Draft]:
    """Drafts of every address and key in ``document``, in its order."""
    finder = _Finder(line, exact, lines)
    facts = finder.facts(
        document, _Above(platform=platform_of(app) if platform_of(app) != "openai" or app == "openai" else None), 0
    )
    finder.leftover(facts)
    return finder.drafts


class _Finder:
    def __init__(self, line: int, exact: bool, lines: Lines | None) -> None:
        self.drafts: list[Draft] = []
        self._line, self._exact, self._lines = line, exact, lines
        self._seen: set[int] = set()
        self._cut = False

    def facts(self, node: Any, above: _Above, depth: int) -> _Facts:
        """Emits the complete pairs in ``node`` and returns what is left over."""
        if depth > _DEEPEST or not isinstance(node, dict | list) or id(node) in self._seen:
            return _Facts()
        self._seen.add(id(node))
        if isinstance(node, list):
            return self._list(node, above, depth)
        return self._object(node, above, depth)

    def leftover(self, facts: _Facts) -> None:
        """A key without an address or an address without a key is an incomplete row, if it is surely one of the two."""
        if Note.DISABLED in facts.notes and not facts.keys:
            return
        sure = Note.NOT_AN_API_KEY in facts.notes or any(cleaning.kind_of(key) in _SURE for key in facts.keys)
        if (facts.keys and facts.strong) or sure or (facts.addresses and facts.strong and not facts.emitted):
            self._emit(facts)

    def _list(self, nodes: list[Any], above: _Above, depth: int) -> _Facts:
        left = _Facts()
        for node in nodes:
            facts = self.facts(node, above, depth + 1)
            left.emitted = left.emitted or facts.emitted
            self.leftover(facts)
        return left

    def _object(self, node: Mapping[str, Any], above: _Above, depth: int) -> _Facts:
        own, children = self._own(node)
        own.label = own.label or (None if above.label else own.identity)
        below = _below(own, above, node)
        facts = self._groups(_by_owner(own), own, below)
        apart = _is_map_of_entries(node)
        for name, child in children:
            entries = child if isinstance(child, list) else [child]
            for entry in entries:
                found = self.facts(entry, _named_below(below, name, entry, isinstance(child, list)), depth + 1)
                if found.models and not (facts.models or apart or _OTHER_MODELS.search(name)):
                    facts.models = found.models
                self._join(facts, found, apart or isinstance(child, list))
        if own.cut and not self._cut and (facts.addresses or facts.keys):
            self._cut = True
            facts.notes.append(Note.CUT_OFF)
        if facts.addresses and facts.keys:
            self._emit(facts)
            return _Facts(emitted=True)
        if facts.emitted and not facts.keys:
            return _Facts(emitted=True)
        return facts

    def _join(self, facts: _Facts, found: _Facts, apart: bool) -> None:
        """Puts what a child left over to the half that it belongs to; ``apart`` is for one entry of several."""
        facts.emitted = facts.emitted or found.emitted
        fits = bool(facts.addresses) != bool(found.addresses) and bool(facts.keys) != bool(found.keys)
        if not (found.addresses or found.keys or found.sites or Note.NOT_AN_API_KEY in found.notes):
            return
        if apart and found.keys and facts.addresses and not facts.keys and not found.addresses:
            self._emit(_merged(_copy(facts), found))
            facts.emitted = True
        elif apart and not (facts.keys and found.addresses and not found.keys):
            self.leftover(found)
        elif (fits and (facts.strong or found.strong)) or not (facts.addresses or facts.keys) or apart:
            _merged(facts, found)
        else:
            self.leftover(found)

    def _groups(self, groups: Mapping[str, "_Own"], own: "_Own", below: _Above) -> _Facts:
        """Variables of several owners in one object are several pairs."""
        halves: list[_Facts] = []
        emitted = False
        for owner, group in groups.items():
            facts = _Facts(
                list(group.addresses), list(own.sites), list(group.keys), list(own.models) or list(below.models),
                own.label or below.label, own.platform or below.platform or _owned(owner), [*below.notes], group.strong, exact=own.exact,
            )  # fmt: skip
            if len(groups) > 1 and facts.addresses and facts.keys:
                self._emit(facts)
                emitted = True
            else:
                halves.append(facts)
        merged = _Facts(sites=list(own.sites), models=list(own.models) or list(below.models), label=own.label or below.label,
                        platform=own.platform or below.platform, notes=[*below.notes])  # fmt: skip
        for facts in halves:
            merged.addresses += facts.addresses
            merged.keys += facts.keys
            merged.strong = merged.strong or facts.strong
            merged.exact = merged.exact or facts.exact
            merged.platform = merged.platform or facts.platform
        if own.login and not merged.keys:
            merged.notes.append(Note.NOT_AN_API_KEY)
            merged.strong = True
        merged.emitted = emitted
        return merged

    def _own(self, node: Mapping[str, Any]) -> tuple["_Own", list[tuple[str, Any]]]:
        own = _Own()
        children: list[tuple[str, Any]] = []
        for name, value in node.items():
            named = field_of(str(name)) if isinstance(name, str) else None
            value = _unwrapped(named, _opened(name, value))
            if not _take(own, named, str(name), value) and isinstance(value, dict | list):
                children.append((str(name), value))
        return own, children

    def _emit(self, facts: _Facts) -> None:
        notes = list(dict.fromkeys(facts.notes))
        text = facts.keys[0] if facts.keys else (facts.addresses or [""])[0]
        self.drafts.append(
            Draft(
                self._lines.of(text) if self._lines else self._line,
                list(dict.fromkeys(facts.addresses or (facts.sites[:1] if Note.NOT_AN_API_KEY in notes else []))),
                list(dict.fromkeys(facts.keys)),
                list(facts.models),
                facts.label,
                facts.platform,
                notes,
                self._exact or facts.exact,
                "" if facts.addresses else (facts.sites or [""])[0],
            )
        )


@dataclass
class _Own:
    """The scalar facts of one object, each with the owner of its name."""

    address_of: dict[str, list[str]] = field(default_factory=dict)
    key_of: dict[str, list[str]] = field(default_factory=dict)
    sites: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    label: str | None = None
    identity: str | None = None  # used where there is no name
    platform: str | None = None
    login: bool = False
    disabled: bool = False
    strong: bool = False
    unknown: bool = False
    cut: bool = False
    exact: bool = False

    @property
    def addresses(self) -> list[str]:
        return [address for found in self.address_of.values() for address in found]

    @property
    def keys(self) -> list[str]:
        return [key for found in self.key_of.values() for key in found]


def _take(own: _Own, named: Named | None, name: str, value: Any) -> bool:
    """Takes a value that is understood; False for one to be looked into."""
    if name == "id" and isinstance(value, str) and not value.isdigit() and len(value) <= 30:
        own.identity = value
    if name == CUT:
        own.cut = True
        return True
    if named is None and name == "api" and _are_keys(value):  # uni-api calls the key so
        return _take_key(own, Named(Field.KEY), value)
    if named is None:
        own.unknown = own.unknown or (not isinstance(value, dict | list) and name.lower() not in _KNOWN_REST)
        return False
    match named.field:
        case Field.ADDRESS:
            return _take_address(own, named, name, value)
        case Field.KEY:
            return _take_key(own, named, value)
        case Field.LOGIN:
            own.login = own.login or (isinstance(value, str) and bool(value))
            return not isinstance(value, dict | list)
        case Field.SITE:
            own.sites.extend([value] if isinstance(value, str) and value.startswith("http") else [])
            return not isinstance(value, dict | list)
        case Field.MODELS:
            return _take_models(own, value)
        case Field.NAME:
            if (
                isinstance(value, str)
                and value.strip()
                and name != "id"
                and (own.label is None or name.lower() in ("name", "title", "label"))
            ):
                own.label = value
            return not isinstance(value, dict | list)
        case Field.PLATFORM:
            return _take_platform(own, value)
        case Field.ENABLED:
            own.disabled = own.disabled or _is_off(name, value)
            return not isinstance(value, dict | list)
    return False


def _unwrapped(named: Named | None, value: Any) -> Any:
    """The text of ``{"value": text}`` where a name asks for one."""
    if named is not None and isinstance(value, dict) and len(value) == 1 and isinstance(value.get("value"), str):
        return value["value"]
    return value


def _are_keys(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str) and cleaning.kind_of(one) in _SURE for one in values)


def _take_address(own: _Own, named: Named, name: str, value: Any) -> bool:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return False
    found = [one.strip() for one in values if _is_address(one, name)]
    if found:
        own.address_of.setdefault(named.owner, []).extend(found)
        own.strong = own.strong or _STRONG_ADDRESS.search(name) is not None
        own.exact = own.exact or name == "apiHost"
    return True


def _is_address(text: str, name: str) -> bool:
    text = text.strip()
    if not text or cleaning.is_bind_address(text) or len(text) > cleaning.LONGEST_ADDRESS:
        return False
    if text[:4].lower() == "http" or cleaning.looks_like_host(text):
        return True
    return _STRONG_ADDRESS.search(name) is not None and (
        cleaning.is_address_placeholder(text) or cleaning.is_environment(text)
    )


def _take_key(own: _Own, named: Named, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    keys = [one for one in values if isinstance(one, str) and one.strip()]
    if isinstance(value, dict) or any(isinstance(one, dict | list) for one in values):
        return False
    for key in keys:
        own.key_of.setdefault(named.owner, []).extend(_several(key))
    return True


def _several(key: str) -> list[str]:
    """new-api keeps several keys of a channel in one text: by line, or as a JSON list."""
    if key.lstrip().startswith("["):
        try:
            found = json.loads(key)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(isinstance(one, str) for one in found):
            return [one for one in found if one.strip()]
    return [line.strip() for line in key.splitlines() if line.strip()]


def _take_models(own: _Own, value: Any) -> bool:
    if isinstance(value, dict) and any(_has_address(one) for one in (value, *value.values()) if isinstance(one, dict)):
        return False
    own.models.extend(_names(value, 0))
    # A list of objects may be a list of providers (LiteLLM and Continue call it models): it is looked into as well.
    return not (
        isinstance(value, list) and any(isinstance(one, dict) and _has_credentials(one) for one in value)
    ) and not (isinstance(value, dict) and "providers" in value)


def _has_credentials(node: Mapping[str, Any]) -> bool:
    return any(
        ((named := field_of(str(name))) and named.field in (Field.ADDRESS, Field.KEY)) or isinstance(value, dict)
        for name, value in node.items()
    )


def _names(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield re.sub(r"^openai/", "", value)
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and not _has_credentials(one):
                name = next(
                    (one[key] for key in ("id", "model", "name", "model_name") if isinstance(one.get(key), str)), ""
                )
                yield from [name] if name else list(one)[: len(one) == 1]
            elif isinstance(one, str):
                yield one
    elif isinstance(value, dict) and depth < 3:
        if isinstance(value.get("default"), list | str):
            yield from _names(value["default"], depth + 1)
        elif all(isinstance(one, dict | str) for one in value.values()) and not ({"providers", "fetch"} & set(value)):
            yield from (str(name) for name in value)


def _take_platform(own: _Own, value: Any) -> bool:
    if isinstance(value, dict | list):
        return False
    own.platform = own.platform or platform_of(str(value)) or _NEW_API_TYPES.get(str(value))
    return True


def _is_off(name: str, value: Any) -> bool:
    text = str(value).lower()
    if "disabled" in name.lower():
        return text in ("true", "1")
    return text in ("false", "0", "2", "3", "disabled", "inactive", "error", "off")


def _opened(name: str, value: Any) -> Any:
    """A text that is itself JSON or TOML (cc-switch keeps codex's configuration so)."""
    if not isinstance(value, str) or len(value) < 20 or len(value) > 100_000:
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if name in ("config", "toml") and "=" in value:
        from batch_import.intake.documents import toml_of

        return toml_of(value) or value
    return value


def _by_owner(own: _Own) -> dict[str, _Own]:
    owners = dict.fromkeys([*own.address_of, *own.key_of])
    return {
        owner: _Own(
            {owner: own.address_of[owner]} if owner in own.address_of else {},
            {owner: own.key_of[owner]} if owner in own.key_of else {},
            strong=own.strong,
        )
        for owner in owners
    }


def _owned(owner: str) -> str | None:
    platform = platform_of(owner)
    return platform if platform != "openai" else None


def _below(own: _Own, above: _Above, node: Mapping[str, Any]) -> _Above:
    notes = above.notes
    if own.disabled and Note.DISABLED not in notes:
        notes = (*notes, Note.DISABLED)
    if own.unknown and (own.addresses or own.keys) and Note.FIELD_IGNORED not in notes:
        notes = (*notes, Note.FIELD_IGNORED)
    models = above.models
    by_name = any(isinstance(value, dict) and _is_models(name) for name, value in node.items())
    if by_name and not _PARTS & set(map(str, node)):
        return _Above(own.label or above.label, own.platform or above.platform, models, notes)
    if own.models and not any(
        isinstance(value, list) and value and isinstance(value[0], dict) for value in node.values()
    ):
        models = tuple(own.models)
    return _Above(own.label or above.label, own.platform or above.platform, models, notes)


def _is_models(name: object) -> bool:
    named = field_of(name) if isinstance(name, str) else None
    return named is not None and named.field is Field.MODELS


def _named_below(below: _Above, name: str, element: Any, is_list: bool) -> _Above:
    """In a map of providers the name of the entry is a label."""
    if is_list or below.label or not isinstance(element, dict) or len(name) > 60 or name in _PARTS:
        return below
    if (named := field_of(name)) is not None and named.field not in (Field.ADDRESS, Field.SITE):
        return below
    inner = [value for key, value in element.items() if key in _PARTS and isinstance(value, dict)]
    if any(_has_address(part) for part in (element, *inner)):
        return _Above(name, below.platform, below.models, below.notes)
    return below


def _has_address(node: Mapping[str, Any]) -> bool:
    named = (field_of(str(key)) for key, value in node.items() if isinstance(value, str))
    return any(found is not None and found.field is Field.ADDRESS for found in named)


def _is_map_of_entries(node: Any) -> bool:
    """Whether the children of an object are entries of one kind by name, and no parts of one thing."""
    if not isinstance(node, dict) or len(node) < 2 or _PARTS & set(map(str, node)):
        return False
    return all(isinstance(value, dict) for value in node.values())


def _copy(facts: _Facts) -> _Facts:
    return _Facts(
        list(facts.addresses), list(facts.sites), list(facts.keys), list(facts.models), facts.label, facts.platform,
        list(facts.notes), facts.strong, exact=facts.exact,
    )  # fmt: skip


def _merged(facts: _Facts, found: _Facts) -> _Facts:
    facts.addresses += found.addresses
    facts.sites += found.sites
    facts.keys += found.keys
    facts.models = found.models or facts.models
    facts.label = found.label or facts.label
    facts.platform = found.platform or facts.platform
    facts.notes += [note for note in found.notes if note not in facts.notes]
    facts.strong = facts.strong or found.strong
    facts.exact = facts.exact or found.exact
    return facts
