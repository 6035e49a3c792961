"""One message of a batch that breaks off has no part in the others."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

from batch_import.consumer.next_step import NextStep
from batch_import.consumer.sqs_batch import work_messages
from batch_import.consumer.stage_worker import Stage, StageWorker
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage

from tests.support.pump import Context, sqs_event
from tests.unit.consumer.test_stage_worker import FAST_CLOCK, item, leased


class Throttled(Stage):
    """Has no capacity for lists."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0

    def handle(self, _: Item) -> NextStep:
        return NextStep(ItemStage.CONFIRM)

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:
        raise OSError("no capacity")


COUNT = {"ApproximateReceiveCount": "1"}


def message(name: str, **body: Any) -> dict[str, Any]:
    return {
        "MessageId": name,
        "ReceiptHandle": name,
        "Body": json.dumps({"run_id": "run", **body}),
        "Attributes": COUNT,
    }


def test_a_list_that_breaks_off_fails_its_own_message_only() -> None:
    items, confirm = Mock(), Mock()
    items.get_many.return_value = [item(1)]
    items.lease_if_free.side_effect = leased
    worker = StageWorker(items, Mock(), {ItemStage.PROBE: Mock(), ItemStage.CONFIRM: confirm}, FAST_CLOCK, Throttled())
    event = sqs_event([message("list", expand=True), message("items", items=["item_00001"])], "import")

    failures = work_messages(event, Context(), worker, Mock(), FAST_CLOCK)

    assert failures == {"batchItemFailures": [{"itemIdentifier": "list"}]}
    assert confirm.send_items.call_args.args[:2] == ("run", ["item_00001"])
