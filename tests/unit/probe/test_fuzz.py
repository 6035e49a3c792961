"""Whatever a relay answers, nothing escapes: every outcome is a coded one (hypothesis over whole answers)."""

import json
from typing import Any
from urllib.parse import urlsplit

from batch_import.domain.answers import Answer, Trouble, error_text
from batch_import.domain.capability import Protocol, Verdict, judge
from batch_import.domain.outcomes import OUTCOMES
from batch_import.domain.routing import protocol_used
from batch_import.probe.capability import failure_code, probe_capabilities
from batch_import.probe.deferred import probe_deferred
from batch_import.probe.discovery import MAX_MODELS, provider_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.crashes import all_are_tried

KEY = "sk-fuzz-00000000000000000"
_NAMES = st.sampled_from(
    ["data", "id", "object", "error", "message", "code", "choices", "content", "output", "type", "status", "models",
     "tool_calls", "usage", "completion_tokens_details", "reasoning_tokens", "finish_reason", "delta"]
) | st.text(max_size=6)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)
BODIES = (
    JSON.map(json.dumps) | st.text(max_size=80) | JSON.map(lambda value: f"data: {json.dumps(value)}\n\ndata: [DONE]")
)
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(
        [200, 200, 201, 204, 301, 400, 401, 402, 403, 404, 405, 413, 422, 429, 500, 502, 503, 529, 999]
    ),
    text=BODIES,
    content_type=st.sampled_from(["application/json", "text/html", "text/event-stream", "", "image/png"]),
    headers=st.dictionaries(st.just("retry-after"), st.text(max_size=5), max_size=1),
) | st.sampled_from(list(Trouble)).map(lambda trouble: Answer(trouble=trouble))
LISTS = st.lists(st.text(max_size=10) | st.just("gpt-5-mini"), max_size=4).map(
    lambda ids: Answer(200, json.dumps({"data": [{"id": one} for one in ids]}), "application/json")
)


FORBIDDEN = Answer(403, "", "")  # of Gemini's protocol
PATHS = ("completions", "responses", "messages")


@given(st.lists(LISTS | ANSWERS, min_size=10, max_size=10), st.fixed_dictionaries(dict.fromkeys(PATHS, ANSWERS)))
@settings(max_examples=400 if all_are_tried() else 50)
def test_no_answer_breaks_the_probe(lists: list[Answer], completions: dict[str, Answer]) -> None:
    """Lists come one after the other; what a path answers is fixed, since threads ask in any order."""

    def exchange(method: str, url: str, **_: Any) -> Answer:
        return (
            lists.pop() if url.endswith("/models") else completions.get(urlsplit(url).path.rsplit("/", 1)[1], FORBIDDEN)
        )

    relay = Relay(exchange, KEY)
    found = provider_models(relay, "https://relay.example.com/v1")
    if found.code is not None:
        assert found.code in OUTCOMES
    else:
        assert 0 < len(found.raw_models) <= MAX_MODELS
        result = probe_capabilities(relay, found, resolve_smoke_models((), found.raw_models) or ["x"])
        assert failure_code(result) in {*OUTCOMES, None}
        later = probe_deferred(relay, found, result, protocol_used(result.spoken, result.wish, result.smoke_model))
        flags = (later.flags.supports_stream, later.flags.supports_tools, later.flags.supports_reasoning_fields)
        assert all(flag in (True, False, "unknown") for flag in flags)
        assert all(isinstance(error_text(r.answer), str) for r in result.results.values())
    assert 0 <= relay.requests_left < MAX_REQUESTS


@given(ANSWERS, st.sampled_from(list(Protocol)))
@settings(max_examples=300 if all_are_tried() else 50)
def test_every_answer_has_a_verdict_and_only_an_absence_is_false(answer: Answer, protocol: Protocol) -> None:
    verdict = judge(answer, protocol)
    if answer.trouble is not None or answer.status in (401, 408, 429) or answer.status >= 500:
        assert verdict.flag == "unknown" or (verdict is Verdict.ABSENT and answer.status == 501)
    assert verdict is Verdict.OK or verdict is Verdict.ABSENT or verdict.value in OUTCOMES
