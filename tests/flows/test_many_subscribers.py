"""A run for more users than a host serves in an item's time: all get access, each is assigned once."""

import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from batch_import.host.client import HostClient
from batch_import.host.transport import TIMEOUT
from batch_import.proofs import publication
from batch_import.runs import customers
from batch_import.stages.validate import ValidationService

from sandbox.host.templates import USER
from tests.conftest import Service

USERS = 1000
LATENCY = 0.05
CUSTOMER = "customer@example.com"


@pytest.fixture
def users(service: Service, box: Any) -> list[str]:
    """Ids of users of the host, which are put into it at once."""
    emails = (f"user-{number:04d}@example.com" for number in range(USERS))
    return [str(box.host.add("users", USER, {"email": email, "username": "", "_notes": ""})["id"]) for email in emails]


@pytest.fixture
def assigned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of users in the order of their assignments, each of which takes a moment."""
    seen: list[int] = []
    assign = HostClient.assign_subscription

    def slowly(client: HostClient, user_id: int, *rest: Any) -> None:
        time.sleep(LATENCY)
        seen.append(user_id)
        assign(client, user_id, *rest)

    monkeypatch.setattr(HostClient, "assign_subscription", slowly)
    return seen


def pairs(box: Any, *keys: str) -> list[dict[str, Any]]:
    return [{"base_url": box.relay("healthy", "many"), "api_key": f"sk-test-{key * 8}"} for key in keys]


def test_all_of_many_users_get_access_though_an_items_time_is_too_short_for_them(
    service: Service,
    box: Any,
    users: list[str],
    assigned: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The items of a run assign each user once, and pay no attempt for coming again."""
    monkeypatch.setattr(ValidationService, "worst_case", TIMEOUT + 1.0)
    run_id, items = service.import_(pairs(box, "a", "b"), subscription_users=users)
    assert [item["access_status"] for item in items] == ["active", "active"]
    assert [service.item(run_id, item["item_id"])["retry_count"] for item in items] == [0, 0]
    assert len(assigned) == len(set(assigned)) == USERS
    rounds = len([name for name, _ in service.pump.delivered if name == "validation"])
    assert rounds > 3


@pytest.mark.parametrize("few", [0, 2])
def test_a_group_is_asked_once_a_run_whom_it_has_and_not_for_a_few(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Users whom nobody knows any more are told with each item all the same."""
    monkeypatch.setattr(customers, "PATIENCE", 0.0)
    monkeypatch.setattr(publication, "_FEW", few)
    asked: list[int] = []
    subscriptions = HostClient.subscriptions_of_group
    monkeypatch.setattr(
        HostClient, "subscriptions_of_group", lambda self, group: (asked.append(group), subscriptions(self, group))[1]
    )
    _, items = service.import_(pairs(box, "a", "b"), subscription_users=[CUSTOMER, "nobody@example.com"])
    assert ["nobody@example.com" in str(item["advisory_messages"]) for item in items] == [True, True]
    assert len(asked) == (0 if few else 1)


def test_a_subscription_that_has_run_out_or_was_revoked_is_given_again(
    service: Service, box: Any, assigned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another run; the host leaves one that is valid as it is."""
    monkeypatch.setattr(publication, "_FEW", 0)
    service.import_(pairs(box, "a"), subscription_days=2)
    service.import_(pairs(box, "a"), subscription_days=3)
    assert len(assigned) == 1
    service.clock.shift(timedelta(days=2, minutes=1))
    service.import_(pairs(box, "a"), subscription_days=2)
    assert len(assigned) == 2
    [row] = box.host.subscriptions.values()
    requests.delete(
        f"{box.host_url}/api/v1/admin/subscriptions/{row['id']}", headers={"x-api-key": box.admin_key}, timeout=5
    )
    service.import_(pairs(box, "a"), subscription_days=2)
    assert len(assigned) == 3
