"""What single names and values of an object say: an address, a key, models, a name, a platform."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_import.domain.types import Platform
from batch_import.intake import cleaning
from batch_import.intake.fields import Field, Named, field_of, is_off, platform_of, provider_platform
from batch_import.intake.limited import DEEPEST, toml_of, yaml_of
from batch_import.intake.roots import root_of, with_path, with_port

CUT = "\ufdd0cut"  # the name that an object gets where the text broke off within it
_STRONG_ADDRESS = re.compile(r"base|api|endpoint|地址|接口", re.IGNORECASE)
SURE = (cleaning.Kind.KEY, cleaning.Kind.PLACEHOLDER)
_YAML_INSIDE = re.compile(r"^[ \t]*(?:-[ \t]+)?\w*(?:base|url|host|endpoint)\w*:[ \t]+\S", re.MULTILINE | re.IGNORECASE)
_PLAIN_ADDRESS = re.compile(r"https?://[a-z0-9.:-]{3,100}(?:/[a-z0-9_-]{1,40}){0,4}/?")
_NESTED = (dict, list)
_VARIABLE = re.compile(r"[A-Za-z_]\w*=")
_PASSWORDS = ("password", "pass", "secret_key")
_OF_PARTS = frozenset(["protocol", "scheme", "port", *_PASSWORDS])
_WEAK_NAMES = ("token", "auth", "credential", "credentials")
_ECHO = re.compile(r"echo\s+[\"']?([^\s\"']{1,512})[\"']?")
_KNOWN_REST_TEXT = """
    balance concurrency created_time data group groups id items message order page page_size priority
    provider sort success tag timestamp total updated_time used_quota version weight
"""
_KNOWN_REST = frozenset(_KNOWN_REST_TEXT.split())


@dataclass(slots=True)
class Own:
    """The scalar facts of one object, each with the owner of its name."""

    address_of: dict[str, list[str]] = field(default_factory=dict)
    key_of: dict[str, list[str]] = field(default_factory=dict)
    sites: list[str] = field(default_factory=list)
    models_of: dict[str, list[str]] = field(default_factory=dict)
    label: str | None = None
    identity: str | None = None  # used where there is no name
    platform: Platform | None = None
    legacy_id: str | None = None
    login: bool = False
    disabled: bool = False
    strong: bool = False
    empty: set[str] = field(default_factory=set)  # owners of keys that are there without a value
    weak: bool = False  # a key of a name that anything may have (``token``)
    unknown: bool = False
    cut: bool = False
    exact: bool = False
    password: str = ""  # a key where there is an address and no other one (SillyTavern's proxies)
    path: str = ""  # of the API below an address that has none
    scheme: str = ""
    port: str = ""

    def whole(self, address: str) -> str:
        """``address`` with the scheme, port and path that stand beside it."""
        address = with_port(address, self.port)
        if self.scheme and "://" not in address:
            address = f"{self.scheme}://{address}"
        return with_path(address, self.path) if self.path else address

    @property
    def addresses(self) -> list[str]:
        return [address for found in self.address_of.values() for address in found]

    @property
    def models(self) -> list[str]:
        return [model for found in self.models_of.values() for model in found]

    @property
    def keys(self) -> list[str]:
        return [key for found in self.key_of.values() for key in found]


def is_plain(kind: Field, name: str, value: str) -> bool:
    """Whether ``value`` under ``name`` is all that an entry says of ``kind``, as most are."""
    if kind is Field.ADDRESS:
        return _PLAIN_ADDRESS.fullmatch(value) is not None and name != "apiHost" and bool(_STRONG_ADDRESS.search(name))
    if kind is Field.KEY:
        return cleaning.is_random_key(value)
    if kind is Field.NAME:
        return name in ("name", "title", "label", "名称") and bool(value.strip()) and len(value) < 20
    return kind is Field.MODELS and 0 < len(value) < 20


def take(own: Own, named: Named | None, name: str, value: Any) -> bool:
    """Takes a value that is understood; False for one to be looked into."""
    if name == CUT:
        own.cut = True
        return True
    if name == "id" and isinstance(value, str) and not value.isdigit() and len(value) <= 30:
        own.identity = value
    if name.lower() in _OF_PARTS and _take_part(own, name.lower(), value):
        return True
    named = named or _by_value(name, value)
    if named is None:
        own.unknown = own.unknown or (not isinstance(value, _NESTED) and name.lower() not in _KNOWN_REST)
        return False
    if named.field is Field.ADDRESS:
        return _take_address(own, named, name, value)
    if named.field is Field.KEY:
        return _take_key(own, named, name, value)
    if named.field is Field.MODELS:
        return _take_models(own, named.owner, value)
    if isinstance(value, _NESTED):
        return False
    _take_single(own, named.field, name, value)
    return True


def _take_part(own: Own, name: str, value: Any) -> bool:
    """Takes the scheme or the port of an address, or a password that is a key."""
    if isinstance(value, str) and name in _PASSWORDS and cleaning.is_prefixed_key(value.partition("|")[0]):
        own.password = value
        return True
    if name in ("protocol", "scheme") and isinstance(value, str) and value.rstrip(":/").lower() in ("http", "https"):
        own.scheme = value.rstrip(":/").lower()
        return True
    if name == "port" and isinstance(value, str | int) and str(value).isdigit() and len(str(value)) <= 5:
        own.port = str(value)
        return True
    return False


def _by_value(name: str, value: Any) -> Named | None:
    """What an unknown name stands for by its value; ``api`` means something else in each program."""
    is_text = isinstance(value, str)
    if name == "api" and is_text and cleaning.has_scheme(value):
        return Named(Field.ADDRESS)
    if (is_text and value.startswith("Bearer ")) or (name == "api" and _are_keys(value)):
        return Named(Field.KEY)
    return Named(Field.PLATFORM) if name == "api" and is_text else None


def _take_single(own: Own, kind: Field, name: str, value: Any) -> None:
    """Takes a value that is neither an object nor a list."""
    if kind is Field.LOGIN:
        own.login = own.login or (isinstance(value, str) and bool(value))
    elif kind is Field.SITE:
        own.sites.extend([value] if isinstance(value, str) and value.startswith("http") else [])
    elif kind is Field.NAME:
        _take_name(own, name, value)
    elif kind is Field.LEGACY_ID:
        own.legacy_id = str(value)
    elif kind is Field.PLATFORM:
        own.platform = own.platform or platform_of(str(value))
    elif kind in (Field.ENABLED, Field.DISABLED):
        own.disabled = own.disabled or is_off(kind, str(value))


def _take_name(own: Own, name: str, value: Any) -> None:
    own.platform = own.platform or provider_platform(name, str(value))
    better = own.label is None or name.lower() in ("name", "title", "label")
    if isinstance(value, str) and value.strip() and name != "id" and better:
        own.label = value


def as_fields(node: Any) -> dict[str, Any] | None:
    """A list of ``{"name": "OPENAI_BASE_URL", "value": text}`` or ``NAME=text`` as one object; None for any other."""
    if not isinstance(node, list) or not node:
        return None
    if all(isinstance(one, str) and _VARIABLE.match(one) for one in node):  # of a container
        pairs: list[tuple[Any, Any]] = [tuple(one.split("=", 1)) for one in node]
    elif all(isinstance(one, dict) for one in node):
        node = [
            one for one in node if _value_of(one) is not None or says(one, Field.ADDRESS)
        ] or node  # others refer to a secret
        pairs = [(one.get("name", one.get("key", one.get("identifier"))), _value_of(one)) for one in node]
    else:
        return None
    if not all(isinstance(name, str) and value is not None for name, value in pairs):
        return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def _value_of(node: Mapping[str, Any]) -> Any:
    """What stands under ``value``, in ``node`` or in an object in it (Jan's ``controllerProps``)."""
    inner = (one["value"] for one in node.values() if isinstance(one, dict) and "value" in one)
    return node["value"] if "value" in node else next(inner, None)


def named_value(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """``{"key": "Authorization", "value": text}`` as the one field that it is; any other object as it is."""
    name = node.get("key", node.get("name"))
    if isinstance(name, str) and isinstance(node.get("value"), str) and field_of(name) is not None:
        return {name: node["value"]}
    return node


def unwrapped(named: Named | None, value: Any) -> Any:
    """The text of ``{"value": text}`` or of Postman's ``{"raw": text}`` where a name asks for one.

    In a list of keys, each with its models (Bifrost), ``value`` is the key.
    """
    if named is not None and named.field is Field.KEY and isinstance(value, list):
        return [
            {"key": one["value"], **{name: rest for name, rest in one.items() if name != "value"}}
            if isinstance(one, dict) and isinstance(one.get("value"), str) and not says(one, Field.KEY)
            else one
            for one in value
        ]
    if named is None or not isinstance(value, dict):
        return value
    text = value.get("value") if len(value) == 1 else value.get("raw")
    return text if isinstance(text, str) else value


def _are_keys(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str) and cleaning.kind_of(one) in SURE for one in values)


def _take_address(own: Own, named: Named, name: str, value: Any) -> bool:
    if isinstance(value, str):
        parts = texts_of(value)
        values = parts if len(parts) > 1 and all(map(cleaning.has_scheme, parts)) else [value]
        own.path = value if value.startswith("/") else own.path
    elif isinstance(value, list):
        values = [_address_alone(one) for one in value]
    elif isinstance(value, dict) and value and all(map(_is_whole_address, value.values())):
        return all(_take_address(own, named._replace(owner=str(owner)), name, one) for owner, one in value.items())
    else:
        return False
    if not all(isinstance(one, str) for one in values):
        return False
    is_strong = _STRONG_ADDRESS.search(name) is not None
    found = [text for one in values if (text := one.strip()) and _is_address(text, is_strong)]
    if found:
        own.address_of.setdefault(named.owner, []).extend(found)
        own.strong = own.strong or is_strong
        own.exact = own.exact or name == "apiHost"
    return True


def _is_whole_address(value: Any) -> bool:
    return isinstance(value, str) and cleaning.has_scheme(value)


def texts_of(value: Any) -> list[str]:
    """The texts of a list, or of one text between semicolons or commas; nothing for any other value."""
    if isinstance(value, str):
        is_list = ";" in value or "," in value
        return [part.strip() for part in re.split("[;,]", value[: 10 * cleaning.LONGEST_ADDRESS])] if is_list else []
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else []


def texts_in(node: Any, depth: int = DEEPEST) -> Iterator[str]:
    """All texts below ``node``."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, _NESTED) and depth:
        for one in node.values() if isinstance(node, dict) else node:
            yield from texts_in(one, depth - 1)


def _address_alone(node: Any) -> Any:
    """The address of an object that has no key (``{"url": text, "weight": 1}``); any other value as it is."""
    if not isinstance(node, dict) or any(isinstance(value, _NESTED) for value in node.values()):
        return node
    fields = {found.field: value for name, value in node.items() if (found := field_of(str(name)))}
    return node if Field.KEY in fields else fields.get(Field.ADDRESS, node)


def _is_address(text: str, is_strong: bool) -> bool:
    """Whether ``text`` is one under a name that may stand for other things, or (``is_strong``) may not."""
    if cleaning.is_bind_address(text) or len(text) > cleaning.LONGEST_ADDRESS:
        return False
    if text[:4].lower() == "http" or cleaning.looks_like_host(text):
        return is_strong or not root_of(text).page
    return is_strong and (cleaning.is_address_placeholder(text) or cleaning.is_environment(text))


def _take_key(own: Own, named: Named, name: str, value: Any) -> bool:
    if isinstance(value, dict) and _are_keys(_flat(value.values())) and not any(map(_is_key_name, value)):
        return all(_take_key(own, named._replace(owner=str(owner)), name, one) for owner, one in value.items())
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, _NESTED) for one in values):
        return False
    keys = [one for one in values if isinstance(one, str) and one.strip() and not cleaning.is_scheme_word(one)]
    lower = name.lower()
    if "credential" in lower and any(map(cleaning.is_uuid, keys)):  # the id of an entry elsewhere
        return True
    if lower == "secret" and not any(map(cleaning.is_prefixed_key, keys)):  # of a program itself
        return True
    own.weak = own.weak or lower in _WEAK_NAMES
    own.empty |= {named.owner} if named.owner and not keys else set()
    for key in keys:
        own.key_of.setdefault(named.owner, []).extend(_several(key))
    return True


def _flat(values: Iterable[Any]) -> list[Any]:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def _is_key_name(name: object) -> bool:
    return (named := field_of(str(name))) is not None and named.field in (Field.KEY, Field.LOGIN)


def _several(key: str) -> list[str]:
    """new-api keeps several keys of a channel in one text, by line."""
    return [line.strip() for line in key.splitlines() if line.strip()]


def _take_models(own: Own, owner: str, value: Any) -> bool:
    if isinstance(value, dict) and _holds_address(value, 4):
        return False
    if names := list(_names(value, 0)):
        own.models_of.setdefault(owner, []).extend(names)
    # A list of objects may be a list of providers (LiteLLM and Continue call it models): it is looked into as well.
    return not (
        isinstance(value, list) and any(isinstance(one, dict) and _has_credentials(one) for one in value)
    ) and not (isinstance(value, dict) and "providers" in value)


def _holds_address(node: Mapping[str, Any], depth: int) -> bool:
    inner = (one for one in node.values() if isinstance(one, dict) and depth)
    return says(node, Field.ADDRESS) or any(_holds_address(one, depth - 1) for one in inner)


def _has_credentials(node: Mapping[str, Any], depth: int = 4) -> bool:
    """Whether an entry of a list of models holds an address or a key, in itself or in its parts."""
    return any(
        ((named := field_of(str(name))) and named.field in (Field.ADDRESS, Field.KEY))
        or (isinstance(value, dict) and (not depth or _has_credentials(value, depth - 1)))
        for name, value in node.items()
    )


def _names(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and not _has_credentials(one):
                yield from [name] if (name := _name_of_model(one)) else list(one)[: len(one) == 1]
            elif isinstance(one, str):
                yield one
    elif isinstance(value, dict) and depth < 3:
        if isinstance(value.get("default"), list | str):
            yield from _names(value["default"], depth + 1)
        elif isinstance(value.get("id", value.get("name")), str):
            yield _name_of_model(value)
        elif all(isinstance(one, dict | str) for one in value.values()) and not ({"providers", "fetch"} & set(value)):
            yield from (one if is_models(name) and isinstance(one, str) else str(name) for name, one in value.items())


def is_models(name: object) -> bool:
    return (named := field_of(str(name))) is not None and named.field is Field.MODELS


def _name_of_model(node: Mapping[str, Any]) -> str:
    named = {name: value for name, value in node.items() if isinstance(value, str)}
    fields = (value for name, value in named.items() if is_models(name))
    return next(fields, "") or named.get("id") or named.get("name", "")


def opened(name: str, value: str) -> Any:
    """A text that is itself JSON or TOML (cc-switch keeps codex's configuration so)."""
    if value.startswith("echo") and (echoed := _ECHO.fullmatch(value)) is not None:  # Claude Code asks it for its key
        return echoed[1]
    if not 20 <= len(value) <= 100_000:
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    if name in ("config", "toml") and "=" in value:
        return toml_of(value) or value
    if "\n" in value and _YAML_INSIDE.search(value) is not None:  # a file in a map of files (Kubernetes)
        return next((found for found in yaml_of(value) if isinstance(found, _NESTED)), value)
    return value


def says(node: Mapping[str, Any], *kinds: Field) -> bool:
    """Whether one of the names in ``node`` with a text below stands for one of ``kinds``."""
    named = (field_of(str(key)) for key, value in node.items() if isinstance(value, str))
    return any(found is not None and found.field in kinds for found in named)
