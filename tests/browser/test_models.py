"""Models on the page: which relays serve them, sorted, exported, and without barriers."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.relays.call import parse_name
from sandbox.relays.profiles import DeadKey
from tests.browser.conftest import Reader
from tests.browser.test_accessibility import in_both_themes
from tests.conftest import Service

pytestmark = pytest.mark.browser
MODEL = "glm-5.2"


def table(page: Page) -> Any:
    return page.locator(".list table")


def addresses(page: Page) -> Any:
    return table(page).locator("tbody .address")


@pytest.fixture
def compared(service: Service, box: Any) -> list[dict[str, Any]]:
    """Three relays that were asked for the same model; two declare what their keys are worth."""
    relays = [
        box.relay("sub2api", "cheap", models=7, rate=0.5, balance=0.0004),
        box.relay("peak_sub2api", "dear", models=7, rate=2, balance=9),
        box.relay("healthy", "untold", models=7),
    ]
    pairs = [{"base_url": url, "api_key": f"sk-sandbox-{n:04d}"} for n, url in enumerate(relays)]
    _, items = service.import_([{**pair, "requested_models": [MODEL]} for pair in pairs])
    assert [item["access_status"] for item in items] == ["active"] * 3
    assert {item["resolved_smoke_model"] for item in items} == {MODEL}
    return items


def test_a_model_is_compared_sorted_and_exported(
    reader: Reader, compared: list[dict[str, Any]], tmp_path: Path
) -> None:
    cheap, dear, _ = compared
    page = reader.visit()
    page.get_by_role("link", name="Models").click()
    assert page.url == f"{reader.gateway.url}/batch-import/models"
    page.get_by_label("Search").fill(MODEL)
    page.get_by_role("link", name=MODEL, exact=True).click()
    expect(page.get_by_role("heading", name=MODEL)).to_be_visible()

    head = table(page).get_by_role("columnheader", name=re.compile("Multiplier"))
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert page.url.endswith("?order=multiplier")
    expect(addresses(page).nth(0)).to_have_text(cheap["base_url"])
    expect(addresses(page).nth(1)).to_have_text(dear["base_url"])
    page.get_by_role("combobox", name="Order").select_option("balance")
    expect(addresses(page).nth(0)).to_have_text(dear["base_url"])
    first = table(page).locator("tbody tr").first
    expect(first).to_contain_text("×2, in peak hours ×3")
    expect(first).to_contain_text("9 USD")
    expect(first).to_contain_text("Key expires 1 Jun 2099")

    page.get_by_label("Search").fill("cheap")
    expect(addresses(page)).to_have_text([cheap["base_url"]])
    expect(first).to_contain_text("0.0004 USD")  # what is small is not nothing
    page.get_by_label("without addresses").check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export CSV").click()
    saved.value.save_as(tmp_path / "relays.csv")
    text = (tmp_path / "relays.csv").read_text("utf-8-sig")
    assert "127.0.0.1" not in text
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["multiplier"], row["balance"], row["base_url"]) == ("0.5", "0.0004", "")
    assert (row["peak_multiplier"], row["expires_at"]) == ("", "")

    addresses(page).first.click()
    expect(page.get_by_role("dialog")).to_contain_text(cheap["item_id"])
    page.go_back()
    expect(addresses(page)).to_have_text([cheap["base_url"]])


def test_a_relay_that_failed_later_says_when_it_was_proved(reader: Reader, service: Service, box: Any) -> None:
    pair = {"base_url": box.relay("healthy", "dying"), "api_key": "sk-test-0000000000000001"}
    _, [first] = service.import_([pair])
    service.clock.shift(3600)
    box.relays.relays["healthy", "dying"] = DeadKey(parse_name("dying"))
    _, [second] = service.import_([pair])
    assert (first["access_status"], second["access_status"]) == ("active", "broken")
    page = reader.visit(f"/batch-import/models/{first['resolved_smoke_model'].replace('/', '~')}")
    seen = table(page).locator("tbody tr").first.get_by_role("cell").last
    expect(seen).to_have_text("25 Nov, 13:00Proved 25 Nov, 12:00")
    expect(page.get_by_text("speed, answer time and evidence of its latest proof")).to_be_visible()


def test_what_is_unknown_is_a_dash(reader: Reader, compared: list[dict[str, Any]]) -> None:
    page = reader.visit(f"/batch-import/models/{MODEL}?q=untold")
    cells = table(page).locator("tbody tr").first.get_by_role("cell")
    expect(cells.nth(5)).to_have_text("—")
    expect(cells.nth(6)).to_have_text("—")


def test_a_model_that_no_relay_serves_is_told(reader: Reader, compared: list[dict[str, Any]]) -> None:
    reader.refusals = {404}
    page = reader.visit("/batch-import/models/gpt-99")
    expect(page.get_by_role("alert")).to_contain_text("no relay that was proved serves this model")


def test_a_small_screen_needs_no_sideways_scrolling(reader: Reader, compared: list[dict[str, Any]]) -> None:
    page = reader.visit("/batch-import/models", viewport={"width": 360, "height": 740})
    for address in ("models", f"models/{MODEL}"):
        page.goto(f"{reader.gateway.url}/batch-import/{address}")
        expect(addresses(page).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth > innerWidth") is False


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_axe_finds_nothing(reader: Reader, compared: list[dict[str, Any]], locale: str) -> None:
    page = reader.visit("/batch-import/models", locale=locale)
    expect(addresses(page).first).to_be_visible()
    in_both_themes(page)
    page.goto(f"{reader.gateway.url}/batch-import/models/{MODEL}")
    expect(addresses(page).first).to_be_visible()
    in_both_themes(page)
