"""The journal of the embedded stack's tables: what was acknowledged is read again, whatever end a file has come to."""

import errno
import os
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.errors import EmbeddedError
from embedded.journal import Damaged, Journal, NotWritten, Rows, apply, portions


class Disk:
    """A folder with a journal, and the rows that it should hold."""

    def __init__(self, folder: Path, snapshot_bytes: int = 1 << 30) -> None:
        self.folder, self.snapshot_bytes = folder, snapshot_bytes
        self.said: list[str] = []
        self.rows: Rows = {}
        self.open()

    def open(self) -> Rows:
        self.journal = Journal(self.folder, self._now, self.said.append, snapshot_bytes=self.snapshot_bytes)
        self.rows = self.journal.open()
        return self.rows

    def _now(self) -> Iterator[list[Any]]:
        return portions(
            [table, pk, sk, row]
            for table, partitions in list(self.rows.items())
            for pk, rows in list(partitions.items())
            for sk, row in list(rows.items())
        )

    def write(self, *changes: Any) -> None:
        apply(self.rows, changes)
        self.journal.append(changes).future.result(10)

    def put(self, number: int, text: str = "") -> None:
        self.write(["t", f"p{number % 7}", f"s{number}", {"n": {"N": str(number)}, "text": {"S": text}}])

    def reopened(self) -> Rows:
        self.journal.close()
        return self.open()

    def files(self, kind: str) -> list[Path]:
        return sorted(self.folder.glob(f"{kind}-*"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    one = Disk(tmp_path / "journal")
    yield one
    one.journal.close()


def numbers(rows: Rows) -> set[int]:
    return {int(row["n"]["N"]) for partitions in rows.values() for part in partitions.values() for row in part.values()}


# --- what is kept


def test_a_new_folder_is_empty_and_private(disk: Disk) -> None:
    assert disk.rows == {}
    assert disk.files("journal")[0].stat().st_mode & 0o077 == 0


def test_changes_are_read_again_in_their_order(disk: Disk) -> None:
    disk.write(["t", "p", "s", {"a": {"S": "é"}}], ["u", "p", "s", {"a": {"N": "1"}}])
    disk.write(["t", "p", "s", {"a": {"S": "later"}}], ["u", "p", "s", None])
    disk.write(["gone", "p", "s", {}])
    disk.write(["gone", None, None, None], ["gone", "q", "s", {}])
    assert disk.reopened() == {"t": {"p": {"s": {"a": {"S": "later"}}}}, "u": {}, "gone": {"q": {"s": {}}}}
    assert disk.said == []


def test_a_change_is_on_disk_when_it_is_acknowledged(disk: Disk, tmp_path: Path) -> None:
    disk.put(1)
    copied = shutil.copytree(disk.folder, tmp_path / "copy")  # as a kill would leave it
    assert numbers(Disk(copied).rows) == {1}


def test_many_writers_share_syncs(disk: Disk) -> None:
    begun = [disk.journal.append([["t", "p", str(number), {"n": {"N": str(number)}}]]) for number in range(500)]
    for group in begun:
        group.future.result(10)
    assert len({id(group) for group in begun}) < 50
    assert numbers(disk.reopened()) == set(range(500))


def test_asking_without_a_change_waits_for_those_before(disk: Disk) -> None:
    begun = disk.journal.append([["t", "p", "s", {"n": {"N": "1"}}]])
    disk.journal.append([]).future.result(10)
    assert begun.future.done()
    disk.journal.append([]).future.result(10)


def test_a_second_process_is_refused(disk: Disk) -> None:
    with pytest.raises(EmbeddedError, match="another emulator is still using"):
        Journal(disk.folder, lambda: (), print, patience=0).open()


# --- snapshots


def test_snapshots_are_made_meanwhile_and_keep_the_journals_short(tmp_path: Path) -> None:
    disk = Disk(tmp_path, snapshot_bytes=2_000)
    for number in range(300):
        disk.put(number % 60, "x" * 100)
    disk.journal.close()
    assert 1 <= len(disk.files("snapshot")) <= 2
    assert [path for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []
    assert sum(path.stat().st_size for path in disk.files("journal")) < 300 * 150
    expected = disk.rows
    assert disk.open() == expected
    assert numbers(expected) == set(range(60))
    disk.journal.close()


def test_rows_that_change_while_a_snapshot_is_made_are_neither_lost_nor_old(tmp_path: Path) -> None:
    disk = Disk(tmp_path, snapshot_bytes=20_000)
    done = threading.Event()

    def others() -> None:
        for number in range(400):
            disk.put(number, "x" * 100)
        done.set()

    writer = threading.Thread(target=others)
    writer.start()
    writer.join(60)
    assert done.is_set()
    expected = disk.rows
    assert disk.reopened() == expected
    assert disk.files("snapshot")
    disk.journal.close()


def with_snapshots(folder: Path) -> Disk:
    """Two snapshots, and journals behind them; closed."""
    disk = Disk(folder, snapshot_bytes=3_000)
    number = 0
    while len(disk.files("snapshot")) < 2:
        disk.put(number, "x" * 50)
        number += 1
    disk.journal.close()
    disk.snapshot_bytes = 1 << 30
    disk.open()
    for more in range(5):
        disk.put(1000 + more)
    disk.journal.close()
    return disk


def test_a_damaged_snapshot_is_replaced_by_the_one_before(tmp_path: Path) -> None:
    disk = with_snapshots(tmp_path)
    expected, newest = disk.rows, disk.files("snapshot")[-1]
    os.truncate(newest, newest.stat().st_size - 10)
    assert disk.open() == expected
    assert "is damaged; the one before it" in disk.said[0]
    disk.journal.close()


def test_without_any_whole_snapshot_nothing_starts(tmp_path: Path) -> None:
    disk = with_snapshots(tmp_path)
    for path in disk.files("snapshot"):
        os.truncate(path, 10)
    for path in disk.files("journal"):
        if int(path.name[-8:]) == 0:
            path.unlink()
    with pytest.raises(Damaged, match="is damaged before its end"):
        disk.open()


def test_a_missing_journal_is_noticed(tmp_path: Path) -> None:
    disk = with_snapshots(tmp_path)
    for path in disk.files("journal")[:-1]:
        path.unlink()
    disk.files("snapshot")[-1].unlink()
    with pytest.raises(Damaged):
        disk.open()


# --- torn files


@pytest.mark.parametrize("seed", range(40))
def test_a_cut_at_any_byte_of_the_newest_file_leaves_the_changes_before_it(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    disk = Disk(tmp_path)
    for number in range(chance.randrange(1, 30)):
        disk.put(number, "é" * chance.randrange(60))
    disk.journal.close()
    (newest,) = disk.files("journal")
    cut = chance.randrange(newest.stat().st_size)
    os.truncate(newest, cut)
    if chance.random() < 0.5:  # the file system had given it its length already
        with newest.open("ab") as file:
            file.write(bytes(chance.randrange(1, 50)))
    left = numbers(disk.open())
    assert left == set(range(len(left)))
    assert len(disk.said) <= 1
    disk.put(len(left))  # and it goes on from there
    assert numbers(disk.reopened()) == {*left, len(left)}
    disk.journal.close()


def test_a_torn_end_is_told(disk: Disk) -> None:
    disk.put(1)
    disk.put(2)
    disk.journal.close()
    (newest,) = disk.files("journal")
    os.truncate(newest, newest.stat().st_size - 3)
    assert numbers(disk.open()) == {1}
    assert "was cut off by a crash" in disk.said[0]


@pytest.mark.parametrize("seed", range(20))
def test_damage_before_the_end_is_refused_and_nothing_is_changed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    disk = Disk(tmp_path)
    ends = []
    for number in range(10):
        disk.put(number, "x" * 30)
        ends.append(disk.files("journal")[0].stat().st_size)
    disk.journal.close()
    (path,) = disk.files("journal")
    data = bytearray(path.read_bytes())
    data[chance.randrange(ends[-2])] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(Damaged, match="is damaged before its end"):
        disk.open()
    assert path.read_bytes() == data


def test_a_torn_journal_before_one_with_changes_is_refused(tmp_path: Path) -> None:
    disk = with_snapshots(tmp_path)
    disk.files("snapshot")[-1].unlink()
    earlier = disk.files("journal")[-2]
    os.truncate(earlier, earlier.stat().st_size - 3)
    with pytest.raises(Damaged):
        disk.open()


# --- a full disk


class FullDisk:
    """Lets ``os.pwrite`` write a part, and then refuse, as long as ``full``."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.full = False
        self._write = os.pwrite
        patch.setattr(os, "pwrite", self._pwrite)

    def _pwrite(self, file: int, data: Any, start: int) -> int:
        if not self.full:
            return self._write(file, data, start)
        if len(data) > 20:
            return self._write(file, data[:20], start)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_tears_nothing_and_ends_with_room(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    device = FullDisk(monkeypatch)
    disk.put(1)
    before = disk.files("journal")[0].read_bytes()
    device.full = True
    for number in (2, 3):
        with pytest.raises(NotWritten, match="is full: nothing can be written until there is room again"):
            disk.put(number)
    assert disk.files("journal")[0].read_bytes() == before
    assert disk.journal.failure is not None
    device.full = False
    disk.put(4)
    assert disk.journal.failure is None
    assert numbers(disk.reopened()) == {1, 2, 3, 4}


def test_room_is_found_by_asking_without_a_change(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    device = FullDisk(monkeypatch)
    device.full = True
    with pytest.raises(NotWritten):
        disk.put(1)
    with pytest.raises(NotWritten):
        disk.journal.append([]).future.result(10)
    device.full = False
    disk.journal.append([]).future.result(10)
    assert disk.journal.failure is None
