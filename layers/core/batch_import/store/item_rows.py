"""The rows of an item: keys, order, events, and what is packed (docs/design.md#4-state). Pure."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from batch_import.domain.entities import Item, ItemProfile, NewEvent
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.store.dynamo import Row

_NOT_DONE, FAILED, _OTHERS = "2#", "1#", "0#"  # what order keys begin with


def order_key(item: Item) -> str:
    """Not done first, then broken and degraded together, then the rest; newest first when read backwards.

    See docs/design.md#35-list-orders.
    """
    if item.current_stage is not ItemStage.DONE:
        rank = _NOT_DONE
    else:
        rank = FAILED if item.access_status in (AccessStatus.BROKEN, AccessStatus.DEGRADED) else _OTHERS
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
