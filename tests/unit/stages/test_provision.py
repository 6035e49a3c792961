"""How an account is written: isolated before it is woken, looked at afterwards, and asked for by one call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.consumer.next_step import NextStep
from batch_import.coordination.provider_lock import ProviderSnapshot
from batch_import.domain.account import DesiredAccount
from batch_import.domain.entities import Item, ItemProfile, Run
from batch_import.domain.types import AccessMode, AccountResolution, ItemStage, MatchedAccountState, Platform, RunMode
from batch_import.host.errors import HostRejected, HostUnavailable, HostUncertain
from batch_import.stages.provision import Provisioner

from tests.support.clock import HandClock

MOMENT = "2026-11-25T12:00:00.000+00:00"
PROVIDERS, CUSTOMERS, QUARANTINE = 7, 8, 10
RUN = Run(run_id="run_1", mode=RunMode.PARTIAL, access_mode=AccessMode.SUBSCRIPTION, subscription_users=("1",),
          total_items=1, pages=1, index_page=0, started_at=MOMENT)  # fmt: skip


class World:
    """A host with one account or none. ``done`` is what happens to it, in order."""

    def __init__(self, account: dict[str, Any] | None, **fields: Any) -> None:
        self.row, self.done, self.snapshot = account, list[Any](), ProviderSnapshot()
        self.item = Item(run_id="run_1", item_id="item_00001", position=0, base_url="https://relay.example.com/v1",
                         provider_id="p", key_digest="d" * 64, platform=Platform.OPENAI, resolved_smoke_model="m",
                         current_stage=ItemStage.PROVISION, created_at=MOMENT, updated_at=MOMENT, **fields)  # fmt: skip
        self.host, resources, self.to = Mock(), Mock(), Mock(item=self.item)
        self.host.version_numbers.return_value = (0, 1, 179)
        self.host.ensure_private_group.return_value = {"id": PROVIDERS, "status": "active"}, False
        self.host.ensure_channel.return_value = {"id": 3}, False
        self.host.accounts.side_effect = lambda _: [self.row] if self.row else []
        self.host.account.side_effect = lambda _: self.row
        self.host.bulk_update.side_effect = self.update
        self.host.recover_state.side_effect = lambda _: self.done.append("recovered")
        resources.quarantine_id.return_value, resources.cooldown.return_value = QUARANTINE, 2.0
        resources.own_group_ids.return_value = frozenset({QUARANTINE})
        clock = replace(HandClock().clock, sleep=self.done.append)
        self.to.host_failed.return_value = None
        self.to.move_on.side_effect = lambda stage, *_: NextStep(stage)
        self.to.fail.side_effect = lambda *_, **__: NextStep(ItemStage.VALIDATE)
        self.give_up = Mock(return_value=[])
        self.locks = Mock(hold=self.hold)
        self.provisioner = Provisioner(self.host, resources, Mock(), self.locks, self.give_up, clock)

    @contextmanager
    def hold(self, _: str) -> Iterator[ProviderSnapshot]:
        yield self.snapshot

    def update(self, _: int, **fields: Any) -> None:
        self.done.append(fields.get("group_ids") or fields.get("status"))
        if self.row is not None:
            self.row = {**self.row, **fields, "extra": {**self.row["extra"], **fields.get("extra", {})}}

    def provision(self) -> ItemStage:
        return self.provisioner.provision(self.to, RUN, ItemProfile(), "sk-test").stage


def row(state: str, **fields: Any) -> dict[str, Any]:
    extra = {"import_state": state, "import_provider_id": "p", "import_fingerprint": "sha256:" + "d" * 64}
    return {"id": 1, "name": "bi", "platform": "openai", "status": "active", "schedulable": True,
            "credentials": {"base_url": "https://relay.example.com/v1"}, "extra": extra, "group_ids": [QUARANTINE],
            **fields}  # fmt: skip


REACTIVATED: dict[str, Any] = {
    "account_resolution": AccountResolution.REACTIVATED,
    "matched_account_state": MatchedAccountState.DISABLED,
    "reused_from_account_id": 1,
}


@pytest.mark.parametrize(("prior", "rests"), [((CUSTOMERS,), [2.0]), ((), [])])
def test_an_account_is_isolated_and_its_customers_have_left_it_before_it_is_woken(
    prior: tuple[int, ...], rests: list[float]
) -> None:
    world = World(row("proven", status="inactive", group_ids=[*prior]), prior_groups=prior, **REACTIVATED)
    assert world.provision() is ItemStage.CONFIRM
    assert world.done == [[QUARANTINE], *rests, "recovered", "active"]
    assert world.row is not None
    marks = world.row["extra"]
    assert (marks["import_state"], marks["import_prior_groups"], "import_runs" in marks) == (
        "unproven",
        [*prior],
        False,
    )


def test_an_account_that_is_gone_when_it_is_looked_at_is_not_confirmed() -> None:
    """A bulk-update reports success for ids that do not exist."""
    world = World(row("proven", status="inactive"), **REACTIVATED)
    world.host.account.side_effect = [world.row, None]
    assert world.provision() is ItemStage.VALIDATE
    world.give_up.assert_called_once()


def test_an_item_whose_account_cannot_be_put_back_fails_by_what_stopped_it() -> None:
    """Stage validate puts the account back."""
    world = World(row("proven", status="inactive"), **REACTIVATED)
    world.host.account.side_effect = [world.row, None]
    world.give_up.side_effect = HostUnavailable("no answer")
    assert world.provision() is ItemStage.VALIDATE
    [failed] = world.to.fail.call_args_list
    assert failed.args[1] == "the account is gone"


def test_a_half_made_account_is_adopted_and_names_its_run() -> None:
    """By which an undo knows whose it is."""
    world = World(row("unproven"), account_resolution=AccountResolution.CREATED)
    assert world.provision() is ItemStage.CONFIRM
    assert world.row is not None
    assert world.row["extra"]["import_runs"] == ["run_1"]
    assert (world.done, world.host.create_account.called) == ([[QUARANTINE], "recovered", "active"], False)


def test_a_creation_that_the_host_rejects_is_sent_once_and_nothing_read_before_is_trusted() -> None:
    world = World(None, account_resolution=AccountResolution.CREATED)
    world.snapshot.accounts = []
    world.host.create_account.side_effect = HostRejected("no such platform", status=400)
    assert world.provision() is ItemStage.VALIDATE
    world.host.create_account.assert_called_once()
    assert world.snapshot == ProviderSnapshot()
    world.give_up.assert_not_called()
    world.locks.remember_late.assert_not_called()


def test_a_creation_without_an_answer_is_on_its_way_also_when_the_look_after_it_fails() -> None:
    world = World(None, account_resolution=AccountResolution.CREATED)
    world.host.create_account.side_effect = HostUncertain("no answer")
    world.host.accounts.side_effect = [[], HostUnavailable("no answer")]
    world.provision()
    world.locks.remember_late.assert_called_once_with("p", world.snapshot, "d" * 64, "run_1/item_00001")
    world.locks.settle.assert_not_called()


def test_only_the_answer_to_the_very_first_creation_is_trusted_without_a_look() -> None:
    """Another key may be replayed, and its account be gone since."""
    world = World(None)
    rows = {5: None, 6: row("unproven", id=6)}
    world.host.account.side_effect = rows.get
    taken = HostRejected("another body", status=409, reason="IDEMPOTENCY_KEY_CONFLICT")
    world.host.create_account.side_effect = [taken, row("unproven", id=5), row("unproven", id=6)]
    wanted = DesiredAccount("p", "d" * 64, "https://relay.example.com/v1", {})
    assert world.provisioner._post(world.item, wanted, {}, first=True) == 6
    keys = [call.args[1][-1] for call in world.host.create_account.call_args_list]
    assert keys == ["1", "2", "3"]
