"""The operator's export: the only place that shows how runs and items are linked to the earlier system.

Links are carried along and never read as state.
"""

from collections.abc import Iterable

from batch_import.domain.contract import ExportedItem, ExportedRun, RunExport
from batch_import.domain.entities import Item, Run


def exported(run: Run, items: Iterable[Item], next_cursor: str | None) -> RunExport:
    return RunExport(
        run=ExportedRun(run_id=run.run_id, legacy_batch_id=run.legacy_batch_id),
        items=[_item(item) for item in items],
        next_cursor=next_cursor,
    )


def _item(item: Item) -> ExportedItem:
    return ExportedItem(
        item_id=item.item_id,
        provider_id=item.provider_id,
        account_id=item.account_id,
        channel_id=item.channel_id,
        access_status=item.shown_access,
        legacy_provider_id=item.legacy_provider_id,
    )
