"""What becomes of an account when its run is undone (docs/design.md#37-undo)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from batch_import.domain.account import ExistingAccount
from batch_import.domain.advisories import Text
from batch_import.domain.entities import Before
from batch_import.domain.undo import (
    Fate,
    fate,
    groups_before,
    is_half_woken,
    is_made_by,
    left_nothing,
    made_by,
    mapping_before,
)
from batch_import.domain.undo_results import UNDO_TEXTS, UndoOutcome, UndoReason

from tests.unit.domain import rows

RUN, OTHER = "run_20260522_0001", "run_20260523_0002"
BEFORE = {"status": "inactive", "schedulable": True, "state": "proven", "groups": [3], "added": ["new"]}


def account(**fields: Any) -> ExistingAccount:
    base: dict[str, Any] = {
        "account_id": 4, "name": "a", "base_url": "", "status": "active", "schedulable": True, "runs": (RUN,),
        "digest": rows.item().key_digest, "import_state": "proven", "model_mapping": {"old": "old", "new": "new"},
        "group_ids": (3, 7),
    }  # fmt: skip
    return ExistingAccount(**{**base, **fields})


OFF = {"status": "inactive", "group_ids": (3,), "model_mapping": {"old": "old"}}
HALF = {"status": "inactive", "group_ids": (3, 7)}  # an undo broke off between its two writes


@pytest.mark.parametrize(
    ("resolution", "access", "fields", "wanted"),
    [
        ("created", "active", {}, Fate.REMOVE),
        ("created", "broken", {"import_state": "failed"}, Fate.REMOVE),
        ("created", "active", {"runs": (RUN, OTHER)}, Fate.OF_ANOTHER_RUN),
        ("created", "active", {"runs": (OTHER,)}, Fate.OF_ANOTHER_RUN),  # which adopted it
        ("created", "active", {"runs": ()}, Fate.CHANGED),
        ("created", "active", {"digest": "f" * 64}, Fate.CHANGED),
        ("reactivated", "active", {}, Fate.RESTORE),
        ("reactivated", "active", HALF, Fate.RESTORE),
        ("reactivated", "active", OFF, Fate.IS_RESTORED),
        ("reactivated", "active", {**OFF, "model_mapping": {"old": "old", "new": "new"}}, Fate.RESTORE),
        ("reactivated", "active", {**OFF, "group_ids": (3, 7)}, Fate.RESTORE),
        ("reactivated", "active", {**OFF, "status": "active"}, Fate.RESTORE),
        ("reactivated", "active", {**OFF, "expires_at": datetime(2027, 1, 1, tzinfo=UTC)}, Fate.CHANGED),
        ("reactivated", "active", {"import_state": "deprecated"}, Fate.CHANGED),
        ("reactivated", "active", {"schedulable": False}, Fate.CHANGED),
        ("reactivated", "active", {"status": "error"}, Fate.CHANGED),
        ("reactivated", "active", {"runs": (OTHER, RUN)}, Fate.RESTORE),
        ("reactivated", "active", {"runs": (RUN, OTHER)}, Fate.OF_ANOTHER_RUN),
        ("reactivated", "broken", {}, Fate.RELEASE),  # the run itself has put it back
        ("reactivated", "broken", {"import_state": "unproven", "group_ids": (1,)}, Fate.RESTORE),
        ("replaced", "broken", {"import_state": "unproven", "group_ids": (1,)}, Fate.RESTORE),
        ("replaced", "active", {}, Fate.RESTORE),
        ("replaced", "broken", {"import_state": "failed"}, Fate.RESTORE),
        ("replaced", "broken", {}, Fate.CHANGED),
        ("reused", "active", {"status": "inactive", "schedulable": False}, Fate.RESTORE),
    ],
)
def test_fate_of_an_account(resolution: str, access: str, fields: dict[str, Any], wanted: Fate) -> None:
    placed = {"placed_groups": [3, 7]} if access == "active" else {}
    before = None if resolution == "created" else BEFORE
    item = rows.item(account_resolution=resolution, access_status=access, before=before, **placed)
    assert fate(item, account(**fields)) is wanted


@pytest.mark.parametrize(
    ("runs", "wanted"),
    [
        ((OTHER, RUN), Fate.RESTORE),
        ((OTHER,), Fate.RESTORE),
        ((RUN, OTHER), Fate.OF_ANOTHER_RUN),
        ((RUN,), Fate.REMOVE),
    ],
)
def test_an_adopted_account_that_another_run_had_proven_goes_back_as_a_reused_one(
    runs: tuple[str, ...], wanted: Fate
) -> None:
    before = {**BEFORE, "status": "active", "added": [], "terms": {"priority": (50, 30)}}
    item = rows.item(account_resolution="created", before=before, placed_groups=[3, 7])
    held = account(runs=runs, terms={"priority": 30}, group_ids=(3, 7, 9))
    assert fate(item, held) is wanted
    assert groups_before(item, Before.model_validate(before), held.group_ids) == [3, 9]


@pytest.mark.parametrize(
    ("resolution", "fields", "half"),
    [
        ("reactivated", {"import_state": "unproven", "group_ids": (1,)}, True),
        ("replaced", {"import_state": "unproven", "group_ids": (1,)}, True),
        ("reactivated", {**OFF, "group_ids": (1,)}, True),  # switched off again, and not yet in its groups
        ("reactivated", OFF, False),
        ("reactivated", {"group_ids": (1,)}, False),  # it is on and proven: a person has moved it
        ("replaced", {"status": "error", "group_ids": (1,)}, False),
        ("replaced", {**OFF, "group_ids": (1,)}, False),
        ("reactivated", {"import_state": "unproven", "group_ids": (1,), "runs": (OTHER,)}, False),  # which adopted it
        ("reused", {"import_state": "unproven", "group_ids": (1,)}, False),
        ("created", {"import_state": "unproven", "group_ids": (1,)}, False),
    ],
)
def test_which_account_was_left_half_woken(resolution: str, fields: dict[str, Any], half: bool) -> None:
    before = {**BEFORE, "used_by": "run_20260520_0001"}
    item = rows.item(account_resolution=resolution, before=before, prior_groups=[3])
    earlier = {"runs": ("run_20260519_0001", "run_20260520_0001")}
    assert is_half_woken(item, account(**{**earlier, **fields})) is half


@pytest.mark.parametrize(
    ("before", "placed", "wanted"),
    [
        ({"added": ["new"]}, [3], Fate.RESTORE),
        ({"added": []}, [3, 7], Fate.RESTORE),
        ({"added": [], "terms": {"priority": (50, 30)}}, [3], Fate.RESTORE),
        ({"added": []}, [3], Fate.RELEASE),
        (None, [3, 7], Fate.RELEASE),
    ],
)
def test_each_thing_that_a_run_gave_to_a_reused_account_is_taken_back(
    before: dict[str, Any] | None, placed: list[int], wanted: Fate
) -> None:
    known = None if before is None else {**BEFORE, **before}
    item = rows.item(account_resolution="reused", before=known, placed_groups=placed)
    assert fate(item, account(terms={"priority": 30})) is wanted
    assert not is_half_woken(item, account())


def test_an_account_without_what_it_was_before_was_not_woken() -> None:
    assert not is_half_woken(rows.item(account_resolution="reactivated", before=None), account(import_state="unproven"))


def test_an_account_that_served_when_the_run_used_it_is_half_woken_by_another_run() -> None:
    """Which is about to prove it."""
    item = rows.item(account_resolution="reactivated", before={**BEFORE, "served": True}, prior_groups=[3])
    assert not is_half_woken(item, account(import_state="unproven", group_ids=(1,)))


def test_an_account_with_its_priority_and_expiry_of_before_is_restored() -> None:
    expiry = datetime(2027, 1, 1, tzinfo=UTC)
    before = {**BEFORE, "terms": {"priority": (50, 30)}, "expires_at": int(expiry.timestamp())}
    item = rows.item(account_resolution="reactivated", access_status="active", before=before, placed_groups=[3, 7])
    off = {**OFF, "expires_at": expiry}
    assert fate(item, account(**off, terms={"priority": 50})) is Fate.IS_RESTORED
    assert fate(item, account(**off, terms={"priority": 30})) is Fate.RESTORE


def test_a_reused_account_to_which_nothing_was_added_only_loses_the_mark_of_the_run() -> None:
    item = rows.item(account_resolution="reused", before={**BEFORE, "added": []}, placed_groups=[3])
    assert fate(item, account()) is Fate.RELEASE


def test_groups_that_people_gave_since_stay_with_an_account_that_served_only() -> None:
    before = rows.item(before=BEFORE).known_before
    assert before is not None
    reused = rows.item(account_resolution="reused", before=BEFORE, placed_groups=[3, 7])
    woken = rows.item(account_resolution="reactivated", before=BEFORE, placed_groups=[3, 7])
    assert groups_before(reused, before, [3, 7, 9]) == [3, 9]
    assert groups_before(woken, before, [3, 7, 9]) == [3]
    served = rows.item(account_resolution="reactivated", before={**BEFORE, "served": True}, placed_groups=[3, 7])
    assert groups_before(served, before, [3, 7, 9]) == [3, 9]


def test_added_names_go_and_replaced_targets_come_back() -> None:
    before = rows.item(before={**BEFORE, "replaced": {"old": "older", "gone": "x"}}).known_before
    assert before is not None
    now = {"old": "newer", "new": "new", "by-hand": "y"}
    assert mapping_before(before, now) == {"old": "older", "by-hand": "y"}


def test_duplicates_and_undecided_items_left_nothing() -> None:
    assert left_nothing(rows.item(account_resolution=None))
    assert left_nothing(rows.item(duplicate_of="item_00001"))
    assert not left_nothing(rows.item())


def test_the_mark_of_a_run_is_found_with_and_without_more_text() -> None:
    assert is_made_by(made_by(RUN), RUN)
    assert is_made_by(f"{made_by(RUN)}: https://relay.example.com/v1", RUN)
    assert not any(
        is_made_by(text, RUN) for text in (None, "", made_by(OTHER), f"{made_by(RUN)}0", "Batch Auto-Import")
    )


def test_every_result_has_its_text_in_both_languages() -> None:
    assert set(UNDO_TEXTS) == {*UndoOutcome, *UndoReason} - {UndoOutcome.KEPT}
    assert all(isinstance(text, Text) and text.zh and text.en for text in UNDO_TEXTS.values())
