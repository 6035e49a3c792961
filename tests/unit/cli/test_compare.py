"""``compare``: models over all relays, and the relays of one model, in every form."""

import csv
import io
import json
from typing import Any

import pytest

from tests.unit.cli.fake_api import Reply

MODELS = "GET /api/batch-import/models"
RELAYS = f"{MODELS}/kimi-k2.6"
SEEN = "2026-05-22T12:20:00.000+00:00"


def model(name: str = "kimi-k2.6", **more: Any) -> dict[str, Any]:
    figures = {
        "best_tokens_per_second": 90.0,
        "median_tokens_per_second": 60.0,
        "best_first_token_ms": 300,
        "median_first_token_ms": 600,
        "lowest_multiplier": 0.5,
    }
    counts = {"relays": 4, "active_relays": 3, "tested_relays": 2}
    return {"model": name, **counts, **figures, "last_seen_at": SEEN, **more}


def relay(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "relay": f"{number:016x}",
        "base_url": f"https://relay-{number}.example/v1",
        "provider_id": f"relay-{number}-7d7ac291",
        "platform": "openai",
        "account_id": number,
        "access_status": "active",
        "last_error_code": None,
        "tested": True,
        "multiplier": 0.5,
        "peak_multiplier": None,
        "balance": 7.5,
        "currency": "USD",
        "expires_at": None,
        "first_token_ms": 640,
        "tokens_per_second": 81.5,
        "latency_ms": 900,
        "identity": "consistent",
        "passthrough": "unknown",
        "proved_at": SEEN,
        "last_seen_at": SEEN,
        "run_id": "run_20260522_0001",
        "item_id": "item_00001",
        "badges": {"access_status": {"text": "active", "color": "green"}},
        **more,
    }


UNKNOWN = dict.fromkeys(
    (
        "multiplier",
        "peak_multiplier",
        "balance",
        "currency",
        "expires_at",
        "first_token_ms",
        "tokens_per_second",
        "latency_ms",
        "identity",
    )
)


def models_page(*models: dict[str, Any]) -> dict[str, Any]:
    return {"models": list(models), "next_cursor": None, "matching_models": len(models)}


def relays_page(*relays: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"model": "kimi-k2.6", "relays": list(relays), "next_cursor": cursor, "matching_relays": 9}


def test_models_on_a_terminal(api: Any, on_terminal: Any) -> None:
    nothing = dict.fromkeys(name for name in model() if "best" in name or "median" in name or "lowest" in name)
    api.on(MODELS, models_page(model(), model("glm-5", active_relays=1, tested_relays=0, **nothing)))
    result = on_terminal("compare", "--sort", "name", "--search", "k")
    assert result.exit_code == 0
    assert api.seen[0].query == {"order": "name", "q": "k", "limit": "50"}
    assert result.stdout.splitlines() == [
        "kimi-k2.6  3 active relays",
        "  2 tested · lowest × 0.5 · 90.0 tokens/s, median 60.0 · first token 300 ms, me…",
        "glm-5  1 active relay",
        "  0 tested",
    ]


def test_relays_of_a_model_on_a_terminal(api: Any, on_terminal: Any) -> None:
    failed = relay(2, access_status="broken", last_error_code="auth_failed", tested=False, **UNKNOWN)
    failed["proved_at"] = "2026-05-20T12:20:00.000+00:00"
    dear = relay(3, peak_multiplier=0.75, expires_at="2027-01-01T12:00:00.000+00:00")
    api.on(RELAYS, relays_page(relay(), failed, dear))
    result = on_terminal("compare", "kimi-k2.6", COLUMNS="160")
    assert result.stdout.splitlines() == [
        "account 1  active     https://relay-1.example/v1",
        "  model: consistent · 81.5 tokens/s · 7.5 USD · × 0.5 · first token 640 ms · 2026-05-22 12:20",
        "account 2  broken     https://relay-2.example/v1",
        "  auth_failed · another model was asked · 2026-05-22 12:20 · proved 2026-05-20 12:20",
        "account 3  active     https://relay-3.example/v1",
        "  model: consistent · 81.5 tokens/s · 7.5 USD · × 0.5, in peak hours × 0.75 · key expires 2027-01-01"
        " · first token 640 ms · 2026-05-22 12:20",
    ]


def test_what_does_not_fit_is_seen_at_60_columns(api: Any, on_terminal: Any) -> None:
    doubted = relay(1, identity="inconsistent", passthrough="inconsistent")
    sold = relay(2, passthrough="inconsistent", access_status="broken", last_error_code="payment_required")
    api.on(RELAYS, relays_page(doubted, sold))
    assert on_terminal("compare", "kimi-k2.6", COLUMNS="60").stdout.splitlines()[1::2] == [
        "  model: inconsistent · pass-through: inconsistent · 81.5 t…",
        "  pass-through: inconsistent · payment_required · model: co…",
    ]


def test_relays_without_addresses_are_told_apart(api: Any, on_terminal: Any) -> None:
    hidden = [relay(number, base_url=None, provider_id=None, account_id=None) for number in (1, 2)]
    api.on(RELAYS, relays_page(*hidden))
    shown = on_terminal("compare", "kimi-k2.6", "--without-addresses").stdout.splitlines()[::2]
    assert [line.split()[-1] for line in shown] == [one["relay"] for one in hidden]


def test_relays_as_csv_json_and_wide_with_what_is_unknown_left_empty(api: Any, invoke: Any) -> None:
    api.on(RELAYS, relays_page(relay(), relay(2, **UNKNOWN)))
    as_csv = invoke("compare", "kimi-k2.6", "--output", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert (rows[0]["tokens_per_second"], rows[0]["balance"], rows[0]["identity"]) == ("81.5", "7.5", "consistent")
    assert {rows[1][name] for name in UNKNOWN} == {""}
    assert json.loads(invoke("compare", "kimi-k2.6", "--json").stdout)["relays"][1]["balance"] is None
    heading, first, second = invoke("compare", "kimi-k2.6", "--output", "wide").stdout.splitlines()
    assert heading.split("\t").index("multiplier") == first.split("\t").index("0.5")
    assert second.split("\t")[heading.split("\t").index("multiplier")] == "-"


def test_options_are_the_apis_parameters(api: Any, invoke: Any) -> None:
    api.on(RELAYS, relays_page(relay(base_url=None, provider_id=None), cursor="more"))
    arguments = ("--sort", "multiplier", "--access", "active", "--platform", "openai", "--not-tested", "--limit", "1")
    result = invoke("compare", "kimi-k2.6", *arguments, "--without-addresses", "--output", "csv")
    assert api.seen[0].query == {
        "order": "multiplier",
        "access_status": "active",
        "platform": "openai",
        "tested": "false",
        "without_addresses": "true",
        "limit": "1",
    }
    assert "example" not in result.stdout
    assert "--all" in result.stderr


def test_a_model_may_be_spelled_in_any_way(api: Any, invoke: Any) -> None:
    api.on(f"{MODELS}/moonshotai~Kimi~K2", relays_page(relay()))
    assert invoke("compare", "moonshotai/Kimi K2").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("compare", "--sort", "multiplier"), "models are not sorted by multiplier"),
        (("compare", "kimi-k2.6", "--sort", "name"), "relays are not sorted by name"),
        (("compare", "--without-addresses"), "among the relays of one model"),
        (("compare", "--tested"), "among the relays of one model"),
        (("compare", "kimi-k2.6", "--sort", "price"), "price"),
        (("compare", ""), "the name of the model is empty (try: batch-import compare)"),
        (("compare", "  "), "the name of the model is empty (try: batch-import compare)"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    api: Any, invoke: Any, arguments: tuple[str, ...], told: str
) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert api.seen == []


def test_a_model_that_no_relay_serves_leads_to_the_list_of_models(api: Any, invoke: Any) -> None:
    api.on(f"{MODELS}/items", Reply({"error": {"code": "not_found", "message": "no relay serves it"}}, 404))
    assert invoke("compare", "items").stderr == "error: no relay serves it (try: batch-import compare)\n"


@pytest.mark.parametrize(
    ("call", "name", "arguments", "told"),
    [
        (MODELS, "models", ("compare", "--search", "zzz"), "no model found"),
        (RELAYS, "relays", ("compare", "kimi-k2.6", "--search", "zzz"), "no relay found"),
        ("GET /api/batch-import/runs", "runs", ("runs", "--search", "zzz"), "no run found"),
    ],
)
def test_a_search_that_finds_nothing_says_so_to_people(
    api: Any, invoke: Any, on_terminal: Any, call: str, name: str, arguments: tuple[str, ...], told: str
) -> None:
    api.on(call, {name: [], "next_cursor": None})
    for form in ("table", "wide"):
        result = on_terminal(*arguments, "--output", form)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{told}\n")
    for form in ("json", "csv"):
        assert on_terminal(*arguments, "--output", form).stderr == ""
    assert invoke(*arguments).output == ""
