"""axe finds nothing in any view, light and dark, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.conftest import Service

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]
TAGS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def in_both_themes(page: Page) -> None:
    """They differ in colors only."""
    for scheme, rules in (("light", TAGS), ("dark", COLORS)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert violations(page, rules) == []


@pytest.mark.parametrize("locale", ["en-US", pytest.param("zh-CN", marks=pytest.mark.long)])
def test_axe_finds_nothing(reader: Reader, service: Service, relays: Items, locale: str) -> None:
    reader.refusals = {404}
    run_id, _ = service.import_(relays("healthy", "chat_only", "dead_key"))
    page = reader.page(locale=locale)
    page.goto(f"{reader.gateway.url}/batch-import")
    expect(page.locator("#token")).to_be_visible()
    in_both_themes(page)
    page.goto(f"{reader.gateway.url}/batch-import#token=test-operator-token")
    expect(page.locator("table.runs tbody tr")).to_have_count(1)
    in_both_themes(page)
    page.goto(f"{reader.gateway.url}/batch-import/runs/{run_id}")
    expect(page.locator(".causes li")).to_have_count(1)
    in_both_themes(page)
    page.locator("table.items .address").first.click()
    expect(page.locator(".trail li").last).to_be_attached()
    in_both_themes(page)
    page.goto(f"{reader.gateway.url}/batch-import/new")
    page.locator("#list").fill("https://one.example.com/v1 sk-test-0000000000000001\nhttps://two.example.com")
    expect(page.locator("table.preview tbody tr")).to_have_count(2)
    page.locator("details.more").evaluate_all("all => all.forEach(one => { one.open = true; })")
    in_both_themes(page)
    page.locator("#list").fill("")
