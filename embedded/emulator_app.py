"""``uvicorn --factory embedded.emulator_app:create``: the emulator's application."""

import gc
import os
import sys
from pathlib import Path

from embedded import ministack, workers
from embedded.capacity import Capacity
from embedded.control_state import ControlState
from embedded.errors import EmbeddedError
from embedded.gate import Gate
from embedded.log_limit import limit_logs
from embedded.tables import Tables
from embedded.terminal import complain


def create() -> Gate:
    """MiniStack behind the gate, with its state on disk and its speed-ups.

    Exits with code 2 and a sentence when MiniStack is another version than the known one or lacks what security and
    durability need, and when its state on disk cannot be read.
    """
    gc.set_threshold(10_000, 20, 20)  # as in functions (bootstrap.py), and for the same reasons
    sys.setswitchinterval(0.1)
    try:
        ministack.require_known_version()
        application, signatures = ministack.application(), ministack.Signatures(ministack.owners_secrets())
        ministack.key_sessions()
        ministack.speed_up()
        workers.attach(workers.memory())
        limit_logs()
        if file := os.environ.get("CAPACITY_FILE"):
            application = Capacity(Path(file)).count(application)
        tables = _open_state(Path(os.environ["STATE_DIR"]))
    except EmbeddedError as problem:
        complain(str(problem))
        raise SystemExit(2) from None
    return Gate(application, signatures, tables.cannot_write)


def _open_state(folder: Path) -> Tables:
    tables = Tables(folder / "journal", complain)
    tables.open()
    ControlState(folder / "control.json", tables, port=os.environ.get("GATEWAY_PORT", "4566")).open()
    return tables
