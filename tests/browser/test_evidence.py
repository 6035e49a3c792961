"""Speed and evidence on the page: what was seen, and a list in the order of speed."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.test_run import row, rows
from tests.conftest import Service

pytestmark = pytest.mark.browser


def test_speed_and_evidence_are_shown_and_sorted(reader: Reader, service: Service, relays: Any) -> None:
    run_id, items = service.import_(relays("chat_only", "form_openai", "swaps_model", "dead_key"))
    assert [item["access_status"] for item in items] == ["active", "active", "active", "broken"]
    page = reader.visit(f"/batch-import/runs/{run_id}")

    expect(row(page, "form_openai")).to_contain_text("tokens/s")
    expect(row(page, "swaps_model").locator(".badge")).to_contain_text(["model: inconsistent"])
    advisory = row(page, "swaps_model").locator(".advisory").first  # may begin with the name of a model
    assert advisory.evaluate("text => getComputedStyle(text, '::first-letter').textTransform") == "none"
    page.get_by_role("button", name="More filters").click()
    page.get_by_role("combobox", name="Order", exact=True).select_option("tokens_per_second")
    rate = {item["base_url"]: (item["speed"] or {}).get("tokens_per_second") or 0 for item in items}
    fastest = [url for url in rate if rate[url] == max(rate.values())]
    expect(rows(page).locator("a").first).to_have_text(re.compile(f"^({'|'.join(map(re.escape, fastest))})$"))
    expect(rows(page)).to_have_count(4)

    row(page, "swaps_model").get_by_role("link").click()
    told = page.get_by_role("dialog").locator(".evidence")
    expect(told.first).to_contain_text("Is it the model that was asked for? inconsistent")
    expect(told.first).to_contain_text("system_fingerprint")
    expect(page.get_by_role("dialog")).to_contain_text("no proof of anything")
