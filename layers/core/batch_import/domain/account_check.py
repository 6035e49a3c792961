"""What the host's account test said, and what follows.

See docs/design.md#24-confirm; strings: docs/host-api.md#test-errors.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from batch_import.domain.outcomes import Code
from batch_import.domain.refusals import speaks_of_money
from batch_import.domain.streams import read_events
from batch_import.domain.types import Platform

_STATUS = re.compile(r"(?:API returned|\(/v1/chat/completions\) returned) (\d{3}): (.*)", re.DOTALL)


class Next(StrEnum):
    CONFIRM = "confirm"
    ADVISE = "advise"  # goes on to the gateway, with an advisory
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """``passed`` needs the host's ``test_complete``; ``error`` is the host's own text."""

    passed: bool
    content: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class CheckDecision:
    """``code`` is an outcome's; ``policy`` names the retry policy; ``exhausted`` says what spent retries come to."""

    next: Next
    code: Code = Code.INTERNAL_ERROR  # of any but a confirmed one
    policy: str = ""
    exhausted: Next = Next.FAIL
    advisory: str = ""


def read_report(stream: str) -> CheckReport:
    """Parse ``data: {...}`` lines by content, whatever the header says; there is no ``[DONE]``.

    See docs/host-api.md#test-stream.
    """
    content, passed, error = False, False, ""
    for event in read_events(stream):
        kind = event.get("type")
        content |= kind == "content" and bool(str(event.get("text", "")).strip())
        passed |= kind == "test_complete" and event.get("success") is True
        if kind == "error":
            error = str(event.get("error") or "unknown error")
    if not passed and not error:
        error = "the test ended without a result"
    return CheckReport(not error, content, error)


def decide(report: CheckReport, *, mode_forced: bool, platform: Platform = Platform.OPENAI) -> CheckDecision:
    """One table of the texts; with the mode forced the probe race cannot be, so 401, 402 and 404 are definitive.

    On other platforms than openai the test asks otherwise than customers do, so its refusals are no verdict.
    """
    decision = _decided(report, mode_forced)
    if platform is Platform.OPENAI or decision.next is Next.CONFIRM or decision.code in _SURE:
        return decision
    told = replace(decision, exhausted=Next.ADVISE, advisory="host_test_says_little")
    return told if decision.next is Next.RETRY else replace(told, next=Next.ADVISE)


_SURE = (Code.PAYMENT_REQUIRED, Code.HOST_REFUSES_URL, Code.ACCOUNT_GONE)


def _decided(report: CheckReport, mode_forced: bool) -> CheckDecision:
    if report.passed:
        return CheckDecision(Next.CONFIRM, advisory="" if report.content else "test_without_content")
    match = _STATUS.search(report.error)
    if match is not None:
        if int(match[1]) < 500 and speaks_of_money(match[2]):
            return CheckDecision(Next.FAIL, Code.PAYMENT_REQUIRED)
        return _by_status(int(match[1]), mode_forced)
    for text, decision in _TEXTS:
        if text in report.error:
            return decision
    return CheckDecision(Next.RETRY, Code.HOST_TEST_FAILED, Code.HOST_TEST_FAILED)


def _by_status(status: int, mode_forced: bool) -> CheckDecision:
    if status == 401:
        return CheckDecision(Next.FAIL, Code.UPSTREAM_AUTH_FAILED)
    if status == 402:
        return CheckDecision(Next.FAIL, Code.PAYMENT_REQUIRED)
    if status == 403:
        return CheckDecision(
            Next.RETRY, Code.HOST_TEST_FAILED, "forbidden_in_host_test", Next.ADVISE, "forbidden_in_host_test"
        )
    if status == 404:
        code = Code.MODEL_NOT_SERVED
        return (
            CheckDecision(Next.FAIL, code) if mode_forced else CheckDecision(Next.RETRY, code, "forbidden_in_host_test")
        )
    if status == 429:
        return CheckDecision(Next.RETRY, Code.RATE_LIMITED, Code.RATE_LIMITED)
    if status >= 500:
        return CheckDecision(Next.RETRY, Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_UNAVAILABLE)
    return CheckDecision(Next.FAIL, Code.REQUEST_REJECTED)


_TEXTS: tuple[tuple[str, CheckDecision], ...] = (
    ("ended before [DONE]", CheckDecision(Next.RETRY, Code.STREAM_CUT, Code.STREAM_CUT)),
    ("Stream ended before response.completed", CheckDecision(Next.RETRY, Code.STREAM_CUT, Code.STREAM_CUT)),
    ("tream read error", CheckDecision(Next.RETRY, Code.STREAM_CUT, Code.STREAM_CUT)),
    ("expected SSE JSON data", CheckDecision(Next.RETRY, Code.INVALID_ANSWER, Code.INVALID_ANSWER)),
    ("expected JSON data", CheckDecision(Next.RETRY, Code.INVALID_ANSWER, Code.INVALID_ANSWER)),
    ("Invalid base URL", CheckDecision(Next.FAIL, Code.HOST_REFUSES_URL)),
    ("Account not found", CheckDecision(Next.FAIL, Code.ACCOUNT_GONE)),
    ("No API key available", CheckDecision(Next.FAIL, Code.ACCOUNT_GONE)),
    ("equest failed", CheckDecision(Next.RETRY, Code.UNREACHABLE, Code.UNREACHABLE)),
    ("ended without a result", CheckDecision(Next.RETRY, Code.HOST_UNAVAILABLE, Code.HOST_UNAVAILABLE)),
)
