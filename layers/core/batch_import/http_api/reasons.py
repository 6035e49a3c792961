"""Why a field of a request is refused, in both languages: pydantic's kinds of errors, and the contract's own."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from batch_import.domain.errors import BatchImportError, InvalidRequest
from batch_import.domain.texts import plain_number
from batch_import.http_api.json_body import FIELDS

_TOLD = 5  # wrong places
_ZH = {
    "missing": "缺少该字段",
    "string_type": "须为字符串",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "string_pattern_mismatch": "须符合 {pattern}",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "bool_type": "须为 true 或 false",
    "float_type": "须为数字",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "list_type": "须为数组",
    "too_long": "至多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "enum": "须为 {expected} 之一",
    "literal_error": "须为 {expected} 之一",
    "model_attributes_type": "须为对象",
    "model_type": "须为对象",
}


def invalid(found: Iterable[Mapping[str, Any]]) -> InvalidRequest:
    """The first few places that are wrong, by fields of the schema and positions.

    Nothing that the caller sent is repeated, not even a field's name: any of it may be a key.
    """
    errors = list(found)
    more = len(errors) - _TOLD
    en = "; ".join(dict.fromkeys(f"{_place(error)}{_reason(error)}" for error in errors[:_TOLD]))
    zh = "；".join(dict.fromkeys(f"{_place(error)}{_reason_zh(error)}" for error in errors[:_TOLD]))
    return InvalidRequest(*((f"{en} (and {more} more)", f"{zh}（另有 {more} 处）") if more > 0 else (en, zh)))


def _place(error: Mapping[str, Any]) -> str:
    known = error["loc"][:-1] if error.get("type") == "extra_forbidden" else error["loc"]
    parts = [part for part in known if part not in ("body", "query", "path", "header")]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return f"{path.lstrip('.')}: " if path else ""


def _reason(error: Mapping[str, Any]) -> str:
    if error.get("type") == "extra_forbidden":
        near = _near(error)
        return f"unknown field; did you mean {near}?" if near else "unknown field"
    return str(error.get("msg", "")).removeprefix("Value error, ")


def _reason_zh(error: Mapping[str, Any]) -> str:
    kind, context = str(error.get("type")), error.get("ctx") or {}
    if kind == "extra_forbidden":
        near = _near(error)
        return f"未知字段；是否指 {near}？" if near else "未知字段"
    if kind in _ZH:
        numbers = {name: plain_number(value) for name, value in context.items() if isinstance(value, float)}
        return _ZH[kind].format_map({**context, **numbers})
    own = getattr(context.get("error"), "args", (None,))[0]
    return own.zh if isinstance(own, BatchImportError) else _reason(error)


def _near(error: Mapping[str, Any]) -> str | None:
    return next(iter(get_close_matches(str(error["loc"][-1])[:40], sorted(FIELDS), n=1)), None)
