"""The host's account test: its exact strings, captured streams, and what follows from each.

See docs/host-api.md#test-errors.
"""

import json
from pathlib import Path

import pytest
from batch_import.domain.account_check import _TEXTS, CheckDecision, CheckReport, Next, decide, read_report
from batch_import.domain.advisories import ADVISORIES
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.retry_policy import retry_policy
from batch_import.domain.types import Platform
from hypothesis import given
from hypothesis import strategies as st

WIRE = Path(__file__).parents[2] / "contract" / "wire"
CC = "Chat Completions API (/v1/chat/completions)"

# error text -> what happens next and the code: with the mode forced, as the importer does it, and with mode auto.
STRINGS = {
    "API returned 401: {\"error\":{\"message\":\"bad key\"}}": ("fail upstream_auth_failed",) * 2,
    f"{CC} returned 401: no": ("fail upstream_auth_failed",) * 2,
    f"{CC} returned 402: no": ("fail payment_required",) * 2,
    f"{CC} returned 403: {{\"error\":{{\"message\":\"用户额度不足\"}}}}": ("fail payment_required",) * 2,
    "API returned 429: You exceeded your current quota, please check your plan and billing details.":
        ("fail payment_required",) * 2,
    "API returned 500: insufficient balance": ("retry upstream_unavailable",) * 2,  # of what is behind the relay
    "API returned 403: {\"error\":{\"message\":\"Forbidden\"}}": ("retry host_test_failed",) * 2,
    f"{CC} returned 403: <html>": ("retry host_test_failed",) * 2,
    "API returned 404: Not Found (/v1/responses)": ("fail model_not_served", "retry model_not_served"),
    f"{CC} returned 404: no such model": ("fail model_not_served", "retry model_not_served"),
    f"{CC} returned 400: bad request": ("fail request_rejected",) * 2,
    f"{CC} returned 422: bad request": ("fail request_rejected",) * 2,
    f"{CC} returned 429: slow down": ("retry rate_limited",) * 2,
    f"{CC} returned 500: oops": ("retry upstream_unavailable",) * 2,
    f"{CC} returned 503: {{\"error\":{{\"message\":\"No available accounts\"}}}}": ("retry upstream_unavailable",) * 2,
    "API returned 529: overloaded\nin two lines": ("retry upstream_unavailable",) * 2,
    "Request failed: Post \"https://h/v1/responses\": dial tcp: i/o timeout": ("retry unreachable",) * 2,
    f"{CC} request failed: connection refused": ("retry unreachable",) * 2,
    f"{CC} error: upstream quota exhausted": ("retry host_test_failed",) * 2,
    "Chat Completions stream from /v1/chat/completions ended before [DONE]": ("retry stream_cut",) * 2,
    "Chat Completions stream read error from /v1/chat/completions: unexpected EOF": ("retry stream_cut",) * 2,
    "Stream read error: unexpected EOF": ("retry stream_cut",) * 2,
    "Stream ended before response.completed": ("retry stream_cut",) * 2,
    "Invalid Chat Completions response from /v1/chat/completions: expected SSE JSON data":
        ("retry invalid_answer",) * 2,
    "Invalid Chat Completions response from /v1/chat/completions: expected JSON data": ("retry invalid_answer",) * 2,
    "OpenAI response failed": ("retry host_test_failed",) * 2,
    "Unknown error": ("retry host_test_failed",) * 2,
    "Invalid base URL: host is not allowed: relay.example.com": ("fail host_refuses_url",) * 2,
    "Invalid base URL: invalid url scheme: http": ("fail host_refuses_url",) * 2,
    "No API key available": ("fail account_gone",) * 2,
    "Account not found": ("fail account_gone",) * 2,
}  # fmt: skip
CAPTURED = {
    "179-test-healthy-cc": "confirm",
    "179-test-empty-cc": "confirm",
    "179-probe-race-test-after-flag": "confirm",
    "179-test-a401-cc": "fail upstream_auth_failed",
    "179-test-a403-cc": "retry host_test_failed",
    "179-test-a429-cc": "retry rate_limited",
    "179-test-a500-cc": "retry upstream_unavailable",
    "179-test-a503na-cc": "retry upstream_unavailable",
    "179-test-html200-cc": "retry invalid_answer",
    "179-test-m404-cc": "fail model_not_served",
    "179-test-chatonly-resp": "fail model_not_served",
    "179-test-connection-refused": "retry unreachable",
    "179-test-invalid-base-url": "fail host_refuses_url",
    "179-probe-race-fast-first-test": "fail model_not_served",
    "130-probe-race-fast-first-test": "confirm",
    "130-anthropic-test-healthy": "confirm",
    "130-anthropic-test-a403": "retry host_test_failed",
    "179-anthropic-test-healthy": "confirm",
    "179-anthropic-test-html200-passes": "confirm",
    "179-anthropic-test-a401": "advise upstream_auth_failed",
    "179-anthropic-test-a403": "retry host_test_failed",
    "179-anthropic-test-base-url-v1-404": "advise model_not_served",
    "179-gemini-test-healthy": "confirm",
}


def platform_of(name: str) -> Platform:
    return next((platform for platform in Platform if platform in name), Platform.OPENAI)


def stream(*events: dict[str, object]) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


def said(decision: CheckDecision) -> str:
    return "confirm" if decision.next is Next.CONFIRM else f"{decision.next} {decision.code}"


def next_of(error: str, *, forced: bool) -> str:
    return said(decide(CheckReport(False, error=error), mode_forced=forced))


@pytest.mark.parametrize(("error", "expected"), STRINGS.items(), ids=[text[:60] for text in STRINGS])
def test_each_string_of_the_host_has_its_consequence(error: str, expected: tuple[str, str]) -> None:
    assert (next_of(error, forced=True), next_of(error, forced=False)) == expected


def test_captured_streams_are_all_looked_at() -> None:
    accounts = {"179-anthropic-account-get-error-after-test-403"}  # what a test has done, not what it said
    assert {path.stem for path in WIRE.glob("*-test-*.json")} - accounts | {"130-probe-race-fast-first-test"} <= set(
        CAPTURED
    )


@pytest.mark.parametrize(("name", "expected"), CAPTURED.items())
def test_captured_streams_of_real_hosts_are_understood(name: str, expected: str) -> None:
    body = json.loads((WIRE / f"{name}.json").read_text())["response"]["body"]
    report = read_report(body)
    assert report.passed is (expected == "confirm")
    decision = decide(report, mode_forced=True, platform=platform_of(name))
    assert said(decision) == expected


SURE = ("fail payment_required", "fail host_refuses_url", "fail account_gone")


@pytest.mark.parametrize("platform", [Platform.ANTHROPIC, Platform.GEMINI])
@pytest.mark.parametrize("error", STRINGS)
def test_on_other_platforms_a_failed_test_ends_as_an_advisory_but_for_what_is_sure(
    error: str, platform: Platform
) -> None:
    decision = decide(CheckReport(False, error=error), mode_forced=True, platform=platform)
    if STRINGS[error][0] in SURE:
        assert said(decision) == STRINGS[error][0]
    else:
        assert decision.next is Next.ADVISE or decision.exhausted is Next.ADVISE
        assert decision.advisory == "host_test_says_little"


def test_a_success_without_content_is_only_an_advisory() -> None:
    passed = {"type": "test_complete", "success": True}
    empty = ({"type": "test_start", "model": "m"}, {"type": "content", "text": " "}, {"type": "status", "text": "Hi"})
    bare = read_report(stream(*empty, passed))
    full = read_report(stream({"type": "content", "text": "Hello"}, passed))
    assert (bare.passed, decide(bare, mode_forced=True).advisory) == (True, "test_without_content")
    assert (full.passed, decide(full, mode_forced=True).advisory) == (True, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data: not json\n\n",
        "data: 7\n\n",
        "event: x\n\n",
        stream({"type": "test_start", "model": "m"}, {"type": "content", "text": "Hel"}),
        stream({"type": "test_complete", "success": False}),
        stream({"type": "test_complete", "success": "true"}),
        stream({"type": "content", "success": True}),
    ],
)
def test_a_stream_that_just_ends_is_the_hosts_trouble_and_tried_again(text: str) -> None:
    report = read_report(text)
    assert not report.passed
    assert next_of(report.error, forced=True) == "retry host_unavailable"


def test_an_error_after_success_is_no_success() -> None:
    report = read_report(stream({"type": "test_complete", "success": True}, {"type": "error", "error": ""}))
    assert (report.passed, report.error) == (False, "unknown error")


def test_a_403_that_stays_is_advice_and_not_failure() -> None:
    decision = decide(CheckReport(False, error=f"{CC} returned 403: no"), mode_forced=True)
    assert (decision.exhausted, decision.advisory) == (Next.ADVISE, "forbidden_in_host_test")


@pytest.mark.parametrize("status", [200, 301, 400, 401, 402, 403, 404, 405, 409, 413, 422, 429, 451, 500, 503, 529])
@pytest.mark.parametrize("forced", [True, False])
def test_every_status_leads_to_documented_codes_and_to_an_end(status: int, forced: bool) -> None:
    decision = decide(CheckReport(False, error=f"API returned {status}: x"), mode_forced=forced)
    assert decision.code in OUTCOMES
    assert decision.advisory in {"", *ADVISORIES}
    if decision.next is Next.RETRY:
        assert 1 < retry_policy(decision.policy).attempts < 10
        assert decision.exhausted in (Next.FAIL, Next.ADVISE)


@pytest.mark.parametrize("decision", [decision for _, decision in _TEXTS])
def test_every_text_leads_to_a_documented_code(decision: object) -> None:
    code, policy = decision.code, decision.policy  # type: ignore[attr-defined]
    assert code in OUTCOMES
    assert not policy or retry_policy(policy).attempts > 1


@given(st.text(max_size=120))
def test_any_stream_can_be_read_and_decided(text: str) -> None:
    report = read_report(text)
    assert decide(report, mode_forced=True).next in Next
    assert report.passed or report.error
