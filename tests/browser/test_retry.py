"""Retrying from the page: the button of an ended run, its question, the new run, and refusals."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from batch_import.bootstrap import bootstrap
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Reader
from tests.browser.test_run import rows
from tests.conftest import Service
from tests.support.aws import VIEWER

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]
RETRY = "Retry failed items"


def button(where: Page | Locator) -> Locator:
    return where.get_by_role("button", name=RETRY)


def agree(page: Page) -> None:
    button(page).click()
    button(page.get_by_role("dialog", name="Retry the failed items?")).click()


def retries(reader: Reader) -> int:
    return sum(request.path.endswith("/retry") for request in reader.gateway.calls)


def test_retrying_asks_first_and_goes_to_the_new_run(reader: Reader, service: Service, finished: str) -> None:
    page = reader.visit(f"/batch-import/runs/{finished}")
    button(page).click()
    question = page.get_by_role("dialog", name="Retry the failed items?")
    expect(question.get_by_role("button", name="Not now")).to_be_focused()
    page.keyboard.press("Enter")
    assert retries(reader) == 0
    agree(page)
    expect(page.locator("h1")).not_to_have_text(finished)
    new = page.url.rpartition("/")[2]
    expect(page.locator("h1")).to_have_text(new)
    expect(rows(page).locator("a")).to_have_text(re.compile("/dead_key/"))
    expect(button(page)).to_have_count(0)  # while it runs
    with reader.gateway.lock:
        service.pump.run()
    expect(button(page)).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="重试失败条目")).to_be_visible()


def test_a_self_service_run_asks_for_its_probe_key(reader: Reader, service: Service, relays: Items) -> None:
    run_id, _ = service.import_(
        relays("dead_key"), access_mode="self_service", subscription_users=[], probe_api_key="sk-AAAA0001"
    )
    reader.refusals = {400}
    page = reader.visit(f"/batch-import/runs/{run_id}")
    agree(page)
    expect(page.get_by_role("alert")).to_contain_text("probe_api_key is required")
    button(page).click()
    page.get_by_label("The run's probe key").fill("sk-AAAA0001")
    button(page.get_by_role("dialog", name="Retry the failed items?")).click()
    expect(page.locator("h1")).not_to_have_text(run_id)


def test_where_nothing_failed_there_is_nothing_to_retry(reader: Reader, service: Service, relays: Items) -> None:
    run_id, _ = service.import_(relays("healthy"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(page.locator(".title .badge")).to_have_text("completed")
    expect(button(page)).to_have_count(0)


def test_a_refusal_is_told(reader: Reader, finished: str) -> None:
    reader.refusals = {409}
    with reader.gateway.lock:
        bootstrap().secret_store.erase(finished, ["item_00003"])
    page = reader.visit(f"/batch-import/runs/{finished}")
    agree(page)
    expect(page.get_by_role("alert")).to_contain_text(f"Nothing was retried: no key of these items of run {finished}")
    assert page.url.endswith(finished)


def test_a_viewer_is_told_that_the_token_may_only_read(reader: Reader, finished: str) -> None:
    reader.refusals = {403}
    page = reader.visit(f"/batch-import/runs/{finished}", token=VIEWER)
    expect(button(page)).to_be_disabled()
    expect(button(page)).to_have_attribute("title", "This token may only read.")
    expect(rows(page).get_by_role("checkbox")).to_have_count(0)


def test_an_answer_that_got_lost_makes_no_second_run(reader: Reader, service: Service, finished: str) -> None:
    reader.refusals = {504}
    page = reader.visit(f"/batch-import/runs/{finished}")
    expect(rows(page)).to_have_count(3)
    answer = reader.gateway.ask

    def losing(request: Any) -> Any:
        if request.path.endswith("/retry") and retries(reader) == 1:
            answer(request)
            return 504, {}, ""
        return None

    reader.gateway.failing = losing
    agree(page)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was retried")
    agree(page)
    expect(page.locator("h1")).not_to_have_text(finished)
    with reader.gateway.lock:
        assert len(service.call("GET", "/api/batch-import/runs")["runs"]) == 2


def test_one_cause_is_retried_with_a_new_key_and_the_rest_stays(
    reader: Reader, service: Service, box: Any, relays: Items
) -> None:
    run_id, _ = service.import_(relays("dead_key", "no_money", "empty_list", "healthy"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    causes = page.get_by_role("region", name="What went wrong").get_by_role("listitem")
    expect(causes).to_have_count(3)
    cause = causes.filter(has_text="The relay refused the key")
    expect(cause).to_contain_text("Check that the key is complete and still valid.")
    cause.get_by_role("button", name="The relay refused the key").click()
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("?code=auth_failed")
    page.reload()
    expect(rows(page)).to_have_count(1)
    cause.get_by_role("button", name="Retry these").click()
    dialog = page.get_by_role("dialog", name="Retry the failed items?")
    dialog.get_by_label("New key for").fill("sk-test-new-0000000000000001")
    button(dialog).click()
    expect(page.locator("h1")).not_to_have_text(run_id)
    expect(page.locator(".facts")).to_contain_text(f"retry of {run_id}")
    expect(rows(page)).to_have_count(1)
    new = page.url.rpartition("/")[2]
    page.get_by_role("link", name=run_id).click()
    expect(page.locator(".facts")).to_contain_text(f"followed by {new}")
    bodies = [json.loads(call.body) for call in reader.gateway.calls if call.path.endswith("/retry") and call.body]
    assert bodies == [{"codes": ["auth_failed"], "api_keys": {"item_00001": "sk-test-new-0000000000000001"}}]


def test_chosen_items_are_retried_together(reader: Reader, service: Service, relays: Items) -> None:
    run_id, _ = service.import_(relays("dead_key", "no_money", "empty_list", "healthy"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page).get_by_role("checkbox")).to_have_count(3)
    page.get_by_label("Choose item_00001").check()
    page.get_by_label("Choose item_00003").check()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.locator(".chosen-bar").get_by_role("button", name="Retry these").click()
    button(page.get_by_role("dialog", name="Retry the failed items?")).click()
    expect(page.locator("h1")).not_to_have_text(run_id)
    expect(rows(page)).to_have_count(2)
