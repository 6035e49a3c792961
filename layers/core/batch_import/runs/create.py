"""BatchImportService (docs/design.md#4-state): a run is created with its list, and the list becomes items."""

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from batch_import.aws.queue import ITEMS_PER_MESSAGE, MESSAGES_TOGETHER, Work, WorkQueue
from batch_import.consumer.progress import Progress
from batch_import.domain.clock import Clock, iso
from batch_import.domain.contract import CreateRunRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict, NotFound
from batch_import.domain.types import ItemStage, Role, RunSource, RunState
from batch_import.runs.item_list import ImportRow, by_provider, chunks, idempotency_facts, pack_positions
from batch_import.store.dynamo import MOST_PARTS, Row
from batch_import.store.item_index import pages_of
from batch_import.store.items import LONGEST_IN_STAGE, ItemStore, item_id_at
from batch_import.store.listing import pack_search
from batch_import.store.runs import RunStore
from batch_import.store.secrets import PROBE_KEY, SecretStore, list_part

QUEUED_TOGETHER = MESSAGES_TOGETHER * ITEMS_PER_MESSAGE  # what one invocation takes from the queue at once
EXPAND_AT_ONCE = 90  # a list up to this size is expanded by the request itself
_LONGEST_RUN = len(ItemStage) * LONGEST_IN_STAGE  # and a day more; a queue keeps no message as long


class Source(NamedTuple):
    """The ended run whose items are imported again, which of them, and how many others had no key any more.

    ``plans`` are those of the items, one for each position, when a plan is applied.
    """

    run: Run
    positions: Sequence[int]
    left_out_items: int
    plans: Sequence[Row] = ()


class Asked(NamedTuple):
    """What a new run is made of; ``follows`` when it is over items of another run."""

    request: CreateRunRequest
    follows: Source | None = None
    source: RunSource = RunSource.ITEMS
    created_by: Role = Role.OPERATOR


class Started(NamedTuple):
    """``replayed``: an earlier call with the same Idempotency-Key made the run."""

    run: Run
    replayed: bool = False


class BatchImportService:
    """``new_suffix`` gives the random part of a run id; ``key_retention`` is how long a key is kept for retry."""

    def __init__(
        self,
        runs: RunStore,
        items: ItemStore,
        secrets: SecretStore,
        progress: Progress,
        import_queue: WorkQueue,
        clock: Clock,
        new_suffix: Callable[[], str],
        key_retention: timedelta,
    ) -> None:
        self._runs = runs
        self._items = items
        self._secrets = secrets
        self._progress = progress
        self._queue = import_queue
        self._clock = clock
        self._new_suffix = new_suffix
        self._retention = key_retention

    def start_run(
        self,
        request: CreateRunRequest,
        idempotency_key: str | None = None,
        check: Callable[[CreateRunRequest], None] = lambda _: None,
        source: RunSource = RunSource.ITEMS,
    ) -> Started:
        """The same ``idempotency_key`` with the same request answers the first run; with another one: ``Conflict``.

        How long a call waits is no part of the request. ``check`` may raise; a run that was made is not checked again.
        """

        def ask() -> Asked:
            check(request)
            return Asked(request, source=source)

        def worded() -> str:
            return request.model_dump_json(exclude={"confirm_timeout_ms"})

        return self.start(ask, idempotency_facts(worded, idempotency_key))

    def start(self, ask: Callable[[], Asked], idempotency: Row | None) -> Started:
        """Store the run and its list, then expand it here (short) or by queue (long).

        ``ask`` is not called when ``idempotency`` remembers the run that an earlier call made.
        """
        earlier = self.earlier(idempotency)
        if earlier is not None:
            # The first call may have broken off right after storing it.
            return Started(self._set_going(earlier), replayed=True)
        asked = ask()
        run, listed = self._prepare(asked)
        parts = self._store_secrets(run, listed, asked.request.probe_api_key)
        lines = [f"{entry['provider_id']} {entry['base_url']}" for entry in sorted(listed, key=_by_position)]
        search = pack_search(lines)
        run = run.model_copy(update={"list_parts": parts, "search_parts": len(search)})
        follows = asked.follows.run if asked.follows else None
        if not self._runs.create(run, search, " ".join(sorted(set(lines))), idempotency, follows):
            self._secrets.erase_run(run.run_id, [PROBE_KEY, *map(list_part, range(parts))])
            return self.start(ask, idempotency)  # another call came first
        return Started(self._set_going(run))

    def _store_secrets(self, run: Run, listed: list[ImportRow], probe_key: str | None) -> int:
        """Returns in how many parts the list is stored. They outlast any message that expands them."""
        keys_until = run.keys_until or 0
        parts = {list_part(n): part for n, part in enumerate(_packed(listed))}
        self._secrets.new_run(run.run_id, parts, keys_until)
        if probe_key is not None:
            self._secrets.put(run.run_id, {PROBE_KEY: probe_key.encode()}, keys_until)
        return len(parts)

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
        for number, start in self._runs.expanded(run).items():
            if not self._expand_part(run, number, start, may_go_on):
                return False
        return True

    def _expand_lost(self, run: Run, may_go_on: Callable[[], bool]) -> bool:
        """Of a list that cannot be opened any more the addresses are left, in small letters, as they are searched.

        Its items end without a key, and so the run ends.
        """
        lines = b"\n".join(zlib.decompress(text) for text in self._runs.search_texts(run)).decode().splitlines()
        for start in range(0, len(lines), MOST_PARTS):
            if not may_go_on():
                return False
            listed = [_lost(run, n, line) for n, line in enumerate(lines[start : start + MOST_PARTS], start)]
            self._items.add([self._item(run, entry) for entry in listed])
            self._progress.publish()
            self._queue_listed(run, listed)
        for number, start in self._runs.expanded(run).items():
            self._runs.move_pointer(run.run_id, number, start, None)
        return True

    def cancel(self, run_id: str) -> Run:
        """running → cancelled; again is harmless. Raises ``NotFound``, or ``Conflict`` when the run has ended."""
        self._runs.cancel(run_id)
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound("there is no such run", "没有该批次")
        if run.state is not RunState.CANCELLED:
            raise Conflict(f"run {run_id} has ended as {run.state}", f"批次 {run_id} 已结束：{run.state}")
        return run

    def open_probe_key(self, run: Run) -> str | None:
        """The run's ``probe_api_key``, or ``None`` when it has none, or has ended."""
        secret = self._secrets.open(run.run_id, PROBE_KEY)
        return None if secret is None else secret.decode()

    def open_keys(self, run_id: str, item_ids: Sequence[str]) -> dict[str, str]:
        """Upstream keys by item id; an erased one is absent, and so is any after the run's ``keys_until``."""
        run = self._runs.recent(run_id)
        if run is None or (run.keys_until or 0) <= self._clock.now().timestamp():
            return {}
        return {item_id: key.decode() for item_id, key in self._secrets.open_all(run_id, item_ids).items()}

    def earlier(self, idempotency: Row | None) -> Run | None:
        """The run of an earlier call under the same ``Idempotency-Key``; ``Conflict`` when that was another call."""
        remembered = self._runs.remembered(idempotency["hash"]) if idempotency else None
        if remembered is None or idempotency is None:
            return None
        if remembered["request_hash"] != idempotency["request_hash"]:
            raise Conflict("this Idempotency-Key was used for another request", "该 Idempotency-Key 已用于另一个请求")
        return self._runs.get(remembered["run_id"])

    # --- creating

    def _prepare(self, asked: Asked) -> tuple[Run, list[ImportRow]]:
        request = asked.request
        now = self._clock.now()
        listed = by_provider(request.items, request.platform)
        plans = asked.follows.plans if asked.follows else ()
        for entry in listed if plans else ():
            entry["plan"] = plans[entry["position"]]
        run = Run(
            run_id=f"run_{now:%Y%m%d}_{self._new_suffix()}",
            mode=request.mode,
            access_mode=request.access_mode,
            reactivate=request.reactivate,
            platform=request.platform,
            dry_run=request.dry_run,
            subscription_users=tuple(dict.fromkeys(request.subscription_users)),
            subscription_days=request.subscription_days,
            join_groups=tuple(dict.fromkeys(request.join_groups)),
            max_multiplier=_decimal(request.max_multiplier),
            min_balance=_decimal(request.min_balance),
            rate_from_relay=request.rate_from_relay,
            priority_from_speed=request.priority_from_speed,
            host_billing_probe=request.host_billing_probe,
            legacy_batch_id=request.legacy_batch_id,
            label=request.label or None,
            source=asked.source,
            created_by=asked.created_by,
            total_items=len(request.items),
            pages=pages_of(len(request.items)),
            index_page=self._runs.new_index_page(),
            started_at=iso(now),
            keys_until=int((now + _LONGEST_RUN + self._retention).timestamp()),
            **_origin(asked.follows),
        )
        return run, listed

    # --- expanding

    def _expand_part(self, run: Run, number: int, start: int, may_go_on: Callable[[], bool]) -> bool:
        packed = self._secrets.open(run.run_id, list_part(number))
        if packed is None:  # another worker has just expanded it, or a backup without secrets was restored
            return number not in self._runs.expanded(run) or self._expand_lost(run, may_go_on)
        listed: list[ImportRow] = json.loads(zlib.decompress(packed))
        queued = max(0, start - QUEUED_TOGETHER - MOST_PARTS)  # again: a crash may have come before it
        while start < len(listed):
            if not may_go_on():
                break
            end = min(start + MOST_PARTS, len(listed))
            self._add_items(run, listed[start:end])
            if end - queued >= QUEUED_TOGETHER or end == len(listed):  # before the pointer says that it is done
                self._queue_listed(run, listed[queued:end])
                queued = end
            self._runs.move_pointer(run.run_id, number, start, None if end == len(listed) else end)
            start = end
        self._queue_listed(run, listed[queued:start])
        if start < len(listed):
            return False
        self._secrets.erase(run.run_id, [list_part(number)])
        return True

    def _add_items(self, run: Run, entries: Sequence[ImportRow]) -> None:
        """The keys come first. An item that is there already has been at work; its key may have been erased since."""
        keys = {item_id_at(entry["position"]): entry["api_key"].encode() for entry in entries}
        self._secrets.put(run.run_id, keys, run.keys_until or 0)
        known = self._items.add([self._item(run, entry) for entry in entries])
        self._secrets.erase(run.run_id, [item.item_id for item in known if not item.needs_key])
        self._progress.publish()

    def _queue_listed(self, run: Run, listed: Iterable[ImportRow]) -> None:
        """Duplicates wait for their primary, whose end queues them."""
        self._queue.send_items(
            run.run_id, [item_id_at(entry["position"]) for entry in listed if "duplicate_of" not in entry]
        )

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


def _lost(run: Run, position: int, line: str) -> ImportRow:
    """What the search knows of an item: its provider and its address."""
    provider_id, base_url = line.split(" ", 1)
    known = {"position": position, "provider_id": provider_id, "base_url": base_url}
    return {**known, "key_digest": "unknown", "requested_models": [], "platform_wish": run.platform}


def _packed(listed: list[ImportRow]) -> list[bytes]:
    return [zlib.compress(json.dumps(chunk).encode()) for chunk in chunks(listed)]


def _by_position(entry: ImportRow) -> int:
    return int(entry["position"])


def _decimal(amount: float | None) -> Decimal | None:
    """DynamoDB takes no floats."""
    return None if amount is None else Decimal(str(amount))


def _origin(source: Source | None) -> dict[str, Any]:
    """The fields of a run that is made of another one's items."""
    if source is None:
        return {}
    return {
        "plan_of" if source.plans else "retry_of": source.run.run_id,
        "source_items": pack_positions(source.positions),
        "left_out_items": source.left_out_items,
    }
