"""The commands that keep one machine: status, serve, service, backup, restore, restart."""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from batch_import import __version__

from embedded import backup as backups
from embedded import home, logs, network, service
from embedded.access import OPERATOR
from embedded.errors import EmbeddedError
from embedded.settings import Settings
from embedded.stack import Embedded
from embedded.terminal import complain, interruptible, step, tell

_LOOK_SECONDS, _LOG_SECONDS = 1, 60
_FEW_BYTES = 2 * 1024**3


def status(settings: Settings) -> int:
    """What an owner wants to know at a glance; exit code 1 when the stack is down."""
    embedded = Embedded(settings)
    stack = embedded.running()
    pid = embedded.emulator.program.pid()
    lines = {"state": f"up at {stack.url}" if stack else "down", "version": __version__}
    if stack and pid:
        lines["uptime"] = _duration(time.time() - psutil.Process(pid).create_time())
        lines |= _asked(stack.url, settings.saved()[OPERATOR])
    lines |= {"size": _size(settings), "last backup": _last_backup(settings), **_restored_from(settings)}
    for name, value in lines.items():
        tell(f"{name:<12} {value}")
    return 0 if stack else 1


def _asked(url: str, token: str) -> dict[str, str]:
    try:
        host = network.call("GET", f"{url}/api/health", token=token)["host"]
        runs = network.call("GET", f"{url}/api/batch-import/runs?state=running&limit=100", token=token)["runs"]
    except (EmbeddedError, LookupError, TypeError) as problem:
        return {"api": f"does not answer: {problem}"}
    left = sum(run["total_items"] - run["completed_items"] for run in runs)
    told = f"reachable, version {host['version']}" if host["reachable"] else f"not reachable: {host['error']}"
    return {"host": told, "runs": f"{len(runs)} going on, with {left} items left" if runs else "none going on"}


def _size(settings: Settings) -> str:
    if not settings.home.is_dir():
        return "nothing stored"
    kept = sum(path.stat().st_size for path in _files(settings.home / backups.STATE))
    free = shutil.disk_usage(settings.home).free
    return f"{_bytes(kept)} of state, {_bytes(free)} free{' - make room soon' if free < _FEW_BYTES else ''}"


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file())


def _last_backup(settings: Settings) -> str:
    try:
        noted = json.loads(_note(settings).read_text(encoding="utf-8"))
        age = _duration(time.time() - datetime.fromisoformat(noted["made_at"]).timestamp())
    except (OSError, ValueError, LookupError):
        return "never: make backup"
    return f"{age} ago, {noted['file']}"


def _note(settings: Settings) -> Path:
    return settings.home / "last-backup.json"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _bytes(count: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"


# --- the service


def serve(settings: Settings) -> int:
    """Up until a signal; exit code 1 when a program has ended by itself, so that systemd starts again."""
    embedded = Embedded(settings)
    with interruptible():
        stack = embedded.up()
        try:
            tell(f"The stack is up. Result page: {stack.url}/batch-import")
            return stay(embedded)
        finally:
            step("Stopping; the state is kept")
            embedded.down()


def stay(embedded: Embedded) -> int:
    """Look after the programs and their logs; 0 after a signal, 1 when a program has ended."""
    looks = 0
    try:
        while not (ended := embedded.ended_programs()):
            time.sleep(_LOOK_SECONDS)
            looks += 1
            if looks % _LOG_SECONDS == 0:
                logs.shorten(embedded.settings.logs)
    except KeyboardInterrupt:
        return 0
    complain(f"{' and '.join(ended)} ended by itself")
    return 1


def make_service(settings: Settings) -> int:
    """Write and start the unit; where no systemd answers, the commands are told."""
    unit = service.write(settings, service.folder())
    tell(f"{unit} is written; variables as they are now: {settings.home / 'service.env'}")
    user = "" if service.of_system() else "--user "
    if Embedded(settings).running() is not None:
        tell(f"The stack is up without it: make down, then systemctl {user}enable --now {service.UNIT}")
    elif service.systemctl("daemon-reload") and service.systemctl("enable", "--now", service.UNIT):
        tell(f"It is started, and starts after boot. systemctl {user}status {service.UNIT} tells how it is.")
    else:
        tell(f"systemd does not answer here. Where it does: systemctl {user}daemon-reload")
        tell(f"                                              systemctl {user}enable --now {service.UNIT}")
    if user:
        tell("So that it runs while you are not logged in, once: loginctl enable-linger")
    return 0


def restart(settings: Settings) -> int:
    """With new code, if it is up: by systemd if that has started it."""
    if service.systemctl("is-active", "--quiet", service.UNIT):
        service.systemctl("restart", service.UNIT)
        tell("systemd starts it again.")
        return 0
    embedded = Embedded(settings)
    if embedded.running() is None:
        tell("The stack is down; make up starts the new version.")
        return 0
    embedded.down()
    tell(f"The stack is up again at {embedded.up().url}")
    return 0


# --- backups


@home.private_umask()
def backup(settings: Settings) -> int:
    """Into ``FILE``, by default a new one in ``backups``; with keys and tokens when ``SECRETS`` is 1."""
    with_secrets = settings.given("SECRETS") == "1"
    file = Path(settings.given("FILE")).expanduser() if settings.given("FILE") else _new_file(settings)
    size = backups.backup(settings, file, with_secrets=with_secrets)
    noted: dict[str, Any] = {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "file": str(file)}
    _note(settings).write_text(json.dumps(noted), encoding="utf-8")
    tell(f"{file}: {_bytes(size)}, {'with all keys and tokens: keep it safe' if with_secrets else 'without secrets'}")
    return 0


def _new_file(settings: Settings) -> Path:
    folder = settings.root / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"batch-import-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"


@home.private_umask()
def restore(settings: Settings) -> int:
    """From ``FILE``, into a stack that is down."""
    if not settings.given("FILE"):
        raise EmbeddedError("which backup? make restore FILE=backup.tar.gz")
    if Embedded(settings).emulator.program.pid() is not None:
        raise EmbeddedError("the stack is up: make down first")
    manifest = backups.restore(settings, Path(settings.given("FILE")).expanduser())
    _restored(settings).write_text(json.dumps(manifest), encoding="utf-8")
    tell(f"Restored as of {manifest['made_at']}; the state before is {settings.home / 'state.before-restore'}.")
    for line in WITH_SECRETS if manifest["with_secrets"] else WITHOUT_SECRETS:
        tell(line)
    return 0


WITH_SECRETS = ("make up starts it: its keys and tokens are those of the backup, and runs go on where they were.",)
WITHOUT_SECRETS = (
    "The backup is without secrets. make up starts it; all runs can be read, and new ones be made. Gone are:",
    "- tokens: the stack makes its own (.embedded/env), others have to be added again (batch-import token add)",
    "- address and admin key of the host: set HOST_URL and HOST_ADMIN_KEY as for a new stack",
    "- keys of relays: items that are not done end broken with key_erased, and a retry needs their keys (--api-keys)",
    "- gateway keys: a new probe user is made in the host; the old one (probe-…) can be deleted there",
)


def _restored(settings: Settings) -> Path:
    return settings.home / "restored.json"


def _restored_from(settings: Settings) -> dict[str, str]:
    try:
        manifest = json.loads(_restored(settings).read_text(encoding="utf-8"))
        told = "with its secrets" if manifest["with_secrets"] else "without secrets: see docs/one-machine.md"
        return {"restored": f"as of {manifest['made_at']}, {told}"}
    except (OSError, ValueError, LookupError):
        return {}
