"""Settings from the environment, and the paths of the stack."""

import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"
STACK_NAME = "batch-import"
STAGE = "v1"
LONGEST_SPACING = 2_000  # milliseconds, as in the template
RELAY_PORT = 18090  # the one that events/sample-relays.csv names
REGION = "us-east-1"
ACCESS_KEY_ID, SECRET_ACCESS_KEY = "EMBEDDED_ACCESS_KEY_ID", "EMBEDDED_SECRET_ACCESS_KEY"
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CAPACITY_FILE",
)


@dataclass(frozen=True)
class Settings:
    """The settings of one stack, from the checkout's folder and the environment."""

    root: Path
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def of_process(cls) -> "Settings":
        return cls(Path(__file__).resolve().parent.parent, dict(os.environ))

    @property
    def home(self) -> Path:
        given = self._text("EMBEDDED_HOME")
        return Path(given).resolve() if given else self.root / ".embedded"

    @property
    def env_file(self) -> Path:
        return self.home / "env"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def sam(self) -> Path:
        return self.root / ".venv-sam" / "bin" / "sam"

    @property
    def stack_port(self) -> int:
        return self._port("EMBEDDED_PORT", 4566)

    @property
    def host_port(self) -> int:
        return self._port("SANDBOX_HOST_PORT", 18080)

    @property
    def relay_port(self) -> int:
        return self._port("SANDBOX_RELAY_PORT", RELAY_PORT)

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.stack_port}"

    @property
    def relay_list(self) -> str:
        return self._text("LIST") or "events/sample-relays.csv"

    @property
    def enforces_iam(self) -> bool:
        """Whether roles are enforced as in AWS; off by default, because it costs half a millisecond per call."""
        return self._text("EMBEDDED_IAM").lower() in ("1", "true", "yes", "on")

    @property
    def subscription_user(self) -> str:
        return self._text("SUBSCRIPTION_USER") or "customer@example.com"

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the template: functions run on this machine, by the Python that runs MiniStack."""
        return {
            "StageName": STAGE,
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
            "PythonRuntime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "LocalEndpoint": self.endpoint,
            "OriginConcurrency": "0",  # all relays of the sandbox are one origin
            "AllowedPrivateHosts": self._text("ALLOWED_PRIVATE_HOSTS") or f"{LOOPBACK},localhost",
            "NoExtraProbes": self._text("NO_EXTRA_PROBES") or '""',  # left out, it would keep its value
            "OriginSpacing": self._spacing(),
        }

    @cached_property
    def real_host(self) -> tuple[str, str] | None:
        """Address and admin key of a real host; None means the sandbox."""
        url, key = self._text("HOST_URL").rstrip("/"), self._text("HOST_ADMIN_KEY")
        if url == f"http://{LOOPBACK}:{self.host_port}" and not key:
            return None  # from .embedded/env of a sandbox, which the user has sourced
        if bool(url) != bool(key):
            raise EmbeddedError(
                "HOST_URL and HOST_ADMIN_KEY belong together: set both for a real host, neither for the sandbox"
            )
        return (url, key) if url else None

    def saved(self) -> Mapping[str, str]:
        """The values that an earlier start wrote to ``.embedded/env``."""
        text = self.env_file.read_text(encoding="utf-8") if self.env_file.is_file() else ""
        return dict(_assignments(text))

    @property
    def credentials(self) -> dict[str, str]:
        """The emulator's keys by their names in ``.embedded/env``; empty before the first start (``home.prepare``)."""
        saved = self.saved()
        return {name: saved[name] for name in (ACCESS_KEY_ID, SECRET_ACCESS_KEY) if name in saved}

    @property
    def child_environment(self) -> dict[str, str]:
        """Environment for programs that must not see the user's AWS account, keys or proxies."""
        kept = {name: self.environment[name] for name in PASSED_ON if name in self.environment}
        return kept | self.aws_environment

    @property
    def aws_environment(self) -> dict[str, str]:
        credentials = self.credentials
        return {
            "AWS_ACCESS_KEY_ID": credentials.get(ACCESS_KEY_ID, ""),
            "AWS_SECRET_ACCESS_KEY": credentials.get(SECRET_ACCESS_KEY, ""),
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": self._no_proxy,
            "no_proxy": self._no_proxy,
        }

    @property
    def _no_proxy(self) -> str:
        given = self._text("NO_PROXY") or self._text("no_proxy")
        return ",".join(filter(None, (given, LOOPBACK, "localhost")))

    def given(self, name: str) -> str:
        return self._text(name)

    def _text(self, name: str) -> str:
        return self.environment.get(name, "").strip()

    def _spacing(self) -> str:
        """Within the bounds of the template, which nothing checks here."""
        text = self._text("ORIGIN_SPACING") or "0"
        if not text.isdigit() or int(text) > LONGEST_SPACING:
            raise EmbeddedError(f"ORIGIN_SPACING is no number of milliseconds up to {LONGEST_SPACING}: {text}")
        return text

    def _port(self, name: str, default: int) -> int:
        text = self._text(name) or str(default)
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise EmbeddedError(f"{name} is not a port number: {text}")
        return int(text)


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for word in shlex.split(text, comments=True):
        name, equals, value = word.partition("=")
        if equals:
            yield name, value
