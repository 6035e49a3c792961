"""What a run made and nobody has used since is taken back; all else stays and says why (docs/design.md#37-undo).

With ``HOST_URL`` and ``HOST_ADMIN_KEY`` set, against that host.
"""

from typing import Any

import pytest
from batch_import.host.accounts import existing_account

from tests.support.place import REAL_URL, Customer, Place

RUNS = "/api/batch-import/runs"
pytestmark = pytest.mark.timeout(300 if REAL_URL else 60)


def undo(place: Place, run_id: str) -> list[dict[str, Any]]:
    answer = place.service.call("POST", f"{RUNS}/{run_id}/undo")
    assert answer["undone_at"] is None
    assert answer["undo_asked_at"] is not None
    place.service.pump.run()
    assert place.service.run(run_id)["run"]["undone_at"] is not None
    return place.service.items(run_id)


def results(items: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(item["undo_result"]["outcome"], item["undo_result"]["reason"]) for item in items]


def kinds(place: Place, run_id: str, item_id: str = "item_00001") -> list[str]:
    """Of the events since the verdict."""
    found = [event["event_type"] for event in place.service.item(run_id, item_id)["events"]]
    return found[found.index("access_decided") + 1 :]


def group_of(place: Place, item: dict[str, Any]) -> dict[str, Any] | None:
    return place.host.group_named(f"{item['provider_id']}-sub")


def served_by(place: Place, customer: Customer, item: dict[str, Any]) -> int:
    group = group_of(place, item)
    assert group is not None
    return customer.ask(int(group["id"]), item["resolved_smoke_model"])


def test_an_unused_run_leaves_nothing_in_the_host_and_reads_as_before(place: Place) -> None:
    customer = place.customer("plain")
    pairs = [place.pair("healthy", "gone"), place.pair("cut_stream", "cut"), place.pair("dead_key", "dead")]
    run_id, before = place.start(*pairs, pairs[0], subscription_users=[customer.email])
    assert [item["access_status"] for item in before] == ["active", "degraded", "broken", "active"]
    assert len(place.accounts()) == 2
    summary = place.service.run(run_id)["run"]

    items = undo(place, run_id)
    assert results(items) == [("removed", None), ("removed", None), ("nothing", None), ("nothing", None)]
    assert place.accounts() == []
    assert [group_of(place, item) for item in items] == [None] * 4
    assert place.host.channel_named(f"{items[0]['provider_id']}-sub") is None
    taken = {"undo_asked_at", "undone_at"}
    after = place.service.run(run_id)["run"]
    assert {name: after[name] for name in after if name not in taken} == {
        name: summary[name] for name in summary if name not in taken
    }
    for name in ("access_status", "account_resolution", "confirmation_status", "current_stage", "last_error_code"):
        assert [item[name] for item in items] == [item[name] for item in before]
    assert kinds(place, run_id, "item_00004") == ["undo_decided"]
    assert kinds(place, run_id) == [
        "access_taken", "account_removed", "channel_removed", "group_removed", "undo_decided",
    ]  # fmt: skip

    first = place.service.item(run_id)["events"]
    assert results(undo(place, run_id)) == results(items)
    assert place.service.item(run_id)["events"] == first
    [again] = place.import_(pairs[0])
    assert (again["access_status"], again["account_resolution"]) == ("active", "created")


def test_what_a_second_import_reuses_stays_until_that_is_undone_too(place: Place) -> None:
    customer = place.customer("again")
    pair, users = place.pair("healthy", "shared"), {"subscription_users": [customer.email]}
    first, _ = place.start(pair, **users)
    second, [reused] = place.start(pair, **users)
    assert reused["account_resolution"] == "reused"

    assert results(undo(place, first)) == [("kept", "reused_by_another_run")]
    [account] = place.accounts()
    group = group_of(place, reused)
    assert group is not None
    assert [row["user_id"] for row in place.host.subscriptions_of_group(int(group["id"]))] == [customer.user_id]

    assert results(undo(place, second)) == [("restored", None)]
    assert [row["id"] for row in place.accounts()] == [account["id"]]
    assert results(undo(place, first)) == [("removed", None)]
    assert (place.accounts(), group_of(place, reused)) == ([], None)


def test_what_a_customer_has_used_stays_with_its_access_and_the_rest_goes(place: Place) -> None:
    user, idle = place.customer("user"), place.customer("idle")
    one = place.pair("healthy", "used")
    other = {**one, "api_key": f"{one['api_key']}-2"}
    run_id, [first, _] = place.start(one, other, subscription_users=[user.email, idle.email])
    group = group_of(place, first)
    assert group is not None
    assert served_by(place, user, first) == 200
    used_id = int(next(place.host.usage(user_id=user.user_id))["account_id"])

    items = undo(place, run_id)
    number = [place.service.item(run_id, item["item_id"])["account_id"] for item in items].index(used_id)
    wanted = [("removed", None), ("removed", None)]
    wanted[number] = ("kept", "used")
    assert results(items) == wanted
    assert [row["id"] for row in place.accounts()] == [used_id]
    assert [row["user_id"] for row in place.host.subscriptions_of_group(int(group["id"]))] == [user.user_id]
    assert served_by(place, user, first) == 200


def test_an_account_that_was_switched_on_is_off_again_and_one_changed_since_stays(place: Place) -> None:
    pairs = [place.pair("healthy", "off"), place.pair("healthy", "touched"), place.pair("healthy", "in-use")]
    customer = place.customer("later")
    _, items = place.start(*pairs, subscription_users=[customer.email])
    ids = [int(row["id"]) for row in sorted(place.accounts(), key=lambda row: row["id"])]
    for account_id in ids:
        place.host.bulk_update(account_id, status="inactive")
    before = {account_id: existing_account(place.host.account(account_id) or {}) for account_id in ids}

    run_id, items = place.start(*pairs)
    assert [item["account_resolution"] for item in items] == ["reactivated"] * 3
    accounts = [place.service.item(run_id, item["item_id"])["account_id"] for item in items]
    place.host.bulk_update(accounts[1], schedulable=False)
    assert served_by(place, customer, items[2]) == 200

    assert results(undo(place, run_id)) == [("restored", None), ("kept", "changed_since"), ("kept", "used")]
    assert existing_account(place.host.account(accounts[0]) or {}) == before[accounts[0]]
    assert existing_account(place.host.account(accounts[2]) or {}).status == "active"
    assert "account_restored" in kinds(place, run_id)


def test_repaired_and_expired_accounts_are_again_as_they_were(place: Place) -> None:
    pairs = [place.pair("healthy", "broken"), place.pair("healthy", "expired")]
    _, items = place.start(*pairs)
    broken, expired = (place.account_of(item) for item in items)
    place.host.bulk_update(broken, status="error")
    place.host.set_expiry(expired, 1_700_000_000)
    before = [existing_account(place.host.account(number) or {}) for number in (broken, expired)]

    run_id, items = place.start(*pairs)
    assert [item["account_resolution"] for item in items] == ["replaced", "reactivated"]
    assert [item["access_status"] for item in items] == ["active", "active"]
    assert results(undo(place, run_id)) == [("restored", None), ("restored", None)]
    assert [existing_account(place.host.account(number) or {}) for number in (broken, expired)] == before


def test_names_and_groups_that_a_run_added_to_a_reused_account_go_again(place: Place) -> None:
    pool, _ = place.host.ensure_private_group(f"pool-{place.word}", "a pool")
    pair = place.pair("healthy", "names")
    _, [made] = place.start({**pair, "requested_models": []})
    [account] = place.accounts()
    mapping = dict(account["credentials"]["model_mapping"])
    name = sorted(mapping)[0]
    shorter = {key: value for key, value in mapping.items() if key != name}
    place.host.bulk_update(int(account["id"]), credentials={"model_mapping": shorter})

    run_id, [item] = place.start(pair, join_groups=[f"pool-{place.word}"])
    assert item["account_resolution"] == "reused"
    [account] = place.accounts()
    assert name in account["credentials"]["model_mapping"]
    assert int(pool["id"]) in account["group_ids"]

    assert results(undo(place, run_id)) == [("restored", None)]
    [account] = place.accounts()
    assert account["credentials"]["model_mapping"] == shorter
    assert [int(pool["id"]) in account["group_ids"], account["status"]] == [False, "active"]
    assert made["access_status"] == "active"


def test_the_proof_with_a_given_key_is_no_use(place: Place) -> None:
    customer = place.customer("given")
    fields = {"access_mode": "self_service", "probe_api_key": customer.key, "subscription_users": []}
    run_id, [item] = place.start(place.pair("healthy", "self"), **fields)
    assert place.service.run(run_id)["recent_warnings"] == []
    name = f"{item['provider_id']}-self"
    assert place.host.group_named(name) is not None
    assert results(undo(place, run_id)) == [("removed", None)]
    assert (place.accounts(), place.host.group_named(name)) == ([], None)
