"""What relays declare of a key's money decides before anything is written to the host, and is shown."""

import json
import os
from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.politeness import USUAL_REQUESTS
from batch_import.domain.terms import account_priority
from batch_import.host.client import HostClient
from batch_import.host.transport import HostTransport

from tests.conftest import Service
from tests.support.place import Place

RELAY_URL, RELAY_KEY = os.environ.get("RELAY_URL", ""), os.environ.get("RELAY_ADMIN_KEY", "")
NEEDED = ("sub2api", "new_api", "one_api")


def pair(box: Any, profile: str, name: str, **declared: float) -> dict[str, Any]:
    return {"base_url": box.relay(profile, name, **declared), "api_key": f"sk-test-{name}"}


def account_of(place: Place, item: dict[str, Any]) -> Any:
    account = place.host.account(item["account_id"])
    assert account is not None
    return account


def rate_of(place: Place, item: dict[str, Any]) -> float:
    return float(account_of(place, item)["rate_multiplier"])


def is_watched(place: Place, item: dict[str, Any]) -> bool:
    return account_of(place, item)["extra"].get("upstream_billing_probe_enabled") is True


def changes(place: Place, run_id: str, item: dict[str, Any]) -> list[dict[str, Any]]:
    """What the item's history tells of the account's terms."""
    events = place.service.item(run_id, item["item_id"])["events"]
    return [json.loads(one["payload_json"])["terms"] for one in events if one["event_type"] == "account_changed"]


def test_a_list_of_every_software_ends_with_what_each_declares(service: Service, box: Any) -> None:
    pairs = [pair(box, profile, "a", balance=7.5, rate=1.2) for profile in (*NEEDED, "unlimited_key", "healthy")]
    run_id, items = service.import_([*pairs, pair(box, "hostile_billing", "a"), pair(box, "simple_sub2api", "a")])
    assert [item["access_status"] for item in items] == ["active"] * 7
    shown = [item["billing"] for item in items]
    assert [b and (b["balance"], b["multiplier"], b["source"]) for b in shown] == [
        (7.5, 1.2, "sub2api"),
        (7.5, None, "new_api"),
        (7.5, None, "openai_dashboard"),
        (None, None, "openai_dashboard"),
        None,
        (None, None, "sub2api"),
        (None, None, "sub2api"),
    ]
    assert service.item(run_id)["billing"] == shown[0]


def test_a_key_that_declares_nothing_left_or_has_expired_is_never_written(service: Service, box: Any) -> None:
    empty = [pair(box, profile, "empty", balance=0) for profile in NEEDED]
    expired = [pair(box, profile, "old", expired=1) for profile in NEEDED]
    before = len(box.ledger())
    run_id, items = service.import_([*empty, *expired])
    [cause] = service.run(run_id)["causes"]
    assert cause["reason"] == "No money left at the relay, or the key has expired"
    assert cause["to_do"] == "Top up or renew the key there, then retry."
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


@pytest.mark.parametrize("follow", ["apply", "retry"])
def test_a_plan_that_is_applied_and_a_retry_keep_what_the_request_wants(
    service: Service, box: Any, follow: str
) -> None:
    wanted = {"max_multiplier": 1.5, "min_balance": 5, "rate_from_relay": True, "priority_from_speed": True,
              "host_billing_probe": True}  # fmt: skip
    dear = pair(box, "sub2api", "dear", rate=2)
    planned, _ = service.import_([dear, pair(box, "sub2api", "good", rate=0.75)], dry_run=follow == "apply", **wanted)
    answer = service.call("POST", f"/api/batch-import/runs/{planned}/{follow}")
    service.pump.run()
    run = service.run(answer["run_id"])["run"]
    assert {name: run[name] for name in wanted} == wanted
    codes = [item["last_error_code"] for item in service.items(answer["run_id"])]
    assert codes == ([None] if follow == "apply" else ["too_dear"])  # a plan has no account for what is too dear


@pytest.mark.parametrize("profile", ["healthy", "form_openai", *NEEDED])
def test_a_relay_that_works_is_asked_as_often_as_is_told_before(service: Service, box: Any, profile: str) -> None:
    before = sum(box.relay_calls().values())
    service.import_([pair(box, profile, "asked")], dry_run=True)
    assert sum(box.relay_calls().values()) - before == USUAL_REQUESTS - (profile not in NEEDED)


@pytest.mark.parametrize("limit", [{}, {"max_multiplier": 1.5}, {"min_balance": 5}])
def test_a_spared_relay_says_that_a_limit_was_not_judged(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, limit: dict[str, float]
) -> None:
    monkeypatch.setenv("NO_EXTRA_PROBES", "127.0.0.1")
    bootstrap.cache_clear()
    _, [item] = service.import_([pair(box, "sub2api", "spared", rate=2)], **limit)
    assert (item["access_status"], item["billing"]) == ("active", None)
    assert any("were not judged" in text for text in item["advisory_messages"]) == bool(limit)


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
    assert rate_of(place, item) == 1

    run_id, [again] = place.start(relay, rate_from_relay=True)
    assert again["account_resolution"] == "reused"
    assert rate_of(place, again) == 0.75
    assert changes(place, run_id, again) == [{"rate_multiplier": [1, 0.75]}]

    place.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    place.service.pump.run()
    assert rate_of(place, again) == 1

    _, [new] = place.start(place.pair("sub2api", "new", modifiers={"rate": 2.5}), rate_from_relay=True)
    assert rate_of(place, new) == 2.5


@pytest.mark.parametrize(
    ("left", "resolution"),
    [
        ({"status": "inactive"}, "reactivated"),
        ({"extra": {"import_state": "unproven"}}, "created"),  # by adoption
    ],
)
def test_the_history_tells_the_new_terms_of_an_account_that_is_switched_on_or_adopted(
    place: Place, left: dict[str, Any], resolution: str
) -> None:
    relay = place.pair("sub2api", "woken", modifiers={"rate": 0.75})
    _, [item] = place.start(relay)
    place.host.bulk_update(item["account_id"], **left)
    run_id, [again] = place.start(relay, rate_from_relay=True)
    assert (again["account_resolution"], again["account_id"]) == (resolution, item["account_id"])
    assert rate_of(place, again) == 0.75
    assert changes(place, run_id, again) == [{"rate_multiplier": [1, 0.75]}]
    run_id, [same] = place.start(relay, rate_from_relay=True)
    assert (same["account_resolution"], changes(place, run_id, same)) == ("reused", [])


def test_accounts_get_a_priority_by_their_relays_speed_where_that_is_asked_for(place: Place) -> None:
    relay = place.pair("form_openai", "speed")
    _, [item] = place.start(relay)
    assert account_of(place, item)["priority"] == 50

    run_id, [again] = place.start(relay, priority_from_speed=True)
    assert again["account_resolution"] == "reused"
    assert account_of(place, again)["priority"] == account_priority(again["speed"]) == 30
    assert changes(place, run_id, again) == [{"priority": [50, 30]}]

    place.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    place.service.pump.run()
    assert account_of(place, again)["priority"] == 50

    _, [new, unknown] = place.start(
        place.pair("form_openai", "new-speed"), place.pair("healthy", "unknown-speed"), priority_from_speed=True
    )
    assert account_of(place, new)["priority"] == 30
    assert account_of(place, unknown)["priority"] == (account_priority(unknown["speed"]) or 50)


def test_a_priority_that_somebody_set_since_stays(place: Place) -> None:
    relay = place.pair("form_openai", "by-hand")
    place.start(relay)
    run_id, [item] = place.start(relay, priority_from_speed=True)
    place.host.bulk_update(item["account_id"], priority=7)
    place.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    place.service.pump.run()
    assert account_of(place, item)["priority"] == 7


def test_the_hosts_billing_probe_is_switched_on_where_it_can_read_something(place: Place) -> None:
    """By newer hosts, for relays that run a newer sub2api."""
    able = place.host.at_least(0, 1, 161)
    relay = place.pair("sub2api", "watched", modifiers={"rate": 0.75})
    _, [item] = place.start(relay)
    assert not is_watched(place, item)

    run_id, [again] = place.start(relay, host_billing_probe=True)
    assert (again["account_resolution"], is_watched(place, again)) == ("reused", able)
    place.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    place.service.pump.run()
    assert not is_watched(place, again)

    _, [new, other] = place.start(
        place.pair("sub2api", "new-watched", modifiers={"rate": 2}),
        place.pair("new_api", "not-watched"),
        host_billing_probe=True,
    )
    assert (is_watched(place, new), is_watched(place, other)) == (able, False)


# --- a running sub2api as the relay (RELAY_URL, RELAY_ADMIN_KEY), the host beside it or the sandbox's


@pytest.mark.skipif(not RELAY_URL, reason="RELAY_URL and RELAY_ADMIN_KEY name no running sub2api")
@pytest.mark.timeout(400)
def test_a_running_sub2api_tells_what_is_left_and_at_which_multiplier(place: Place) -> None:
    relay = HostClient(HostTransport(RELAY_URL, RELAY_KEY))
    newer = relay.at_least(0, 1, 163)
    user, key_id, key, jwt = _customer_of(relay, place, rate=0.8)
    pair = {"base_url": f"{RELAY_URL}/v1", "api_key": key}

    relay.set_balance(user, 7.5)
    _, [item] = place.start(pair, rate_from_relay=True)
    assert (item["access_status"], item["billing"]["source"]) == ("active", "sub2api")
    assert item["billing"]["balance"] == pytest.approx(7.5, abs=0.1)
    assert item["billing"]["currency"] == "USD"
    assert item["billing"]["multiplier"] == (0.8 if newer else None)
    account = place.host.account(item["account_id"])
    assert account is not None
    assert account["rate_multiplier"] == (0.8 if newer else 1)

    _, [item] = place.start(pair, max_multiplier=0.5)
    assert item["last_error_code"] == ("too_dear" if newer else None)
    _, [item] = place.start(pair, min_balance=50)
    assert item["last_error_code"] == "too_little_left"

    relay.set_balance(user, 5)
    relay.transport.write("POST", f"/api/v1/admin/users/{user}/balance", {"balance": 5, "operation": "subtract"})
    _, [item] = place.start(pair)
    assert (item["last_error_code"], item["access_status"]) == ("payment_required", "broken")
    assert item["billing"] is None  # its model list is refused for the same reason, and nothing more is asked then

    relay.set_balance(user, 5)
    limit = {"name": "limited", "quota": 3}
    relay.transport.write("PUT", f"/api/v1/keys/{key_id}", limit, bearer=jwt)
    _, [item] = place.start(pair)
    assert (item["access_status"], item["billing"]["key_quota"]) == ("active", 3)
    assert item["billing"]["balance"] == pytest.approx(3, abs=0.1)

    relay.transport.write("PUT", f"/api/v1/keys/{key_id}", {**limit, "expires_at": "2026-01-01T00:00:00Z"}, bearer=jwt)
    _, [item] = place.start(pair)
    assert (item["access_status"], item["billing"]) == ("broken", None)


def _customer_of(relay: HostClient, place: Place, rate: float) -> tuple[int, int, str, str]:
    """A user's id, a key's id and value, and the user's token; a relay of the sandbox serves the key's group."""
    name = f"relay-{place.word}"
    group, _ = relay.ensure_private_group(name, "for a test")
    relay.update_group(group, {"rate_multiplier": rate, "is_exclusive": False})
    base_url = place.box.relay("form_openai", place.word).removesuffix("/v1")
    relay.create_account(
        {"name": name, "platform": "openai", "type": "apikey", "concurrency": 10, "group_ids": [group["id"]],
         "credentials": {"base_url": base_url, "api_key": "sk-test-1", "model_mapping": {"gpt-4o-mini": "gpt-4o-mini"}},
         "extra": {"openai_responses_mode": "force_chat_completions"}},
        f"test-{name}",
    )  # fmt: skip
    email, password, key = f"{name}@example.com", "CustomerPass-1", f"sk-test-{name}-0001"
    user = relay.ensure_user(email, password, 5)
    jwt = relay.login(email, password)
    made = relay.create_key(jwt, name, key)
    relay.rebind_key(int(made["id"]), int(group["id"]))
    return int(user["id"]), int(made["id"]), key, jwt
