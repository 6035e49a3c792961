"""Undoing a run from the page: a question first, then what became of each item."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.test_run import rows
from tests.conftest import Service

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]


def test_a_run_is_undone_and_says_so_item_by_item(reader: Reader, service: Service, box: Any, relays: Items) -> None:
    run_id, _ = service.import_(relays("healthy", "chat_only", "dead_key"))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    page.get_by_role("button", name="Undo", exact=True).click()
    question = page.get_by_role("dialog", name="Undo this run?")
    expect(question.get_by_role("button", name="Not now")).to_be_focused()
    question.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".facts")).to_contain_text("being undone")
    with reader.gateway.lock:
        service.pump.run()
    expect(page.locator(".facts")).to_contain_text("undone 25 Nov")
    expect(rows(page).filter(has_text="The account was removed from sub2api")).to_have_count(2)
    expect(rows(page).filter(has_text="The item had left nothing in sub2api")).to_have_count(1)
    assert not box.host.accounts
