"""The stores and queues on one set of tables, with a clock that is moved by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from batch_import.aws.settings import Settings
from batch_import.bootstrap import CompositionRoot
from batch_import.domain.clock import Clock
from batch_import.domain.contract import CreateRunRequest
from batch_import.domain.entities import Item, Run
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.store.dynamo import Table
from batch_import.store.items import ItemStore
from batch_import.store.leases import Leases

from tests.support.aws import Aws

KEY = "sk-test-0000000000000001"


class Stores(CompositionRoot):
    """The parts on one set of tables, with a clock that is moved by hand."""

    def __init__(self, aws: Aws) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)
        super().__init__(Settings.from_environment(aws.environment), Clock(lambda: self.now))

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.runs_table, self.clock, "host1")

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def start(self, count: int = 1, **fields: Any) -> Run:
        items = [{"base_url": f"https://r{n}.example.com", "api_key": f"{KEY}{n}"} for n in range(count)]
        base = {"access_mode": "subscription", "subscription_users": ["a@example.com"], "items": items}
        return self.service.start_run(CreateRunRequest.model_validate({**base, **fields})).run

    def item(self, run: Run, position: int = 0) -> Item:
        found = self.items.get(run.run_id, f"item_{position + 1:05d}")
        assert found is not None
        return found

    def end(self, item: Item, run: Run, access: AccessStatus = AccessStatus.ACTIVE, **fields: Any) -> Item:
        """What validation does at an item's end."""
        changes = {"current_stage": ItemStage.DONE, "access_status": access, **fields}
        ended = self.items.transition(item, changes)
        if not ended.needs_key:
            self.secret_store.erase(run.run_id, [item.item_id])
        self.progress.publish()
        return ended

    def over(self, wrap: Callable[[Any], Any]) -> ItemStore:
        """The item store over a client that misbehaves."""
        client, names = wrap(self._dynamodb), self.settings
        tables = (Table(client, name) for name in (names.items_table, names.events_table))
        return ItemStore(*tables, self.item_index, self.clock)


def event_history(stores: Stores, item: Item) -> list[str]:
    found = stores.items.get(item.run_id, item.item_id)
    return [event.event_type.value for event in stores.items.events(found or item, 200)]
