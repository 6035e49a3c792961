"""The host's calls of an account's relay: address, headers, and the wording of failures.

See docs/host-api.md#relay-addresses.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import orjson

from sandbox.host.state import Host
from sandbox.host.templates import Row

CHAT, RESPONSES, MODELS = "/chat/completions", "/responses", "/models"
_VERSIONED = re.compile(r"/v\d[^/]*$")


class BadUrl(Exception):
    """The account's base URL is no URL; the text is the validator's."""


class Unreachable(Exception):
    """No HTTP answer came; the text is worded as the host's HTTP client does."""


@dataclass(slots=True)
class Reply:
    """A whole upstream answer."""

    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes

    @property
    def html(self) -> bool:
        return "html" in self.content_type

    def message(self) -> str:
        """The error message in the body, or nothing."""
        try:
            value = orjson.loads(self.body)
        except ValueError:
            return ""
        error = value.get("error") if isinstance(value, dict) else None
        return str(error.get("message", "")) if isinstance(error, dict) else ""


def endpoint(base_url: str, path: str) -> str:
    """The URL of a path, joined as by the host: `/v1` is added unless the base ends in a version or in the path."""
    base = base_url.strip().partition("?")[0].partition("#")[0].rstrip("/")
    _check(base_url.strip())
    if base.endswith(path):
        return base
    return base + path if _VERSIONED.search(base) else f"{base}/v1{path}"


def _check(written: str) -> None:
    if not written:
        raise BadUrl("url is required")
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise BadUrl(f"invalid url: {written}") from None
    if not parts.scheme or not parts.netloc:
        raise BadUrl(f"invalid url: {written}")
    if parts.scheme.lower() not in ("http", "https"):
        raise BadUrl(f"invalid url scheme: {parts.scheme}")
    if port == 0:
        raise BadUrl("invalid port: 0")


def base_of(account: Row) -> str:
    """The base URL as anthropic and gemini join it: trailing slashes are cut, a version is not recognised."""
    base = str(account["credentials"].get("base_url") or "").strip()
    _check(base)
    return base.rstrip("/")


def headers_of(host: Host, account: Row) -> dict[str, str]:
    credentials = account["credentials"]
    headers = {
        "Authorization": f"Bearer {credentials.get('api_key', '')}",
        "Content-Type": "application/json",
        "User-Agent": credentials.get("user_agent") or "codex_cli_rs/0.98.0",
    }
    return overridden(host, account, headers)


def overridden(host: Host, account: Row, headers: dict[str, str]) -> dict[str, str]:
    """The headers with the account's own in place of those of the same name, from 0.1.146 on.

    See docs/host-api.md#authentication-per-platform.
    """
    credentials = account["credentials"]
    if not host.options.since(146) or credentials.get("header_override_enabled") is not True:
        return headers
    own = {str(name): str(value) for name, value in (credentials.get("header_overrides") or {}).items()}
    names = {name.lower() for name in own}
    return {name: value for name, value in headers.items() if name.lower() not in names} | own


@dataclass(slots=True)
class Request:
    """One call of a relay; GET when there is no body."""

    url: str
    headers: dict[str, str]
    body: Row | None = None


def request_of(host: Host, account: Row, path: str, body: Row | None) -> Request:
    """A call of an openai account's relay."""
    url = endpoint(account["credentials"].get("base_url") or "https://api.openai.com", path)
    return Request(url, headers_of(host, account), body)


@asynccontextmanager
async def opened(host: Host, asked: Request, timeout: float | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
    """An open answer of the relay. Failures of the transport become `Unreachable`."""
    method = "GET" if asked.body is None else "POST"
    url = asked.url
    limits = aiohttp.ClientTimeout(total=timeout, sock_connect=10)
    data = None if asked.body is None else orjson.dumps(asked.body)
    # The client library would add a User-Agent of its own where the host sends none.
    skip = ("User-Agent",)
    try:
        async with host.session.request(
            method, url, data=data, headers=asked.headers, timeout=limits, skip_auto_headers=skip
        ) as reply:
            yield reply
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise Unreachable(f'{method.title()} "{url}": {_worded(problem, url)}') from problem


async def call(host: Host, account: Row, path: str, body: Row | None, timeout: float | None = None) -> Reply:
    """The whole answer of an openai account's relay."""
    return await fetch(host, request_of(host, account, path, body), timeout)


async def fetch(host: Host, asked: Request, timeout: float | None = None) -> Reply:
    """The whole answer of a relay."""
    async with opened(host, asked, timeout) as reply:
        return Reply(reply.status, reply.content_type, dict(reply.headers), await reply.read())


def _worded(problem: BaseException, url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(problem, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "tls: failed to verify certificate"
    if isinstance(problem, aiohttp.ClientConnectorError):
        return f"dial tcp {parts.hostname}:{port}: connect: connection refused"
    return "context deadline exceeded" if isinstance(problem, TimeoutError) else "EOF"
