"""How smoothly a long run is scrolled and searched in Chromium.

python tests/bench/bench_page.py --items 5000

The API's answers are made in this process, so that the page alone is measured. A frame is the time from one that the
browser draws to the next; a long task keeps it busy for more than 50 ms; CPU is that of the page's main thread, which
other programs on the machine hardly change. Prints figures; asserts nothing.
"""

import argparse
import os
import statistics
import time

from playwright.sync_api import Page, sync_playwright

from tests.browser.gateway import serving
from tests.support.chromium import QUIET, chromium
from tests.support.long_run import RUN_ID, LongRun

MEASURE = """() => {
  window.frames_ = [];
  window.tasks_ = [];
  let before = performance.now();
  const frame = now => { frames_.push(now - before); before = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const note = list => list.getEntries().forEach(one => tasks_.push(one.duration));
  new PerformanceObserver(note).observe({type: "longtask"});
}"""
TAKE = "() => { const taken = {frames: frames_, tasks: tasks_}; frames_ = []; tasks_ = []; return taken; }"
READ_TO_END = """async count => {
  while (!document.querySelector(".end")?.textContent.includes(`${count} of ${count}`)) {
    window.scrollTo(0, document.documentElement.scrollHeight);
    await new Promise(requestAnimationFrame);
  }
}"""
SCROLL = """async () => {
  for (let step = 0; step < 240; step += 1) {
    window.scrollBy(0, -200);
    await new Promise(requestAnimationFrame);
  }
}"""
SEARCH = """async text => {
  const box = document.querySelector("input[name=q]");
  const start = performance.now();
  box.value = text;
  box.dispatchEvent(new InputEvent("input", {bubbles: true}));
  while (document.querySelectorAll("table.items tbody tr").length !== 1) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--items", type=int, default=5000)
    options = parser.parse_args()
    path = chromium()
    if path is None:
        print("no Chromium: neither CHROMIUM, /usr/bin/chromium nor chromium in PATH")
        return
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    with serving() as gateway, sync_playwright() as playwright:
        gateway.failing = LongRun(options.items).answer
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        page = browser.new_page(locale="en-US", viewport={"width": 1280, "height": 800})
        measure(page, f"{gateway.url}/batch-import/runs/{RUN_ID}#token=test-token", options.items)
        browser.close()


def measure(page: Page, address: str, items: int) -> None:
    meter = Meter(page)
    started = time.monotonic()
    page.goto(address)
    page.locator("table.items tbody tr").nth(49).wait_for()
    print(f"{items} items: first rows after {time.monotonic() - started:.2f} s")
    page.evaluate(MEASURE)
    meter.tell("opened")
    started = time.monotonic()
    page.evaluate(READ_TO_END, f"{items:,}")
    meter.tell(f"read to the end in {time.monotonic() - started:.1f} s")
    page.evaluate(SCROLL)
    meter.tell(f"scrolled up by 200 pixels a frame, {page.locator('tbody tr').count()} rows in the document")
    milliseconds = page.evaluate(SEARCH, f"relay-{items - 7:05}")
    meter.tell(f"searched in {milliseconds:.0f} ms, of which 150 ms wait for further typing")


class Meter:
    """What the page did since it was last asked."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._before: dict[str, float] = {}

    def tell(self, what: str) -> None:
        taken = self._page.evaluate(TAKE)
        frames, tasks = taken["frames"] or [0.0], taken["tasks"]
        p95 = statistics.quantiles(frames, n=20)[-1] if len(frames) > 1 else frames[0]
        cpu = self._cpu()
        print(
            f"{what}: {len(frames)} frames, median {statistics.median(frames):.0f} ms, p95 {p95:.0f} ms,"
            f" longest {max(frames):.0f} ms; {len(tasks)} long tasks, {sum(tasks):.0f} ms;"
            f" CPU a frame {cpu['TaskDuration'] / len(frames):.1f} ms,"
            f" of it script {cpu['ScriptDuration'] / len(frames):.1f},"
            f" layout {(cpu['LayoutDuration'] + cpu['RecalcStyleDuration']) / len(frames):.1f}"
        )

    def _cpu(self) -> dict[str, float]:
        """Milliseconds by kind since the last time."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        now = {one["name"]: 1000 * one["value"] for one in metrics}
        spent = {name: value - self._before.get(name, 0.0) for name, value in now.items()}
        self._before = now
        return spent


if __name__ == "__main__":
    main()
