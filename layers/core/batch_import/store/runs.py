"""Runs: creation with its stored list, sums, closing exactly once (docs/design.md#4-state)."""

import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from batch_import.domain.clock import Clock, iso
from batch_import.domain.entities import Counters, Run
from batch_import.domain.types import RunState
from batch_import.store.dynamo import Row, Table, readable
from batch_import.store.item_index import ItemIndex
from batch_import.store.run_index import RunIndex

_RUN = "run"
RUN_PATIENCE = timedelta(minutes=15)
_IDEMPOTENCY_HOURS = 24
_RECENT_SECONDS = 1.0
_RECENT_RUNS = 50


class RunStore:
    def __init__(self, runs: Table, index: RunIndex, items: ItemIndex, clock: Clock, key_retention: timedelta) -> None:
        """``key_retention`` is how long a run that has ended holds the keys of what is not active."""
        self._retention = key_retention
        self._table = runs
        self._index = index
        self._items = items
        self._clock = clock
        self._recent: dict[str, tuple[float, Run | None]] = {}
        self._reading = threading.Lock()

    # --- creating

    def new_index_page(self) -> int:
        return self._index.new_page()

    def create(
        self, run: Run, search: list[bytes], text: str, idempotency: Row | None, follows: Run | None = None
    ) -> bool:
        """Store the run. ``text`` and ``search`` are what is searched in.

        False when ``idempotency`` exists, or when another run has followed ``follows`` since that was read. The run's
        row comes last: what it needs is there, and before it nobody reads that.
        """
        self._table.put_all(
            {"pk": run.run_id, "sk": f"search#{n:03d}", "text": packed} for n, packed in enumerate(search)
        )
        self._table.put_all({"pk": run.run_id, "sk": list_key(n), "expanded": 0} for n in range(run.list_parts))
        self._index.add(run, text)
        parts = [self._table.putting(self._row(run), "attribute_not_exists(pk)")]
        if idempotency is not None:
            parts.append(self._remembering(run, idempotency))
        if follows is not None:
            parts.append(self._following(run, follows))
        return self._table.write_together(parts)

    def _following(self, run: Run, source: Run) -> Row:
        """The part of a transaction that enters ``run`` with the run whose items it is made of."""
        values: Row = {
            ":followers": [*source.followers, run.run_id],
            ":next": source.followed + 1,
            ":seen": source.followed,
            ":child": [run.run_id],
            ":none": [],
        }
        update = (
            "SET followers = :followers, followed = :next,"
            " child_runs = list_append(if_not_exists(child_runs, :none), :child)"
        )
        return self._table.updating(source.run_id, _RUN, update, values, "followed = :seen")

    def remembered(self, idempotency_hash: str) -> Row | None:
        """``run_id`` and ``request_hash`` of the run that this Idempotency-Key made within its lifetime, if any."""
        row = self._table.get(f"idempotency#{idempotency_hash}", _RUN)
        return row if row and row["expires_at"] > self._epoch() else None

    def _epoch(self) -> int:
        return int(self._clock.now().timestamp())

    def _row(self, run: Run) -> Row:
        watch = {"watch_pk": "runs", "watch_at": iso(self._clock.now() + RUN_PATIENCE)}
        return {"pk": run.run_id, "sk": _RUN, **run.model_dump(mode="python"), **watch}

    def _remembering(self, run: Run, idempotency: Row) -> Row:
        """The part of a transaction that ties an Idempotency-Key to ``run``. It fails while another call holds the key;
        a row that has expired may still be there.
        """
        row = {
            "pk": f"idempotency#{idempotency['hash']}",
            "sk": _RUN,
            "run_id": run.run_id,
            "request_hash": idempotency["request_hash"],
            "expires_at": self._epoch() + 3600 * _IDEMPOTENCY_HOURS,
        }
        return self._table.putting(row, "attribute_not_exists(pk) OR expires_at <= :now", {":now": self._epoch()})

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
        return self._items.counters(run)

    def counters_of(self, runs: Iterable[Run]) -> dict[str, Counters]:
        return {run.run_id: self._items.counters(run) for run in runs}

    def search_texts(self, run: Run) -> list[bytes]:
        """What is searched in, as ``create`` got it."""
        return self.search_texts_of([run], consistent=True)[run.run_id]

    def search_texts_of(self, runs: Iterable[Run], *, consistent: bool = False) -> dict[str, list[bytes]]:
        """As ``search_texts``, by run. Of a run that was made a moment ago there may be less."""
        keys = {run.run_id: [(run.run_id, f"search#{n:03d}") for n in range(run.search_parts)] for run in runs}
        rows = self._table.get_many([key for of_run in keys.values() for key in of_run], consistent=consistent)
        return {run_id: [rows[key]["text"] for key in of_run if key in rows] for run_id, of_run in keys.items()}

    # --- the stored list

    def expanded(self, run: Run) -> dict[int, int]:
        """Of each part of the list that is not yet wholly expanded, by number, how many rows of it are."""
        keys = [(run.run_id, list_key(n)) for n in range(run.list_parts)]
        rows = self._table.get_many(keys)
        return {n: int(rows[key]["expanded"]) for n, key in enumerate(keys) if key in rows}

    def move_pointer(self, run_id: str, number: int, start: int, end: int | None) -> None:
        """The part's rows up to ``end`` are items now (None: all of them)."""
        if end is None:
            self._table.delete(run_id, list_key(number))
        else:
            self._table.update(
                run_id, list_key(number), "SET expanded = :end", {":end": end, ":start": start},
                condition="expanded = :start",
            )  # fmt: skip

    # --- changing

    def page_done(self, run: Run, page: int) -> bool:
        """All items of a page of the index are done. Returns whether that holds for all pages now."""
        condition = "attribute_exists(pk) AND attribute_not_exists(finished_at)"
        row = self._table.updated(run.run_id, _RUN, "ADD done_pages :page", {":page": {page}}, condition=condition)
        return row is not None and len(row["done_pages"]) >= run.pages

    def close(self, run: Run) -> bool:
        """One conditional write; False when items are left or somebody closed it before. A cancel in between is seen.

        While the run holds keys, or the given key is bound, reconcile goes on watching it.
        """
        current = self.get(run.run_id) or run
        if current.finished_at is not None:
            return False
        totals = self._items.counters(current, consistent=True)
        if totals.completed_items < run.total_items:
            return False
        reason = current.given_key_not_proven(totals)
        if reason is not None:
            self.warn(run.run_id, "self_service_not_proven", {"reason": reason})
            current = self.get(run.run_id) or current
        closed = self._close_as_it_is(current, totals) or self._close_as_it_is(self.get(run.run_id) or run, totals)
        if closed is not None:
            self.show_end(closed)
        return closed is not None

    def _close_as_it_is(self, run: Run, totals: Counters) -> Run | None:
        if run.finished_at is not None:
            return None
        now, keys_until = self._clock.now(), None
        if totals.active_items < run.total_items:
            keys_until = int((now + self._retention).timestamp())
        changes = {
            "state": run.end_state(totals),
            "finished_at": iso(now),
            "totals": totals,
            "keys_until": keys_until,
        }
        values: Row = {
            ":state": changes["state"],
            ":now": iso(now),
            ":totals": totals.model_dump(),
            ":seen": run.state,
            ":until": keys_until,
        }
        # reconcile looks at it soon: it erases what is not needed any more
        update = "SET #state = :state, finished_at = :now, totals = :totals, watch_at = :now"
        update += " REMOVE done_pages, keys_until" if keys_until is None else ", keys_until = :until REMOVE done_pages"
        condition = "attribute_not_exists(finished_at) AND #state = :seen"
        self._recent.pop(run.run_id, None)
        written = self._table.update_once(
            run.run_id, _RUN, update, values, condition=condition, names={"#state": "state"}
        )
        return run.model_copy(update=changes) if written else None

    def show_end(self, run: Run) -> None:
        """The list shows the state with which ``run`` has ended. Harmless when repeated."""
        self._index.set_state(run)

    def overdue(self, limit: int) -> list[str]:
        """Runs that nobody looked after for a while, through the sparse index."""
        rows, _ = self._table.query(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk AND watch_at < :now",
            ExpressionAttributeValues={":pk": "runs", ":now": iso(self._clock.now())},
            Limit=limit,
        )
        return [row["pk"] for row in rows]

    def watched(self) -> list[str]:
        """All runs that are not closed, or hold a key, through the sparse index."""
        rows = self._table.query_all(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk",
            ExpressionAttributeValues={":pk": "runs"},
        )
        return [row["pk"] for row in rows]

    def running(self, unreadable: set[str] | None = None) -> list[Run]:
        """Runs that have not ended. Ids of those that cannot be read are added to ``unreadable``."""
        runs = readable(self.get_many, self.watched(), set() if unreadable is None else unreadable)
        return [run for run in runs if run.finished_at is None]

    def items_waiting(self) -> int:
        """How many items of all open runs have no verdict yet."""
        runs = self.running()
        done = self.counters_of(runs)
        return sum(run.total_items - done[run.run_id].completed_items for run in runs)

    def watch_again(self, run_id: str, at: str | None = None) -> None:
        """Look at the run again later, or ``at`` a time; one that is not watched stays so."""
        values: Row = {":at": at or iso(self._clock.now() + RUN_PATIENCE)}
        self._table.update(run_id, _RUN, "SET watch_at = :at", values, condition="attribute_exists(watch_pk)")

    def keys_are_erased(self, run_id: str, before: int) -> None:
        """Those of all positions below ``before`` are."""
        values: Row = {":before": before}
        self._table.update(run_id, _RUN, "SET keys_erased = :before", values, condition="attribute_exists(pk)")

    def stop_watching(self, run_id: str) -> None:
        update = "REMOVE watch_pk, watch_at, keys_until"
        self._table.update(run_id, _RUN, update, {}, condition="attribute_exists(finished_at)")

    def cancel(self, run_id: str) -> bool:
        """running → cancelled; False when the run has ended already."""
        self._recent.pop(run_id, None)
        values: Row = {":cancelled": RunState.CANCELLED, ":running": RunState.RUNNING}
        cancelled = self._table.update_once(
            run_id, _RUN, "SET #state = :cancelled", values, condition="#state = :running", names={"#state": "state"}
        )
        run = self.get(run_id) if cancelled else None
        if run is not None:
            self._index.set_state(run)
        return cancelled

    def ask_undo(self, run: Run, idempotency: Row | None) -> bool:
        """An undo of an ended run begins.

        False when another has begun since ``run`` was read, or when ``idempotency`` exists.
        """
        now = self._clock.now()
        values: Row = {":now": iso(now), ":pk": "runs", ":at": iso(now + RUN_PATIENCE)}
        values |= {":seen": run.undos, ":next": run.undos + 1}
        update = "SET undos = :next, undo_asked_at = :now, watch_pk = :pk, watch_at = :at REMOVE undone_at"
        parts = [self._table.updating(run.run_id, _RUN, update, values, "undos = :seen")]
        if idempotency is not None:
            parts.append(self._remembering(run, idempotency))
        return self._table.write_together(parts)

    def end_undo(self, run: Run) -> None:
        """Reconcile then watches the run no longer than for its keys."""
        values: Row = {":now": iso(self._clock.now()), ":seen": run.undos}
        self._table.update(run.run_id, _RUN, "SET undone_at = :now", values, condition="undos = :seen")

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
        """Move the run's self-service proof from phase ``expected`` (None: not begun) to ``facts['phase']``.

        Phases: ``bound``, ``put_back``, and ``not_bound`` for a key that the host does not know. Facts: ``key_id``,
        ``key_digest``, ``group_before`` and ``group_id``; ``reason`` says why the key proved nothing. It is empty for a
        proof, and absent as long as no proof came to its end.
        """
        self._recent.pop(run_id, None)
        values: Row = {":facts": dict(facts)}
        condition = "attribute_not_exists(self_service)"
        if expected is not None:
            condition, values[":phase"] = "self_service.phase = :phase", expected
        return self._table.update_once(run_id, _RUN, "SET self_service = :facts", values, condition=condition)


def list_key(number: int) -> str:
    return f"list#{number:03d}"
