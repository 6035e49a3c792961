"""Every fault profile of a relay gets the verdict that sandbox/README.md promises; a second import creates nothing."""

import json
from typing import Any

from tests.conftest import Service
from tests.flows.test_business_chains import creations
from tests.support.verdicts import expected_verdicts


def profile_list(box: Any) -> list[dict[str, Any]]:
    """The slow ones are quick here: the embedded stack imports them as they are (test_end_to_end.py)."""
    return [
        {"base_url": box.relay(p, "v", **({"latency": 0.2} if "slow" in p else {})), "api_key": f"sk-test-{n:04d}"}
        for n, p in enumerate(expected_verdicts())
    ]


def told(service: Service, run_id: str, item: dict[str, Any]) -> tuple[Any, ...]:
    detail = service.item(run_id, item["item_id"])
    failed = next((e for e in detail["events"] if e["event_type"] == "stage_failed"), None)
    advisories = [e["message"] for e in detail["events"] if e["event_type"] == "advisory_recorded"]
    code = json.loads(failed["payload_json"])["code"] if failed else None
    stage = failed["stage"] if failed else "validate"
    return stage, code, (advisories or [None])[0], item["confirmation_status"], item["access_status"]


def test_every_profile_ends_as_the_table_says_and_the_same_list_again_creates_nothing(
    service: Service, box: Any
) -> None:
    pairs = profile_list(box)
    run_id, first = service.import_(pairs)
    found = {profile: told(service, run_id, item) for profile, item in zip(expected_verdicts(), first, strict=True)}
    assert found == {profile: tuple(expected) for profile, expected in expected_verdicts().items()}
    assert all(item["current_stage"] == "done" for item in first)
    made = creations(box)

    _, second = service.import_(pairs)

    assert creations(box) == made == sum(item["account_resolution"] == "created" for item in first)
    again = {item["account_resolution"] for item in second}
    assert again == {"reused", "replaced", None}
    assert [i["access_status"] for i in second] == [i["access_status"] for i in first]


def test_the_same_pair_twice_in_a_list_is_one_account_and_is_told(service: Service, box: Any) -> None:
    url = box.relay("healthy")
    run_id, [one, two] = service.import_(
        [{"base_url": url, "api_key": "sk-test-1"}, {"base_url": url.removesuffix("/v1"), "api_key": "sk-test-1"}]
    )
    assert creations(box) == 1
    assert (one["account_resolution"], two["account_resolution"]) == ("created", "reused")
    assert "item_00001" in two["advisory_messages"][0]
    assert service.item(run_id, "item_00002")["account_id"] == service.item(run_id, "item_00001")["account_id"]
    assert service.run(run_id)["run"]["completed_items"] == 2
