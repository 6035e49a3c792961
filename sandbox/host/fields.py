"""Reading request fields with the host's own refusals."""

from typing import Any

from sandbox.host.errors import Refusal
from sandbox.host.templates import Row


def invalid(text: str) -> Refusal:
    return Refusal.envelope(400, f"Invalid request: {text}")


def failed(request: str, name: str, tag: str) -> Refusal:
    """What the host's validator says of one field of a request, e.g. of `CreateGroupRequest`."""
    title = name.title().replace("_", "").replace("Id", "ID")
    text = f"Key: '{request}.{title}' Error:Field validation for '{title}' failed on the '{tag}' tag"
    channel = request.endswith("ChannelRequest")  # these have an envelope of their own
    return Refusal.envelope(400, text, "VALIDATION_ERROR") if channel else invalid(text)


def required(request: str, body: Row, *names: str) -> None:
    """400 for the first required field that is missing or empty."""
    for name in names:
        if not body.get(name):
            raise failed(request, name, "required")


def one_of(request: str, body: Row, name: str, allowed: tuple[str, ...]) -> None:
    if body.get(name) and body[name] not in allowed:
        raise failed(request, name, "oneof")


def number(body: Row, name: str, default: float = 0) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"json: cannot unmarshal into Go struct field .{name} of type float64")
    return value


def limit(value: Any) -> float | None:
    """A spending limit: null, omitted or negative is none; 0 stays 0; a numeric string counts."""
    if value is None or value == "":
        return None
    amount = float(value)
    return None if amount < 0 else int(amount) if amount.is_integer() else amount


def ids(body: Row, name: str) -> list[int]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        raise invalid(f"json: cannot unmarshal into Go struct field .{name} of type []int64")
    return value
