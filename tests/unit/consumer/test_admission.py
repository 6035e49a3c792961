"""Which items wait while the host does not answer: each that needs it now (docs/design.md#24-confirm)."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.consumer.admission import HostGate
from batch_import.coordination.circuit_breaker import BreakerDecision
from batch_import.domain.entities import Item

from tests.unit.domain import rows

STOPPED = {"failure_code": "dead_lettered", "current_stage": "validate"}


def item(**fields: Any) -> Item:
    return rows.item(**{"current_stage": "validate", "account_resolution": "created", **fields})


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({}, True),
        ({"current_stage": "confirm"}, True),
        ({"current_stage": "probe"}, False),
        ({"duplicate_of": "item_00002"}, False),
        ({**STOPPED}, False),
        ({**STOPPED, "account_resolution": None}, False),
        ({**STOPPED, "account_resolution": "reused"}, False),
        ({**STOPPED, "account_resolution": "reactivated"}, True),  # its account may have to be put back
        ({**STOPPED, "account_resolution": "replaced"}, True),
        ({**STOPPED, "account_resolution": "replaced", "duplicate_of": "item_00002"}, False),
    ],
)
def test_an_item_waits_for_a_host_that_does_not_answer_only_if_it_needs_it(fields: dict[str, Any], waits: bool) -> None:
    breaker, one = Mock(**{"admission.return_value": BreakerDecision(5.0)}), item(**fields)
    assert HostGate(lambda: breaker).admit([one]) == (([], {one.item_id: 5.0}) if waits else ([one], {}))
    assert breaker.admission.called is waits


def test_one_item_asks_for_all() -> None:
    stopped = {**STOPPED, "account_resolution": "reactivated"}
    items = [item(item_id=f"item_{number:05}", **stopped) for number in range(3)]
    breaker = Mock(**{"admission.return_value": BreakerDecision(asking=True)})
    admitted, waits = HostGate(lambda: breaker).admit(items)
    assert (admitted, set(waits)) == (items[:1], {"item_00001", "item_00002"})
