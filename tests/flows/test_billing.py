"""What relays declare of a key's money decides before anything is written to the host, and is shown."""

from typing import Any

import pytest

from tests.conftest import Service
from tests.support.place import Place

NEEDED = ("sub2api", "new_api", "one_api")


def pair(box: Any, profile: str, name: str, **declared: float) -> dict[str, Any]:
    return {"base_url": box.relay(profile, name, **declared), "api_key": f"sk-test-{name}"}


def test_a_list_of_every_software_ends_with_what_each_declares(service: Service, box: Any) -> None:
    pairs = [pair(box, profile, "a", balance=7.5, rate=1.2) for profile in (*NEEDED, "unlimited_key", "healthy")]
    run_id, items = service.import_([*pairs, pair(box, "hostile_billing", "a")])
    assert [item["access_status"] for item in items] == ["active"] * 6
    shown = [item["billing"] for item in items]
    assert [b and (b["balance"], b["multiplier"], b["source"]) for b in shown] == [
        (7.5, 1.2, "sub2api"),
        (7.5, None, "new_api"),
        (7.5, None, "openai_dashboard"),
        (None, None, "openai_dashboard"),
        None,
        (None, None, "sub2api"),
    ]
    assert service.item(run_id)["billing"] == shown[0]


def test_a_key_that_declares_nothing_left_or_has_expired_is_never_written(service: Service, box: Any) -> None:
    empty = [pair(box, profile, "empty", balance=0) for profile in NEEDED]
    expired = [pair(box, profile, "old", expired=1) for profile in NEEDED]
    before = len(box.ledger())
    _, items = service.import_([*empty, *expired])
    assert {(item["last_error_code"], item["access_status"]) for item in items} == {("payment_required", "broken")}
    assert [item["billing"]["balance"] for item in items] == [0.0] * 3 + [25.0] * 3
    assert "balance of 0 USD" in items[0]["last_error"]
    assert "expired at 2023-11-14" in items[3]["last_error"]
    assert [e for e in box.ledger()[before:] if "/accounts" in e["path"]] == []


def test_limits_of_the_request_leave_out_what_does_not_meet_them(service: Service, box: Any) -> None:
    pairs = [
        pair(box, "sub2api", "dear", rate=2),
        pair(box, "new_api", "poor", balance=4),
        pair(box, "sub2api", "good", rate=1.5, balance=5),
        pair(box, "healthy", "unknown"),
    ]
    run_id, items = service.import_(pairs, max_multiplier=1.5, min_balance=5)
    assert [item["last_error_code"] for item in items] == ["too_dear", "too_little_left", None, None]
    assert [item["access_status"] for item in items] == ["broken", "broken", "active", "active"]
    run = service.run(run_id)["run"]
    assert (run["max_multiplier"], run["min_balance"], run["rate_from_relay"]) == (1.5, 5, False)


@pytest.mark.parametrize("field", ["max_multiplier", "min_balance"])
@pytest.mark.parametrize("value", [0, -1, 1e9, "1", True, None])
def test_limits_that_are_no_amounts_are_refused(service: Service, box: Any, field: str, value: Any) -> None:
    body = {"access_mode": "subscription", "subscription_users": ["customer@example.com"], field: value,
            "items": [pair(box, "healthy", "a")]}  # fmt: skip
    status, _ = service.raw("POST", "/api/batch-import/runs", body)
    assert status == (202 if value is None else 400)


def test_accounts_get_the_multiplier_of_their_relay_where_that_is_asked_for(place: Place) -> None:
    relay = place.pair("sub2api", "rate", modifiers={"rate": 0.75})
    _, [item] = place.start(relay)
    assert place.host.account(place.account_of(item))["rate_multiplier"] == 1

    run_id, [again] = place.start(relay, rate_from_relay=True)
    assert again["account_resolution"] == "reused"
    assert place.host.account(again["account_id"])["rate_multiplier"] == 0.75

    place.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    place.service.pump.run()
    assert place.host.account(again["account_id"])["rate_multiplier"] == 1

    _, [new] = place.start(place.pair("sub2api", "new", modifiers={"rate": 2.5}), rate_from_relay=True)
    assert place.host.account(new["account_id"])["rate_multiplier"] == 2.5
