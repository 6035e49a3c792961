"""Was it used? Usage rows of anybody but the service itself (docs/design.md#37-undo)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from batch_import.domain.clock import parse
from batch_import.host.client import Json


class GivenKey(NamedTuple):
    """The ``probe_api_key`` of a run, and until when its rows may be those of the run's proof."""

    key_id: int
    until: datetime


class UsageRecords:
    def __init__(self, own_keys: frozenset[int], given_key: GivenKey | None = None) -> None:
        """``own_keys`` are ids of the gateway keys that proofs use."""
        self._own_keys = own_keys
        self._given_key = given_key

    def used(
        self, rows: Iterable[Json], since: datetime | None = None, counts: Callable[[Json], bool] = lambda _: True
    ) -> bool:
        """Is one of ``rows``, newest first, somebody else's? Those before ``since`` are not read."""
        for row in rows:
            at = parse(str(row["created_at"]))
            if since is not None and at < since:
                return False
            if not self.is_own(row, at) and counts(row):
                return True
        return False

    def is_own(self, row: Json, at: datetime) -> bool:
        if row.get("api_key_id") in self._own_keys:
            return True
        given = self._given_key
        return given is not None and row.get("api_key_id") == given.key_id and at <= given.until

    def is_own_key(self, key_id: int) -> bool:
        return key_id in self._own_keys
