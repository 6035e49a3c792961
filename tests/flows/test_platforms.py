"""Relays of every platform on both host versions end as sandbox/README.md says; what is held is never doubled.

With ``HOST_URL`` and ``HOST_ADMIN_KEY`` set, against that host instead, in real time, and nothing is deleted in it.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
import time_machine
from batch_import.host.client import HostClient
from batch_import.host.transport import HostTransport

import sandbox
from tests.conftest import START, Service
from tests.support.aws import Aws
from tests.support.verdicts import PlatformRow, platform_verdicts

REAL_URL, REAL_KEY = os.environ.get("HOST_URL", ""), os.environ.get("HOST_ADMIN_KEY", "")
HOSTS = ["real"] if REAL_URL and REAL_KEY else ["0.1.179", "0.1.130"]
SPEAK_CHAT = ("healthy", "chat_only")  # which as `auto` become openai accounts
pytestmark = pytest.mark.timeout(900 if REAL_URL else 120)


class RealTime:
    """The pump's clock, where time passes by itself."""

    def shift(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Place:
    """A service, its host, relays that both can reach, and a word that makes names unique in a host that is kept."""

    service: Service
    host: HostClient
    box: Any
    word: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def version(self) -> str:
        """Of the two in the table, the one that this host behaves like."""
        return "0.1.179" if self.host.at_least(0, 1, 163) else "0.1.130"

    def pair(self, relay: str, name: str, **more: Any) -> dict[str, Any]:
        modifiers = more.pop("modifiers", {})
        base_url = self.box.relay(relay, f"{self.word}-{name}", **modifiers)
        return {"base_url": base_url, "api_key": f"sk-test-{self.word}-{name}", **more}

    def import_(self, *items: dict[str, Any]) -> list[dict[str, Any]]:
        """The items of one run, in order."""
        return self.service.import_(list(items))[1]

    def accounts(self) -> list[dict[str, Any]]:
        """Those of this place's relays, by the host's own list."""
        return [row for row in self.host.accounts() if f"/{self.word}-" in str(row["credentials"].get("base_url"))]


@pytest.fixture(params=HOSTS)
def place(request: pytest.FixtureRequest, aws: Aws) -> Iterator[Place]:
    at_once = {"join_delay": (0, 0), "platform_join_delay": (0, 0), "platform_leave_delay": (0, 0)}
    version = {} if request.param == "real" else {"host_version": request.param}
    with sandbox.running(**at_once, **version) as box:
        url, key = (REAL_URL, REAL_KEY) if request.param == "real" else (box.host_url, box.admin_key)
        aws.put_host(url, key)
        # a probe user of this test's own
        boto3.client("secretsmanager").put_secret_value(SecretId="deployment", SecretString=secrets.token_hex(24))
        with clock(real=request.param == "real") as traveller:
            yield Place(Service(aws, box, traveller), HostClient(HostTransport(url, key)), box)


@contextmanager
def clock(*, real: bool) -> Iterator[Any]:
    if real:
        yield RealTime()
        return
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def listed(place: Place) -> list[tuple[PlatformRow, dict[str, Any]]]:
    """Each row, with the platform asked for or without; without one as well unless it is an error or speaks chat."""
    rows = platform_verdicts()
    wishes = [(row, "auto" if row.modifiers else row.platform) for row in rows]
    wishes += [(row, "auto") for row in rows if not row.modifiers and row.relay not in SPEAK_CHAT]
    return [
        (row, place.pair(row.relay, f"{number:03d}", platform=platform, modifiers=row.modifiers))
        for number, (row, platform) in enumerate(wishes)
    ]


def end_of(item: dict[str, Any]) -> str:
    return "confirmed" if item["access_status"] == "active" else str(item["last_error_code"])


def test_every_row_of_the_table_of_platforms_and_a_second_import_creates_nothing(place: Place) -> None:
    rows = listed(place)
    items = place.import_(*(asked for _, asked in rows))

    wrong = {}
    for (row, asked), item in zip(rows, items, strict=True):
        if end_of(item) != row.ends[place.version]:
            wrong[row.relay, *row.modifiers.values(), asked["platform"]] = (end_of(item), item["last_error"])
    assert wrong == {}
    assert all(
        item["platform"] == row.platform
        for (row, _), item in zip(rows, items, strict=True)
        if item["access_status"] == "active"
    )

    made = {row["id"] for row in place.accounts()}
    entered = [asked for (_, asked), item in zip(rows, items, strict=True) if item["account_resolution"] is not None]
    again = place.import_(*entered)
    assert {row["id"] for row in place.accounts()} == made
    assert {item["account_resolution"] for item in again} <= {"reused", "replaced"}


def test_one_relay_as_auto_and_then_as_anthropic_is_two_accounts_in_two_groups_and_no_third(place: Place) -> None:
    [first] = place.import_(place.pair("healthy", "two"))
    [second] = place.import_(place.pair("healthy", "two", platform="anthropic"))
    third, fourth = place.import_(place.pair("healthy", "two"), place.pair("healthy", "two", platform="anthropic"))

    assert [item["access_status"] for item in (first, second, third, fourth)] == ["active"] * 4
    assert [item["platform"] for item in (first, second, third, fourth)] == ["openai", "anthropic"] * 2
    assert [third["account_resolution"], fourth["account_resolution"]] == ["reused", "reused"]
    accounts = place.accounts()
    assert sorted(row["platform"] for row in accounts) == ["anthropic", "openai"]
    assert len({group for row in accounts for group in row["group_ids"]}) == 2


def test_the_same_pair_for_two_platforms_in_one_list_is_two_accounts(place: Place) -> None:
    items = place.import_(
        place.pair("healthy", "both", platform="openai"),
        place.pair("healthy", "both", platform="anthropic"),
        place.pair("healthy", "both"),
    )
    assert [item["access_status"] for item in items] == ["active"] * 3
    assert len(place.accounts()) == 2


def test_what_only_openai_accounts_feel_is_not_said_of_another_platform(place: Place) -> None:
    pair = place.pair("late_forbidden", "felt")  # its responses are refused, its messages work
    [chat], [messages] = place.import_(pair), place.import_({**pair, "platform": "anthropic"})
    assert [item["access_status"] for item in (chat, messages)] == ["active", "active"]
    told = "/v1/chat/completions is used instead"
    assert [any(told in text for text in item["advisory_messages"]) for item in (chat, messages)] == [True, False]

    kept = place.pair("late_forbidden", "kept")
    place.import_({**kept, "platform": "anthropic"})
    [again] = place.import_(kept)  # the account is there and serves
    assert (again["platform"], again["account_resolution"]) == ("anthropic", "reused")
    assert not any(told in text for text in again["advisory_messages"])


def test_a_relay_whose_chat_fails_in_passing_is_asked_again_before_another_platform_is_taken(place: Place) -> None:
    """`fault` makes two of five answers fail in passing: what speaks chat becomes an openai account all the same."""
    items = place.import_(*(place.pair("healthy", f"faulty-{n}", modifiers={"fault": 0.4}) for n in range(3)))
    assert {item["platform"] for item in items} <= {"openai", None}
    assert all(row["platform"] == "openai" for row in place.accounts())
