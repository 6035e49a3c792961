"""What a failed test of the host leads to: the account is put back under its provider's lease, and the item goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
from batch_import.consumer.next_step import NextStep
from batch_import.coordination.provider_lock import ProviderBusy
from batch_import.domain.account_check import CheckReport
from batch_import.domain.entities import Item
from batch_import.domain.outcomes import Code
from batch_import.domain.types import ItemStage, Platform
from batch_import.host.errors import HostUnavailable
from batch_import.stages.confirm import ConfirmationWorker

MOMENT = "2026-11-25T12:00:00.000+00:00"
AGAIN, WAITS = NextStep(ItemStage.CONFIRM, 8.0), NextStep(ItemStage.CONFIRM, 2.0)
FAILED, MOVED_ON = NextStep(ItemStage.VALIDATE, item=Mock()), NextStep(ItemStage.VALIDATE)
NO_ANSWER = HostUnavailable("no answer")
REFUSED = CheckReport(passed=False, error="API returned 401: no such key")


class World:
    """``put_back`` are whether the lease was held when an account was given up."""

    def __init__(self, platform: Platform = Platform.OPENAI, host_failed: NextStep | None = None) -> None:
        self.held, self.put_back, self.busy = False, list[bool](), False
        item = Item(run_id="run_1", item_id="item_00001", position=0, base_url="https://relay.example.com/v1",
                    provider_id="p", key_digest="d", platform=platform, account_id=1, resolved_smoke_model="m",
                    current_stage=ItemStage.CONFIRM, created_at=MOMENT, updated_at=MOMENT)  # fmt: skip
        self.checks, self.publication, self.to = Mock(), Mock(), Mock(item=item)
        self.checks.test_account.return_value = REFUSED
        self.publication.give_up.side_effect = lambda _: self.put_back.append(self.held) or []
        self.to.host_failed.return_value = host_failed
        self.to.fail.return_value, self.to.move_on.return_value = FAILED, MOVED_ON
        self.to.hand_back.side_effect = lambda delay: NextStep(ItemStage.CONFIRM, delay)
        self.to.redacted.side_effect = str
        transitions = Mock(**{"begin.return_value": self.to})
        self.worker = ConfirmationWorker(
            transitions, Mock(), lambda: self.checks, lambda: self.publication, lambda: Mock(hold=self.hold)
        )

    @contextmanager
    def hold(self, _: str) -> Iterator[None]:
        if self.busy:
            raise ProviderBusy("p")
        self.held = True
        yield
        self.held = False

    def handle(self) -> NextStep:
        return self.worker.handle(self.to.item)


def test_an_account_whose_test_failed_is_put_back_under_the_lease() -> None:
    world = World()
    assert (world.handle(), world.put_back) == (FAILED, [True])
    assert world.to.fail.call_args.args[0] == Code.UPSTREAM_AUTH_FAILED


def test_an_item_waits_for_a_provider_that_is_busy() -> None:
    world = World()
    world.busy = True
    assert (world.handle(), world.put_back) == (WAITS, [])


def test_a_host_that_cannot_put_an_account_back_keeps_no_verdict_back() -> None:
    world = World()
    world.publication.give_up.side_effect = NO_ANSWER
    assert world.handle() == FAILED


@pytest.mark.parametrize(("host_failed", "step", "put_back"), [(AGAIN, AGAIN, []), (None, FAILED, [True])])
@pytest.mark.parametrize("failing", ["checks.test_account", "publication.wake"])
def test_a_host_that_does_not_answer_is_asked_again_until_the_retries_are_spent(
    failing: str, host_failed: NextStep | None, step: NextStep, put_back: list[bool]
) -> None:
    world = World(Platform.ANTHROPIC, host_failed)
    part, _, call = failing.partition(".")
    getattr(getattr(world, part), call).side_effect = NO_ANSWER
    assert (world.handle(), world.put_back) == (step, put_back)


@pytest.mark.parametrize(
    ("platform", "status", "step", "woken"),
    [
        (Platform.OPENAI, 401, FAILED, False),
        (Platform.OPENAI, 403, MOVED_ON, False),  # its retries are spent; such a test switches no account off
        (Platform.ANTHROPIC, 401, MOVED_ON, True),
    ],
)
def test_the_gateway_decides_over_an_account_that_is_on_where_a_refused_test_is_no_verdict(
    platform: Platform, status: int, step: NextStep, woken: bool
) -> None:
    world = World(platform)
    world.checks.test_account.return_value = CheckReport(passed=False, error=f"API returned {status}: refused")
    world.to.retry.return_value = None
    assert world.handle() == step
    assert world.publication.wake.called is woken


def test_an_item_without_an_account_fails() -> None:
    world = World()
    world.to.item = world.to.item.model_copy(update={"account_id": None})
    assert world.handle() == FAILED
    world.checks.test_account.assert_not_called()
