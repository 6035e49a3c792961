"""One call to the host: both error envelopes, string and int codes, bounded retries for safe calls only."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

from pydantic_core import from_json
from urllib3 import BaseHTTPResponse, make_headers
from urllib3.connection import port_by_scheme
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util import Url, parse_url

from batch_import.domain.clock import SYSTEM_CLOCK, Clock
from batch_import.domain.redaction import redacted
from batch_import.host.errors import (
    HostError,
    HostGated,
    HostNotConfigured,
    HostRefusesCredentials,
    HostRejected,
    HostUnavailable,
    HostUncertain,
    NoTimeLeft,
)
from batch_import.net.deadline import POOLS, deadline, seconds_left
from batch_import.net.http import request
from batch_import.net.own_faults import raise_own_fault
from batch_import.net.tls import tls_context
from batch_import.net.user_agent import USER_AGENT

TIMEOUT = 15.0  # of one call to the admin API, from its first byte to its last
_SAFE_TRIES = 3
_SILENT = (0, 502, 503, 504)  # nobody, or only the proxy before it
_PAUSE = 0.3


class Decision(Protocol):
    @property
    def free_wait(self) -> float: ...


class Breaker(Protocol):
    """The part of ``CircuitBreaker`` that is used here; ``coordination`` stands on the same floor."""

    def failed(self) -> Decision: ...
    def works(self) -> None: ...


class HostTransport:
    """Sends JSON and unwraps ``{code, message, data}``. All threads share one pool, which keeps ``connections``.

    The host is one origin and the operator's own choice: no guard, no redirects, no proxies, no cookies. Going through
    ``requests`` all the same would cost twice the CPU. ``breaker`` hears whether the host answers at all: not, when a
    safe call failed three times without a word of it.
    """

    def __init__(
        self,
        base_url: str,
        admin_key: str,
        breaker: Breaker | None = None,
        connections: int = 64,
        clock: Clock = SYSTEM_CLOCK,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Raises ``HostNotConfigured`` when ``base_url`` is no address."""
        self._breaker = breaker
        self._clock = clock
        self._admin = {"x-api-key": admin_key.strip()}
        address = _address(base_url.strip())
        self._path = (address.path or "").rstrip("/")
        self._common = make_headers(
            keep_alive=True, accept_encoding=True, user_agent=USER_AGENT, basic_auth=_credentials_in(address)
        )
        secure = {"ssl_context": tls or tls_context()} if address.scheme == "https" else {}
        self._pool = POOLS[address.scheme or ""](address.host or "", address.port, maxsize=connections, **secure)

    def close(self) -> None:
        self._pool.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        timeout: float = TIMEOUT,
    ) -> BaseHTTPResponse:
        """One request; the body of the answer is not read yet. Raises ``urllib3``'s ``HTTPError`` or ``ValueError``."""
        target = f"{self._path}{path}" + (f"?{urlencode(params)}" if params else "")
        return request(self._pool, method, target, {**headers, **self._common}, body, timeout)

    def get(self, path: str, params: Mapping[str, Any] | None = None, bearer: str | None = None) -> Any:
        """A safe call: tried three times. Raises a ``HostError``."""
        for attempt in range(_SAFE_TRIES):
            try:
                return self._call("GET", path, params=params, bearer=bearer)
            except NoTimeLeft:
                raise
            except HostUnavailable as error:
                if seconds_left() <= 0:
                    raise NoTimeLeft(str(error)) from None
                if attempt == _SAFE_TRIES - 1:
                    raise self.silent(error) from None
                self._clock.sleep(_PAUSE * 2**attempt)
        raise AssertionError("unreachable")

    def write(
        self, method: str, path: str, body: Any = None, *, idempotency_key: str | None = None, bearer: str | None = None
    ) -> Any:
        """A write, sent once. Raises ``HostRejected`` or ``HostUncertain``, among others."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._call(method, path, body=body if body is not None else {}, headers=headers, bearer=bearer)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
    ) -> Any:
        safe = method == "GET"
        sent = {**(headers or {}), **self._credentials(bearer)}
        timeout = min(TIMEOUT, seconds_left())
        if timeout <= 0:
            raise NoTimeLeft(f"no time was left for {method} {path.split('?')[0]}")
        try:
            with (
                deadline(timeout),
                self.send(method, path, headers=sent, params=params, body=body, timeout=timeout) as response,
            ):
                text = response.data.decode("utf-8", "replace")
        except (HTTPError, OSError, ValueError, MemoryError) as error:
            raise_own_fault(error)
            never_sent = isinstance(error, ConnectTimeoutError)
            kind = HostUnavailable if safe or never_sent else HostUncertain
            raise kind(f"no answer from the host to {method} {path.split('?')[0]}") from None
        if self._breaker is not None and response.status not in _SILENT:
            self._breaker.works()
        return unwrap(response.status, _json(text), text, safe, secret=bearer or self._admin["x-api-key"])

    def _credentials(self, bearer: str | None) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {bearer}"} if bearer else self._admin

    def silent(self, error: HostError) -> HostError:
        """``error``, told to all workers when it means that the host does not answer."""
        if self._breaker is not None and error.status in _SILENT:
            error.wait = self._breaker.failed().free_wait
        return error

    def admin_headers(self) -> Mapping[str, str]:
        return self._admin


def _address(base_url: str) -> Url:
    with suppress(HTTPError):
        address = parse_url(base_url)
        if address.scheme in POOLS and address.host:
            return address
    raise HostNotConfigured("the host's base_url is no address: http:// or https:// and a name")


def canonical_address(base_url: str) -> str:
    """One text for every spelling of a host's address: no credentials, no default port, no slash or dot at an end.

    Raises ``HostNotConfigured`` when ``base_url`` is no address.
    """
    address = _address(base_url.strip())
    port = None if address.port == port_by_scheme[address.scheme or ""] else address.port
    return Url(address.scheme, None, (address.host or "").rstrip("."), port, (address.path or "").rstrip("/")).url


def _credentials_in(address: Url) -> str | None:
    """Those of a proxy before the host that asks for them."""
    return unquote(address.auth) if address.auth and ":" in address.auth else None


def unwrap(status: int, body: Any, text: str, safe: bool, secret: str | None = None) -> Any:
    """``data`` of a success envelope; a ``HostError`` for anything else (docs/host-api.md#envelopes).

    The host's own words are told without ``secret``, the credential of the call.
    """
    if status == 200 and isinstance(body, dict) and body.get("code") == 0:
        return body.get("data")
    message, reason = _words(body, text)
    message = redacted(message, secret)
    raise _error_class(status, safe)(
        f"host answered {status}: {message}", status=status, reason=reason, retry_after=_retry_after(body)
    )


def _error_class(status: int, safe: bool) -> type[HostError]:
    if status == 423:
        return HostGated
    if status == 401:
        return HostRefusesCredentials
    if status == 429 or (safe and (status >= 500 or status < 400)):
        return HostUnavailable
    return HostUncertain if status >= 500 or status < 400 else HostRejected


def _words(body: Any, text: str) -> tuple[str, str]:
    if not isinstance(body, dict):
        return " ".join(text.split())[:200], ""
    code = body.get("code")
    reason = body.get("reason") or (code if isinstance(code, str) else "")
    return str(body.get("message") or body.get("error") or "")[:200], str(reason)


def _retry_after(body: Any) -> int:
    """Seconds, of ``metadata`` (docs/host-api.md#idempotency-in-progress)."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    said = str(metadata.get("retry_after", "")) if isinstance(metadata, dict) else ""
    return int(said) if said.isdecimal() else 0


def _json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None
