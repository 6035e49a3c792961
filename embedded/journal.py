"""Rows on disk: every change is appended to a journal before it is acknowledged; snapshots keep the journals short.

A folder holds, by number n:

- ``snapshot-n``: the rows as they were when journal n began, or later;
- ``journal-n``: changes in their order. Journals from n on make the rows of now out of ``snapshot-n``.

A change is ``[table, pk, sk, row]``, with ``None`` for a row that is gone; ``[table, None, None, None]`` removes all
rows of the table. Changes say what a row is afterwards, so repeating them does no harm: a snapshot may be written while
rows change. The snapshot before the last one, and its journals, stay as a reserve.

Files are frames: a head (mark, length, number, CRC-32), then JSON. A frame is written and synced before the next one.
So only the very last can be torn by a crash. Anything else that is torn was damaged later: ``Damaged`` is raised.
"""

import errno
import fcntl
import mmap
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from embedded.errors import EmbeddedError

Rows = dict[str, dict[str, dict[str, Any]]]  # by table, partition key, sort key
Change = Sequence[Any]

GATHER_SECONDS = 0.002  # writes that come meanwhile share one sync
AGAIN_SECONDS = 1.0  # after which what found no room is tried again
SNAPSHOT_BYTES = 16 * 1024**2  # a new snapshot when the journals are longer than this, and than the last snapshot
ROWS_TO_FRAME, PAUSE_SECONDS = 200, 0.002  # of a snapshot: others shall run meanwhile
_HEAD = struct.Struct("<4sIQI")
_MARK = b"bij1"
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Damaged(EmbeddedError):
    """Acknowledged changes cannot be read."""


class NotWritten(EmbeddedError):
    """The change is not on disk; the text says why. It may get there later, when there is room again."""


class Group:
    """Changes that are synced together. ``waiter`` is for the caller: what waits for ``future``, made once."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.asked = False
        self.future: Future[None] = Future()
        self.waiter: Any = None


class _Found(NamedTuple):
    """What the files of a folder hold: rows, the number of the next frame, that of the newest journal, and how many
    bytes of journals are newer than the snapshot.
    """

    rows: Rows
    next_frame: int
    generation: int
    written: int


class Journal:
    """One process at a time has the folder open. ``rows_now`` gives all rows in portions, as changes, for snapshots."""

    def __init__(
        self,
        folder: Path,
        rows_now: Callable[[], Iterable[Sequence[Change]]],
        say: Callable[[str], None],
        *,
        snapshot_bytes: int = SNAPSHOT_BYTES,
        patience: float = 3.0,
    ) -> None:
        """``patience``: seconds that a killed process may need to let the folder go."""
        self._folder, self._rows_now, self._say = folder, rows_now, say
        self._snapshot_bytes, self._patience = snapshot_bytes, patience
        self._condition = threading.Condition()
        self._group = Group()
        self._kept: list[bytes] = []  # of groups that found no room
        self._closing = False
        self._file = self._lock = -1
        self._end = self._written = self._frame = self._generation = 0
        self._snapshotting: threading.Thread | None = None
        self.failure: str | None = None  # why nothing can be written at present

    # --- start and end

    def open(self) -> Rows:
        """The rows on disk. From now on changes may be appended."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._folder, time.monotonic() + self._patience)
        found = _read(self._folder, self._say)
        self._frame, self._generation, self._written = found.next_frame, found.generation, found.written
        self._open_file()
        self._thread = threading.Thread(target=self._write_groups, name="journal", daemon=True)
        self._thread.start()
        return found.rows

    def close(self) -> None:
        """Write what was appended, wait for a snapshot that is being made, and let others open the folder."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        if self._snapshotting is not None:
            self._snapshotting.join()
        os.close(self._file)
        os.close(self._lock)

    def _open_file(self) -> None:
        path = self._folder / f"journal-{self._generation:08d}"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._end = os.fstat(self._file).st_size
        sync(self._folder)

    # --- changes

    def append(self, changes: Sequence[Change]) -> Group:
        """The group whose ``future`` ends when these changes and all before them are on disk, or raises ``NotWritten``.

        The changes of one call get there together, or none of them.
        """
        record = orjson.dumps(changes)[1:-1]
        with self._condition:
            group = self._group
            group.asked = True
            if record:
                group.records.append(record)
            self._condition.notify()
        return group

    def _write_groups(self) -> None:
        while group := self._next_group():
            try:
                self._write([*self._kept, *group.records])
            except OSError as problem:
                self._kept += group.records
                self.failure = _sentence(problem, self._folder)
                group.future.set_exception(NotWritten(self.failure))
            else:
                self._kept, self.failure = [], None
                group.future.set_result(None)
                self._begin_snapshot()

    def _next_group(self) -> Group | None:
        """The changes of the last milliseconds; None when the journal is closed."""
        with self._condition:
            limit = AGAIN_SECONDS if self.failure else None
            self._condition.wait_for(lambda: self._closing or self._group.asked, limit)
            if self._closing and not self._group.asked:
                return None
        time.sleep(GATHER_SECONDS)
        with self._condition:
            group, self._group = self._group, Group()
        return group

    def _write(self, records: Sequence[bytes]) -> None:
        if not records:
            return
        frame = _frame(self._frame, b"[" + b",".join(records) + b"]")
        try:
            _write_all(self._file, frame, self._end)
            os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(frame)
        self._written += len(frame)
        self._frame += 1

    # --- snapshots

    def _begin_snapshot(self) -> None:
        if self._written < self._snapshot_bytes or (self._snapshotting and self._snapshotting.is_alive()):
            return
        self._generation += 1
        os.close(self._file)
        self._open_file()
        self._written = 0
        arguments = (self._generation, self._frame)
        self._snapshotting = threading.Thread(target=self._snapshot, args=arguments, name="snapshot", daemon=True)
        self._snapshotting.start()

    def _snapshot(self, generation: int, next_frame: int) -> None:
        draft = self._folder / "snapshot.new"
        try:
            size = self._write_snapshot(draft, next_frame)
            self.append([]).future.result()  # what the snapshot shows must not be lost from the journal
            draft.replace(self._folder / f"snapshot-{generation:08d}")
            sync(self._folder)
            self._remove_old()
            self._snapshot_bytes = max(self._snapshot_bytes, size)
        except (OSError, NotWritten) as problem:
            draft.unlink(missing_ok=True)
            self._say(f"No snapshot was made, the journal goes on: {problem}.")

    def _write_snapshot(self, path: Path, next_frame: int) -> int:
        """Write and sync all rows; returns the length of the file."""
        with open(path, "wb", opener=_private) as file:
            file.write(_frame(0, orjson.dumps({"next_frame": next_frame})))
            number = 1
            for portion in self._rows_now():
                file.write(_frame(number, orjson.dumps(portion)))
                number += 1
                time.sleep(PAUSE_SECONDS)
            file.write(_frame(number, orjson.dumps({"frames": number})))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _remove_old(self) -> None:
        kept = [number for number, _ in _numbered(self._folder, "snapshot")][-2:]
        for kind in ("snapshot", "journal"):
            for number, path in _numbered(self._folder, kind):
                if number < (kept[0] if len(kept) == 2 else 0):
                    path.unlink()


def portions(rows: Iterable[Change]) -> Iterator[list[Change]]:
    """Rows in lists that fit a frame of a snapshot."""
    portion: list[Change] = []
    for row in rows:
        portion.append(row)
        if len(portion) == ROWS_TO_FRAME:
            yield portion
            portion = []
    yield portion


# --- reading


def _read(folder: Path, say: Callable[[str], None]) -> _Found:
    """Rows of the newest whole snapshot, brought up to date. A torn end is cut off, and ``say`` gets a sentence."""
    (folder / "snapshot.new").unlink(missing_ok=True)
    start, rows, next_frame = _read_snapshots(folder, say)
    journals = [(number, path) for number, path in _numbered(folder, "journal") if number >= start]
    torn: dict[Path, int] = {}
    for _, path in journals:
        ended = _replay(path, rows, next_frame)
        if torn and ended.next_frame > next_frame:
            raise Damaged(_damage(next(iter(torn))))
        next_frame = ended.next_frame
        if ended.whole < path.stat().st_size:
            torn[path] = ended.whole
    for path, whole in torn.items():
        say(f"The last change in {path} was cut off by a crash: {path.stat().st_size - whole} bytes are dropped.")
        os.truncate(path, whole)
    written = sum(path.stat().st_size for _, path in journals)
    return _Found(rows, next_frame, max((number for number, _ in journals), default=start), written)


def _read_snapshots(folder: Path, say: Callable[[str], None]) -> tuple[int, Rows, int]:
    """Number, rows and the next frame's number of the newest snapshot that is whole; 0 without any."""
    damaged: Path | None = None
    for number, path in reversed(_numbered(folder, "snapshot")):
        with _opened(path) as data:
            frames = [orjson.loads(payload) for _, payload, _ in _frames(data)]
        if len(frames) > 1 and frames[-1] == {"frames": len(frames) - 1}:
            rows: Rows = {}
            for portion in frames[1:-1]:
                apply(rows, portion)
            return number, rows, frames[0]["next_frame"]
        say(f"{path} is damaged; the one before it and its journals are used instead.")
        damaged = path
    if damaged is not None and not (folder / f"journal-{0:08d}").exists():
        raise Damaged(_damage(damaged))
    return 0, {}, 0


class _Ended(NamedTuple):
    """The number of the next frame, and how many bytes of a journal are whole."""

    next_frame: int
    whole: int


def _replay(path: Path, rows: Rows, next_frame: int) -> _Ended:
    whole = 0
    with _opened(path) as data:
        for number, payload, end in _frames(data):
            if number != next_frame:
                raise Damaged(_damage(path))
            apply(rows, orjson.loads(payload))
            next_frame, whole = number + 1, end
        if _has_frame(data, whole + 1):
            raise Damaged(_damage(path))
    return _Ended(next_frame, whole)


def apply(rows: Rows, changes: Iterable[Change]) -> None:
    """Make ``rows`` what they are after these changes."""
    for table, pk, sk, row in changes:
        if pk is None:
            rows.pop(table, None)
        elif row is not None:
            rows.setdefault(table, {}).setdefault(pk, {})[sk] = row
        elif (partition := rows.get(table, {}).get(pk)) is not None:
            partition.pop(sk, None)
            if not partition:
                del rows[table][pk]


def _frames(data: Any) -> Iterator[tuple[int, Any, int]]:
    """Number, payload and end of each frame, up to the first that is not whole."""
    end = 0
    while (found := _frame_at(data, end)) is not None:
        number, payload, end = found
        yield number, payload, end


def _frame_at(data: Any, start: int) -> tuple[int, bytes, int] | None:
    if start + _HEAD.size > len(data):
        return None
    mark, length, number, check = _HEAD.unpack_from(data, start)
    end = start + _HEAD.size + length
    if mark != _MARK or end > len(data):
        return None
    payload = data[start + _HEAD.size : end]
    return (number, payload, end) if check == _check(number, payload) else None


def _has_frame(data: Any, start: int) -> bool:
    """Whether a whole frame begins anywhere behind ``start``."""
    while (start := data.find(_MARK, start)) != -1:
        if _frame_at(data, start) is not None:
            return True
        start += 1
    return False


def _damage(path: Path) -> str:
    return (
        f"{path} is damaged before its end, and what follows was acknowledged: nothing is started, nothing changed. "
        f"Restore {path.parent} from a backup, or remove it and import again: an import finds what the host has"
    )


# --- files


def _frame(number: int, payload: bytes) -> bytes:
    return _HEAD.pack(_MARK, len(payload), number, _check(number, payload)) + payload


def _check(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(number.to_bytes(8, "little")))


def _numbered(folder: Path, kind: str) -> list[tuple[int, Path]]:
    return sorted((int(path.name[-8:]), path) for path in folder.glob(f"{kind}-" + "[0-9]" * 8))


def _opened(path: Path) -> Any:
    """The bytes of a file, without reading all of them into memory."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else _Nothing()


class _Nothing(bytes):
    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, *_: object) -> None: ...


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_all(file: int, data: bytes, start: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, start)
        view, start = view[written:], start + written


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(folder: Path, deadline: float) -> int:
    """The folder, locked for this process; the lock ends with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    while not _lock(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise EmbeddedError(f"another emulator is still using {folder}")
        time.sleep(0.02)
    return descriptor


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sentence(problem: OSError, folder: Path) -> str:
    if problem.errno in _FULL:
        return f"The disk of {folder} is full: nothing can be written until there is room again"
    return f"{folder} cannot be written: {os.strerror(problem.errno or errno.EIO)}"
