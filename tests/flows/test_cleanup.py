"""Quarantine cleanup over the whole service: what never served goes, what served or was taken up meanwhile stays."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.coordination.provider_lock import ProviderLocks
from batch_import.domain.clock import SYSTEM_CLOCK, Clock
from batch_import.runs.quarantine_cleanup import QuarantineCleanup

from tests.conftest import Service
from tests.flows.test_business_chains import account, bulk_update, creations

KEY = "sk-test-0000000000000001"
QUARANTINE = "/api/batch-import/quarantine"


def cut(box: Any, name: str = "c1", key: str = KEY) -> dict[str, Any]:
    """A relay that probes well and fails the host's test: its account ends in quarantine."""
    return {"base_url": box.relay("cut_stream", name), "api_key": key}


def waiting(service: Service) -> dict[int, bool]:
    listed = service.call("GET", QUARANTINE)["accounts"]
    return {found["account_id"]: found["never_served"] for found in listed}


def served_and_failed(service: Service, box: Any) -> int:
    """An account that had its place, was switched off by the host, and did not come alive again."""
    pair = {"base_url": box.relay("healthy"), "api_key": KEY}
    run_id, _ = service.import_([pair])
    account_id = int(service.item(run_id)["account_id"])
    box.host.accounts[account_id]["status"] = "error"
    box.host.fail_next("POST", rf"/accounts/{account_id}/test$", 500, times=20)
    _, [item] = service.import_([pair])
    assert (item["account_resolution"], item["access_status"]) == ("replaced", "degraded")
    return account_id


def test_what_never_served_is_listed_removed_and_made_anew_by_the_next_import(service: Service, box: Any) -> None:
    dead = {"base_url": box.relay("dead_key"), "api_key": KEY}
    pairs = [cut(box, "c1"), cut(box, "c2"), dead]
    run_id, items = service.import_(pairs)
    ids = [service.item(run_id, item["item_id"])["account_id"] for item in items]
    assert (ids[2], creations(box)) == (None, 2)
    listed = service.call("GET", QUARANTINE)["accounts"]
    assert next(found for found in listed if found["account_id"] == ids[0]) == {
        "account_id": ids[0],
        "name": account(box, ids[0])["name"],
        "provider_id": items[0]["provider_id"],
        "base_url": items[0]["base_url"],
        "import_state": "failed",
        "never_served": True,
    }
    assert waiting(service) == {ids[0]: True, ids[1]: True}

    assert service.call("DELETE", QUARANTINE) == {"removed": sorted(ids[:2]), "kept": []}

    assert waiting(service) == {}
    assert service.call("DELETE", QUARANTINE) == {"removed": [], "kept": []}
    _, again = service.import_(pairs)
    assert [item["account_resolution"] for item in again] == ["created", "created", None]
    assert creations(box) == 4
    assert len(waiting(service)) == 2


def test_an_import_after_a_removal_does_not_trust_what_it_saw_of_the_host_before(service: Service, box: Any) -> None:
    """The worker's process keeps its look at the host for minutes."""
    service.import_([cut(box)])
    bootstrap.cache_clear()  # another process, which looks at the host now
    service.import_([cut(box, "c2")])
    assert len(service.call("DELETE", QUARANTINE)["removed"]) == 2
    _, [item] = service.import_([cut(box)])
    assert (item["account_resolution"], item["last_error_code"]) == ("created", "stream_cut")


def test_an_account_that_served_before_is_kept(service: Service, box: Any) -> None:
    account_id = served_and_failed(service, box)
    assert account(box, account_id)["extra"]["import_prior_groups"]
    assert waiting(service) == {account_id: False}
    assert service.call("DELETE", QUARANTINE)["kept"] == [{"account_id": account_id, "reason": "served_before"}]
    assert account(box, account_id)["extra"]["import_state"] == "failed"


def test_an_account_that_was_used_is_kept_although_its_marker_says_nothing(service: Service, box: Any) -> None:
    run_id, _ = service.import_([cut(box)])
    account_id = service.item(run_id)["account_id"]
    box.host.accounts[account_id]["last_used_at"] = box.host.now() - 60
    assert waiting(service) == {account_id: False}
    assert service.call("DELETE", QUARANTINE)["kept"] == [{"account_id": account_id, "reason": "served_before"}]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"extra": {"import_state": "unproven"}}, "changed_meanwhile"),
        ({"group_ids": [1]}, "changed_meanwhile"),
        ({"extra": {"import_prior_groups": [1]}}, "served_before"),
    ],
)
def test_an_account_that_was_taken_up_meanwhile_is_kept(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], kept: str
) -> None:
    """Between the list and the provider's lease an import worked on it."""
    run_id, _ = service.import_([cut(box)])
    account_id = service.item(run_id)["account_id"]
    if "group_ids" in change:
        change = {"group_ids": [service_group(box)]}
    real = ProviderLocks.hold

    @contextmanager
    def after_an_import(self: ProviderLocks, provider_id: str) -> Iterator[Any]:
        bulk_update(box, account_id, **change)
        with real(self, provider_id) as tenure:
            yield tenure

    monkeypatch.setattr(ProviderLocks, "hold", after_an_import)
    answer = service.call("DELETE", QUARANTINE)
    assert answer == {"removed": [], "kept": [{"account_id": account_id, "reason": kept}]}
    assert account(box, account_id)["id"] == account_id


def service_group(box: Any) -> int:
    return next(int(g["id"]) for g in box.host.groups.values() if g["name"].endswith("-sub"))


def test_a_provider_that_an_import_works_on_is_left_alone(service: Service, box: Any) -> None:
    run_id, items = service.import_([cut(box, "c1"), cut(box, "c2")])
    ids = [service.item(run_id, item["item_id"])["account_id"] for item in items]
    leases = bootstrap().host.leases
    assert leases.acquire("provider", items[0]["provider_id"], "an import", 150)
    answer = service.call("DELETE", QUARANTINE)
    assert answer == {"removed": [ids[1]], "kept": [{"account_id": ids[0], "reason": "provider_busy"}]}
    leases.release("provider", items[0]["provider_id"], "an import")
    assert service.call("DELETE", QUARANTINE)["removed"] == [ids[0]]


@pytest.mark.parametrize("fault", [500, 403, "drop_after", "drop_before"])
def test_a_removal_that_fails_is_told_and_repeatable(service: Service, box: Any, fault: int | str) -> None:
    run_id, items = service.import_([cut(box, "c1"), cut(box, "c2")])
    ids = [service.item(run_id, item["item_id"])["account_id"] for item in items]
    box.host.fail_next("DELETE", rf"/accounts/{ids[0]}$", fault)
    answer = service.call("DELETE", QUARANTINE)
    assert answer == {"removed": [ids[1]], "kept": [{"account_id": ids[0], "reason": "host_failed"}]}
    again = service.call("DELETE", QUARANTINE)
    assert again == {"removed": [] if fault == "drop_after" else [ids[0]], "kept": []}


def test_what_is_not_reached_in_time_is_left_for_the_next_call(service: Service, box: Any) -> None:
    run_id, _ = service.import_([cut(box)])
    account_id = service.item(run_id)["account_id"]
    host, seconds = bootstrap().host, itertools.count(0, 30)
    clock = Clock(SYSTEM_CLOCK.now, lambda: float(next(seconds)))  # each look is thirty seconds later
    cleaned = QuarantineCleanup(host.client, ProviderLocks(host.leases, "cleanup", clock), clock).remove()
    assert (cleaned.removed, cleaned.kept) == ([], {account_id: "not_reached"})
    assert service.call("DELETE", QUARANTINE)["removed"] == [account_id]


def test_accounts_of_others_and_half_made_ones_are_not_looked_at(service: Service, box: Any) -> None:
    run_id, items = service.import_([cut(box, "c1"), cut(box, "c2")])
    ids = [service.item(run_id, item["item_id"])["account_id"] for item in items]
    box.host.accounts[ids[0]]["extra"].pop("import_fingerprint")
    bulk_update(box, ids[1], extra={"import_state": "unproven"})
    assert waiting(service) == {}
    assert service.call("DELETE", QUARANTINE) == {"removed": [], "kept": []}
    assert {ids[0], ids[1]} <= set(box.host.accounts)


def test_looking_makes_nothing_in_the_host(service: Service, box: Any) -> None:
    assert waiting(service) == {}
    assert service.call("DELETE", QUARANTINE) == {"removed": [], "kept": []}
    assert box.ledger() == []
