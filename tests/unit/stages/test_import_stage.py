"""What no verdict needs is asked last, and may not outlast the invocation; no relay pays for slow tables."""

from typing import Any
from unittest.mock import Mock, patch

import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.consumer.next_step import NextStep
from batch_import.domain.types import ItemStage
from batch_import.net.deadline import deadline, seconds_left
from batch_import.stages import import_stage as module
from batch_import.stages.import_stage import PROVISION_SECONDS, WORST_CASE, ImportStage
from batch_import.stages.probe import Probed


def test_deferred_questions_have_the_time_that_is_left_all_together() -> None:
    items, left = Mock(), list[float]()

    def ask() -> Any:
        left.append(seconds_left())
        return "item", "profile", "event"

    def fail() -> Any:
        raise OSError("broken")

    stage = ImportStage(Mock(), items, *(Mock() for _ in range(7)))
    stage.run_deferred([ask, fail, ask], 40.0)
    assert len(left) == 2
    assert all(39.0 < seconds <= 40.0 for seconds in left)
    items.add_to_profiles.assert_called_once_with([("item", "profile", "event")] * 2)


def test_an_item_whose_time_went_into_waiting_for_the_tables_gets_no_verdict() -> None:
    """What is left would be its relay's time-out."""
    prober = Mock()
    stage = ImportStage(Mock(), Mock(), Mock(), Mock(), prober, *(Mock() for _ in range(4)))
    with deadline(WORST_CASE - 31.0), pytest.raises(OutOfTime):
        stage.handle(Mock())
    prober.probe.assert_not_called()
    with deadline(WORST_CASE - 20.0):
        stage.handle(Mock())


def test_an_invocation_closes_the_connections_that_it_opened() -> None:
    close = Mock()
    ImportStage(*(Mock() for _ in range(9)), close).close()
    close.assert_called_once_with()


@pytest.mark.parametrize(
    ("seconds", "wait", "goes_on"), [(PROVISION_SECONDS + 1, 0.0, True), (PROVISION_SECONDS + 1, 7.0, False),
                                     (PROVISION_SECONDS - 1, 0.0, False)]
)  # fmt: skip
def test_an_item_is_provisioned_at_once_while_the_host_answers_and_there_is_time(
    seconds: float, wait: float, goes_on: bool
) -> None:
    runs, transitions, service, prober, make, gate = (Mock() for _ in range(6))
    runs.recent.return_value.writes_stopped = None
    service.open_keys.return_value = {"item_00001": "sk-test"}
    prober.probe.return_value = Probed(Mock(), None)
    gate.look.return_value.wait = wait
    to, provisioned = transitions.begin.return_value, NextStep(ItemStage.CONFIRM)
    make.return_value.provision.return_value = provisioned
    to.hand_back.side_effect = lambda delay: NextStep(ItemStage.PROBE, delay)
    stage = ImportStage(runs, Mock(), transitions, service, prober, make, gate, Mock(), Mock())
    item: Any = Mock(run_id="run_1", item_id="item_00001", current_stage=ItemStage.PROBE)
    stage.prepare([item], [])
    with patch.object(module, "demand_time"), deadline(seconds):
        assert stage.handle(item) == (provisioned if goes_on else NextStep(ItemStage.PROBE, wait))
    assert make.called is goes_on
