"""Exporting what the filters show: CSV that a spreadsheet opens safely, and JSON."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader
from tests.browser.test_run import rows
from tests.conftest import Service

pytestmark = pytest.mark.browser


def saved(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).first.click()
    return Path(download.value.path()).read_text("utf-8-sig")


def test_a_negative_number_stays_a_number(reader: Reader, service: Service, box: Any) -> None:
    owing = {
        "base_url": box.relay("sub2api", "owing", balance=-0.5),
        "api_key": "sk-test-0000000000000001",
        "label": "-1",
    }
    run_id, _ = service.import_([owing])
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(1)
    [row] = csv.DictReader(io.StringIO(saved(page, "Export CSV")))
    assert (row["balance"], row["label"], row["code"]) == ("-0.5", "'-1", "payment_required")


def test_what_a_relay_declares_is_shown_and_exported_with_its_peak_hours(
    reader: Reader, service: Service, box: Any
) -> None:
    dear = box.relay("peak_sub2api", "dear", rate=0.8, balance=30)
    run_id, [item] = service.import_([{"base_url": dear, "api_key": "sk-test-0000000000000001"}])
    page = reader.visit(f"/batch-import/runs/{run_id}")
    rate = "×0.8, in peak hours ×1.2"
    expect(rows(page).first).to_contain_text(f"30 USD · {rate}")
    billing = item["billing"]
    assert billing["peak_multiplier"] is not None
    assert billing["expires_at"] is not None
    wanted = {"billing_source" if name == "source" else name: value for name, value in billing.items()}
    [row] = json.loads(saved(page, "JSON"))
    assert {name: row[name] for name in wanted} == wanted
    [row] = csv.DictReader(io.StringIO(saved(page, "Export CSV")))
    assert {name: row[name] for name in ("peak_multiplier", "expires_at", "billing_source")} == {
        "peak_multiplier": "1.2",
        "expires_at": wanted["expires_at"],
        "billing_source": "sub2api",
    }
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_contain_text(rate)


def test_the_current_filter_is_exported(reader: Reader, service: Service, relays: Any) -> None:
    items = relays("healthy", "dead_key", "empty_list")
    items[0]["label"] = "=HYPERLINK(1)"
    run_id, _ = service.import_(items)
    page = reader.visit(f"/batch-import/runs/{run_id}")
    expect(rows(page)).to_have_count(3)
    every = list(csv.DictReader(io.StringIO(saved(page, "Export CSV"))))
    assert len(every) == 3
    healthy = next(row for row in every if row["access"] == "active")
    assert healthy["label"] == "'=HYPERLINK(1)"
    assert (healthy["address"], healthy["account"], healthy["code"]) == (items[0]["base_url"], "1", "")
    page.get_by_role("button", name="Broken").click()
    expect(rows(page)).to_have_count(2)
    broken = json.loads(saved(page, "JSON"))
    assert {row["code"] for row in broken} == {"auth_failed", "empty_model_list"}
    assert all(row["advice"] and row["account"] is None for row in broken)
    cause = list(csv.DictReader(io.StringIO(saved(page, "Export"))))
    assert len(cause) == 1
