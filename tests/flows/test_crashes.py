"""The crash matrix: a function that dies at any of its effects leaves no item stuck and does nothing twice.

No list of points is written down. A run without a death counts the function's effects; then the function is killed
before and after each of them, or before and after a sample of them (tests/support/crashes.py).
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import pytest
from batch_import.bootstrap import bootstrap
from batch_import.coordination import provider_lock as provider_locks
from batch_import.domain.account import ExistingAccount
from batch_import.host.accounts import existing_account
from batch_import.host.client import HostClient
from batch_import.host.transport import HostTransport
from batch_import.proofs import completion_proof as proving
from batch_import.store.runs import RunStore
from batch_import.store.secrets import SecretStore

from tests.conftest import Service, seed
from tests.support import pump as pumping
from tests.support.crashes import WHEN, Effects, Killed, chosen_effects, watched_effects
from tests.support.pump import Context, sqs_event

pytestmark = [
    pytest.mark.no_cover,  # hundreds of times the same lines, which other tests run as well
    pytest.mark.timeout(300),  # a function has up to a hundred points, each of them a run
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # connections of dead processes
]
ONE_STEP = 30.0  # seconds between two looks at the queues


@pytest.fixture
def effects(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Effects]:
    """Every handler runs as a process of its own that can be killed."""
    watched, real = watched_effects(monkeypatch), pumping.handler_of

    def mortal(name: str) -> Callable[..., Any]:
        def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
            with watched.process(name):
                return real(name)(event, context)

        return handler

    monkeypatch.setattr("tests.conftest.handler_of", mortal)
    monkeypatch.setattr(pumping, "handler_of", mortal)
    monkeypatch.setattr(provider_locks, "PATIENCE", 0.0)  # the clock stands still meanwhile: no lease runs out
    monkeypatch.setattr(proving, "RESOURCE_PATIENCE", 0.0)
    yield watched
    bootstrap.cache_clear()
    gc.collect()  # connections of dead processes, before other tests meet them


class CrashRuns:
    """One stack for all points of a function: each point is a run of its own over relays of its own."""

    def __init__(self, service: Service, box: Any, effects: Effects) -> None:
        self.service = service
        self.box = box
        self.effects = effects
        self._runs = 0

    @property
    def number(self) -> int:
        """Of the latest run; its keys hold it."""
        return self._runs

    def start(self, *profiles: str, more: Sequence[dict[str, Any]] = (), **fields: Any) -> str:
        """A run with one key for each profile; whoever creates it repeats the call when its answer is lost."""
        self._runs += 1
        items = [
            {"base_url": self.box.relay(profile, f"crash{self._runs}-{n}"), "api_key": f"sk-test-{self._runs:04d}-{n}"}
            for n, profile in enumerate(profiles)
        ]
        items += more
        request = {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}
        key = {"Idempotency-Key": f"crash-{self._runs}"}
        while True:
            try:
                created = self.service.call("POST", "/api/batch-import/runs", {**request, **fields}, **key)
            except Killed:
                continue
            self.effects.spare("api")
            return str(created["run_id"])

    def forget(self, run_id: str) -> None:
        """Delete the run's rows: the stand-in for the tables copies all there is at every transaction."""
        client = boto3.client("dynamodb")
        for variable in ("RUNS_TABLE", "ITEMS_TABLE", "EVENTS_TABLE"):
            table = self.service.aws.environment[variable]
            for row in client.scan(TableName=table)["Items"]:
                if row["pk"]["S"].startswith(run_id):
                    client.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})

    def finish(self, run_id: str) -> None:
        """Deliver, again after a death, and reconcile as the schedule does, until nothing is left to do."""
        for _ in range(4):
            self.drain()
            if self.service.run(run_id)["run"]["finished_at"]:
                return
            self.service.clock.shift(16 * 60)
            self.call("reconcile", {})
        raise AssertionError(f"the run is stuck after a death at {self.effects.killed_at}")

    def undo(self, run_id: str) -> None:
        """Ask for it, again when the answer is lost, and deliver and reconcile until it has ended."""
        while True:
            try:
                self.service.call("POST", f"/api/batch-import/runs/{run_id}/undo", **{"Idempotency-Key": f"u-{run_id}"})
            except Killed:
                continue
            break
        self.effects.spare("api")
        for _ in range(4):
            self.drain()
            if self.service.run(run_id)["run"]["undone_at"]:
                break
            self.service.clock.shift(16 * 60)
            self.call("reconcile", {})
        else:
            raise AssertionError(f"the undo is stuck after a death at {self.effects.killed_at}")
        for function in ("provision", "reconcile"):
            self.effects.spare(function)

    def drain(self) -> None:
        while True:
            try:
                return self.service.pump.run(step=ONE_STEP)
            except Killed:
                continue

    def call(self, name: str, event: dict[str, Any]) -> None:
        """A function whose caller tries again."""
        while True:
            try:
                pumping.handler_of(name)(event, Context())
            except Killed:
                continue
            return


@pytest.fixture
def runs(service: Service, box: Any, effects: Effects) -> CrashRuns:
    return CrashRuns(service, box, effects)


def points(runs: CrashRuns, function: str, share: int = 1) -> Iterator[str]:
    """The chosen points of ``function``: the caller makes one run for each, in which it dies there.

    Of a sample one in ``share`` is taken. The first run meets no death; it counts the effects.
    """
    runs.effects.kill(function, 0, "never")
    yield f"{function} without a death"
    effects = runs.effects.made
    assert effects > 0, f"{function} had no effect at all"
    for when in WHEN:
        for number in chosen_effects(function, when, effects, share):
            runs.effects.kill(function, number, when)
            yield f"{function} {when} effect {number}"
            if runs.effects.killed_at is None:
                break  # this run had fewer effects


def test_calls_to_the_host_are_among_the_points(runs: CrashRuns) -> None:
    runs.finish(runs.start("healthy"))
    port = urlsplit(runs.box.host_url).port
    at_host = {label.partition(f":{port}")[2] for label in runs.effects.seen if f" :{port}/" in label}
    assert any(path.startswith("/api/v1/admin/accounts") for path in at_host)
    assert "/v1/chat/completions" in at_host
    assert any("/healthy/" in label for label in runs.effects.seen)
    assert "TransactWriteItems" in runs.effects.seen


def check(runs: CrashRuns, run_id: str, point: str, verdicts: list[str]) -> None:
    """The run is finished, counters exact, one account a pair, and the event history whole and in order."""
    where = f"{point} ({runs.effects.killed_at})"
    run, items = runs.service.run(run_id)["run"], runs.service.items(run_id)
    assert [item["access_status"] for item in items] == verdicts, where
    counted = {name: verdicts.count(name) for name in ("active", "degraded", "broken")}
    assert {name: run[f"{name}_items"] for name in counted} == counted, where
    assert run["completed_items"] == run["total_items"] == len(verdicts), where
    assert run["warning_items"] == sum(bool(item["advisory_messages"]) for item in items), where
    for item in items:
        check_item(runs, run_id, item, where)
    runs.forget(run_id)


def check_item(runs: CrashRuns, run_id: str, item: dict[str, Any], where: str) -> None:
    detail = runs.service.item(run_id, item["item_id"])
    accounts = [
        account
        for account in runs.box.host.accounts.values()
        if account["extra"].get("import_provider_id") == item["provider_id"]
    ]
    assert len(accounts) == (1 if item["access_status"] == "active" else 0), where
    history = [event for event in detail["events"] if event["message"] != "asked afterwards"]
    assert [e["created_at"] for e in history] == sorted(e["created_at"] for e in history), where
    kinds = [event["event_type"] for event in history]
    assert kinds[-1] == "access_decided", where
    once = ["access_decided"]
    if item["access_status"] == "active":
        once += ["models_discovered", "reuse_decided", "confirmation_decided", "completion_proven", "account_placed"]
    assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1), where


@pytest.mark.parametrize("function", ["api", "provision", "confirmation", "validation"])
def test_a_worker_may_die_anywhere(runs: CrashRuns, function: str) -> None:
    for point in points(runs, function):
        run_id = runs.start("healthy")
        runs.finish(run_id)
        check(runs, run_id, point, ["active"])


@pytest.mark.parametrize("function", ["provision", "confirmation", "validation"])
@pytest.mark.parametrize("profile", ["messages_x_api_key", "gemini_native"])
def test_a_worker_may_die_anywhere_on_another_platform(runs: CrashRuns, function: str, profile: str) -> None:
    for point in points(runs, function, share=3):
        run_id = runs.start(profile)
        runs.finish(run_id)
        check(runs, run_id, point, ["active"])


@pytest.mark.parametrize("function", ["provision", "validation"])
def test_it_takes_no_other_item_of_its_message_with_it(runs: CrashRuns, function: str) -> None:
    for point in points(runs, function):
        run_id = runs.start("healthy", "dead_key")
        runs.finish(run_id)
        check(runs, run_id, point, ["active", "broken"])


@pytest.mark.parametrize("balance", [100, 0])
def test_a_proof_with_the_given_key_may_die_anywhere(runs: CrashRuns, balance: int) -> None:
    """The key comes back to its group. A run whose key reaches nothing says so, wherever its worker died."""
    for number, point in enumerate(points(runs, "validation", share=2)):
        given = f"sk-customer-crash-{balance:03d}-{number:04d}"
        key_id = seed(runs.box, f"crash{number}@example.com", given, balance)["api_key_id"]
        before = runs.box.host.keys[key_id]["group_id"]
        run_id = runs.start("healthy", access_mode="self_service", subscription_users=[], probe_api_key=given)
        runs.finish(run_id)
        for _ in range(2):
            runs.service.clock.shift(16 * 60)
            runs.call("reconcile", {})
        where = f"{point} ({runs.effects.killed_at})"
        found = bootstrap().runs.get(run_id)
        assert found is not None, where
        assert not found.given_key_is_bound, where
        assert runs.box.host.keys[key_id]["group_id"] == before, where
        proven = (found.self_service or {}).get("reason") == ""
        assert bool(found.warnings) is not proven, where
        assert balance or not proven, where
        check(runs, run_id, point, ["active"])


def test_reconcile_may_die_anywhere(runs: CrashRuns) -> None:
    for point in points(runs, "reconcile"):
        run_id = runs.start("healthy")
        boto3.client("sqs").purge_queue(QueueUrl=runs.service.aws.environment["IMPORT_QUEUE_URL"])
        runs.finish(run_id)
        check(runs, run_id, point, ["active"])


def test_the_recording_of_a_dead_letter_may_die_anywhere(runs: CrashRuns) -> None:
    sqs, url = boto3.client("sqs"), runs.service.aws.environment["IMPORT_QUEUE_URL"]
    for point in points(runs, "dead_letter"):
        run_id = runs.start("healthy")
        [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        runs.call("dead_letter", sqs_event([message], "stack-DeadLetters-1"))
        runs.finish(run_id)
        check(runs, run_id, point, ["degraded"])


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("function", [pytest.param("api", marks=pytest.mark.long), "provision"])
def test_an_undo_may_die_anywhere(runs: CrashRuns, function: str) -> None:
    """Of a run that switched one account on and made another."""
    off = switched_off(runs)
    run_id = off.switched_on()
    for point in points(runs, function, share=2):
        runs.undo(run_id)
        off.check_undone(run_id, f"{point} ({runs.effects.killed_at})")
        run_id = off.switched_on()


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.long
def test_reconcile_may_die_anywhere_over_a_lost_undo(runs: CrashRuns) -> None:
    off = switched_off(runs)
    run_id = off.switched_on()
    for point in points(runs, "reconcile"):
        runs.service.call("POST", f"/api/batch-import/runs/{run_id}/undo", **{"Idempotency-Key": f"u-{run_id}"})
        boto3.client("sqs").purge_queue(QueueUrl=runs.service.aws.environment["IMPORT_QUEUE_URL"])
        runs.service.clock.shift(16 * 60)
        runs.call("reconcile", {})
        runs.undo(run_id)
        off.check_undone(run_id, f"{point} ({runs.effects.killed_at})")
        run_id = off.switched_on()


class SwitchedOff(NamedTuple):
    """An account that somebody has switched off, and the pair that it is of."""

    runs: CrashRuns
    host: HostClient
    pair: dict[str, Any]
    before: ExistingAccount

    def switched_on(self) -> str:
        """A run that switched the account on and made another."""
        run_id = self.runs.start("healthy", more=[self.pair])
        self.runs.finish(run_id)
        items = self.runs.service.items(run_id)
        assert [item["account_resolution"] for item in items] == ["created", "reactivated"]
        return run_id

    def check_undone(self, run_id: str, where: str) -> None:
        made, switched_on = self.runs.service.items(run_id)
        assert [item["undo_result"]["outcome"] for item in (made, switched_on)] == ["removed", "restored"], where
        assert [item["access_status"] for item in (made, switched_on)] == ["active", "active"], where
        assert existing_account(self.host.account(self.before.account_id) or {}) == self.before, where
        held = [row for row in self.host.accounts(made["provider_id"]) if row["id"] != self.before.account_id]
        name = f"{made['provider_id']}-sub"
        assert (held, self.host.group_named(name), self.host.channel_named(name)) == ([], None, None), where
        for item in (made, switched_on):
            kinds = [event["event_type"] for event in self.runs.service.item(run_id, item["item_id"])["events"]]
            assert (kinds.count("undo_decided"), kinds[-1]) == (1, "undo_decided"), where
        self.runs.forget(run_id)


def switched_off(runs: CrashRuns) -> SwitchedOff:
    host = HostClient(HostTransport(runs.box.host_url, runs.box.admin_key))
    first = runs.start("healthy")
    runs.finish(first)
    item = runs.service.item(first)
    host.bulk_update(item["account_id"], status="inactive")
    pair = {"base_url": item["base_url"], "api_key": f"sk-test-{runs.number:04d}-0"}
    return SwitchedOff(runs, host, pair, existing_account(host.account(item["account_id"]) or {}))


# --- what is stored of a list


@pytest.mark.parametrize("again", [False, True], ids=["once", "again when its run ends"])
def test_a_part_of_a_list_is_not_kept_after_its_run_when_its_erasure_was_cut_off(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Keys of items that did not end active are kept for a retry, the list is not."""
    pairs = [{"base_url": box.relay(name, "list"), "api_key": f"sk-test-{name}"} for name in ("healthy", "dead_key")]
    with monkeypatch.context() as patch:
        patch.setattr(SecretStore, "erase", _dies_at_a_part)
        with pytest.raises(Killed):
            service.start(pairs)
        assert any("#list#" in place for place in _secrets(service))
        if not again:
            patch.undo()
        service.clock.shift(60)
        for _ in range(2 if again else 1):
            with suppress(Killed):
                service.pump.run()
    [run] = service.call("GET", "/api/batch-import/runs")["runs"]
    assert run["finished_at"]
    if again:
        assert any("#list#" in place for place in _secrets(service))
        service.clock.shift(16 * 60)
        pumping.handler_of("reconcile")({}, Context())
    assert sorted(place.partition("#")[2] for place in _secrets(service)) == ["data_key", "item_00002"]


def test_a_part_of_a_list_stays_until_its_pointer_says_that_it_is_expanded(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be taken for one that a backup without secrets has lost."""
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "move_pointer", _dies_at_the_end)
        with pytest.raises(Killed):
            service.start([{"base_url": box.relay("dead_key", "list"), "api_key": "sk-test-dead_key"}])
    service.pump.run()
    assert any("#list#" in place for place in _secrets(service))
    service.clock.shift(16 * 60)
    pumping.handler_of("reconcile")({}, Context())
    service.pump.run()
    assert not any("#list#" in place for place in _secrets(service))


def _dies_at_the_end(_: RunStore, run_id: str, number: int, start: int, end: int | None) -> None:
    if end is None:
        raise Killed


def _dies_at_a_part(store: SecretStore, run_id: str, places: Iterable[str]) -> None:
    chosen = list(places)
    if any(place.startswith("list#") for place in chosen):
        raise Killed
    _ERASE(store, run_id, chosen)


_ERASE = SecretStore.erase


def _secrets(service: Service) -> list[str]:
    rows = boto3.client("dynamodb").scan(TableName=service.aws.environment["SECRETS_TABLE"])["Items"]
    return [row["pk"]["S"] for row in rows]
