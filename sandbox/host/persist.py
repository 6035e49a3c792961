"""The host's state as a JSON file, readable by its owner only."""

import json
import os
from pathlib import Path
from typing import Any

from sandbox.host.scheduler import Scheduler
from sandbox.host.state import NAMED, TABLES, Host

_PLAIN = ("last_ids", "tokens", "admin_key", "compliance", "idempotency")


def save(host: Host, path: Path) -> None:
    """Writes beside the file and renames, so that a crash leaves the former state."""
    state: dict[str, Any] = {name: getattr(host, name) for name in _PLAIN}
    state |= {table: list(getattr(host, table).values()) for table in TABLES}
    state |= {"version": host.options.host_version, "used_groups": sorted(host.scheduler.used)}
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file, ensure_ascii=False)
    draft.replace(path)


def load(host: Host, path: Path) -> None:
    """Reads a saved state, if there is one; cool-downs are not in it, as after a restart of a real host."""
    if not path.exists():
        return
    state = json.loads(path.read_text())
    for name in _PLAIN:
        setattr(host, name, state[name])
    for table in TABLES:
        setattr(host, table, {row["id"]: row for row in state[table]})
    _forget_running(host)
    index(host)
    host.scheduler.used |= set(state["used_groups"])


def _forget_running(host: Host) -> None:
    host.idempotency = {key: record for key, record in host.idempotency.items() if record["state"] != "running"}


def index(host: Host) -> None:
    """Rebuilds the indices of the tables."""
    for table in NAMED:
        for row in getattr(host, table).values():
            host.know(table, row)
    host.key_ids = {row["key"]: number for number, row in host.keys.items()}
    host.channel_by_group = {group: row["id"] for row in host.channels.values() for group in row["group_ids"]}
    valid = (row for row in host.subscriptions.values() if not row.get("revoked_at"))
    host.subscription_ids = {(row["user_id"], row["group_id"]): row["id"] for row in valid}
    host.scheduler = Scheduler(host)
    for account in host.accounts.values():
        for binding in account["_groups"]:
            host.scheduler.members.setdefault(binding["group_id"], {})[account["id"]] = 0.0
            host.scheduler.used.add(binding["group_id"])
