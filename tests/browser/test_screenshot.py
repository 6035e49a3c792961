"""The README's picture: ``pytest tests/browser -k screenshot --screenshots docs/images``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Reader
from tests.browser.test_run import account, rows
from tests.conftest import Service

pytestmark = pytest.mark.browser
KNOWN = ("healthy", "reasoning", "responses_only")
NEW = ("chat_only", "dead_key", "cut_stream")


def test_screenshot(
    reader: Reader,
    service: Service,
    box: Any,
    relays: Callable[..., list[dict[str, Any]]],
    request: pytest.FixtureRequest,
) -> None:
    """A second import: some relays are known to the host, one of them switched off and one broken, others are new."""
    folder = request.config.getoption("--screenshots", default=None)
    if folder is None:
        pytest.skip("only with --screenshots DIR")
    service.import_(relays(*KNOWN))
    account(box, "reasoning")["status"] = "inactive"
    account(box, "responses_only")["status"] = "error"
    run_id, _ = service.import_(relays(*KNOWN, *NEW))
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(len(KNOWN) + len(NEW))
    bottom = page.evaluate("document.querySelector('.list').getBoundingClientRect().bottom")
    page.set_viewport_size({"width": 1280, "height": int(bottom) + 24})
    page.screenshot(path=Path(folder) / "result-page.png")
