"""TOML and YAML, as long and as deep as a list of relays may be."""

import configparser
import re
import tomllib
from collections.abc import Iterator
from typing import Any

DEEPEST = 100
_LONGEST = 300_000


def toml_of(text: str) -> dict[str, Any] | None:
    if len(text) > _LONGEST or _too_deep(text):
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def ini_of(text: str) -> dict[str, Any] | None:
    """The sections of an INI file with their names and values; None for a text with any other line."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" #", " ;"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return None
    return {
        section: {name: value.strip("\"'") for name, value in parser[section].items()} for section in parser.sections()
    }


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
