"""Backups of an embedded stack: whole while it writes, without secrets unless asked, and only of its own making."""

import io
import json
import tarfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from batch_import.domain.types import RunState

from embedded import backup, network
from embedded.access import OPERATOR
from embedded.control_state import ControlState
from embedded.errors import EmbeddedError
from embedded.journal import Journal
from embedded.settings import Settings
from embedded.stack import Embedded
from sandbox.testkit import wait_for
from tests.support.stack import ROOT, embedded_stack

SECRET, MATERIAL, TOKEN = "admin-test-0001", "a2V5IG1hdGVyaWFs", "operator-test-0001"


def scoped(**rows: Any) -> dict[str, Any]:
    """As MiniStack keeps them: by account, region and name."""
    return {"__account_region_scoped__": True, "data": {f"000000000000\0us-east-1\0{n!r}": v for n, v in rows.items()}}


CONTROL = {
    "secretsmanager": {
        "secrets": scoped(
            host={
                "Name": "batch-import-HostSecret-1",
                "Versions": {"v": {"SecretString": SECRET, "SecretBinary": None}},
            },
            other={"Name": "batch-import-DeploymentSecret-1", "Versions": {"v": {"SecretString": SECRET}}},
        )
    },
    "kms": {"keys": scoped(key={"KeyId": "k-1", "_symmetric_key_b64": MATERIAL})},
    "ssm": {"parameters": scoped(**{"/batch-import/embedded/fingerprint": {"Value": "f"}, "/mine": {"Value": "m"}})},
    "sqs": {
        "queues": scoped(**{"http://localhost:4566/000000000000/q": {"url": "http://localhost:4566/000000000000/q"}})
    },
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A stack that was up once."""
    made = Settings(tmp_path, {"EMBEDDED_HOME": str(tmp_path / "home")})
    (made.home / "state" / "journal").mkdir(parents=True)
    (made.home / "state" / "control.json").write_text(json.dumps(CONTROL), encoding="utf-8")
    made.env_file.write_text(f"export {OPERATOR}='{TOKEN}'\n", encoding="utf-8")
    return made


def another(tmp_path: Path) -> Settings:
    return Settings(tmp_path, {"EMBEDDED_HOME": str(tmp_path / "another")})


def journal(of: Settings, rows: Any = None) -> Journal:
    return Journal(of.home / "state" / "journal", lambda: iter([rows or []]), lambda _: None)


def control(of: Settings) -> Any:
    return json.loads((of.home / "state" / "control.json").read_text("utf-8"))


def contents(file: Path) -> bytes:
    with tarfile.open(file) as archive:
        return b"".join(archive.extractfile(entry).read() for entry in archive)  # type: ignore[union-attr]


def test_a_backup_made_while_rows_are_written_holds_all_that_was_acknowledged_before(
    settings: Settings, tmp_path: Path
) -> None:
    writing, enough, stop = journal(settings), threading.Event(), threading.Event()
    writing.open()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            number = len(written)
            writing.append([["t", "p", f"{number:05d}", {"n": number}]]).future.result()
            written.append(number)
            if number > 20:
                enough.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert enough.wait(20)
    before = len(written)
    backup.backup(settings, tmp_path / "b.tar.gz", with_secrets=True)
    stop.set()
    thread.join()
    writing.close()

    restored = another(tmp_path)
    backup.restore(restored, tmp_path / "b.tar.gz")
    reading = journal(restored)
    rows = reading.open()["t"]["p"]
    reading.close()
    assert before <= len(rows) <= len(written)
    assert sorted(row["n"] for row in rows.values()) == list(range(len(rows)))


def test_with_secrets_the_stack_goes_on_as_it_was_and_is_deployed_again(settings: Settings, tmp_path: Path) -> None:
    file, restored = tmp_path / "b.tar.gz", another(tmp_path)
    assert backup.backup(settings, file, with_secrets=True) == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert backup.restore(restored, file)["with_secrets"] is True
    assert restored.saved()[OPERATOR] == TOKEN
    found = control(restored)
    assert found["ssm"]["parameters"] == scoped(**{"/mine": {"Value": "m"}})
    assert {name: found[name] for name in ("kms", "secretsmanager")} == {
        name: CONTROL[name] for name in ("kms", "secretsmanager")
    }
    assert restored.env_file.stat().st_mode & 0o077 == 0


def test_without_secrets_there_is_none_in_the_file(settings: Settings, tmp_path: Path) -> None:
    file, restored = tmp_path / "b.tar.gz", another(tmp_path)
    backup.backup(settings, file, with_secrets=False)
    text = contents(file).decode()
    assert [secret for secret in (SECRET, MATERIAL, TOKEN) if secret in text] == []
    backup.restore(restored, file)
    assert OPERATOR not in restored.saved()
    [key] = control(restored)["kms"]["keys"]["data"].values()
    assert len(key["_symmetric_key_b64"]) == 44  # another key, of which a stack can make use


def test_a_state_that_is_there_is_kept_aside(settings: Settings, tmp_path: Path) -> None:
    backup.backup(settings, tmp_path / "b.tar.gz", with_secrets=True)
    (settings.home / "state" / "later").write_text("x", encoding="utf-8")
    backup.restore(settings, tmp_path / "b.tar.gz")
    assert (settings.home / "state.before-restore" / "later").exists()
    assert not (settings.home / "state" / "later").exists()
    with pytest.raises(EmbeddedError, match="remove it first"):
        backup.restore(settings, tmp_path / "b.tar.gz")


@pytest.mark.parametrize("name", ["../evil", "/evil", "state/journal/../../../evil", "state/other", "bin/x"])
def test_a_file_that_no_backup_has_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    file = tmp_path / "b.tar.gz"
    manifest = json.dumps({"format": 1}).encode()
    with tarfile.open(file, "w:gz") as archive:
        for entry, data in (("manifest.json", manifest), ("state/control.json", b"{}"), (name, b"x")):
            info = tarfile.TarInfo(entry)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    with pytest.raises(EmbeddedError, match="no whole backup"):
        backup.restore(another(tmp_path), file)
    assert not (tmp_path / "another" / "state").exists()


def test_half_a_file_and_none_are_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    with pytest.raises(EmbeddedError, match="there is no file"):
        backup.restore(another(tmp_path), file)
    backup.backup(settings, file, with_secrets=True)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(EmbeddedError, match="no whole backup"):
        backup.restore(another(tmp_path), file)


def test_without_a_state_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="nothing to back up"):
        backup.backup(another(tmp_path), tmp_path / "b.tar.gz", with_secrets=False)


def test_a_stack_may_start_on_another_port(settings: Settings) -> None:
    """Queues, and who works on them, are known by addresses."""
    state = ControlState(settings.home / "state" / "control.json", SimpleNamespace(), port="5001")  # type: ignore[arg-type]
    found = state._read()
    assert found is not None
    assert "localhost:5001" in str(found["sqs"])
    assert "localhost:4566" not in str(found["sqs"])


RUNS, COUNT = "/api/batch-import/runs", 10


def started(embedded: Embedded) -> str:
    """A run over relays that take some seconds to answer; each has a key of its own."""
    base, saved = f"http://127.0.0.1:{embedded.settings.relay_port}/healthy", embedded.settings.saved()
    items = [{"base_url": f"{base}/b{n}~latency=4/v1", "api_key": key_of(n)} for n in range(COUNT)]
    request = {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}
    return str(network.call("POST", f"{saved['BATCH_IMPORT_URL']}{RUNS}", request, token=saved[OPERATOR])["run_id"])


def key_of(number: int) -> str:
    return f"sk-test-backup-{number:04d}"


def ended(stack: Embedded, run_id: str) -> Any:
    """The run at its end, asked for with the stack's own token."""
    saved = stack.settings.saved()
    address = f"{saved['BATCH_IMPORT_URL']}{RUNS}/{run_id}"

    def run() -> Any:
        found = network.call("GET", address, token=saved[OPERATOR])["run"]
        return found["state"] != RunState.RUNNING and found

    return wait_for(run, 120)


@pytest.mark.embedded
@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_backup_restored_elsewhere_goes_on_with_its_run(embedded: Embedded, tmp_path: Path) -> None:
    run_id = started(embedded)
    file, place = tmp_path / "b.tar.gz", tmp_path / "elsewhere"
    backup.backup(embedded.settings, file, with_secrets=True)
    backup.restore(Settings(ROOT, {"EMBEDDED_HOME": str(place)}), file)
    with embedded_stack(place) as second:
        assert second.settings.saved()[OPERATOR] == embedded.settings.saved()[OPERATOR]
        assert ended(second, run_id)["active_items"] == COUNT


@pytest.mark.embedded
@pytest.mark.long
@pytest.mark.timeout(600)
def test_without_secrets_a_run_ends_and_is_retried_with_its_keys(embedded: Embedded, tmp_path: Path) -> None:
    run_id = started(embedded)
    file, place = tmp_path / "b.tar.gz", tmp_path / "elsewhere"
    backup.backup(embedded.settings, file, with_secrets=False)
    backup.restore(Settings(ROOT, {"EMBEDDED_HOME": str(place)}), file)
    with embedded_stack(place) as second:
        saved = second.settings.saved()
        assert saved[OPERATOR] != embedded.settings.saved()[OPERATOR]
        run = ended(second, run_id)
        address = f"{saved['BATCH_IMPORT_URL']}{RUNS}/{run_id}"
        items = network.call("GET", f"{address}/items?has_failed=true&limit=200", token=saved[OPERATOR])["items"]
        assert {item["last_error_code"] for item in items} == {"key_erased"}
        assert run["active_items"] + len(items) == COUNT
        keys = {item["item_id"]: key_of(int(item["item_id"].removeprefix("item_")) - 1) for item in items}
        retry = network.call("POST", f"{address}/retry", {"api_keys": keys}, token=saved[OPERATOR])
        assert ended(second, retry["run_id"])["active_items"] == len(items)
