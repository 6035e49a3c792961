"""A new run over what failed in another one, with the keys that are still held for it (docs/design.md#31-routes)."""

from collections.abc import Mapping

from batch_import.domain.contract import CreateRunRequest, ItemRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.errors import Conflict, InvalidRequest
from batch_import.domain.types import AccessMode
from batch_import.runs.create import Asked, BatchImportService
from batch_import.runs.item_list import idempotency_facts
from batch_import.store.items import ItemStore
from batch_import.store.listing import Listing
from batch_import.store.runs import RunStore


class RunRetry:
    def __init__(self, runs: RunStore, items: ItemStore, listing: Listing, service: BatchImportService) -> None:
        self._runs = runs
        self._items = items
        self._listing = listing
        self._service = service

    def retry(self, run: Run, probe_api_key: str | None = None, idempotency_key: str | None = None) -> Run:
        """Import again what ended degraded or broken in ``run``, asked for as it was there.

        The same ``idempotency_key`` again answers the first new run. ``Conflict`` when there is nothing to retry,
        ``InvalidRequest`` when a run of self_service comes without its ``probe_api_key``.
        """
        if run.access_mode is AccessMode.SELF_SERVICE and probe_api_key is None:
            raise InvalidRequest("probe_api_key is required to retry a run of access_mode=self_service")
        facts = idempotency_facts(lambda: f"retry {run.run_id}", idempotency_key)
        return self._service.start(lambda: self._ask(run, probe_api_key), facts)

    def _ask(self, run: Run, probe_api_key: str | None) -> Asked:
        failed = self._failed(run)
        keys = self._service.open_keys(run.run_id, [item.item_id for item in failed])
        if not keys:
            raise Conflict(f"no key of what failed in run {run.run_id} is held any more: import it again")
        held = [item for item in failed if item.item_id in keys]
        return Asked(self._request(run, held, keys, probe_api_key), run.run_id, len(failed) - len(held))

    def _failed(self, run: Run) -> list[Item]:
        if run.finished_at is None:
            raise Conflict(f"run {run.run_id} has not ended yet")
        failed = self._listing.failed_items(run)
        if not failed:
            raise Conflict(f"no item of run {run.run_id} ended degraded or broken")
        return failed

    def _request(
        self, run: Run, items: list[Item], keys: Mapping[str, str], probe_api_key: str | None
    ) -> CreateRunRequest:
        """Not validated again: it was when it came, and the first of a pair carries the wishes of its duplicates."""
        return CreateRunRequest.model_construct(
            mode=run.mode,
            access_mode=run.access_mode,
            subscription_users=list(run.subscription_users),
            subscription_days=run.subscription_days,
            probe_api_key=probe_api_key if run.access_mode is AccessMode.SELF_SERVICE else None,
            reactivate=run.reactivate,
            platform=run.platform,
            join_groups=list(run.join_groups),
            legacy_batch_id=run.legacy_batch_id,
            items=[_repeated(item, keys[item.item_id]) for item in items],
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
