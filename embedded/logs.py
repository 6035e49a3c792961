"""Logs of the programs, which are kept in a few files of a bounded size."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 10 * 1024**2
OLD_FILES = 3  # log.1 is the newest of them


def begin(log: Path) -> None:
    """Put the log of an earlier start aside."""
    if log.is_file() and log.stat().st_size:
        _shift(log)
        log.replace(_old(log, 1))


def shorten(folder: Path, most: int = MOST_BYTES) -> None:
    """Put logs that have grown too long aside while programs write to them: these append, and go on at the start."""
    for log in folder.glob("*.log"):
        with suppress(OSError):  # a full disk: the next minute comes
            if log.stat().st_size > most:
                _shift(log)
                shutil.copyfile(log, _old(log, 1))
                os.truncate(log, 0)


def _shift(log: Path) -> None:
    for number in range(OLD_FILES - 1, 0, -1):
        with suppress(FileNotFoundError):
            _old(log, number).replace(_old(log, number + 1))


def _old(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
