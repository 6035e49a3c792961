"""What a sweep does with an item that nothing has looked after for a while."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.domain.entities import Item
from batch_import.domain.errors import StaleWrite
from batch_import.domain.outcomes import Code
from batch_import.domain.types import ItemStage
from batch_import.runs.reconcile import Reconcile

from tests.support.clock import HandClock

LONG_AGO, LATELY, LATER = (f"2026-11-{moment}:00:00.000+00:00" for moment in ("23T12", "25T11", "25T13"))
DUPLICATE = {"duplicate_of": "item_00002", "updated_at": LONG_AGO}
WAITING, DONE = Mock(current_stage=ItemStage.CONFIRM), Mock(current_stage=ItemStage.DONE)


@pytest.mark.parametrize(
    ("fields", "primary", "given_up", "queued"),
    [
        ({"updated_at": LONG_AGO}, None, 1, 0),
        ({"updated_at": LONG_AGO, "lease_expires_at": LATER}, None, 0, 0),
        ({"updated_at": LONG_AGO, "failure_code": Code.DEAD_LETTERED}, None, 0, 1),  # it only waits for its verdict
        (DUPLICATE, WAITING, 0, 0),
        (DUPLICATE, DONE, 0, 1),
        (DUPLICATE, None, 0, 1),
        ({"updated_at": LATELY}, None, 0, 1),
        ({"updated_at": LATELY, "lease_expires_at": LATER}, None, 0, 0),
        ({"updated_at": LATELY, "due_at": LATER}, None, 0, 0),
    ],
)
@pytest.mark.parametrize("moves", [False, True])
def test_a_forgotten_item_is_queued_again_unless_it_waits_or_is_given_up(
    fields: dict[str, Any], primary: Any, given_up: int, queued: int, moves: bool
) -> None:
    """One that something moves at this moment is left to it."""
    item = Item(**{"run_id": "run_1", "item_id": "item_00001", "position": 0, "provider_id": "p", "key_digest": "d",
                   "base_url": "https://relay.example.com/v1", "current_stage": ItemStage.VALIDATE,
                   "created_at": LONG_AGO, **fields})  # fmt: skip
    runs, items, listing, progress, queue = Mock(), Mock(), Mock(), Mock(), Mock()
    runs.running.return_value, runs.overdue.return_value = [Mock(run_id="run_1")], []
    listing.entries.return_value = [Mock(position=0, is_done=False, seen=0, updated=0)]
    items.get_many.return_value, items.get.return_value = [item], primary
    items.look_after.side_effect = StaleWrite("item_00001") if moves else None
    progress.publish.return_value = 0
    give_up = Mock(return_value=True)
    reconcile = Reconcile(runs, items, listing, progress, Mock(), {ItemStage.VALIDATE: queue}, HandClock().clock,
                          Mock(), lambda: 0, give_up)  # fmt: skip
    done = reconcile.sweep()
    sent = queued and not moves
    assert (done["items_given_up"], done["items_requeued"]) == (given_up, int(sent))
    assert (give_up.call_count, queue.send_items.called) == (given_up, bool(sent))
    if not given_up:
        items.look_after.assert_called_once_with(item, requeued=bool(queued))
