"""Reading model lists, the budget, and keys that a relay repeats; against relays with a script."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from batch_import.domain.answers import Answer, Trouble, error_text
from batch_import.domain.redaction import redacted
from batch_import.domain.types import AuthStyle, PlatformWish
from batch_import.probe.capability import probe_capabilities
from batch_import.probe.discovery import MAX_LIST_BYTES, MAX_MODELS, ProviderModels, parse_models, provider_models
from batch_import.probe.relay import MAX_REQUESTS, Relay
from batch_import.probe.smoke import resolve_smoke_models
from hypothesis import given
from hypothesis import strategies as st

URL = "https://relay.example.com/v1"
KEY = "sk-canary-" + "0123456789abcdef" * 8
PLAIN_KEY = "relaykey" + "0123456789abcdef" * 8  # one that does not look like a key
MODELS = {"object": "list", "data": [{"id": "kimi-k2.6"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "data", "models"]), inner),
    max_leaves=12,
)
Call = tuple[str, str, dict[str, str]]


def answer(status: int, body: Any, content_type: str = "application/json") -> Answer:
    return Answer(status, body if isinstance(body, str) else json.dumps(body), content_type)


def error(status: int, message: str) -> Answer:
    return answer(status, {"error": {"message": message}})


class Script:
    """An exchange that answers by a function of (method, URL, headers) and remembers the calls."""

    def __init__(self, say: Callable[[str, str, dict[str, str]], Answer]) -> None:
        self.say = say
        self.calls: list[Call] = []

    def __call__(self, method: str, url: str, *, headers: dict[str, str], **_: Any) -> Answer:
        self.calls.append((method, url, headers))
        return self.say(method, url, headers)


def discovered(say: Callable[[str, str, dict[str, str]], Answer]) -> tuple[ProviderModels, list[Call]]:
    script = Script(say)
    return provider_models(Relay(script, KEY), URL), script.calls


@pytest.mark.parametrize(
    ("body", "models"),
    [
        (MODELS, ("kimi-k2.6",)),
        ([{"id": "a"}, "b"], ("a", "b")),
        ({"data": ["a", {"id": "b"}]}, ("a", "b")),
        ({"models": [{"name": "a"}]}, ("a",)),
        ({"data": [{"id": " a "}, {"id": ""}, {"id": "  "}, {"id": None}, {}, None, 7, "a"]}, ("a",)),
        ({"data": [{"id": "a\x00b"}, {"id": "x" * 257}, {"id": "x" * 256}]}, ("x" * 256,)),
        ({"data": []}, ()),
        ([], ()),
        ({"object": "list", "data": None}, ()),
        ({"object": "list"}, ()),
        *(({name: ["a"]}, ("a",)) for name in ("model_list", "result", "results", "items", "list", "records")),
        ({"data": {"total": 1}, "models": ["a"]}, ("a",)),
        ({"data": None}, ()),
        ({"models": [{"slug": "gpt-5.2", "display_name": "GPT-5.2"}]}, ("gpt-5.2",)),
        *(([{name: "a"}], ("a",)) for name in ("model", "name", "model_name", "model_id", "modelId", "modelName")),
        ({"data": {"records": [{"id": 7, "modelName": "a"}], "total": 1}}, ("a",)),
        ([{"_id": "65f0", "name": "a"}], ("a",)),
        ({"data": {"tags": [], "total": 0}}, None),
        ({"data": {"rows": [{"value": 1}], "total": 1}}, None),
        ({"data": {"data": [{"id": "a"}]}}, ("a",)),
        ({"models": {"a": {"context": 1}, "b": {}}}, ("a", "b")),
        ({"data": {"models": {"a": {}}}}, ("a",)),
        ({"data": {"one": ["a", {"id": "b"}], "two": ["c"], "total": 3}}, ("a", "b", "c")),
        ({"data": {"user": {"id": 1}, "roles": {}}}, None),
        ({"data": {"name": "x", "roles": ["admin"]}}, None),
        ({"models": {"a": {}, "count": 1}}, None),
        ({"models": {"error": {"message": "no"}}}, None),
        ({"models": {"gpt-5": {"error": {"message": "no"}}}}, ("gpt-5",)),
        ({"data": {"roles": ["admin"], "count": 1}}, None),
        ({"data": {"permissions": ["read"], "groups": []}}, None),
        ({"data": {"rows": [{"name": "Tom"}]}}, None),
        ({"data": {"rows": [{"id": "7", "name": "Tom"}]}}, None),
        ({"data": {"rows": [{"id": "a"}], "total": 1}}, ("a",)),
        ({"data": {"rows": [{"id": 7, "name": "gpt-5-mini"}]}}, ("gpt-5-mini",)),
        ({"data": {"list": [{"id": "7", "name": "Tom"}]}}, None),
        ({"records": [{"name": "Tom"}]}, None),
        ({"data": {"list": [{"id": "7", "name": "gpt-5-mini"}, {"id": "8", "name": "own"}]}}, ("gpt-5-mini", "own")),
        ({"data": {"list": [{"id": "7", "modelName": "own"}]}}, ("own",)),
        ({"list": []}, ()),
        ({"data": ["https://relay.invalid/a", "7", {"id": "8"}]}, ("7",)),
        ({"models": {}}, None),
        ({"data": "x"}, None),
        ({}, None),
        ("kimi", None),
        (None, None),
        (7, None),
    ],
)
def test_a_list_is_read_tolerantly_and_what_is_none_is_not(body: Any, models: tuple[str, ...] | None) -> None:
    assert parse_models(body) == models


@pytest.mark.parametrize("length", [30, 250])
def test_a_list_of_long_ids_is_cut_to_what_a_stored_row_can_hold(length: int) -> None:
    models = parse_models([f"{n:0{length}d}" for n in range(MAX_MODELS)]) or ()
    assert len(models) == min(MAX_MODELS, MAX_LIST_BYTES // length)


def test_a_byte_order_mark_does_not_hide_a_list() -> None:
    assert parse_models(answer(200, "\ufeff" + json.dumps(MODELS)).json) == ("kimi-k2.6",)


def test_a_body_of_countless_parts_is_not_parsed() -> None:
    assert answer(200, "[" + "[]," * 600_000 + "[]]").json is None


def test_a_list_of_wildcards_is_told_and_requested_models_stand_in_for_it() -> None:
    script = Script(lambda *_: answer(200, {"data": [{"id": "*"}, {"id": "openai/*"}]}))
    assert provider_models(Relay(script, KEY), URL).code == "only_wildcard_listed"
    found = provider_models(Relay(script, KEY), URL, ("gpt-5",))
    assert (found.code, found.raw_models, found.listed) == (None, ("gpt-5",), False)


@pytest.mark.parametrize(
    ("list_", "listed"),
    [
        (error(404, "Not Found"), False),
        (answer(200, "<html></html>", "text/html"), False),
        (Answer(301, "", "text/html", {"location": "https://other.example.com/"}), False),
        (answer(200, {"data": []}), False),
        (answer(200, {"hello": "world"}), False),
        (error(403, "not for you"), False),
        (error(400, "what?"), False),
        (error(429, "slow down"), True),
        (error(500, "oops"), True),
    ],
)
def test_requested_models_stand_in_for_a_list_that_is_not_there(list_: Answer, listed: bool) -> None:
    found = provider_models(Relay(Script(lambda *_: list_), KEY), URL, ("gpt-5",))
    assert (found.code is not None, found.listed) == (listed, listed)


@pytest.mark.parametrize(
    ("elsewhere", "there", "root"),
    [
        (error(404, "Not Found"), error(400, "model is required"), "https://relay.example.com"),
        (answer(200, "<html></html>", "text/html"), error(401, "no key"), "https://relay.example.com"),
        (error(404, "Not Found"), error(404, "Not Found"), URL),
    ],
)
def test_without_a_list_the_root_is_where_chat_completions_are(elsewhere: Answer, there: Answer, root: str) -> None:
    """As at GitHub Models and Perplexity, which have no version in their paths."""
    script = Script(lambda method, url, _: there if method == "POST" and "/v1" not in url else elsewhere)
    found = provider_models(Relay(script, KEY), URL, ("gpt-5",))
    assert (found.api_root, found.auth_style, found.raw_models) == (root, AuthStyle.BEARER, ("gpt-5",))
    assert next(url for method, url, _ in script.calls if method == "POST") == f"{URL}/chat/completions"


@pytest.mark.parametrize("requests", [5, 6, 7, 8])
def test_the_search_for_a_list_leaves_requests_for_completions(requests: int) -> None:
    relay = Relay(Script(lambda *_: error(404, "Not Found")), KEY, requests)
    provider_models(relay, URL, ("gpt-5",), PlatformWish.OPENAI)
    assert relay.requests_left == 4


def test_an_empty_list_at_the_address_as_given_is_the_answer_unless_another_place_has_models() -> None:
    empty = answer(200, {"data": []})
    found, calls = discovered(lambda _, url, __: empty if url.startswith(URL) else error(401, "Invalid API key"))
    assert (found.code, found.api_root) == ("empty_model_list", URL)
    assert len(calls) == 3  # at guessed places the key is shown in one way
    found, _ = discovered(lambda _, url, __: empty if url.startswith(URL) else answer(200, MODELS))
    assert (found.code, found.api_root) == (None, "https://relay.example.com")


@pytest.mark.parametrize(
    ("there", "code"),
    [
        (error(401, "Invalid API key"), "auth_failed"),
        (answer(401, "Invalid API key", "text/plain"), "auth_failed"),
        (answer(401, "Unauthorized", "text/plain"), "model_list_missing"),
        (error(402, "no balance"), "payment_required"),
        (error(403, "not for you"), "model_list_missing"),
        (answer(200, {"hello": "world"}), "model_list_missing"),
        (answer(200, "<html></html>", "text/html"), "model_list_missing"),
    ],
)
def test_what_a_guessed_place_answers_counts_where_it_is_of_an_api(there: Answer, code: str) -> None:
    found, _ = discovered(lambda _, url, __: there if "/v1" not in url else error(404, "Not Found"))
    assert found.code == code


GEMINI = {
    "models": [
        {"name": "models/gemini-2.5-pro", "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/text-embedding-004", "supportedGenerationMethods": ["embedContent"]},
    ]
}


def googles(status: int) -> Answer:
    return answer(status, {"error": {"code": status, "status": "UNAUTHENTICATED", "message": "no credentials"}})


def of_gemini(style: str, refusal: Answer) -> Callable[[str, str, dict[str, str]], Answer]:
    """A relay that has only Gemini's list, with the key shown in one way."""

    def say(_: str, url: str, headers: dict[str, str]) -> Answer:
        if "/v1beta/models" not in url:
            return error(404, "Not Found")
        shown = "?key=" in url if style == "url" else style in headers
        return answer(200, GEMINI) if shown else refusal

    return say


@pytest.mark.parametrize(
    ("style", "found_style"),
    [
        ("x-goog-api-key", AuthStyle.X_GOOG_API_KEY),
        ("Authorization", AuthStyle.BEARER),
        ("url", AuthStyle.UNKNOWN),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_list_of_geminis_protocol_is_found_in_each_way_of_showing_the_key(
    style: str, found_style: AuthStyle, status: int
) -> None:
    found, _ = discovered(of_gemini(style, googles(status)))
    assert (found.code, found.gemini, found.auth_style, found.api_root) == (None, True, found_style, URL)
    assert found.raw_models == ("gemini-2.5-pro",)


@pytest.mark.parametrize("refusal", [error(401, "no"), googles(404), googles(429)])
def test_only_words_of_google_make_the_key_be_shown_in_other_ways(refusal: Answer) -> None:
    found, calls = discovered(of_gemini("url", refusal))
    assert (found.code, found.gemini) == ("model_list_missing", False)
    assert sum("v1beta" in url for _, url, _ in calls) == 1


@pytest.mark.parametrize(
    ("wish", "gemini"),
    [(PlatformWish.GEMINI, True), (PlatformWish.AUTO, False), (PlatformWish.OPENAI, False)],
)
def test_where_there_are_both_lists_the_wish_decides(wish: PlatformWish, gemini: bool) -> None:
    script = Script(lambda _, url, __: answer(200, GEMINI if "v1beta" in url else MODELS))
    found = provider_models(Relay(script, KEY), URL, wish=wish)
    assert (found.code, found.gemini, len(script.calls)) == (None, gemini, 1)


@pytest.mark.parametrize(
    ("wish", "refusal", "asked"),
    [
        *((PlatformWish.AUTO, refusal, True)
          for refusal in (error(404, "no"), error(401, "no"), error(403, "no"), answer(200, "<html>", "text/html"))),
        (PlatformWish.AUTO, error(429, "slow down"), False),
        (PlatformWish.AUTO, answer(200, {"data": []}), False),
        (PlatformWish.OPENAI, error(404, "no"), False),
        (PlatformWish.ANTHROPIC, error(404, "no"), False),
    ],
)  # fmt: skip
def test_geminis_list_is_asked_for_where_the_usual_one_is_refused_and_no_wish_says_otherwise(
    wish: PlatformWish, refusal: Answer, asked: bool
) -> None:
    script = Script(lambda _, url, __: answer(200, GEMINI) if "v1beta" in url else refusal)
    found = provider_models(Relay(script, KEY), URL, wish=wish)
    assert found.gemini is asked


def test_a_wish_for_gemini_still_takes_the_usual_list() -> None:
    script = Script(lambda _, url, __: error(404, "no") if "v1beta" in url else answer(200, MODELS))
    found = provider_models(Relay(script, KEY), URL, wish=PlatformWish.GEMINI)
    assert (found.code, found.gemini) == (None, False)


def test_a_refused_key_is_refused_although_models_were_requested() -> None:
    script = Script(lambda *_: error(401, "Invalid API key"))
    assert provider_models(Relay(script, KEY), URL, ("gpt-5",)).code == "auth_failed"


def test_a_redirect_is_told_with_its_target() -> None:
    moved = Answer(301, "", "text/html", {"location": "https://relay.example.com/v1/models"})
    found, _ = discovered(lambda *_: moved)
    assert found.code == "redirected"
    assert error_text(found.answer) == "HTTP 301: redirects to https://relay.example.com/v1/models"


@pytest.mark.parametrize("target", ["http://[", "//[x", "http://[::1"])
def test_a_redirect_to_what_is_no_address_is_a_redirect_without_a_target(target: str) -> None:
    script = Script(lambda *_: Answer(308, "", "text/html", {"location": target}))
    assert provider_models(Relay(script, KEY), URL).code == "redirected"
    assert Relay(script, KEY).post(URL, AuthStyle.BEARER, {}).status == 308
    assert target not in error_text(Answer(308, "", "text/html", {"location": target}))


@pytest.mark.parametrize(
    ("status", "target", "followed"),
    [
        (307, "completions/", f"{URL}/chat/completions/"),
        (308, "https://relay.example.com/v2/chat", "https://relay.example.com/v2/chat"),
        (301, "completions/", None),
        (302, "completions/", None),
        (303, "completions/", None),
        (307, "", None),
        (307, "https://other.example.com/v1/chat", None),
        (307, "//other.example.com/v1/chat", None),
        (308, "https://relay.example.com:8443/v1/chat", None),
        (308, "http://relay.example.com/v1/chat", None),
    ],
)
def test_a_key_follows_a_redirect_only_within_its_origin_and_once(
    status: int, target: str, followed: str | None
) -> None:
    script = Script(lambda *_: Answer(status, "", "text/html", {"location": target} if target else {}))
    url = f"{URL}/chat/completions"
    assert Relay(script, KEY).post(url, AuthStyle.BEARER, {}).status == status
    assert [called for _, called, _ in script.calls] == [url, *([followed] if followed else [])]


def test_what_the_budget_does_not_allow_is_not_asked() -> None:
    script = Script(lambda *_: answer(200, MODELS))
    relay = Relay(script, KEY, requests=1)
    troubles = [relay.get(URL, AuthStyle.BEARER).trouble for _ in range(3)]
    assert (troubles, len(script.calls), relay.requests_left) == ([None, Trouble.NOT_ASKED, Trouble.NOT_ASKED], 1, 0)


def test_a_key_in_the_url_stands_behind_what_the_url_asks() -> None:
    script = Script(lambda *_: answer(200, MODELS))
    for url in (URL, f"{URL}?alt=sse"):
        Relay(script, "sk-a&b").get(url, AuthStyle.UNKNOWN)
    assert [url for _, url, _ in script.calls] == [f"{URL}?key=sk-a%26b", f"{URL}?alt=sse&key=sk-a%26b"]
    assert not any("Authorization" in headers for *_, headers in script.calls)


def test_a_connection_for_what_is_read_on_the_side_is_not_kept() -> None:
    script = Script(lambda *_: answer(200, MODELS))
    relay = Relay(script, KEY)
    relay.get(URL, AuthStyle.BEARER)
    relay.peek(URL, AuthStyle.BEARER)
    assert [headers.get("Connection") for *_, headers in script.calls] == [None, "close"]


def test_a_redirect_is_the_answer_when_no_request_is_left_to_follow_it() -> None:
    script = Script(lambda *_: Answer(307, "", "text/html", {"location": "completions/"}))
    assert Relay(script, KEY, requests=1).post(URL, AuthStyle.BEARER, {}).status == 307


def test_a_panel_that_refuses_everybody_at_a_guessed_place_says_nothing_about_the_key() -> None:
    panel = answer(401, {"success": False, "message": "not logged in, no access token"})
    found, _ = discovered(lambda _, url, __: panel if "/v1" not in url else error(404, "Not Found"))
    assert found.code == "model_list_missing"


def test_a_list_is_looked_for_three_objects_deep() -> None:
    assert parse_models({"result": {"data": {"models": {"a": {}}}}}) == ("a",)
    assert parse_models({"data": {"data": {"data": {"models": {"a": {}}}}}}) is None


@pytest.mark.parametrize("name", ["data", "models"])
def test_objects_without_end_are_no_list(name: str) -> None:
    body = f'{{"{name}":' * 500 + "{}" + "}" * 500
    assert discovered(lambda *_: answer(200, body))[0].code == "invalid_answer"


def test_a_list_without_end_is_cut() -> None:
    assert len(parse_models([f"model-{n}" for n in range(MAX_MODELS + 1)]) or ()) == MAX_MODELS


@given(JSON)
def test_any_json_can_be_read(body: Any) -> None:
    models = parse_models(body)
    assert models is None or all(isinstance(model, str) and model for model in models)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (answer(200, MODELS), None),
        (answer(200, {"data": []}), "empty_model_list"),
        (answer(200, {"error": {"message": "no"}, "data": [{"id": "a"}]}), "invalid_answer"),
        (answer(200, {"hello": "world"}), "invalid_answer"),
        (answer(200, "<html></html>", "text/html"), "not_an_api"),
        (error(401, "Invalid API key"), "auth_failed"),
        (error(402, "no balance"), "payment_required"),
        (error(403, "not for you"), "forbidden"),
        (answer(403, "<html></html>", "text/html"), "blocked_by_wall"),
        (error(404, "Not Found"), "model_list_missing"),
        (error(429, "slow down"), "rate_limited"),
        (error(500, "oops"), "upstream_unavailable"),
        (error(400, "what?"), "model_list_missing"),
    ],
)
def test_outcomes_of_a_list_are_told_apart(body: Answer, code: str | None) -> None:
    assert discovered(lambda *_: body)[0].code == code


def test_the_likely_places_are_tried_in_order_until_one_answers() -> None:
    found, calls = discovered(lambda _, url, __: answer(200, MODELS) if "/v1" not in url else error(404, "Not Found"))
    assert [url for _, url, _ in calls] == [f"{URL}/models", f"{URL}/v1/models", "https://relay.example.com/models"]
    assert (found.code, found.api_root) == (None, "https://relay.example.com")


def test_a_place_that_refuses_the_key_is_the_place() -> None:
    found, calls = discovered(lambda *_: error(401, "no"))
    assert (found.code, found.api_root, len(calls)) == ("auth_failed", URL, 3 + 1)
    assert calls[-1][1] == "https://relay.example.com/v1beta/models"


@pytest.mark.parametrize(
    ("style", "name", "value"),
    [
        (AuthStyle.BEARER, "Authorization", f"Bearer {KEY}"),
        (AuthStyle.X_API_KEY, "x-api-key", KEY),
        (AuthStyle.API_KEY, "api-key", KEY),
    ],
)
def test_a_key_is_shown_in_one_way_at_a_time_and_the_way_is_kept(style: AuthStyle, name: str, value: str) -> None:
    found, calls = discovered(lambda _, __, h: answer(200, MODELS) if h.get(name) == value else error(401, "no"))
    assert found.auth_style is style
    assert all(sum(KEY in text for text in headers.values()) == 1 for _, _, headers in calls)


def test_an_empty_page_under_a_refusal_is_no_list() -> None:
    refusal = answer(200, {"code": 401, "msg": "未登录", "data": {"list": [], "total": 0, "page": 1}})
    found, _ = discovered(lambda _, __, headers: answer(200, MODELS) if "api-key" in headers else refusal)
    assert (found.code, found.auth_style) == (None, AuthStyle.API_KEY)
    assert discovered(lambda *_: refusal)[0].code == "auth_failed"


def test_messages_carry_the_version_that_their_protocol_demands() -> None:
    script = Script(lambda *_: error(404, "Not Found"))
    probe_capabilities(Relay(script, KEY), ProviderModels(None, URL, AuthStyle.BEARER, ("m",)), ["m"])
    versions = {url.rsplit("/", 1)[1]: "anthropic-version" in headers for _, url, headers in script.calls}
    assert versions == {"completions": False, "responses": False, "messages?beta=true": True}


def test_a_model_that_wants_the_newer_name_of_the_limit_is_asked_again() -> None:
    bodies: list[dict[str, Any]] = []

    def exchange(_: str, url: str, *, body: Any, **__: Any) -> Answer:
        if not url.endswith("chat/completions"):
            return error(404, "Not Found")
        bodies.append(dict(body))
        if "max_tokens" in body:
            return error(400, "Unsupported parameter: use max_completion_tokens")
        return answer(200, {"choices": [{"message": {"content": "ok"}}]})

    found = ProviderModels(None, URL, AuthStyle.BEARER, ("m",))
    result = probe_capabilities(Relay(exchange, KEY), found, ["m"])
    assert result.transport.supports_openai_chat_completions is True
    assert [set(body) & {"max_tokens", "max_completion_tokens"} for body in bodies] == [
        {"max_tokens"},
        {"max_completion_tokens"},
    ]


def test_the_worst_relay_of_all_is_asked_no_more_than_twelve_times() -> None:
    """The list at the third place, the key in the third way, each model asked twice and never served."""
    chats: list[str] = []

    def say(_: str, url: str, headers: dict[str, str]) -> Answer:
        if url.endswith("/models"):
            right = "api-key" in headers and "/v1" not in url
            return answer(200, MODELS) if right else error(404 if "/v1" in url else 401, "no")
        if not url.endswith("chat/completions"):
            return error(404, "Not Found")
        chats.append(url)
        return error(400, "use max_completion_tokens") if len(chats) % 2 else error(404, "model_not_found")

    script = Script(say)
    relay = Relay(script, KEY)
    found = provider_models(relay, URL)
    probe_capabilities(relay, found, ["a", "b", "c"])
    assert len(script.calls) <= MAX_REQUESTS


# --- keys that a relay repeats


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
@pytest.mark.parametrize("before", [0, 50, 70])
def test_a_key_in_an_error_never_travels_on(before: int, key: str) -> None:
    text = redacted(error_text(error(401, "x" * before + f" Incorrect API key provided: {key}")), key)
    assert key not in text
    assert "***" in text


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
def test_a_key_across_the_cut_never_travels_on_in_part(key: str) -> None:
    said = error(401, "x" * 140 + f" Incorrect API key provided: {key}")
    assert key[:16] not in redacted(error_text(said), key)


def test_a_model_id_that_holds_the_key_is_left_out() -> None:
    found, _ = discovered(lambda *_: answer(200, {"data": [{"id": f"gpt-5/{KEY}"}, {"id": "gpt-5"}]}))
    assert found.raw_models == ("gpt-5",)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (error(503, "No available\n  accounts"), "HTTP 503: No available accounts"),
        (answer(403, "<html>Attention</html>", "text/html"), "HTTP 403: an HTML page"),
        (answer(500, "plain words"), "HTTP 500: plain words"),
    ],
)
def test_an_error_is_told_in_one_line(said: Answer, text: str) -> None:
    assert error_text(said) == text


def test_an_endless_error_is_cut() -> None:
    assert len(error_text(error(500, "x" * 100_000))) < 5_000


# --- which model a relay is proven with


@pytest.mark.parametrize(
    ("requested", "listed", "first"),
    [
        (["gpt-5"], ["gpt-5-mini", "gpt-5"], "gpt-5"),
        (["not-listed"], ["gpt-5-mini"], "gpt-5-mini"),
        ([], ["text-embedding-3-small", "gpt-5"], "gpt-5"),
        (["text-embedding-3-small"], ["text-embedding-3-small", "gpt-5"], "gpt-5"),
    ],
)
def test_a_requested_model_comes_first_and_one_that_cannot_chat_never(
    requested: list[str], listed: list[str], first: str
) -> None:
    assert resolve_smoke_models(requested, listed)[0] == first


def test_cheap_models_come_first_one_of_each_brand_and_those_that_nobody_knows_last() -> None:
    listed = ["gpt-5", "gpt-5-nano", "claude-opus-4-6", "claude-haiku-4-5", "no-such-model", "gpt-*", "pool/*",
              "deepseek-v4-pro", "hunyuan-turbo", "in-house", "gpt-5-mini"]  # fmt: skip
    in_turn = ["gpt-5-nano", "deepseek-v4-pro", "claude-haiku-4-5", "hunyuan-turbo", "in-house"]
    assert resolve_smoke_models([], listed) == in_turn
    assert resolve_smoke_models([], listed, 20) == [
        *in_turn, "no-such-model", "gpt-5-mini", "claude-opus-4-6", "gpt-5"
    ]  # fmt: skip


def test_a_relay_of_embeddings_has_no_model_to_be_proven_with() -> None:
    assert resolve_smoke_models([], ["text-embedding-3-small", "whisper-1", "dall-e-3"]) == []
    assert resolve_smoke_models([], ["hunyuan3d-2.1", "viduq2", "jimeng-3.0", "cogview4", "kling-v2-6", "veo3"]) == []


@given(st.permutations(["gpt-5", "gpt-5-mini", "kimi-k2.6", "deepseek-v4-pro", "no-such-model"]))
def test_the_choice_does_not_depend_on_the_order_of_the_list(listed: list[str]) -> None:
    assert resolve_smoke_models([], listed) == resolve_smoke_models([], sorted(listed))


def paged(sizes: list[int], **broken: Any) -> Callable[[str, str, dict[str, str]], Answer]:
    """A list whose pages have so many models each; ``broken`` is the answer to every page but the first."""

    def say(_: str, url: str, __: dict[str, str]) -> Answer:
        number = int(url.partition("page=")[2] or 1)
        if number > 1 and broken:
            return answer(**broken)
        models = [{"id": f"m{number}-{at}"} for at in range(sizes[number - 1])]
        return answer(200, {"data": models, "page": number, "total_pages": len(sizes)})

    return say


def test_the_pages_of_a_list_are_read_to_the_end() -> None:
    found, calls = discovered(paged([2, 2, 1]))
    assert found.raw_models == ("m1-0", "m1-1", "m2-0", "m2-1", "m3-0")
    assert len(calls) == 3


def test_pages_leave_requests_for_what_is_asked_of_the_models() -> None:
    found, calls = discovered(paged([1] * 40))
    assert found.raw_models == ("m1-0", "m2-0", "m3-0", "m4-0", "m5-0")
    assert MAX_REQUESTS - len(calls) == 7


@pytest.mark.parametrize("broken", [{"status": 500, "body": "no"}, {"status": 200, "body": {"data": [{"id": "m1-0"}]}}])
def test_a_page_that_fails_or_repeats_ends_the_list(broken: dict[str, Any]) -> None:
    found, calls = discovered(paged([2, 2, 2], **broken))
    assert found.raw_models == ("m1-0", "m1-1")
    assert len(calls) == 2
