"""A unit of systemd for the owner: the stack starts after boot, again after a failure, and stops cleanly."""

import os
import subprocess
from pathlib import Path

from embedded import home
from embedded.errors import EmbeddedError
from embedded.settings import Settings

UNIT = "batch-import.service"
# What a start needs to know again; AWS's own variables never get this far.
KEPT = (
    *("HOST_URL", "HOST_ADMIN_KEY", "PROBE_API_KEY", "SUBSCRIPTION_USER", "ALLOWED_PRIVATE_HOSTS", "NO_EXTRA_PROBES"),
    *("ORIGIN_SPACING", "EMBEDDED_PORT", "SANDBOX_HOST_PORT", "SANDBOX_RELAY_PORT", "EMBEDDED_HOME", "EMBEDDED_IAM"),
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "PATH"),
)
_TEXT = """\
[Unit]
Description=Batch Auto-Import for sub2api (embedded stack of {root})
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
WorkingDirectory={root}
EnvironmentFile={variables}
ExecStart={root}/.venv/bin/python -m embedded serve
Restart=on-failure
RestartSec=10
# The first program stops the others in order; what is left then is killed.
KillMode=mixed
TimeoutStopSec=90
NoNewPrivileges=yes
UMask=0077
LimitNOFILE=10240

[Install]
WantedBy={target}
"""


def of_system() -> bool:
    """Root's unit is one of the system; anybody else's runs in the owner's own systemd."""
    return os.geteuid() == 0


def folder() -> Path:
    return Path("/etc/systemd/system") if of_system() else Path.home() / ".config" / "systemd" / "user"


@home.private_umask()
def write(settings: Settings, place: Path) -> Path:
    """Write the unit, and the variables that are set now into a file of the stack; the unit's path.

    Raises ``EmbeddedError`` for a value or a folder that systemd could not read.
    """
    home.prepare(settings)
    variables = settings.home / "service.env"
    given = {name: settings.given(name) for name in KEPT if settings.given(name)}
    if any(character in str(settings.root) for character in ' "\\%$\n'):
        raise EmbeddedError(f"{settings.root}: put the checkout into a folder without spaces and special characters")
    if unfit := [name for name, value in given.items() if any(character in value for character in '"\\\n')]:
        raise EmbeddedError(
            f"{unfit[0]} holds a quotation mark, a backslash or a line break: systemd could not read it"
        )
    variables.write_text("".join(f'{name}="{value}"\n' for name, value in given.items()), encoding="utf-8")
    home.close(settings.home)
    target = "multi-user.target" if of_system() else "default.target"
    place.mkdir(parents=True, exist_ok=True)
    unit = place / UNIT
    unit.write_text(_TEXT.format(root=settings.root, variables=variables, target=target), encoding="utf-8")
    unit.chmod(0o644)
    return unit


def systemctl(*arguments: str) -> bool:
    """Whether systemd did it; False as well where it does not run."""
    command = ["systemctl", *([] if of_system() else ["--user"]), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False
