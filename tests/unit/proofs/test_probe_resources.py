"""What the service keeps in the host is found again, also after a person deleted it under a warm worker."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from threading import Barrier
from typing import Any
from unittest.mock import Mock, call, patch

import pytest
from batch_import.coordination.provider_lock import ProviderBusy
from batch_import.domain.clock import SYSTEM_CLOCK
from batch_import.domain.types import Platform
from batch_import.host.errors import HostRefusesCredentials
from batch_import.proofs import probe_resources
from batch_import.proofs.probe_resources import QUARANTINE, ProbeResources, ProbeUser

from tests.support.clock import HandClock


class Host:
    """As much of a host as making groups and keys needs; it refuses a key that it has, as the real one does."""

    def __init__(self) -> None:
        self.groups: dict[str, int] = {}
        self.keys: dict[str, int] = {}
        self.ids = itertools.count(1)
        self.makers: list[str] = []
        self.listed = 0
        self.asked = 0

    def ensure_private_group(self, name: str, _: str, platform: Platform) -> tuple[dict[str, Any], bool]:
        made = name not in self.groups
        self.groups.setdefault(name, next(self.ids))
        return {"id": self.groups[name]}, made

    def ensure_user(self, *_: Any) -> dict[str, Any]:
        return {"id": 3, "balance": 1_000_000}

    def login(self, email: str, _: str) -> str:
        return f"token of {email}"

    def run_mode(self, _: str) -> str:
        self.asked += 1
        return "simple"

    def user_keys(self, user_id: int) -> list[dict[str, Any]]:
        self.listed += 1
        return [{"id": number, "key": value} for value, number in self.keys.items()]

    def create_key(self, jwt: str, name: str, value: str) -> dict[str, Any]:
        assert value not in self.keys
        self.keys[value] = len(self.keys) + 1
        self.makers.append(jwt)
        return {"id": self.keys[value]}


def leases() -> Mock:
    return Mock(all=Mock(return_value=[]), acquire=Mock(return_value=True), taken=Mock(return_value=False))


def test_a_deleted_quarantine_is_noticed_within_a_minute_and_not_asked_for_at_every_item() -> None:
    clock, host = HandClock(), Host()
    resources = ProbeResources(host, leases(), b"secret", clock.clock)  # type: ignore[arg-type]

    first = resources.quarantine_id(Platform.OPENAI)
    host.groups.clear()
    clock.later(59)
    assert resources.quarantine_id(Platform.OPENAI) == first
    assert host.groups == {}
    clock.later(2)
    assert resources.quarantine_id(Platform.OPENAI) == host.groups[QUARANTINE] != first


def test_threads_that_begin_together_ask_for_the_run_mode_once() -> None:
    host, table, start = Host(), leases(), Barrier(20)
    table.facts.return_value = {}
    resources = ProbeResources(host, table, b"secret", SYSTEM_CLOCK)  # type: ignore[arg-type]

    def ask() -> bool:
        start.wait(10)
        return resources.simple_mode()

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(ask) for _ in range(20)]
    assert all(answer.result() for answer in answers)
    assert host.asked == table.facts.call_count == table.remember.call_count == 1


def test_keys_that_are_leased_together_are_looked_for_once_and_another_lease_looks_anew() -> None:
    host = Host()
    pool = ProbeResources(host, leases(), b"secret", SYSTEM_CLOCK).keys("me")  # type: ignore[arg-type]
    with ExitStack() as borrowed:
        borrowed_keys = [borrowed.enter_context(pool.borrow(1.0)) for _ in range(16)]
        assert (host.listed, len(host.keys)) == (1, 16)
    assert sorted(resource.facts["key_id"] for resource in borrowed_keys) == list(range(1, 17))

    successor = ProbeResources(host, leases(), b"secret", SYSTEM_CLOCK).keys("who comes after a killed worker")  # type: ignore[arg-type]
    with successor.borrow(1.0) as resource:
        assert resource.facts["key_id"] in host.keys.values()
    assert (host.listed, len(host.keys)) == (2, 16)


def test_a_key_that_a_person_deleted_is_not_taken_from_memory() -> None:
    host = Host()
    pool = ProbeResources(host, leases(), b"secret", SYSTEM_CLOCK).keys("me")  # type: ignore[arg-type]
    with ExitStack() as others, pool.borrow(1.0) as first:
        for _ in range(15):
            others.enter_context(pool.borrow(1.0))  # the bundle's other keys: the next one to borrow is the first
        host.keys.clear()
        pool.forget(first)
    with pool.borrow(1.0) as again:
        assert again.facts["key_id"] in host.keys.values()


def test_after_a_rotation_no_key_is_taken_for_the_one_that_had_its_name() -> None:
    """Its id with the new value would bind one key and show another."""
    host, table = Host(), leases()
    old = ProbeResources(host, table, b"secret", SYSTEM_CLOCK).keys("me")  # type: ignore[arg-type]
    with ExitStack() as borrowed:
        for _ in range(16):
            borrowed.enter_context(old.borrow(1.0))
    row = {"sk": "from-000"}
    for one in table.remember.call_args_list:
        row.update(one.args[2])
    table.all.return_value = [row]
    table.remember.reset_mock()

    same = ProbeResources(host, table, b"secret", SYSTEM_CLOCK).keys("me")  # type: ignore[arg-type]
    with same.borrow(1.0):
        table.remember.assert_not_called()
    rotated = ProbeResources(host, table, b"another secret", SYSTEM_CLOCK)  # type: ignore[arg-type]
    with rotated.keys("me").borrow(1.0) as resource:
        key = rotated.gateway_key(resource)
    assert host.keys[key.value] == key.key_id == 17


def test_a_supplied_key_that_takes_the_place_of_another_is_looked_for() -> None:
    host, table = Mock(), leases()
    host.key_of_anyone.side_effect = lambda value: {"id": {"sk-test-old": 1, "sk-test-new": 2}[value]}
    table.all.return_value = [{"sk": "000", "slot_000": {"key_id": 1}}]
    resources = ProbeResources(host, table, b"secret", SYSTEM_CLOCK, ["sk-test-new"])
    with resources.keys("me").borrow(1.0) as resource:
        assert resources.gateway_key(resource).key_id == 2


def test_a_key_that_could_not_be_remembered_is_not_made_again() -> None:
    host, table = Host(), leases()
    table.remember.side_effect = [OSError("the table does not answer"), None]
    pool = ProbeResources(host, table, b"secret", SYSTEM_CLOCK).keys("me")  # type: ignore[arg-type]
    with pytest.raises(OSError, match="does not answer"), pool.borrow(1.0):
        pass
    names = set()
    with ExitStack() as borrowed:
        table.remember.side_effect = None
        for _ in range(16):
            names.add(borrowed.enter_context(pool.borrow(1.0)).name)
    assert (len(names), len(host.keys), host.listed) == (16, 16, 1)


def test_keys_are_shared_out_among_users_so_that_none_makes_more_than_a_host_allows_in_a_minute() -> None:
    host = Host()
    pool = ProbeResources(host, leases(), b"secret", HandClock().clock).keys("me")  # type: ignore[arg-type]
    with ExitStack() as borrowed:
        for _ in range(probe_resources.MAX_KEYS):
            borrowed.enter_context(pool.borrow(60.0))
    made = Counter(host.makers)
    assert len(made) * max(made.values()) == probe_resources.MAX_KEYS == len(host.keys)
    assert max(made.values()) < 240


@pytest.mark.parametrize(
    ("platform", "new", "seconds"),
    [(Platform.OPENAI, True, 0.0), (Platform.OPENAI, False, 2.0), (Platform.ANTHROPIC, True, 2.0)],
)
def test_what_a_killed_worker_left_in_a_group_is_taken_out_and_answers_no_more(
    platform: Platform, new: bool, seconds: float
) -> None:
    """By the group's accounts as they are under the lease of their provider."""
    now = {1: [9], 2: [9, 7], 3: [7], 4: [9]}
    rows = {n: {"id": n, "platform": platform, "extra": {}, "group_ids": groups} for n, groups in now.items()}
    rows[1]["extra"] = rows[3]["extra"] = {"import_provider_id": "p"}
    host, clock, held = Mock(), HandClock(), list[str]()
    host.at_least.return_value = new
    host.accounts.return_value = rows.values()
    host.account.side_effect = rows.get
    host.ensure_private_group.return_value = {"id": 10}, False
    resources = ProbeResources(host, leases(), b"secret", clock.clock)

    def hold(provider_id: str) -> Any:
        held.append(provider_id)
        return nullcontext()

    assert resources.empty(9, platform, hold, account_id=4) == 2
    assert host.bulk_update.call_args_list == [call(1, group_ids=[10]), call(2, group_ids=[7])]
    assert (held, sum(clock.slept)) == (["p", "p"], seconds)
    host.accounts.return_value = [rows[4]]
    assert resources.empty(9, platform, hold, account_id=4) == 0
    assert sum(clock.slept) == seconds


@pytest.mark.parametrize(
    ("owner", "taken", "acquired", "busy", "emptied", "released"),
    [
        ("killed", False, True, False, True, True),
        ("killed", False, True, True, True, False),  # it stays leased, and a later sweep tries again
        ("killed", False, False, False, False, False),  # another sweep has it
        ("at work", True, True, False, False, False),
        (None, False, True, False, False, False),
    ],
)
def test_a_group_is_emptied_when_its_lease_ran_out_under_a_killed_worker(
    owner: str | None, taken: bool, acquired: bool, busy: bool, emptied: bool, released: bool
) -> None:
    table = leases()
    table.all.side_effect = lambda kind: (
        [{"sk": "000", "lease_owner": owner, "slot_000": {"group_id": 9}}] * (kind == "lane")
    )
    table.taken.return_value, table.acquire.return_value = taken, acquired
    resources = ProbeResources(Mock(), table, b"secret", HandClock().clock)
    empty = Mock(side_effect=ProviderBusy("p") if busy else None, return_value=1)
    with patch.object(resources, "empty", empty):
        assert resources.clear_abandoned_groups("me", Mock()) == int(emptied and not busy)
    assert (empty.called, table.release.called) == (emptied, released)


def test_a_token_that_ran_out_is_taken_anew_once() -> None:
    host = Mock()
    host.ensure_user.return_value = {"id": 3, "balance": 0}
    host.login.side_effect = ["old", "new"]
    user = ProbeUser(host, "probe@example.com", "password")

    def call_host(token: str) -> str:
        if token == "old":
            raise HostRefusesCredentials("expired")
        return token

    assert [user.do(call_host) for _ in range(2)] == ["new", "new"]
    assert (host.login.call_count, host.ensure_user.call_count) == (2, 1)
    host.set_balance.assert_called_once_with(3, 1_000_000)
