"""A user of the host that owns gateway keys for proofs (docs/design.md#23-provision)."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from batch_import.host.client import HostClient
from batch_import.host.errors import HostRefusesCredentials

T = TypeVar("T")
_CONCURRENCY = 200
_BALANCE = 1_000_000


class ProbeUser:
    """Made or found again when first needed, once per process; shared by all threads."""

    def __init__(self, host: HostClient, email: str, password: str) -> None:
        self._host = host
        self._email = email
        self._password = password
        self._lock = threading.Lock()
        self._user: Mapping[str, Any] | None = None
        self._token = ""

    def user_id(self) -> int:
        """Of a user that exists and has money."""
        with self._lock:
            if self._user is None:
                user = self._host.ensure_user(self._email, self._password, _CONCURRENCY)
                if float(user.get("balance") or 0) < _BALANCE / 10:
                    self._host.set_balance(int(user["id"]), _BALANCE)
                self._user = user
            return int(self._user["id"])

    def do(self, call: Callable[[str], T]) -> T:
        """``call`` with the user's token, and once more with a new one when that has expired."""
        self.user_id()
        try:
            return call(self._login())
        except HostRefusesCredentials:
            with self._lock:
                self._token = ""
            return call(self._login())

    def _login(self) -> str:
        """Cached: the host allows twenty logins a minute (docs/host-api.md#login-limit)."""
        with self._lock:
            if not self._token:
                self._token = self._host.login(self._email, self._password)
            return self._token
