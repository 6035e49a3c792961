"""A run of 5,000 items, scrolled to its end and searched: few rows stand in the document at a time."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.test_accessibility import in_both_themes
from tests.browser.test_run import rows
from tests.support.long_run import RUN_ID, LongRun

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_a_long_run_is_scrolled_and_searched(reader: Reader) -> None:
    reader.gateway.failing = LongRun(5000).answer
    page = reader.visit(f"/batch-import/runs/{RUN_ID}")
    expect(page.get_by_text("50 of 5,000")).to_be_attached()
    end = time.monotonic() + 60
    last = rows(page).filter(has_text="relay-05000.")
    while not last.count() and time.monotonic() < end:
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(50)
    expect(last).to_be_visible()
    expect(page.get_by_text("5,000 of 5,000")).to_be_visible()
    assert rows(page).count() < 400
    page.get_by_label("Search").fill("relay-04321")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Search").fill("")
    expect(page.get_by_text("50 of 5,000")).to_be_attached()


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_axe_finds_nothing_in_a_long_run(reader: Reader, locale: str) -> None:
    reader.gateway.failing = LongRun(400).answer
    page = reader.visit(f"/batch-import/runs/{RUN_ID}", locale=locale)
    expect(page.locator(".end")).to_contain_text("50")
    while rows(page).filter(has_text="relay-00399.").count() == 0:
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(50)
    assert page.locator("tr.space").count() > 0
    in_both_themes(page)


def test_a_cause_has_the_number_of_the_whole_run_and_filters_it(reader: Reader) -> None:
    reader.gateway.failing = LongRun(5000).answer
    page = reader.visit(f"/batch-import/runs/{RUN_ID}")
    cause = page.get_by_role("region", name="What went wrong").get_by_role("listitem")
    expect(cause.locator("b")).to_have_text("500")
    cause.get_by_role("button").first.click()
    expect(page.get_by_text("50 of 500")).to_be_attached()
    asked = [call.query for call in reader.gateway.calls if call.path.endswith("/items")]
    assert asked[-1] == {"code": "auth_failed", "has_failed": "true", "limit": "50"}
    assert len(asked) == 2
    cause.get_by_role("button", name="Retry these").click()
    dialog = page.get_by_role("dialog", name="Retry the failed items?")
    expect(dialog).to_contain_text("Imported again in a new run, with the same options: 500.")
    expect(dialog.get_by_label("New key")).to_have_count(0)
