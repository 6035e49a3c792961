"""A request's list, made ready to be stored: ordered by provider, duplicates tied, cut into parts that fit a row."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from batch_import.domain.contract import MAX_ITEMS, ItemRequest
from batch_import.domain.errors import InvalidRequest
from batch_import.domain.provider import key_digest, normalize_provider_id
from batch_import.domain.types import PlatformWish

LIST_PART_BYTES = 350_000
MOST_WISHES = 200  # of a pair and its duplicates together: they stand on one row

ImportRow = dict[str, Any]


def pack_positions(positions: Iterable[int]) -> bytes:
    """A bit for each position: 10,000 of them fit into 1,250 bytes of a row."""
    bits = bytearray(MAX_ITEMS // 8)
    for position in positions:
        bits[position // 8] |= 1 << position % 8
    return bytes(bits).rstrip(b"\0")


def overlap(one: bytes, other: bytes) -> bool:
    """Do two packed sets of positions have one in common?"""
    return any(a & b for a, b in zip(one, other, strict=False))


def by_provider(items: list[ItemRequest], platform: PlatformWish) -> list[ImportRow]:
    """Items of one provider together, so that one lease and one look serve them all; positions are the list's own.

    The same pair a second time is tied to its first, which carries the wishes of both; for another ``platform`` it is
    an account of its own. ``platform`` is that of items that name none.
    """
    groups: dict[str, list[ImportRow]] = defaultdict(list)
    first: dict[tuple[str, str, str], ImportRow] = {}
    for position, item in enumerate(items):
        entry = _listed(position, item, platform)
        pair = (entry["provider_id"], entry["key_digest"], entry["platform_wish"])
        if pair in first:
            original = first[pair]
            entry["duplicate_of"] = original["position"]
            original["duplicates"].append(position)
            original["requested_models"] = _both(original, entry)
        else:
            first[pair] = entry
        groups[entry["provider_id"]].append(entry)
    return [entry for group in groups.values() for entry in group]


def _both(original: ImportRow, entry: ImportRow) -> list[str]:
    wishes = list(dict.fromkeys([*original["requested_models"], *entry["requested_models"]]))
    if len(wishes) > MOST_WISHES:
        raise InvalidRequest(
            f"items[{entry['position']}].requested_models: the same pair asks for more than {MOST_WISHES} models",
            f"items[{entry['position']}].requested_models：同一地址和密钥合计请求的模型超过 {MOST_WISHES} 个",
        )
    return wishes


def _listed(position: int, item: ItemRequest, platform: PlatformWish) -> ImportRow:
    return {
        "position": position,
        "base_url": item.base_url,
        "provider_id": normalize_provider_id(item.base_url),
        "api_key": item.api_key,
        "key_digest": key_digest(item.api_key),
        "requested_models": item.requested_models,
        "platform_wish": (item.platform or platform).value,
        "legacy_provider_id": item.legacy_provider_id,
        "label": item.label,
        "duplicates": [],
    }


def chunks(listed: list[ImportRow]) -> Iterable[list[ImportRow]]:
    """By size before compression of what barely compresses (keys), so that each part fits a row."""
    chunk: list[ImportRow] = []
    size = 0
    for entry in listed:
        weight = len(json.dumps(entry))
        if chunk and size + weight > LIST_PART_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += weight
    yield chunk


def idempotency_facts(asked: Callable[[], str], key: str | None) -> ImportRow | None:
    """What is remembered of a call under ``key``; ``asked`` words the call, the same for the same one."""
    if key is None:
        return None
    if not 1 <= len(key) <= 128 or not all(33 <= ord(char) <= 126 for char in key):
        raise InvalidRequest(
            "Idempotency-Key must be 1 to 128 visible ASCII characters",
            "Idempotency-Key 须为 1 至 128 个可见 ASCII 字符",
        )
    return {
        "hash": hashlib.sha256(key.encode()).hexdigest(),
        "request_hash": hashlib.sha256(asked().encode()).hexdigest(),
    }
