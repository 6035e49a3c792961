"""Interleavings of imports, crashes and host faults (hypothesis, stateful): one account per pair whatever happens.

One thread and a clock by hand make every example repeatable: a worker that is to be *interrupted* lets another one run
at its n-th effect, one that is to be *killed* has no effect any more from there on (leases stay as they are), and every
sleep of the service moves the clock. ``INTERLEAVINGS=300`` searches longer, with other examples each time.
"""

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, pairwise
from typing import Any, ClassVar
from urllib.parse import urlsplit

import boto3
import pytest
import requests
import time_machine
from batch_import.aws.settings import Settings
from batch_import.bootstrap import CompositionRoot
from batch_import.consumer import stage_worker
from batch_import.coordination.provider_lock import LATE_SECONDS, ProviderLocks
from batch_import.domain.clock import SYSTEM_CLOCK, Clock
from batch_import.domain.entities import Item
from batch_import.host import transport
from botocore.client import BaseClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

import sandbox
from tests.conftest import CUSTOMER_KEY, START, Service, seed
from tests.flows.test_business_chains import bulk_update
from tests.support.aws import moto_stack
from tests.support.pump import Context, Pump, handler_of, sqs_event

pytestmark = [
    pytest.mark.timeout(300),
]
HANDLERS = ("api", "provision", "confirmation", "validation", "reconcile", "dead_letter")
QUEUES = {"provision": "IMPORT", "confirmation": "CONFIRM", "validation": "VALIDATE"}
WRITES = ("TransactWriteItems", "UpdateItem", "PutItem", "DeleteItem", "SendMessageBatch")
INVOCATION = 140.0  # seconds that an invocation may take
LONGER = int(os.environ.get("INTERLEAVINGS", "0"))
MOST_RUNS = 4


class Killed(BaseException):
    """The process ends here: nothing that it would still do takes effect."""


@dataclass(frozen=True)
class Fate:
    """What befalls a worker at its n-th effect (a write or a call to the host), before or after it.

    ``deed`` is ``kill``, or the queue that another process delivers meanwhile.
    """

    at: int
    after: bool
    deed: str


class Worker:
    """One invocation, by its effects."""

    def __init__(self, world: "World", fate: Fate | None) -> None:
        self._world = world
        self._fate = fate
        self._effects = 0
        self._dead = False
        self._started = time.time()

    def before(self) -> None:
        if self._dead or self.seconds_left() < -5:
            self.die()
        self._effects += 1
        self._meet(after=False)

    def after(self) -> None:
        self._meet(after=True)

    def seconds_left(self) -> float:
        return self._started + INVOCATION - 10 - time.time()

    def _meet(self, *, after: bool) -> None:
        fate = self._fate
        if fate is None or (fate.at, fate.after) != (self._effects, after):
            return
        if fate.deed == "kill":
            self.die()
        self._world.deliver(fate.deed)

    def die(self) -> None:
        self._dead = True
        raise Killed


class Invocation(Context):
    """A Lambda context whose time runs out with the clock."""

    def __init__(self, request_id: str, worker: Worker) -> None:
        super().__init__(request_id)
        self._worker = worker

    def get_remaining_time_in_millis(self) -> int:
        return int(self._worker.seconds_left() * 1000)


class Process(CompositionRoot):
    """A Lambda's process; AWS clients are made once for all of them, since that takes long."""

    def _client(self, name: str, needed: float = 0.0) -> Any:
        return client(name)


@cache
def client(name: str) -> Any:
    return boto3.client(name)


class World:
    """AWS, the sandbox, a clock, and workers that may be interrupted or die."""

    def __init__(self, aws: Any, box: Any, traveller: time_machine.Traveller) -> None:
        self.aws = aws
        self.box = box
        self.clock = traveller
        self.service = Service(aws, box, traveller)
        self.sqs = boto3.client("sqs")
        self.begin()

    def begin(self) -> None:
        """Everything as on the first day, for the next example."""
        requests.post(f"{self.box.host_url}/_sandbox/reset", timeout=5)
        seed(self.box, "customer@example.com", CUSTOMER_KEY)
        for name in ("RUNS_TABLE", "ITEMS_TABLE", "EVENTS_TABLE"):
            _empty(self.aws.environment[name])
        self.clock.shift(61)  # a queue may be purged once a minute
        for name in QUEUES.values():
            self.sqs.purge_queue(QueueUrl=self.aws.environment[f"{name}_QUEUE_URL"])
        self.workers: list[Worker] = []
        self.processes: dict[int, Process] = {}
        self.invocations = 0
        self.service.pump = Pump(self.aws.environment, self.clock)
        self.delivered: list[tuple[str, str]] = []
        self.pool_id = self._admin("POST", "groups", {"name": "pool", "platform": "openai", "rate_multiplier": 1})["id"]

    def process(self) -> Process:
        """The process of whoever works now; a worker that interrupts another one has a process of its own."""
        depth = len(self.workers)
        if depth not in self.processes:
            clock = Clock(lambda: datetime.now(UTC), time.time, self.sleep, lambda _, seconds: self.sleep(seconds))
            self.processes[depth] = Process(Settings.from_environment(os.environ), clock)
        return self.processes[depth]

    def sleep(self, seconds: float) -> None:
        self.clock.shift(max(seconds, 0.5))

    # --- what may happen

    def start(
        self, pairs: Iterable[tuple[str, str]], wishes: list[str], *, join: bool = False, platform: str = "auto"
    ) -> str:
        """A run over pairs of a provider's and a key's letter; its id. The relays speak chat and messages."""
        items = [
            {
                "base_url": self.box.relay("healthy", name, models=7),
                "api_key": f"sk-test-{key * 4}",
                "requested_models": wishes,
            }
            for name, key in pairs
        ]
        return self.service.start(items, join_groups=["pool"] if join else [], platform=platform)

    def deliver(self, name: str, fate: Fate | None = None, *, twice: bool = False) -> int:
        """One batch of a queue to its handler, as Lambda would do it; how many messages that were."""
        url = self.aws.environment[f"{QUEUES[name]}_QUEUE_URL"]
        if len(self.workers) > 1:
            return 0
        messages = self._unwatched(
            lambda: self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        ).get("Messages", [])
        self.delivered += [(name, message["Body"]) for message in messages]
        for _ in range(1 + twice if messages else 0):
            failed = self._invoke(name, sqs_event(messages, name), fate)
            fate = None
            for message in messages:
                if message["MessageId"] not in failed:
                    self._unwatched(
                        lambda m=message: self.sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
                    )
        return len(messages)

    def _invoke(self, name: str, event: Any, fate: Fate | None) -> set[str]:
        """Ids of messages that come back: all, when the worker died."""
        self.invocations += 1
        one = Worker(self, fate)
        self.workers.append(one)
        try:
            response = handler_of(name)(event, Invocation(f"request-{self.invocations}", one))
        except Killed:
            self.processes.pop(len(self.workers), None)
            return {record["messageId"] for record in event["Records"]}
        finally:
            self.workers.pop()
        return {entry["itemIdentifier"] for entry in response["batchItemFailures"]}

    def _unwatched(self, call: Callable[[], Any]) -> Any:
        """The event source's own calls are nobody's effects."""
        hidden, self.workers = self.workers, []
        try:
            return call()
        finally:
            self.workers = hidden

    def send_again(self, number: int) -> None:
        name, body = self.delivered[number % len(self.delivered)]
        self.sqs.send_message(QueueUrl=self.aws.environment[f"{QUEUES[name]}_QUEUE_URL"], MessageBody=body)

    def reconcile(self) -> None:
        handler_of("reconcile")({}, Context())

    def settle(self, runs: list[str]) -> None:
        """Until all runs have ended and nothing is on its way; reconcile finds what a crash left behind."""
        for _ in range(8):
            self.go_on()
            if all(self.service.run(run_id)["run"]["finished_at"] for run_id in runs):
                return
            self.clock.shift(16 * 60)
            self.reconcile()
        raise AssertionError("a run never ended")

    def go_on(self) -> None:
        """Until no queue holds anything."""
        waited = 0
        while waited < 3600:
            if sum(self.deliver(name) for name in QUEUES):
                continue
            if self.service.pump.is_empty():
                return
            self.clock.shift(5)
            waited += 5
        raise AssertionError("the queues never became empty")

    def is_used(self, item: Item) -> None:
        """By a customer, in the provider's group."""
        key_id = seed(self.box, "customer@example.com", CUSTOMER_KEY)["api_key_id"]
        self._admin("PUT", f"api-keys/{key_id}", {"group_id": item.group_id})
        url, headers = f"{self.box.host_url}/v1/chat/completions", {"Authorization": f"Bearer {CUSTOMER_KEY}"}
        body = {"model": item.resolved_smoke_model, "messages": [{"role": "user", "content": "hello"}]}
        assert requests.post(url, headers=headers, json=body, timeout=5).ok

    # --- what the host holds

    def accounts(self) -> list[dict[str, Any]]:
        return [row for row in self._admin("GET", "accounts?page_size=1000")["items"] if any(_pair(row))]

    def groups(self) -> list[dict[str, Any]]:
        return self._admin("GET", "groups/all?include_inactive=true")

    def _admin(self, method: str, path: str, body: Any = None) -> Any:
        url, headers = f"{self.box.host_url}/api/v1/admin/{path}", {"x-api-key": self.box.admin_key}
        return requests.request(method, url, headers=headers, json=body, timeout=5).json()["data"]


def _empty(table: str) -> None:
    for row in client("dynamodb").scan(TableName=table)["Items"]:
        client("dynamodb").delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})


def _pair(account: dict[str, Any]) -> tuple[str, str, str]:
    """Provider, key and platform."""
    extra = account.get("extra") or {}
    names = ("import_provider_id", "import_fingerprint", "import_platform")
    provider, key, platform = (str(extra.get(name, "")) for name in names)
    return provider, key, platform


# --- the world of this module


@contextmanager
def a_world() -> Iterator[World]:
    """As the fixtures ``aws``, ``box`` and ``service`` make it, once for all examples."""
    client.cache_clear()
    with (
        moto_stack() as aws,
        pytest.MonkeyPatch.context() as patch,
        sandbox.running(join_delay=(0, 0), platform_join_delay=(0, 0), platform_leave_delay=(0, 0)) as box,
        time_machine.travel(START, tick=False) as traveller,
    ):
        aws.put_host(box.host_url, box.admin_key)
        world = World(aws, box, traveller)
        _watch_effects(patch, world)
        _one_thread(patch, world)
        yield world


def _watch_effects(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(BaseClient, "_make_api_call", _watched(world, BaseClient._make_api_call, lambda a: a[1] in WRITES))
    patch.setattr(
        HTTPConnectionPool,
        "urlopen",
        _watched(world, HTTPConnectionPool.urlopen, lambda a: a[0].port == urlsplit(world.box.host_url).port),
    )


def _watched(world: World, call: Any, is_effect: Callable[[tuple[Any, ...]], bool]) -> Any:
    def watched(*args: Any, **kwargs: Any) -> Any:
        if not world.workers or not is_effect(args if len(args) > 2 else (*args, *kwargs.values())):
            return call(*args, **kwargs)
        now = world.workers[-1]
        now.before()
        answer = call(*args, **kwargs)
        now.after()
        return answer

    return watched


@contextmanager
def at_each(method: str, path: str, deed: Callable[[int], None], *, after: bool = False) -> Iterator[None]:
    """``deed`` happens before (or after) each call to the host that matches, with the number of the call from 1 on.

    An assertion that fails in it would be taken for the item's failure, so it is raised at the end.
    """
    call, numbers, failed = HTTPConnectionPool.urlopen, count(1), []

    def do(number: int) -> None:
        try:
            deed(number)
        except AssertionError as error:
            failed.append(error)

    def met(pool: Any, *args: Any, **kwargs: Any) -> Any:
        asked = dict(zip(("method", "url"), args, strict=False)) | kwargs
        number = next(numbers) if asked["method"] == method and re.search(path, asked["url"]) else 0
        if number and not after:
            do(number)
        answer = call(pool, *args, **kwargs)
        if number and after:
            do(number)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPConnectionPool, "urlopen", met)
        yield
    assert next(numbers) > 1
    assert not failed


def _one_thread(patch: pytest.MonkeyPatch, world: World) -> None:
    patch.setattr(stage_worker, "THREADS", 1)
    for name in HANDLERS:
        module = __import__(f"functions.{name}.app", fromlist=["bootstrap"])
        patch.setattr(module, "bootstrap", world.process)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with a_world() as made:
        yield made


# --- what must hold once everything is quiet


def check_everything(world: World, runs: list[str], joined: set[str], paused: set[int]) -> None:
    items = [item for run_id in runs for item in _items(world, run_id)]
    accounts, groups = world.accounts(), world.groups()
    one_account_per_pair(accounts)
    every_item_is_decided(items)
    mappings_hold_all_wishes(items, accounts)
    names_are_unique(world, groups)
    counters_are_exact(world, runs, items)
    for item in items:
        events_are_in_order(world.process().items.events(item, 10_000))
    nobody_meets_an_unproven_account(accounts, groups)
    what_was_proven_serves(items, accounts, groups, paused)
    pool_is_joined(world, [item for item in items if item.run_id in joined], accounts, paused)


def _items(world: World, run_id: str) -> list[Item]:
    ids = [item["item_id"] for item in world.service.items(run_id)]
    return world.process().items.get_many(run_id, ids)


def one_account_per_pair(accounts: list[dict[str, Any]]) -> None:
    assert all(count == 1 for count in Counter(map(_pair, accounts)).values())


def every_item_is_decided(items: list[Item]) -> None:
    for item in items:
        assert item.current_stage == "done"
        assert item.access_status is not None
        assert item.account_resolution is not None or item.failure_code is not None
        assert item.access_status == "active" or item.failure_code is not None


def mappings_hold_all_wishes(items: list[Item], accounts: list[dict[str, Any]]) -> None:
    mappings = {row["id"]: row["credentials"]["model_mapping"] for row in accounts}
    for item in _active(items):
        assert set(item.requested_models) <= set(mappings[item.account_id]), (item.run_id, item.item_id)


def names_are_unique(world: World, groups: list[dict[str, Any]]) -> None:
    for rows in (groups, world.box.host.channels.values()):
        assert all(count == 1 for count in Counter(row["name"] for row in rows).values())


def counters_are_exact(world: World, runs: list[str], items: list[Item]) -> None:
    for run_id in runs:
        run, mine = world.service.run(run_id)["run"], [item for item in items if item.run_id == run_id]
        counted = Counter(item.access_status for item in mine)
        assert run["completed_items"] == run["total_items"] == len(mine)
        for status in ("active", "degraded", "broken"):
            assert run[f"{status}_items"] == counted[status]
        assert run["warning_items"] == sum(item.has_warning for item in mine)


def events_are_in_order(events: list[Any]) -> None:
    ids = [event.event_id for event in events]
    assert ids == sorted(set(ids))
    times = [event.created_at for event in events if event.message != "asked afterwards"]
    assert times == sorted(times)
    for before, event in pairwise(events):  # what is asked afterwards joins its stage's events, with a time of its own
        assert event.message != "asked afterwards" or event.created_at >= before.created_at
    assert [event.event_type for event in events].count("access_decided") == 1


def nobody_meets_an_unproven_account(accounts: list[dict[str, Any]], groups: list[dict[str, Any]]) -> None:
    opened = _open_groups(groups)
    for row in accounts:
        if row["extra"]["import_state"] != "proven":
            assert not opened & set(row["group_ids"]), row["name"]


def what_was_proven_serves(
    items: list[Item], accounts: list[dict[str, Any]], groups: list[dict[str, Any]], paused: set[int]
) -> None:
    """Whoever was told ``active`` is served, unless a person paused the account."""
    rows, opened = {row["id"]: row for row in accounts}, _open_groups(groups)
    for item in _active(items):
        row = rows[item.account_id]
        if row["id"] not in paused:
            assert (row["status"], row["schedulable"]) == ("active", True), row["name"]
            assert item.group_id in opened & set(row["group_ids"]), row["name"]


def pool_is_joined(world: World, items: list[Item], accounts: list[dict[str, Any]], paused: set[int]) -> None:
    """But for accounts of another platform, which would never be asked there."""
    groups = {row["id"]: row["group_ids"] for row in accounts if row["id"] not in paused}
    for item in _active(items):
        expected = item.platform == "openai"
        assert (world.pool_id in groups.get(item.account_id, [world.pool_id] if expected else [])) is expected


def _active(items: list[Item]) -> list[Item]:
    return [item for item in items if item.access_status == "active"]


def _open_groups(groups: list[dict[str, Any]]) -> set[int]:
    return {g["id"] for g in groups if not g["is_exclusive"] or g["subscription_type"] == "subscription"}


# --- the machine

PAIRS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), min_size=1, max_size=4)
WISHES = st.sampled_from(([], ["kimi 2.6"], ["kimi-k2.6"], ["Kimi K2.6", "kimi-2.6"]))
DEEDS = st.sampled_from(("kill", "kill", *QUEUES))
GROUPS_WRITTEN = ("POST", r"/bulk-update$")
RECOVERED = ("POST", r"/recover-state$")
FATES = st.none() | st.builds(Fate, at=st.integers(1, 45), after=st.booleans(), deed=DEEDS)
FAULTY = (
    ("POST", r"/admin/accounts$"),
    ("POST", r"/bulk-update$"),
    ("POST", r"/admin/channels$"),
    ("POST", r"/admin/groups$"),
    ("PUT", r"/admin/groups/\d+$"),
    ("PUT", r"/admin/api-keys/"),
    ("POST", r"/recover-state$"),
    ("POST", r"/subscriptions/assign$"),
)
MODES = ("drop_after", "500_after", "drop_before", 500, 503)


class Interleavings(RuleBasedStateMachine):
    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.world.begin()
        self.runs: list[str] = []
        self.joined: set[str] = set()
        self.paused: set[int] = set()

    @precondition(lambda self: len(self.runs) < MOST_RUNS)
    @rule(pairs=PAIRS, wishes=WISHES, join=st.booleans(), platform=st.sampled_from(("auto", "auto", "anthropic")))
    def start(self, pairs: list[tuple[str, str]], wishes: list[str], join: bool, platform: str) -> None:
        self.runs.append(self.world.start(pairs, wishes, join=join, platform=platform))
        if join:
            self.joined.add(self.runs[-1])

    @precondition(lambda self: self.runs)
    @rule(name=st.sampled_from(tuple(QUEUES)), fate=FATES, twice=st.sampled_from((False, False, True)))
    def deliver(self, name: str, fate: Fate | None, twice: bool) -> None:
        self.world.deliver(name, fate, twice=twice)

    @precondition(lambda self: self.runs)
    @rule(rounds=st.integers(1, 3))
    def everything_goes_on(self, rounds: int) -> None:
        for _ in range(rounds):
            for name in QUEUES:
                self.world.deliver(name)

    @precondition(lambda self: self.world.delivered)
    @rule(number=st.integers(0, 50))
    def send_again(self, number: int) -> None:
        self.world.send_again(number)

    @precondition(lambda self: self.runs)
    @rule(call=st.sampled_from(FAULTY), mode=st.sampled_from(MODES), times=st.sampled_from((1, 1, 2, 8)))
    def host_fails(self, call: tuple[str, str], mode: str | int, times: int) -> None:
        self.world.box.host.fail_next(*call, mode, times)

    @precondition(lambda self: self.world.box.host.accounts)
    @rule(number=st.integers(0, 3), change=st.sampled_from(({"schedulable": False}, {"status": "inactive"})))
    def a_person_pauses(self, number: int, change: dict[str, Any]) -> None:
        accounts = self.world.accounts()
        if accounts:
            account_id = accounts[number % len(accounts)]["id"]
            self.paused.add(account_id)
            with suppress(requests.ConnectionError, KeyError, TypeError):  # an armed fault may meet the person
                bulk_update(self.world.box, account_id, **change)

    @rule(seconds=st.sampled_from((3, 20, 160, 1000)))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.shift(timedelta(seconds=seconds))

    @rule()
    def reconcile(self) -> None:
        self.world.reconcile()

    def teardown(self) -> None:
        self.world.box.host.faults.clear()
        self.world.settle(self.runs)
        check_everything(self.world, self.runs, self.joined, self.paused)


def test_whatever_happens_one_account_with_everything_asked_for(world: World) -> None:
    Interleavings.world = world
    profile = settings(
        max_examples=LONGER or 6,
        stateful_step_count=14,
        deadline=None,
        derandomize=not LONGER,
        phases=[Phase.generate],  # shrinking takes minutes: the steps are printed
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Interleavings, settings=profile)


# --- found by the machine, or by reading, and cut down to the steps that matter

PAIR = [("a", "1")]


@pytest.fixture
def fresh(world: World) -> World:
    world.begin()
    return world


def test_two_runs_before_the_proof_keep_the_names_of_both(fresh: World) -> None:
    runs = []
    for wish in ("kimi 2.6", "kimi-k2.6"):
        runs.append(fresh.start(PAIR, [wish]))
        fresh.deliver("provision")
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())


def test_a_failed_proof_of_a_reused_account_that_another_run_is_waking_keeps_it_in_private(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    fresh.start(PAIR, [])
    for name in ("provision", "confirmation"):
        fresh.deliver(name)  # decided: reused
    bulk_update(fresh.box, fresh.accounts()[0]["id"], status="inactive")
    fresh.start(PAIR, [])
    fresh.deliver("provision")  # decided: reactivated; isolated, marked unproven, and switched on
    fresh.box.host.fail_next("POST", r"^/v1/chat/completions$", 502)
    fresh.deliver("validation")
    [account] = fresh.accounts()
    assert account["extra"]["import_state"] == "unproven"
    nobody_meets_an_unproven_account([account], fresh.groups())


def test_a_run_that_fails_does_not_take_away_what_another_has_proven_meanwhile(fresh: World) -> None:
    runs = [fresh.start(PAIR, [])]
    for name in ("provision", "confirmation"):
        fresh.deliver(name)
    runs.append(fresh.start(PAIR, []))
    fresh.deliver("provision")  # adopts the account, which is not proven yet
    fresh.deliver("validation")  # the first run proves it
    fresh.box.host.fail_next("POST", r"/accounts/\d+/test$", 500, times=50)
    fresh.settle(runs)
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["active", "degraded"]
    check_everything(fresh, runs, set(), set())


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize(("worked", "meanwhile"), [("confirmation", "validation"), ("validation", "confirmation")])
def test_a_failed_confirmation_takes_away_nothing_that_another_run_proves_meanwhile(
    fresh: World, worked: str, meanwhile: str, at: int
) -> None:
    runs = [fresh.start(PAIR, [])]
    for name in ("provision", "confirmation"):
        fresh.deliver(name)
    runs.append(fresh.start(PAIR, []))
    fresh.deliver("provision")  # adopts the account, which is not proven yet
    fresh.box.host.fail_next("POST", r"/accounts/\d+/test$", 400, times=5)
    fresh.deliver(worked, Fate(at=at, after=True, deed=meanwhile))
    fresh.settle(runs)
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["active", "broken"]
    check_everything(fresh, runs, set(), set())


def test_a_second_try_of_an_adoption_leaves_a_serving_account_where_it_is(fresh: World) -> None:
    runs = [fresh.start(PAIR, [])]
    for name in ("provision", "confirmation"):
        fresh.deliver(name)
    runs.append(fresh.start(PAIR, []))
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: created, by adoption; its first write is lost
    fresh.deliver("validation")  # the first run proves it
    fresh.clock.shift(60)
    fresh.deliver("provision")
    what_was_proven_serves(_items(fresh, runs[0]), fresh.accounts(), fresh.groups(), set())


@pytest.mark.parametrize(("is_lost", "is_used"), [(False, False), (True, False), (False, True)])
def test_an_undo_takes_back_what_was_given_to_an_adopted_account_that_another_run_had_proven(
    fresh: World, is_lost: bool, is_used: bool
) -> None:
    """Also when customers use it where the other run has placed it."""
    items = [{"base_url": fresh.box.relay("sub2api", "a", rate=0.75), "api_key": "sk-test-1111"}]
    runs = [fresh.service.start(items)]
    for name in ("provision", "confirmation"):
        fresh.deliver(name)
    runs.append(fresh.service.start(items, rate_from_relay=True, join_groups=["pool"]))
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: created, by adoption; its first write is lost
    fresh.deliver("validation")  # the first run proves it
    [proven] = fresh.accounts()
    fresh.clock.shift(60)
    if is_lost:
        fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_after")  # a third try finds its rate set
    fresh.settle(runs)
    [item], [given] = _items(fresh, runs[1]), fresh.accounts()
    assert (item.account_resolution, item.access_status, given["id"]) == ("created", "active", proven["id"])
    assert (proven["rate_multiplier"], given["rate_multiplier"]) == (1, 0.75)
    assert fresh.pool_id in given["group_ids"]
    told = [one for one in fresh.service.item(runs[1])["events"] if one["event_type"] == "account_changed"]
    assert [json.loads(one["payload_json"])["terms"] for one in told] == [{"rate_multiplier": [1, 0.75]}]
    if is_used:
        fresh.is_used(item)

    fresh.service.call("POST", f"/api/batch-import/runs/{runs[1]}/undo")
    fresh.go_on()
    [account] = fresh.accounts()
    assert (account["rate_multiplier"], account["group_ids"]) == (1, proven["group_ids"])
    assert account["extra"]["import_runs"] == [runs[0]]
    fresh.service.call("POST", f"/api/batch-import/runs/{runs[0]}/undo")
    fresh.go_on()
    assert [one["id"] for one in fresh.accounts()] == ([account["id"]] if is_used else [])


def test_an_undo_takes_back_what_a_lost_answer_gave_to_an_account_that_a_person_had_switched_on(fresh: World) -> None:
    items = [{"base_url": fresh.box.relay("sub2api", "a", rate=0.75), "api_key": "sk-test-1111"}]
    fresh.settle([fresh.service.start(items)])
    [before] = fresh.accounts()
    bulk_update(fresh.box, before["id"], status="inactive")
    run_id = fresh.service.start(items, rate_from_relay=True)
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: reactivated; its first write is lost
    bulk_update(fresh.box, before["id"], status="active", group_ids=[*before["group_ids"], fresh.pool_id])
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_after")  # a third try finds its rate set
    fresh.settle([run_id])
    [item], [given] = _items(fresh, run_id), fresh.accounts()
    assert (item.account_resolution, item.access_status) == ("reactivated", "active")
    assert (before["rate_multiplier"], given["rate_multiplier"]) == (1, 0.75)
    later = fresh._admin("POST", "groups", {"name": "later", "platform": "openai", "rate_multiplier": 1})["id"]
    bulk_update(fresh.box, before["id"], group_ids=[*given["group_ids"], later])

    fresh.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    fresh.go_on()
    [account] = fresh.accounts()
    assert fresh.service.items(run_id)[0]["undo_result"]["outcome"] == "restored"
    assert (account["status"], account["rate_multiplier"]) == ("active", 1)
    assert set(account["group_ids"]) == {*before["group_ids"], fresh.pool_id, later}


def test_a_second_try_of_a_reactivation_leaves_a_serving_account_where_it_is(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    bulk_update(fresh.box, fresh.accounts()[0]["id"], status="inactive")
    runs = [fresh.start(PAIR, [])]
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: reactivated; its first write is lost
    runs.append(fresh.start(PAIR, [], join=True))
    for name in QUEUES:
        fresh.deliver(name)  # the second run decides the same, and proves the account
    [proven] = fresh.accounts()
    [second] = _items(fresh, runs[1])
    assert (second.account_resolution, second.access_status) == ("reactivated", "active")
    assert fresh.pool_id in proven["group_ids"]
    fresh.clock.shift(60)
    fresh.deliver("provision")  # the first run's second try
    what_was_proven_serves([second], fresh.accounts(), fresh.groups(), set())
    assert fresh.accounts()[0]["group_ids"] == proven["group_ids"]
    fresh.settle(runs)
    check_everything(fresh, runs, {runs[1]}, set())
    fresh.service.call("POST", f"/api/batch-import/runs/{runs[0]}/undo")
    fresh.go_on()
    [account] = fresh.accounts()
    assert (account["status"], account["group_ids"]) == ("active", proven["group_ids"])


@pytest.mark.parametrize("paused", [False, True])
def test_a_second_try_of_a_replacement_leaves_a_serving_account_where_it_is(fresh: World, paused: bool) -> None:
    """The provider's group is gone when the first run decides; the second run repairs it."""
    fresh.settle([fresh.start(PAIR, [], join=True)])
    [before] = fresh.accounts()
    [gone] = set(before["group_ids"]) - {fresh.pool_id}
    fresh._admin("DELETE", f"groups/{gone}")
    if paused:
        bulk_update(fresh.box, before["id"], status="inactive")
    runs = [fresh.start(PAIR, ["kimi 2.6"])]
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: replaced; its first write is lost
    if paused:
        bulk_update(fresh.box, before["id"], status="active")
    runs.append(fresh.start(PAIR, []))
    for name in QUEUES:
        fresh.deliver(name)
    [second] = _items(fresh, runs[1])
    [proven] = fresh.accounts()
    assert (second.access_status, second.group_id in proven["group_ids"]) == ("active", True)
    for answer in ("drop_before", None):  # the first run's second try, whose write is lost as well, and its third
        fresh.clock.shift(60)
        if answer:
            fresh.box.host.fail_next("POST", r"/bulk-update$", answer)
        fresh.deliver("provision")
        assert fresh.accounts()[0]["group_ids"] == proven["group_ids"]
    assert fresh.service.items(runs[0])[0]["current_stage"] == "confirm"
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
    assert _items(fresh, runs[0])[0].account_resolution == ("reactivated" if paused else "replaced")


def test_a_second_try_of_a_replacement_takes_its_own_first_try_for_nobodys_repair(fresh: World) -> None:
    """The provider's group is off when the run decides: its first try switches it on, with the account inside."""
    fresh.settle([fresh.start(PAIR, [])])
    [before] = fresh.accounts()
    [group_id] = before["group_ids"]
    fresh._admin("PUT", f"groups/{group_id}", {"status": "inactive"})
    dead = fresh.box.relay("dead_key", "a", models=7)
    bulk_update(fresh.box, before["id"], credentials={"base_url": dead})
    run_id = fresh.start(PAIR, [])
    fresh.box.host.fail_next("POST", r"/bulk-update$", "drop_before")
    fresh.deliver("provision")  # decided: replaced; its first write to the account is lost
    fresh.clock.shift(60)
    fresh.deliver("provision")
    nobody_meets_an_unproven_account(fresh.accounts(), fresh.groups())
    [isolated] = fresh.accounts()
    assert group_id not in isolated["group_ids"]
    fresh.settle([run_id])
    [item] = _items(fresh, run_id)
    assert (item.account_resolution, item.access_status) == ("replaced", "active")
    check_everything(fresh, [run_id], set(), set())


def test_an_undo_puts_back_an_account_that_served_at_one_try_and_was_half_woken_by_the_next(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    [before] = fresh.accounts()
    run_id = fresh.start(PAIR, ["kimi 2.6"])
    for status, lost in (("inactive", GROUPS_WRITTEN), ("active", GROUPS_WRITTEN), ("inactive", RECOVERED)):
        bulk_update(fresh.box, before["id"], status=status)
        fresh.box.host.fail_next(*lost, "drop_before")
        fresh.deliver("provision")
        fresh.clock.shift(60)
    assert fresh.accounts()[0]["extra"]["import_state"] == "unproven"
    fresh.service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")
    fresh.box.host.fail_next(*GROUPS_WRITTEN, 400, times=100)
    fresh.settle([run_id])
    assert "not_put_back" in str(_items(fresh, run_id)[0].advisories)
    fresh.box.host.faults.clear()

    fresh.service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    fresh.go_on()
    [account] = fresh.accounts()
    assert (account["extra"]["import_state"], account["group_ids"]) == ("proven", before["group_ids"])


def test_an_account_is_put_back_when_the_provider_is_free_again(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    bulk_update(fresh.box, fresh.accounts()[0]["id"], status="inactive")
    [before] = fresh.accounts()
    run_id = fresh.start(PAIR, [])
    fresh.box.host.fail_next("POST", r"/recover-state$", 503)
    fresh.deliver("provision")
    fresh.service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")
    provider_id = before["extra"]["import_provider_id"]
    assert fresh.process().host.leases.acquire("provider", provider_id, "another worker", 100)
    fresh.settle([run_id])
    [account] = fresh.accounts()
    assert (account["status"], account["group_ids"]) == ("inactive", before["group_ids"])


@pytest.fixture
def creating(fresh: World, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """A run whose creation of an account was not answered in time, and what the host keeps of the call's key."""
    run_id = fresh.start(PAIR, [])
    with monkeypatch.context() as patch:
        patch.setattr(transport, "TIMEOUT", 1.0)
        patch.setattr(fresh.box.host.options, "write_delay", 3600.0)
        fresh.deliver("provision")
    [record] = fresh.box.host.idempotency.values()
    assert (record["state"], fresh.accounts()) == ("running", [])
    return run_id, record


def test_a_call_that_the_host_has_dropped_does_not_keep_its_key_for_a_day(
    fresh: World, creating: tuple[str, dict[str, Any]]
) -> None:
    run_id, _ = creating
    fresh.clock.shift(10)
    fresh.deliver("provision")
    assert fresh.accounts() == []  # the lock of the key has not run out yet: the call may go on
    fresh.clock.shift(20)
    fresh.settle([run_id])
    check_everything(fresh, [run_id], set(), set())
    assert [item.access_status for item in _items(fresh, run_id)] == ["active"]


def test_a_call_that_failed_is_repeated_when_the_host_allows_it(
    fresh: World, creating: tuple[str, dict[str, Any]]
) -> None:
    run_id, record = creating
    fresh.clock.shift(10)
    record.update(state="failed", again=fresh.box.host.now() + 3)
    fresh.settle([run_id])
    check_everything(fresh, [run_id], set(), set())
    assert [item.access_status for item in _items(fresh, run_id)] == ["active"]
    assert list(fresh.box.host.idempotency.values()) == [record]


@pytest.fixture
def late(fresh: World, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Callable[[], None]]:
    """A run whose creation of an account is on its way when it stops waiting; and its arrival at the host."""
    sent = []

    def lose(pool: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if (method, url) == ("POST", "/api/v1/admin/accounts"):
            sent.append(lambda: urlopen(pool, method, url, *args, **kwargs))
            raise ReadTimeoutError(pool, url, "nothing came")
        return urlopen(pool, method, url, *args, **kwargs)

    urlopen = HTTPConnectionPool.urlopen
    run_id = fresh.start(PAIR, [])
    with monkeypatch.context() as patch:
        patch.setattr(HTTPConnectionPool, "urlopen", lose)
        fresh.deliver("provision")
    [arrive] = sent
    return run_id, arrive


def test_a_creation_that_arrives_late_makes_no_second_account(
    fresh: World, late: tuple[str, Callable[[], None]]
) -> None:
    run_id, arrive = late
    runs = [run_id, fresh.start(PAIR, [])]
    assert fresh.deliver("provision") == 1  # the other run's
    arrive()
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["active", "active"]


@pytest.mark.parametrize("arrives", [True, False], ids=["adopted", "sent_again"])
def test_another_run_goes_on_as_soon_as_the_late_account_is_there(
    fresh: World, late: tuple[str, Callable[[], None]], arrives: bool
) -> None:
    run_id, arrive = late
    runs = [run_id, fresh.start(PAIR, [])]
    if arrives:
        arrive()
    began = fresh.process().clock.now()
    fresh.settle(runs)
    assert fresh.process().clock.now() - began < timedelta(seconds=LATE_SECONDS / 2)
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["active", "active"]


def test_a_creation_that_never_arrives_keeps_another_run_waiting_for_a_while_only(
    fresh: World, late: tuple[str, Callable[[], None]]
) -> None:
    run_id, _ = late
    fresh.service.call("POST", f"/api/batch-import/runs/{run_id}/cancel")
    other = fresh.start(PAIR, [])
    began = fresh.process().clock.now()
    fresh.settle([other])
    assert fresh.process().clock.now() - began < timedelta(seconds=150)
    assert [(item.access_status, item.retry_count) for item in _items(fresh, other)] == [("active", 0)]


class Unanswering:
    """Leases whose table cannot be reached when one is given back."""

    def acquired(self, *_: object) -> dict[str, Any]:
        return {}

    def release(self, *_: object) -> None:
        raise ConnectionError


def test_a_lease_that_cannot_be_given_back_keeps_nobody_waiting_and_undoes_nothing() -> None:
    locks = ProviderLocks(Unanswering(), "me", SYSTEM_CLOCK, patience=0.05)  # type: ignore[arg-type]
    done = []
    for number in range(2):
        with locks.hold("provider"):
            done.append(number)
    locks.close()
    assert done == [0, 1]


# --- a proof that meets others (docs/decisions/0005-isolation-groups.md)

COMPLETION = ("POST", r"^/v1/chat/completions$")
GROUP_LISTED = ("GET", r"/admin/accounts\?.*group=\d")


def about_to_be_proven(world: World, pair: list[tuple[str, str]] = PAIR) -> str:
    """A run whose next delivery is the proof; its id."""
    run_id = world.start(pair, [])
    for name in ("provision", "confirmation"):
        world.deliver(name)
    return run_id


def decided_on_while_paused(world: World) -> str:
    """A person pauses the account, and a run decides to switch it on again; its id."""
    bulk_update(world.box, world.accounts()[0]["id"], status="inactive")
    run_id = world.start(PAIR, [])
    world.deliver("provision")
    return run_id


def account(world: World, item: Item) -> dict[str, Any]:
    return next(row for row in world.accounts() if row["id"] == item.account_id)


def nobody_stays_in_an_isolation_group(world: World) -> None:
    names = {group["id"]: group["name"] for group in world.groups()}
    for row in world.accounts():
        assert not [names[g] for g in row["group_ids"] if names[g].startswith("batch-import-lane")], row["name"]


@pytest.mark.parametrize("moment", [COMPLETION, GROUPS_WRITTEN], ids=["asked", "entering"])
def test_an_account_that_another_run_wakes_during_a_proof_is_not_put_back_among_customers(
    fresh: World, moment: tuple[str, str]
) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    runs = [about_to_be_proven(fresh)]  # decided: reused

    def wake(number: int) -> None:
        if number == 1:
            runs.append(decided_on_while_paused(fresh))

    def look(_: int) -> None:
        nobody_meets_an_unproven_account(fresh.accounts(), fresh.groups())

    with at_each(*COMPLETION, look), at_each(*moment, wake):
        fresh.deliver("validation")
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())


def test_groups_that_another_run_gives_an_account_during_its_proof_stay(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    runs = [about_to_be_proven(fresh), fresh.start(PAIR, [], join=True)]
    fresh.deliver("provision")

    def join(number: int) -> None:
        if number == 1:
            for name in ("confirmation", "validation"):
                fresh.deliver(name)

    with at_each(*COMPLETION, join):
        fresh.deliver("validation")
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["active", "active"]
    check_everything(fresh, runs, {runs[1]}, set())
    nobody_stays_in_an_isolation_group(fresh)


@pytest.mark.parametrize("paused", [False, True])
def test_the_group_of_a_proof_is_no_place_that_another_run_gives_back(fresh: World, paused: bool) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    [places] = [row["group_ids"] for row in fresh.accounts()]
    runs = [about_to_be_proven(fresh)]

    def decide(number: int) -> None:
        if number > 1:
            return
        if paused:
            runs.append(decided_on_while_paused(fresh))
        else:
            runs.append(fresh.start(PAIR, []))
            fresh.deliver("provision")

    with at_each(*COMPLETION, decide):
        fresh.deliver("validation")
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
    nobody_stays_in_an_isolation_group(fresh)
    [item] = _items(fresh, runs[1])
    assert item.known_before is not None
    assert list(item.known_before.groups) == places


@pytest.mark.parametrize("profile", ["stream_only", "no_money_200"])
def test_a_refusal_of_another_account_in_the_isolation_group_is_no_verdict(fresh: World, profile: str) -> None:
    pairs = [("a", "1"), ("b", "1")]
    fresh.settle([fresh.start(pairs, [])])
    refusing = fresh.box.relay(profile, "b", models=7)
    other = next(row for row in fresh.accounts() if "/b~" in row["credentials"]["base_url"])
    bulk_update(fresh.box, other["id"], priority=0, credentials={"base_url": refusing})
    run_id = about_to_be_proven(fresh)

    def strand(number: int) -> None:
        if number == 1:
            mine = next(row for row in fresh.accounts() if row["id"] != other["id"])
            bulk_update(fresh.box, other["id"], group_ids=[*other["group_ids"], max(mine["group_ids"])])

    with at_each(*COMPLETION, strand):
        fresh.deliver("validation")
    fresh.settle([run_id])
    assert [item.access_status for item in _items(fresh, run_id)] == ["active"]
    nobody_stays_in_an_isolation_group(fresh)


def test_a_person_who_pauses_an_account_during_its_proof_finds_it_where_it_was(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [], join=True)])
    [before] = fresh.accounts()
    run_id = about_to_be_proven(fresh)

    def pause(number: int) -> None:
        if number == 1:
            bulk_update(fresh.box, before["id"], status="inactive")

    with at_each(*COMPLETION, pause):
        fresh.deliver("validation")
    fresh.settle([run_id])
    [now] = fresh.accounts()
    assert [item.access_status for item in _items(fresh, run_id)] == ["degraded"]
    assert (now["status"], now["group_ids"]) == ("inactive", before["group_ids"])


@pytest.mark.parametrize("decided", ["reused", "reactivated", "created"])
def test_an_account_whose_relay_dies_during_its_proof_returns_to_all_its_groups_with_the_next_import(
    fresh: World, decided: str
) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    pair = [("a", "2")] if decided == "created" else PAIR
    if decided == "reactivated":
        bulk_update(fresh.box, fresh.accounts()[0]["id"], status="inactive")
    runs = [about_to_be_proven(fresh, pair)]
    [item] = _items(fresh, runs[0])
    places = []

    def die(number: int) -> None:
        if number == 1:
            runs.append(fresh.start(pair, [], join=True))
            for name in QUEUES:
                fresh.deliver(name)
            places.append(account(fresh, item)["group_ids"])
            dead = fresh.box.relay("dead_key", "a", models=7)
            bulk_update(fresh.box, item.account_id or 0, credentials={"base_url": dead})

    with at_each(*COMPLETION, die):
        fresh.deliver("validation")
    assert item.account_resolution == decided
    assert [item.access_status for run_id in runs for item in _items(fresh, run_id)] == ["broken", "active"]
    off = account(fresh, item)
    if decided == "reactivated":
        assert off["status"] == "inactive"
    else:
        assert (off["status"], set(off["group_ids"]) & set(places[0])) == ("error", set())
    fresh.settle([*runs, fresh.start(pair, [])])
    assert (account(fresh, item)["status"], [account(fresh, item)["group_ids"]]) == ("active", places)
    assert {fresh.pool_id, item.group_id} == set(places[0])


@pytest.mark.parametrize("answer", [503, "drop_after"])
def test_an_account_whose_proof_failed_is_put_back_when_the_host_answers_again(fresh: World, answer: int | str) -> None:
    fresh.settle([fresh.start(PAIR, [], join=True)])
    [before] = fresh.accounts()
    run_id = decided_on_while_paused(fresh)
    fresh.deliver("confirmation")

    def die(number: int) -> None:
        if number == 1:
            dead = fresh.box.relay("dead_key", "a", models=7)
            bulk_update(fresh.box, before["id"], credentials={"base_url": dead})
            fresh.box.host.fail_next(*GROUPS_WRITTEN, answer)

    with at_each(*COMPLETION, die):
        fresh.deliver("validation")
    fresh.settle([run_id])
    [now], [item] = fresh.accounts(), _items(fresh, run_id)
    assert (item.access_status, item.last_error_code) == ("broken", "gateway_upstream_auth_failed")
    assert (now["status"], now["group_ids"]) == ("inactive", before["group_ids"])


def test_an_account_that_a_killed_worker_left_is_not_taken_from_where_it_is_placed_meanwhile(fresh: World) -> None:
    fresh.settle([fresh.start(PAIR, [])])
    left = [("a", "2")]
    runs = [about_to_be_proven(fresh, left)]
    with at_each(*COMPLETION, lambda _: fresh.workers[-1].die()):
        fresh.deliver("validation")
    fresh.clock.shift(160)  # the killed worker's lease of the isolation group has ended
    fresh.sqs.purge_queue(QueueUrl=fresh.aws.environment["VALIDATE_QUEUE_URL"])  # its message comes later
    runs.append(about_to_be_proven(fresh))

    def prove(number: int) -> None:
        if number == 1:
            runs.append(about_to_be_proven(fresh, left))
            fresh.deliver("validation")

    with at_each(*GROUP_LISTED, prove, after=True):
        fresh.deliver("validation")
    proven = _active([item for run_id in runs for item in _items(fresh, run_id)])
    assert [item.run_id for item in proven] == runs[1:]
    what_was_proven_serves(proven, fresh.accounts(), fresh.groups(), set())
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
    nobody_stays_in_an_isolation_group(fresh)


def test_an_account_that_is_taken_out_of_an_isolation_group_is_woken_by_nobody_meanwhile(fresh: World) -> None:
    left = [("a", "2")]
    runs = [fresh.start([*PAIR, *left], [])]
    fresh.settle(runs)
    runs.append(about_to_be_proven(fresh, left))
    [item] = _items(fresh, runs[1])
    with at_each(*COMPLETION, lambda _: fresh.workers[-1].die()):
        fresh.deliver("validation")
    fresh.clock.shift(160)
    fresh.sqs.purge_queue(QueueUrl=fresh.aws.environment["VALIDATE_QUEUE_URL"])
    runs.append(about_to_be_proven(fresh))

    def wake(number: int) -> None:
        if number == 1:
            bulk_update(fresh.box, item.account_id or 0, status="inactive")
            runs.append(fresh.start(left, []))
            fresh.deliver("provision")

    def look(_: int) -> None:
        nobody_meets_an_unproven_account(fresh.accounts(), fresh.groups())

    with at_each(*COMPLETION, look), at_each("GET", rf"/admin/accounts/{item.account_id}$", wake, after=True):
        fresh.deliver("validation")
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
    nobody_stays_in_an_isolation_group(fresh)


def test_what_a_killed_worker_left_in_a_providers_private_group_hinders_no_proof_there(fresh: World) -> None:
    runs = [about_to_be_proven(fresh)]
    with at_each(*COMPLETION, lambda _: fresh.workers[-1].die()):
        fresh.deliver("validation")
    fresh.clock.shift(160)
    fresh.sqs.purge_queue(QueueUrl=fresh.aws.environment["VALIDATE_QUEUE_URL"])
    runs.append(about_to_be_proven(fresh, [("a", "2")]))
    fresh.deliver("validation")
    assert [item.access_status for item in _items(fresh, runs[1])] == ["active"]
    nobody_meets_an_unproven_account(fresh.accounts(), fresh.groups())
    fresh.settle(runs)
    check_everything(fresh, runs, set(), set())
