"""What a request is refused for before its fields are read: role, query, size, media type.

See docs/design.md#32-requests-and-errors.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Route

from batch_import.domain import contract as api
from batch_import.domain.errors import InvalidRequest, TooLarge, UnsupportedMediaType
from batch_import.http_api.authorization import demand_operator

JSON = "application/json"
_OPERATORS_ALONE = "operators_alone"
_SAYABLE = re.compile(r"[a-z_]{1,40}")  # a name that cannot be a key
_BOOLEAN = re.compile("true|false"), "true or false", "true 或 false"
_FORMS = {
    "limit": (re.compile(r"0|-?[1-9][0-9]{0,8}"), "a whole number", "整数"),
    **dict.fromkeys(("has_warning", "has_failed", "tested", "without_addresses"), _BOOLEAN),
}
Function = TypeVar("Function", bound=Callable[..., Any])


def operators_alone(function: Function) -> Function:
    """Marks a route: no other role may call it."""
    setattr(function, _OPERATORS_ALONE, True)
    return function


def is_operators_alone(route: Route) -> bool:
    return getattr(route.func, _OPERATORS_ALONE, False)


def check(event: Mapping[str, Any], route: Route | None) -> None:
    """Raise what refuses the request; ``route`` is None for a path or a method that is not known, which passes.

    The role comes first: nobody learns what is wrong with a request that they may not make.
    """
    if route is not None and is_operators_alone(route):
        demand_operator((event["requestContext"].get("authorizer") or {}).get("role"))
    if _body_size(event) > api.MAX_BODY_BYTES:
        most = api.MAX_BODY_BYTES // 1024 // 1024
        raise TooLarge(f"the body may have at most {most} MiB", f"请求体不能超过 {most} MiB")
    if route is not None and str(route.path).startswith("/api/"):  # what stands in the page's address is the page's
        _check_query(_query(event), {field.alias for field in route.dependant.query_params})
        if event.get("body") and route.dependant.body_params:
            _check_media_type(event)


def read_as_json(event: Mapping[str, Any]) -> None:
    """Write the media type in ``event`` as the parser of the body knows it, however the caller has written it."""
    for headers in (event.get("headers") or {}, event.get("multiValueHeaders") or {}):
        for name in [name for name in headers if name.lower() == "content-type"]:
            headers[name] = [JSON] if isinstance(headers[name], list) else JSON


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A header of the request; repeated ones are joined, as RFC 9110 has it."""
    many = event.get("multiValueHeaders") or {key: [value] for key, value in (event.get("headers") or {}).items()}
    values = [str(value) for key, found in many.items() if key.lower() == name for value in found or ()]
    return ", ".join(values) if values else None


def _query(event: Mapping[str, Any]) -> Mapping[str, list[str]]:
    single = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    return event.get("multiValueQueryStringParameters") or single


def _check_query(query: Mapping[str, list[str]], known: Iterable[str]) -> None:
    names = set(known)
    for name, values in query.items():
        if name not in names:
            said = f" {name}" if _SAYABLE.fullmatch(name) else ""
            raise InvalidRequest(f"unknown query parameter{said}", f"未知的查询参数{said}")
        if len(values) != 1:
            raise InvalidRequest(f"{name}: give it once", f"{name}：只能出现一次")
        form, en, zh = _FORMS.get(name, (None, "", ""))
        if form is not None and not form.fullmatch(values[0]):
            raise InvalidRequest(f"{name}: must be {en}", f"{name}：须为{zh}")


def _check_media_type(event: Mapping[str, Any]) -> None:
    kind = (header(event, "content-type") or "").partition(";")[0].strip().lower()
    encoding = (header(event, "content-encoding") or "identity").strip().lower()
    if kind not in ("", JSON) or encoding != "identity":
        raise UnsupportedMediaType(
            f"the body must be JSON: send it with Content-Type: {JSON}, without Content-Encoding",
            f"请求体须为 JSON：请使用 Content-Type: {JSON}，不带 Content-Encoding",
        )


def _body_size(event: Mapping[str, Any]) -> int:
    body = event.get("body") or ""
    return len(body) * 3 // 4 if event.get("isBase64Encoded") else len(body.encode())
