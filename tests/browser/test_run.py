"""One run: badges to the letter of docs/design.md#34-badges, filters, the item's detail."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Reader
from tests.conftest import Service
from tests.support.aws import OPERATOR

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]


def rows(page: Page) -> Locator:
    return page.locator("table.items tbody tr")


def row(page: Page, relay: str) -> Locator:
    return rows(page).filter(has_text=f"/{relay}/a/v1")


def badges(where: Locator) -> list[tuple[str, str]]:
    """Text and colour of every badge."""
    return where.locator(".badge").evaluate_all("all => all.map(b => [b.textContent, b.className.split(' ')[1]])")


def account(box: Any, relay: str) -> dict[str, Any]:
    """The host's account of a relay."""
    found = (row for row in box.host.accounts.values() if f"/{relay}/" in row["credentials"]["base_url"])
    return next(found)


@pytest.fixture
def every_badge(service: Service, box: Any, relays: Items) -> str:
    """A second import over accounts that are active, off, broken and deprecated, and relays that do not work."""
    known = relays("healthy", "reasoning", "responses_only", "double_v1")
    service.import_(known)
    account(box, "reasoning")["status"] = "inactive"
    account(box, "responses_only")["status"] = "error"
    account(box, "double_v1")["extra"]["import_state"] = "deprecated"
    return service.import_([*known, *relays("chat_only", "dead_key", "error_200")])[0]


def test_badges_order_and_language(reader: Reader, service: Service, every_badge: str) -> None:
    """Texts and colours are those of docs/design.md#34-badges, in Chinese with their translation in English."""
    page = reader.visit(f"/batch-import/runs/{every_badge}", locale="zh-CN")
    expect(rows(page)).to_have_count(7)
    assert badges(page.locator(".title")) == [["warning", "yellow"]]
    active, confirmed = ["active", "green"], ["confirmed", "green"]
    expected = {
        "healthy": [active, confirmed, ["复用", "cyan"]],
        "reasoning": [active, confirmed, ["已停用", "gray"], ["已快速启用", "green"]],
        "responses_only": [active, confirmed, ["已损坏", "red"], ["已替换", "red"]],
        "double_v1": [active, confirmed, ["已弃用", "yellow"], ["已快速启用", "green"]],
        "chat_only": [active, confirmed, ["新建", "blue"]],
        "dead_key": [["broken", "red"], ["failed", "red"]],
        "error_200": [["degraded", "yellow"], ["failed", "red"]],
    }
    assert {relay: badges(row(page, relay)) for relay in expected} == expected
    expect(page.locator(".note")).to_contain_text("该批次包含 2 条 advisory item，建议检查")
    listed = service.call("GET", f"/api/batch-import/runs/{every_badge}/items")["items"]
    expect(rows(page).locator("a")).to_have_text([item["base_url"] for item in listed])

    row(page, "healthy").get_by_role("link").click()
    expect(page.get_by_role("dialog").locator("header .badge")).to_have_count(5)
    assert badges(page.get_by_role("dialog").locator("header")) == [
        *(active, confirmed),
        *(["已启用", "green"], ["复用", "cyan"], ["reused", "cyan"]),
    ]
    page.keyboard.press("Escape")

    page.get_by_role("button", name="English").click()
    expect(row(page, "healthy").locator(".badge")).to_have_text(["active", "confirmed", "reused"])
    expect(row(page, "healthy").locator(".badge").last).to_have_attribute("title", "复用")
    expect(row(page, "responses_only").locator(".badge")).to_have_text(["active", "confirmed", "broken", "replaced"])
    expect(row(page, "dead_key")).to_contain_text("Check that the key is complete and still valid")
    expect(page.locator("html")).to_have_attribute("lang", "en")


FILTERS = (
    ("Access", "access_status", "broken", ["dead_key"]),
    ("Confirmation", "confirmation_status", "failed", ["error_200", "dead_key"]),
    ("Stage", "current_stage", "probe", []),
    ("Has warning", "has_warning", "true", ["chat_only", "reasoning"]),
    ("Found in sub2api", "matched_account_state", "deprecated", ["double_v1"]),
    ("Action taken", "account_resolution", "replaced", ["responses_only"]),
)


def test_every_filter_and_counter(reader: Reader, service: Service, every_badge: str) -> None:
    page = reader.visit(f"/batch-import/runs/{every_badge}")
    page.get_by_role("button", name="More filters").click()
    for label, name, value, relays in FILTERS:
        page.get_by_role("combobox", name=label, exact=True).select_option(value)
        expect(rows(page)).to_have_count(len(relays))
        assert page.url.endswith(f"?{name}={value}")
        for relay in relays:
            expect(row(page, relay)).to_have_count(1)
        expect(page.get_by_text("No item matches these filters.")).to_have_count(0 if relays else 1)
        page.get_by_role("button", name="Clear filters").click()
        expect(rows(page)).to_have_count(7)
    provider = service.items(every_badge)[2]["provider_id"]
    page.get_by_label("Provider ID").fill(provider)
    expect(rows(page)).to_have_count(1)
    expect(page.locator(f"#providers option[value='{provider}']")).to_have_count(1)
    page.get_by_label("Provider ID").fill("")
    page.get_by_label("Search").fill("ITEM_00006")
    expect(rows(page).locator("a")).to_have_text([service.items(every_badge)[5]["base_url"]])
    page.get_by_role("button", name="Clear filters").click()

    expect(page.locator(".tile")).to_have_text(["7Total", "7Completed", "5Active", "1Degraded", "1Broken", "2Warnings"])
    page.get_by_role("button", name="Broken").click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Broken")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("combobox", name="Access", exact=True)).to_have_value("broken")
    page.get_by_role("button", name="Total").click()
    expect(rows(page)).to_have_count(7)


def test_more_than_a_page(reader: Reader, service: Service, relays: Items) -> None:
    run_id = service.start(relays("healthy") * 53)
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(50)
    expect(page.get_by_text("50 of 53")).to_be_attached()
    page.mouse.wheel(0, 10_000)
    expect(rows(page)).to_have_count(53)
    expect(page.get_by_text("53 of 53")).to_be_visible()
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)
    with page.expect_response(lambda answer: "limit=53" in answer.url):
        pass  # a refresh reads as far as the reader has
    expect(rows(page)).to_have_count(53)


def test_detail_tells_everything(reader: Reader, service: Service, relays: Items, box: Any) -> None:
    run_id, _ = service.import_([{**relays("flaky")[0], "requested_models": ["gpt 5 mini", "no-such-model"]}])
    item = service.item(run_id)
    page = reader.visit(f"/batch-import/runs/{run_id}")
    rows(page).first.get_by_role("cell").last.click()
    detail = page.get_by_role("dialog")
    expect(detail.get_by_role("heading", level=2)).to_have_text(item["base_url"])
    assert page.url.endswith("#item_00001")
    for name in (
        "provider_id",
        "api_key_fingerprint",
        "account_id",
        "channel_id",
        "resolved_smoke_model",
        "last_error",
    ):
        expect(detail).to_contain_text(str(item[name]))
    table = detail.get_by_role("table", name="Model profiles")
    for model in item["raw_models"]:
        expect(table.get_by_text(model, exact=True).first).to_be_attached()
    for model in item["requested_models"]:
        expect(detail.locator(".named code").get_by_text(model, exact=True)).to_be_visible()
    for text in item["advisory_messages"]:
        expect(detail.locator("header")).to_contain_text(text)
    profile = item["capability_profile"]["model_profiles"][0]
    words = {True: "yes", False: "no", "unknown": "unknown"}
    flags = [profile[k] for k in ("supports_stream", "supports_tools", "supports_reasoning_fields", "smoke_chat_ok")]
    expect(table.locator("tbody tr").first.locator(".flag")).to_have_text([words[flag] for flag in flags])
    for number, name in enumerate(("accounts", "groups", "channels")):
        panel = detail.get_by_role("link", name="Open in sub2api").nth(number)
        expect(panel).to_have_attribute("href", f"{box.host_url}/admin/{name}")


def test_history_is_told_in_sentences_and_unfolds(reader: Reader, service: Service, relays: Items) -> None:
    run_id, _ = service.import_(relays("flaky"))
    item = service.item(run_id)
    page = reader.visit(f"/batch-import/runs/{run_id}#item_00001")
    detail = page.get_by_role("dialog")
    shown = [event for event in item["events"] if event["event_type"] != "lease_acquired"]
    expect(detail.locator(".trail .message")).to_have_text([event["text"] for event in shown])
    expect(detail.locator(".step strong")).to_have_text(
        ["Asking the relay", "Entering it into sub2api", "Account test", "Real request and verdict"]
    )
    retry = detail.locator("[data-event=retry_scheduled]").first
    expect(retry.locator("summary")).to_contain_text("The relay was not available. It is tried again in")
    expect(retry.locator(".quote")).not_to_contain_text("retry scheduled")
    expect(retry.locator("pre")).to_be_hidden()
    retry.locator("summary").click()
    expect(retry.locator("pre")).to_contain_text('{\n  "code": "upstream_unavailable",\n  "delay_ms":')


def test_detail_opens_from_the_keyboard_and_gives_the_focus_back(reader: Reader, finished: str) -> None:
    page = reader.visit(f"/batch-import/runs/{finished}")
    link = rows(page).first.get_by_role("link")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(link).to_be_focused()
    page.wait_for_url(f"{reader.gateway.url}/batch-import/runs/{finished}")
    link.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows(page)).to_have_count(3)


def test_the_focus_comes_back_to_a_row_that_was_drawn_anew_meanwhile(reader: Reader, finished: str) -> None:
    """The answer that makes rows choosable may come while an item is open."""
    page = reader.page()
    held: list[Route] = []
    page.route("**/parse", lambda route: held.append(route))
    page.goto(f"{reader.gateway.url}/batch-import/runs/{finished}#token={OPERATOR}")
    link = rows(page).first.get_by_role("link")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.locator("table.items input[type=checkbox]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_what_is_not_there_is_told(reader: Reader, finished: str) -> None:
    reader.refusals = {404}
    page = reader.visit(f"/batch-import/runs/{finished}")
    page.goto(f"{reader.gateway.url}/batch-import/runs/{finished}#item_99999")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Not found: this run has no such item")
    page.goto(f"{reader.gateway.url}/batch-import/runs/run_nothing")
    expect(page.get_by_role("alert")).to_contain_text("Not found: there is no such run")


def test_a_run_says_each_option_that_it_was_made_with(reader: Reader, service: Service, relays: Any) -> None:
    told = {
        "rate_from_relay": "Take over the relay's multiplier",
        "priority_from_speed": "Priority by speed",
        "host_billing_probe": "Let sub2api watch the multiplier",
    }
    for name in told:
        run_id, _items = service.import_(relays("healthy"), **{name: True})
        page = reader.visit(f"/batch-import/runs/{run_id}")
        facts = page.locator(".facts")
        expect(facts).to_contain_text("subscription")
        assert [text for text in told.values() if text in facts.inner_text()] == [told[name]]
