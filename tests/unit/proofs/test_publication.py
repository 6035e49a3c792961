"""Access for more users than there is time for: each try gives some, and the last one ends it."""

from typing import Any
from unittest.mock import Mock

import pytest
from batch_import.domain.entities import Run
from batch_import.domain.types import AccessMode, AccountResolution, MatchedAccountState, Platform, RunMode
from batch_import.host.errors import HostUncertain
from batch_import.host.transport import TIMEOUT
from batch_import.net.deadline import deadline
from batch_import.proofs.publication import AccessUnfinished, Publication

from tests.support.clock import HandClock

FEW = ("1", "2", "3", "4")
USERS = tuple(str(number) for number in range(1, 101))
GROUP: dict[str, Any] = {"id": 7, "is_exclusive": False, "subscription_type": "subscription"}
ACCOUNT: dict[str, Any] = {"id": 1, "platform": "openai", "extra": {"import_runs": ["run_1"]}, "group_ids": [7]}


class Host:
    """A host with one account, and the users to whom it gave a subscription."""

    def __init__(self, refused: str = "", account: dict[str, Any] = ACCOUNT) -> None:
        self.given: list[str] = []
        self.written: list[dict[str, Any]] = []
        self.refused = refused
        self.row = account

    def account(self, _: int) -> dict[str, Any]:
        return self.row

    def user_with_email(self, email: str) -> dict[str, Any]:
        return {"id": int(email.partition("@")[0])}

    def bulk_update(self, _: int, **fields: Any) -> None:
        """Only noted: the account is in its group."""
        self.written.append(fields)

    def subscriptions_of_group(self, _: int) -> list[dict[str, Any]]:
        return [{"user_id": int(user), "expires_at": None} for user in self.given]

    def assign_subscription(self, user_id: int, *_: Any) -> None:
        if str(user_id) == self.refused:
            raise HostUncertain("host answered 500")
        self.given.append(str(user_id))


def place(host: Host, users: tuple[str, ...] = USERS, seconds: float = TIMEOUT - 1) -> None:
    """Usually in less time than one call to the host may take."""
    run = Run(run_id="run_1", mode=RunMode.PARTIAL, access_mode=AccessMode.SUBSCRIPTION, subscription_users=users,
              total_items=1, pages=1, index_page=0, started_at="2026-11-25T12:00:00Z")  # fmt: skip
    item = Mock(of_platform=Platform.OPENAI, prior_groups=(), account_id=1)
    publication = Publication(host, Mock(), HandClock().clock)  # type: ignore[arg-type]
    with deadline(seconds):
        publication.place(item, run, GROUP)


def test_every_try_gives_access_to_some_users_and_none_twice() -> None:
    host, before = Host(), 0
    while len(host.given) < len(USERS):
        try:
            place(host)
        except AccessUnfinished:
            assert before < len(host.given) < len(USERS)
        before = len(host.given)
    assert sorted(host.given) == sorted(USERS)


def test_a_few_users_wait_for_no_thread_that_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Publication, "_at_once", Mock(side_effect=AssertionError("no thread is free")))
    host = Host()
    with pytest.raises(AccessUnfinished):  # after the first one: there is no time for another
        place(host, FEW)
    assert host.given == ["1"]


def test_a_failure_of_the_host_is_no_lack_of_time() -> None:
    """It pays an attempt, so that a user whom the host always refuses does not keep the item for ever."""
    host = Host(refused="1")
    with pytest.raises(HostUncertain):
        place(host)


def test_a_user_who_is_named_twice_is_assigned_once() -> None:
    host = Host()
    place(host, ("1", "1@example.com", "2@example.com", "2"), 3 * TIMEOUT)
    assert host.given == ["1", "2"]


@pytest.mark.parametrize(
    ("resolution", "state", "status", "told"),
    [
        (AccountResolution.REACTIVATED, "proven", "active", []),  # another run has proved it meanwhile
        (AccountResolution.REACTIVATED, "unproven", "active", ["still_off"]),  # woken for a proof that failed
        (AccountResolution.REACTIVATED, "proven", "inactive", ["still_off"]),
        (AccountResolution.CREATED, "unproven", "active", []),
    ],
)
def test_what_was_off_is_told_as_still_off_unless_it_serves(
    resolution: AccountResolution, state: str, status: str, told: list[str]
) -> None:
    row = {**ACCOUNT, "status": status, "schedulable": True, "extra": {"import_state": state}}
    resources = Mock(own_group_ids=lambda _: frozenset({9}))
    publication = Publication(Host(account=row), resources, HandClock().clock)  # type: ignore[arg-type]
    item = Mock(of_platform=Platform.OPENAI, account_id=1, prior_groups=(7,),
                account_resolution=resolution, matched_account_state=MatchedAccountState.DISABLED)  # fmt: skip
    assert [one.code for one in publication.give_up(item)] == told


def test_an_account_that_has_not_got_its_groups_is_not_published() -> None:
    """A bulk-update reports success all the same."""
    host = Host(account={**ACCOUNT, "group_ids": [9]})
    with pytest.raises(HostUncertain, match="not got its groups"):
        place(host, FEW)
    assert host.given == []


OTHERS = [f"run_{number}" for number in range(2, 30)]


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        ([], ["run_1"]),
        (["run_1", "run_2"], ["run_1", "run_2"]),  # the run that made it stays the first
        (["run_2", "run_1", "run_3"], ["run_2", "run_3", "run_1"]),
        (OTHERS, ["run_2", *OTHERS[-19:], "run_1"]),
    ],
    ids=["none", "its maker", "one of the others", "many"],
)
def test_a_placed_account_names_the_runs_that_use_it(known: list[str], kept: list[str]) -> None:
    """An undo takes away no account that another run uses."""
    host = Host(account={**ACCOUNT, "extra": {"import_runs": known, "import_prior_groups": [3]}})
    place(host, ("1",))
    extra = {"import_state": "proven", "import_prior_groups": [], "import_runs": kept}
    assert host.written == [{"group_ids": [7], "extra": extra}]


QUARANTINE, ISOLATION = 10, 9
SERVES, WAITS = ("proven", [7, ISOLATION]), ("unproven", [ISOLATION])
FAILED = {"import_state": "failed"}


def off(state: str, *groups: int) -> list[dict[str, Any]]:
    """Switched off before it has a place again."""
    return [{"status": "inactive", "extra": {"import_state": state}}, {"group_ids": list(groups)}]


@pytest.mark.parametrize(
    ("resolution", "matched", "status", "account", "prior", "written"),
    [
        ("reused", "active", "active", SERVES, (), [{"group_ids": [7]}]),
        ("created", None, "active", SERVES, (), [{"group_ids": [7]}]),  # another run has proved it
        ("reactivated", "disabled", "inactive", SERVES, (8,), [{"group_ids": [7]}]),  # a person pauses it
        ("reused", "active", "error", SERVES, (), [{"group_ids": [10], "extra": {"import_prior_groups": [7]}}]),
        ("replaced", "broken", "error", SERVES, (8,),
         [{"group_ids": [10], "extra": {**FAILED, "import_prior_groups": [7]}}]),
        ("reactivated", "disabled", "error", SERVES, (8,), off("proven", 7)),
        ("reused", "active", "active", WAITS, (), [{"group_ids": [10], "extra": {}}]),
        ("created", None, "active", WAITS, (), [{"group_ids": [10], "extra": FAILED}]),
        ("replaced", "broken", "active", WAITS, (7,), [{"group_ids": [10], "extra": FAILED}]),
        ("reactivated", "disabled", "active", WAITS, (7,), off("proven", 7)),
        ("reactivated", "deprecated", "active", WAITS, (7, 8), off("deprecated", 7, 8)),
        ("reactivated", "disabled", "active", WAITS, (), off("proven", 10)),
    ],
)  # fmt: skip
def test_where_an_account_goes_that_was_not_proven(
    resolution: str,
    matched: str | None,
    status: str,
    account: tuple[str, list[int]],
    prior: tuple[int, ...],
    written: list[dict[str, Any]],
) -> None:
    host, publication = publishing(status, *account)
    item = Mock(of_platform=Platform.OPENAI, account_id=1, prior_groups=prior,
                account_resolution=AccountResolution(resolution),
                matched_account_state=MatchedAccountState(matched) if matched else None)  # fmt: skip
    publication.give_up(item)
    assert host.written == written


@pytest.mark.parametrize(("account", "groups"), [(SERVES, [7]), (WAITS, [QUARANTINE])])
def test_an_account_leaves_the_isolation_group_between_two_tries(
    account: tuple[str, list[int]], groups: list[int]
) -> None:
    host, publication = publishing("active", *account)
    publication.leave_isolation(Mock(of_platform=Platform.OPENAI, account_id=1))
    assert host.written == [{"group_ids": groups}]


def publishing(status: str, state: str, groups: list[int]) -> tuple[Host, Publication]:
    row = {**ACCOUNT, "status": status, "schedulable": True, "extra": {"import_state": state}, "group_ids": groups}
    resources = Mock(own_group_ids=lambda _: {QUARANTINE, ISOLATION}, quarantine_id=lambda _: QUARANTINE)
    host = Host(account=row)
    return host, Publication(host, resources, HandClock().clock)  # type: ignore[arg-type]
