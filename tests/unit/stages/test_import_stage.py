"""What no verdict needs is asked last, and may not outlast the invocation; no relay pays for slow tables."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.net.deadline import deadline, seconds_left
from batch_import.stages.import_stage import WORST_CASE, ImportStage


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
