"""The list of runs: order, badges, filters, paging."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.conftest import CUSTOMER_KEY, Service
from tests.support.aws import OPERATOR

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]


def rows(page: Page) -> Any:
    return page.get_by_role("table", name="Runs").locator("tbody tr")


@pytest.fixture
def three(service: Service, relays: Items) -> list[str]:
    """A completed, a failed and a running run, a minute apart; the last one for self service."""
    ids = [service.import_(relays("healthy"))[0]]
    service.clock.shift(60)
    ids.append(service.import_(relays("dead_key"))[0])
    service.clock.shift(60)
    mode = {"access_mode": "self_service", "subscription_users": [], "probe_api_key": CUSTOMER_KEY}
    return [*ids, service.start(relays("chat_only"), **mode)]


def test_newest_first_with_badges_and_counters(reader: Reader, three: list[str]) -> None:
    page = reader.visit()
    expect(rows(page).locator("td:first-child a")).to_have_text(three[::-1])
    badges = rows(page).locator(".badge")
    expect(badges).to_have_text(["running", "failed", "completed"])
    for index, color in enumerate(("blue", "red", "green")):
        expect(badges.nth(index)).to_have_class(f"badge {color}")
    expect(rows(page).nth(1).get_by_role("cell")).to_have_text(
        [
            re.compile(three[1]),
            "failed",
            "1 of 1 completed",
            "0",
            "0",
            "1",
            "0",
            re.compile("25 Nov"),
            re.compile("25 Nov"),
        ]
    )
    expect(rows(page).nth(1).get_by_role("progressbar")).to_have_attribute("aria-valuenow", "1")
    expect(rows(page).nth(0).locator("time")).to_have_attribute("title", re.compile(r"25 November 2026.*12:02:00 UTC"))


def test_filters_are_asked_of_the_api_and_stand_in_the_address(reader: Reader, three: list[str]) -> None:
    page = reader.visit()
    page.get_by_label("State").select_option("failed")
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("/batch-import?state=failed")
    page.get_by_label("Access mode").select_option("self_service")
    expect(page.get_by_text("No run matches these filters.")).to_be_visible()
    page.get_by_label("Access mode").select_option("")
    page.get_by_role("link", name=three[1]).click()
    expect(page.get_by_role("heading", name=three[1])).to_be_visible()
    assert page.url == f"{reader.gateway.url}/batch-import/runs/{three[1]}"
    page.go_back()
    expect(rows(page).locator("a")).to_have_text([three[1]])
    expect(page.get_by_label("State")).to_have_value("failed")
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Search").fill("CHAT_ONLY")
    expect(rows(page).locator("a")).to_have_text([three[2]])
    page.reload()
    expect(page.get_by_label("Search")).to_have_value("CHAT_ONLY")
    expect(rows(page).locator("a")).to_have_text([three[2]])
    assert {"q": "CHAT_ONLY", "limit": "50"} in [call.query for call in reader.gateway.calls]


def test_a_search_that_found_nothing_yet_goes_on_when_asked(
    reader: Reader, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_import.store.run_index.RUNS_PER_PAGE", 1)
    monkeypatch.setattr("batch_import.store.listing._MOST_SEARCHED", 1)
    ids = []
    for count in (21, *[20] * 6):
        pairs = [{"base_url": f"https://r{n:02}.example.com", "api_key": f"sk-test-{n:012}"} for n in range(count)]
        ids.append(service.start(pairs))
        service.clock.shift(1)
    page = reader.visit("/batch-import?q=r20.example")
    expect(page.get_by_text("No match in what has been looked at so far.")).to_be_visible()
    page.get_by_role("button", name="Search further").click()
    expect(rows(page).locator("a")).to_have_text([ids[0]])


def test_nothing_there_yet(reader: Reader, service: Service) -> None:
    page = reader.visit()
    expect(page.get_by_text("No runs yet.")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)


def test_a_failing_api_is_told_in_place_and_asked_again(reader: Reader, three: list[str]) -> None:
    reader.refusals = {500}
    body = '{"error":{"code":"internal_error","message":"something went wrong"}}'
    failing = (500, {"Content-Type": "application/json"}, body)
    reader.gateway.failing = lambda request: failing if request.path.startswith("/api/") else None
    page = reader.visit()
    expect(page.get_by_role("alert")).to_contain_text("The API answered 500: something went wrong")
    reader.gateway.failing = lambda _: None
    page.get_by_role("button", name="Try again").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_run_of_somebody_else_appears_by_itself(reader: Reader, service: Service, relays: Items) -> None:
    page = reader.page()
    page.clock.install()
    page.goto(f"{reader.gateway.url}/batch-import#token={OPERATOR}")
    expect(page.get_by_text("No runs yet.")).to_be_visible()
    with reader.gateway.lock:
        run_id = service.start(relays("healthy"))
    page.clock.run_for(10_000)
    expect(rows(page).locator("a")).to_have_text([run_id])
    expect(page).to_have_title("1 running · Runs · Batch import")
