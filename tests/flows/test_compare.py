"""Relays compared, from the import to the API's answer (docs/design.md#38-comparing)."""

import importlib
from typing import Any

import pytest
from batch_import.domain.naming import canonical_model_family
from batch_import.domain.texts import in_address

from sandbox.relays.billing_profiles import PeakSub2api, Sub2api
from sandbox.relays.call import parse_name
from sandbox.relays.profiles import DeadKey, MessagesOnly
from tests.conftest import Service
from tests.support.pump import Context

MODELS = "/api/batch-import/models"
KEY = "sk-test-compare-0001"


def relay(box: Any, profile: str, name: str, key: str = KEY, **declared: float) -> dict[str, Any]:
    return {"base_url": box.relay(profile, name, **declared), "api_key": key}


def models(service: Service, **query: str) -> dict[str, Any]:
    page = service.call("GET", MODELS, query=query)
    return {one["model"]: one for one in page["models"]}


def compared(service: Service, model: str, **query: str) -> list[dict[str, Any]]:
    return list(service.call("GET", f"{MODELS}/{in_address(model)}", query=query)["relays"])


def reconcile() -> None:
    importlib.import_module("functions.reconcile.app").handler({}, Context())


def test_an_import_is_compared_when_it_has_ended(service: Service, box: Any) -> None:
    assert service.call("GET", MODELS) == {"models": [], "next_cursor": None, "matching_models": 0}
    pairs = [
        relay(box, "form_openai", "quick"),
        relay(box, "peak_sub2api", "paid", rate=0.5, balance=7.5),
        relay(box, "dead_key", "dead"),
    ]
    run_id, items = service.import_([*pairs, pairs[0]])
    assert [item["access_status"] for item in items] == ["active", "active", "broken", "active"]
    quick, paid, *_ = items

    [shown] = compared(service, quick["resolved_smoke_model"], q=quick["base_url"])
    told = ("base_url", "provider_id", "platform", "account_id", "latency_ms", "item_id")
    assert {name: shown[name] for name in told} == {name: quick[name] for name in told}
    assert (shown["run_id"], shown["tested"], shown["access_status"]) == (run_id, True, "active")
    assert (shown["first_token_ms"], shown["tokens_per_second"]) == tuple(quick["speed"].values())
    assert (shown["identity"], shown["passthrough"]) == ("consistent", "consistent")
    assert (shown["balance"], shown["multiplier"], shown["last_error_code"]) == (None, None, None)
    assert shown["last_seen_at"] == shown["proved_at"]

    [shown] = compared(service, paid["resolved_smoke_model"], q=paid["base_url"])
    assert (shown["balance"], shown["currency"], shown["multiplier"]) == (7.5, "USD", 0.5)
    assert (shown["peak_multiplier"], shown["expires_at"]) == (0.75, "2099-06-01T12:00:00.000+00:00")
    listed = models(service)
    assert listed[canonical_model_family(paid["resolved_smoke_model"])]["lowest_multiplier"] == 0.5
    assert listed[quick["resolved_smoke_model"]]["best_tokens_per_second"] == quick["speed"]["tokens_per_second"]
    assert KEY not in str(listed) + str(shown)


def test_models_of_a_relay_that_were_not_asked_have_no_figures(service: Service, box: Any) -> None:
    service.import_([relay(box, "healthy", "many")])
    untested = [one for one in models(service).values() if not one["tested_relays"]]
    assert untested
    assert {one["best_tokens_per_second"] for one in untested} == {None}
    [shown] = compared(service, untested[0]["model"])
    measured = ("first_token_ms", "tokens_per_second", "latency_ms", "identity", "passthrough")
    assert [shown[name] for name in measured] == [None] * 5
    assert shown["tested"] is False


def test_the_latest_import_of_a_relay_counts(service: Service, box: Any) -> None:
    pair = relay(box, "sub2api", "same", balance=9)
    _, [first] = service.import_([pair])
    service.clock.shift(60)
    again, [second] = service.import_([pair])
    [shown] = compared(service, first["resolved_smoke_model"])
    assert (shown["run_id"], shown["account_id"]) == (again, first["account_id"])
    assert second["account_resolution"] == "reused"


class MessagesOfSub2api(MessagesOnly, Sub2api):
    """Messages alone, with a declared multiplier."""


class DearerAtPeak(MessagesOnly, PeakSub2api):
    """The same, with a higher multiplier in peak hours."""


@pytest.mark.parametrize(
    ("profile", "platform"), [("messages_only", "anthropic"), ("gemini_native", "gemini"), ("chat_only", "openai")]
)
def test_a_later_import_that_fails_before_a_platform_is_chosen_is_shown(
    service: Service, box: Any, profile: str, platform: str
) -> None:
    pair = relay(box, profile, "dying")
    _, [first] = service.import_([pair])
    service.clock.shift(60)
    box.relays.relays[profile, "dying"] = DeadKey(parse_name("dying"))
    run_id, [second] = service.import_([pair])
    assert (first["platform"], second["platform"]) == (platform, None)
    [shown] = compared(service, first["resolved_smoke_model"])
    assert (shown["access_status"], shown["last_error_code"]) == ("broken", "auth_failed")
    assert (shown["platform"], shown["run_id"], shown["account_id"]) == (platform, run_id, first["account_id"])


def test_a_relay_that_is_too_dear_for_a_later_import_is_shown_with_its_price_and_serves_on(
    service: Service, box: Any
) -> None:
    pair = relay(box, "sub2api", "dear", rate=1)
    name = "dear~rate=1"
    box.relays.relays["sub2api", name] = MessagesOfSub2api(parse_name(name))
    run_id, [first] = service.import_([pair])
    service.clock.shift(60)
    box.relays.relays["sub2api", name] = DearerAtPeak(parse_name(name))
    _, [second] = service.import_([pair], max_multiplier=1.2)
    assert (second["access_status"], second["last_error_code"]) == ("broken", "too_dear")
    [shown] = compared(service, first["resolved_smoke_model"])
    assert (shown["platform"], shown["access_status"], shown["last_error_code"]) == ("anthropic", "active", None)
    assert (shown["run_id"], first["billing"]["peak_multiplier"], shown["peak_multiplier"]) == (run_id, None, 1.5)
    assert shown["last_seen_at"] == shown["proved_at"]


def test_an_import_for_one_platform_says_nothing_of_another(service: Service, box: Any) -> None:
    pair = relay(box, "messages_only", "claude")
    _, [first] = service.import_([pair])
    service.clock.shift(60)
    _, [second] = service.import_([{**pair, "platform": "openai"}])
    assert second["last_error_code"] == "protocol_not_usable_by_host"
    [shown] = compared(service, first["resolved_smoke_model"])
    assert (shown["access_status"], shown["item_id"]) == ("active", first["item_id"])


def test_what_an_undo_took_back_is_not_shown(service: Service, box: Any) -> None:
    kept, gone = relay(box, "form_openai", "kept"), relay(box, "form_openai", "gone")
    _, [first] = service.import_([kept])
    run_id, _ = service.import_([kept, gone])
    model = first["resolved_smoke_model"]
    assert len(compared(service, model)) == 2
    service.call("POST", f"/api/batch-import/runs/{run_id}/undo")
    service.pump.run()
    [shown] = compared(service, model)
    assert shown["base_url"] == first["base_url"]
    assert models(service)[model]["relays"] == 1


def test_a_dry_run_proves_nothing(service: Service, box: Any) -> None:
    service.import_([relay(box, "form_openai", "dry")], dry_run=True)
    assert models(service) == {}


def test_reconcile_compares_a_run_whose_message_was_lost(
    service: Service, box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    monkeypatch.setattr("batch_import.bootstrap.CompositionRoot._ask_to_compare", lambda _, run_id: lost.append(run_id))
    run_id, _ = service.import_([relay(box, "form_openai", "lost")])
    assert (lost, models(service)) == ([run_id], {})
    service.clock.shift(120)
    reconcile()
    service.pump.run(step=60.0)
    assert models(service)


def test_a_long_run_is_entered_in_turns(service: Service, box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_import.runs.comparison._READ_TOGETHER", 2)
    monkeypatch.setattr("batch_import.runs.comparison._TO_WRITE", 1e9)
    _, items = service.import_([relay(box, "form_openai", f"r{n}") for n in range(5)])
    assert len(compared(service, items[0]["resolved_smoke_model"])) == 5
    assert sum("compare_from" in body for _, body in service.pump.delivered) == 3


def test_an_export_without_addresses_names_no_relay(service: Service, box: Any) -> None:
    _, [item] = service.import_([relay(box, "form_openai", "secret-host")])
    [shown] = compared(service, item["resolved_smoke_model"], without_addresses="true")
    assert (shown["base_url"], shown["provider_id"]) == (None, None)
    assert "secret-host" not in str(shown)
    assert shown["account_id"] == item["account_id"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/gpt-99", {}, 404),
        ("/gpt-99", {"order": "price"}, 400),
        ("/gpt-99", {"tested": "yes"}, 400),
        ("/gpt-99", {"without_addresses": "1"}, 400),
        ("", {"order": "latency"}, 400),
        ("", {"cursor": "x"}, 400),
        ("", {"limit": "0"}, 400),
        ("", {"platform": "openai"}, 400),
    ],
)
def test_what_is_not_there_and_what_is_not_valid_is_refused(
    service: Service, path: str, query: dict[str, str], status: int
) -> None:
    found, body = service.raw("GET", f"{MODELS}{path}", query=query)
    assert (found, set(body)) == (status, {"error"})


def test_a_viewer_may_compare(service: Service) -> None:
    status, _ = service.raw("GET", MODELS, role="viewer")
    assert status == 200
