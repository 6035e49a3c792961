"""What the host's account test said, and what follows.

See docs/design.md#24-confirm; strings: docs/host-api.md#test-errors.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_STATUS = re.compile(r"(?:API returned|\(/v1/chat/completions\) returned) (\d{3}): (.*)", re.DOTALL)


class Next(StrEnum):
    CONFIRM = "confirm"
    ADVISE = "advise"  # goes on to the gateway, with an advisory
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class TestReport:
    """``passed`` needs the host's ``test_complete``; ``error`` is the host's own text."""

    passed: bool
    content: bool = False
    error: str = ""

    __test__ = False  # not a test case, whatever pytest thinks of its name


@dataclass(frozen=True, slots=True)
class TestDecision:
    """``code`` is an outcome's; ``policy`` names the retry policy; ``exhausted`` says what spent retries come to."""

    next: Next
    code: str = ""
    policy: str = ""
    exhausted: Next = Next.FAIL
    advisory: str = ""

    __test__ = False


def read_report(stream: str) -> TestReport:
    """Parse ``data: {...}`` lines by content, whatever the header says; there is no ``[DONE]``.

    See docs/host-api.md#test-stream.
    """
    content, passed, error = False, False, ""
    for event in _events(stream):
        kind = event.get("type")
        content |= kind == "content" and bool(str(event.get("text", "")).strip())
        passed |= kind == "test_complete" and event.get("success") is True
        if kind == "error":
            error = str(event.get("error") or "unknown error")
    if not passed and not error:
        error = "the test ended without a result"
    return TestReport(passed and not error, content, error)


def decide(report: TestReport, *, mode_forced: bool) -> TestDecision:
    """One table of the texts; with the mode forced the probe race cannot be, so 401, 402 and 404 are definitive."""
    if report.passed:
        return TestDecision(Next.CONFIRM, advisory="" if report.content else "test_without_content")
    match = _STATUS.search(report.error)
    if match is not None:
        return _by_status(int(match[1]), mode_forced)
    for text, decision in _TEXTS:
        if text in report.error:
            return decision
    return TestDecision(Next.RETRY, "host_test_failed", "host_test_failed")


def _by_status(status: int, mode_forced: bool) -> TestDecision:
    if status == 401:
        return TestDecision(Next.FAIL, "upstream_auth_failed")
    if status == 402:
        return TestDecision(Next.FAIL, "payment_required")
    if status == 403:
        return TestDecision(
            Next.RETRY, "host_test_failed", "forbidden_in_host_test", Next.ADVISE, "forbidden_in_host_test"
        )
    if status == 404:
        code = "model_not_served"
        return (
            TestDecision(Next.FAIL, code) if mode_forced else TestDecision(Next.RETRY, code, "forbidden_in_host_test")
        )
    if status == 429:
        return TestDecision(Next.RETRY, "rate_limited", "rate_limited")
    if status >= 500:
        return TestDecision(Next.RETRY, "upstream_unavailable", "upstream_unavailable")
    return TestDecision(Next.FAIL, "request_rejected")


_TEXTS: tuple[tuple[str, TestDecision], ...] = (
    ("ended before [DONE]", TestDecision(Next.RETRY, "stream_cut", "stream_cut")),
    ("Stream ended before response.completed", TestDecision(Next.RETRY, "stream_cut", "stream_cut")),
    ("tream read error", TestDecision(Next.RETRY, "stream_cut", "stream_cut")),
    ("expected SSE JSON data", TestDecision(Next.RETRY, "invalid_answer", "invalid_answer")),
    ("expected JSON data", TestDecision(Next.RETRY, "invalid_answer", "invalid_answer")),
    ("Invalid base URL", TestDecision(Next.FAIL, "host_refuses_url")),
    ("Account not found", TestDecision(Next.FAIL, "account_gone")),
    ("No API key available", TestDecision(Next.FAIL, "account_gone")),
    ("equest failed", TestDecision(Next.RETRY, "unreachable", "unreachable")),
    ("ended without a result", TestDecision(Next.RETRY, "host_unavailable", "host_unavailable")),
)


def _events(stream: str) -> list[dict[str, Any]]:
    events = []
    for line in stream.splitlines():
        if line.startswith("data:"):
            try:
                event = json.loads(line[5:])
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
    return events
