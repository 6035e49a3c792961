"""The commands behind ``make run``, ``make up`` and ``make down``."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from embedded import keeping, network
from embedded.access import OPERATOR
from embedded.errors import EmbeddedError
from embedded.invoke import Invocation
from embedded.settings import RELAY_PORT, Settings
from embedded.stack import Embedded
from embedded.terminal import interruptible, step, tell


def up(settings: Settings) -> int:
    stack = Embedded(settings).up()
    tell(f"The stack is up. Result page: {stack.url}/batch-import (batch-import open signs you in)")
    file = settings.env_file
    shown = file.relative_to(settings.root) if file.is_relative_to(settings.root) else file
    tell(f"Addresses and tokens are in {shown}; make down stops it.")
    if settings.given("EMBEDDED_HOME"):
        tell(f"For make down and batch-import set EMBEDDED_HOME={shlex.quote(str(settings.home))}, too.")
    return 0


def down(settings: Settings) -> int:
    tell("The stack is stopped; its state is kept." if Embedded(settings).down() else "Nothing was up.")
    return 0


def deploy(settings: Settings) -> int:
    tell(f"Deployed at {Embedded(settings).redeploy().url}")
    return 0


def invoke(settings: Settings) -> int:
    """One function under Lambda's runtime interface emulator; ``FN`` names its folder."""
    invocation = Invocation(Embedded(settings), settings.given("FN") or "provision")
    answer, item = invocation.run()
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    if item is not None:
        tell(f"item_00001 is in stage {item['current_stage']}, access {item['access_status']}.")
    tell(f"With Docker: {invocation.hint()}")
    return 1 if isinstance(answer, dict) and "errorMessage" in answer else 0


def run(settings: Settings, *, stay: bool = True) -> int:
    """Import a list and stay up until a signal. Without ``stay`` returns the import's exit code."""
    _require_list(settings)
    embedded = Embedded(settings)
    with interruptible():
        stack = embedded.up()
        try:
            _require_host(settings, stack.url)
            code = _import(settings)
            _tell_page(settings)
            if not stay:
                return code
            tell("Everything stays up until Ctrl-C; batch-import open opens the page, signed in.")
            return keeping.stay(embedded)
        finally:
            step("Stopping; the state is kept")
            embedded.down()


def _require_list(settings: Settings) -> None:
    if not (settings.root / settings.relay_list).is_file():
        raise EmbeddedError(f"there is no list {settings.relay_list}; name another one with make run LIST=file")


def _require_host(settings: Settings, url: str) -> None:
    """EmbeddedError for a real host that cannot be used: the items of an import would wait for it for minutes."""
    if settings.real_host is None:
        return
    host = network.call("GET", f"{url}/api/health", token=settings.saved()[OPERATOR])["host"]
    if host["reachable"]:
        return
    what, do = {
        "host_refuses_credentials": ("refuses the admin key", "set HOST_ADMIN_KEY to one of that host"),
        "host_unavailable": ("is not reachable", "start it, or set HOST_URL and HOST_ADMIN_KEY"),
        "host_needs_acknowledgement": ("is not ready", "let an administrator accept its compliance statement"),
    }.get(host["code"], ("cannot be used", "check HOST_URL and HOST_ADMIN_KEY"))
    raise EmbeddedError(f"the host {what} ({host['error']}): {do}, then start again")


def _import(settings: Settings) -> int:
    command = [
        *(str(settings.root / ".venv" / "bin" / "batch-import"), "import", str(_list_for_this_port(settings))),
        *("--access-mode", "subscription", "--subscription-user", settings.subscription_user, "--watch"),
    ]
    environment = {**settings.environment, **settings.saved()}
    return subprocess.run(command, env=environment, cwd=settings.root, check=False).returncode  # noqa: S603


def _list_for_this_port(settings: Settings) -> Path:
    """The list's path. The sample list names the sandbox's default port: with another one, a copy with that port."""
    given = settings.root / settings.relay_list
    usual, chosen = f":{RELAY_PORT}".encode(), f":{settings.relay_port}".encode()
    if usual == chosen or settings.real_host or usual not in given.read_bytes():
        return given
    moved = settings.home / f"moved-{given.name}"
    moved.write_bytes(given.read_bytes().replace(usual, chosen))
    moved.chmod(0o600)
    return moved


def _tell_page(settings: Settings) -> None:
    saved = settings.saved()
    root = saved["BATCH_IMPORT_URL"]
    signed_in = f"#token={saved[OPERATOR]}" if sys.stdout.isatty() else ""  # no token in the log of a build
    tell(f"Result page: {root}{_newest_page(root, saved[OPERATOR])}{signed_in}")


def _newest_page(root: str, token: str) -> str:
    try:
        runs = network.call("GET", f"{root}/api/batch-import/runs?limit=1", token=token)["runs"]
        return f"/batch-import/runs/{runs[0]['run_id']}"
    except (EmbeddedError, LookupError, TypeError):
        return "/batch-import"
