"""No relay and no host pays for time that an item spent in waiting for tables, locks and threads."""

from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from batch_import.aws.retries import OutOfTime
from batch_import.domain.gateway import Proof
from batch_import.host.errors import NoTimeLeft
from batch_import.net import deadline as module
from batch_import.net.deadline import deadline
from batch_import.proofs.completion_proof import WORST_CASE
from batch_import.proofs.publication import AccessUnfinished
from batch_import.stages.transitions import ItemTransitions
from batch_import.stages.validate import ValidationService


def test_an_item_whose_time_went_into_waiting_for_the_tables_is_not_proven() -> None:
    """What is left would be its relay's time-out."""
    services, transitions = Mock(), Mock()
    stage = ValidationService(Mock(), transitions, Mock(), Mock(), services, *(Mock() for _ in range(4)))
    item: Any = Mock(duplicate_of=None, failure_code=None)
    with deadline(WORST_CASE - 31.0), pytest.raises(OutOfTime):
        stage.handle(item)
    transitions.begin.assert_not_called()
    with deadline(WORST_CASE - 20.0):
        stage.handle(item)


def test_an_item_that_gave_some_users_access_goes_on_with_the_others_at_no_cost() -> None:
    services, transitions = MagicMock(), Mock()
    host = services.return_value
    host.proof.proof.return_value.__enter__.return_value.decision.proof = Proof.PROVEN
    host.publication.place.side_effect = AccessUnfinished("users are left")
    runs = Mock(**{"recent.return_value.dry_run": False})
    stage = ValidationService(Mock(), transitions, runs, Mock(), services, *(Mock() for _ in range(4)))
    item: Any = Mock(duplicate_of=None, failure_code=None)
    transitions.begin.return_value.item = item
    assert stage.handle(item) is transitions.begin.return_value.hand_back.return_value


@pytest.mark.parametrize(("asked", "pays"), [(4, False), (6, True)])
def test_an_item_pays_for_want_of_time_when_what_it_asked_took_the_most_of_it(
    monkeypatch: pytest.MonkeyPatch, asked: int, pays: bool
) -> None:
    now, retried = 100.0, Mock()
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    to = ItemTransitions(Mock(), Mock(), None)
    monkeypatch.setattr(to, "retry", retried)
    with deadline(60):
        with deadline(15):
            now += asked
        now += 10 - asked
        if pays:
            assert to.host_failed(NoTimeLeft("no time was left")) is retried.return_value
        else:
            with pytest.raises(OutOfTime, match="no time was left"):
                to.host_failed(NoTimeLeft("no time was left"))
    assert retried.called is pays
