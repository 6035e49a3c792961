"""One relay's HTTP, with a budget of requests (docs/design.md#21-probe)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin

from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.clock import Clock
from batch_import.domain.politeness import PROBE_REQUESTS
from batch_import.domain.types import AuthStyle
from batch_import.domain.urls import origin_of

T = TypeVar("T")
Exchange = Callable[..., Answer]

MAX_REQUESTS = PROBE_REQUESTS
LIST_TIMEOUT = 30.0
COMPLETION_TIMEOUT = 40.0
PEEK_TIMEOUT = 6.0  # of what is only read on the side: it must not hold up the proof
MAX_LIST = 2 * 1024 * 1024
MAX_PEEK = 256 * 1024
MAX_COMPLETION = 64 * 1024
_KEEP_METHOD = (307, 308)
_ANTHROPIC_VERSION = "2023-06-01"
_helpers = ThreadPoolExecutor(400, "relay")  # shared: to start threads for each relay is dearer than what they ask


def together(*questions: Callable[[], T]) -> list[T]:
    """Answers in the order of ``questions``, which are asked at once; the first by the calling thread. All of them keep
    the calling thread's deadline.
    """
    others = [_helpers.submit(copy_context().run, question) for question in questions[1:]]
    try:
        first = questions[0]()
    finally:
        wait(others)
    return [first, *(other.result() for other in others)]


def spaced(exchange: Exchange, seconds: float, clock: Clock) -> Exchange:
    """``exchange`` that waits ``seconds`` before each call, counted from the call before; for all threads together.

    It waits before the first one, too: an item before it may have asked the same relay just now.
    """
    lock, turn = threading.Lock(), clock.monotonic()

    def in_turn(*request: Any, **how: Any) -> Answer:
        nonlocal turn
        with lock:
            now = clock.monotonic()
            turn = max(now, turn) + seconds
            pause = turn - now
        clock.sleep(pause)
        return exchange(*request, **how)

    return in_turn


class Relay:
    """Calls to one upstream with one key. ``exchange`` is ``http.exchange`` bound to a guarded session.

    ``requests`` is its budget. The key is shown in a header, or as ``?key=`` where the style is UNKNOWN (Gemini's
    protocol alone).
    """

    def __init__(self, exchange: Exchange, api_key: str, requests: int = MAX_REQUESTS) -> None:
        self._exchange = exchange
        self._api_key = api_key
        self._lock = threading.Lock()
        self._requests_left = requests

    @property
    def requests_left(self) -> int:
        return self._requests_left

    def get(self, url: str, style: AuthStyle) -> Answer:
        return self._call("GET", url, style, None, LIST_TIMEOUT, MAX_LIST)

    def peek(self, url: str, style: AuthStyle) -> Answer:
        """A small answer, or none: for what is good to know and decides nothing. Its connection is not kept: an item
        keeps three, for what is asked at once (docs/decisions/0022-lambda-limits.md).
        """
        return self._call("GET", url, style, None, PEEK_TIMEOUT, MAX_PEEK, kept=False)

    def post(self, url: str, style: AuthStyle, body: Any) -> Answer:
        """A redirect within the origin that keeps the method is followed once, as the host does it."""
        answer = self._call("POST", url, style, body, COMPLETION_TIMEOUT, MAX_COMPLETION)
        if answer.status not in _KEEP_METHOD or not answer.redirect_target:
            return answer
        target = urljoin(url, answer.redirect_target)
        if origin_of(target) != origin_of(url):
            return answer
        followed = self._call("POST", target, style, body, COMPLETION_TIMEOUT, MAX_COMPLETION)
        return answer if followed.trouble is Trouble.NOT_ASKED else followed

    def repeats_key(self, text: str) -> bool:
        """A model id, say, that holds the key: it must not travel on."""
        return self._api_key in text

    def _call(
        self, method: str, url: str, style: AuthStyle, body: Any, timeout: float, max_body: int, *, kept: bool = True
    ) -> Answer:
        """One request, unless the budget is spent: several threads count."""
        with self._lock:
            if self._requests_left <= 0:
                return Answer(trouble=Trouble.NOT_ASKED)
            self._requests_left -= 1
        headers = {**self._headers(style, url), **({} if kept else {"Connection": "close"})}
        if style is AuthStyle.UNKNOWN:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode({'key': self._api_key})}"
        return self._exchange(method, url, headers=headers, body=body, timeout=timeout, max_body=max_body)

    def _headers(self, style: AuthStyle, url: str) -> dict[str, str]:
        headers = {"Accept": "application/json, text/event-stream"}
        if style is AuthStyle.X_API_KEY or "/messages" in url:
            headers["anthropic-version"] = _ANTHROPIC_VERSION
        if style is AuthStyle.UNKNOWN:
            return headers
        name, value = {
            AuthStyle.X_API_KEY: ("x-api-key", self._api_key),
            AuthStyle.API_KEY: ("api-key", self._api_key),
            AuthStyle.X_GOOG_API_KEY: ("x-goog-api-key", self._api_key),
        }.get(style, ("Authorization", f"Bearer {self._api_key}"))
        return {**headers, name: value}
