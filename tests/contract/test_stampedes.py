"""Threads that begin together read a secret once, decrypt a run's key once, and make each part once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from batch_import.bootstrap import CompositionRoot, bootstrap
from botocore.client import BaseClient

from tests.support.aws import Aws
from tests.support.clock import HandClock

THREADS = 50
RUN = "run_20261125_one"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation of AWS was called."""
    made: Counter[str] = Counter()
    call = BaseClient._make_api_call

    def counted(self: Any, operation: str, parameters: Any) -> Any:
        made[operation] += 1
        return call(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    return made


@pytest.fixture
def root(aws: Aws) -> CompositionRoot:
    aws.put_host("https://host.example.com", "admin-key-0001")
    return bootstrap()


def together(ask: Callable[[], Any]) -> list[Any]:
    start = Barrier(THREADS)

    def begin(_: int) -> Any:
        start.wait(10)
        return ask()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def test_one_decrypt_for_a_run(root: CompositionRoot, calls: Counter[str]) -> None:
    data_key = root.vault.new_data_key(RUN)
    sealed = root.vault.seal(RUN, data_key, "item_00001", b"sk-AAAA0001")
    fresh = CompositionRoot(root.settings)
    calls.clear()
    opened = together(lambda: fresh.vault.open(RUN, data_key, "item_00001", sealed))
    assert opened == [b"sk-AAAA0001"] * THREADS
    assert calls == {"Decrypt": 1}


def test_a_changed_secret_is_seen_within_a_minute(aws: Aws, calls: Counter[str]) -> None:
    hand = HandClock()
    root = CompositionRoot(bootstrap().settings, hand.clock)
    aws.put_host("https://one.example.com", "admin-key-0001")
    seen = [root.secret("host")["base_url"]]
    aws.put_host("https://two.example.com", "admin-key-0001")
    for _ in range(2):
        hand.later(29)
        seen.append(root.secret("host")["base_url"])
    assert seen == ["https://one.example.com", "https://one.example.com", "https://two.example.com"]
    assert calls["GetSecretValue"] == 2


def test_one_read_of_a_secret_and_one_host(root: CompositionRoot, calls: Counter[str]) -> None:
    hosts = together(lambda: root.host)
    assert len({id(host) for host in hosts}) == 1
    resources = together(lambda: hosts[0].resources)
    assert len({id(one) for one in resources}) == 1
    assert calls == {"GetSecretValue": 2}  # the host's, and the deployment's
