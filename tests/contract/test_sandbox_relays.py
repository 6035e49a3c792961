"""Each profile of the sandbox's relays, over real HTTP."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import sandbox
from sandbox.relays.profiles import DOWN, PROFILES
from sandbox.testkit import SAY_HI, events

KEY = "sk-sandbox-test-0001"
TOOL = {"type": "function", "function": {"name": "ping", "parameters": {"type": "object"}}}
FLAT_TOOL = {"type": "function", "name": "ping", "parameters": {"type": "object"}}


class Relay:
    """A relay as an importer sees it: a base URL and a key."""

    def __init__(self, base: str, key: str = KEY) -> None:
        self.base = base
        self.headers = {"Authorization": f"Bearer {key}"}

    def models(self, **headers: str) -> requests.Response:
        return requests.get(f"{self.base}/models", headers=headers or self.headers, timeout=10, allow_redirects=False)

    def model(self) -> str:
        listed = self.models()
        is_list = listed.status_code == 200 and "json" in listed.headers["Content-Type"] and listed.json()["data"]
        return str(listed.json()["data"][0]["id"]) if is_list else "kimi-k2.6"

    def post(self, path: str, **fields: Any) -> requests.Response:
        fields.setdefault("model", None)
        body = {**fields, "model": fields["model"] or self.model()}
        return requests.post(self.base + path, json=body, headers=self.headers, timeout=10, allow_redirects=False)

    def chat(self, **fields: Any) -> requests.Response:
        return self.post("/chat/completions", messages=SAY_HI, **fields)

    def responses(self, **fields: Any) -> requests.Response:
        return self.post("/responses", input="hi", **fields)

    def messages(self, **fields: Any) -> requests.Response:
        return self.post("/messages", messages=SAY_HI, max_tokens=16, **fields)


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Box]:
    with sandbox.running() as found:
        yield found


@pytest.fixture(autouse=True)
def forget(box: sandbox.Box) -> None:
    box.relays.reset()


# profile -> status of models, chat, responses, messages
STATUSES = {
    "healthy": (200, 200, 200, 200),
    "chat_only": (200, 200, 404, 404),
    "responses_only": (200, 404, 200, 404),
    "messages_only": (200, 404, 404, 200),
    "x_api_key_only": (401, 401, 401, 401),
    "dead_key": (401, 401, 401, 401),
    "waf": (403, 403, 403, 403),
    "rate_limited": (429, 429, 200, 200),
    "flaky": (200, 200, 200, 200),
    "slow": (200, 200, 200, 200),
    "slow_thinker": (200, 200, 200, 200),
    "very_slow_thinker": (200, 200, 200, 200),
    "empty_list": (200, 404, 404, 404),
    "lying_list": (200, 404, 404, 404),
    "html_200": (200, 200, 200, 200),
    "error_200": (200, 200, 200, 200),
    "cut_stream": (200, 200, 200, 200),
    "reasoning": (200, 200, 200, 200),
    "no_money": (200, 429, 429, 429),
    "no_money_200": (200, 200, 200, 200),
    "dead_key_200": (200, 200, 200, 200),
    "one_model_refused": (200, 403, 403, 403),
    "one_model_limited": (200, 429, 429, 429),
    "stream_only": (200, 400, 200, 200),
    "always_streams": (200, 200, 200, 200),
    "new_limit_name": (200, 200, 200, 200),
    "wants_instructions": (200, 404, 400, 404),
    "codex_only": (200, 403, 403, 403),
    "wall_text": (403, 403, 403, 403),
    "html_label": (200, 200, 200, 200),
    "slugs": (200, 200, 200, 200),
    "only_wildcard": (200, 200, 200, 200),
    "redirects": (301, 301, 301, 301),
    "bare_root": (404, 404, 404, 404),
    "another_model": (200, 200, 200, 200),
    "double_v1": (404, 404, 404, 404),
    "late_forbidden": (200, 200, 403, 200),
    "stream_forbidden": (200, 200, 200, 200),
    "no_list": (404, 200, 200, 200),
}


def test_the_table_names_every_profile() -> None:
    assert STATUSES.keys() == PROFILES.keys()


@pytest.mark.parametrize("profile", STATUSES)
def test_statuses_of_a_profile(box: sandbox.Box, profile: str) -> None:
    relay = Relay(box.relay(profile, "s", latency=0))
    model = box.relays.relay(profile, "s~latency=0").listed[:1] or ["kimi-k2.6"]  # type: ignore[union-attr]
    calls = [relay.models(), *(call(model=model[0]) for call in (relay.chat, relay.responses, relay.messages))]
    assert tuple(answer.status_code for answer in calls) == STATUSES[profile]


def test_every_profile_says_what_it_does() -> None:
    assert all(relay.__doc__ for relay in PROFILES.values())


def test_readme_has_one_row_per_profile() -> None:
    readme = (Path(sandbox.__file__).parent / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|(?:[^|]*\|){5}$", readme, re.MULTILINE)
    assert sorted(rows) == sorted([*PROFILES, DOWN])


def test_the_sample_list_has_a_row_per_profile() -> None:
    lines = (Path(sandbox.__file__).parents[1] / "events" / "sample-relays.csv").read_text().splitlines()
    assert lines[0] == "base_url,api_key,requested_models"
    profiles = {re.sub(r".*:18090/(\w+)/.*", r"\1", line.split(",")[0]) for line in lines[1:]}
    assert profiles >= PROFILES.keys()
    assert any(line.startswith("http://127.0.0.1:18099/") for line in lines)


def test_healthy_lists_chat_models_and_an_embedding_model(box: sandbox.Box) -> None:
    ids = [row["id"] for row in Relay(box.relay("healthy")).models().json()["data"]]
    assert len(ids) == 4
    assert "text-embedding-3-small" in ids


def test_healthy_streams_up_to_the_end_marker(box: sandbox.Box) -> None:
    answer = Relay(box.relay("healthy")).chat(stream=True)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert [event["choices"][0]["finish_reason"] for event in events(answer.text)[:2]] == [None, "stop"]


def test_healthy_streams_responses_and_messages(box: sandbox.Box) -> None:
    relay = Relay(box.relay("healthy"))
    assert events(relay.responses(stream=True).text)[-1]["type"] == "response.completed"
    assert events(relay.messages(stream=True).text)[-1]["type"] == "message_stop"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "ping"}}])
def test_a_forced_tool_is_called_in_chat(box: sandbox.Box, choice: Any) -> None:
    answer = Relay(box.relay("healthy")).chat(tools=[TOOL], tool_choice=choice).json()["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "ping"


def test_a_forced_tool_is_called_in_responses_and_messages(box: sandbox.Box) -> None:
    relay = Relay(box.relay("healthy"))
    output = relay.responses(tools=[FLAT_TOOL], tool_choice="required").json()["output"]
    assert [(item["type"], item["name"]) for item in output] == [("function_call", "ping")]
    content = relay.messages(tools=[{"name": "ping"}], tool_choice={"type": "any"}).json()["content"]
    assert content[0]["type"] == "tool_use"


def test_an_offered_tool_is_not_called(box: sandbox.Box) -> None:
    answer = Relay(box.relay("healthy")).chat(tools=[TOOL]).json()["choices"][0]
    assert answer["finish_reason"] == "stop"


@pytest.mark.parametrize("model", ["no-such-model", "text-embedding-3-small"])
def test_unknown_and_embedding_models_are_refused(box: sandbox.Box, model: str) -> None:
    answer = Relay(box.relay("healthy")).chat(model=model)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("key", ["", "pk-1", "sk-dead-1"])
def test_bad_keys_are_refused(box: sandbox.Box, key: str) -> None:
    answer = Relay(box.relay("healthy"), key).models()
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {"message": "Invalid API key", "type": "invalid_request_error", "code": "invalid_api_key"}
    }


def test_x_api_key_only_takes_the_other_header(box: sandbox.Box) -> None:
    assert Relay(box.relay("x_api_key_only")).models(**{"x-api-key": KEY}).status_code == 200


@pytest.mark.parametrize(("profile", "text"), [("waf", "Attention Required! | Cloudflare"), ("html_200", "login")])
def test_walls_answer_with_pages(box: sandbox.Box, profile: str, text: str) -> None:
    answer = Relay(box.relay(profile)).models()
    assert answer.headers["Content-Type"] == "text/html"
    assert text in answer.text


def test_rate_limited_refuses_the_first_call_of_each_kind_and_key(box: sandbox.Box) -> None:
    relay = Relay(box.relay("rate_limited"))
    first = relay.models()
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    model = relay.model()
    assert [relay.chat(model=model).status_code for _ in range(3)] == [429, 200, 200]
    assert Relay(box.relay("rate_limited"), "sk-another").models().status_code == 429


def test_flaky_fails_two_account_tests_but_no_probe(box: sandbox.Box) -> None:
    relay = Relay(box.relay("flaky"))
    model = relay.model()
    probes = [relay.chat(model=model, stream=stream, max_tokens=16).status_code for stream in (True, False)]
    tests = [relay.chat(model=model, stream=True).status_code for _ in range(3)]
    assert (probes, tests) == ([200, 200], [503, 503, 200])


def test_stream_forbidden_warms_up_and_then_refuses_streams(box: sandbox.Box) -> None:
    relay = Relay(box.relay("stream_forbidden"))
    model = relay.model()
    assert relay.chat(model=model).status_code == 200
    assert [relay.chat(model=model, stream=True).status_code for _ in range(3)] == [503, 403, 403]


def test_error_200_has_an_error_for_a_body(box: sandbox.Box) -> None:
    relay = Relay(box.relay("error_200"))
    assert relay.chat().json().keys() == {"error"}
    assert "error" in events(relay.chat(stream=True).text)[0]


def test_cut_stream_ends_without_marker(box: sandbox.Box) -> None:
    relay = Relay(box.relay("cut_stream"))
    assert relay.chat().json()["choices"]
    chat = relay.chat(stream=True).text
    assert "[DONE]" not in chat
    assert all(event["choices"][0]["finish_reason"] is None for event in events(chat))
    assert "response.completed" not in relay.responses(stream=True).text


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_reasoning_needs_room(box: sandbox.Box, name: str) -> None:
    relay = Relay(box.relay("reasoning"))
    short = relay.chat(**{name: 16}).json()["choices"][0]
    assert (short["finish_reason"], short["message"]["content"]) == ("length", "")
    assert short["message"]["reasoning_content"]
    roomy = relay.chat(**{name: 400}).json()["choices"][0]
    assert roomy["finish_reason"] == "stop"
    assert roomy["message"]["content"]
    assert roomy["message"]["reasoning_content"]
    assert relay.responses(max_output_tokens=16).json()["status"] == "incomplete"


def test_double_v1_answers_below_both(box: sandbox.Box) -> None:
    relay = Relay(box.relay("double_v1") + "/v1")
    assert relay.models().status_code == relay.chat().status_code == 200


def test_down_is_a_closed_port(box: sandbox.Box) -> None:
    with pytest.raises(requests.ConnectionError):
        Relay(box.relay("down")).models()


def test_modifiers(box: sandbox.Box) -> None:
    relay = Relay(box.relay("healthy", "m", models=20, latency=0.05, slowlist=0.05))
    listed = relay.models()
    assert listed.elapsed.total_seconds() >= 0.1
    assert len(listed.json()["data"]) == 20
    assert relay.chat(model="relay-model-0019").elapsed.total_seconds() >= 0.05
    assert relay.chat(model="relay-model-0019").status_code == 200


def test_faults_are_transient(box: sandbox.Box) -> None:
    relay = Relay(box.relay("healthy", "f", fault=1))
    statuses = {relay.models().status_code for _ in range(20)}
    assert statuses == {429, 503}


def test_status_modifier_and_unknown_modifier(box: sandbox.Box) -> None:
    assert Relay(box.relay("healthy", "s", status=500)).chat().status_code == 500
    assert Relay(box.relay("healthy", "s", nonsense=1)).models().status_code == 400


def test_slow_profiles_are_slow_by_themselves() -> None:
    assert PROFILES["slow"].latency == 3.0
    assert [PROFILES[name].thinking for name in ("slow_thinker", "very_slow_thinker")] == [8.0, 20.0]


def test_calls_are_counted_per_path_and_forgotten_on_reset(box: sandbox.Box) -> None:
    relay = Relay(box.relay("healthy", "count"))
    relay.models()
    relay.models()
    assert box.relay_calls()["/healthy/count/v1/models"] == 2
    requests.post(f"{box.host_url}/_sandbox/reset", timeout=10)
    assert box.relay_calls() == {}
