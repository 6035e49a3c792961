"""The given key of a run of ``self_service``: its workers are killed, and meet reconcile and other runs.

See docs/decisions/0006-self-service.md.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from batch_import.domain.answers import Answer
from batch_import.domain.entities import Run
from batch_import.domain.types import AccessStatus
from batch_import.host.errors import HostUnavailable
from batch_import.proofs.self_service import LEASE_SECONDS, SelfServiceProof
from batch_import.store.runs import RunStore

from tests.support.aws import Aws
from tests.support.stores import Stores

GIVEN = "sk-test-given-000000000001"
KEY_ID, OWN_GROUP, GROUP_A, GROUP_B = 7, 3, 101, 102
UNPROVEN = "self_service_not_proven"


class Killed(BaseException):
    """The process has ended."""


class Host:
    """Knows one key, and in which group it is. ``answer`` is what the gateway gives; ``fails`` lets all calls fail."""

    def __init__(self) -> None:
        self.group = OWN_GROUP
        self.bound: list[int] = []
        self.money = True
        self.fails = False

    def key_of_anyone(self, value: str) -> dict[str, Any] | None:
        self._answer()
        assert value, "every user of a host is found by an empty text"
        return {"id": KEY_ID, "group_id": self.group} if value == GIVEN else None

    def rebind_key(self, key_id: int, group_id: int) -> None:
        self._answer()
        assert key_id == KEY_ID
        self.group = group_id
        self.bound.append(group_id)

    def _answer(self) -> None:
        if self.fails:
            raise HostUnavailable("the host is silent")


class Worker(Stores):
    """A process with one run of its own, which proves with the given key for ``group``.

    ``meanwhile`` happens while the gateway answers.
    """

    def __init__(self, aws: Aws, host: Host, group: int) -> None:
        super().__init__(aws)
        self.host_of_key = host
        self.group = group
        self.meanwhile: Callable[[], object] = lambda: None
        self._is_dead = False
        self.proof = SelfServiceProof(self, self, self.runs, self.leases, self.clock)  # type: ignore[arg-type]
        self.of = self.start(access_mode="self_service", probe_api_key=GIVEN)

    def prove(self, key: str = GIVEN) -> None:
        run = self.runs.get(self.of.run_id)
        assert run is not None
        item = self.item(run).model_copy(update={"lease_owner": f"worker-{self.group}"})
        self.proof.prove_once(run, item, key, self.group)

    def put_back(self) -> bool:
        """As reconcile calls it, in a process of its own."""
        return self.proof.put_back(self.of.run_id, self.facts(), "reconcile-1")

    def facts(self) -> dict[str, Any]:
        run = self.runs.get(self.of.run_id)
        assert run is not None
        return run.self_service or {}

    def ended(self) -> Run:
        self.end(self.item(self.of), self.of)
        run = self.runs.get(self.of.run_id)
        assert run is not None
        return run

    def die(self) -> None:
        """From now on this process reaches neither tables nor host."""
        self._is_dead = True
        self._dynamodb.meta.events.register("before-call", self._killed)
        raise Killed

    def _killed(self, **_: Any) -> None:
        raise Killed

    def key_of_anyone(self, value: str) -> dict[str, Any] | None:
        return self.host_of_key.key_of_anyone(value)

    def rebind_key(self, key_id: int, group_id: int) -> None:
        if self._is_dead:
            raise Killed
        self.host_of_key.rebind_key(key_id, group_id)

    def complete(self, *_: Any) -> Answer:
        self.meanwhile()
        if self.host_of_key.group != self.group:
            return Answer(403, json.dumps({"code": "GROUP_NOT_ALLOWED", "message": "no"}), "application/json")
        if not self.host_of_key.money:
            return Answer(403, json.dumps({"code": "INSUFFICIENT_BALANCE", "message": "no"}), "application/json")
        return Answer(200, json.dumps({"choices": [{"message": {"content": "OK"}}]}), "application/json")


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def worker(aws: Aws, host: Host) -> Worker:
    return Worker(aws, host, GROUP_A)


def warnings(run: Run) -> list[tuple[str, str]]:
    return [(warning["code"], warning["params"]["reason"]) for warning in run.warnings]


def test_a_proof_is_no_warning_and_the_key_is_in_its_group_again(worker: Worker, host: Host) -> None:
    worker.prove()
    assert host.bound == [GROUP_A, OWN_GROUP]
    run = worker.ended()
    assert (warnings(run), run.state) == ([], "completed")


def test_what_a_key_could_not_prove_is_told_when_its_run_ends(worker: Worker, host: Host) -> None:
    host.money = False
    worker.prove()
    assert (host.group, worker.facts()["phase"]) == (OWN_GROUP, "put_back")
    run = worker.ended()
    assert warnings(run) == [(UNPROVEN, "HTTP 403: no INSUFFICIENT_BALANCE")]
    assert run.state == "completed_with_warnings"


@pytest.mark.parametrize(
    ("key", "reason"),
    [("sk-test-unknown-0000000001", "the host does not know this key"), ("", "the key is no longer held")],
)
def test_a_key_that_the_host_does_not_know_is_looked_for_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, key: str, reason: str
) -> None:
    worker.prove(key)
    monkeypatch.setattr(worker, "key_of_anyone", None)
    worker.prove(key)
    assert warnings(worker.ended()) == [(UNPROVEN, reason)]


def test_a_run_does_not_end_without_its_warning(worker: Worker, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.money = False
    worker.prove()
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "warn", throttled)
        with pytest.raises(ConnectionError):
            worker.ended()
    worker.later(16 * 60)
    assert worker.reconcile().sweep()["runs_closed"] == 1
    run = worker.runs.get(worker.of.run_id)
    assert run is not None
    assert ([code for code, _ in warnings(run)], run.state) == ([UNPROVEN], "completed_with_warnings")


def throttled(*_: Any) -> None:
    raise ConnectionError("throttled")


def test_a_worker_that_is_killed_during_its_proof_has_not_proven(aws: Aws, worker: Worker, host: Host) -> None:
    worker.meanwhile = worker.die
    with pytest.raises(Killed):
        worker.prove()
    after = restarted(aws, worker)
    assert (host.group, after.facts()["phase"]) == (GROUP_A, "bound")
    assert not after.put_back()  # the worker may still be at it
    assert host.group == GROUP_A
    after.later(LEASE_SECONDS + 1)
    assert after.put_back()
    assert (host.group, after.facts()["phase"]) == (OWN_GROUP, "put_back")
    after.prove()
    assert host.bound == [GROUP_A, OWN_GROUP]
    [(code, reason)] = warnings(after.ended())
    assert (code, "no proof came to its end" in reason) == (UNPROVEN, True)


def restarted(aws: Aws, worker: Worker) -> Worker:
    """Another process that goes on with the same run."""
    after = Worker(aws, worker.host_of_key, worker.group)
    after.of, after.now = worker.of, worker.now
    return after


def test_a_key_is_not_put_back_amid_a_proof_of_the_same_run(worker: Worker, host: Host) -> None:
    put_back = []
    worker.meanwhile = lambda: put_back.append(worker.put_back())
    worker.prove()
    assert (put_back, host.bound) == ([False], [GROUP_A, OWN_GROUP])
    assert warnings(worker.ended()) == []


def test_a_proof_takes_no_group_of_an_unfinished_one_for_the_keys_own(aws: Aws, worker: Worker, host: Host) -> None:
    """The worker of one run is killed while the key is in its group; another run gives the same key."""
    worker.meanwhile = worker.die
    with pytest.raises(Killed):
        worker.prove()
    other, after = Worker(aws, host, GROUP_B), restarted(aws, worker)
    for one in (other, after):
        one.later(LEASE_SECONDS + 1)
    put_back = []
    other.meanwhile = lambda: put_back.append(after.put_back())
    other.prove()
    assert put_back == [False]  # amid the other run's proof
    assert host.bound == [GROUP_A, OWN_GROUP, GROUP_B, OWN_GROUP]
    assert [one.facts()["phase"] for one in (other, after)] == ["put_back", "put_back"]
    assert after.put_back()
    assert host.bound[-2:] == [GROUP_B, OWN_GROUP]
    assert [code for code, _ in warnings(after.ended())] == [UNPROVEN]
    assert warnings(other.ended()) == []


def test_what_was_put_back_meanwhile_is_left_alone(worker: Worker, host: Host) -> None:
    """Reconcile has read the run before its proof ended."""
    seen: list[dict[str, Any]] = []
    worker.meanwhile = lambda: seen.append(worker.facts())
    worker.prove()
    host.group = GROUP_B  # by its owner
    assert worker.proof.put_back(worker.of.run_id, seen[0], "reconcile-1")
    assert host.group == GROUP_B


def test_a_host_that_fails_is_asked_again_by_the_next_item(worker: Worker, host: Host) -> None:
    host.fails = True
    worker.prove()
    host.fails = False
    worker.prove()
    assert warnings(worker.ended()) == []


def test_a_key_that_the_host_would_not_put_back_is_left_to_reconcile(worker: Worker, host: Host) -> None:
    worker.meanwhile = lambda: setattr(host, "fails", True)
    worker.prove()
    assert worker.facts()["phase"] == "bound"
    with pytest.raises(HostUnavailable):
        worker.put_back()
    host.fails = False
    assert worker.put_back()
    assert host.group == OWN_GROUP


def test_a_lease_that_cannot_be_given_back_keeps_no_item(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(worker.leases, "release", throttled)
        worker.prove()
    assert warnings(worker.ended()) == []


def test_a_run_that_proved_nothing_because_it_has_no_active_item_is_not_told_so(worker: Worker) -> None:
    worker.end(worker.item(worker.of), worker.of, AccessStatus.BROKEN)
    run = worker.runs.get(worker.of.run_id)
    assert run is not None
    assert (warnings(run), run.state) == ([], "failed")
