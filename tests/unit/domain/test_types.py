"""The canonical vocabulary (docs/design.md#2-pipeline): every value to the letter, and nothing else is let in."""

from enum import StrEnum

import pytest
from batch_import.domain import types
from batch_import.domain.entities import Event, Item, Run
from pydantic import ValidationError

VOCABULARY = {
    types.RunState: "running completed completed_with_warnings failed cancelled",
    types.ItemStage: "probe provision confirm validate done",
    types.ConfirmationStatus: "pending confirmed advisory failed",
    types.AccessStatus: "unknown active degraded broken",
    types.MatchedAccountState: "active disabled deprecated broken",
    types.AccountResolution: "created reused reactivated replaced",
    types.AccessMode: "subscription self_service",
    types.RunMode: "partial strict",
}
NEEDED_EVENTS = {
    "retry_scheduled",
    "lease_acquired",
    "reuse_decided",
    "channel_patched",
    "advisory_recorded",
    "dead_lettered",
    "access_decided",
}
OLD_WORDS = ("confirmed_active", "warning", "WARNING", "Running", "", "none", "ok")
RUN = {
    "run_id": "run_1",
    "mode": "partial",
    "access_mode": "subscription",
    "total_items": 1,
    "started_at": "2026-11-25T12:00:00.000+00:00",
    "pages": 1,
    "index_page": 0,
}
ITEM = {
    "run_id": "run_1",
    "item_id": "item_00001",
    "position": 0,
    "base_url": "https://relay.example.com/v1",
    "provider_id": "relay-1",
    "key_digest": "0" * 64,
    "created_at": "2026-11-25T12:00:00.000+00:00",
    "updated_at": "2026-11-25T12:00:00.000+00:00",
}
EVENT = {
    "event_id": "evt_1",
    "event_type": "retry_scheduled",
    "stage": "confirm",
    "attempt": 1,
    "message": "",
    "created_at": "2026-11-25T12:00:00.000+00:00",
}


@pytest.mark.parametrize(("enum", "values"), VOCABULARY.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_values_are_those_of_the_schema_document(enum: type[StrEnum], values: str) -> None:
    assert [member.value for member in enum] == values.split()


@pytest.mark.parametrize("word", OLD_WORDS)
@pytest.mark.parametrize("enum", VOCABULARY, ids=lambda enum: enum.__name__)
def test_a_string_outside_an_enum_is_refused(enum: type[StrEnum], word: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        enum(word)


def test_the_event_types_hold_those_that_are_documented() -> None:
    assert {kind.value for kind in types.EventType} >= NEEDED_EVENTS


@pytest.mark.parametrize(
    ("model", "row", "field"),
    [
        *((Run, RUN, name) for name in ("state", "mode", "access_mode", "reactivate")),
        *(
            (Item, ITEM, name)
            for name in (
                "current_stage",
                "confirmation_status",
                "access_status",
                "matched_account_state",
                "account_resolution",
                "last_error_stage",
            )
        ),
        *((Event, EVENT, name) for name in ("event_type", "stage")),
    ],
)
def test_a_stored_row_with_an_unknown_value_fails_loudly(model: type, row: dict[str, object], field: str) -> None:
    model.model_validate(row)
    with pytest.raises(ValidationError, match=field):
        model.model_validate({**row, field: "confirmed_active"})


def test_a_row_of_another_release_with_more_fields_stays_readable() -> None:
    assert Item.model_validate({**ITEM, "new_field": 1, "order_pk": "run_1"}).item_id == "item_00001"


def test_an_absent_access_status_reads_as_unknown_and_stays_absent_in_the_row() -> None:
    item = Item.model_validate(ITEM)
    assert item.shown_access is types.AccessStatus.UNKNOWN
    assert item.access_status is None


@pytest.mark.parametrize("model", [Run.model_validate(RUN), Item.model_validate(ITEM)])
def test_representations_hold_neither_keys_nor_digests(model: object) -> None:
    assert "sealed" not in repr(model)
    assert "key_digest" not in repr(model)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"state": "completed"}, None),
        ({"strict_stopped": True}, "stopped_by_strict"),
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "cancelled", "strict_stopped": True}, "cancelled"),
    ],
)
def test_a_cancelled_or_strictly_stopped_run_stops_writes(fields: dict[str, object], code: str | None) -> None:
    assert Run.model_validate({**RUN, **fields}).writes_stopped == code
