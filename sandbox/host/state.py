"""The state of the stand-in host: tables, indices, clock and logs."""

import asyncio
import hashlib
import random
import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import aiohttp

from sandbox.host.clock import Clock
from sandbox.host.faults import Faults
from sandbox.host.health import Health
from sandbox.host.limits import Window
from sandbox.host.scheduler import Scheduler
from sandbox.host.templates import GROUP, GROUP_ADMIN, USER, Row
from sandbox.options import Options

TABLES = ("groups", "channels", "accounts", "users", "keys", "subscriptions")
NAMED = ("groups", "channels", "accounts")  # looked up by name for each account that is imported


def hidden(password: str) -> str:
    """The digest of a password: a state file does not show passwords."""
    return hashlib.sha256(password.encode()).hexdigest()


class Host:
    """The state of one host; everything that tests arrange or look at is an attribute here."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.old = options.old
        self.clock = Clock()
        self.random = random.Random(options.relay_seed)
        self.admin_key = ""
        self.compliance: Row | None
        self.faults = Faults()
        self.ledger: deque[Row] = deque(maxlen=200_000)
        self.ledger_length = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.session: aiohttp.ClientSession  # set by the server that runs the host
        self.clear()

    def clear(self) -> None:
        """Resets to a fresh installation: one admin, one anthropic group `default`."""
        self.groups: dict[int, Row] = {}
        self.channels: dict[int, Row] = {}
        self.accounts: dict[int, Row] = {}
        self.users: dict[int, Row] = {}
        self.keys: dict[int, Row] = {}
        self.subscriptions: dict[int, Row] = {}
        self.ids_by_name: defaultdict[tuple[str, str], set[int]] = defaultdict(set)  # of names that a row ever had
        self.small_names: dict[str, dict[int, str]] = {table: {} for table in NAMED}
        self.last_ids: dict[str, int] = {}
        self.tokens: dict[str, int] = {}
        self.idempotency: dict[str, Row] = {}
        self.windows: dict[str, Window] = {}
        self.usage: deque[Row] = deque(maxlen=20_000)
        self.usage_by_request: dict[str, Row] = {}
        self.ops: deque[Row] = deque(maxlen=20_000)
        self.key_ids: dict[str, int] = {}
        self.sessions: dict[tuple[int, str, str], int] = {}  # sticky session -> account
        self.refused_keys: dict[int, int] = {}  # user -> creations of keys that exist already
        self.channel_by_group: dict[int, int] = {}
        self.subscription_ids: dict[tuple[int, int], int] = {}
        self.queues: dict[int, Any] = {}  # user -> gate.Queue
        self.model_lists: dict[int, tuple[list[str], float]] = {}
        self.scheduler = Scheduler(self)
        self.health = Health(self)
        self.admin_key, self.compliance = self.options.admin_key, None
        self.ledger.clear()
        self.faults.clear()
        self._seed()

    def _seed(self) -> None:
        options = self.options
        admin = {"email": options.admin_email, "role": "admin", "concurrency": 5, "_notes": ""}
        self.add("users", USER, {**admin, "_password": hidden(options.admin_password)})
        scopes = ["claude", "gemini_text", "gemini_image"]
        special = {"name": "default", "description": "Default group", "supported_model_scopes": scopes}
        self.add("groups", {**GROUP, **GROUP_ADMIN}, {**special, "model_pricing": None, "sort_order": 1})
        if options.run_mode == "simple":
            self.add("groups", {**GROUP, **GROUP_ADMIN}, {"name": "openai-default", "platform": "openai"})

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs a task in the background, beside the answer."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def now(self) -> float:
        return self.clock.now()

    def next_id(self, table: str) -> int:
        self.last_ids[table] = self.last_ids.get(table, 0) + 1
        return self.last_ids[table]

    def add(self, table: str, template: Row, values: Row) -> Row:
        """Stores a new row: the template's defaults, the values, an id and its times."""
        now = self.now()
        row = {**template, **values, "id": self.next_id(table), "created_at": now, "updated_at": now}
        rows: dict[int, Row] = getattr(self, table)
        rows[row["id"]] = row
        self.know(table, row)
        return row

    def know(self, table: str, row: Row) -> None:
        """Adds a row's new name to the index."""
        if table in NAMED:
            self.ids_by_name[table, row["name"]].add(row["id"])
            self.small_names[table][row["id"]] = row["name"].lower()

    def named(self, table: str, name: str) -> list[Row]:
        """Rows of exactly this name."""
        rows: dict[int, Row] = getattr(self, table)
        found = (rows[number] for number in sorted(self.ids_by_name.get((table, name), ())) if number in rows)
        return [row for row in found if row["name"] == name]

    def containing(self, table: str, text: str) -> list[Row]:
        """Rows whose name contains ``text`` (lower case), whatever the name's case."""
        rows: dict[int, Row] = getattr(self, table)
        return [rows[number] for number, name in self.small_names[table].items() if text in name and number in rows]

    def touch(self, row: Row) -> Row:
        row["updated_at"] = self.now()
        return row

    def new_token(self, user_id: int) -> str:
        token = secrets.token_hex(24)
        self.tokens[token] = user_id
        return token

    def group_named(self, name: str) -> Row | None:
        """The group of this name: names are unique over all platforms, case-sensitive and not trimmed."""
        return first(self.named("groups", name), bool)

    def channel_of(self, group_id: int) -> Row | None:
        return self.channels.get(self.channel_by_group.get(group_id, 0))

    def subscription_of(self, user_id: int, group_id: int) -> Row | None:
        """The subscription of a user to a group that was not revoked."""
        return self.subscriptions.get(self.subscription_ids.get((user_id, group_id), 0))

    def subscribed(self, user_id: int, group_id: int) -> Row | None:
        """The subscription of a user to a group, if it is in force now."""
        row = self.subscription_of(user_id, group_id)
        return row if row and row["status"] == "active" and row["expires_at"] > self.now() else None

    def fail_next(self, method: str, path: str, status: int | str = 500, times: int = 1) -> None:
        """See `Faults.add`: the next calls that match fail in the given way."""
        self.faults.add(method, path, status, times)


def first(rows: Iterable[Row], wanted: Callable[[Row], Any]) -> Row | None:
    return next((row for row in rows if wanted(row)), None)
