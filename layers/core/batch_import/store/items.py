"""Items and their events: each change is one conditional transaction together with its events.

See docs/design.md#4-state.
"""

import json
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from batch_import.domain.clock import Clock, iso
from batch_import.domain.entities import Event, Item, ItemProfile, NewEvent, Run
from batch_import.domain.errors import LeaseLost, StaleWrite
from batch_import.domain.types import AccessStatus, EventType, ItemStage
from batch_import.store.dynamo import Row, Table

_NOT_DONE, _FAILED, _OTHERS = "2#", "1#", "0#"  # what order keys begin with


def order_key(item: Item) -> str:
    """Not done first, then broken and degraded together, then the rest; newest first when read backwards.

    See docs/design.md#35-list-orders.
    """
    if item.current_stage is not ItemStage.DONE:
        rank = _NOT_DONE
    else:
        rank = _FAILED if item.access_status in (AccessStatus.BROKEN, AccessStatus.DEGRADED) else _OTHERS
    return f"{rank}{item.updated_at}#{item.item_id}"


def shard_key(number: int) -> str:
    return f"counter#{number:03d}"


def profile_key(item_id: str) -> str:
    return f"profile#{item_id}"


def secret_key(item_id: str) -> str:
    return f"secret#{item_id}"


def profile_row(item: Item, profile: ItemProfile) -> Row:
    packed = zlib.compress(profile.model_dump_json().encode())
    return {"pk": item.run_id, "sk": profile_key(item.item_id), "data": packed}


def read_profile(row: Row | None) -> ItemProfile:
    return ItemProfile.model_validate_json(zlib.decompress(row["data"])) if row else ItemProfile()


def trail(run_id: str, item_id: str) -> str:
    return f"{run_id}#{item_id}"


def event_row(item: Item, version: int, index: int, event: NewEvent, now: str) -> Row:
    """Stage and attempt are those in which it happened, before the change that it tells of."""
    number = f"{version:05d}{index:02d}"
    return {
        "pk": trail(item.run_id, item.item_id),
        "sk": number,
        "event_id": f"evt_{item.position:05d}{number}",
        "event_type": event.event_type,
        "stage": event.stage or item.current_stage,
        "attempt": event.attempt or item.attempt,
        "message": event.message[:500],
        "payload_json": json.dumps(event.payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        "created_at": now,
    }


def set_or_remove(fields: Mapping[str, Any]) -> tuple[str, dict[str, str], Row]:
    names = {f"#{name}": name for name in fields}
    kept = {name: value for name, value in fields.items() if value is not None}
    gone = [f"#{name}" for name, value in fields.items() if value is None]
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
    if gone:
        update += " REMOVE " + ", ".join(gone)
    return update, names, {f":{name}": value for name, value in kept.items()}


STAGE_PATIENCE = timedelta(minutes=15)  # after this long without a transition, reconcile looks at an item
_PAGE = 200
_FINDINGS = 20  # to a transaction
_DEFERRED = 99  # behind the events of the version that it belongs to
_LEASABLE = (
    "current_stage IN (:a, :b) AND "
    "(attribute_not_exists(lease_owner) OR lease_expires_at < :now OR lease_owner = :mine)"
)


@dataclass(frozen=True)
class PendingWrite:
    """An item as it will be, and what its next write carries. Until then a crash undoes it.

    ``item`` shows the changes already; its version is that of the row.
    """

    item: Item
    changes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[NewEvent, ...] = ()
    also: tuple[Row, ...] = ()

    def adding(
        self, changes: Mapping[str, Any], events: Iterable[NewEvent] = (), also: Iterable[Row] = ()
    ) -> "PendingWrite":
        """More of the same write. Events get stage and attempt of the moment before these ``changes``."""
        told = [
            event.model_copy(
                update={"stage": event.stage or self.item.current_stage, "attempt": event.attempt or self.item.attempt}
            )
            for event in events
        ]
        return PendingWrite(
            self.item.model_copy(update=dict(changes)),
            {**self.changes, **changes},
            (*self.events, *told),
            (*self.also, *also),
        )


class _Write(NamedTuple):
    """A conditional change of one item, ready to be sent."""

    item: Item
    changed: Item
    stamp: str
    parts: list[Row]


class ItemStore:
    def __init__(
        self,
        items: Table,
        events: Table,
        runs: Table,
        clock: Clock,
        new_token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """``new_token`` identifies a write of an item that is not leased."""
        self._items = items
        self._events = events
        self._runs = runs
        self._clock = clock
        self._new_token = new_token

    # --- reading

    def get(self, run_id: str, item_id: str) -> Item | None:
        row = self._items.get(run_id, item_id)
        return Item.model_validate(row) if row else None

    def get_many(self, run_id: str, item_ids: Sequence[str]) -> list[Item]:
        rows = self._items.get_many([(run_id, item_id) for item_id in item_ids])
        return [Item.model_validate(rows[run_id, item_id]) for item_id in item_ids if (run_id, item_id) in rows]

    def profile(self, run_id: str, item_id: str) -> ItemProfile:
        return read_profile(self._items.get(run_id, profile_key(item_id)))

    def profiles(self, run_id: str, item_ids: Sequence[str]) -> dict[str, ItemProfile]:
        rows = self._items.get_many([(run_id, profile_key(item_id)) for item_id in item_ids], consistent=False)
        return {item_id: read_profile(rows.get((run_id, profile_key(item_id)))) for item_id in item_ids}

    def sealed_key(self, run_id: str, item_id: str) -> bytes | None:
        row = self._items.get(run_id, secret_key(item_id))
        return row["sealed"] if row else None

    def sealed_keys(self, run_id: str, item_ids: Sequence[str]) -> dict[str, bytes]:
        """Sealed keys by item id; an erased key is absent."""
        rows = self._items.get_many([(run_id, secret_key(item_id)) for item_id in item_ids])
        found = {item_id: rows.get((run_id, secret_key(item_id))) for item_id in item_ids}
        return {item_id: row["sealed"] for item_id, row in found.items() if row}

    def events(self, run_id: str, item_id: str, limit: int) -> list[Event]:
        """The item's event history, oldest first."""
        rows, _ = self._events.query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": trail(run_id, item_id)},
            Limit=limit,
            ConsistentRead=True,
        )
        return [Event.model_validate(row) for row in rows]

    # --- writing

    def new_rows(self, item: Item, sealed_key: bytes, erase_at: int) -> list[Row]:
        """Parts of the transaction that expands a list; a row that exists cancels it."""
        secret = {
            "pk": item.run_id,
            "sk": secret_key(item.item_id),
            "sealed": sealed_key,
            "expires_at": erase_at,
            "watch_pk": "keys",
            "watch_at": f"{erase_at:012d}",
        }
        return [self._items.putting(self._row(item), "attribute_not_exists(pk)"), self._items.putting(secret)]

    def lease(self, item: Item, owner: str, seconds: float, stages: tuple[ItemStage, ItemStage]) -> Item:
        """Take ``item`` for ``seconds``; raises ``LeaseLost`` when another owner has it or its stage has moved on."""
        try:
            return self._apply(self._leasing(item, owner, seconds, stages))
        except StaleWrite:
            raise LeaseLost(item.item_id) from None

    def _leasing(self, item: Item, owner: str, seconds: float, stages: tuple[ItemStage, ItemStage]) -> "_Write":
        now = self._clock.now()
        changes = {"lease_owner": owner, "lease_expires_at": iso(now + timedelta(seconds=seconds))}
        values = {":a": stages[0], ":b": stages[1], ":now": iso(now), ":mine": owner}
        event = NewEvent(
            event_type=EventType.LEASE_ACQUIRED,
            message="lease acquired",
            payload={"lease_expires_at": changes["lease_expires_at"]},
        )
        return self._prepare(PendingWrite(item).adding(changes, [event]), _LEASABLE, values)

    def lease_all(
        self,
        items: Sequence[Item],
        owner_of: Callable[[Item], str],
        seconds: float,
        stages: tuple[ItemStage, ItemStage],
    ) -> list[Item]:
        """Lease a message's ``items`` in one transaction, or one by one when one is taken; returns those leased."""
        if len(items) > 1:
            writes = [self._leasing(item, owner_of(item), seconds, stages) for item in items]
            if self._items.transact([part for write in writes for part in write.parts]):
                return [write.changed for write in writes]
        singly = (self._lease_if_free(item, owner_of(item), seconds, stages) for item in items)
        return [leased for leased in singly if leased is not None]

    def _lease_if_free(
        self, item: Item, owner: str, seconds: float, stages: tuple[ItemStage, ItemStage]
    ) -> Item | None:
        try:
            return self.lease(item, owner, seconds, stages)
        except LeaseLost:
            return None

    def release(self, item_id: str, run_id: str, owner: str) -> None:
        """Give a lease back and change nothing else, after the work on the item broke off."""
        self._items.update(
            run_id, item_id, "REMOVE lease_owner, lease_expires_at", {":mine": owner}, condition="lease_owner = :mine"
        )

    def transition(
        self,
        item: Item,
        changes: Mapping[str, Any],
        events: Iterable[NewEvent] = (),
        *,
        also: Iterable[Row] = (),
        profile: ItemProfile | None = None,
    ) -> Item:
        """Apply ``changes`` if nobody has changed the row since ``item`` was read, else raise ``StaleWrite``.

        Events and ``also`` are written in the same transaction. A stage change renews order and watch keys.
        """
        rows = [*also, *([self.putting_profile(item, profile)] if profile is not None else ())]
        return self.write(PendingWrite(item).adding(changes, events, rows))

    def write(self, pending: PendingWrite) -> Item:
        """Write all of ``pending``, or raise ``StaleWrite``; returns the item as it is then."""
        return self._apply(self._prepare(pending))

    def putting_profile(self, item: Item, profile: ItemProfile) -> Row:
        """The part of a transaction that replaces the item's profile."""
        return self._items.putting(profile_row(item, profile))

    def add_to_profiles(self, findings: Sequence[tuple[Item, ItemProfile, NewEvent]]) -> None:
        """Replace profiles' rows, each with an event. The items' rows stay: other workers may be changing them.

        Each item is given as the write of its findings left it: the event comes after those of that write.
        """
        now = iso(self._clock.now())
        for at in range(0, len(findings), _FINDINGS):
            rows = [
                row
                for item, profile, event in findings[at : at + _FINDINGS]
                for row in (
                    self._items.putting(profile_row(item, profile)),
                    self._events.putting(event_row(item, item.version, _DEFERRED, event, now)),
                )
            ]
            self._items.transact(rows)

    def erasing_key(self, item: Item) -> Row:
        return self._items.deleting(item.run_id, secret_key(item.item_id))

    # --- what nothing is working on

    def overdue(self, limit: int) -> list[Item]:
        """Items whose watch ran out, through the sparse index, oldest first."""
        rows, _ = self._items.query(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk AND watch_at < :now",
            ExpressionAttributeValues={":pk": "items", ":now": iso(self._clock.now())},
            Limit=limit,
        )
        found = self._items.get_many([(row["pk"], row["sk"]) for row in rows])
        return [Item.model_validate(row) for row in found.values()]

    def not_done(self) -> Iterator[Item]:
        """All items that are not done, through the sparse index. Read a page at a time."""
        query = {
            "IndexName": "by_watch",
            "KeyConditionExpression": "watch_pk = :pk",
            "ExpressionAttributeValues": {":pk": "items"},
        }
        more: Row | None = {}
        while more is not None:
            rows, more = self._items.query(**query, Limit=_PAGE, ExclusiveStartKey=more)
            found = self._items.get_many([(row["pk"], row["sk"]) for row in rows])
            yield from map(Item.model_validate, found.values())

    def watch_again(self, item: Item, *, requeued: bool) -> None:
        """Look at it again after the usual patience; ``requeued`` leaves an event. Raises ``StaleWrite``."""
        event = NewEvent(event_type=EventType.REQUEUED, message="nothing was working on this item: queued again")
        watch = {"watch_at": iso(self._clock.now() + STAGE_PATIENCE)}
        self.transition(item, watch, [event] if requeued else [])

    def erase_old_keys(self, limit: int) -> int:
        """Delete sealed keys past their retention; the table's TTL stands behind it (docs/design.md#26-secrets)."""
        now = int(self._clock.now().timestamp())
        rows, _ = self._items.query(
            IndexName="by_watch",
            KeyConditionExpression="watch_pk = :pk AND watch_at < :now",
            ExpressionAttributeValues={":pk": "keys", ":now": f"{now:012d}"},
            Limit=limit,
        )
        for row in rows:
            self._items.delete(row["pk"], row["sk"])
        return len(rows)

    def _prepare(self, pending: PendingWrite, condition: str | None = None, values: Row | None = None) -> "_Write":
        now, item = iso(self._clock.now()), pending.item
        fields = dict(pending.changes)
        moved = "current_stage" in fields
        if moved:
            fields["updated_at"] = now
        changed = item.model_copy(update={**fields, "version": item.version + 1})
        fields["version"] = changed.version
        owner = fields.get("lease_owner") or pending.item.lease_owner
        stamp = f"{owner}:{changed.version}" if owner else self._new_token()
        fields["last_write"] = stamp
        if moved:
            fields |= self._index_keys(changed)
        guard = "#version = :seen" + (f" AND {condition}" if condition else "")
        update, names, update_values = set_or_remove(fields)
        names["#version"] = "version"
        values = {**update_values, **(values or {}), ":seen": item.version}
        parts = [
            self._items.updating(item.run_id, item.item_id, update, values, guard, names),
            *(
                self._events.putting(event_row(item, changed.version, n, event, now))
                for n, event in enumerate(pending.events)
            ),
            *pending.also,
        ]
        return _Write(item, changed, stamp, parts)

    def _apply(self, write: "_Write") -> Item:
        if self._items.transact(write.parts) or self._was_ours(write.item, write.stamp):
            return write.changed
        raise StaleWrite(write.item.item_id)

    def _was_ours(self, item: Item, stamp: str) -> bool:
        """A request that the client repeated finds its own first try applied: that is success, not a lost race.

        See docs/design.md#24-confirm.
        """
        row = self._items.get(item.run_id, item.item_id)
        return row is not None and row.get("last_write") == stamp

    def _row(self, item: Item) -> Row:
        fields = {name: value for name, value in item.model_dump(mode="python").items() if value != ()}
        return {"pk": item.run_id, "sk": item.item_id, **fields, **self._index_keys(item)}

    def _index_keys(self, item: Item) -> Row:
        keys: Row = {"order_pk": item.run_id, "order_sk": order_key(item), "watch_pk": None, "watch_at": None}
        if item.current_stage is not ItemStage.DONE:
            keys |= {"watch_pk": "items", "watch_at": iso(self._clock.now() + STAGE_PATIENCE)}
        return keys

    def add_to_counters(self, item: Item, run: Run) -> Row:
        """The part of an item's last transaction that adds it to the counters, in the shard of its position."""
        access = item.shown_access
        values: Row = {
            ":one": 1,
            ":active": int(access is AccessStatus.ACTIVE),
            ":degraded": int(access is AccessStatus.DEGRADED),
            ":broken": int(access is AccessStatus.BROKEN),
            ":warning": int(item.has_warning),
        }
        update = (
            "ADD completed_items :one, active_items :active, degraded_items :degraded, "
            "broken_items :broken, warning_items :warning"
        )
        return self._runs.updating(item.run_id, shard_key(item.position % run.shards), update, values)
