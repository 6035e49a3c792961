"""JSON of a request, read strictly: what two readers could understand differently is refused (RFC 8259, RFC 7493)."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from batch_import.domain import contract as api
from batch_import.domain.errors import InvalidRequest

FIELDS = frozenset(
    {*api.CreateRunRequest.model_fields, *api.ItemRequest.model_fields, *api.RowDecision.model_fields}
    | {*api.ParseRequest.model_fields, *api.RetryRequest.model_fields}
)
_LONGEST_WHOLE_NUMBER = 20  # characters
_LONGEST_FRACTION = 25  # the shortest text of any double, such as -2.2250738585072014e-308, has 24
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_Path = tuple[str | int, ...]


def decode(text: str) -> Any:
    """The value of a JSON text.

    Raises ``InvalidRequest`` for a text that is no JSON, an object with a name twice, ``NaN`` and infinities, whole
    numbers of more than 20 characters and others of more than 25, NUL, lone surrogates, and what is nested deeper than
    the interpreter goes. No error repeats what was sent.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_not_a_number,
        )
        unusable = next(_unusable(value, ()), None) if "\\u" in text or _UNUSABLE.search(text) else None
    except json.JSONDecodeError:
        raise InvalidRequest("the body is not valid JSON", "请求体不是有效的 JSON") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deeply", "请求体嵌套过深") from None
    if unusable is not None:
        raise InvalidRequest(
            f"{unusable}text must not have NUL or lone surrogates", f"{unusable}文本不能包含 NUL 或孤立代理字符"
        )
    return value


def place(path: _Path) -> str:
    """``items[6].base_url: ``, as far as the parts are fields of a schema or positions; empty for the whole body."""
    known: list[str] = []
    for part in path:
        if isinstance(part, str) and part not in FIELDS:
            break
        known.append(f"[{part}]" if isinstance(part, int) else f".{part}")
    return f"{''.join(known).lstrip('.')}: " if known else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("the body has an object with the same name twice", "请求体中有重复的字段名")
    return found


def _integer(digits: str) -> int:
    _limit(digits, _LONGEST_WHOLE_NUMBER)
    return int(digits)


def _number(digits: str) -> float:
    """``30.0`` and ``3e1`` are 30: to JSON Schema, and so to the document, a number without a fraction is whole."""
    _limit(digits, _LONGEST_FRACTION)
    number = float(digits)
    if not math.isfinite(number):
        _not_a_number(digits)
    return int(number) if number.is_integer() else number


def _limit(digits: str, longest: int) -> None:
    if len(digits) > longest:
        raise InvalidRequest("the body has a number that is too long", "请求体中的数字过长")


def _not_a_number(_: str) -> NoReturn:
    raise InvalidRequest("NaN and infinite numbers are not valid JSON", "NaN 与无穷大不是有效的 JSON")


def _unusable(value: Any, path: _Path) -> Iterator[str]:
    """Places of texts, or of names, that no store and no host can hold."""
    if isinstance(value, str):
        if _UNUSABLE.search(value):
            yield place(path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unusable(name, path)
            yield from _unusable(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _unusable(inner, (*path, position))
