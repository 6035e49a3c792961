"""What the service keeps in the host is found again, also after a person deleted it under a warm worker."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.pipeline import premises
from batch_import.pipeline.premises import Premises


def test_a_deleted_quarantine_is_noticed_within_a_minute_and_not_asked_for_at_every_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock: dict[str, Any] = {"now": 1000.0}
    monkeypatch.setattr(premises.time, "monotonic", lambda: clock["now"])
    host = Mock()
    host.ensure_private_group.side_effect = [({"id": 7}, True), ({"id": 8}, True)]
    rooms = Premises(host, Mock(), b"secret")

    assert rooms.quarantine_id() == 7
    clock["now"] += 59
    assert rooms.quarantine_id() == 7
    clock["now"] += 2
    assert rooms.quarantine_id() == 8
    assert host.ensure_private_group.call_count == 2
