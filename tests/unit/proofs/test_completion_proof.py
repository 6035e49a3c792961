"""The proof in private: in which group and under which lease, whose answer counts, and what is made anew."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.coordination.lease_pool import Resource
from batch_import.domain.answers import Answer, Trouble
from batch_import.domain.gateway import Proof
from batch_import.domain.outcomes import Code
from batch_import.domain.types import Platform
from batch_import.host.errors import HostError, HostRejected, HostUnavailable
from batch_import.proofs.completion_proof import CompletionProof
from batch_import.proofs.probe_resources import GatewayKey

from tests.support.clock import HandClock

PROVIDERS, ISOLATION, QUARANTINE, CUSTOMERS = 7, 9, 10, 8
OPEN = {"id": PROVIDERS, "is_exclusive": False, "subscription_type": "subscription"}
PRIVATE = {"id": PROVIDERS, "is_exclusive": True, "subscription_type": "standard"}
UNPROVEN, SERVES = ("unproven", [QUARANTINE]), ("proven", [CUSTOMERS, QUARANTINE])
GOOD = Answer(200, '{"choices": [{"message": {"content": "pong"}}]}', "application/json")
BROKEN = Answer(502, '{"error": {"message": "upstream error"}}', "application/json")


class World:
    """A host with one account. ``entered`` are its groups as the proof sets them, and whether the lease was held."""

    def __init__(
        self, group: Any = OPEN, account: tuple[str, list[int]] = UNPROVEN, answers: tuple[Answer, ...] = (GOOD,)
    ) -> None:
        state, groups = account
        row = {"id": 1, "platform": "openai", "extra": {"import_state": state}, "group_ids": groups}
        self.clock, self.held, self.entered = HandClock(), 0, list[tuple[list[int], bool]]()
        self.host, self.resources, self.served_by = Mock(), Mock(opened=set()), Mock()
        self.host.group.return_value, self.host.account.return_value = group, row
        self.host.bulk_update.side_effect = lambda _, group_ids: self.entered.append((group_ids, self.held > 0))
        self.keys, groups_pool = self.resources.keys.return_value, self.resources.isolation_groups.return_value
        self.keys.borrow.side_effect = lambda _: nullcontext(Resource("000", {"key_id": 5}))
        groups_pool.borrow.side_effect = lambda _: nullcontext(Resource("001", {"group_id": ISOLATION}))
        self.resources.gateway_key.return_value = GatewayKey(5, "sk-test-gateway")
        self.resources.own_group_ids.return_value = frozenset({ISOLATION, QUARANTINE})
        self.resources.cooldown.return_value = 2.0
        self.served_by.served_by.return_value = self.served_by.failed_on.return_value = 1
        self.checks = Mock(complete=Mock(side_effect=answers))
        self.item: Any = Mock(account_id=1, group_id=PROVIDERS, provider_id="p", of_platform=Platform.OPENAI,
                              resolved_smoke_model="m", demands=(), responses_mode=None)  # fmt: skip
        self.proof = CompletionProof(
            self.host, self.checks, self.served_by, self.resources, Mock(hold=self.hold), "me", self.clock.clock
        )

    @contextmanager
    def hold(self, provider_id: str) -> Iterator[None]:
        assert (provider_id, self.held) == ("p", 0)
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1


@pytest.mark.parametrize(
    ("group", "opened", "account", "entered", "where", "held"),
    [
        (OPEN, False, UNPROVEN, [ISOLATION], ISOLATION, 0),
        (OPEN, True, SERVES, [CUSTOMERS, ISOLATION], ISOLATION, 0),
        (PRIVATE, False, UNPROVEN, [PROVIDERS], PROVIDERS, 1),
        (PRIVATE, True, UNPROVEN, [PROVIDERS], PROVIDERS, 1),  # a person closed it again
        (PRIVATE, False, SERVES, [CUSTOMERS, ISOLATION], ISOLATION, 1),
    ],
)
def test_an_account_is_proven_where_no_customer_meets_it(
    group: Any, opened: bool, account: tuple[str, list[int]], entered: list[int], where: int, held: int
) -> None:
    """While the provider's group is private, its lease is held until the account is placed."""
    world = World(group, account)
    world.resources.opened |= {PROVIDERS} if opened else set()
    with world.proof.proof(world.item) as result:
        assert (result.decision.proof, result.group.group_id, world.held) == (Proof.PROVEN, where, held)
        with result.group.under_lease():
            assert world.held == 1
    assert world.entered == [(entered, True)]
    emptied = [PROVIDERS, ISOLATION] if group is PRIVATE and where == ISOLATION else [where]
    assert [call.args[0] for call in world.resources.empty.call_args_list] == emptied
    assert (PROVIDERS in world.resources.opened) == (opened or group is OPEN)


def test_a_private_group_rests_when_an_unproven_account_has_left_it() -> None:
    world = World(PRIVATE)
    with suppress(ValueError), world.proof.proof(world.item):
        raise ValueError
    assert world.clock.slept == [2.0]


def test_a_refused_key_is_made_anew() -> None:
    world = World(answers=(Answer(401, "{}", "application/json"),))
    with world.proof.proof(world.item) as result:
        assert (result.decision.proof, result.decision.code) == (Proof.RETRY, Code.GATEWAY_REFUSED_KEY)
    world.keys.forget.assert_called_once()


@pytest.mark.parametrize(("status", "error", "forgotten"), [(404, HostUnavailable, 1), (400, HostRejected, 0)])
def test_a_key_that_a_person_deleted_is_made_anew(status: int, error: type[HostError], forgotten: int) -> None:
    world = World()
    world.host.rebind_key.side_effect = HostRejected("no such key", status=status)
    with pytest.raises(error), world.proof.proof(world.item):
        pass
    assert (world.keys.forget.call_count, world.entered) == (forgotten, [])


@pytest.mark.parametrize(("answer", "proof"), [(GOOD, Proof.PROVEN), (BROKEN, Proof.RETRY)])
@pytest.mark.parametrize(("others", "asked"), [([], 1), ([2], 2)])
def test_an_answer_of_another_account_is_no_verdict(
    answer: Answer, proof: Proof, others: list[int], asked: int
) -> None:
    world = World(answers=(answer, answer))
    world.served_by.served_by.side_effect = world.served_by.failed_on.side_effect = [*others, 1]
    with world.proof.proof(world.item) as result:
        assert (result.decision.proof, world.checks.complete.call_count) == (proof, asked)


def test_no_log_of_the_host_is_read_for_a_call_that_it_did_not_answer() -> None:
    world = World(answers=(Answer(trouble=Trouble.READ_TIMEOUT),))
    with world.proof.proof(world.item) as result:
        assert result.decision.proof is Proof.RETRY
    assert not world.served_by.served_by.called
    assert not world.served_by.failed_on.called


@pytest.mark.parametrize(
    ("status", "proof", "code"),
    [(503, Proof.RETRY, Code.GATEWAY_NO_ACCOUNT), (404, Proof.FAIL, Code.GATEWAY_MIS_MAPPED)],
)
def test_an_account_that_the_scheduler_does_not_see_is_asked_for_and_entered_again(
    status: int, proof: Proof, code: Code
) -> None:
    unseen = Answer(status, '{"error": {"message": "no available accounts"}}', "application/json")
    world = World(answers=(unseen,) * 24)
    with world.proof.proof(world.item) as result:
        assert (result.decision.proof, result.decision.code) == (proof, code)
    assert world.entered == [([ISOLATION], True)] * 3
    assert sum(world.clock.slept) == 6.0
    assert not world.served_by.failed_on.called
