"""A run of 5,000 items, scrolled to its end and searched: few rows stand in the document at a time."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.gateway import Answer, Request
from tests.browser.test_run import rows
from tests.conftest import Service

pytestmark = pytest.mark.browser
TOTAL = 5000


def long_run(item: dict[str, Any], run: dict[str, Any]) -> Any:
    """Answers in the API's place, in the form of its own: a run of 5,000 items like ``item``, page by page."""
    items = [
        {**item, "item_id": f"item_{n:05}", "base_url": f"https://relay-{n:05}.example.com/v1"}
        for n in range(1, TOTAL + 1)
    ]
    whole = {**run, "total_items": TOTAL, "completed_items": TOTAL, "active_items": TOTAL}

    def answer(request: Request) -> Answer | None:
        if request.path.endswith("/items"):
            found = [one for one in items if request.query.get("q", "") in one["base_url"]]
            start, limit = int(request.query.get("cursor", 0)), int(request.query["limit"])
            after = str(start + limit) if start + limit < len(found) else None
            body: dict[str, Any] = {"items": found[start : start + limit], "next_cursor": after}
        elif request.path.endswith(run["run_id"]) and request.path.startswith("/api/"):
            body = {"run": whole, "recent_warnings": []}
        else:
            return None
        return 200, {"Content-Type": "application/json"}, json.dumps(body)

    return answer


@pytest.mark.long
def test_a_long_run_is_scrolled_and_searched(reader: Reader, service: Service, relays: Any) -> None:
    run_id, items = service.import_(relays("healthy"))
    reader.gateway.failing = long_run(items[0], service.run(run_id)["run"])
    page = reader.visit(f"/batch-import/runs/{run_id}")
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
    expect(rows(page)).to_have_count(50)
