"""Tool arguments and stop sequences: what a model may get wrong, and what only something on the way does."""

import json
from typing import Any

import pytest
from batch_import.domain.evidence import Seen
from batch_import.domain.passed_on import TOOL_URL, changed_host, seen_of_arguments, seen_of_stop, takes_stop

ELSEWHERE = TOOL_URL.replace("example.com", "mirror.example.net")


def calling(arguments: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"tool_calls": [{"function": {"name": "probe_ping", "arguments": arguments}}]}}]}


def with_url(url: Any) -> dict[str, Any]:
    return calling(json.dumps({"url": url}))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (with_url(TOOL_URL), None, Seen.TOOL_ARGUMENTS_KEPT),
        (calling({"url": TOOL_URL}), None, Seen.TOOL_ARGUMENTS_KEPT),  # an object, as some servers give it
        (with_url(ELSEWHERE), with_url(ELSEWHERE), Seen.TOOL_ARGUMENTS_CHANGED),
        (with_url(ELSEWHERE), with_url(TOOL_URL), None),  # a model may err once
        (with_url(ELSEWHERE), None, None),
        (with_url(TOOL_URL.rstrip("1")), with_url("ping"), None),
        (with_url("the url"), None, None),
        (with_url(None), None, None),
        (calling("{}"), None, None),
        (calling("not json"), None, None),
        (calling(7), None, None),
        ({"choices": []}, None, None),
        (None, None, None),
    ],
)
def test_an_address_counts_as_changed_at_another_host_twice(first: Any, second: Any, expected: Seen | None) -> None:
    assert [it.code for it in seen_of_arguments(first, second)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/ping/7391",
        "https://[::1",
        "https://<b>x</b>/",
        f"https://{'a' * 300}.net/",
        "https://localhost/",
    ],
)
def test_only_a_plain_host_is_told(url: str) -> None:
    assert changed_host(with_url(url)) is None


def row(last: int) -> str:
    return " ".join(map(str, range(1, last + 1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (row(32), Seen.STOP_KEPT),
        (f"{row(32)} ", Seen.STOP_KEPT),
        (row(40), Seen.STOP_NOT_KEPT),
        (row(33), None),
        (row(20), None),  # cut by a limit
        ("Sure! 1 2 3", None),
        ("ok", None),
        ("", None),
        ("1, 3, 5", None),
    ],
)
def test_a_stop_sequence_is_seen_by_where_the_row_ends(text: str, expected: Seen | None) -> None:
    assert [it.code for it in seen_of_stop(text)] == ([expected] if expected else [])


@pytest.mark.parametrize(("model", "takes"), [("gpt-4o-mini", True), ("o4-mini", False), ("openai/gpt-5", False)])
def test_reasoning_models_are_sent_no_stop(model: str, takes: bool) -> None:
    assert takes_stop(model) is takes
