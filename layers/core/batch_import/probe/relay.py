"""One relay's HTTP, with a budget of requests (docs/design.md#21-probe)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from batch_import.domain.answers import Answer
from batch_import.domain.types import AuthStyle

T = TypeVar("T")
Exchange = Callable[..., Answer]

MAX_REQUESTS = 12
LIST_TIMEOUT = 30.0
COMPLETION_TIMEOUT = 40.0
_ANTHROPIC_VERSION = "2023-06-01"
_helpers = ThreadPoolExecutor(400, "relay")  # shared: to start threads for each relay is dearer than what they ask


def together(*questions: Callable[[], T]) -> list[T]:
    """Answers in the order of ``questions``, which are asked at once; the first by the calling thread. All of them keep
    the calling thread's deadline.
    """
    others = [_helpers.submit(copy_context().run, question) for question in questions[1:]]
    return [questions[0](), *(other.result() for other in others)]


class Relay:
    """Calls to one upstream with one key. ``exchange`` is ``http.exchange`` bound to a guarded session."""

    def __init__(self, exchange: Exchange, api_key: str) -> None:
        self._exchange = exchange
        self._api_key = api_key
        self.requests_left = MAX_REQUESTS

    def get(self, url: str, style: AuthStyle) -> Answer:
        return self._call("GET", url, style, None, LIST_TIMEOUT)

    def post(self, url: str, style: AuthStyle, body: Any) -> Answer:
        return self._call("POST", url, style, body, COMPLETION_TIMEOUT)

    def repeats_key(self, text: str) -> bool:
        """A model id, say, that holds the key: it must not travel on."""
        return self._api_key in text

    def _call(self, method: str, url: str, style: AuthStyle, body: Any, timeout: float) -> Answer:
        self.requests_left -= 1
        return self._exchange(method, url, headers=self._headers(style, url), body=body, timeout=timeout)

    def _headers(self, style: AuthStyle, url: str) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if url.endswith("/messages"):
            headers["anthropic-version"] = _ANTHROPIC_VERSION
        name, value = {
            AuthStyle.X_API_KEY: ("x-api-key", self._api_key),
            AuthStyle.API_KEY: ("api-key", self._api_key),
        }.get(style, ("Authorization", f"Bearer {self._api_key}"))
        return {**headers, name: value}
