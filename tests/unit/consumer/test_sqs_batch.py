"""One message of a batch that breaks off has no part in the others."""

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.aws.observability import Metric
from batch_import.aws.queue import Work
from batch_import.aws.retries import OutOfTime
from batch_import.consumer.next_step import NextStep
from batch_import.consumer.sqs_batch import work_messages
from batch_import.consumer.stage_worker import Stage, StageWorker
from batch_import.domain.entities import Item
from batch_import.domain.types import ItemStage

from tests.support.pump import Context, sqs_event
from tests.support.refusals import refused
from tests.unit.consumer.test_stage_worker import FAST_CLOCK, item, leased


class Throttled(Stage):
    """Has no capacity for lists."""

    lease_stages = (ItemStage.PROBE, ItemStage.PROVISION)
    worst_case = 1.0
    error: Exception = OSError("no such list")

    def handle(self, _: Item) -> NextStep:
        return NextStep(ItemStage.CONFIRM)

    def expand(self, run_id: str, may_go_on: Callable[[], bool]) -> bool:
        raise self.error


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


@pytest.mark.parametrize(("taken", "failed"), [(None, []), (OutOfTime(), [{"itemIdentifier": "list"}])])
def test_a_list_that_met_a_throttle_is_sent_again_and_counts_towards_no_dead_letter(
    taken: Exception | None, failed: list[dict[str, str]]
) -> None:
    stage, queue, measures = Throttled(), Mock(), Mock()
    stage.error, queue.send.side_effect = refused("ThrottlingException"), taken
    worker = StageWorker(Mock(), Mock(), {ItemStage.PROBE: queue}, FAST_CLOCK, stage)
    event = sqs_event([message("list", expand=True)], "import")
    assert work_messages(event, Context(), worker, measures, FAST_CLOCK) == {"batchItemFailures": failed}
    [works, delay] = queue.send.call_args.args
    assert (works, delay > 0) == ([Work("run", expand=True)], True)
    measures.count.assert_any_call(Metric.OWN_FAULTS, 1)
