"""What holds for every view: no markup from data, no keys, accessible names, contrast, a small screen, any prefix."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.testkit import wait_for
from tests.browser.conftest import Reader
from tests.browser.gateway import serving
from tests.browser.test_run import rows
from tests.conftest import Service
from tests.support.aws import OPERATOR

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]
MARKUP = '<img src="https://evil.example/x" onerror="window.stolen=1">'
MODEL = "gpt-5-<svg onload=window.stolen=1>"
KEY = "sk-canary-000000000000000000000001"


@pytest.fixture
def hostile() -> Iterator[str]:
    """A relay whose model id and error text are markup; its base URL."""

    class Relay(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._say(400, {"error": {"message": MARKUP, "type": "invalid_request_error"}})

        def _say(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_further_view_asks_for_no_file_again(reader: Reader, finished: str) -> None:
    def files() -> int:
        return sum("/assets/" in call.path for call in reader.gateway.calls)

    page = reader.visit()
    page.wait_for_load_state("networkidle")
    first = files()
    assert first > 30
    for path in (f"/batch-import/runs/{finished}", "/batch-import/models"):
        page.goto(f"{reader.gateway.url}{path}")
        page.wait_for_load_state("networkidle")
    page.reload()
    page.wait_for_load_state("networkidle")
    assert files() == first


def test_markup_from_a_relay_is_shown_as_text(reader: Reader, service: Service, hostile: str) -> None:
    run_id, items = service.import_([{"base_url": hostile, "api_key": KEY}])
    assert MARKUP in items[0]["last_error"]
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page).first).to_contain_text(MARKUP)
    rows(page).first.get_by_role("link").click()
    detail = page.get_by_role("dialog")
    expect(detail.locator("header .quote")).to_contain_text(MARKUP)
    expect(detail.locator("table code").get_by_text(MODEL, exact=True).first).to_be_visible()
    assert page.evaluate("[window.stolen ?? null, document.querySelectorAll('main img, main svg').length]") == [None, 0]
    assert KEY not in page.content()


def test_no_key_reaches_the_browser(reader: Reader, service: Service, relays: Items) -> None:
    items = [{**item, "api_key": f"{KEY}{n}"} for n, item in enumerate(relays("healthy", "lying_list"))]
    run_id, _ = service.import_(items)
    page = reader.page()
    told: list[str] = []
    page.on("response", lambda answer: told.append(answer.text()))
    page.goto(f"{reader.gateway.url}/batch-import#token={OPERATOR}")
    page.get_by_role("link", name=run_id).click()
    for relay in ("healthy", "lying_list"):
        rows(page).filter(has_text=f"/{relay}/").get_by_role("link").click()
        expect(page.locator(".trail li").last).to_be_visible()
        assert KEY not in page.content()
        page.get_by_role("button", name="Close").click()
    assert len(told) > 10
    assert not [text for text in told if KEY in text]


NAMELESS = """() => [...document.querySelectorAll("a, button, input, select, table, dialog[open], [role=progressbar]")]
  .filter(element => element.checkVisibility())
  .filter(element => !(element.ariaLabel || element.labels?.[0]?.textContent || element.textContent.trim()
    || document.getElementById(element.getAttribute("aria-labelledby"))?.textContent))
  .map(element => element.outerHTML)"""


def test_every_control_has_a_name_and_every_table_its_heads(reader: Reader, service: Service, relays: Items) -> None:
    run_id = service.start(relays("healthy", "dead_key"))
    page = reader.page()
    page.goto(f"{reader.gateway.url}/batch-import")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate(NAMELESS) == []
    for path in ("", f"/runs/{run_id}", f"/runs/{run_id}#item_00001"):
        page.goto(f"{reader.gateway.url}/batch-import{path}")
        if not path:
            page.get_by_label("Access token").fill(OPERATOR)
            page.keyboard.press("Enter")
        expect(page.locator("tbody tr").first).to_be_visible()
        assert page.evaluate(NAMELESS) == []
        assert page.get_by_role("columnheader").count() >= 5 or "#" in path
        assert page.locator("h1").count() == 1


CONTRASTS = """() => {
  const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = color => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(color).map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    const color = getComputedStyle(element).backgroundColor;
    return element.parentElement && /rgba\\(.*, 0\\)|transparent/.test(color) ? ground(element.parentElement) : color;
  };
  const box = document.createElement("div");
  document.body.append(box);
  for (const color of ["blue", "green", "yellow", "red", "gray", "cyan"]) {
    const badge = Object.assign(document.createElement("span"), {className: `badge ${color}`, textContent: color});
    box.append(badge);
  }
  const texts = document.querySelectorAll(
    ".badge, .muted, .button, .note, th, td, a, h1, dt, dd, label span, .tile span");
  return [...texts].filter(element => element.checkVisibility()).map(element => {
    const [a, b] = [getComputedStyle(element).color, ground(element)].map(light).sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), element.className || element.tagName];
  }).filter(([contrast]) => contrast < 4.5);
}"""


def test_text_has_contrast(reader: Reader, finished: str) -> None:
    page = reader.visit(f"/batch-import/runs/{finished}", color_scheme="light")
    expect(rows(page)).to_have_count(3)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRASTS) == []


def test_a_small_screen_needs_no_sideways_scrolling(reader: Reader, finished: str) -> None:
    small = {"width": 360, "height": 740}
    page = reader.visit(viewport=small)
    wide = "document.documentElement.scrollWidth > innerWidth"
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.evaluate(wide) is False
    page.get_by_role("link", name=finished).click()
    expect(page.get_by_role("row")).to_have_count(4)
    assert page.evaluate(wide) is False
    page.get_by_role("button", name="More filters").click()
    expect(page.get_by_label("Provider ID")).to_be_visible()
    rows(page).first.get_by_role("link").click()
    expect(page.locator(".trail li").last).to_be_attached()
    assert page.evaluate("document.querySelector('dialog[open]').scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [390, 360, 320])
def test_no_word_of_the_header_is_broken_on_a_small_screen(reader: Reader, finished: str, width: int) -> None:
    page = reader.visit(viewport={"width": width, "height": 740})
    badge = page.get_by_text("operator", exact=True)
    expect(badge).to_be_visible()
    assert badge.bounding_box()["height"] <= 20
    assert page.get_by_role("link", name="Batch import").bounding_box()["height"] <= 2 * 22
    assert page.evaluate("document.documentElement.scrollWidth > innerWidth") is False


def test_the_page_works_wherever_it_is_mounted(browser: Browser, service: Service, relays: Items) -> None:
    run_id = service.start(relays("healthy"))
    with serving("/a/b/batch-import") as gateway:
        reader = Reader(browser, gateway)
        page = reader.visit("/batch-import")
        for path in ("/batch-import", "/batch-import/"):
            page.goto(f"{gateway.url}{path}")
            page.get_by_role("link", name=run_id).click()
            expect(rows(page)).to_have_count(1)
        for path in (f"/batch-import/runs/{run_id}", f"/batch-import/runs/{run_id}/"):
            page.goto(f"{gateway.url}{path}")
            page.get_by_role("link", name="Runs", exact=True).click()
            expect(page.get_by_role("link", name=run_id)).to_be_visible()
        reader.finish()


def test_the_language_is_the_readers(reader: Reader, service: Service) -> None:
    page: Page = reader.visit(locale="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("导入批次")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    expect(page.get_by_role("button", name="中文")).to_be_focused()

    def languages() -> list[str]:
        return [call.headers["accept-language"] for call in reader.gateway.calls if call.path.endswith("/runs")]

    wait_for(lambda: len(languages()) > 1)
    assert languages() == ["zh", "en"]


TEXTS = """() => {
  // codes, names, and what others said
  const foreign = "code, pre, .badge, .quote, .error, [lang]:not(html), .address, .id";
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const {textContent, parentElement} = walker.currentNode;
    if (parentElement.checkVisibility() && !parentElement.closest(foreign)) texts.push(textContent.trim());
  }
  for (const name of ["title", "aria-label", "placeholder"])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (!element.closest(foreign)) texts.push(element.getAttribute(name));
  return texts;
}"""
CHINESE = re.compile("[\u3400-\u9fff]")
NAMES = {"JSON", "Ctrl+Enter", "openai", "anthropic", "gemini", "Gemini generateContent", "kimi-k2.6, gpt-5"}


def is_foreign(text: str, language: str) -> bool:
    """In Chinese a text of Latin letters has to be a name or a code: something with a digit or a sign in it."""
    if language == "en":
        return CHINESE.search(text) is not None
    words = re.search("[A-Za-z]{3}", text) and not CHINESE.search(text)
    return bool(words) and text not in NAMES and not re.fullmatch(r"\S*[\d_.@:/#]\S*", text)


def test_each_view_is_in_one_language(reader: Reader, finished: str) -> None:
    page = reader.visit()

    def told(language: str) -> None:
        assert [text for text in page.evaluate(TEXTS) if is_foreign(text, language)] == []

    for language in ("en", "zh"):
        expect(page.get_by_role("link", name=finished)).to_be_visible()
        told(language)
        page.get_by_role("link", name=finished).click()
        expect(page.locator(".causes li")).to_have_count(1)
        page.locator("button.toggle").click()
        told(language)
        rows(page).filter(has_text="/chat_only/").get_by_role("link").click()
        expect(page.locator(".trail li").last).to_be_attached()
        told(language)
        page.keyboard.press("Escape")
        page.locator("a.back").click()
        page.locator("a.button.primary").click()
        page.locator("#list").fill("https://one.example.com sk-test-0000000000000001\nhttps://two.example.com")
        expect(page.locator("table.preview tbody tr")).to_have_count(2)
        page.locator("details.more").evaluate_all("all => all.forEach(one => { one.open = true; })")
        told(language)
        page.locator("#list").fill("")
        page.locator("a.back").click()
        page.locator("#top button").first.click()


def test_it_is_printed_in_light_and_without_controls(reader: Reader, finished: str) -> None:
    page = reader.visit(f"/batch-import/runs/{finished}", color_scheme="dark")
    expect(rows(page)).to_have_count(3)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(CONTRASTS) == []
    for control in ("Retry failed items", "Export CSV", "Sign out"):
        expect(page.get_by_role("button", name=control)).to_have_count(0)
