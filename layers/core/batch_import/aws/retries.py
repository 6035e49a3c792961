"""How calls to AWS are repeated: as long as the invocation has time for them, and not begun when it has none.

botocore's own retries know no deadline: a call that hangs would hold its thread, and all that wait for it, past the end
of the invocation. See docs/decisions/0022-lambda-limits.md.
"""

import random
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from botocore.config import Config
from botocore.exceptions import ConnectionError, HTTPClientError, SSLError

from batch_import.domain.clock import Clock
from batch_import.domain.errors import with_causes

CONNECT_SECONDS, READ_SECONDS = 1.0, 4.0
TRY_SECONDS = CONNECT_SECONDS + READ_SECONDS  # that one try may take
RESERVE_SECONDS = 2.0  # after the last try of a call, for queueing what could not be done
TIMEOUTS = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
_TRIES_WITHOUT_END = 8
_SHORTEST, _LONGEST = 0.05, 5.0  # seconds between two tries
THROTTLES = frozenset({
    *("ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded", "ThrottlingException"),
    *("ThrottlingError", "ThrottledException", "RequestLimitExceeded", "RequestThrottled", "Throttling"),
})  # fmt: skip
_PASSING = THROTTLES | {"TransactionInProgressException", "TransactionConflictException"}
_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)  # the second is how Python 3.11.2 with OpenSSL 3 tells it

_end: ContextVar[float | None] = ContextVar("end", default=None)  # threads start without one


class OutOfTime(Exception):
    """The invocation has no time left for a call to AWS; what became of one under way is not known."""


@contextmanager
def ending(seconds: float) -> Iterator[None]:
    """Inside the block calls to AWS end within ``seconds``, or by an earlier end, so that the invocation can."""
    token = _end.set(min(time.monotonic() + seconds, time.monotonic() + seconds_to_end()))
    try:
        yield
    finally:
        _end.reset(token)


def seconds_to_end() -> float:
    """Seconds until this thread's calls to AWS must have ended; infinite when nothing was said."""
    moment = _end.get()
    return float("inf") if moment is None else moment - time.monotonic()


class Patience:
    """Waits before a call is repeated. ``jitter`` gives 0..1."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter

    def wait(self, tries: int) -> bool:
        """Wait after so many tries, longer each time; ``False`` at once when no time is left for another one."""
        pause = min(_LONGEST, _SHORTEST * 2.0 ** (tries - 1)) * (0.5 + 0.5 * self._jitter())
        left = seconds_to_end()
        if pause + TRY_SECONDS + RESERVE_SECONDS > left or (left == float("inf") and tries >= _TRIES_WITHOUT_END):
            return False
        self._clock.sleep(pause)
        return True


def with_patience(client: Any, patience: Patience, needed: float = TRY_SECONDS) -> Any:
    """The boto3 ``client``, which repeats its calls by ``patience``; a repeated transaction keeps its token.

    With less than ``needed`` seconds left no call is begun: it raises ``OutOfTime``.
    """

    def demand_time(**_: Any) -> None:
        if seconds_to_end() < needed:
            raise OutOfTime("no time is left in this invocation for a call to AWS")

    def needs_retry(
        attempts: int, response: Any = None, caught_exception: Exception | None = None, **_: Any
    ) -> float | None:
        return 0.0 if _may_pass(response, caught_exception) and patience.wait(attempts) else None

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
    client.meta.events.register(f"needs-retry.{service}", needs_retry)
    client.meta.events.register(f"before-call.{service}", demand_time)
    return client


def is_throttle(error: BaseException) -> bool:
    """Whether AWS had no capacity for a call, or the invocation no time to wait for it."""
    if isinstance(error, OutOfTime):
        return True
    answer: Any = getattr(error, "response", None) or {}
    reasons = {reason.get("Code") for reason in answer.get("CancellationReasons", ())}
    return answer.get("Error", {}).get("Code") in THROTTLES or not THROTTLES.isdisjoint(reasons)


def is_outage(error: BaseException) -> bool:
    """Whether AWS throttled a call, did not answer it, or failed by itself: what the call was for is not at fault."""
    answer: Any = getattr(error, "response", None) or {}
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return is_throttle(error) or _is_lost(error) or status >= 500


def _may_pass(response: Any, error: Exception | None) -> bool:
    """A lost connection, a 5xx or a throttle; not an answer that would be the same again."""
    if response is None:
        return _is_lost(error)
    http, parsed = response
    return http.status_code >= 500 or parsed.get("Error", {}).get("Code") in _PASSING


def _is_lost(error: BaseException | None) -> bool:
    """Also in the middle of a TLS handshake; a certificate that is refused would be refused again."""
    if isinstance(error, SSLError):
        return any(isinstance(cause, _CUT_OFF) for cause in with_causes(error))
    return isinstance(error, (HTTPClientError, ConnectionError))
