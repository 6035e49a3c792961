"""The whole embedded stack, started by the test in a folder and on ports of its own."""

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from embedded.errors import EmbeddedError
from embedded.stack import Embedded
from sandbox.testkit import wait_for
from tests.support.documents import openapi
from tests.support.kills import Kills

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
    assert len(tables) == 4
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
        return os.getpgid(process.pid) if process.status() != psutil.STATUS_ZOMBIE else 0
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return 0


def _listening(process: psutil.Process) -> list[str]:
    try:
        return [one.laddr.ip for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []


# --- processes of functions that are killed


def functions(embedded: Embedded) -> list[psutil.Process]:
    """The processes of the functions, and the one that forks them."""
    emulator = embedded.emulator.program.pid()
    return [one for one in psutil.process_iter() if one.pid != emulator and _group(one) == emulator]


def call(embedded: Embedded, path: str, body: Any = None) -> tuple[int, Any]:
    saved = embedded.settings.saved()
    headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{saved['BATCH_IMPORT_URL']}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def in_background(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start the work; the returned function waits for its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()

    def result() -> Any:
        thread.join(90)
        return results[0]

    return result


def headers_of(embedded: Embedded, path: str, **sent: str) -> tuple[int, dict[str, str], bytes]:
    saved = embedded.settings.saved()
    headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_VIEWER_TOKEN']}"}
    headers |= {name.replace("_", "-"): value for name, value in sent.items()}
    request = urllib.request.Request(f"{saved['BATCH_IMPORT_URL']}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_it_answers_as_the_api_gateway_of_aws_does(embedded: Embedded) -> None:
    """Headers of the function and of the gateway's own refusals, compression, 304, and addresses below a stage."""
    everywhere = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "strict-transport-security": "max-age=31536000",
    }
    status, refused, _ = headers_of(embedded, "/api/batch-import/runs", Authorization="Bearer nobody")
    assert (status, refused["www-authenticate"], refused["content-language"]) == (401, "Bearer", "en")
    status, found, packed = headers_of(embedded, "/api/openapi.json", Accept_Encoding="gzip")
    assert (status, found["content-encoding"]) == (200, "gzip")
    assert json.loads(gzip.decompress(packed)) == openapi()
    status, again, body = headers_of(embedded, "/api/openapi.json", If_None_Match=found["etag"])
    assert (status, body, again["etag"]) == (304, b"", found["etag"])
    for headers in (refused, found, again):
        assert headers.items() >= everywhere.items()
        assert headers["x-request-id"]


def relays(embedded: Embedded, count: int, name: str, latency: float = 0) -> dict[str, Any]:
    base = f"http://127.0.0.1:{embedded.settings.relay_port}/healthy"
    items = [
        {"base_url": f"{base}/{name}{n}~latency={latency}/v1", "api_key": f"sk-test-{name}-{n:04d}"}
        for n in range(count)
    ]
    return {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}


def ended(embedded: Embedded, run_id: str) -> Any:
    status, answer = call(embedded, f"/api/batch-import/runs/{run_id}")
    return status == 200 and answer["run"]["state"] != "running" and answer["run"]


def test_work_that_reached_a_dead_process_goes_to_another_at_once(embedded: Embedded) -> None:
    run_id = call(embedded, "/api/batch-import/runs", relays(embedded, 2, "warm"))[1]["run_id"]
    wait_for(lambda: ended(embedded, run_id), 60)
    for process in functions(embedded):
        process.suspend()
    answer = in_background(lambda: call(embedded, "/api/batch-import/runs", relays(embedded, 2, "idle")))
    time.sleep(0.3)  # it is in the hands of a process that will never read it
    for process in functions(embedded):
        process.kill()
    status, created = answer()
    assert status == 202
    assert wait_for(lambda: ended(embedded, created["run_id"]), 60)["active_items"] == 2


def test_a_function_of_the_api_that_dies_at_work_is_told_in_the_envelope(embedded: Embedded) -> None:
    body = {**relays(embedded, 1, "dies", latency=3), "confirm_timeout_ms": 20_000}
    answer = in_background(lambda: call(embedded, "/api/batch-import/runs", body))
    time.sleep(1.5)
    for process in functions(embedded):
        process.kill()
    assert answer() == (
        502,
        {"error": {"code": "internal_error", "message": "The service failed; try again in a moment."}},
    )


def test_no_process_outlives_the_emulator(embedded: Embedded) -> None:
    call(embedded, "/api/batch-import/runs", relays(embedded, 2, "orphan", latency=5))
    wait_for(lambda: len(functions(embedded)) >= 3, 20)
    left = functions(embedded)
    pid = embedded.emulator.program.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    try:
        wait_for(lambda: not [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])
    finally:
        embedded.up()


def test_a_plan_is_applied_and_its_run_undone_with_the_permissions_of_the_functions(embedded: Embedded) -> None:
    runs = "/api/batch-import/runs"
    plan = call(embedded, runs, {**relays(embedded, 2, "plan"), "dry_run": True})[1]["run_id"]
    wait_for(lambda: ended(embedded, plan))
    run_id = call(embedded, f"{runs}/{plan}/apply", {})[1]["run_id"]
    wait_for(lambda: ended(embedded, run_id))
    status, asked = call(embedded, f"{runs}/{run_id}/undo", {})
    assert (status, asked["active_items"]) == (202, 2)
    wait_for(lambda: call(embedded, f"{runs}/{run_id}")[1]["run"]["undone_at"])
    items = call(embedded, f"{runs}/{run_id}/items")[1]["items"]
    assert [item["undo_result"]["outcome"] for item in items] == ["removed", "removed"]


# --- stopped and killed


def test_an_import_survives_kills_at_random_moments(embedded: Embedded) -> None:
    """A sample of test_embedded_kills.py."""
    kills = Kills(embedded, random.Random(os.environ.get("KILL_SEED")))
    kinds = kills.chance.sample(["emulator", "both", "power"], 2)
    run_id = kills.run("sample", 40, ["functions", *kinds], longest_wait=2)
    kills.judge(run_id, "sample", 40)


def test_state_and_tokens_survive_a_stop_and_nothing_is_deployed_again(embedded: Embedded) -> None:
    before = embedded.settings.saved()
    table = next(iter(embedded.emulator.client("dynamodb").list_tables()["TableNames"]))
    row = {"pk": {"S": "kept"}, "sk": {"S": "kept"}}
    embedded.emulator.client("dynamodb").put_item(TableName=table, Item=row)
    assert embedded.down()
    assert embedded.running() is None
    embedded.up()
    assert functions(embedded), "the page has been asked for"
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
