"""Who may look: the token, where it is kept, and what happens when the API refuses it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.support.aws import OPERATOR

pytestmark = pytest.mark.browser


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_token_opens_the_page_and_is_kept_in_the_tab_only(reader: Reader, finished: str) -> None:
    page = reader.page()
    page.goto(f"{reader.gateway.url}/batch-import")
    expect(page.get_by_label("Access token")).to_have_attribute("type", "password")
    expect(page.get_by_label("Access token")).to_be_focused()
    sign_in(page, OPERATOR)
    expect(page.get_by_role("link", name=finished)).to_be_visible()
    assert OPERATOR not in page.content() + page.url
    assert page.evaluate("JSON.stringify([localStorage, document.cookie])").find(OPERATOR) == -1
    page.reload()
    expect(page.get_by_role("link", name=finished)).to_be_visible()


def test_wrong_token_is_told_and_signing_out_forgets(reader: Reader, finished: str) -> None:
    reader.refusals = {401}
    page = reader.visit(f"/batch-import/runs/{finished}", token="revoked")
    for wrong in ("wrong-token", "令牌"):
        expect(page.get_by_role("alert")).to_contain_text("does not accept this token")
        sign_in(page, wrong)
    expect(page.get_by_role("alert")).to_contain_text("does not accept this token")
    sign_in(page, OPERATOR)
    expect(page.get_by_role("heading", name=finished)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Access token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_token_in_the_address_is_taken_out_at_once_and_the_deep_link_survives(reader: Reader, finished: str) -> None:
    page = reader.page()
    page.goto(f"{reader.gateway.url}/batch-import/runs/{finished}#token={OPERATOR}&item_00003")
    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_contain_text("/dead_key/a/v1")
    assert page.url == f"{reader.gateway.url}/batch-import/runs/{finished}#item_00003"
    assert page.evaluate("history.length") <= 2


def test_the_device_remembers_the_token_only_when_asked_to(reader: Reader, finished: str) -> None:
    page = reader.page()
    page.goto(f"{reader.gateway.url}/batch-import")
    page.get_by_label("Remember on this device").check()
    sign_in(page, OPERATOR)
    expect(page.get_by_role("link", name=finished)).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{reader.gateway.url}/batch-import")
    expect(other.get_by_role("link", name=finished)).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Access token")).to_be_visible()
    assert other.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])").find(OPERATOR) == -1
