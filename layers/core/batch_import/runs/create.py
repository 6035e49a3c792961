"""BatchImportService (docs/design.md#4-state): a run is created with its list, and the list becomes items."""

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from batch_import.aws.queue import ITEMS_PER_MESSAGE, MESSAGES_TOGETHER, Work, WorkQueue
from batch_import.domain.clock import Clock, iso
from batch_import.domain.contract import CreateRunRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict, NotFound, TooLarge
from batch_import.domain.types import ItemStage, RunState
from batch_import.runs.item_list import (
    ImportRow,
    by_provider,
    chunks,
    idempotency_facts,
    item_id_at,
    pack_positions,
)
from batch_import.store.dynamo import Row
from batch_import.store.items import ItemStore
from batch_import.store.listing import pack_search
from batch_import.store.runs import RunStore, SealedKey, shards_for
from batch_import.store.vault import KeyVault

ITEMS_PER_TRANSACTION = 45  # two rows an item and the pointer: at most 100 actions
QUEUED_TOGETHER = MESSAGES_TOGETHER * ITEMS_PER_MESSAGE  # what one invocation takes from the queue at once
EXPAND_AT_ONCE = 90  # a list up to this size is expanded by the request itself
PROBE_KEY = "probe_api_key"
_TRANSACTION_BYTES = 3_900_000


class Source(NamedTuple):
    """The ended run whose items are imported again, which of them, and how many others had no key any more.

    ``plans`` are those of the items, one for each position, when a plan is applied.
    """

    run: Run
    positions: Sequence[int]
    left_out_items: int
    plans: Sequence[Row] = ()


class Asked(NamedTuple):
    """What a new run is made of."""

    request: CreateRunRequest
    source: Source | None = None


class BatchImportService:
    """``new_suffix`` gives the random part of a run id; ``key_retention`` is how long a key may be kept for retry."""

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        vault: KeyVault,
        import_queue: WorkQueue,
        clock: Clock,
        new_suffix: Callable[[], str],
        key_retention: timedelta,
    ) -> None:
        self._runs = runs
        self._items = items
        self._vault = vault
        self._queue = import_queue
        self._clock = clock
        self._new_suffix = new_suffix
        self._retention = key_retention

    def start_run(self, request: CreateRunRequest, idempotency_key: str | None = None) -> Run:
        """The same ``idempotency_key`` with the same request answers the first run; with another one: ``Conflict``."""
        return self.start(lambda: Asked(request), idempotency_facts(request.model_dump_json, idempotency_key))

    def start(self, ask: Callable[[], Asked], idempotency: Row | None) -> Run:
        """Store the run and its list in one transaction, then expand it here (short) or by queue (long).

        ``ask`` is not called when ``idempotency`` remembers the run that an earlier call made.
        """
        earlier = self.earlier(idempotency)
        if earlier is not None:
            return self._set_going(earlier)  # the first call may have broken off right after storing it
        asked = ask()
        run, parts, search = self._prepare(asked)
        follows = asked.source.run if asked.source else None
        probe_key = self._probe_key(run, asked.request.probe_api_key)
        if not self._runs.create(run, parts, search, idempotency, probe_key, follows):
            return self.start(ask, idempotency)  # another call came first
        return self._set_going(run)

    def _set_going(self, run: Run) -> Run:
        if run.total_items <= EXPAND_AT_ONCE:
            self.expand(run)
        else:
            self._queue.send([Work(run.run_id, expand=True)])
        return run

    def expand(self, run: Run, may_go_on: Callable[[], bool] = lambda: True) -> bool:
        """Turn what is left of the stored list into items and queue them; False when time ran out before the end.

        Repetition is harmless: ids follow from positions, a pointer on each part says how far it got, and queueing
        twice is what the rows sort out.
        """
        number = 0
        while (part := self._runs.list_part(run.run_id, number)) is not None or number < run.list_parts:
            if part is not None and not self._expand_part(run, number, part, may_go_on):
                return False
            number += 1
        return True

    def cancel(self, run_id: str) -> Run:
        """running → cancelled; again is harmless. Raises ``NotFound``, or ``Conflict`` when the run has ended."""
        self._runs.cancel(run_id)
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound("there is no such run")
        if run.state is not RunState.CANCELLED:
            raise Conflict(f"run {run_id} has ended as {run.state}")
        return run

    def open_key(self, run: Run, item_id: str) -> str | None:
        """An item's upstream key, or ``None`` when it has been erased."""
        sealed = self._items.sealed_key(run.run_id, item_id)
        return self.unseal(run, item_id, sealed) if sealed else None

    def open_probe_key(self, run: Run) -> str | None:
        """The run's ``probe_api_key``, or ``None`` when it has none, or has ended."""
        sealed = self._runs.sealed_probe_key(run.run_id)
        return self.unseal(run, PROBE_KEY, sealed) if sealed else None

    def unseal(self, run: Run, place: str, sealed: bytes) -> str:
        """A key of ``run`` in the clear; ``place`` is its item's id."""
        return self._vault.open(run.run_id, run.sealed_data_key, place, sealed).decode()

    def earlier(self, idempotency: Row | None) -> Run | None:
        """The run of an earlier call under the same ``Idempotency-Key``; ``Conflict`` when that was another call."""
        remembered = self._runs.remembered(idempotency["hash"]) if idempotency else None
        if remembered is None or idempotency is None:
            return None
        if remembered["request_hash"] != idempotency["request_hash"]:
            raise Conflict("this Idempotency-Key was used for another request")
        return self._runs.get(remembered["run_id"])

    # --- creating

    def _prepare(self, asked: Asked) -> tuple[Run, dict[int, Row], list[bytes]]:
        request = asked.request
        now = self._clock.now()
        run_id = f"run_{now:%Y%m%d}_{self._new_suffix()}"
        data_key = self._vault.new_data_key(run_id)
        listed = by_provider(request.items, request.platform)
        plans = asked.source.plans if asked.source else ()
        for entry in listed if plans else ():
            entry["plan"] = plans[entry["position"]]
        parts = self._seal_list(run_id, data_key, listed)
        search = pack_search(sorted({f"{entry['provider_id']} {entry['base_url']}" for entry in listed}))
        run = Run(
            run_id=run_id,
            mode=request.mode,
            access_mode=request.access_mode,
            reactivate=request.reactivate,
            platform=request.platform,
            dry_run=request.dry_run,
            subscription_users=tuple(dict.fromkeys(request.subscription_users)),
            subscription_days=request.subscription_days,
            join_groups=tuple(dict.fromkeys(request.join_groups)),
            legacy_batch_id=request.legacy_batch_id,
            total_items=len(request.items),
            list_parts=len(parts),
            shards=shards_for(len(request.items)),
            started_at=iso(now),
            sealed_data_key=data_key,
            **_origin(asked.source),
        )
        if sum(len(row["sealed"]) for row in parts.values()) + sum(map(len, search)) > _TRANSACTION_BYTES:
            raise TooLarge("the list is too large: split it into several runs")
        return run, parts, search

    def _probe_key(self, run: Run, api_key: str | None) -> SealedKey | None:
        if api_key is None:
            return None
        sealed = self._vault.seal(run.run_id, run.sealed_data_key, PROBE_KEY, api_key.encode())
        return SealedKey(sealed, self._erase_at())

    def _erase_at(self) -> int:
        return int((self._clock.now() + self._retention).timestamp())

    def _seal_list(self, run_id: str, data_key: bytes, listed: list[ImportRow]) -> dict[int, Row]:
        parts: dict[int, Row] = {}
        for chunk in chunks(listed):
            number = len(parts)
            packed = zlib.compress(json.dumps(chunk).encode())
            parts[number] = {"sealed": self._vault.seal(run_id, data_key, f"list#{number}", packed), "expanded": 0}
        return parts

    # --- expanding

    def _expand_part(self, run: Run, number: int, part: Row, may_go_on: Callable[[], bool]) -> bool:
        packed = self._vault.open(run.run_id, run.sealed_data_key, f"list#{number}", part["sealed"])
        listed: list[ImportRow] = json.loads(zlib.decompress(packed))
        start = int(part["expanded"])
        queued = max(0, start - QUEUED_TOGETHER - ITEMS_PER_TRANSACTION)  # again: a crash may have come before it
        while start < len(listed):
            if not may_go_on():
                break
            end = min(start + ITEMS_PER_TRANSACTION, len(listed))
            rows = [row for entry in listed[start:end] for row in self._rows(run, self._item(run, entry), entry)]
            self._runs.expand(run.run_id, number, start, None if end == len(listed) else end, rows)
            start = end
            if start - queued >= QUEUED_TOGETHER:
                self._queue_listed(run, listed[queued : queued + QUEUED_TOGETHER])
                queued += QUEUED_TOGETHER
        self._queue_listed(run, listed[queued:start])
        return start == len(listed)

    def _queue_listed(self, run: Run, listed: Iterable[ImportRow]) -> None:
        """Duplicates wait for their primary, whose end queues them."""
        self._queue.send_items(
            run.run_id, [item_id_at(entry["position"]) for entry in listed if "duplicate_of" not in entry]
        )

    def _rows(self, run: Run, item: Item, entry: ImportRow) -> list[Row]:
        sealed = self._vault.seal(run.run_id, run.sealed_data_key, item.item_id, entry["api_key"].encode())
        return self._items.new_rows(item, sealed, self._erase_at())

    def _item(self, run: Run, entry: ImportRow) -> Item:
        now = iso(self._clock.now())
        position = entry["position"]
        primary = entry.get("duplicate_of")
        return Item(
            run_id=run.run_id,
            item_id=item_id_at(position),
            position=position,
            base_url=entry["base_url"],
            provider_id=entry["provider_id"],
            key_digest=entry["key_digest"],
            requested_models=tuple(entry["requested_models"]),
            platform_wish=entry["platform_wish"],
            legacy_provider_id=entry.get("legacy_provider_id"),
            label=entry.get("label"),
            duplicate_of=None if primary is None else item_id_at(primary),
            duplicates=tuple(item_id_at(p) for p in entry.get("duplicates", ())),
            plan=entry.get("plan"),
            current_stage=ItemStage.PROBE if primary is None else ItemStage.VALIDATE,
            created_at=now,
            updated_at=now,
        )


def _origin(source: Source | None) -> dict[str, Any]:
    """The fields of a run that is made of another one's items."""
    if source is None:
        return {}
    return {
        "plan_of" if source.plans else "retry_of": source.run.run_id,
        "source_items": pack_positions(source.positions),
        "left_out_items": source.left_out_items,
    }
