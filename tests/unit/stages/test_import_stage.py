"""What no verdict needs is asked last, and may not outlast the invocation."""

from typing import Any
from unittest.mock import Mock

from batch_import.net.deadline import seconds_left
from batch_import.stages.import_stage import ImportStage


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
