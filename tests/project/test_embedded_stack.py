"""The whole embedded stack, started by the test in a folder and on ports of its own."""

import hashlib
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from embedded.errors import EmbeddedError
from embedded.stack import Embedded
from sandbox.testkit import wait_for

LOOPBACK = {"127.0.0.1", "::1"}

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]


def deployments(embedded: Embedded) -> int:
    return (embedded.settings.logs / "sam.log").read_text(encoding="utf-8").count("Initiating deployment")


def answer(url: str, token: str | None = None, method: str = "GET") -> tuple[int, Any]:
    request = urllib.request.Request(url, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_deployed_api_answers_in_its_envelope(embedded: Embedded) -> None:
    saved = embedded.settings.saved()
    runs = f"{saved['BATCH_IMPORT_URL']}/api/batch-import/runs"
    assert answer(runs, saved["BATCH_IMPORT_TOKEN"])[0] == 200
    assert answer(runs, saved["BATCH_IMPORT_VIEWER_TOKEN"])[0] == 200
    for token in (None, "nobody"):
        status, body = answer(runs, token)
        assert (status, json.loads(body)["error"]["code"]) == (401, "unauthorized")
    status, body = answer(f"{runs}/run_20261125_0001/cancel", saved["BATCH_IMPORT_VIEWER_TOKEN"], "POST")
    assert (status, json.loads(body)["error"]["code"]) == (403, "forbidden")
    assert answer(runs, saved["BATCH_IMPORT_TOKEN"], "DELETE")[0] == 405
    assert answer(runs, method="DELETE")[0] == 401
    assert answer(f"{saved['BATCH_IMPORT_URL']}/nowhere")[0] == 404


def test_the_result_page_needs_no_token(embedded: Embedded) -> None:
    status, body = answer(f"{embedded.settings.saved()['BATCH_IMPORT_URL']}/batch-import")
    assert status == 200
    assert b"<html" in body.lower()


def test_times_to_live_are_in_force(embedded: Embedded) -> None:
    client = embedded.emulator.client("dynamodb")
    tables = client.list_tables()["TableNames"]
    assert len(tables) == 3
    for table in tables:
        described = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_keys_of_a_role_cannot_be_computed_from_its_name(embedded: Embedded) -> None:
    """MiniStack makes them from nothing but names; a function has got its own by now."""
    saved = embedded.settings.saved()
    assert answer(f"{saved['BATCH_IMPORT_URL']}/api/batch-import/runs", saved["BATCH_IMPORT_TOKEN"])[0] == 200
    for function in embedded.emulator.client("lambda").list_functions()["Functions"]:
        digest = hashlib.sha256(f"{function['FunctionArn']}:{function['Role']}".encode()).hexdigest()
        secret, token = (hashlib.sha256(f"{word}:{digest}".encode()).hexdigest() for word in ("secret", "token"))
        session = boto3.Session(f"ASIA{digest[:16].upper()}", secret, token)
        with pytest.raises(ClientError) as caught:
            session.client("secretsmanager", endpoint_url=embedded.settings.endpoint).list_secrets()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_second_start_is_refused_and_says_where_the_first_is(embedded: Embedded) -> None:
    with pytest.raises(EmbeddedError, match=r"already up at http://127\.0\.0\.1:"):
        Embedded(embedded.settings).up()
    assert embedded.running() is not None


def test_nothing_listens_but_on_loopback(embedded: Embedded) -> None:
    listening = [address for process in _processes(embedded) for address in _listening(process)]
    assert len(listening) >= 3
    assert set(listening) <= LOOPBACK


def _processes(embedded: Embedded) -> list[psutil.Process]:
    """Both programs and all that they have started: each program leads its own process group."""
    programs = {embedded.emulator.program.pid(), embedded.sandbox.program.pid()}
    return [process for process in psutil.process_iter() if _group(process) in programs]


def _group(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except (ProcessLookupError, PermissionError):
        return 0


def _listening(process: psutil.Process) -> list[str]:
    try:
        return [one.laddr.ip for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []


def test_state_and_tokens_survive_a_stop_and_nothing_is_deployed_again(embedded: Embedded) -> None:
    before = embedded.settings.saved()
    table = next(iter(embedded.emulator.client("dynamodb").list_tables()["TableNames"]))
    row = {"pk": {"S": "kept"}, "sk": {"S": "kept"}}
    embedded.emulator.client("dynamodb").put_item(TableName=table, Item=row)
    assert embedded.down()
    assert embedded.running() is None
    embedded.up()
    assert embedded.settings.saved() == before
    assert embedded.emulator.client("dynamodb").get_item(TableName=table, Key=row)["Item"] == row
    assert deployments(embedded) == 1


def test_a_killed_emulator_that_lost_its_state_is_healed_by_deploying_again(embedded: Embedded) -> None:
    pid = embedded.emulator.program.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: embedded.emulator.program.pid() is None)
    subprocess.run(["rm", "-r", str(embedded.settings.home / "state")], check=True)
    embedded.up()
    assert deployments(embedded) == 2
    saved = embedded.settings.saved()
    assert answer(f"{saved['BATCH_IMPORT_URL']}/api/batch-import/runs", saved["BATCH_IMPORT_TOKEN"])[0] == 200
