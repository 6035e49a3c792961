"""What the host holds, as a decision needs it: accounts made by hand are seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from batch_import.domain.clock import iso
from batch_import.host.errors import HostUnavailable
from batch_import.proofs.account_inventory import AccountInventory

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Host:
    """A host's account list."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.full_looks = 0

    def accounts(self, search: str = "") -> list[dict[str, Any]]:
        self.full_looks += not search
        return [row for row in self.rows if search in row["name"]]

    def accounts_after(self, account_id: int) -> list[dict[str, Any]]:
        return [row for row in reversed(self.rows) if row["id"] > account_id]

    def account(self, account_id: int) -> dict[str, Any] | None:
        return next((row for row in self.rows if row["id"] == account_id), None)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def by_hand(number: int) -> dict[str, Any]:
    credentials = {"base_url": "https://relay.example.com/v1"}
    return {"id": number, "name": f"by hand {number}", "status": "active", "schedulable": True,
            "credentials": credentials, "extra": {}, "group_ids": []}  # fmt: skip


def test_an_account_made_by_hand_is_seen_by_the_next_run() -> None:
    host, clock = Host(), Hand()
    inventory = AccountInventory(host, clock)  # type: ignore[arg-type]
    clock.at += timedelta(seconds=1)
    assert inventory.of_provider("p", iso(START)) == []

    host.rows = [by_hand(1)]
    clock.at += timedelta(seconds=10)
    next_run = iso(clock.at)
    clock.at += timedelta(seconds=1)

    assert [account.account_id for account in inventory.of_provider("p", next_run)] == [1]


def after_a_look(host: Host) -> tuple[AccountInventory, Hand]:
    """An inventory that has seen account 1; account 2 was made by hand since, and it is time for news."""
    clock = Hand()
    inventory = AccountInventory(host, clock)  # type: ignore[arg-type]
    host.rows = [by_hand(1)]
    clock.at += timedelta(seconds=1)
    inventory.of_provider("p", iso(START))
    host.rows = [by_hand(1), by_hand(2)]
    clock.at += timedelta(seconds=2)
    return inventory, clock


def test_an_account_made_by_hand_during_a_run_is_seen_by_its_next_item() -> None:
    host = Host()
    inventory, _ = after_a_look(host)
    assert [account.account_id for account in inventory.of_provider("q", iso(START))] == [2, 1]
    assert host.full_looks == 1


def test_the_items_of_a_run_share_one_look_at_all_accounts() -> None:
    host, clock = Host(), Hand()
    inventory = AccountInventory(host, clock)  # type: ignore[arg-type]
    clock.at += timedelta(seconds=1)
    for provider in ("a", "b", "c"):
        inventory.of_provider(provider, iso(START))
    assert host.full_looks == 1


def test_a_renamed_account_is_asked_for_again() -> None:
    host, clock = Host(), Hand()
    inventory = AccountInventory(host, clock)  # type: ignore[arg-type]
    host.rows = [
        {**by_hand(1), "extra": {"import_provider_id": "p"}},
        {**by_hand(2), "extra": {"import_provider_id": "q"}},
    ]
    clock.at += timedelta(seconds=1)
    inventory.of_provider("q", iso(START))

    host.rows[0]["status"] = "disabled"

    found = inventory.of_provider("p", iso(START))
    assert [(account.account_id, account.provider_id, account.status) for account in found] == [(1, "p", "disabled")]


class Failing(Host):
    """It breaks its first answer about new accounts off."""

    broken = True

    def accounts_after(self, account_id: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        yield from super().accounts_after(account_id)
        if self.broken:
            self.broken = False
            raise HostUnavailable("the second page is not answered")


def test_what_a_broken_off_look_had_found_is_found_by_the_next() -> None:
    inventory, clock = after_a_look(Failing())
    with pytest.raises(HostUnavailable):
        inventory.of_provider("p", iso(START))
    clock.at += timedelta(seconds=2)

    assert [account.account_id for account in inventory.of_provider("p", iso(START))] == [2, 1]


def test_an_account_that_two_pages_show_is_one() -> None:
    host, clock = Host(), Hand()
    inventory = AccountInventory(host, clock)  # type: ignore[arg-type]
    renamed = {**by_hand(2), "extra": {"import_provider_id": "p"}}
    host.rows = [by_hand(1), renamed, by_hand(1), renamed]
    clock.at += timedelta(seconds=1)
    assert [account.account_id for account in inventory.of_provider("p", iso(START))] == [2, 1]
