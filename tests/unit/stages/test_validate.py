"""What follows a proof: whatever is written to the account is written under its provider's lease, and items end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from batch_import.consumer.next_step import NextStep
from batch_import.coordination.lease_pool import NoResource
from batch_import.coordination.provider_lock import ProviderBusy
from batch_import.domain.entities import Item
from batch_import.domain.gateway import GatewayDecision, Proof
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AccessMode, AccessStatus, AccountResolution, ItemStage, Platform, RunMode
from batch_import.host.errors import HostError, HostUnavailable
from batch_import.net.deadline import deadline
from batch_import.proofs.publication import AccessUnfinished
from batch_import.stages.validate import ValidationService

MOMENT = "2026-11-25T12:00:00.000+00:00"
PROVEN = GatewayDecision(Proof.PROVEN)
FAILED = GatewayDecision(Proof.FAIL, Code.GATEWAY_MIS_MAPPED)
AGAIN = GatewayDecision(Proof.RETRY, Code.GATEWAY_UPSTREAM_FAILED)
HALF_WOKEN: dict[str, Any] = {
    "failure_code": Code.DEAD_LETTERED,
    "account_resolution": AccountResolution.REACTIVATED,
    "reused_from_account_id": 1,
    "before": {"status": "inactive", "schedulable": True},
}


class World:
    """The stage with one item. ``done`` are the calls that change an account, and whether the lease was held."""

    def __init__(self, decision: GatewayDecision = PROVEN, **fields: Any) -> None:
        self.held, self.done, self.written = False, list[tuple[str, bool]](), list[dict[str, Any]]()
        self.item = Item(run_id="run_1", item_id="item_00001", position=0, base_url="https://relay.example.com/v1",
                         provider_id="p", key_digest="d", platform=Platform.OPENAI, account_id=1,
                         current_stage=ItemStage.VALIDATE, created_at=MOMENT, updated_at=MOMENT, **fields)  # fmt: skip
        self.run: Any = Mock(dry_run=False, mode=RunMode.PARTIAL, access_mode=AccessMode.SUBSCRIPTION)
        self.host, self.runs, self.to = MagicMock(), Mock(), Mock(item=self.item)
        self.host.resources.simple_mode.return_value = False
        self.host.locks.hold = lambda _: self.lease()
        self.host.client.account.return_value = {"id": 1, "platform": "openai", "group_ids": [],
                                                 "extra": {"import_state": "unproven"}}  # fmt: skip
        self.result = self.host.proof.proof.return_value.__enter__.return_value
        self.result.configure_mock(decision=decision, text="", retry_after=None, latency_ms=5)
        self.result.group.under_lease = self.lease
        publication = self.host.publication
        publication.place.side_effect = lambda *_: self.note("place") or ([7], [], [])
        publication.give_up.side_effect = lambda _: self.note("give_up") or []
        publication.leave_isolation.side_effect = lambda _: self.note("leave_isolation")
        self.to.write.side_effect = self.write
        self.to.redacted.side_effect = str
        self.to.hand_back.side_effect = lambda delay: NextStep(ItemStage.VALIDATE, delay)
        self.runs.recent.return_value = self.run
        self.stage = ValidationService(
            Mock(), Mock(**{"begin.return_value": self.to}), self.runs, Mock(), lambda: self.host,
            *(Mock() for _ in range(4)),
        )  # fmt: skip

    @contextmanager
    def lease(self) -> Iterator[None]:
        self.held = True
        try:
            yield
        finally:
            self.held = False

    def note(self, name: str) -> None:
        self.done.append((name, self.held))

    def write(self, changes: dict[str, Any], *_: Any) -> Item:
        self.written.append(changes)
        return self.item.model_copy(update=changes)

    def handle(self) -> NextStep:
        with deadline(1000):
            return self.stage.handle(self.item)

    @property
    def verdicts(self) -> list[AccessStatus]:
        return [changes["access_status"] for changes in self.written]


@pytest.mark.parametrize(
    ("decision", "retried", "done", "verdicts"),
    [
        (PROVEN, None, ["place"], [AccessStatus.ACTIVE]),
        (FAILED, None, ["give_up"], [AccessStatus.BROKEN]),
        (AGAIN, NextStep(ItemStage.VALIDATE, 8.0), ["leave_isolation"], []),
        (AGAIN, None, ["leave_isolation", "give_up"], [AccessStatus.DEGRADED]),  # its retries are spent
    ],
)
def test_what_a_proof_leads_to_is_written_under_the_lease(
    decision: GatewayDecision, retried: NextStep | None, done: list[str], verdicts: list[AccessStatus]
) -> None:
    world = World(decision)
    world.to.retry.return_value = retried
    step = world.handle()
    assert world.done == [(name, True) for name in done]
    assert (world.verdicts, step.stage) == (verdicts, ItemStage.VALIDATE if retried else ItemStage.DONE)


@pytest.mark.parametrize("error", [NoResource("key"), ProviderBusy("p"), AccessUnfinished("users are left")])
def test_an_item_that_waits_for_others_pays_nothing(error: Exception) -> None:
    world = World()
    world.host.proof.proof.return_value.__enter__.side_effect = error
    assert world.handle() == NextStep(ItemStage.VALIDATE, 2)
    assert (world.verdicts, world.to.retry.called, world.to.host_failed.called) == ([], False, False)


def test_an_item_ends_when_the_host_has_failed_for_too_long() -> None:
    world = World()
    world.host.proof.proof.return_value.__enter__.side_effect = HostUnavailable("no answer")
    world.to.host_failed.return_value = None
    assert world.handle().stage is ItemStage.DONE
    assert (world.verdicts, world.done) == ([AccessStatus.DEGRADED], [("give_up", True)])


@pytest.mark.parametrize("failing", ["client.account", "publication.give_up"])
@pytest.mark.parametrize("again", [NextStep(ItemStage.VALIDATE, 8.0), None])
def test_a_host_that_does_not_answer_keeps_a_verdict_back_for_as_long_as_others_wait_for_it(
    failing: str, again: NextStep | None
) -> None:
    """The account of the stopped item was found between two writes."""
    world = World(**HALF_WOKEN)
    world.to.host_failed.return_value = again
    world.host.configure_mock(**{f"{failing}.side_effect": HostUnavailable("no answer")})
    step = world.handle()
    if again is not None:
        assert (step, world.written) == (again, [])
    else:
        assert (step.stage, world.verdicts) == (ItemStage.DONE, [AccessStatus.DEGRADED])
        assert [entry["code"] for entry in world.written[0]["advisories"]] == ["not_put_back"]


@pytest.mark.parametrize(("row", "done"), [({}, [("give_up", True)]), (None, [])])
def test_what_is_half_woken_is_put_back_before_the_verdict(row: Any, done: list[Any]) -> None:
    """Of an account that is gone nothing is left to put back."""
    world = World(**HALF_WOKEN)
    world.host.client.account.return_value = row if row is None else world.host.client.account.return_value
    assert world.handle().stage is ItemStage.DONE
    assert (world.done, world.verdicts) == (done, [AccessStatus.DEGRADED])
    assert not world.written[0]["advisories"]


@pytest.mark.parametrize("error", [HostUnavailable("no answer"), ProviderBusy("p")])
def test_an_account_that_was_switched_on_and_cannot_be_put_back_now_is_left_to_the_next_message(
    error: HostError | ProviderBusy,
) -> None:
    world = World(FAILED, **{**HALF_WOKEN, "failure_code": None})
    world.host.publication.give_up.side_effect = error
    world.to.fail.return_value = NextStep(ItemStage.VALIDATE)
    assert (world.handle(), world.written) == (NextStep(ItemStage.VALIDATE), [])
    world.to.fail.assert_called_once_with(FAILED.code, "")


@pytest.mark.parametrize("error", [HostUnavailable("no answer"), ProviderBusy("p")])
def test_a_new_account_that_cannot_be_marked_keeps_no_verdict_back(error: HostError | ProviderBusy) -> None:
    world = World(FAILED)
    world.host.publication.give_up.side_effect = error
    assert (world.handle().stage, world.verdicts) == (ItemStage.DONE, [AccessStatus.BROKEN])


@pytest.mark.parametrize(
    ("decision", "mode", "stops"),
    [
        (FAILED, RunMode.STRICT, True),
        (FAILED, RunMode.PARTIAL, False),
        (AGAIN, RunMode.STRICT, False),
        (PROVEN, RunMode.STRICT, False),
    ],
)
def test_a_strict_run_stops_at_a_broken_item_only(decision: GatewayDecision, mode: RunMode, stops: bool) -> None:
    world = World(decision)
    world.run.mode, world.to.retry.return_value = mode, None
    world.handle()
    assert world.runs.stop_strictly.called is stops
