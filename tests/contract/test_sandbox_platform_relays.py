"""The sandbox's relays that speak Anthropic's messages or Gemini's protocol, over real HTTP."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import sandbox
from sandbox.relays.platform_profiles import PLATFORM_PROFILES
from sandbox.relays.profiles import PROFILES
from sandbox.relays.software_profiles import SOFTWARE_PROFILES
from sandbox.testkit import SAY_HI, events

KEY = "sk-sandbox-test-0001"
BEARER = {"Authorization": f"Bearer {KEY}"}
X_API_KEY, API_KEY, GOOGLE = ({name: KEY} for name in ("x-api-key", "api-key", "x-goog-api-key"))
GLM = "glm-5.2"
FLASH = "gemini-2.5-flash"


class Relay:
    """A relay as the host sees it: a base URL without a version, and the key in some headers."""

    def __init__(self, box: sandbox.Box, profile: str, headers: dict[str, str], **modifiers: float | str) -> None:
        self.base = box.relay(profile, "a", **modifiers).removesuffix("/v1")
        self.headers = headers

    def get(self, path: str, **query: Any) -> requests.Response:
        return requests.get(self.base + path, params=query, headers=self.headers, timeout=10)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(self.base + path, json=body, headers=self.headers | named, timeout=10)

    def messages(self, model: str = GLM, **fields: Any) -> requests.Response:
        body = {"model": model, "messages": SAY_HI, "max_tokens": 128, **fields}
        return self.post("/v1/messages?beta=true", body)

    def chat(self, model: str = GLM) -> requests.Response:
        return self.post("/v1/chat/completions", {"model": model, "messages": SAY_HI})

    def generate(self, action: str = "generateContent", model: str = FLASH, query: str = "") -> requests.Response:
        body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
        return self.post(f"/v1beta/models/{model}:{action}{query}", body)


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Box]:
    with sandbox.running() as found:
        yield found


@pytest.mark.parametrize(
    ("profile", "admitting"),
    [
        ("messages_only", [BEARER, X_API_KEY]),
        ("messages_x_api_key", [X_API_KEY]),
        ("messages_bearer", [BEARER]),
        ("messages_api_key_header", [API_KEY]),
        ("messages_compact", [BEARER, X_API_KEY]),
        ("messages_no_stream", [BEARER, X_API_KEY]),
        ("messages_no_list", [BEARER, X_API_KEY]),
    ],
)
def test_messages_relays_admit_the_key_in_their_own_headers(
    box: sandbox.Box, profile: str, admitting: list[dict[str, str]]
) -> None:
    model = box.relays.relay(profile, "a").listed[0]  # type: ignore[union-attr]
    styles = [BEARER, X_API_KEY, API_KEY, GOOGLE]
    found = {str(style): Relay(box, profile, style).messages(model).status_code for style in styles}
    assert found == {str(style): 200 if style in admitting else 401 for style in styles}


def test_a_refused_key_is_told_as_anthropic_tells_it(box: sandbox.Box) -> None:
    answer = Relay(box, "messages_x_api_key", BEARER).messages()
    assert answer.json() == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "invalid x-api-key"},
    }


@pytest.mark.parametrize("profile", sorted(name for name in PLATFORM_PROFILES if name.startswith("messages")))
def test_messages_relays_have_no_other_completions_whatever_the_key(box: sandbox.Box, profile: str) -> None:
    for headers in (BEARER, X_API_KEY, {}):
        relay = Relay(box, profile, headers)
        assert relay.chat().status_code == 404
        assert relay.post("/v1/responses", {"model": GLM, "input": "hi"}).status_code == 404
        assert relay.post("/v1/v1/messages", {"model": GLM}).status_code == 404


def streamed(box: sandbox.Box, profile: str) -> requests.Response:
    return Relay(box, profile, X_API_KEY).messages(stream=True)


def test_streams_pair_each_event_line_with_its_data_line(box: sandbox.Box) -> None:
    lines = streamed(box, "messages_x_api_key").text.split("\n\n")[:-1]
    kinds = [json.loads(re.fullmatch(r"event: \w+\ndata: (.*)", line)[1])["type"] for line in lines]  # type: ignore[index]
    assert kinds == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip


def test_streams_that_differ(box: sandbox.Box) -> None:
    assert streamed(box, "messages_compact").text.startswith('event:message_start\ndata:{"type"')
    assert "event" not in re.sub(r"data: .*", "", streamed(box, "messages_data_only").text)
    assert streamed(box, "messages_no_stream").json()["content"][0]["text"].startswith("Hello")
    assert events(streamed(box, "messages_error_event").text)[0]["type"] == "error"
    assert "text_delta" not in streamed(box, "messages_no_text").text


def test_only_claude_code_is_admitted(box: sandbox.Box) -> None:
    relay = Relay(box, "messages_claude_code", X_API_KEY)
    assert relay.get("/v1/models").status_code == 200
    assert (relay.messages().status_code, "Claude Code" in relay.messages().text) == (403, True)
    relay.headers = {**X_API_KEY, "User-Agent": "claude-cli/2.1.220 (external, cli)"}
    assert relay.messages().status_code == 200


def test_a_relay_without_a_list_serves_its_models(box: sandbox.Box) -> None:
    relay = Relay(box, "messages_no_list", X_API_KEY)
    assert relay.get("/v1/models").status_code == 404
    assert relay.messages("claude-sonnet-4-5-20250929").status_code == 200
    assert relay.messages("no-such-model").json()["error"]["message"] == "model: no-such-model not found"


def test_anthropics_list_is_read_page_by_page(box: sandbox.Box) -> None:
    relay = Relay(box, "messages_anthropic_list", X_API_KEY)
    first = relay.get("/v1/models").json()
    assert (len(first["data"]), first["has_more"], first["last_id"]) == (20, True, first["data"][-1]["id"])
    assert first["data"][0].items() >= {"type": "model", "id": first["first_id"]}.items()
    second = relay.get("/v1/models", after_id=first["last_id"]).json()
    assert (len(second["data"]), second["has_more"]) == (5, False)
    assert relay.get("/v1/models", limit=1000).json()["has_more"] is False


@pytest.mark.parametrize(("headers", "status"), [(API_KEY, 200), (BEARER, 401), (X_API_KEY, 401)])
def test_a_chat_relay_that_wants_the_header_api_key(box: sandbox.Box, headers: dict[str, str], status: int) -> None:
    relay = Relay(box, "chat_api_key_header", headers)
    model = box.relays.relay("chat_api_key_header", "a").listed[0]  # type: ignore[union-attr]
    assert relay.get("/v1/models").status_code == relay.chat(model).status_code == status


# Gemini


@pytest.mark.parametrize(
    ("profile", "admitting"), [("gemini_native", "google"), ("gemini_query_key", "query"), ("gemini_bearer", "bearer")]
)
def test_gemini_relays_admit_the_key_in_one_place(box: sandbox.Box, profile: str, admitting: str) -> None:
    calls = {
        "google": Relay(box, profile, GOOGLE).generate(),
        "query": Relay(box, profile, {}).generate(query=f"?key={KEY}"),
        "bearer": Relay(box, profile, BEARER).generate(),
        "x-api-key": Relay(box, profile, X_API_KEY).generate(),
    }
    assert {name: answer.status_code for name, answer in calls.items()} == dict.fromkeys(calls, 400) | {admitting: 200}
    assert "API key not valid" in calls["x-api-key"].json()["error"]["message"]


def test_gemini_lists_and_generates(box: sandbox.Box) -> None:
    relay = Relay(box, "gemini_native", GOOGLE)
    listed = relay.get("/v1beta/models").json()["models"]
    assert listed[0]["name"] == f"models/{FLASH}"
    assert "generateContent" in listed[0]["supportedGenerationMethods"]
    whole = relay.generate().json()["candidates"][0]
    assert whole["content"]["parts"][0]["text"].startswith("Hello from relay gemini_native")
    pieces = events(relay.generate("streamGenerateContent", query="?alt=sse").text)
    assert [piece["candidates"][0].get("finishReason") for piece in pieces] == [None, "STOP"]
    assert relay.generate(model="no-such-model").status_code == 404
    assert relay.get("/v1/models").status_code == relay.chat().status_code == 404


def test_gemini_calls_a_forced_tool(box: sandbox.Box) -> None:
    config = {"functionCallingConfig": {"mode": "ANY"}}
    tools = [{"functionDeclarations": [{"name": "ping"}]}]
    body = {"contents": [], "tools": tools, "toolConfig": config}
    answer = Relay(box, "gemini_native", GOOGLE).post(f"/v1beta/models/{FLASH}:generateContent", body)
    assert answer.json()["candidates"][0]["content"]["parts"] == [{"functionCall": {"name": "ping", "args": {}}}]


# Errors


@pytest.mark.parametrize("status", [401, 403, 429, 503, 529])
def test_the_status_modifier_fails_completions_and_leaves_the_list(box: sandbox.Box, status: int) -> None:
    claude = Relay(box, "messages_x_api_key", X_API_KEY, status=status)
    google = Relay(box, "gemini_native", GOOGLE, status=status)
    assert (claude.get("/v1/models").status_code, google.get("/v1beta/models").status_code) == (200, 200)
    assert (claude.messages().status_code, google.generate().status_code) == (status, status)
    assert (claude.messages().json()["type"], google.generate().json()["error"]["code"]) == ("error", status)
    assert claude.chat().status_code == 404


@pytest.mark.parametrize(("written", "status"), [("html", 200), ("html403", 403)])
def test_the_status_modifier_makes_pages_too(box: sandbox.Box, written: str, status: int) -> None:
    answers = [
        Relay(box, "messages_x_api_key", X_API_KEY, status=written).messages(),
        Relay(box, "gemini_native", GOOGLE, status=written).generate(),
    ]
    assert [(a.status_code, a.headers["Content-Type"]) for a in answers] == [(status, "text/html")] * 2


# The tables


def test_platform_profiles_are_not_among_the_others_and_say_what_they_do() -> None:
    assert not PLATFORM_PROFILES.keys() & PROFILES.keys()
    assert all(relay.__doc__ for relay in PLATFORM_PROFILES.values())


def rows(columns: int) -> list[list[str]]:
    readme = (Path(sandbox.__file__).parent / "README.md").read_text("utf-8")
    lines = [line.strip("|").split("|") for line in readme.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns]


def test_readme_says_what_each_platform_profile_does() -> None:
    told = {row[0].strip("`") for row in rows(3)}
    assert told >= PLATFORM_PROFILES.keys()


def test_readme_says_what_each_form_of_software_shows() -> None:
    readme = (Path(sandbox.__file__).parent / "README.md").read_text("utf-8")
    assert all(f"`{profile}`" in readme for profile in SOFTWARE_PROFILES)
    assert not SOFTWARE_PROFILES.keys() & (PROFILES.keys() | PLATFORM_PROFILES.keys())


def test_readme_gives_the_end_of_an_import_of_each_platform_profile() -> None:
    written = {re.sub(r"~.*", "", row[0].strip("`")) for row in rows(4)}
    assert written >= PLATFORM_PROFILES.keys()
