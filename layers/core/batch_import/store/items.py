"""Items, and what happened to them: each change is one conditional update, whose events are put first.

See docs/design.md#4-state and docs/decisions/0023-tables.md.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from batch_import.domain.clock import Clock, iso, milliseconds
from batch_import.domain.entities import Event, Item, ItemProfile, NewEvent
from batch_import.domain.errors import LeaseLost, StaleWrite
from batch_import.domain.types import EventType, ItemStage
from batch_import.store.dynamo import MOST_PARTS, Row, Table
from batch_import.store.item_index import ItemIndex, page_of
from batch_import.store.packing import pack, unpack

STAGE_PATIENCE = timedelta(minutes=15)  # after this long without a transition, reconcile looks at an item
LONGEST_IN_STAGE = timedelta(days=1)  # after this long in one stage, reconcile gives an item up
_ID = "item_"
_LEASABLE = (
    "version = :seen AND current_stage IN (:a, :b) AND "
    "(attribute_not_exists(lease_owner) OR lease_expires_at < :now OR lease_owner = :mine)"
)


def item_id_at(position: int) -> str:
    return f"{_ID}{position + 1:05d}"


def position_of(item_id: str) -> int | None:
    """``None`` for what is no item's id."""
    digits = item_id.removeprefix(_ID)
    position = int(digits) - 1 if digits.isascii() and digits.isdecimal() and len(digits) < 10 else -1
    return position if position >= 0 and item_id == item_id_at(position) else None


@dataclass(frozen=True)
class PendingWrite:
    """A ``stored`` item, and what its next write carries. Until then a crash undoes it."""

    stored: Item
    changes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[NewEvent, ...] = ()
    profile: ItemProfile | None = None

    @property
    def item(self) -> Item:
        """The item as it will be; its version is that of the row."""
        return self.stored.model_copy(update=dict(self.changes))

    def adding(
        self, changes: Mapping[str, Any], events: Iterable[NewEvent] = (), profile: ItemProfile | None = None
    ) -> "PendingWrite":
        """More of the same write. Events get stage and attempt of the moment before these ``changes``."""
        item = self.item
        told = [
            event.model_copy(
                update={"stage": event.stage or item.current_stage, "attempt": event.attempt or item.attempt}
            )
            for event in events
        ]
        return PendingWrite(self.stored, {**self.changes, **changes}, (*self.events, *told), profile or self.profile)


class _Write(NamedTuple):
    """A conditional change of one item, ready to be sent."""

    item: Item
    changed: Item
    fields: dict[str, Any]
    details: list[Row]


class ItemStore:
    """Rows of items, their events and profiles. ``index`` is told of each item that was written."""

    def __init__(
        self,
        items: Table,
        events: Table,
        index: ItemIndex,
        clock: Clock,
        new_token: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        """``new_token`` identifies a write."""
        self._items = items
        self._events = events
        self._index = index
        self._clock = clock
        self._new_token = new_token

    # --- reading

    def get(self, run_id: str, item_id: str) -> Item | None:
        key = _key(run_id, item_id)
        row = self._items.get(*key) if key is not None else None
        return Item.model_validate(row) if row else None

    def get_many(self, run_id: str, item_ids: Sequence[str]) -> list[Item]:
        """Those that exist, in the order of ``item_ids``."""
        keys = [key for item_id in item_ids if (key := _key(run_id, item_id)) is not None]
        rows = self._items.get_many(keys)
        return [Item.model_validate(rows[key]) for key in keys if key in rows]

    def profile(self, item: Item) -> ItemProfile:
        return self.profiles([item])[item.item_id]

    def profiles(self, items: Sequence[Item]) -> dict[str, ItemProfile]:
        """By item id; an empty one for an item that has none yet."""
        keys = {item.item_id: (_trail(item), item.profile) for item in items if item.profile}
        rows = self._events.get_many(list(keys.values()))
        return {item.item_id: _read_profile(rows.get(keys.get(item.item_id, ("", "")))) for item in items}

    def events(self, item: Item, limit: int) -> list[Event]:
        """The item's event history, oldest first."""
        rows = self._events.query_all(
            KeyConditionExpression="pk = :pk AND sk < :profiles",
            ExpressionAttributeValues={":pk": _trail(item), ":profiles": _PROFILE},
            ConsistentRead=True,
        )
        told = _in_the_history(list(rows), item.last_event)
        events = [Event.model_validate(event) for row in told for event in json.loads(unpack(row["events"]))]
        return sorted(events, key=lambda event: event.event_id)[:limit]

    # --- writing

    def add(self, items: Sequence[Item]) -> list[Item]:
        """Put new items; returns those that were there already, as they are."""
        known: list[Item] = []
        for start in range(0, len(items), MOST_PARTS):
            known += self._add(items[start : start + MOST_PARTS])
        return known

    def _add(self, items: Sequence[Item]) -> list[Item]:
        parts = [self._making(item) for item in items]
        known: list[Item] = []
        if not self._items.write_together(parts):
            known = self.get_many(items[0].run_id, [item.item_id for item in items])
            there = {item.item_id for item in known}
            new = [part for item, part in zip(items, parts, strict=True) if item.item_id not in there]
            if new and not self._items.write_together(new):
                raise StaleWrite("items were listed by another worker at the same time")
        for item in [*items, *known]:
            self._index.note(item)
        return known

    def _making(self, item: Item) -> Row:
        """By an update that makes the row: no role may put whole items (docs/decisions/0022-lambda-limits.md)."""
        update, names, values = _set_or_remove(
            {
                **item.model_dump(mode="python", exclude_defaults=True),
                "current_stage": item.current_stage,
                "version": item.version,
            }
        )
        return self._items.updating(*_key_of(item), update, values, "attribute_not_exists(pk)", names)

    def lease(self, item: Item, owner: str, seconds: float, stages: tuple[ItemStage, ItemStage]) -> Item:
        """Take ``item`` for ``seconds``; raises ``LeaseLost`` when another owner has it or it has moved on.

        A lease is no transition: the event that tells of it goes with the first write under it.
        """
        now = self._clock.now()
        until = iso(now + timedelta(seconds=seconds))
        values = {":a": stages[0], ":b": stages[1], ":now": iso(now), ":mine": owner, ":until": until}
        if not self._items.update(
            *_key_of(item),
            "SET lease_owner = :mine, lease_expires_at = :until, leased_at = :now",
            {**values, ":seen": item.version},
            condition=_LEASABLE,
        ):
            raise LeaseLost(item.item_id)
        return item.model_copy(update={"lease_owner": owner, "lease_expires_at": until, "leased_at": iso(now)})

    def lease_if_free(self, item: Item, owner: str, seconds: float, stages: tuple[ItemStage, ItemStage]) -> Item | None:
        """As ``lease``; ``None`` when another worker has the item."""
        try:
            return self.lease(item, owner, seconds, stages)
        except LeaseLost:
            return None

    def release(self, item_id: str, run_id: str, owner: str) -> bool:
        """Give a lease back and change nothing else, after the work on the item broke off. ``False`` when ``owner`` has
        none: it may still come, from a call whose answer was lost.
        """
        key = _key(run_id, item_id)
        return key is None or self._items.update(
            *key, "REMOVE lease_owner, lease_expires_at", {":mine": owner}, condition="lease_owner = :mine"
        )

    def transition(
        self,
        item: Item,
        changes: Mapping[str, Any],
        events: Iterable[NewEvent] = (),
        profile: ItemProfile | None = None,
    ) -> Item:
        """Apply ``changes`` if nobody has changed or leased the row since ``item`` was read, else ``StaleWrite``."""
        return self.write(PendingWrite(item).adding(changes, events, profile))

    def write(self, pending: PendingWrite) -> Item:
        """Write all of ``pending``, or raise ``StaleWrite``; returns the item as it is then.

        Its events and its profile are put first, under a key that no other write has. They count from the moment when
        the item's row names them; until then nobody reads them.
        """
        write = self._prepare(pending)
        self._events.put_all(write.details)
        self._apply(write)
        if write.changed.lease_owner is None:  # whoever holds the item writes again before long
            self._index.note(write.changed)
        return write.changed

    def add_to_profiles(self, findings: Sequence[tuple[Item, ItemProfile, NewEvent]]) -> None:
        """Replace profiles, each with an event. The items' rows stay: other workers may be changing them.

        Each item is given as the worker that found them left it; one whose findings were not written is left out.
        """
        now = self._clock.now()
        self._events.put_all(
            row
            for item, profile, event in findings
            if item.profile is not None
            for row in (
                _profile_row(item, item.profile, profile),
                _event_row(item, f"{item.last_event}{_DEFERRED}", [_told(item, 99, event, iso(now))]),
            )
        )

    def note(self, item: Item, seen: int | None = None) -> None:
        """The index shows the row of ``item`` as it was just read, when it is next published; as looked after now, or
        at ``seen`` (milliseconds of the epoch).
        """
        self._index.note(item, seen)

    # --- what nothing is working on

    def look_after(self, item: Item, *, requeued: bool) -> None:
        """Nothing moved it for a while: the index shows that it was looked after. ``requeued`` leaves an event.

        Raises ``StaleWrite`` when something moves it just now.
        """
        event = NewEvent(event_type=EventType.REQUEUED, message="nothing was working on this item: queued again")
        if requeued:
            self.transition(item, {}, [event])
        else:
            self._index.note(item)

    # --- one write

    def _prepare(self, pending: PendingWrite) -> "_Write":
        now, item, token = iso(self._clock.now()), pending.stored, self._new_token()
        fields: dict[str, Any] = {**pending.changes, "version": item.version + 1, "last_write": token}
        if "current_stage" in fields:
            fields["updated_at"] = now
        details: list[Row] = []
        if pending.profile is not None:
            fields["profile"] = f"{_PROFILE}{token}"
            details.append(_profile_row(item, fields["profile"], pending.profile))
        events = [*_lease_event(item), *pending.events]
        if pending.events:
            fields |= {"last_event": f"{fields['version']:05d}#{token}", "leased_at": None}
            told = [_told(item, n, event, event.at or now) for n, event in enumerate(events)]
            details.append(_event_row(item, fields["last_event"], told))
        return _Write(item, item.model_copy(update=fields), fields, details)

    def _apply(self, write: "_Write") -> None:
        """A call that the client repeated finds its own first try applied: that is success, not a lost race.

        See docs/design.md#24-confirm.
        """
        item = write.item
        condition, values = "#version = :seen", dict[str, Any]({":seen": item.version})
        if item.lease_owner is None:
            condition += " AND attribute_not_exists(lease_owner)"
        else:
            condition, values[":owner"] = f"{condition} AND lease_owner = :owner", item.lease_owner
        update, names, changes = _set_or_remove(write.fields)
        names["#version"] = "version"
        key = _key_of(item)
        if self._items.update(*key, update, {**changes, **values}, condition=condition, names=names):
            return
        row = self._items.get(*key)
        if row is None or row.get("last_write") != write.fields["last_write"]:
            raise StaleWrite(item.item_id)


# --- rows

_PROFILE = "profile#"
_DEFERRED = "~"  # behind the events of the write that it belongs to


def _key(run_id: str, item_id: str) -> tuple[str, str] | None:
    """Items of a page stand together: so the items of a run are spread, and no key is asked for all of them."""
    position = position_of(item_id)
    return None if position is None else (f"{run_id}#{page_of(position):04d}", item_id)


def _key_of(item: Item) -> tuple[str, str]:
    return f"{item.run_id}#{page_of(item.position):04d}", item.item_id


def _trail(item: Item) -> str:
    return f"{item.run_id}#{item.item_id}"


def _profile_row(item: Item, key: str, profile: ItemProfile) -> Row:
    return {"pk": _trail(item), "sk": key, "data": pack(profile.model_dump_json())}


def _read_profile(row: Row | None) -> ItemProfile:
    return ItemProfile.model_validate_json(unpack(row["data"])) if row else ItemProfile()


def _event_row(item: Item, key: str, told: Sequence[Row]) -> Row:
    """The events of one write. ``after`` is the key of the row before it, by which readers find the history."""
    events = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return {"pk": _trail(item), "sk": key, "after": item.last_event, "events": pack(events)}


def _told(item: Item, index: int, event: NewEvent, at: str) -> Row:
    """Stage and attempt are those in which it happened, before the change that it tells of."""
    return {
        "event_id": f"evt_{item.position:05d}{milliseconds(at):013d}{item.version % 1000:03d}{index:02d}",
        "event_type": event.event_type,
        "stage": event.stage or item.current_stage,
        "attempt": event.attempt or item.attempt,
        "message": event.message[:500],
        "payload_json": json.dumps(event.payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        "created_at": at,
    }


def _in_the_history(rows: Sequence[Row], last: str | None) -> list[Row]:
    """The rows that item's writes named, oldest first: from the ``last`` one back; the others never came to be."""
    by_key = {row["sk"]: row for row in rows}
    told: list[Row] = []
    while last is not None and last in by_key:
        told += [by_key[key] for key in (f"{last}{_DEFERRED}", last) if key in by_key]
        last = by_key[last].get("after")
    return told[::-1]


def _lease_event(item: Item) -> list[NewEvent]:
    if item.leased_at is None:
        return []
    return [
        NewEvent(
            event_type=EventType.LEASE_ACQUIRED,
            message="lease acquired",
            payload={"lease_expires_at": item.lease_expires_at},
            at=item.leased_at,
        )
    ]


def _set_or_remove(fields: Mapping[str, Any]) -> tuple[str, dict[str, str], Row]:
    names = {f"#{name}": name for name in fields}
    kept = {name: value for name, value in fields.items() if value is not None}
    gone = [f"#{name}" for name, value in fields.items() if value is None]
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
    if gone:
        update += " REMOVE " + ", ".join(gone)
    return update, names, {f":{name}": value for name, value in kept.items()}
