"""Kills parts of a running embedded stack at random moments of an import, and judges how the import ends."""

import json
import os
import random
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from embedded.host import ADMIN_KEY
from embedded.stack import Embedded

KINDS = ("emulator", "functions", "both", "power")
DEAD_EVERY = 20  # one relay of so many has a dead key
LATENCY = 0.5  # seconds before every answer of a relay


@dataclass
class Kills:
    """``power`` cuts the newest journal at a random byte besides, as far as it was written since the run began."""

    stack: Embedded
    chance: random.Random
    moments: int = 0
    starts: list[float] = field(default_factory=list)  # seconds

    def run(self, name: str, relays: int, kinds: list[str], longest_wait: float) -> str:
        """Import so many relays, and kill meanwhile. Returns the id of the run, which has ended."""
        run_id = str(self._call("/api/batch-import/runs", self._request(name, relays))["run_id"])
        begun = {path: path.stat().st_size for path in self._journals()}
        for kind in kinds:
            time.sleep(self.chance.uniform(0.1, longest_wait))
            self.kill(kind, begun)
        self._until_ended(run_id)
        return run_id

    def kill(self, kind: str, begun: dict[Path, int]) -> None:
        emulator = self.stack.emulator.program.pid()
        assert emulator is not None
        functions = list(self._functions(emulator)) if kind != "emulator" else []
        for pid in ([] if kind == "functions" else [emulator]) + functions:
            kill(pid)
        self.moments += 1
        if kind != "functions":
            while self.stack.emulator.program.pid() is not None:
                time.sleep(0.01)
            if kind == "power":
                self._cut(begun)
            started = time.monotonic()
            self.stack.up()
            self.starts.append(time.monotonic() - started)

    def _cut(self, begun: dict[Path, int]) -> None:
        newest = self._journals()[-1]
        size = newest.stat().st_size
        os.truncate(newest, self.chance.randint(min(begun.get(newest, 0), size), size))

    def judge(self, run_id: str, name: str, relays: int) -> None:
        """The run has ended, each item with its verdict, and the host has each account once.

        Relays are told by ``name``: imports of former tests may still go on.
        """
        run = self._call(f"/api/batch-import/runs/{run_id}")["run"]
        dead = len(range(0, relays, DEAD_EVERY))
        counted = {name: run[name] for name in ("total_items", "completed_items", "active_items", "broken_items")}
        expected = {"total_items": relays, "completed_items": relays, "active_items": relays - dead}
        unsure = self._call(f"/api/batch-import/runs/{run_id}/items?access_status=degraded")["items"]
        told = [(one["item_id"], one["last_error_code"], one["last_error"]) for one in unsure]
        assert counted == {**expected, "broken_items": dead}, told
        held = Counter(self.accounts(name))
        assert [account for account, times in held.items() if times > 1] == []
        assert len(held) == relays - dead

    def accounts(self, name: str) -> list[tuple[str, str]]:
        """Address and key of each account that the host lists for the relays of this name."""
        listed: list[dict[str, Any]] = []
        while True:
            page = requests.get(
                f"{self.stack.sandbox.url}/api/v1/admin/accounts",
                params={"page": len(listed) // 100 + 1, "page_size": 100},
                headers={"x-api-key": ADMIN_KEY},
                timeout=30,
            ).json()["data"]
            listed += page["items"]
            if len(listed) >= page["total"]:
                return [
                    (one["credentials"]["base_url"], one["extra"]["import_fingerprint"])
                    for one in listed
                    if f"/{name}-" in one["credentials"]["base_url"]
                ]

    def _until_ended(self, run_id: str, seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while self._call(f"/api/batch-import/runs/{run_id}")["run"]["state"] == "running":
            assert time.monotonic() < end, f"{run_id} is stuck"
            time.sleep(0.5)

    def _request(self, name: str, relays: int) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.stack.settings.relay_port}"
        items = [
            {
                "base_url": f"{base}/{'healthy' if n % DEAD_EVERY else 'dead_key'}/{name}-{n}~latency={LATENCY}/v1",
                "api_key": f"sk-test-{name}-{n:04d}",
            }
            for n in range(relays)
        ]
        return {"access_mode": "subscription", "subscription_users": ["customer@example.com"], "items": items}

    def _call(self, path: str, body: Any = None) -> Any:
        """An answer of the API. A process of the API may just have been killed: reading is tried again."""
        saved = self.stack.settings.saved()
        headers = {"Authorization": f"Bearer {saved['BATCH_IMPORT_TOKEN']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{saved['BATCH_IMPORT_URL']}{path}", data, headers)
        for _ in range(20):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                if error.code < 500 or body is not None:
                    raise
            time.sleep(0.2)
        raise AssertionError(f"{path} does not answer")

    def _journals(self) -> list[Path]:
        return sorted((self.stack.settings.home / "state" / "journal").glob("journal-*"))

    def _functions(self, emulator: int) -> Iterator[int]:
        for process in psutil.process_iter():
            try:
                if process.pid != emulator and os.getpgid(process.pid) == emulator:
                    yield process.pid
            except ProcessLookupError:
                continue


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
