"""Short calls give the answers of botocore's own, and leave to botocore whatever is no plain success."""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import pytest
import time_machine
from batch_import.aws.retries import OutOfTime, Patience, ending, with_patience
from batch_import.domain.clock import SYSTEM_CLOCK
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from embedded.emulator import Emulator
from embedded.short_calls import ShortCalls, signed_head
from sandbox.testkit import wait_for
from tests.support.stack import bare_emulator

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(120)]
KEYS = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
}
Open = Callable[[str], Any]
KEY = {"pk": {"S": "p"}, "sk": {"S": "ß☃"}}
ROW = {**KEY, "n": {"N": "7"}, "m": {"M": {"l": {"L": [{"BOOL": True}, {"NULL": True}]}}}, "s": {"SS": ["a", "b"]}}

BINARY = {
    **KEY,
    "b": {"B": b"\0\xff"},
    "bs": {"BS": [b"\0", b""]},
    "B": {"S": "text"},
    "BS": {"L": [{"B": b"x"}]},
    "m": {"M": {"B": {"S": "text"}, "BS": {"B": b""}, "one": {"M": {"B": {"B": b"y"}}}}},
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with bare_emulator(tmp_path_factory.mktemp("short") / "home") as running:
        client(running.settings.endpoint).create_table(TableName="rows", **KEYS)
        yield running


@pytest.fixture
def open_short(emulator: Emulator) -> Iterator[Open]:
    """Makes a client with short calls for an address; the end closes its connections."""
    made: list[Counting] = []

    def open_for(endpoint: str) -> Any:
        made.append(Counting())
        return client(endpoint, made[-1])

    yield open_for
    for short in made:
        for line in short.idle:
            line.close()


@pytest.fixture
def short(emulator: Emulator, open_short: Open) -> Any:
    return open_short(emulator.settings.endpoint)


class Counting(ShortCalls):
    """Tells how many calls it was asked for, and how many it has answered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.answered = 0

    def answer(self, *call: Any) -> Any:
        answer = super().answer(*call)
        self.asked += 1
        self.answered += answer is not None
        return answer


def client(endpoint: str, short: ShortCalls | None = None) -> Any:
    session = botocore.session.Session()
    if short is not None:
        session.get_component("event_emitter").register("creating-client-class.dynamodb", short)
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
    made = boto3.Session(botocore_session=session).client("dynamodb", endpoint_url=endpoint, config=config)
    made.short = short
    return made


Ask = Callable[[Any], dict[str, Any]]
PLAIN: list[Ask] = [
    lambda on: on.put_item(TableName="rows", Item=ROW),
    lambda on: on.get_item(TableName="rows", Key=KEY),
    lambda on: on.get_item(TableName="rows", Key={**KEY, "pk": {"S": "none"}}),
    lambda on: on.batch_get_item(RequestItems={"rows": {"Keys": [KEY]}}),
    lambda on: on.batch_write_item(RequestItems={"rows": [{"PutRequest": {"Item": {**ROW, "sk": {"S": "2"}}}}]}),
    lambda on: on.query(
        TableName="rows", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "p"}}
    ),
    lambda on: on.update_item(
        TableName="rows",
        Key=KEY,
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"S": "x" * 200_000}},
        ReturnValues="ALL_NEW",
    ),
    lambda on: on.transact_write_items(TransactItems=[{"Delete": {"TableName": "rows", "Key": KEY}}]),
    lambda on: on.delete_item(TableName="rows", Key=KEY),
    lambda on: on.put_item(TableName="rows", Item=BINARY),
    lambda on: on.get_item(TableName="rows", Key=KEY),
]


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_plain_successes_are_answered_as_botocore_does(emulator: Emulator, short: Any) -> None:
    botocores = client(emulator.settings.endpoint)
    for ask in PLAIN:
        assert told(ask(short)) == told(ask(botocores))
    assert short.short.answered == short.short.asked == len(PLAIN)


def test_binary_values_are_bytes(short: Any) -> None:
    short.put_item(TableName="rows", Item=BINARY)
    assert short.get_item(TableName="rows", Key=KEY)["Item"] == BINARY


def test_other_operations_are_botocores(short: Any) -> None:
    assert short.describe_table(TableName="rows")["Table"]["TableName"] == "rows"
    assert short.short.asked == 0


def test_handlers_of_a_call_are_asked_before(short: Any) -> None:
    short = with_patience(short, Patience(SYSTEM_CLOCK))
    with ending(1), pytest.raises(OutOfTime):
        short.get_item(TableName="rows", Key=KEY)
    assert short.short.asked == 0


def test_a_transaction_keeps_its_token_when_its_answer_was_lost(open_short: Open) -> None:
    with answering(b"", WHOLE) as (url, asked):
        open_short(url).transact_write_items(TransactItems=[{"Delete": {"TableName": "rows", "Key": KEY}}])
    first, second = (json.loads(body)["ClientRequestToken"] for body in asked)
    assert first == second


def test_a_refused_condition_is_botocores_error(short: Any) -> None:
    refused = {"TableName": "rows", "Item": {**KEY, "pk": {"S": "c"}}, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(short.exceptions.ConditionalCheckFailedException):
        short.put_item(**refused)
    assert (short.short.asked, short.short.answered) == (1, 0)


def test_a_wrong_signature_is_refused(emulator: Emulator, open_short: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(ClientError, match="need a signature"):
        open_short(emulator.settings.endpoint).get_item(TableName="rows", Key=KEY)


def test_threads_share_connections(short: Any) -> None:
    threads = [threading.Thread(target=PLAIN[0], args=[short]) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert short.short.answered == 50
    assert 1 <= len(short.short.idle) <= 32


def test_calls_go_on_after_a_restart_of_the_emulator(emulator: Emulator, short: Any) -> None:
    PLAIN[0](short)
    pid = emulator.program.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: emulator.program.pid() is None)
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        PLAIN[1](short)
    emulator.start()
    emulator.await_ready()
    assert PLAIN[1](short)["Item"] == ROW
    assert short.short.answered == 2


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer to each connection, byte by byte, and closes it; and what it was sent."""
    asked: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)

        def serve() -> None:
            for answer in answers:
                line, _ = server.accept()
                with line, suppress(ConnectionError):  # who has seen enough closes it
                    asked.append(read(line))
                    for at in range(len(answer)):
                        line.sendall(answer[at : at + 1])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        thread.join()


def read(line: socket.socket) -> bytes:
    """The body of a request."""
    with line.makefile("rb") as request:
        head = b"".join(iter(request.readline, b"\r\n"))
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        assert found is not None
        return request.read(int(found[1]))


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{",
        b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
        b"no HTTP\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_no_whole_answer_is_asked_for_again(broken: bytes, open_short: Open) -> None:
    with answering(broken, WHOLE) as (url, asked):
        assert told(open_short(url).get_item(TableName="rows", Key=KEY)) == {}
    assert json.loads(asked[0]) == json.loads(asked[1]) == {"TableName": "rows", "Key": KEY}


def test_an_answer_in_pieces_is_put_together(open_short: Open) -> None:
    with answering(WHOLE) as (url, asked):
        assert told(open_short(url).get_item(TableName="rows", Key=KEY)) == {}
    assert len(asked) == 1


def test_after_two_lost_answers_the_error_is_botocores(open_short: Open) -> None:
    with answering(b"", b"") as (url, _), pytest.raises(ConnectionClosedError):
        open_short(url).get_item(TableName="rows", Key=KEY)


@pytest.mark.parametrize("token", [None, "session-token"])
def test_the_signature_is_that_of_botocore(token: str | None) -> None:
    credentials = ReadOnlyCredentials("AKIAEXAMPLE", "secret", token)
    host, target, body = "127.0.0.1:4566", "DynamoDB_20120810.GetItem", b'{"TableName": "rows"}'
    with time_machine.travel(datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC), tick=False):
        head = signed_head(host, target, body, "us-east-1", credentials).decode()
        request = AWSRequest("POST", f"http://{host}/", data=body, headers={"x-amz-target": target})
        SigV4Auth(credentials, "dynamodb", "us-east-1").add_auth(request)
    lines = dict(line.split(":", 1) for line in head.strip().split("\r\n")[1:])
    assert lines["authorization"] == request.headers["Authorization"]
    assert lines.get("x-amz-security-token") == token
