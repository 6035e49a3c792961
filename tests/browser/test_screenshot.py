"""The pictures of the documents: ``pytest tests/browser -k screenshot --screenshots docs/images``."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.browser.gateway import Answer, Gateway, Request
from tests.browser.test_import import give_access
from tests.browser.test_import import rows as preview
from tests.browser.test_run import account, rows
from tests.conftest import Service

pytestmark = pytest.mark.browser
KNOWN = ("healthy", "reasoning", "responses_only")
NAMES = {
    "healthy": "api.aurora.example",
    "reasoning": "relay.birch.example",
    "responses_only": "ai.cedar.example",
    "chat_only": "gpt.dune.example",
    "dead_key": "hub.ember.example",
    "no_money": "one.fjord.example",
    "empty_list": "llm.grove.example",
}


def renamed(gateway: Gateway, box: Any) -> Callable[[Request], Answer]:
    """Answers of the API in which the sandbox's relays have names of their own, as relays have."""
    places = {f"https://{name}/v1": box.relay(profile) for profile, name in NAMES.items()}

    def answer(request: Request) -> Answer:
        body = request.body
        for name, place in places.items():
            body = body and body.replace(name, place)
        status, headers, text = gateway.ask(replace(request, body=body))
        for name, place in places.items():
            text = text.replace(place, name)
        return status, headers, text

    return answer


def key_of(profile: str) -> str:
    return f"sk-test-{'0' * 24}{list(NAMES).index(profile):04}"


def pasted() -> str:
    lines = [f"https://{name}/v1  {key_of(profile)}" for profile, name in NAMES.items()]
    lines[1] = f"https://{NAMES['reasoning']}/v1/chat/completions----{key_of('reasoning')}"
    lines.insert(5, f"base_url=https://{NAMES['dead_key']}/v1 api_key={key_of('dead_key')}")
    return "\n".join([*lines, f"https://{NAMES['chat_only']}/v1 sk-AAAA0001,beta"])


def picture(page: Page, folder: str, name: str, bottom: str | None = None) -> None:
    if bottom:
        end = page.evaluate(f"document.querySelector({bottom!r}).getBoundingClientRect().bottom")
        page.set_viewport_size({"width": 1280, "height": int(end) + 24})
    page.screenshot(path=Path(folder) / name, animations="disabled")


def test_screenshot(
    reader: Reader,
    service: Service,
    box: Any,
    request: pytest.FixtureRequest,
) -> None:
    """A second import: some relays are known to the host, one of them switched off and one broken, others are new."""
    folder = request.config.getoption("--screenshots", default=None)
    if folder is None:
        pytest.skip("only with --screenshots DIR")
    reader.refusals = {404}
    service.import_([{"base_url": box.relay(profile), "api_key": key_of(profile)} for profile in KNOWN])
    account(box, "reasoning")["status"] = "inactive"
    account(box, "responses_only")["status"] = "error"
    reader.gateway.failing = renamed(reader.gateway, box)
    page = reader.visit("/batch-import/new")
    page.get_by_label("List", exact=True).fill(pasted())
    give_access(page)
    expect(preview(page).filter(has_text="already in sub2api")).to_have_count(3)
    picture(page, folder, "import-preview.png")
    preview(page).last.get_by_role("button", name="Leave out").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    with reader.gateway.lock:
        service.pump.run()
    expect(page.get_by_text("7 of 7 decided").first).to_be_visible()
    expect(preview(page).locator(".working")).to_have_count(0)
    picture(page, folder, "import-verdicts.png")
    page.get_by_role("link", name="Open the run").click()
    expect(rows(page)).to_have_count(len(NAMES))
    expect(page.locator(".causes li")).to_have_count(3)
    picture(page, folder, "result-page.png", ".list")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1280, "height": 800})
    rows(page).filter(has_text="gpt.dune").get_by_role("link").click()
    expect(page.locator(".trail li").last).to_be_attached()
    picture(page, folder, "item.png")
