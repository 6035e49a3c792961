"""YAML read as nested texts: no types are guessed, no objects are made."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

_LONGEST_MERGED = 50  # names; a chain of growing mappings would take quadratic time


def load(text: str) -> Iterator[Any]:
    """The documents of ``text``; ends at the first that is no YAML or names a thing twice."""
    try:
        yield from yaml.load_all(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        return


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Every scalar stays a text; a repeated name is an error, and ``<<`` brings in what a short mapping says."""

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        return f"{node.tag} {value}" if re.fullmatch(r"![a-z]+", node.tag or "") else value  # ``!secret name``

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in getattr(node, "value", []) if isinstance(key.value, str)]
        if len(set(names)) != len(names):
            raise yaml.YAMLError("a mapping has the same name twice")
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        base = found.get("<<")
        return {**base, **found} if isinstance(base, dict) and len(base) <= _LONGEST_MERGED else found
