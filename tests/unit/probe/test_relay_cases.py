"""Relays as public reports describe them: each is judged as its user would judge it."""

from collections.abc import Iterator
from typing import Any

import pytest
from batch_import.domain.outcomes import Code
from batch_import.domain.urls import canonical_base_url
from batch_import.probe.capability import ProbeResult, failure_code, probe_capabilities
from batch_import.probe.discovery import ProviderModels, provider_models, with_guessed_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models

from tests.relay_cases import CASES, HERE, begin, exchange, on_the_wire, replaying
from tests.unit.probe.conftest import KEY

WIRED = [name for name, case in CASES.items() if on_the_wire(case)]
REPORTED = [path.stem for path in sorted(HERE.glob("reported/*.json"))] + WIRED
REPLAYED = {name: case for name, case in CASES.items() if name not in WIRED}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with replaying() as address:
        yield address


def probed(relay: Relay, address: str, case: dict[str, Any]) -> tuple[ProviderModels, ProbeResult | None]:
    begin(case["id"])
    requested = case["expect"].get("requested", ())
    found = provider_models(relay, canonical_base_url(f"{address}/{case['id']}{case['base']}"), requested)
    if found.code is Code.MODEL_LIST_MISSING:
        guess = with_guessed_models(found)
        result = probe_capabilities(relay, guess, guess.raw_models)
        return (guess, result) if failure_code(result) is None else (found, None)
    candidates = resolve_smoke_models((), found.raw_models)
    return found, None if found.code else probe_capabilities(relay, found, candidates)


def advisories(found: ProviderModels, result: ProbeResult) -> set[str]:
    told = set(result.transport.known_advisories) - {"responses_unsupported_but_chat_ok"}
    return told | ({"models_refused"} if result.refused else set()) | (set() if found.listed else {"models_not_listed"})


def check(relay: Relay, address: str, case: dict[str, Any]) -> None:
    found, result = probed(relay, address, case)
    code = found.code or (failure_code(result) if result else None)
    assert code == (Code(case["expect"]["code"]) if case["expect"]["code"] else None)
    assert 0 <= relay.requests_left <= MAX_REQUESTS
    if result is not None and code is None:
        assert advisories(found, result) >= set(case["expect"].get("advisories", ()))
        assert result.served_model in (case["expect"].get("served", result.smoke_model), None)
        assert any(answer.completion for answer in result.results.values())


@pytest.mark.parametrize("case", REPLAYED.values(), ids=list(REPLAYED))
def test_a_reported_relay_gets_its_right_outcome(case: dict[str, Any]) -> None:
    check(Relay(exchange, KEY), "http://127.0.0.1:1", case)


@pytest.mark.parametrize("name", REPORTED)
def test_over_http_the_outcome_is_the_same(relay: Relay, address: str, name: str) -> None:
    check(relay, address, CASES[name])
