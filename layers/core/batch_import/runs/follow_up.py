"""A new run over items of one that has ended, with the keys that are still held for them (docs/design.md#31-routes)."""

from collections.abc import Mapping, Sequence

from batch_import.domain.contract import POLL_SECONDS, CreateRunRequest, ItemRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict, InvalidRequest, NotFound
from batch_import.domain.types import AccessMode
from batch_import.runs.create import BatchImportService, Source
from batch_import.runs.item_list import overlap, pack_positions
from batch_import.store.items import ItemStore, item_id_at
from batch_import.store.runs import RunStore


class FollowUp:
    """What retrying a run and applying a plan have in common."""

    def __init__(self, runs: RunStore, items: ItemStore, service: BatchImportService) -> None:
        self._runs = runs
        self._items = items
        self._service = service

    def ended(self, run_id: str) -> Run:
        """The run as it is now; ``Conflict`` when it has not ended."""
        run = self._runs.get(run_id)
        if run is None:
            raise NotFound("there is no such run", "没有该批次")
        if run.finished_at is None:
            raise Conflict(f"run {run_id} has not ended yet", f"批次 {run_id} 尚未结束", retry_after=POLL_SECONDS)
        return run

    def items_of(self, run: Run) -> list[Item]:
        """All items of a run, in the order of its list. Read by key: an index may be a moment behind."""
        return self._items.get_many(run.run_id, [item_id_at(position) for position in range(run.total_items)])

    def ask(
        self, run: Run, items: Sequence[Item], given: Mapping[str, str], probe_api_key: str | None
    ) -> tuple[CreateRunRequest, Source, list[Item]]:
        """The request for ``items`` of ``run`` as they were asked for there, and those of them that have a key.

        ``given`` keys come before those that are held. ``Conflict`` when no key is held, or when a follower of ``run``
        that has not ended holds some of the same items.
        """
        if run.access_mode is AccessMode.SELF_SERVICE and probe_api_key is None:
            raise InvalidRequest(
                "probe_api_key is required for a run of access_mode=self_service",
                "access_mode=self_service 的批次须提供 probe_api_key",
            )
        without = [item.item_id for item in items if item.item_id not in given]
        keys = {**self._service.open_keys(run.run_id, without), **given}
        kept = [item for item in items if item.item_id in keys]
        if not kept:
            raise Conflict(
                f"no key of these items of run {run.run_id} is held any more: import them again",
                f"批次 {run.run_id} 中这些条目的密钥已全部清除，请重新导入",
            )
        positions = [item.position for item in kept]
        unfinished = self._unfinished_followers(run, pack_positions(positions))
        source = Source(run.model_copy(update={"followers": unfinished}), positions, len(items) - len(kept))
        request = _request(run, [_repeated(item, keys[item.item_id]) for item in kept], probe_api_key)
        return request, source, kept

    def _unfinished_followers(self, run: Run, positions: bytes) -> tuple[str, ...]:
        unfinished = [other for other in self._runs.get_many(list(run.followers)) if other.finished_at is None]
        for other in unfinished:
            if overlap(other.source_items or b"", positions):
                raise Conflict(
                    f"run {other.run_id} holds some of the same items and has not ended yet",
                    f"批次 {other.run_id} 含有其中的条目且尚未结束",
                    retry_after=POLL_SECONDS,
                )
        return tuple(other.run_id for other in unfinished)


def _request(run: Run, items: list[ItemRequest], probe_api_key: str | None) -> CreateRunRequest:
    """Not validated again: it was when it came, and the first of a pair carries the wishes of its duplicates."""
    return CreateRunRequest.model_construct(
        mode=run.mode,
        access_mode=run.access_mode,
        subscription_users=list(run.subscription_users),
        subscription_days=run.subscription_days,
        probe_api_key=probe_api_key if run.access_mode is AccessMode.SELF_SERVICE else None,
        reactivate=run.reactivate,
        platform=run.platform,
        dry_run=run.dry_run,
        join_groups=list(run.join_groups),
        max_multiplier=run.billing_limits.max_multiplier,
        min_balance=run.billing_limits.min_balance,
        rate_from_relay=run.rate_from_relay,
        priority_from_speed=run.priority_from_speed,
        host_billing_probe=run.host_billing_probe,
        legacy_batch_id=run.legacy_batch_id,
        label=run.label,
        items=items,
    )


def _repeated(item: Item, api_key: str) -> ItemRequest:
    return ItemRequest.model_construct(
        base_url=item.base_url,
        api_key=api_key,
        requested_models=list(item.requested_models),
        platform=item.platform_wish,
        legacy_provider_id=item.legacy_provider_id,
        label=item.label,
    )
