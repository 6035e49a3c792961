"""The retry route: which items come again, which do not, and what is told (docs/design.md#31-routes)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.domain.entities import Item
from batch_import.domain.outcomes import Code
from batch_import.domain.types import AccessStatus, ItemStage
from batch_import.runs.follow_up import FollowUp
from batch_import.store.items import item_id_at
from botocore.client import BaseClient

from tests.functions.test_api import BODY, RUNS, call, post, queued, stored
from tests.support.aws import Aws

ACTIVE, DEGRADED, BROKEN, UNKNOWN = (
    AccessStatus.ACTIVE, AccessStatus.DEGRADED, AccessStatus.BROKEN, AccessStatus.UNKNOWN
)  # fmt: skip
KEY = "sk-canary-retry-{:05d}"
PROBE_KEY = "sk-canary-probe-00000001"


def items(count: int) -> list[dict[str, Any]]:
    return [{"base_url": f"https://r{n}.example.com/v1", "api_key": KEY.format(n)} for n in range(count)]


def ended(accesses: Sequence[AccessStatus], **fields: Any) -> str:
    """A run whose items ended so, one after the other."""
    body = {**BODY, "items": items(len(accesses)), **fields}
    made = str(post(body).json["run_id"])
    for number, access in enumerate(accesses, start=1):
        end(made, f"item_{number:05d}", access)
    run = bootstrap().runs.get(made)
    assert run is not None
    assert run.finished_at is not None
    return made


def end(run_id: str, item_id: str, access: AccessStatus, code: str | None = None) -> None:
    parts = bootstrap()
    item = parts.items.get(run_id, item_id)
    assert item is not None
    changes: dict[str, Any] = {"current_stage": ItemStage.DONE, "access_status": access}
    if code is not None:
        changes |= {"failure_code": Code(code), "last_error_code": Code(code)}
    parts.items.transition(item, changes)
    if access is ACTIVE:
        erase_key(run_id, item_id)
    parts.progress.publish()


def erase_key(run_id: str, item_id: str) -> None:
    bootstrap().secret_store.erase(run_id, [item_id])


def retry(run_id: str, body: Any = None, **more: Any) -> Any:
    return call("POST", f"{RUNS}/{run_id}/retry", body, **more)


def listed(run_id: str) -> list[tuple[str, str | None]]:
    """Address and key of each item of a run, in its order."""
    parts = bootstrap()
    run = parts.runs.get(run_id)
    assert run is not None
    found = parts.items.get_many(run_id, [f"item_{n:05d}" for n in range(1, run.total_items + 1)])
    keys = parts.service.open_keys(run_id, [item.item_id for item in found])
    return [(item.base_url, keys.get(item.item_id)) for item in found]


# --- what comes again


def test_what_ended_degraded_or_broken_comes_again_in_a_new_run(aws: Aws) -> None:
    old = ended([ACTIVE, BROKEN, UNKNOWN, DEGRADED])
    answer = retry(old)
    new = answer.json["run_id"]
    assert answer.status == 202
    assert answer.json == {
        "run_id": new, "state": "running", "result_page": f"/batch-import/runs/{new}", "total_items": 2,
        "active_items": 0, "degraded_items": 0, "broken_items": 0, "warning_items": 0,
        "retry_of": old, "left_out_items": 0,
    }  # fmt: skip
    assert new != old
    assert listed(new) == [("https://r1.example.com/v1", KEY.format(1)), ("https://r3.example.com/v1", KEY.format(3))]
    assert call("GET", f"{RUNS}/{new}").json["recent_warnings"] == []


def test_everything_that_was_asked_for_is_asked_for_again(aws: Aws) -> None:
    asked = {
        "mode": "strict", "access_mode": "self_service", "subscription_users": ["a@example.com", "b@example.com"],
        "subscription_days": 7, "reactivate": "ours", "join_groups": ["pool"], "legacy_batch_id": "17",
        "probe_api_key": PROBE_KEY,
        "items": [{**items(1)[0], "requested_models": ["kimi 2.6", "gpt-5"], "legacy_provider_id": "4"}],
    }  # fmt: skip
    old = ended([BROKEN], **asked)
    new = retry(old, {"probe_api_key": PROBE_KEY}).json["run_id"]
    parts = bootstrap()
    before, after = parts.runs.get(old), parts.runs.get(new)
    assert before is not None
    assert after is not None
    fields = (
        "mode", "access_mode", "subscription_users", "subscription_days", "reactivate", "join_groups", "legacy_batch_id"
    )  # fmt: skip
    assert [getattr(after, name) for name in fields] == [getattr(before, name) for name in fields]
    assert parts.service.open_probe_key(after) == PROBE_KEY
    item = parts.items.get(new, "item_00001")
    assert item is not None
    assert (item.requested_models, item.legacy_provider_id) == (("kimi 2.6", "gpt-5"), "4")


def test_probe_key_is_erased_when_the_run_ends_and_a_retry_must_bring_it_again(aws: Aws) -> None:
    old = ended([BROKEN], access_mode="self_service", probe_api_key=PROBE_KEY)
    parts = bootstrap()
    before = parts.runs.get(old)
    assert before is not None
    assert parts.service.open_probe_key(before) is None
    assert "probe_api_key is required" in retry(old).error[2]
    assert retry(old, {"probe_api_key": "two words"}).error[:2] == (400, "invalid_request")
    assert retry(old, {"probe_api_key": PROBE_KEY}).status == 202


def test_twins_stay_twins_and_keep_the_wishes_of_both(aws: Aws) -> None:
    """Together they may ask for more models than one item of a request."""
    [pair] = items(1)
    wishes = [[f"model-{part}-{n}" for n in range(50)] for part in range(2)]
    duplicates = [{**pair, "requested_models": wish} for wish in wishes]
    new = retry(ended([BROKEN, BROKEN], items=duplicates)).json["run_id"]
    first, second = (bootstrap().items.get(new, f"item_{n:05d}") for n in (1, 2))
    assert first is not None
    assert second is not None
    assert second.duplicate_of == "item_00001"
    assert set(first.requested_models) == {*wishes[0], *wishes[1]}
    assert queued(aws) == 3  # one of each run, and one that the ended run is compared


def test_items_whose_keys_were_erased_are_left_out_and_counted(aws: Aws) -> None:
    old = ended([BROKEN, DEGRADED, BROKEN])
    erase_key(old, "item_00002")
    answer = retry(old)
    new = answer.json["run_id"]
    assert (answer.json["total_items"], answer.json["left_out_items"]) == (2, 1)
    assert [url for url, _ in listed(new)] == ["https://r0.example.com/v1", "https://r2.example.com/v1"]
    for language, text in (
        ("en", f"This run comes from {old}; 1 of its items"),
        ("zh", f"该批次来自 {old}，其中 1 条"),
    ):
        [warning] = call("GET", f"{RUNS}/{new}", Accept_Language=language).json["recent_warnings"]
        assert warning.startswith(text)


def test_a_retry_can_be_retried(aws: Aws) -> None:
    first = retry(ended([BROKEN, BROKEN])).json["run_id"]
    for item_id, access in (("item_00001", ACTIVE), ("item_00002", DEGRADED)):
        end(first, item_id, access)
    answer = retry(first)
    assert (answer.json["retry_of"], answer.json["total_items"]) == (first, 1)


MANY, LONG = 600, "/" + "long" * 450  # so that few items take several pages of a megabyte


def test_a_list_that_takes_several_pages_is_retried_whole(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in few calls: 10,000 items have to fit into the 29 seconds that the gateway waits."""
    old = long_and_broken(MANY)
    calls, real = [], BaseClient._make_api_call

    def counting(client: Any, name: str, arguments: Any) -> Any:
        calls.append(name)
        return real(client, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counting)
    answer = retry(old)
    assert (answer.status, answer.json["total_items"], answer.json["left_out_items"]) == (202, MANY, 0)
    assert len(calls) < 20 + MANY / 20


def long_and_broken(count: int) -> str:
    """Rows as the workers would leave them, written many at a time."""
    parts = bootstrap()
    pairs = [{**pair, "base_url": pair["base_url"] + LONG} for pair in items(count)]
    run_id = str(post({**BODY, "items": pairs}).json["run_id"])
    run = parts.runs.get(run_id)
    assert run is not None
    now = run.started_at
    rows = [
        Item(
            run_id=run_id, item_id=item_id_at(position), position=position, base_url=one["base_url"],
            provider_id=f"r{position}", key_digest="0" * 64, current_stage=ItemStage.DONE, access_status=BROKEN,
            created_at=now, updated_at=now,
        )
        for position, one in enumerate(pairs)
    ]  # fmt: skip
    keys = {item.item_id: one["api_key"].encode() for item, one in zip(rows, pairs, strict=True)}
    parts.secret_store.put(run_id, keys, 2_000_000_000)
    assert parts.items.add(rows) == []
    assert parts.progress.publish() == 1
    return run_id


# --- by choice


def ended_with_codes() -> str:
    """Active, refused key, unreachable, refused key, cancelled."""
    made = str(post({**BODY, "items": items(5)}).json["run_id"])
    call("POST", f"{RUNS}/{made}/cancel")
    ends = [(ACTIVE, None), (BROKEN, "auth_failed"), (DEGRADED, "unreachable"), (BROKEN, "auth_failed")]
    for number, (access, code) in enumerate([*ends, (UNKNOWN, "cancelled")], start=1):
        end(made, f"item_{number:05d}", access, code)
    run = bootstrap().runs.get(made)
    assert run is not None
    assert run.finished_at is not None
    return made


@pytest.mark.parametrize(
    ("choice", "positions"),
    [
        ({}, [1, 2, 3, 4]),
        ({"item_ids": ["item_00004", "item_00002"]}, [1, 3]),
        ({"codes": ["auth_failed"]}, [1, 3]),
        ({"codes": ["unreachable", "cancelled"]}, [2, 4]),
        ({"access_status": ["unknown"]}, [4]),
        ({"access_status": ["degraded", "broken"]}, [1, 2, 3]),
        ({"item_ids": ["item_00002", "item_00003"], "codes": ["auth_failed"]}, [1]),
    ],
)
def test_items_are_chosen_by_id_code_and_access_and_cancelled_ones_count(
    aws: Aws, choice: dict[str, Any], positions: list[int]
) -> None:
    new = retry(ended_with_codes(), choice).json["run_id"]
    assert listed(new) == [(f"https://r{n}.example.com/v1", KEY.format(n)) for n in positions]


def test_a_new_key_takes_the_place_of_one_that_is_held_or_gone(aws: Aws) -> None:
    old = ended([BROKEN, BROKEN, BROKEN])
    erase_key(old, "item_00002")
    keys = {"item_00001": "sk-canary-retry-new-1", "item_00002": "sk-canary-retry-new-2"}
    answer = retry(old, {"api_keys": keys})
    assert answer.json["left_out_items"] == 0
    assert [key for _, key in listed(answer.json["run_id"])] == [*keys.values(), KEY.format(2)]


@pytest.mark.parametrize(
    ("choice", "status", "told"),
    [
        ({"item_ids": ["item_00001", "item_00009"]}, 400, "item_ids[1]"),
        ({"item_ids": ["run_1"]}, 400, "item_ids[0]"),
        ({"codes": ["nonsense"]}, 400, "codes[0]"),
        ({"access_status": ["fine"]}, 400, "access_status[0]"),
        ({"api_keys": {"item_00001": "sk-canary-retry-new"}}, 400, "not retried"),
        ({"api_keys": {"sk-canary-retry-place": "x"}}, 400, "api_keys"),
        ({"api_keys": {"item_00002": "sk-canary-retry two words"}}, 400, "api_keys"),
        ({"item_ids": ["item_00001"]}, 409, "no such item"),
        ({"codes": ["dead_lettered"]}, 409, "no such item"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_and_not_repeated(
    aws: Aws, choice: dict[str, Any], status: int, told: str
) -> None:
    old = ended_with_codes()
    before = stored()
    answer = retry(old, choice)
    assert answer.status == status
    assert told in answer.error[2]
    assert "canary" not in answer.text
    assert stored() == before


def test_items_that_an_unfinished_retry_holds_are_a_conflict_that_names_it(aws: Aws) -> None:
    old = ended([BROKEN, BROKEN, BROKEN])
    first = retry(old, {"item_ids": ["item_00001", "item_00002"]}).json["run_id"]
    for choice in ({}, {"item_ids": ["item_00002"]}):
        answer = retry(old, choice)
        assert answer.error[:2] == (409, "conflict")
        assert first in answer.error[2]
        assert int(answer.headers["Retry-After"]) > 0
    second = retry(old, {"item_ids": ["item_00003"]})
    assert second.status == 202
    for n in (1, 2):
        end(first, f"item_{n:05d}", BROKEN)
    assert retry(old, {"item_ids": ["item_00002"]}).status == 202


def test_of_two_retries_at_the_same_moment_one_is_refused(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    old = ended([BROKEN])
    follow_up, made = FollowUp.ask, []

    def ask(*arguments: Any) -> Any:
        asked = follow_up(*arguments)
        if not made:
            made.append(True)
            made.append(retry(old).json["run_id"])
        return asked

    monkeypatch.setattr(FollowUp, "ask", ask)
    status, _, message = retry(old).error
    assert status == 409
    assert made[1] in message


def test_a_run_says_which_run_it_retries(aws: Aws) -> None:
    old = ended([BROKEN])
    new = retry(old).json["run_id"]
    assert call("GET", f"{RUNS}/{new}").json["run"]["retry_of"] == old
    assert call("GET", f"{RUNS}/{old}").json["run"]["retry_of"] is None
    assert call("GET", f"{RUNS}/{old}").json["child_runs"] == [new]
    assert call("GET", f"{RUNS}/{new}").json["child_runs"] == []


# --- what is refused


def test_an_unknown_run_is_not_found(aws: Aws) -> None:
    for run_id in ("run_nowhere", "lease"):
        assert retry(run_id).error[:2] == (404, "not_found")


def test_a_run_that_has_not_ended_is_a_conflict(aws: Aws) -> None:
    running = str(post({**BODY, "items": items(2)}).json["run_id"])
    end(running, "item_00001", BROKEN)
    for _ in range(2):
        answer = retry(running)
        assert answer.error[:2] == (409, "conflict")
        assert "has not ended" in answer.error[2]
        assert int(answer.headers["Retry-After"]) > 0
        call("POST", f"{RUNS}/{running}/cancel")  # cancelled, with an item that is still to end


def test_without_failed_items_there_is_nothing_to_retry(aws: Aws) -> None:
    status, code, message = retry(ended([ACTIVE, UNKNOWN])).error
    assert (status, code) == (409, "conflict")
    assert "ended degraded, broken or cancelled" in message


def test_without_keys_there_is_nothing_to_retry_with(aws: Aws) -> None:
    old = ended([BROKEN])
    erase_key(old, "item_00001")
    before = stored()
    status, code, message = retry(old).error
    assert (status, code) == (409, "conflict")
    assert "no key" in message
    assert stored() == before


def test_a_retry_is_found_where_its_location_says_and_its_replay_is_told(aws: Aws) -> None:
    old = ended([BROKEN])
    first, again = (retry(old, Idempotency_Key="a") for _ in range(2))
    address = urljoin(f"https://h/v1{RUNS}/{old}/retry", first.headers["Location"])
    assert address == f"https://h/v1{RUNS}/{first.json['run_id']}"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    run = call("GET", f"{RUNS}/{first.json['run_id']}").json["run"]
    assert (run["source"], run["retry_of"]) == ("retry", old)


@pytest.mark.parametrize("role", ["viewer", "", "admin"])
def test_only_an_operator_may_retry(aws: Aws, role: str) -> None:
    old = ended([BROKEN])
    before = stored()
    assert retry(old, role=role).error[:2] == (403, "forbidden")
    assert stored() == before


def test_it_takes_a_post(aws: Aws) -> None:
    answer = call("GET", f"{RUNS}/run_1/retry")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


# --- Idempotency-Key, keys


def test_the_same_idempotency_key_is_one_run_even_when_the_keys_are_gone(aws: Aws) -> None:
    old = ended([BROKEN, BROKEN])
    erase_key(old, "item_00001")
    first = retry(old, Idempotency_Key="again-1")
    erase_key(old, "item_00002")
    again = retry(old, Idempotency_Key="again-1")
    assert again.status == 202
    assert again.json == first.json
    assert len(call("GET", RUNS).json["runs"]) == 2


def test_an_idempotency_key_of_another_call_is_a_conflict(aws: Aws) -> None:
    one, other = ended([BROKEN]), ended([BROKEN])
    post(BODY, Idempotency_Key="list")
    retry(one, Idempotency_Key="retry")
    before = stored()
    for run_id, key in ((one, "list"), (other, "retry")):
        assert retry(run_id, Idempotency_Key=key).error[:2] == (409, "conflict")
    assert post(BODY, Idempotency_Key="retry").error[:2] == (409, "conflict")
    assert stored() == before


def test_a_key_that_is_none_is_refused(aws: Aws) -> None:
    assert retry(ended([BROKEN]), Idempotency_Key="two words").error[:2] == (400, "invalid_request")


def test_no_key_is_in_an_answer_a_queue_or_a_log(aws: Aws, capfd: Any, caplog: pytest.LogCaptureFixture) -> None:
    old = ended([BROKEN, BROKEN], access_mode="self_service", probe_api_key=PROBE_KEY)
    texts = [retry(old, {"probe_api_key": PROBE_KEY}, Idempotency_Key="canary").text for _ in range(2)]
    erase_key(old, "item_00001")
    erase_key(old, "item_00002")
    texts.append(retry(old).text)
    messages = boto3.client("sqs").receive_message(QueueUrl=aws.environment["IMPORT_QUEUE_URL"], MaxNumberOfMessages=10)
    texts += [repr(messages["Messages"]), *capfd.readouterr(), "\n".join(repr(r.__dict__) for r in caplog.records)]
    assert not [text for text in texts if "canary-retry" in text or PROBE_KEY in text]
