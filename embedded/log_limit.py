"""How much of the functions' log the emulator keeps: it holds all lines in memory, and writes them with its state."""

import threading
from importlib import import_module
from itertools import takewhile
from typing import Any

from embedded.ministack import Load, replace

KEPT_BYTES = 8 * 1024**2  # some ten thousand items
LOGS, FUNCTIONS = "ministack.services.cloudwatch_logs", "ministack.services.lambda_svc"


def limit_logs(load: Load = import_module, most: int = KEPT_BYTES) -> None:
    """From now on the oldest lines go when there are more than ``most`` bytes. Raises ``Changed``."""

    def limiting(found: Any) -> Any:
        kept = _Kept(load(LOGS)._log_groups, most)

        def emit(*arguments: Any, **options: Any) -> None:
            found(*arguments, **options)
            kept.trim()

        return emit

    replace(load, FUNCTIONS, "_emit_lambda_logs", "func request_id log_text error duration_ms log_source", limiting)


class _Kept:
    """The streams of all groups, one for each invocation, oldest first."""

    def __init__(self, groups: Any, most: int) -> None:
        self._groups, self._most, self._bytes = groups, most, 0
        self._sizes: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def trim(self) -> None:
        with self._lock:
            for group, details in list(self._groups.items()):
                self._add_new(group, details["streams"])
            while self._bytes > self._most and len(self._sizes) > 1:
                (group, name), size = next(iter(self._sizes.items()))
                del self._sizes[group, name]
                self._bytes -= size
                self._groups.get(group, {}).get("streams", {}).pop(name, None)

    def _add_new(self, group: str, streams: dict[str, Any]) -> None:
        new = list(takewhile(lambda name: (group, name) not in self._sizes, reversed(streams)))
        for name in reversed(new):
            size = sum(len(event["message"]) for event in streams[name]["events"])
            self._sizes[group, name] = size
            self._bytes += size
