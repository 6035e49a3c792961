"""A run that goes on while someone looks at it: polling, cancelling."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.test_run import rows
from tests.conftest import Service
from tests.support.aws import OPERATOR, VIEWER

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_run_is_followed_to_its_end_without_disturbing_the_reader(
    reader: Reader, service: Service, relays: Items
) -> None:
    run_id = service.start(relays("healthy", "chat_only", "dead_key"))
    page = reader.visit(f"/batch-import/runs/{run_id}#item_00001")
    detail = page.get_by_role("dialog")
    expect(detail.locator("header .badge")).to_have_text(["unknown", "pending"])
    expect(page).to_have_title(f"0/3 · {run_id} · Batch import")
    expect(page.get_by_role("status")).to_have_text(
        "running: 0 of 3 completed, 0 active, 0 degraded, 0 broken, 0 warned"
    )
    page.evaluate("document.querySelector('.detail header').dataset.mark = 'kept'")
    with reader.gateway.lock:
        service.pump.deliver("provision")
    expect(detail.locator(".trail .message").first).to_have_text("The relay's models were read")
    expect(detail).to_be_visible()
    with reader.gateway.lock:
        service.pump.run()
    expect(page.get_by_role("status")).to_have_text(
        "warning: 3 of 3 completed, 2 active, 0 degraded, 1 broken, 1 warned"
    )
    expect(detail.locator("header .badge").first).to_have_text("active")
    page.keyboard.press("Escape")
    expect(page.locator(".title .badge")).to_have_text("warning")
    expect(page.get_by_role("button", name="Cancel run")).to_have_count(0)
    asked = _api_calls(reader)
    page.evaluate(HIDE, True)
    page.evaluate(HIDE, False)  # would ask at once if the run was still watched
    assert _api_calls(reader) == asked


def _api_calls(reader: Reader) -> int:
    """Without the assets: the browser may still be loading one."""
    return sum("/assets/" not in call.path for call in reader.gateway.calls)


def test_rows_that_did_not_change_stay_what_they_are_and_keep_the_focus(
    reader: Reader, service: Service, relays: Items
) -> None:
    run_id = service.start(relays("healthy", "flaky"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(2)
    rows(page).filter(has_text="/flaky/").get_by_role("link").focus()
    page.evaluate("for (const row of document.querySelectorAll('.items tbody tr')) row.mark = true")
    with reader.gateway.lock:
        while service.items(run_id)[0]["current_stage"] != "done":
            service.pump.deliver()
    expect(rows(page).filter(has_text="/healthy/").locator(".badge").first).to_have_text("active")
    assert page.evaluate("document.activeElement.textContent").endswith("/flaky/a/v1")
    page.evaluate("for (const row of document.querySelectorAll('.items tbody tr')) row.mark = true")
    with page.expect_response(lambda answer: "/items?" in answer.url):
        pass
    assert page.evaluate("[...document.querySelectorAll('.items tbody tr')].every(row => row.mark)")


def test_a_hidden_tab_does_not_ask(reader: Reader, service: Service, relays: Items) -> None:
    run_id = service.start(relays("healthy"))
    page = reader.page()
    page.clock.install()
    page.goto(f"{reader.gateway.url}/batch-import/runs/{run_id}#token={OPERATOR}")
    expect(rows(page)).to_have_count(1)
    page.evaluate(HIDE, True)
    asked = len(reader.gateway.calls)
    page.clock.run_for(60_000)
    assert len(reader.gateway.calls) == asked
    with page.expect_response(lambda answer: "/items?" in answer.url):
        page.evaluate(HIDE, False)


def test_a_failed_refresh_is_told_and_what_was_there_stays(reader: Reader, service: Service, relays: Items) -> None:
    reader.refusals = {503}
    run_id = service.start(relays("healthy"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(1)
    reader.gateway.failing = lambda request: (503, {}, "") if request.path.startswith("/api/") else None
    expect(page.get_by_role("alert")).to_contain_text("The last refresh failed")
    expect(rows(page)).to_have_count(1)
    reader.gateway.failing = lambda _: None
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_cancelling_asks_first(reader: Reader, service: Service, relays: Items) -> None:
    run_id = service.start(relays("healthy", "chat_only"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    page.get_by_role("button", name="Cancel run").click()
    question = page.get_by_role("dialog", name="Cancel this run?")
    expect(question.get_by_role("button", name="Keep running")).to_be_focused()
    page.keyboard.press("Enter")
    assert service.run(run_id)["run"]["state"] == "running"
    page.get_by_role("button", name="Cancel run").click()
    question.get_by_role("button", name="Cancel run").click()
    expect(page.locator(".title .badge")).to_have_text("cancelled")
    expect(page.locator(".title .badge")).to_have_class("badge gray")
    with reader.gateway.lock:
        service.pump.run()
    expect(rows(page).first).to_contain_text("The run was cancelled.")


def test_a_viewer_is_told_that_the_token_may_only_read(reader: Reader, service: Service, relays: Items) -> None:
    reader.refusals = {403}
    run_id = service.start(relays("healthy"))
    page = reader.visit(f"/batch-import/runs/{run_id}", token=VIEWER)
    expect(page.get_by_role("button", name="Cancel run")).to_be_disabled()
    expect(page.get_by_role("button", name="Cancel run")).to_have_attribute("title", "This token may only read.")
    expect(page.locator(".role")).to_have_text("viewer")
    assert service.run(run_id)["run"]["state"] == "running"
    expect(rows(page)).to_have_count(1)
