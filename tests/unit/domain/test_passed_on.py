"""Tool arguments and stop sequences: what a model may get wrong, and what only something on the way does."""

import json
from typing import Any

import pytest
from batch_import.domain.evidence import Seen, text_of_observation
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
        (with_url("the url"), with_url(ELSEWHERE), None),
        (with_url(f" {TOOL_URL}\n"), None, Seen.TOOL_ARGUMENTS_KEPT),
        (with_url(TOOL_URL.upper()), with_url(TOOL_URL.upper()), None),
        (with_url(None), None, None),
        (calling("{}"), None, None),
        (calling("not json"), None, None),
        (calling("[" * 60_000), None, None),
        (calling(7), None, None),
        ({"choices": []}, None, None),
        (None, None, None),
    ],
)
def test_an_address_counts_as_changed_at_another_host_twice(first: Any, second: Any, expected: Seen | None) -> None:
    found = seen_of_arguments(first, second)
    assert [it.code for it in found] == ([expected] if expected else [])
    assert all("mirror.example.net" in text_of_observation(it.code, it.params, "en") for it in found[:1] if second)


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
        (" ".join(map(str, range(2, 66, 2))), None),  # as many as were asked for
        (" ".join(map(str, range(2, 82, 2))), None),
    ],
)
def test_a_stop_sequence_is_seen_by_where_the_row_ends(text: str, expected: Seen | None) -> None:
    assert [it.code for it in seen_of_stop(text)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("gpt-4o-mini", True),
        ("o4-mini", False),
        ("openai/gpt-5", False),
        ("GPT-5", False),
        ("codex-mini-latest", False),
    ],
)
def test_reasoning_models_are_sent_no_stop(model: str, takes: bool) -> None:
    assert takes_stop(model) is takes
