"""Sealed keys and lists, in a table without point-in-time recovery: what is erased is in no backup of it.

See docs/design.md#26-secrets and docs/decisions/0023-tables.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from batch_import.domain.clock import Clock
from batch_import.store.dynamo import Row, Table

if TYPE_CHECKING:
    from batch_import.store.vault import KeyVault

logger = logging.getLogger(__name__)
PROBE_KEY = "probe_api_key"
_DATA_KEY = "data_key"
_SEALED = "sealed"
_RUNS_KEPT = 64


def list_part(number: int) -> str:
    """The place of a part of a run's list."""
    return f"list#{number}"


class SecretStore:
    """The secrets of runs, each at a ``place``: an item's id, a part of the list, or ``PROBE_KEY``.

    They are sealed by the run's data key, which stands beside them and goes with the last of them. They are erased when
    they are needed no more. A secret past its ``expires_at`` (seconds of the epoch) reads as erased, and the table's
    time to live deletes it. One that cannot be opened any more reads as erased as well: a backup without secrets came
    back with other keys.
    """

    def __init__(self, table: Table, make_vault: Callable[[], KeyVault], clock: Clock) -> None:
        """``make_vault`` is called when something is sealed or opened; erasing needs none."""
        self._table = table
        self._make_vault = make_vault
        self._clock = clock
        self._data_keys: dict[str, bytes] = {}  # sealed

    def new_run(self, run_id: str, secrets: Mapping[str, bytes], expires_at: int) -> None:
        """Make the run's data key, and store ``secrets`` by place."""
        data_key = self._make_vault().new_data_key(run_id)
        self._table.put_all([_row(run_id, _DATA_KEY, data_key, expires_at)])
        self._put(run_id, data_key, secrets, expires_at)

    def put(self, run_id: str, secrets: Mapping[str, bytes], expires_at: int) -> None:
        """Store more ``secrets`` of a run. They are left out when its data key has been erased."""
        data_key = self._data_key(run_id)
        if data_key is not None:
            self._put(run_id, data_key, secrets, expires_at)

    def open(self, run_id: str, place: str) -> bytes | None:
        """A secret in the clear, or ``None`` when it has been erased."""
        return self.open_all(run_id, [place]).get(place)

    def open_all(self, run_id: str, places: Sequence[str]) -> dict[str, bytes]:
        """Secrets in the clear, by place; an erased one is absent."""
        data_key = self._data_key(run_id)
        if data_key is None:
            return {}
        rows = self._table.get_many([_key(run_id, place) for place in places])
        held = {place: row["data"] for place in places if (row := rows.get(_key(run_id, place))) and self._is_held(row)}
        opened = {place: self._opened(run_id, data_key, place, sealed) for place, sealed in held.items()}
        return {place: secret for place, secret in opened.items() if secret is not None}

    def erase(self, run_id: str, places: Iterable[str]) -> None:
        self._table.delete_all(_key(run_id, place) for place in places)

    def erase_run(self, run_id: str, places: Iterable[str]) -> None:
        """Erase the secrets at ``places``, and the data key: whatever else is left cannot be opened any more."""
        self._data_keys.pop(run_id, None)
        self.erase(run_id, [*places, _DATA_KEY])

    def _opened(self, run_id: str, data_key: bytes, place: str, sealed: bytes) -> bytes | None:
        vault = self._make_vault()
        from cryptography.exceptions import InvalidTag  # slow to load; the vault has loaded it

        try:
            return vault.open(run_id, data_key, place, sealed)
        except InvalidTag:
            logger.error("a stored secret cannot be opened", extra={"run_id": run_id, "place": place})
            return None

    def _put(self, run_id: str, data_key: bytes, secrets: Mapping[str, bytes], expires_at: int) -> None:
        vault = self._make_vault()
        self._table.put_all(
            _row(run_id, place, vault.seal(run_id, data_key, place, secret), expires_at)
            for place, secret in secrets.items()
        )

    def _data_key(self, run_id: str) -> bytes | None:
        """Sealed; read once by a process."""
        known = self._data_keys.get(run_id)
        if known is None:
            row = self._table.get(*_key(run_id, _DATA_KEY))
            if row is None or not self._is_held(row):
                return None
            if len(self._data_keys) >= _RUNS_KEPT:
                self._data_keys.clear()
            known = self._data_keys[run_id] = row["data"]
        return known

    def _is_held(self, row: Row) -> bool:
        return bool(row["expires_at"] > self._clock.now().timestamp())


def _key(run_id: str, place: str) -> tuple[str, str]:
    return f"{run_id}#{place}", _SEALED


def _row(run_id: str, place: str, data: bytes, expires_at: int) -> Row:
    pk, sk = _key(run_id, place)
    return {"pk": pk, "sk": sk, "data": data, "expires_at": expires_at}
