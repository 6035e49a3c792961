"""The sandbox as a program: the stand-in host, used unless the environment names a real one."""

import secrets
import sys

from embedded import network
from embedded.processes import Program
from embedded.settings import LOOPBACK, Settings

START_SECONDS = 30.0
BALANCE = 1000.0
ADMIN_KEY = "admin-" + "e" * 64  # valid only for a sandbox on loopback


class Sandbox:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.program = Program("sandbox", settings.home)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.host_port}"

    @property
    def credentials(self) -> tuple[str, str]:
        return self.url, ADMIN_KEY

    def start(self) -> None:
        network.require_free(self.settings.host_port, "SANDBOX_HOST_PORT")
        network.require_free(self.settings.relay_port, "SANDBOX_RELAY_PORT")
        self.program.start(
            [
                *(sys.executable, "-m", "sandbox"),
                *("--host-port", str(self.settings.host_port), "--relay-port", str(self.settings.relay_port)),
                *("--state", str(self.settings.home / "sandbox.json"), "--admin-key", ADMIN_KEY),
            ],
            self.settings.child_environment,
            self.settings.root,
        )

    def await_ready(self) -> None:
        self.program.await_ready(lambda: network.answers(f"{self.url}/health"), START_SECONDS)

    def seed(self, gateway_key: str) -> None:
        """Create the customer for the subscriptions, with this gateway key, which is also PROBE_API_KEY."""
        customer = {"email": self.settings.subscription_user, "password": secrets.token_urlsafe(16)}
        network.call("POST", f"{self.url}/_sandbox/seed", {**customer, "custom_key": gateway_key, "balance": BALANCE})
