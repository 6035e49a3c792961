"""Runs: creation with its stored list, exact counters, closing exactly once (docs/design.md#4-state)."""

import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from batch_import.domain.clock import Clock, iso
from batch_import.domain.entities import Counters, Run
from batch_import.domain.projection import run_end_state
from batch_import.domain.types import AccessMode, RunState
from batch_import.store.dynamo import Row, Table
from batch_import.store.items import shard_key

_ITEMS_PER_SHARD = 50
_MOST_SHARDS = 32
_RUN = "run"
_PROBE_KEY = "secret#probe_api_key"
RUN_PATIENCE = timedelta(minutes=15)
_IDEMPOTENCY_HOURS = 24
_RECENT_SECONDS = 1.0
_RECENT_RUNS = 50


def shards_for(total_items: int) -> int:
    return max(1, min(_MOST_SHARDS, -(-total_items // _ITEMS_PER_SHARD)))


class SealedKey(NamedTuple):
    """A run's ``probe_api_key``. ``erase_at`` is in seconds of the epoch; the end of the run comes before it."""

    sealed: bytes
    erase_at: int


class RunStore:
    def __init__(self, runs: Table, clock: Clock) -> None:
        self._table = runs
        self._clock = clock
        self._recent: dict[str, tuple[float, Run | None]] = {}
        self._reading = threading.Lock()

    # --- creating

    def create(
        self,
        run: Run,
        list_parts: Mapping[int, Row],
        search: list[bytes],
        idempotency: Row | None,
        probe_key: SealedKey | None = None,
        follows: Run | None = None,
    ) -> bool:
        """Store run, list, search rows, probe key and zeroed counters at once.

        False when ``idempotency`` exists, or when another run has followed ``follows`` since that was read.
        """
        row = {**self._row(run), "search_rows": len(search)}
        parts = [self._table.putting(row, "attribute_not_exists(pk)")]
        parts += [self._table.putting({"pk": run.run_id, "sk": list_key(n), **row}) for n, row in list_parts.items()]
        parts += [
            self._table.putting({"pk": run.run_id, "sk": f"search#{n:03d}", "text": text})
            for n, text in enumerate(search)
        ]
        parts += [self._table.putting(self._counter_row(run, n)) for n in range(run.shards)]
        if probe_key is not None:
            secret = {"sealed": probe_key.sealed, "expires_at": probe_key.erase_at}
            parts.append(self._table.putting({"pk": run.run_id, "sk": _PROBE_KEY, **secret}))
        if idempotency is not None:
            parts.append(self._table.putting(self._idempotency_row(run, idempotency), "attribute_not_exists(pk)"))
        if follows is not None:
            parts.append(self._following(run, follows))
        return self._table.transact(parts)

    def _following(self, run: Run, source: Run) -> Row:
        """The part of a transaction that enters ``run`` with the run whose items it is made of."""
        values: Row = {
            ":followers": [*source.followers, run.run_id],
            ":next": source.followed + 1,
            ":seen": source.followed,
        }
        update = "SET followers = :followers, followed = :next"
        return self._table.updating(source.run_id, _RUN, update, values, "followed = :seen")

    def remembered(self, idempotency_hash: str) -> Row | None:
        """``run_id`` and ``request_hash`` of the run that this Idempotency-Key made, if any."""
        return self._table.get(f"idempotency#{idempotency_hash}", _RUN)

    def _row(self, run: Run) -> Row:
        index = {
            "list_pk": "runs",
            "list_sk": f"{run.started_at}#{run.run_id}",
            "state_pk": run.state,
            "watch_pk": "runs",
            "watch_at": iso(self._clock.now() + RUN_PATIENCE),
        }
        return {"pk": run.run_id, "sk": _RUN, **run.model_dump(mode="python"), **index}

    def _counter_row(self, run: Run, number: int) -> Row:
        return {"pk": run.run_id, "sk": shard_key(number), **Counters().model_dump()}

    def _idempotency_row(self, run: Run, idempotency: Row) -> Row:
        expires = int((self._clock.now() + timedelta(hours=_IDEMPOTENCY_HOURS)).timestamp())
        return {
            "pk": f"idempotency#{idempotency['hash']}",
            "sk": _RUN,
            "run_id": run.run_id,
            "request_hash": idempotency["request_hash"],
            "expires_at": expires,
        }

    # --- reading

    def get(self, run_id: str) -> Run | None:
        row = self._table.get(run_id, _RUN)
        return Run.model_validate(row) if row else None

    def recent(self, run_id: str) -> Run | None:
        """The run as it was at most a second ago: workers ask for each of their items."""
        with self._reading:  # threads that ask meanwhile use what the first one reads
            read_at, run = self._recent.get(run_id, (float("-inf"), None))
            if self._clock.monotonic() - read_at > _RECENT_SECONDS:
                if len(self._recent) > _RECENT_RUNS:
                    self._recent.clear()
                run = self.get(run_id)
                self._recent[run_id] = self._clock.monotonic(), run
        return run

    def get_many(self, run_ids: list[str]) -> list[Run]:
        rows = self._table.get_many([(run_id, _RUN) for run_id in run_ids])
        return [Run.model_validate(rows[run_id, _RUN]) for run_id in run_ids if (run_id, _RUN) in rows]

    def counters(self, run: Run) -> Counters:
        return self.counters_of([run])[run.run_id]

    def counters_of(self, runs: Iterable[Run]) -> dict[str, Counters]:
        runs = list(runs)
        keys = [(run.run_id, shard_key(n)) for run in runs for n in range(run.shards)]
        rows = self._table.get_many(keys)
        sums: dict[str, Counters] = {}
        for run in runs:
            shards = [rows.get((run.run_id, shard_key(n)), {}) for n in range(run.shards)]
            names = Counters.model_fields
            sums[run.run_id] = Counters(**{name: sum(shard.get(name, 0) for shard in shards) for name in names})
        return sums

    def sealed_probe_key(self, run_id: str) -> bytes | None:
        row = self._table.get(run_id, _PROBE_KEY)
        return row["sealed"] if row else None

    def search_texts(self, run_id: str, count: int) -> list[bytes]:
        rows = self._table.get_many([(run_id, f"search#{n:03d}") for n in range(count)], consistent=False)
        return [row["text"] for row in rows.values()]

    # --- the stored list

    def list_part(self, run_id: str, number: int) -> Row | None:
        return self._table.get(run_id, list_key(number))

    def expand(self, run_id: str, number: int, start: int, end: int | None, rows: list[Row]) -> bool:
        """Write item ``rows`` and move the part's pointer from ``start`` to ``end`` (None: done, delete it)."""
        if end is None:
            pointer = self._table.deleting(run_id, list_key(number), "expanded = :start", {":start": start})
        else:
            pointer = self._table.updating(
                run_id, list_key(number), "SET expanded = :end", {":end": end, ":start": start}, "expanded = :start"
            )
        return self._table.transact([pointer, *rows])

    # --- changing

    def close(self, run: Run) -> bool:
        """One conditional write, which erases the run's probe key; False when items are left or somebody closed it
        before. A cancel in between is seen. While the given key is bound, reconcile goes on watching the run.
        """
        if self.counters(run).completed_items < run.total_items:
            return False
        return any(self._close_as_it_is(run) for _ in range(2))

    def _close_as_it_is(self, run: Run) -> bool:
        current = self.get(run.run_id) or run
        counters = self.counters(current)
        if counters.completed_items < run.total_items or current.finished_at is not None:
            return False
        state = run_end_state(current, counters)
        values: Row = {":state": state, ":now": iso(self._clock.now()), ":seen": current.state}
        update = "SET #state = :state, state_pk = :state, finished_at = :now"
        if not current.given_key_is_bound:
            update += " REMOVE watch_pk, watch_at"
        condition = "attribute_not_exists(finished_at) AND #state = :seen"
        parts = [self._table.updating(run.run_id, _RUN, update, values, condition, {"#state": "state"})]
        if current.access_mode is AccessMode.SELF_SERVICE:
            parts.append(self._table.deleting(run.run_id, _PROBE_KEY))
        return self._table.transact(parts)

    def overdue(self, limit: int) -> list[str]:
        """Runs not closed for a while, through the sparse index."""
        rows, _ = self._table.query(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk AND watch_at < :now",
            ExpressionAttributeValues={":pk": "runs", ":now": iso(self._clock.now())},
            Limit=limit,
        )
        return [row["pk"] for row in rows]

    def watched(self) -> list[str]:
        """All runs that are not closed, or hold a key that must be put back, through the sparse index."""
        rows = self._table.query_all(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk",
            ExpressionAttributeValues={":pk": "runs"},
        )
        return [row["pk"] for row in rows]

    def watch_again(self, run_id: str) -> None:
        """Look at the run again later; a closed run is not watched."""
        values: Row = {":at": iso(self._clock.now() + RUN_PATIENCE)}
        self._table.update(run_id, _RUN, "SET watch_at = :at", values, condition="attribute_exists(watch_pk)")

    def stop_watching(self, run_id: str) -> None:
        self._table.update(run_id, _RUN, "REMOVE watch_pk, watch_at", {}, condition="attribute_exists(finished_at)")

    def cancel(self, run_id: str) -> bool:
        """running → cancelled; False when the run has ended already."""
        self._recent.pop(run_id, None)
        values: Row = {":cancelled": RunState.CANCELLED, ":running": RunState.RUNNING}
        update = "SET #state = :cancelled, state_pk = :cancelled"
        return self._table.update(
            run_id, _RUN, update, values, condition="#state = :running", names={"#state": "state"}
        )

    def ask_undo(self, run: Run, idempotency: Row | None) -> bool:
        """An undo of an ended run begins.

        False when another has begun since ``run`` was read, or when ``idempotency`` exists.
        """
        now = self._clock.now()
        values: Row = {":now": iso(now), ":pk": "runs", ":at": iso(now + RUN_PATIENCE)}
        condition = "attribute_not_exists(undo_asked_at)"
        if run.undo_asked_at is not None:
            condition, values[":seen"] = "undo_asked_at = :seen", run.undo_asked_at
        update = "SET undo_asked_at = :now, watch_pk = :pk, watch_at = :at REMOVE undone_at"
        parts = [self._table.updating(run.run_id, _RUN, update, values, condition)]
        if idempotency is not None:
            parts.append(self._table.putting(self._idempotency_row(run, idempotency), "attribute_not_exists(pk)"))
        return self._table.transact(parts)

    def end_undo(self, run: Run) -> None:
        """Reconcile then stops watching the run."""
        values: Row = {":now": iso(self._clock.now()), ":asked": run.undo_asked_at}
        self._table.update(run.run_id, _RUN, "SET undone_at = :now", values, condition="undo_asked_at = :asked")

    def stop_strictly(self, run_id: str) -> None:
        self._recent.pop(run_id, None)
        self._table.update(run_id, _RUN, "SET strict_stopped = :yes", {":yes": True}, condition="attribute_exists(pk)")

    def warn(self, run_id: str, code: str, params: Mapping[str, str]) -> None:
        """Add a warning of the run itself, each code once."""
        entry = {"code": code, "params": dict(params)}
        values: Row = {":new": [entry], ":none": [], ":code": code}
        update = "SET warnings = list_append(if_not_exists(warnings, :none), :new) ADD warning_codes :codes"
        values[":codes"] = {code}
        self._table.update(run_id, _RUN, update, values, condition="NOT contains(warning_codes, :code)")

    def set_self_service(self, run_id: str, facts: Mapping[str, Any], expected: str | None) -> bool:
        """Move the run's self-service proof from phase ``expected`` (None: not begun) to ``facts['phase']``."""
        self._recent.pop(run_id, None)
        values: Row = {":facts": dict(facts)}
        condition = "attribute_not_exists(self_service)"
        if expected is not None:
            condition, values[":phase"] = "self_service.phase = :phase", expected
        return self._table.update(run_id, _RUN, "SET self_service = :facts", values, condition=condition)


def list_key(number: int) -> str:
    return f"list#{number:03d}"
