"""TOML and YAML, as long and as deep as a list of relays may be."""

import configparser
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from batch_import.intake.cleaning import holds_key
from batch_import.intake.fields import Field, field_of

DEEPEST = 100
_LONGEST = 300_000
_ABOVE = "\0"  # the section of the names above all sections


def toml_of(text: str) -> dict[str, Any] | None:
    if len(text) > _LONGEST or _too_deep(text):
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def ini_of(text: str) -> dict[str, Any] | None:
    """The sections of an INI file and the settings above them; None for a text with any other line."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" #", " ;"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(f"[{_ABOVE}]\n{text}")
    except (configparser.Error, ValueError):
        return None
    sections = {name: {key: value.strip("\"'") for key, value in parser[name].items()} for name in parser.sections()}
    above = sections.pop(_ABOVE)
    return {**above, **sections} if all(map(_is_setting, above.keys(), above.values())) else None


def _is_setting(name: str, value: str) -> bool:
    """Whether a name above all sections is that of a setting: an address or a key there is read by lines."""
    named = field_of(name)
    field = Field.OTHER if named is None else named.field
    if field in (Field.ADDRESS, Field.KEY) or re.fullmatch(r"[\w.-]{1,60}", name) is None:
        return False
    if field is not Field.SITE and "://" in value:
        return False
    return not holds_key(value)


def yaml_of(text: str) -> Iterator[Any]:
    """The document as nested texts; nothing for one that is no YAML, too long, too deep, or names a thing twice."""
    if len(text) > _LONGEST or _too_deep(text):
        return
    from batch_import.intake.yaml_texts import load  # PyYAML is loaded only where a list may be YAML

    yield from load(text.replace("\t", "  "))


def _too_deep(text: str) -> bool:
    """Whether brackets or list signs nest deeper than any list of relays does; quoted ones count as well."""
    depth = 0
    for found in re.finditer(r"[\[{]|[\]}]|(?m:^[ ]{200,})|(?:- ){40,}|(?:\? ){20,}", text):
        if len(found[0]) > 1:
            return True
        depth += 1 if found[0] in "[{" else -1
        if depth > DEEPEST:
            return True
    return False
