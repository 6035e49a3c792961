"""What failed is imported again once its relay has been repaired: nothing is made twice, and no key shows.

See docs/design.md#31-routes.
"""

from typing import Any

import pytest

from sandbox.relays.profiles import CutStream, DeadKey, Healthy
from tests.conftest import Service
from tests.flows.test_business_chains import account, creations
from tests.flows.test_canary import CANARY, everything_stored, pages

RUNS = "/api/batch-import/runs"


@pytest.fixture
def broken(box: Any) -> list[dict[str, Any]]:
    """A relay that refuses every key, one that cuts its streams (its account is made), a good one; each twice."""
    pairs = [
        {"base_url": box.relay(profile), "api_key": f"{CANARY}{n}"}
        for n, profile in enumerate(("dead_key", "cut_stream", "healthy"))
    ]
    return [*pairs, *pairs]


def repair_relays(patch: pytest.MonkeyPatch) -> None:
    for profile, names in ((DeadKey, ("accepts",)), (CutStream, ("chat", "responses"))):
        for name in names:
            patch.setattr(profile, name, getattr(Healthy, name))


def retried(service: Service, run_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answer = service.call("POST", f"{RUNS}/{run_id}/retry")
    service.pump.run()
    return answer, service.items(answer["run_id"])


def test_repaired_relays_end_active_and_have_one_account_each(
    service: Service, box: Any, broken: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, items = service.import_(broken)
    assert [item["access_status"] for item in items] == ["broken", "degraded", "active"] * 2
    quarantined, made = service.item(old, "item_00002")["account_id"], creations(box)

    repair_relays(monkeypatch)
    answer, items = retried(service, old)

    assert (answer["retry_of"], answer["total_items"], answer["left_out_items"]) == (old, 4, 0)
    assert [item["access_status"] for item in items] == ["active"] * 4
    assert [item["base_url"] for item in items] == [broken[n]["base_url"] for n in (0, 1, 3, 4)]
    assert items[3]["advisory_messages"] == ["Same address and key as item_00002: one account serves both"]
    assert service.item(answer["run_id"], "item_00002")["account_id"] == quarantined
    assert creations(box) == made + 1  # of the relay that was never entered; the other's account is the old one
    assert account(box, quarantined)["extra"]["import_state"] == "proven"
    assert service.call("POST", f"{RUNS}/{answer['run_id']}/retry")[0] == 409


def test_what_is_still_broken_can_be_retried_until_its_keys_are_erased(service: Service, box: Any) -> None:
    run_id, _ = service.import_([{"base_url": box.relay("dead_key"), "api_key": f"{CANARY}0"}])
    answer, [item] = retried(service, run_id)
    assert item["last_error_code"] == "auth_failed"
    assert retried(service, answer["run_id"])[0]["total_items"] == 1
    assert creations(box) == 0


def test_no_key_shows_on_the_way(
    service: Service, box: Any, broken: list[dict[str, Any]], capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    old, _ = service.import_(broken)
    answer, _ = retried(service, old)
    output = capfd.readouterr()
    places = {
        "tables": everything_stored(service.aws),
        "queues": repr(service.pump.delivered),
        "answers": repr(answer) + pages(service, answer["run_id"]),
        "output": output.out + output.err,
        "log records": "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records),
    }
    assert [where for where, text in places.items() if CANARY in text] == []
