"""An invocation's items do not wait for each other's end."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.domain.clock import Clock
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage
from batch_import.pipeline import provisioning, worker
from batch_import.pipeline.provisioning import Provisioner
from batch_import.pipeline.steps import HandOn
from batch_import.pipeline.worker import Delivery, StageWorker
from batch_import.queue import Work


def item(number: int) -> Mapping[str, Any]:
    return Mock(run_id="run", item_id=f"item_{number:05d}", current_stage=ItemStage.PROBE, due_at=None)


def test_what_is_finished_is_handed_on_while_a_slow_relay_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_COMPANY", 0.05)
    sent: list[str] = []
    arrived = threading.Event()

    def send_items(_run: str, item_ids: Sequence[str], _delay: float) -> None:
        sent.extend(item_ids)
        arrived.set()

    def handle(one: Item) -> HandOn:
        if one.item_id == "item_00002":
            assert arrived.wait(10), "the other one should be on its way by now"
        return HandOn(ItemStage.CONFIRM)

    items: Any = Mock()
    items.get_many.return_value = items.lease_all.return_value = [item(1), item(2)]
    queues: Any = {ItemStage.CONFIRM: Mock(send_items=send_items)}
    clock: Clock = Mock()
    stages = (ItemStage.PROBE, ItemStage.PROVISION)
    stage_worker = StageWorker(items, queues, clock, stages, handle, worst_case=1)
    delivery = Delivery("m", "r", 1, Work("run", ("item_00001", "item_00002")))

    assert stage_worker.run([delivery], lambda: 100.0) == []
    assert sent == ["item_00001", "item_00002"]


def test_a_turn_that_does_not_come_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "_AT_ONCE", 1)
    monkeypatch.setattr(provisioning, "LONGEST_TURN", 0.05)
    parts: list[Any] = [Mock() for _ in range(6)]
    provisioner = Provisioner(*parts)
    with provisioner._turn(), provisioner._turn():
        pass
    with provisioner._turn():
        assert not provisioner._turns.acquire(blocking=False), "what was not given must not be given back"
