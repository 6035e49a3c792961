"""What the emulator has acknowledged is there again after it was killed, and after a disk that was full."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from batch_import.domain.clock import iso
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded.control_state import ControlState
from embedded.emulator import Emulator
from embedded.errors import EmbeddedError
from embedded.journal import Journal
from embedded.tables import Tables, end_leases
from sandbox.testkit import wait_for
from tests.support.stack import bare_emulator

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(120)]
SHARED_MACHINE = 3  # how much slower it may be while other tests run
ONCE = Config(retries={"total_max_attempts": 1})
KEYS = {
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with bare_emulator(tmp_path_factory.mktemp("durability") / "home") as running:
        table(running, "rows")
        yield running


def kill(emulator: Emulator) -> None:
    pid = emulator.program.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: emulator.program.pid() is None)


def kill_and_start(emulator: Emulator) -> None:
    kill(emulator)
    emulator.start()
    emulator.await_ready()


def client(emulator: Emulator, service: str) -> Any:
    return boto3.client(service, endpoint_url=emulator.settings.endpoint, config=ONCE)  # type: ignore[call-overload]


def table(emulator: Emulator, name: str) -> None:
    client(emulator, "dynamodb").create_table(TableName=name, **KEYS)


def row(pk: str, sk: str = "s", **more: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **more}.items()}


def rows(emulator: Emulator, pk: str, name: str = "rows") -> dict[str, Any]:
    found = client(emulator, "dynamodb").query(
        TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}}
    )
    return {one["sk"]["S"]: one.get("v", {}).get("S") for one in found["Items"]}


def test_rows_survive_however_they_were_written(emulator: Emulator) -> None:
    dynamodb = client(emulator, "dynamodb")
    for sk in ("a", "b", "c"):
        dynamodb.put_item(TableName="rows", Item=row("p", sk, v="old"))
    dynamodb.update_item(
        TableName="rows",
        Key=row("p", "a"),
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"S": "new"}},
    )
    dynamodb.delete_item(TableName="rows", Key=row("p", "b"))
    dynamodb.batch_write_item(RequestItems={"rows": [{"PutRequest": {"Item": row("p", "d", v="batch")}}]})
    put = {"Put": {"TableName": "rows", "Item": row("p", "e", v="together")}}
    delete = {"Delete": {"TableName": "rows", "Key": row("p", "c")}}
    dynamodb.transact_write_items(TransactItems=[put, delete])
    kill_and_start(emulator)
    assert rows(emulator, "p") == {"a": "new", "d": "batch", "e": "together"}
    assert client(emulator, "dynamodb").describe_table(TableName="rows")["Table"]["ItemCount"] == 3


def test_secrets_keys_and_parameters_are_on_disk_at_once(emulator: Emulator) -> None:
    client(emulator, "secretsmanager").create_secret(Name="one", SecretString="first")
    client(emulator, "secretsmanager").put_secret_value(SecretId="one", SecretString="second")
    client(emulator, "ssm").put_parameter(Name="/p", Value="v", Type="String")
    key = client(emulator, "kms").create_key()["KeyMetadata"]["KeyId"]
    sealed = client(emulator, "kms").encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    kill_and_start(emulator)
    assert client(emulator, "secretsmanager").get_secret_value(SecretId="one")["SecretString"] == "second"
    assert client(emulator, "ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"
    assert client(emulator, "kms").decrypt(KeyId=key, CiphertextBlob=sealed)["Plaintext"] == b"text"


def test_a_table_made_anew_does_not_get_the_rows_of_the_former(emulator: Emulator) -> None:
    table(emulator, "again")
    client(emulator, "dynamodb").put_item(TableName="again", Item=row("p"))
    client(emulator, "dynamodb").delete_table(TableName="again")
    table(emulator, "again")
    kill_and_start(emulator)
    assert rows(emulator, "p", "again") == {}


def test_a_full_disk_is_told_and_nothing_is_torn(emulator: Emulator) -> None:
    dynamodb = client(emulator, "dynamodb")
    dynamodb.put_item(TableName="rows", Item=row("full", "before"))
    for sk in ("first", "second"):
        with no_room(emulator), pytest.raises(ClientError, match=r"journal.* cannot be written") as caught:
            dynamodb.put_item(TableName="rows", Item=row("full", sk))
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with no_room(emulator):
        assert "before" in rows(emulator, "full")
        with pytest.raises(ClientError, match="cannot be written"):
            client(emulator, "secretsmanager").create_secret(Name="no room", SecretString="x" * 9000)
    dynamodb.put_item(TableName="rows", Item=row("full", "after"))
    kill_and_start(emulator)
    assert set(rows(emulator, "full")) - {"first", "second"} == {"before", "after"}  # those two are uncertain


class no_room:  # noqa: N801 - used like a function
    """Inside the block the emulator's files cannot grow: the nearest to a full disk that needs no rights."""

    def __init__(self, emulator: Emulator) -> None:
        pid = emulator.program.pid()
        assert pid is not None
        self._pid, self._limits = pid, resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def __enter__(self) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (1, self._limits[1]))

    def __exit__(self, *_: object) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._limits)


@pytest.mark.parametrize("file", ["control.json", "journal"])
def test_a_state_that_cannot_be_read_does_not_start_and_the_sentence_says_which(emulator: Emulator, file: str) -> None:
    for number in range(3):
        client(emulator, "dynamodb").put_item(TableName="rows", Item=row("damage", str(number)))
    kill(emulator)
    path = emulator.settings.home / "state" / file
    path = max(path.glob("journal-*")) if path.is_dir() else path
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + b"\0" + whole[21:])
    try:
        emulator.start()
        with pytest.raises(EmbeddedError, match=rf"{path.name}"):
            emulator.await_ready()
    finally:
        path.write_bytes(whole)
    emulator.start()
    emulator.await_ready()
    assert set(rows(emulator, "damage")) == {"0", "1", "2"}


@pytest.mark.long
def test_a_hundred_thousand_rows_are_there_within_five_seconds(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    table_id = client(emulator, "dynamodb").describe_table(TableName="rows")["Table"]["TableId"]
    kill(emulator)
    journal = Journal(emulator.settings.home / "state" / "journal", lambda: (), print, snapshot_bytes=1 << 30)
    journal.open()
    for start in range(0, 100_000, 100):
        many = [row(f"many{start}", f"{n:03d}", **{f"attribute_{m}": "x" * 40 for m in range(15)}) for n in range(100)]
        journal.append([[table_id, one["pk"]["S"], one["sk"]["S"], one] for one in many]).future.result(10)
    journal.close()
    started = time.monotonic()
    emulator.start()
    emulator.await_ready()
    assert len(rows(emulator, "many0")) == 100
    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\n100,000 rows are there after {seconds:.1f} s")
    assert seconds < 5 * SHARED_MACHINE


# --- without an emulator


def test_leases_end_with_their_holders_but_not_before_their_last_call() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    late, soon = iso(now + timedelta(seconds=100)), iso(now + timedelta(seconds=1))
    held = {"lease_owner": {"S": "x"}, "lease_expires_at": {"S": late}}
    given = {
        "items": {
            "run": {"item": {**held, "current_stage": {"S": "probe"}}, "other": {"current_stage": {"S": "done"}}}
        },
        "runs": {"lease#provider": {"late": dict(held), "soon": {**held, "lease_expires_at": {"S": soon}}}},
    }
    end_leases(given, now)
    assert given["items"] == {
        "run": {"item": {"current_stage": {"S": "probe"}}, "other": {"current_stage": {"S": "done"}}}
    }
    ends = {name: lease["lease_expires_at"]["S"] for name, lease in given["runs"]["lease#provider"].items()}
    assert ends == {"late": iso(now + timedelta(seconds=16)), "soon": soon}


REPLACED = [
    *(("ministack.services.dynamodb", name) for name in ("_set_item", "_remove_item", "_items_replaced")),
    *(("ministack.services.dynamodb", name) for name in ("get_state", "handle_request")),
    *(("ministack.app", name) for name in ("load_state", "save_all", "_dispatch_service_request")),
    ("ministack.app", "_build_persistence_save_dict"),
    ("ministack.core.persistence", "_json_default"),
    ("ministack.core.persistence", "_json_object_hook"),
    ("ministack.services.lambda_svc", "_prune_orphan_code_blobs"),
]


@pytest.mark.parametrize(("module", "name"), REPLACED)
def test_a_changed_function_that_durability_needs_is_refused(tmp_path: Path, module: str, name: str) -> None:
    copies: dict[str, SimpleNamespace] = {}

    def load(wanted: str) -> SimpleNamespace:
        return copies.setdefault(wanted, SimpleNamespace(**vars(import_module(wanted))))

    setattr(load(module), name, lambda other, more, less: None)
    tables = Tables(tmp_path / "journal", print, load)
    control = ControlState(tmp_path / "control.json", tables, load)
    with pytest.raises(EmbeddedError, match=name), closing(tables):
        [part.open() for part in (tables, control)]
