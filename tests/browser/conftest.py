"""Chromium, the page behind a gateway, and a run to look at."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests.browser.gateway import Gateway, serving
from tests.conftest import Service
from tests.support.aws import OPERATOR
from tests.support.chromium import QUIET, chromium


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="DIR", help="write the README's picture of the result page into DIR")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=30_000)  # a busy machine is none of the page's faults
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: neither CHROMIUM, /usr/bin/chromium nor chromium in PATH")
    playwright = request.getfixturevalue("playwright")
    with contextlib.closing(playwright.chromium.launch(executable_path=path, args=list(QUIET))) as running:
        yield running


@dataclass
class Watched:
    """What a browser context did: complaints, and addresses that it asked for."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def unexpected(self, statuses: set[int]) -> list[str]:
        """Chromium writes every refused request to the console; those that the test wanted are none of its faults."""
        wanted = tuple(f"status of {status} " for status in statuses)
        return [text for text in self.complaints if not any(status in text for status in wanted)]


@dataclass
class Reader:
    """Someone with a browser. At the end nothing may have been complained about, and nothing have left the origin."""

    browser: Browser
    gateway: Gateway
    refusals: set[int] = field(default_factory=set)
    watched: Watched = field(default_factory=Watched)
    contexts: list[BrowserContext] = field(default_factory=list)

    def page(self, **options: Any) -> Page:
        defaults = {"locale": "en-US", "timezone_id": "UTC", "viewport": {"width": 1280, "height": 800}}
        defaults |= {"reduced_motion": "reduce"}  # an animation would keep a core busy
        context = self.browser.new_context(**{**defaults, **options})
        context.set_default_timeout(20_000)
        context.on("console", self.watched.note)
        context.on("weberror", lambda error: self.watched.complaints.append(str(error.error)))
        context.on("request", lambda request: self.watched.asked.append(request.url))
        self.contexts.append(context)
        return context.new_page()

    def visit(self, path: str = "/batch-import", token: str = OPERATOR, **options: Any) -> Page:
        page = self.page(**options)
        address, _, fragment = path.partition("#")
        page.goto(f"{self.gateway.url}{address}#token={token}&{fragment}")
        return page

    def finish(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.watched.unexpected(self.refusals) == []
        assert {url for url in self.watched.asked if not url.startswith(f"{self.gateway.url}/")} == set()


@pytest.fixture
def gateway(aws: Any) -> Iterator[Gateway]:
    with serving() as running:
        yield running


@pytest.fixture
def reader(browser: Browser, gateway: Gateway) -> Iterator[Reader]:
    someone = Reader(browser, gateway)
    yield someone
    someone.finish()


@pytest.fixture
def relays(box: Any) -> Callable[..., list[dict[str, Any]]]:
    """Items of a list by relay profile; every key is obviously false and says so."""

    def items(*profiles: str, name: str = "a") -> list[dict[str, Any]]:
        return [{"base_url": box.relay(p, name), "api_key": f"sk-sandbox-{p}-0001"} for p in profiles]

    return items


@pytest.fixture
def finished(service: Service, gateway: Gateway, relays: Callable[..., list[dict[str, Any]]]) -> str:
    """A run over a healthy, a chat-only and a dead relay, at its end."""
    run_id, _ = service.import_(relays("healthy", "chat_only", "dead_key"))
    return run_id
