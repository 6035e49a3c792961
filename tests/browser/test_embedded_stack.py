"""The main job as an operator does it, in Chromium on the embedded stack: from a pasted list to its undoing."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from embedded.access import OPERATOR, VIEWER
from embedded.stack import Embedded
from tests.support.chromium import QUIET, chromium

pytestmark = [pytest.mark.browser, pytest.mark.embedded, pytest.mark.long, pytest.mark.timeout(400, func_only=True)]
PATIENCE = 120_000  # milliseconds
NEW_KEY = "sk-test-e2e-new-key-0000000001"
Open = Callable[[str], Page]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """Ended with this file: the other tests on the embedded stack start event loops of their own."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def open_as(chrome: Browser, embedded: Embedded) -> Iterator[Open]:
    """Opens the page in a context of its own, signed in by the link of a role."""
    contexts = []

    def visit(role: str) -> Page:
        saved = embedded.settings.saved()
        context = chrome.new_context(locale="en-US", timezone_id="UTC")
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{saved['BATCH_IMPORT_URL']}/batch-import#token={saved[role]}")
        return page

    yield visit
    for context in contexts:
        context.close()


def statuses(page: Page) -> Locator:
    return page.locator("table.preview tbody tr .status .badge")


def rows(page: Page) -> Locator:
    return page.locator("table.items tbody tr")


def ask(page: Page, action: str, question: str) -> None:
    page.get_by_role("button", name=action, exact=True).first.click()
    page.get_by_role("dialog", name=question).get_by_role("button", name=action, exact=True).click()


def exported(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    return list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))


def test_a_mixed_list_is_imported_repaired_exported_and_undone(open_as: Open, embedded: Embedded) -> None:
    relays = f"http://127.0.0.1:{embedded.settings.relay_port}"
    page = open_as(OPERATOR)
    page.get_by_role("link", name="Import a list").click()
    page.get_by_label("List", exact=True).fill(
        f"{relays}/healthy/e2e/v1  sk-test-e2e-good-0000000000001\n"
        f"{relays}/healthy/e2e/v1/chat/completions  sk-test-e2e-good-0000000000001\n"
        f"base_url={relays}/healthy/e2e-dead/v1 api_key=sk-dead-e2e-000000000000002\n"
        f"{relays}/no_money/e2e/v1----sk-test-e2e-poor-0000000000003\n"
        f"{relays}/mistyped/e2e/v1, sk-test-e2e-typo-0000000000004\n"
        f"{relays}/healthy/e2e-lonely/v1\n"
    )
    expect(statuses(page)).to_have_text(["ready", re.compile("duplicate"), *["ready"] * 3, "the key is missing"])
    page.get_by_role("button", name="Edit line 5").click()
    page.get_by_label("Address").fill(f"{relays}/healthy/e2e-fixed/v1")
    page.get_by_label("Address").press("Enter")
    page.get_by_label("Leave out unreadable lines (1)").check()
    page.get_by_label("Users").last.fill("customer@example.com")
    page.get_by_label("Users").last.press("Enter")
    page.get_by_label("Users").last.press("Control+Enter")
    expect(page.get_by_text("4 of 4 decided").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Open the run").click()

    causes = page.get_by_role("region", name="What went wrong").get_by_role("listitem")
    expect(causes).to_have_count(2)
    run = page.url.rpartition("/")[2]
    causes.filter(has_text="The relay refused the key").get_by_role("button", name="Retry these").click()
    dialog = page.get_by_role("dialog", name="Retry the failed items?")
    dialog.get_by_label("New key for").fill(NEW_KEY)
    dialog.get_by_role("button", name="Retry failed items").click()
    expect(page.locator(".facts")).to_contain_text(f"retry of {run}")
    expect(page.locator(".title .badge")).to_have_text("completed", timeout=PATIENCE)
    retry = page.url.rpartition("/")[2]

    [repaired] = exported(page)
    assert (repaired["access"], repaired["address"]) == ("active", f"{relays}/healthy/e2e-dead/v1")
    rows(page).first.get_by_role("link").click()
    panel = page.get_by_role("dialog").get_by_role("link", name="Open in sub2api").first
    host = f"http://127.0.0.1:{embedded.settings.host_port}"
    expect(panel).to_have_attribute("href", f"{host}/admin/accounts")
    page.keyboard.press("Escape")

    page.get_by_role("link", name=run).click()
    expect(page.locator(".facts")).to_contain_text(f"followed by {retry}")
    ask(page, "Undo", "Undo this run?")
    expect(page.locator(".facts")).to_contain_text("undone", timeout=PATIENCE)
    expect(rows(page).filter(has_text="The account was removed from sub2api")).to_have_count(2)

    viewer = open_as(VIEWER)
    viewer.get_by_role("link", name=run).click()
    expect(rows(viewer)).to_have_count(4)
    for action in ("Undo", "Retry failed items"):
        expect(viewer.get_by_role("button", name=action, exact=True)).to_be_disabled()
    viewer.get_by_role("link", name="Runs", exact=True).click()
    viewer.get_by_role("link", name="Import a list").click()
    expect(viewer.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    expect(viewer.locator(".reason")).to_have_text("This token may only read. Importing takes an operator's token.")
