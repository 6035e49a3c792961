"""Calls to AWS are repeated while the invocation has time for them, and hold no thread past its end."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from batch_import.aws import retries
from batch_import.aws.queue import Work
from batch_import.aws.retries import OutOfTime, Patience, ending, with_patience
from batch_import.bootstrap import bootstrap
from batch_import.domain.types import ItemStage
from batch_import.store.dynamo import Table
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, SSLError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.aws import Aws
from tests.support.clock import HandClock
from tests.unit.probe.servers import Served, serving
from tests.unit.probe.test_http import silent

LONG = 100.0


def client_of(url: str, clock: HandClock, needed: float = retries.TRY_SECONDS, **more: Any) -> Any:
    config = Config(retries={"mode": "legacy"}, parameter_validation=False, **more)
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    return with_patience(
        boto3.client("dynamodb", endpoint_url=url, config=config, **keys), Patience(clock.clock, lambda: 1.0), needed
    )


class Dynamo:
    """An endpoint that answers in the order of ``answers``, and with the last of them from then on."""

    def __init__(self, server: HTTPServer) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = [(200, {})]
        self.asked: list[dict[str, Any]] = []
        self.clock = HandClock()
        self.client = client_of(server.url_for("/"), self.clock)
        server.expect_request("/").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(json.loads(request.get_data()))
        status, body = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return Response(json.dumps(body), status, content_type="application/x-amz-json-1.0")


def failing(code: str, status: int = 400, **more: Any) -> tuple[int, dict[str, Any]]:
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}


@pytest.fixture
def dynamo(httpserver: HTTPServer) -> Dynamo:
    return Dynamo(httpserver)


def get(dynamo: Dynamo) -> Any:
    return dynamo.client.get_item(TableName="t", Key={"pk": {"S": "p"}, "sk": {"S": "s"}})


@pytest.mark.parametrize(
    "answer",
    [
        failing("ProvisionedThroughputExceededException"),
        failing("ThrottlingException"),
        failing("RequestLimitExceeded"),
        failing("TransactionInProgressException"),
        failing("InternalServerError", 500),
        failing("ServiceUnavailable", 503),
    ],
)
def test_what_passes_is_asked_again_as_long_as_it_takes(dynamo: Dynamo, answer: tuple[int, Any]) -> None:
    dynamo.answers = [*[answer] * 12, (200, {})]
    with ending(LONG):
        get(dynamo)
    assert len(dynamo.asked) == 13
    assert dynamo.clock.slept == sorted(dynamo.clock.slept)
    assert max(dynamo.clock.slept) <= 5


def test_what_would_be_the_same_again_is_not_asked_again(dynamo: Dynamo) -> None:
    dynamo.answers = [failing("ValidationException")]
    with ending(LONG), pytest.raises(ClientError):
        get(dynamo)
    assert len(dynamo.asked) == 1


def test_without_time_for_another_try_the_error_is_told(dynamo: Dynamo) -> None:
    dynamo.answers = [failing("ThrottlingException")]
    with (
        ending(retries.TRY_SECONDS + retries.RESERVE_SECONDS / 2),
        pytest.raises(ClientError, match="ThrottlingException"),
    ):
        get(dynamo)
    assert len(dynamo.asked) == 1


def test_without_time_for_one_try_nothing_is_asked(dynamo: Dynamo) -> None:
    with ending(retries.TRY_SECONDS - 0.01), pytest.raises(OutOfTime):
        get(dynamo)
    assert dynamo.asked == []


def test_an_inner_end_cannot_be_later(dynamo: Dynamo) -> None:
    with ending(1), ending(LONG), pytest.raises(OutOfTime):
        get(dynamo)


def test_a_caller_who_names_no_end_is_not_kept_for_ever(dynamo: Dynamo) -> None:
    dynamo.answers = [failing("ThrottlingException")]
    with pytest.raises(ClientError):
        get(dynamo)
    assert sum(dynamo.clock.slept) < 10


def table(dynamo: Dynamo) -> Table:
    return Table(dynamo.client, "t", dynamo.clock.clock)


def part(name: str) -> dict[str, Any]:
    return {"Update": {"TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": name}}}}


@pytest.mark.parametrize("code", ["TransactionConflictException", "ThrottlingException"])
def test_a_write_that_meets_a_transaction_or_a_throttle_is_sent_again(dynamo: Dynamo, code: str) -> None:
    dynamo.answers = [*[failing(code)] * 3, (200, {"Attributes": {"n": {"N": "1"}}})]
    with ending(LONG):
        assert table(dynamo).update("p", "s", "SET n = :n", {":n": 1})
    assert len(dynamo.clock.slept) == 3


def test_a_condition_that_does_not_hold_is_an_answer(dynamo: Dynamo) -> None:
    dynamo.answers = [failing("ConditionalCheckFailedException")]
    with ending(LONG):
        assert not table(dynamo).update("p", "s", "SET n = :n", {":n": 1}, condition="n = :n")
    assert len(dynamo.asked) == 1


def test_a_repeated_transaction_keeps_its_token(dynamo: Dynamo) -> None:
    """Otherwise a first try that was applied, its answer lost, would read as another worker's success."""
    dynamo.answers = [failing("InternalServerError", 500), (200, {})]
    with ending(LONG):
        assert table(dynamo).write_together([part("a")])
    tokens = {asked["ClientRequestToken"] for asked in dynamo.asked}
    assert (len(dynamo.asked), len(tokens)) == (2, 1)


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_for_want_of_capacity_is_sent_again_as_it_was(dynamo: Dynamo, reason: str) -> None:
    reasons = [{"Code": reason}, {"Code": "None"}]
    throttled = failing("TransactionCanceledException", CancellationReasons=reasons, Message="")
    dynamo.answers = [*[throttled] * 12, (200, {})]
    with ending(LONG):
        assert table(dynamo).write_together([part("a"), part("b")])
    assert [len(asked["TransactItems"]) for asked in dynamo.asked] == [2] * 13
    assert len(dynamo.clock.slept) == 12


def test_unprocessed_keys_are_asked_for_again_after_a_pause(dynamo: Dynamo) -> None:
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    left = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [key]}}}
    dynamo.answers = [*[(200, left)] * 3, (200, {"Responses": {"t": [key]}})]
    with ending(LONG):
        found = table(dynamo).get_many([("p", "s")])
    assert list(found) == [("p", "s")]
    assert len(dynamo.clock.slept) == 3


def test_rows_that_stay_unprocessed_are_an_error_in_the_end(dynamo: Dynamo) -> None:
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    dynamo.answers = [(200, {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [key]}}})]
    with ending(retries.TRY_SECONDS + 0.01), pytest.raises(OutOfTime):
        table(dynamo).get_many([("p", "s")])


# --- a call that hangs


@contextmanager
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client whose every call hangs for a fifth of a second, the time that a try may take."""
    monkeypatch.setattr(retries, "TRY_SECONDS", 0.2)
    monkeypatch.setattr(retries, "RESERVE_SECONDS", 0.0)
    with serving(silent) as served:
        yield client_of(served.url, HandClock(), 0.2, read_timeout=0.2, connect_timeout=0.2)


def took(work: Callable[[], Any]) -> float:
    begun = time.monotonic()
    with ending(1.0), pytest.raises((BotoCoreError, OutOfTime)):
        work()
    return time.monotonic() - begun


def test_a_hanging_call_ends_with_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    with hanging(monkeypatch) as client:
        assert took(lambda: client.get_item(TableName="t", Key={"pk": {"S": "p"}})) < 1.1


def test_writes_that_wait_for_a_hanging_one_end_with_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    with hanging(monkeypatch) as client, ThreadPoolExecutor(50) as pool:
        together = Table(client, "t", HandClock().clock)
        ended = pool.map(lambda name: took(lambda: together.put_all([{"pk": "p", "sk": name}])), map(str, range(50)))
        assert max(ended) < 1.5


@pytest.mark.parametrize("name", ["_dynamodb", "_secrets"])
def test_every_client_that_is_put_together_knows_the_end_of_the_invocation(aws: Aws, name: str) -> None:
    client = getattr(bootstrap(), name)
    call = client.list_tables if name == "_dynamodb" else client.list_secrets
    with ending(1.0), pytest.raises(OutOfTime):
        call()
    call()


def test_messages_are_sent_in_the_last_seconds_in_which_no_other_call_is_begun(aws: Aws) -> None:
    with ending(1.0):
        bootstrap().queues[ItemStage.PROBE].send([Work("run_one", expand=True)])
    url = aws.environment["IMPORT_QUEUE_URL"]
    assert len(boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]) == 1


def test_clients_keep_no_more_connections_than_an_invocation_has_descriptors_for(aws: Aws) -> None:
    """See docs/decisions/0022-lambda-limits.md."""
    aws.put_host("http://127.0.0.1:9", "admin-key")
    root = bootstrap()
    clients = (root._dynamodb, root._sqs, root._secrets, root._client("kms"))
    assert {client.meta.config.max_pool_connections for client in clients} == {32}
    assert root.host.client.transport._pool.pool.maxsize == 64


@pytest.mark.parametrize(("answer", "again"), [(b"", True), (b"HTTP/1.1 400 Bad Request\r\n\r\n", False)])
def test_a_handshake_that_is_cut_off_is_tried_again_and_one_that_is_refused_is_not(answer: bytes, again: bool) -> None:
    clock = HandClock()

    def script(connection: socket.socket, _: str, __: Served) -> None:
        connection.sendall(answer)

    with serving(script, end=b"\x16\x03") as served:
        client = client_of(served.url.replace("http:", "https:"), clock)
        with pytest.raises(SSLError) as raised:
            client.list_tables()
    assert len(served.heads) == (8 if again else 1)
    assert retries.is_outage(raised.value) is again
