"""JSON: a list of relays, or a whole create request."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from batch_import_cli.errors import InputError
from batch_import_cli.lists.model import Entry, Item, Parsed, Problem

_SKIP = re.compile(r"[\s,:]*")
_LOOKS_LIKE_JSON = re.compile(r"\s*(?:\{|\[\s*(?:[{\[\"\]]|$))")


def looks_like_json(text: str) -> bool:
    return _LOOKS_LIKE_JSON.match(text) is not None


def parse_json(text: str) -> Parsed:
    document = _loaded(text)
    fields = {name: value for name, value in document.items() if name != "items"} if isinstance(document, dict) else {}
    items = document.get("items") if isinstance(document, dict) else document
    if not isinstance(items, list):
        return Parsed([Problem(1, 'expected a list of relays, or an object with a list "items"')])
    # Only a list with mistakes is walked a second time, to tell where they stand.
    if all(_mistake(item) is None for item in items):
        return Parsed([Item(None, item) for item in items], fields)
    return Parsed(_located(text, items), fields)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except _RepeatedNameError:
        raise InputError("not a list of relays: an object has the same name twice") from None
    except RecursionError:
        raise InputError("not a list of relays: nested too deeply") from None
    except ValueError:
        raise InputError("not JSON: holds a number that JSON does not have") from None


class _RepeatedNameError(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last of two equal names win in silence; of two keys for one relay that would lose one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedNameError
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError


def _mistake(item: object) -> str | None:
    if not isinstance(item, dict):
        return "is not an object with base_url and api_key"
    for name in ("base_url", "api_key"):
        if not isinstance(item.get(name), str) or not item[name].strip():
            return f"{name} is missing or not a text"
    return None


def _located(text: str, items: list[Any]) -> Iterator[Entry]:
    line, counted = 1, 0
    for index, (item, offset) in enumerate(zip(items, _offsets(text), strict=True)):
        line, counted = line + text.count("\n", counted, offset), offset
        if (mistake := _mistake(item)) is not None:
            yield Problem(line, f"items[{index}]: {mistake}", offset - text.rfind("\n", 0, offset))


def _offsets(text: str) -> Iterator[int]:
    """Where each relay begins. The text is known to be valid JSON."""
    decode = json.JSONDecoder().raw_decode
    at = _skip(text, 0)
    if text[at] == "{":
        at = _value_of_items(text, at + 1)
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _skip(text, decode(text, at)[1])


def _value_of_items(text: str, at: int) -> int:
    decode = json.JSONDecoder().raw_decode
    while True:
        name, at = decode(text, _skip(text, at))
        at = _skip(text, at)
        if name == "items":
            return at
        at = decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    found = _SKIP.match(text, at)
    return found.end() if found else at
