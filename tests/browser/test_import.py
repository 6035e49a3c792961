"""Importing from the page: paste, preview, put right, import, verdicts."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Reader
from tests.conftest import CUSTOMER_KEY, Service
from tests.support.aws import VIEWER

pytestmark = pytest.mark.browser
Items = Callable[..., list[dict[str, Any]]]
KEY = "sk-test-paste-00000000000000"


@pytest.fixture(autouse=True)
def unasked(reader: Reader) -> None:
    """A stage without routes for pickers answers 404; the fields then take any name."""
    reader.refusals = {404}


def rows(page: Page) -> Locator:
    return page.locator("table.preview tbody tr")


def statuses(page: Page) -> Locator:
    return rows(page).locator(".status .badge")


def paste(page: Page, text: str) -> None:
    page.get_by_label("List", exact=True).fill(text)


def give_access(page: Page, user: str = "customer@example.com") -> None:
    page.get_by_label("Users").last.fill(user)
    page.get_by_label("Users").last.press("Enter")


@pytest.fixture
def mixed(service: Service, box: Any, relays: Items) -> str:
    """A list with a known pair, a new key at its address, a duplicate, a row without a key, an ambiguous key, prose."""
    service.import_(relays("healthy"))
    known, dead = relays("healthy")[0], relays("dead_key")[0]
    return "\n".join(
        [
            f"{known['base_url']} {known['api_key']}",
            f"{known['base_url']} {KEY}-new",
            f"{dead['base_url']}/chat/completions  {dead['api_key']}",
            f"{dead['base_url']} {dead['api_key']}",
            box.relay("chat_only", "b"),
            f"{box.relay('reasoning', 'c')} sk-AAAA0001,beta",
            f"{box.relay('healthy', 'd')} {KEY}-last",
        ]
    )


def test_a_mixed_list_is_previewed_put_right_and_imported(
    reader: Reader, service: Service, mixed: str, box: Any
) -> None:
    page = reader.visit("/batch-import")
    page.get_by_role("link", name="Import a list").click()
    expect(page.get_by_label("List", exact=True)).to_be_focused()
    paste(page, mixed)
    expect(statuses(page)).to_have_text(
        [
            "already in sub2api (reuses #1)",
            "same address, new key",
            "ready",
            "duplicate of line 3",
            "the key is missing",
            "ambiguous: choose",
            "ready",
        ]
    )
    expect(rows(page).nth(2).locator("del")).to_contain_text("/chat/completions")
    assert KEY not in page.locator("table").inner_text()
    expect(page.locator(".chip")).to_have_text(
        ["7 rows", "4 ready", "1 duplicate", "1 already in sub2api", "2 need you"]
    )

    rows(page).nth(2).get_by_role("cell").nth(2).click()
    chosen = (
        "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert page.evaluate(chosen) == mixed.splitlines()[2]

    expect(page.locator(".reason")).to_have_text("Rows that need you: 2. Fix, choose, or leave out.")
    rows(page).nth(5).get_by_role("combobox").select_option("one_key")
    page.get_by_label("Leave out unreadable lines (1)").check()
    page.get_by_role("button", name="Edit line 7").click()
    page.get_by_label("Address").fill(box.relay("healthy", "fixed"))
    page.get_by_label("Address").press("Enter")
    expect(rows(page).nth(6)).to_contain_text("/healthy/fixed/v1")
    give_access(page)
    expect(page.locator(".command code")).to_have_text(
        "batch-import import - --subscription-user customer@example.com --watch"
    )
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    assert re.search(r"/batch-import/runs/run_\w+$", page.url)
    assert KEY not in page.content()
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])").find("sk-") == -1
    with reader.gateway.lock:
        service.pump.run()
    expect(rows(page).locator(".status")).to_have_text(
        [
            re.compile("^activereused"),
            re.compile("^activecreated"),
            re.compile("^broken.*key"),
            re.compile("^brokenduplicate of line 3"),
            "left out",
            re.compile("^active"),
            re.compile("^activecreated"),
        ]
    )
    page.get_by_role("link", name="Open the run").click()
    expect(page.locator("table.items tbody tr")).to_have_count(5)


def test_a_verdict_shows_what_does_not_fit_in_the_relays_answers(
    reader: Reader, service: Service, relays: Items
) -> None:
    page = reader.visit("/batch-import/new")
    paste(page, "\n".join(f"{item['base_url']} {item['api_key']}" for item in relays("swaps_model", "healthy")))
    give_access(page)
    page.get_by_role("button", name="Import 2").click()
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    with reader.gateway.lock:
        service.pump.run()
    expect(statuses(page)).to_have_text(["active", "created", "model: inconsistent", "active", "created"])


def test_a_viewer_sees_the_import_disabled_with_the_reason(reader: Reader, service: Service) -> None:
    reader.refusals |= {403}
    page = reader.visit("/batch-import/new", token=VIEWER)
    expect(page.locator(".reason")).to_have_text("This token may only read. Importing takes an operator's token.")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    expect(page.locator(".role")).to_have_text("viewer")


def test_leaving_asks_first_and_another_language_keeps_the_list(
    reader: Reader, service: Service, relays: Items
) -> None:
    page = reader.visit("/batch-import")
    page.get_by_role("link", name="Import a list").click()
    paste(page, "https://relay.example.com/v1 " + KEY)
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("textbox", name="列表", exact=True)).to_have_value(re.compile("relay.example.com"))
    page.get_by_role("button", name="English").click()
    question = page.get_by_role("dialog", name="Leave and lose the list?")
    for leave in (lambda: page.get_by_role("link", name="Runs", exact=True).click(), page.go_back):
        leave()
        question.get_by_role("button", name="Stay").click()
        expect(page.get_by_label("List", exact=True)).to_have_value(re.compile("relay.example.com"))
        assert page.url.endswith("/batch-import/new")
    page.on("dialog", lambda dialog: dialog.dismiss())  # the browser's own question
    page.get_by_role("link", name="Runs", exact=True).click()
    question.get_by_role("button", name="Leave").click()
    page.get_by_role("link", name="Import a list").click()
    expect(page.get_by_label("List", exact=True)).to_have_value("")


PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
}"""
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, {type: "text/plain"}));
  const drop = {dataTransfer: data, bubbles: true, cancelable: true};
  document.querySelector(".box").dispatchEvent(new DragEvent("drop", drop));
}"""


def test_pasting_anywhere_opens_the_import_and_a_file_can_be_dropped(reader: Reader, service: Service) -> None:
    page = reader.visit("/batch-import")
    expect(page.get_by_text("No runs yet.")).to_be_visible()
    page.evaluate(PASTE, f"https://one.example.com/v1 {KEY}")
    expect(statuses(page)).to_have_text(["ready"])
    page.evaluate(DROP, ["list.txt", f"https://two.example.com/v1 {KEY}"])
    expect(statuses(page)).to_have_text(["ready", "ready"])
    paste(page, "")


def test_an_answer_that_got_lost_makes_no_second_run(reader: Reader, service: Service, relays: Items) -> None:
    reader.refusals |= {504}
    page = reader.visit("/batch-import/new")
    paste(page, "\n".join(f"{item['base_url']} {item['api_key']}" for item in relays("healthy")))
    expect(page.locator(".reason")).to_have_text("Say who gets access.")
    expect(page.locator(".cost")).to_have_text("about 8 requests to relays, 14 at most in one try")
    give_access(page)
    expect(page.locator(".reason")).to_have_text("Ready to import.")
    ask, lost = reader.gateway.ask, []

    def losing(request: Any) -> Any:
        if request.path.endswith("/runs") and request.method == "POST" and not lost:
            lost.append(ask(request))
            return 504, {}, ""
        return None

    reader.gateway.failing = losing
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("alert").last).to_contain_text("Nothing was imported")
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    with reader.gateway.lock:
        assert len(service.call("GET", "/api/batch-import/runs")["runs"]) == 1


def test_a_long_list_is_previewed_without_a_row_for_each(reader: Reader, service: Service) -> None:
    page = reader.visit("/batch-import/new")
    text = "\n".join(f"https://relay-{n:04}.example.com/v1 sk-test-{n:032}" for n in range(2000))
    page.evaluate(DROP, ["long.txt", text])
    expect(page.locator(".chip").nth(1)).to_have_text("2,000 ready")
    assert rows(page).count() < 400
    page.mouse.wheel(0, 10_000_000)
    expect(rows(page).filter(has_text="relay-1999.")).to_be_visible()
    assert rows(page).count() < 400
    paste(page, "")


def test_without_the_host_the_preview_says_what_it_does_not_know(reader: Reader, service: Service, box: Any) -> None:
    reader.refusals |= {502}
    host_down = (
        502,
        {"Content-Type": "application/json"},
        '{"error":{"code":"host_unreachable","message":"no answer"}}',
    )
    reader.gateway.failing = lambda request: host_down if '"check_host":true' in (request.body or "") else None
    page = reader.visit("/batch-import/new")
    paste(page, f"https://one.example.com/v1 {KEY}")
    expect(page.get_by_text("sub2api could not be asked for its accounts: no answer")).to_be_visible()
    expect(statuses(page)).to_have_text(["ready"])
    paste(page, "")


def test_the_import_needs_no_mouse_and_fits_a_small_screen(reader: Reader, service: Service) -> None:
    page = reader.visit("/batch-import/new", viewport={"width": 360, "height": 740})
    paste(page, f"https://one.example.com/v1 {KEY}")
    expect(statuses(page)).to_have_text(["ready"])
    assert page.evaluate("document.documentElement.scrollWidth > innerWidth") is False
    page.get_by_role("button", name="Edit line 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave out line 1").focus()
    page.keyboard.press("Enter")
    expect(statuses(page)).to_have_text(["left out"])
    paste(page, "")


def test_check_only_writes_nothing_and_is_then_imported(
    reader: Reader, service: Service, box: Any, relays: Items
) -> None:
    page = reader.visit("/batch-import/new")
    paste(page, "\n".join(f"{item['base_url']} {item['api_key']}" for item in relays("healthy", "dead_key")))
    expect(statuses(page)).to_have_text(["ready", "ready"])
    give_access(page)
    page.get_by_role("button", name="Check only").click()
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    with reader.gateway.lock:
        service.pump.run()
    expect(statuses(page)).to_have_text(["would make an account", "broken"])
    expect(rows(page).nth(1)).to_contain_text("The relay refused the key.")
    assert not box.host.accounts
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("button", name="Import 1")).to_have_count(0)
    with reader.gateway.lock:
        service.pump.run()
    expect(statuses(page)).to_have_text(["active", "created"])
    assert len(box.host.accounts) == 1


def test_self_service_asks_for_the_probe_key_and_for_no_users(reader: Reader, service: Service, relays: Items) -> None:
    [item] = relays("healthy")
    page = reader.visit("/batch-import/new")
    paste(page, f"{item['base_url']} {item['api_key']}")
    page.get_by_label("Self-service").check()
    expect(page.get_by_label("Subscription")).not_to_be_checked()
    expect(page.get_by_label("Days")).to_be_hidden()
    expect(page.locator(".reason")).to_have_text("Give the probe key.")
    page.get_by_label("Subscription").check()
    expect(page.get_by_label("Probe key")).to_be_hidden()
    page.get_by_label("Self-service").check()
    page.get_by_label("Probe key").fill(CUSTOMER_KEY)
    expect(page.locator(".command code")).to_contain_text("--access-mode self_service")
    page.get_by_label("Probe key").press("Control+Enter")
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    run = service.run(page.url.rpartition("/")[2])["run"]
    assert (run["access_mode"], run["subscription_users"]) == ("self_service", [])


def test_what_accounts_are_given_is_asked_for_by_ticks(reader: Reader, service: Service, relays: Items) -> None:
    [item] = relays("healthy")
    page = reader.visit("/batch-import/new")
    paste(page, f"{item['base_url']} {item['api_key']}")
    give_access(page)
    page.get_by_text("More options").click()
    expect(page.get_by_label("Models wanted")).to_have_attribute("placeholder", "kimi-k2.6, gpt-5")
    for label in ("Take over the relay's multiplier", "Priority by speed", "Let sub2api watch the multiplier"):
        page.get_by_label(label).check()
    switches = "--rate-from-relay --priority-from-speed --host-billing-probe"
    expect(page.locator(".command code")).to_contain_text(switches)
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    run = service.run(page.url.rpartition("/")[2])["run"]
    assert [run[name] for name in ("rate_from_relay", "priority_from_speed", "host_billing_probe")] == [True] * 3


def test_an_address_that_repeats_a_row_needs_nobody(reader: Reader, service: Service, relays: Items) -> None:
    page = reader.visit("/batch-import/new")
    pair = relays("healthy")[0]
    paste(page, f"{pair['base_url']} {pair['api_key']}\n{pair['base_url']}")
    expect(statuses(page)).to_have_text(["ready", "duplicate of line 1"])
    expect(page.locator(".chip")).to_have_text(["2 rows", "1 ready", "1 duplicate"])
    give_access(page)
    expect(page.locator(".reason")).to_have_text("Ready to import.")
    page.get_by_role("button", name="Import 1").click()
    expect(page.get_by_role("link", name="Open the run")).to_be_visible()
    service.pump.run()
    expect(rows(page).nth(1)).to_contain_text("duplicate of line 1")
    expect(rows(page).nth(1)).to_contain_text("active")


@pytest.mark.parametrize("label", ["Highest multiplier", "Lowest balance (USD)"])
def test_a_limit_that_cannot_be_read_is_told_and_not_dropped(reader: Reader, service: Service, label: str) -> None:
    page = reader.visit("/batch-import/new")
    paste(page, f"https://one.example.com/v1 {KEY}")
    expect(statuses(page)).to_have_text(["ready"])
    give_access(page)
    more = page.locator("details.more").filter(has=page.get_by_label(label))
    summary = more.get_by_text("More options")
    limit = page.get_by_label(label)
    option = {"Highest multiplier": "--max-multiplier", "Lowest balance (USD)": "--min-balance"}[label]
    for typed in ("9-", "e", "2-", "1e400", "-1", "0", "1000001"):
        if not more.evaluate("details => details.open"):
            summary.click()
        limit.fill("")
        expect(page.locator(".reason")).to_have_text("Ready to import.")
        expect(page.locator(".command code")).not_to_contain_text(option)
        limit.press_sequentially(typed)
        expect(page.locator(".reason")).to_have_text(f"{label} must be a number above 0, at most 1,000,000.")
        expect(page.locator(".command code")).to_contain_text(f"{option} '…'")
        summary.click()
        page.get_by_role("button", name="Import 1").click()
        expect(limit).to_be_focused()
    assert not [call for call in reader.gateway.calls if call.method == "POST" and call.path.endswith("/runs")]
    limit.fill("0.000001")
    expect(page.locator(".reason")).to_have_text("Ready to import.")
    expect(page.locator(".command code")).to_contain_text(f"{option} 0.000001 ")
    paste(page, "")


def test_a_user_whom_the_host_does_not_know_is_red_at_once(reader: Reader, service: Service) -> None:
    users = [{"user_id": 1, "email": "alice@example.com", "username": "alice"}]

    def host(request: Any) -> Any:
        if not request.path.endswith("/host/users"):
            return None
        found = [one for one in users if request.query.get("q", "") in one["email"]]
        return 200, {"Content-Type": "application/json"}, json.dumps({"users": found, "has_more": False})

    reader.gateway.failing = host
    page = reader.visit("/batch-import/new")
    paste(page, f"https://one.example.com/v1 {KEY}")
    give_access(page, "alice@example.com")
    expect(page.locator(".reason")).to_have_text("Ready to import.")
    give_access(page, "nobody@example.com")
    expect(page.locator(".picked .unknown")).to_contain_text("nobody@example.com")
    expect(page.locator(".reason")).to_have_text("sub2api has no user nobody@example.com.")
    page.get_by_role("button", name="Remove nobody@example.com").click()
    expect(page.locator(".reason")).to_have_text("Ready to import.")
    paste(page, "")
