"""Which account answered a completion: a good answer of another account proves nothing of ours.

See docs/host-api.md#who-served.
"""

from collections.abc import Callable
from typing import Any

from batch_import.domain.answers import Answer
from batch_import.domain.clock import Clock
from batch_import.host.client import HostClient
from batch_import.host.errors import HostError

_LOOKS = 5
_POLL = 0.1


class ServedByLookup:
    """Lives as long as the process. ``None`` always means: the host does not say."""

    def __init__(self, host: HostClient, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    def mark(self, key_id: int) -> int | None:
        """Before asking: the key's newest usage row, on old hosts that cannot be asked for one request."""
        return None if self._host.at_least(0, 1, 133) else self._newest(key_id).get("id", 0)

    def served_by(self, answer: Answer, key_id: int, mark: int | None) -> int | None:
        """The account behind a good answer. Usage is written a moment later; an old host may not write it.

        See docs/host-api.md#usage-on-old-hosts.
        """
        wanted = answer.headers.get("x-client-request-id")
        if wanted is None and mark is None:
            return None

        def written() -> dict[str, Any] | None:
            row = self._host.usage_of_request(f"client:{wanted}") if wanted else self._newest(key_id)
            return row if row and (wanted or int(row["id"]) > (mark or 0)) else None

        row = self._awaited(written)
        return int(row["account_id"]) if row else None

    def failed_on(self, request_id: str) -> int | None:
        """The account behind a failure, from the host's error log, which is written a moment later."""
        try:
            row = self._awaited(lambda: self._host.error_of_request(request_id))
        except HostError:
            return None
        return int(row["account_id"]) if row and row.get("account_id") else None

    def _awaited(self, look: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        for seen in range(_LOOKS):
            if seen:
                self._clock.sleep(_POLL)
            if (row := look()) is not None:
                return row
        return None

    def _newest(self, key_id: int) -> dict[str, Any]:
        return self._host.newest_usage(key_id) or {}
