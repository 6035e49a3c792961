"""Relays of every platform on both host versions end as sandbox/README.md says; what is held is never doubled.

With ``HOST_URL`` and ``HOST_ADMIN_KEY`` set, against that host instead, in real time, and nothing is deleted in it.
"""

from typing import Any

import pytest

from tests.support.place import REAL_URL, Place
from tests.support.verdicts import PlatformRow, platform_verdicts

SPEAK_CHAT = ("healthy", "chat_only")  # which as `auto` become openai accounts
pytestmark = pytest.mark.timeout(900 if REAL_URL else 120)


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
