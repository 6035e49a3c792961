"""Group commit: what waits travels together, and each hears of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from batch_import.aws.retries import OutOfTime, ending
from batch_import.store.dynamo import MOST_PARTS, Transactions
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.clock import HandClock

Part = dict[str, Any]


class Client:
    """Takes down every call; those of ``gates`` are held until their event, and a part may be marked to fail."""

    def __init__(self, held: int = 0) -> None:
        self.calls: list[list[str]] = []
        self.errors: list[Exception] = []
        self._lock = threading.Lock()
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()
        self.gates = dict.fromkeys(range(1, held + 1), self.go)

    def transact_write_items(self, TransactItems: Sequence[Part]) -> None:  # noqa: N803 - as boto3 names it
        with self._lock:
            self.calls.append([part["Update"]["Key"]["sk"]["S"] for part in TransactItems])
            gate = self.gates.get(len(self.calls))
            error = self.errors.pop(0) if self.errors and gate is not self.go else None
        if gate is not None:
            self.arrived.release()
            assert gate.wait(10)
        if error is not None:
            raise error
        codes = [part["Update"].get("fails", "None") for part in TransactItems]
        if set(codes) != {"None"}:
            raise cancelled(*codes)


def cancelled(*codes: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(answer, "TransactWriteItems")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "TransactWriteItems")


def row(name: str, fails: str = "") -> Part:
    marked = {"fails": fails} if fails else {}
    return {"Update": {"TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": name}}, **marked}}


class Crowd:
    """A call is under way; whatever is written now waits, until ``release``."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.client = Client(held=1)
        self.clock = HandClock()
        self.transactions = Transactions(self.client, self.clock.clock)  # type: ignore[arg-type]
        self._pool = pool
        self._first = self._submit([row("first")])
        assert self.client.arrived.acquire(timeout=10)
        self.written: list[Future[bool]] = []

    def _submit(self, parts: list[Part]) -> "Future[bool]":
        return self._pool.submit(self.transactions.write, parts)

    def write(self, *parts: Part) -> None:
        self.written.append(self._submit(list(parts)))
        while len(self.transactions._waiting) < len(self.written):
            assert not self.written[-1].done()

    def release(self, *errors: Exception) -> list[Any]:
        """What became of each write: True, False or its error."""
        self.client.errors = list(errors)
        self.client.go.set()
        assert self._first.result(10)
        return [one.exception(10) or one.result() for one in self.written]

    @property
    def groups(self) -> list[set[str]]:
        return [set(call) for call in self.client.calls[1:]]


@pytest.fixture
def crowd() -> Any:
    with ThreadPoolExecutor(120) as pool:
        made = Crowd(pool)
        yield made
        made.client.go.set()


def test_one_alone_is_written_at_once() -> None:
    client = Client()
    assert Transactions(client).write([row("a"), row("b")])  # type: ignore[arg-type]
    assert client.calls == [["a", "b"]]


def test_what_waits_is_written_by_one_call(crowd: Crowd) -> None:
    for name in "abcde":
        crowd.write(row(name), row(f"{name}2"))
    assert crowd.release() == [True] * 5
    assert crowd.groups == [{name + more for name in "abcde" for more in ("", "2")}]


def test_a_condition_that_does_not_hold_fails_nobody_else(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"), row("c", fails="ConditionalCheckFailed"))
    crowd.write(row("d"))
    assert crowd.release() == [True, False, True]
    assert crowd.groups == [{"a", "b", "c", "d"}, {"a", "d"}]


def test_no_row_is_written_twice_by_one_call(crowd: Crowd) -> None:
    for _ in range(3):
        crowd.write(row("counter"))
    assert crowd.release() == [True] * 3
    assert crowd.groups == [{"counter"}] * 3


def test_no_call_has_more_parts_than_dynamodb_takes(crowd: Crowd) -> None:
    for number in range(6):
        crowd.write(*(row(f"{number}-{part}") for part in range(40)))
    assert crowd.release() == [True] * 6
    assert [len(group) for group in crowd.groups] == [80, 80, 80]
    assert MOST_PARTS == 100


def test_a_meeting_with_somebody_elses_transaction_is_tried_again(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"))
    assert crowd.release(cancelled("TransactionConflict", "None")) == [True, True]
    assert (crowd.groups, len(crowd.clock.slept)) == ([{"a", "b"}, {"a", "b"}], 1)


def test_a_meeting_that_never_ends_is_an_error() -> None:
    client, clock = Client(), HandClock()
    client.errors = [cancelled("TransactionConflict")] * 20
    with pytest.raises(ClientError):
        Transactions(client, clock.clock).write([row("a")])  # type: ignore[arg-type]
    assert len(client.calls) == len(clock.slept) + 1 == 8


def test_what_is_wrong_with_one_of_them_is_found_by_writing_them_singly(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b", fails="ItemCollectionSizeLimitExceeded"))
    crowd.write(row("c"))
    first, second, third = crowd.release()
    assert (first, third) == (True, True)
    assert isinstance(second, ClientError)
    assert crowd.groups[0] == {"a", "b", "c"}
    assert sorted(crowd.groups[1:], key=str) == [{"a"}, {"b"}, {"c"}]


def test_together_they_may_be_too_large(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"))
    assert crowd.release(refused("ValidationException")) == [True, True]
    assert crowd.groups[0] == {"a", "b"}
    assert sorted(crowd.groups[1:], key=str) == [{"a"}, {"b"}]


@pytest.mark.parametrize("make", [lambda: EndpointConnectionError(endpoint_url="x"), lambda: refused("InternalError")])
def test_a_call_that_fails_is_everybodys_error_and_is_not_multiplied(
    crowd: Crowd, make: Callable[[], Exception]
) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"))
    error = make()
    assert crowd.release(error) == [error, error]
    assert crowd.groups == [{"a", "b"}]


def test_a_call_that_fails_is_no_error_of_those_whose_condition_did_not_hold(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"))
    error = refused("InternalError")
    outcomes = crowd.release(cancelled("None", "ConditionalCheckFailed"), error)
    assert len(outcomes) == 2
    assert False in outcomes
    assert error in outcomes


def test_who_was_taken_along_hears_no_sooner_than_it_is_written(crowd: Crowd) -> None:
    second = crowd.client.gates[2] = threading.Event()
    crowd.write(row("a"))
    crowd.write(row("b"))
    crowd.client.go.set()
    assert crowd.client.arrived.acquire(timeout=10)
    for written in crowd.written:
        with pytest.raises(TimeoutError):
            written.result(0.2)
    second.set()
    assert crowd.release() == [True, True]


def test_who_did_not_fit_has_its_turn_next(crowd: Crowd) -> None:
    for number in range(3):
        crowd.write(*(row(f"{number}-{part}") for part in range(60)))
    assert crowd.release() == [True] * 3
    assert crowd.groups == [{f"{number}-{part}" for part in range(60)} for number in range(3)]


def test_a_process_that_is_killed_leaves_nobody_waiting(crowd: Crowd) -> None:
    crowd.write(row("a"))
    crowd.write(row("b"))
    outcomes = crowd.release(KeyboardInterrupt())  # type: ignore[arg-type]
    assert [type(outcome) for outcome in outcomes] == [KeyboardInterrupt] * 2


def test_writers_that_have_no_time_left_to_wait_block_nobody() -> None:
    """They give up at any moment, also when their turn is just coming."""

    class Slow(Client):
        def transact_write_items(self, TransactItems: Sequence[Part]) -> None:  # noqa: N803
            time.sleep(0.001)

    transactions = Transactions(Slow())  # type: ignore[arg-type]

    def write(number: int) -> bool | None:
        with ending(number % 7 / 1000), suppress(OutOfTime):
            return transactions.write([row("same"), row(str(number))])
        return None

    with ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(write, range(800)))
        assert {True, None} == set(outcomes)
        assert pool.submit(transactions.write, [row("after")]).result(5)
